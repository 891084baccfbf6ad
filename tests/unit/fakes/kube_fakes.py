# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A small API server for tests: it keeps objects in memory, has the methods of the client, and records the calls.

Server-side apply is as simple as tests of managers need it: fields that a manager applied before and leaves out now are
removed, lists are replaced as a whole, and a field with another value that another manager applied is a conflict.
"""

from __future__ import annotations

import copy
import itertools
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._kube._transport.watch import SYNCED, TICK
from ansible_collections.campus.moodle.plugins.module_utils._kube.client import FIELD_MANAGER, Object, Objects
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.plugins.module_utils._kube.kinds import Resource, known, plural_of
from ansible_collections.campus.moodle.plugins.module_utils._kube.objects import same
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result

Key = tuple[str, str, str]


class FakeClient:
    """The interface of KubeClient on a dictionary.

    objects: (kind, namespace or "", name) to object. calls: (verb, kind, name) of everything but reads; dry runs are "dry apply".
    errors: (verb, kind) to a KubeError that this verb raises. script: callables that a watch runs, one for each event that it
    waits for; each changes something and its change becomes the event. One that changes nothing is time that passes, and a TICK for
    a watch with ticks. reads: (verb, kind) of lists and watches; a watch begins with a list. answers: command to Result, path to JSON.
    """

    def __init__(self, *objects: Object, namespace: str = "default") -> None:
        self.namespace = namespace
        self.objects: dict[Key, Object] = {}
        self.calls: list[tuple[str, str, str]] = []
        self.reads: list[tuple[str, str]] = []
        self.errors: dict[tuple[str, str], KubeError] = {}
        self.script: list[t.Callable[[FakeClient], None]] = []
        self.answers: dict[str, t.Any] = {}
        self.stdin: list[str | bytes | None] = []
        self.texts: dict[str, str] = {}
        self.warnings: list[str] = []
        self._number = itertools.count(1)
        self._applied: dict[tuple[Key, str], Object] = {}
        self._events: list[tuple[str, Object]] = []
        for obj in objects:
            self.put(obj)

    def put(self, obj: Object) -> Object:
        """Put an object there as it is, status included, as a test or a controller does."""
        key = self._key(obj["kind"], obj["metadata"]["name"], obj["metadata"].get("namespace"), obj["apiVersion"])
        return self._store(key, copy.deepcopy(obj))

    def set_status(self, kind: str, name: str, namespace: t.Optional[str] = None, **status: t.Any) -> None:
        """Change the status of an object, as its controller does."""
        key = self._find(kind, name, namespace)
        obj = copy.deepcopy(self.objects[key])
        obj["status"] = {**(obj.get("status") or {}), **status}
        self._store(key, obj)

    def get(self, api_version: str, kind: str, name: str, namespace: t.Optional[str] = None) -> t.Optional[Object]:
        """Return a copy of an object."""
        self._raise("get", kind)
        return copy.deepcopy(self.objects.get(self._key(kind, name, namespace, api_version)))

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: t.Optional[str] = None,
        *,
        labels: t.Optional[str] = None,
        fields: t.Optional[str] = None,
        metadata_only: bool = False,
    ) -> Objects:
        """Return copies. Selectors are terms of the form name=value, name!=value, name, !name."""
        self.reads.append(("list", kind))
        self._raise("list", kind)
        found = [
            copy.deepcopy(obj)
            for (its_kind, place, _name), obj in sorted(self.objects.items())
            if its_kind == kind and obj["apiVersion"] == api_version and (namespace is None or place == namespace)
        ]
        found = [obj for obj in found if _selected(labels, obj["metadata"].get("labels") or {})]
        found = [obj for obj in found if _selected(fields, _Fields(obj))]
        return [{name: obj[name] for name in ("apiVersion", "kind", "metadata")} for obj in found] if metadata_only else found

    def create(self, obj: Object, *, dry_run: bool = False) -> Object:
        """Create an object."""
        key = self._note("create", obj, dry_run)
        if key in self.objects:
            raise KubeError(
                f"Cannot create {key[0]} {key[2]}: it exists already.", error="already_exists", status=409, reason="AlreadyExists"
            )
        return self._store(key, copy.deepcopy(obj), dry_run)

    def apply(self, obj: Object, *, force: bool = False, dry_run: bool = False, field_manager: str = FIELD_MANAGER) -> Object:
        """Apply an object."""
        key = self._note("apply", obj, dry_run)
        others = [applied for (its_key, manager), applied in self._applied.items() if its_key == key and manager != field_manager]
        conflicts = self._conflicts(key, obj, field_manager)
        if conflicts and not force:
            msg = f"Cannot apply {key[0]} {key[2]}: other field managers set these fields to other values."
            raise KubeError(msg, error="conflict", status=409, reason="Conflict", conflicts=conflicts)
        result = copy.deepcopy(self.objects.get(key) or {"metadata": {}})
        kept: Object = {}
        for applied in others:
            _merge(kept, applied)
        _remove(result, self._applied.get((key, field_manager)) or {}, obj, kept)
        _merge(result, obj)
        rows = [row for row in result["metadata"].get("managedFields") or [] if row["manager"] != field_manager]
        result["metadata"]["managedFields"] = [*rows, {"manager": field_manager, "operation": "Apply", "fieldsV1": _paths(obj)}]
        if not dry_run:
            self._applied[key, field_manager] = copy.deepcopy(obj)
            for applied in others:
                _give_up(applied, obj)
        return self._store(key, result, dry_run)

    def patch(
        self,
        api_version: str,
        kind: str,
        name: str,
        patch: t.Any,
        *,
        namespace: t.Optional[str] = None,
        subresource: t.Optional[str] = None,
        style: str = "merge",
        dry_run: bool = False,
    ) -> Object:
        """Change an object by a merge patch, or by add, replace and remove of a JSON patch."""
        key = self._key(kind, name, namespace, api_version)
        self.calls.append(("dry patch" if dry_run else "patch", kind, name))
        self._raise("patch", kind)
        if key not in self.objects:
            raise KubeError(f"Cannot change {kind} {name}: it does not exist.", error="not_found", status=404, reason="NotFound")
        result = copy.deepcopy(self.objects[key])
        version = (patch.get("metadata") or {}).get("resourceVersion") if isinstance(patch, dict) else None
        if version and version != result["metadata"]["resourceVersion"]:
            raise KubeError(
                f"Cannot change {kind} {name}: it was changed meanwhile.", error="conflict", status=409, reason="Conflict", conflicts=[]
            )
        if style == "merge":
            _merge_patch(result, patch)
        else:
            _json_patch(result, patch)
        return self._store(key, result, dry_run)

    def delete(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: t.Optional[str] = None,
        *,
        uid: t.Optional[str] = None,
        propagation: str = "Background",
        dry_run: bool = False,
    ) -> bool:
        """Delete an object; one with finalizers is only marked."""
        key = self._key(kind, name, namespace, api_version)
        self.calls.append(("dry delete" if dry_run else "delete", kind, name))
        self._raise("delete", kind)
        obj = self.objects.get(key)
        if obj is None:
            return False
        if uid and uid != obj["metadata"]["uid"]:
            raise KubeError(
                f"Cannot delete {kind} {name}: it is another object now.", error="conflict", status=409, reason="Conflict", conflicts=[]
            )
        if dry_run:
            return True
        if obj["metadata"].get("finalizers"):
            self._store(key, {**obj, "metadata": {**obj["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}})
        else:
            self._events.append(("DELETED", self.objects.pop(key)))
        return True

    def watch(
        self,
        api_version: str,
        kind: str,
        namespace: t.Optional[str] = None,
        *,
        name: t.Optional[str] = None,
        labels: t.Optional[str] = None,
        timeout: float,
        synced: bool = False,
        tick: t.Optional[float] = None,
    ) -> t.Iterator[tuple[str, Object]]:
        """Yield what is there, then run the script and yield what it changes; the end of the script is the timeout."""
        self.reads.append(("watch", kind))
        place = namespace or (self.namespace if name and self._namespaced(kind, api_version) else None)
        fields = f"metadata.name={name}" if name else None
        self._events.clear()
        for obj in self.list(api_version, kind, place, labels=labels, fields=fields):
            yield "ADDED", obj
        if synced:
            yield SYNCED, {}
        while self._events or self.script:
            if not self._events:
                self.script.pop(0)(self)
                if tick and not self._events:
                    yield TICK, {}
                continue
            event, obj = self._events.pop(0)
            wanted = obj["kind"] == kind and obj["metadata"].get("namespace") == place if place else obj["kind"] == kind
            if wanted and _selected(fields, _Fields(obj)) and _selected(labels, obj["metadata"].get("labels") or {}):
                yield event, copy.deepcopy(obj)

    def logs(self, namespace: str, pod: str, *, container: t.Optional[str] = None, lines: int = 20, previous: bool = False) -> str:
        """Return the text that the test set for a pod."""
        self._raise("logs", "Pod")
        return self.texts.get(pod, "")

    def proxy_get(self, namespace: str, pod: str, port: int | str, path: str, *, scheme: str = "https") -> t.Any:
        """Return the answer that the test set for "pod/path", or for the path."""
        self._raise("proxy", "Pod")
        return self.answers.get(f"{pod}/{path.lstrip('/')}", self.answers.get(path))

    def exec(
        self,
        namespace: str,
        pod: str,
        command: t.Sequence[str],
        *,
        container: t.Optional[str] = None,
        stdin: str | bytes | None = None,
        timeout: float,
    ) -> Result:
        """Return the Result that the test set for the command, or for its first word."""
        self.calls.append(("exec", "Pod", " ".join(command)))
        self.stdin.append(stdin)
        self._raise("exec", "Pod")
        return t.cast(Result, self.answers.get(" ".join(command), self.answers.get(command[0], Result(0, "", ""))))

    def server_version(self) -> str:
        """Return a version."""
        return "v1.34.1"

    def resource(self, api_version: str, kind: str) -> Resource:
        """Return where a kind lives; an unknown one is namespaced."""
        return known(api_version, kind) or Resource(plural_of(kind), True)

    def _namespaced(self, kind: str, api_version: str) -> bool:
        return self.resource(api_version, kind).namespaced

    def _key(self, kind: str, name: str, namespace: t.Optional[str], api_version: str) -> Key:
        return (kind, (namespace or self.namespace) if self._namespaced(kind, api_version) else "", name)

    def _find(self, kind: str, name: str, namespace: t.Optional[str]) -> Key:
        return next(key for key in self.objects if key[0] == kind and key[2] == name and namespace in (None, key[1]))

    def _raise(self, verb: str, kind: str) -> None:
        if (verb, kind) in self.errors:
            raise self.errors[verb, kind]

    def _note(self, verb: str, obj: Object, dry_run: bool) -> Key:
        key = self._key(obj["kind"], obj["metadata"]["name"], obj["metadata"].get("namespace"), obj["apiVersion"])
        self.calls.append((f"dry {verb}" if dry_run else verb, key[0], key[2]))
        self._raise(verb, key[0])
        return key

    def _store(self, key: Key, obj: Object, dry_run: bool = False) -> Object:
        """Keep an object and give it what the server gives: uid, versions, namespace."""
        old, metadata = self.objects.get(key), obj["metadata"]
        if key[1]:
            metadata["namespace"] = key[1]
        metadata.setdefault("uid", f"uid-{next(self._number)}")
        metadata.setdefault("generation", 1)
        comparable = {name: value for name, value in obj.items() if name not in ("metadata", "status")}
        if old and not same(comparable, {name: value for name, value in old.items() if name not in ("metadata", "status")}):
            metadata["generation"] = old["metadata"]["generation"] + 1
        if dry_run or same(old, obj):
            return copy.deepcopy(obj)
        was_held = bool(old and old["metadata"].get("finalizers"))
        if was_held and metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
            self._events.append(("DELETED", self.objects.pop(key)))
        else:
            metadata["resourceVersion"] = str(next(self._number))
            self.objects[key] = obj
            self._events.append(("MODIFIED" if old else "ADDED", copy.deepcopy(obj)))
        return copy.deepcopy(obj)

    def _conflicts(self, key: Key, obj: Object, field_manager: str) -> Objects:
        others = {manager: applied for (its_key, manager), applied in self._applied.items() if its_key == key and manager != field_manager}
        return [
            {"manager": manager, "field": path}
            for manager, applied in others.items()
            for path, value in _leaves(applied).items()
            if path in _leaves(obj) and _leaves(obj)[path] != value
        ]


class _Fields(dict[str, str]):
    """The field selectors of an object, as paths with dots."""

    def __init__(self, obj: Object) -> None:
        super().__init__({path.lstrip("."): str(value) for path, value in _leaves(obj).items()})


def _selected(selector: t.Optional[str], values: t.Mapping[str, str]) -> bool:
    for term in filter(None, (selector or "").split(",")):
        name, sign, value = term.partition("=")
        if not sign:
            fits = (name.lstrip("!") in values) != name.startswith("!")
        elif name.endswith("!"):
            fits = values.get(name[:-1]) != value
        else:
            fits = values.get(name) == value.lstrip("=")
        if not fits:
            return False
    return True


def _leaves(obj: t.Any, path: str = "") -> dict[str, t.Any]:
    if not isinstance(obj, dict):
        return {path: obj}
    return {key: value for name, part in obj.items() for key, value in _leaves(part, f"{path}.{name}").items()}


def _paths(obj: Object) -> dict[str, t.Any]:
    return {f"f:{name}": _paths(part) if isinstance(part, dict) else {} for name, part in obj.items()}


def _remove(target: t.Any, applied: t.Any, desired: t.Any, kept: t.Any) -> None:
    """Remove what was applied before and is not desired now, unless it is among what other managers have applied."""
    for name, part in applied.items():
        both = isinstance(part, dict) and isinstance(target.get(name), dict)
        if name not in desired and name not in kept:
            target.pop(name, None)
        elif both:
            inner = (side[name] if isinstance(side.get(name), dict) else {} for side in (desired, kept))
            _remove(target[name], part, *inner)


def _give_up(applied: t.Any, taken: t.Mapping[str, t.Any]) -> None:
    """Forget fields of a manager that another one has set to other values by force."""
    for name in [name for name in applied if name in taken]:
        if isinstance(applied[name], dict) and isinstance(taken[name], dict):
            _give_up(applied[name], taken[name])
        elif applied[name] != taken[name]:
            del applied[name]


def _merge(target: Object, wanted: t.Mapping[str, t.Any]) -> None:
    for name, part in wanted.items():
        if isinstance(part, dict):
            _merge(target.setdefault(name, {}), part)
        else:
            target[name] = copy.deepcopy(part)


def _merge_patch(target: Object, patch: t.Mapping[str, t.Any]) -> None:
    for name, part in patch.items():
        if part is None:
            target.pop(name, None)
        elif isinstance(part, dict):
            if not isinstance(target.get(name), dict):
                target[name] = {}
            _merge_patch(target[name], part)
        else:
            target[name] = copy.deepcopy(part)


def _json_patch(target: t.Any, operations: t.Iterable[t.Mapping[str, t.Any]]) -> None:
    for operation in operations:
        words = [word.replace("~1", "/").replace("~0", "~") for word in operation["path"].split("/")[1:]]
        place = target
        for word in words[:-1]:
            place = place[int(word) if isinstance(place, list) else word]
        last: t.Any = words[-1]
        if isinstance(place, list):
            last = len(place) if last == "-" else int(last)
        if operation["op"] == "test":
            if place[last] != operation["value"]:
                raise KubeError("The test of a JSON patch failed.", error="invalid", status=422, reason="Invalid")
        elif operation["op"] == "remove":
            del place[last]
        elif isinstance(place, list) and operation["op"] == "add":
            place.insert(last, copy.deepcopy(operation["value"]))
        else:
            place[last] = copy.deepcopy(operation["value"])
