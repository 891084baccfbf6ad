# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What all modules do with objects: read a Cluster and change it, apply and remove others, confirm, and wait with a diagnosis."""

from __future__ import annotations

import time
import typing as t

from .._kube.diff import Change, applied_difference, preview
from .._kube.errors import KubeError
from .._kube.objects import same
from .._kube.ready import Predicate, gone
from .._kube.wait import Ref, diagnose, ref_of, wait_until
from ._view import API, CnpgError
from ._waiting import TICK_SECONDS

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

ATTEMPTS = 5
Params = t.Mapping[str, t.Any]
Warn = t.Callable[[str], None]
# The options in the documentation fragment _cnpg_action.
ACTION_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "cluster": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 900},
}
# The options in the documentation fragment _cnpg.object, and those with _cnpg as well.
PLAIN_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "namespace": {"type": "str", "required": True},
    "force_conflicts": {"type": "bool", "default": False},
}
OBJECT_ARGUMENTS = {**PLAIN_ARGUMENTS, "wait_timeout": {"type": "int", "default": 900}}


class Task:
    """One run of a module: the client, the options, whether it only checks, and how to warn about what is no failure."""

    def __init__(self, client: KubeClient, params: Params, *, check_mode: bool, warn: Warn) -> None:
        self.client = client
        self.params = params
        self.check_mode = check_mode
        self.warn = warn
        self.waits = params.get("wait") not in (False, "none") and not check_mode

    def plan(self, obj: Object) -> Change:
        """Return what applying an object would change. In check mode the namespace may be one that an earlier task would make."""
        try:
            return preview(self.client, obj, force=self.params["force_conflicts"])
        except KubeError as error:
            if self.check_mode and error.error == "not_found":
                return Change("created", *applied_difference(None, obj))
            raise

    def carry_out(self, obj: Object, change: Change) -> t.Optional[Object]:
        """Apply an object if that changes something; return what was written, None when nothing was."""
        if change.verb == "unchanged" or self.check_mode:
            return None
        return self.client.apply(obj, force=self.params["force_conflicts"])

    def remove(self, live: t.Optional[Object]) -> Change:
        """Request the deletion of this very object."""
        if live is None:
            return Change("unchanged", {}, {})
        if not self.check_mode:
            self.client.delete(*ref_of(live), uid=live["metadata"]["uid"])
        return Change("changed", *applied_difference(live, {}))

    def planned_cluster(self, name: str, namespace: str) -> Object:
        """Return a Cluster. In check mode, one that is not there may be made by an earlier task: it is an empty one, with a warning."""
        if self.check_mode and self.client.get(API, "Cluster", name, namespace) is None:
            self.warn(f"There is no Cluster {name} in namespace {namespace} yet, so what depends on it is not known.")
            return {"apiVersion": API, "kind": "Cluster", "metadata": {"name": name, "namespace": namespace}}
        return require_cluster(self.client, name, namespace)

    def wait_for(self, ref: Ref, predicate: Predicate, *, changed: bool) -> Object:
        """Wait until the predicate holds and return the object; CnpgError with a diagnosis when it fails or takes too long."""
        sentence = f"{ref} {'was changed and is' if changed else 'is'} not as it should be"
        return await_object(self.client, ref, predicate, sentence, timeout=self.params["wait_timeout"], tick=TICK_SECONDS, changed=changed)

    def wait_gone(self, *refs: Ref) -> None:
        """Wait until objects that were deleted are gone."""
        await_gone(self.client, refs, timeout=self.params["wait_timeout"], changed=True)


def exists(obj: Object) -> bool:
    """Whether an object was read from the server, and is not one that planned_cluster() has made up."""
    return "uid" in obj["metadata"]


def require_cluster(client: KubeClient, name: str, namespace: str) -> Object:
    """Return a Cluster; CnpgError when there is none."""
    found = client.get(API, "Cluster", name, namespace)
    if found is None:
        msg = f"There is no Cluster {name} in namespace {namespace}. Check both names and the context of the kubeconfig."
        raise CnpgError(msg, error="not_found", cluster=name, namespace=namespace)
    return found


def change_cluster(
    client: KubeClient,
    name: str,
    namespace: str,
    build: t.Callable[[Object], t.Optional[Object]],
    *,
    subresource: t.Optional[str] = None,
    dry_run: bool = False,
) -> tuple[Object, Object]:
    """Merge what build() returns into a Cluster and return the Cluster before and after; None changes nothing.

    build() gets the Cluster as it is, and is called again when another client changed the Cluster meanwhile, so what it decided on still
    holds when the change is made.
    """
    for _attempt in range(ATTEMPTS):
        live = require_cluster(client, name, namespace)
        patch = build(live)
        if patch is None:
            return live, live
        locked = {**patch, "metadata": {**patch.get("metadata", {}), "resourceVersion": live["metadata"]["resourceVersion"]}}
        try:
            return live, client.patch(API, "Cluster", name, locked, namespace=namespace, subresource=subresource, dry_run=dry_run)
        except KubeError as error:
            if error.error != "conflict":
                raise
    msg = f"Cluster {name} in namespace {namespace} was changed by others during each of {ATTEMPTS} tries to change it. Run the task again."
    raise CnpgError(msg, error="conflict", cluster=name, namespace=namespace)


def await_object(
    client: KubeClient,
    ref: Ref,
    predicate: Predicate,
    sentence: str,
    *,
    timeout: float,
    tick: t.Optional[float] = None,
    **details: t.Any,
) -> Object:
    """Wait until the predicate holds and return the object; otherwise raise CnpgError that begins with the sentence and has the reason.

    A predicate that also depends on time needs tick, as in wait_until.
    """
    outcome = wait_until(client, ref, predicate, timeout=timeout, tick=tick)
    if outcome.done:
        return outcome.object or {}
    failed = outcome.state == "failed"
    waited = "" if failed else f" after {timeout:g} seconds"
    known = {"error": "failed" if failed else "timeout", "reason": outcome.reason, "diagnosis": diagnose(client, ref)}
    raise CnpgError(f"{sentence}{waited}: {outcome.reason.rstrip('.')}.", **{**known, **details})


def await_gone(client: KubeClient, refs: t.Iterable[Ref], *, timeout: float, **details: t.Any) -> None:
    """Wait until objects are gone; timeout is for all of them together."""
    deadline = time.monotonic() + timeout
    for ref in refs:
        await_object(client, ref, gone, f"{ref} is not gone", timeout=max(0.0, deadline - time.monotonic()), **details)


def confirm(given: t.Optional[str], name: str, what: str) -> None:
    """Refuse to destroy data unless the name is repeated."""
    if given != name:
        msg = f"{what} Set confirm_delete to {name} to allow that. Nothing was changed."
        raise CnpgError(msg, error="not_confirmed", confirm_delete=name)


def refuse_other(live: Object, desired: t.Mapping[str, t.Any], found: t.Mapping[str, t.Any], *, because: str) -> None:
    """Refuse an object of that name that differs in what makes it this one; because is why it cannot be changed, and what to do."""
    different = sorted(name for name, value in desired.items() if not same(found.get(name), value))
    if different:
        what = f"{live['kind']} {live['metadata']['name']} in namespace {live['metadata']['namespace']} exists and is another one"
        raise CnpgError(f"{what}: {', '.join(different)} differ. {because}", error="exists", different=different)


def diff_of(change: Change) -> dict[str, t.Any]:
    """Return the two objects for the result; the same in check mode and in a run."""
    return {"before": change.before, "after": change.after}
