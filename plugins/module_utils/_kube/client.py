# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Thin client of the Kubernetes API: one method for each verb, objects as they are in JSON.

It uses the standard library only, because importing the official client costs more than a whole task should.
"""

from __future__ import annotations

import typing as t
import urllib.parse

from .._tool.process import Result
from ._transport.http import Transport
from ._transport.requests import Requests
from ._transport.watch import SYNCED, follow
from .access import Access
from .errors import KubeError
from .kinds import Resource, known, path_of, root_of
from .objects import Object, Objects
from .secrets import values_of, with_data

# In a class with a method called list, the type needs another name.
Strings = list[str]

__all__ = ["FIELD_MANAGER", "KubeClient", "Object", "Objects"]

FIELD_MANAGER = "campus.moodle"
_METADATA_ONLY = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}


class KubeClient:
    """The verbs. A namespace of None means the namespace of the kubeconfig for one object, and all namespaces for a list."""

    def __init__(self, transport: Transport, *, namespace: str = "default") -> None:
        self.namespace = namespace
        self._transport = transport
        self._requests = Requests(transport)
        self._found: dict[tuple[str, str], Resource] = {}

    @property
    def access(self) -> Access:
        """How this client reaches the server, for programs that have to reach the same one as the same user."""
        return self._transport.access

    @property
    def warnings(self) -> Strings:
        """What the server adds to its answers for the user, for example about deprecated kinds."""
        return [*self._requests.warnings]

    def get(self, api_version: str, kind: str, name: str, namespace: t.Optional[str] = None) -> t.Optional[Object]:
        """Return an object, None when it does not exist."""
        place = self._place(api_version, kind, namespace)
        return self._requests.maybe("GET", self._path(api_version, kind, name, place), _attempt("read", kind, name, place))

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
        """Return objects. labels and fields are selectors; metadata_only saves transfer where the rest is not needed."""
        path = path_of(api_version, self.resource(api_version, kind), namespace)
        headers = _METADATA_ONLY if metadata_only else None
        return self._requests.pages(api_version, kind, path, _attempt("list", kind, "", namespace), _selectors(labels, fields), headers)[0]

    def create(self, obj: Object, *, dry_run: bool = False) -> Object:
        """Create an object; an existing one is the error already_exists."""
        place = self._place(obj["apiVersion"], obj["kind"], obj["metadata"].get("namespace"))
        path = self._path(obj["apiVersion"], obj["kind"], "", place)
        query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict", **_dry(dry_run)}
        attempt = _attempt("create", obj["kind"], _name(obj), place)
        return self._requests.send("POST", path, attempt, query=query, body=obj, hide=values_of(obj))

    def apply(self, obj: Object, *, force: bool = False, dry_run: bool = False, field_manager: str = FIELD_MANAGER) -> Object:
        """Apply an object on the server: what it sets is set, what this manager set before and it leaves out is removed."""
        place = self._place(obj["apiVersion"], obj["kind"], obj["metadata"].get("namespace"))
        path = self._path(obj["apiVersion"], obj["kind"], _name(obj), place)
        query = {"fieldManager": field_manager, "fieldValidation": "Strict", "force": str(force).lower(), **_dry(dry_run)}
        obj = with_data(obj)
        attempt = _attempt("apply", obj["kind"], _name(obj), place)
        return self._requests.send("PATCH", path, attempt, query=query, body=obj, patch="apply", hide=values_of(obj))

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
        """Change an object. With metadata.resourceVersion in a merge patch, only the version that was read is changed."""
        place = self._place(api_version, kind, namespace)
        path = self._path(api_version, kind, name, place, subresource or "")
        query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict", **_dry(dry_run)}
        attempt = _attempt("change", kind, name, place)
        hide = values_of({"kind": kind, **patch}) if isinstance(patch, dict) else []
        return self._requests.send("PATCH", path, attempt, query=query, body=patch, patch=style, hide=hide)

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
        """Ask for the deletion of an object, with uid only of that very one. False: it was not there."""
        place = self._place(api_version, kind, namespace)
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        body = {**options, **({"preconditions": {"uid": uid}} if uid else {}), **({"dryRun": ["All"]} if dry_run else {})}
        path = self._path(api_version, kind, name, place)
        return self._requests.maybe("DELETE", path, _attempt("delete", kind, name, place), body=body) is not None

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
        """Yield what is there as ADDED, then each event, until timeout seconds are over.

        With synced, the event SYNCED with an empty object marks a complete list, even when it has nothing in it.
        With tick, TICK with an empty object comes after each tick seconds in which nothing happened.
        """
        place = self._place(api_version, kind, namespace) if name else namespace
        path = path_of(api_version, self.resource(api_version, kind), place)
        query = _selectors(labels, f"metadata.name={name}" if name else None)
        attempt = _attempt("watch", kind, name or "", place)

        def listing(seconds: t.Optional[float]) -> tuple[Objects, str]:
            return self._requests.pages(api_version, kind, path, attempt, query, seconds=seconds)

        def opening(version: str, seconds: float) -> t.Iterator[tuple[str, Object]]:
            return self._requests.events(path, attempt, {**query, "resourceVersion": version}, seconds, tick)

        for event in follow(listing, opening, timeout=timeout):
            if synced or event[0] != SYNCED:
                yield event

    def logs(self, namespace: str, pod: str, *, container: t.Optional[str] = None, lines: int = 20, previous: bool = False) -> str:
        """Return the last lines that a container printed, or that it printed before its last restart."""
        query = {"tailLines": str(lines), "previous": str(previous).lower(), **({"container": container} if container else {})}
        path = self._path("v1", "Pod", pod, namespace, "log")
        attempt = f"read the log of Pod {pod} in namespace {namespace}"
        return str(self._requests.send("GET", path, attempt, query=query, patient=False, text=True))

    def proxy_get(self, namespace: str, pod: str, port: int | str, path: str, *, scheme: str = "https") -> t.Any:
        """Return the JSON that a pod answers on one of its ports."""
        root = self._path("v1", "Pod", f"{scheme}:{pod}:{port}", namespace, "proxy")
        attempt = f"query port {port} of Pod {pod} in namespace {namespace} for {path}"
        try:
            # That a pod does not answer is an answer too.
            return self._requests.send("GET", f"{root}/{path.lstrip('/')}", attempt, patient=False)
        except KubeError as error:
            if error.error != "unknown_kind":
                raise
            raise KubeError(f"Cannot {attempt}: the pod answered with status 404.", error="not_found", status=404) from None

    def exec(
        self,
        namespace: str,
        pod: str,
        command: t.Sequence[str],
        *,
        container: t.Optional[str] = None,
        stdin: str | bytes | None = None,
        timeout: t.Optional[float],
    ) -> Result:
        """Run a command in a container. stdin is sent and then ended. A timeout of None is no limit."""
        # Few tasks need this, and all of them pay for what is imported at the top.
        from ._transport.websocket import run_command

        attempt = f"run {command[0]} in Pod {pod} in namespace {namespace}"
        query = [("command", word) for word in command] + [("stdout", "true"), ("stderr", "true")]
        query += [("stdin", "true")] if stdin is not None else []
        query += [("container", container)] if container else []
        path = self._path("v1", "Pod", pod, namespace, "exec") + "?" + urllib.parse.urlencode(query)
        return run_command(self._transport, path, attempt, stdin=stdin, timeout=timeout, refusal=self._requests.error)

    def server_version(self) -> str:
        """Return the version of the API server, as in v1.34.1."""
        return str(self._requests.send("GET", "/version", "read the version of the server")["gitVersion"])

    def resource(self, api_version: str, kind: str) -> Resource:
        """Return where a kind lives; the server is queried only for kinds that the collection does not know."""
        resource = known(api_version, kind) or self._found.get((api_version, kind))
        if resource:
            return resource
        try:
            answer = self._requests.send("GET", root_of(api_version), f"list the kinds of {api_version}")
        except KubeError as error:
            if error.details["status"] != 404:
                raise
            answer = {}
        for row in answer.get("resources") or []:
            if "/" not in row["name"]:
                self._found[api_version, row["kind"]] = Resource(row["name"], row["namespaced"])
        if (api_version, kind) not in self._found:
            msg = f"The API server knows no kind {kind} in {api_version}. Correct apiVersion and kind, or install what defines them."
            raise KubeError(msg, error="unknown_kind", status=404)
        return self._found[api_version, kind]

    def _place(self, api_version: str, kind: str, namespace: t.Optional[str]) -> t.Optional[str]:
        """Return the namespace of one object, None for kinds that live in none."""
        return (namespace or self.namespace) if self.resource(api_version, kind).namespaced else None

    def _path(self, api_version: str, kind: str, name: str, place: t.Optional[str], subresource: str = "") -> str:
        return path_of(api_version, self.resource(api_version, kind), place, name, subresource)


def _attempt(verb: str, kind: str, name: str, namespace: t.Optional[str]) -> str:
    return " ".join([verb, kind, *([name] if name else []), *(["in namespace", namespace] if namespace else [])])


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}


def _selectors(labels: t.Optional[str], fields: t.Optional[str]) -> dict[str, str]:
    return {name: value for name, value in (("labelSelector", labels), ("fieldSelector", fields)) if value}


def _name(obj: Object) -> str:
    return str(obj["metadata"].get("name") or "")
