# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What the modules for objects of CloudNativePG share: options, the way from wanted to applied, waiting with a diagnosis."""

from __future__ import annotations

import typing as t

from .._kube.diff import Change, applied_difference, preview
from .._kube.errors import KubeError
from .._kube.options import KUBE_ARGUMENTS
from .._kube.ready import Predicate, gone
from .._kube.wait import Ref
from .change import await_object
from .view import CnpgError
from .waiting import TICK_SECONDS

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

# The options in the documentation fragments _kube and _cnpg.object, and those with _cnpg as well.
PLAIN_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **KUBE_ARGUMENTS,
    "namespace": {"type": "str", "required": True},
    "force_conflicts": {"type": "bool", "default": False},
}
OBJECT_ARGUMENTS = {**PLAIN_ARGUMENTS, "wait_timeout": {"type": "int", "default": 900}}


def plan(client: KubeClient, obj: Object, *, force: bool, check_mode: bool) -> Change:
    """Return what applying an object would change. In check mode the namespace may be one that an earlier task would make."""
    try:
        return preview(client, obj, force=force)
    except KubeError as problem:
        if check_mode and problem.error == "not_found":
            return Change("created", *applied_difference(None, obj))
        raise


def carry_out(client: KubeClient, obj: Object, change: Change, *, force: bool, check_mode: bool) -> t.Optional[Object]:
    """Apply an object if that changes something; return what was written, None when nothing was."""
    return client.apply(obj, force=force) if change.verb != "unchanged" and not check_mode else None


def remove(client: KubeClient, live: t.Optional[Object], *, check_mode: bool) -> Change:
    """Ask for the deletion of this very object."""
    if live is None:
        return Change("unchanged", {}, {})
    metadata = live["metadata"]
    if not check_mode:
        client.delete(live["apiVersion"], live["kind"], metadata["name"], metadata["namespace"], uid=metadata["uid"])
    return Change("changed", *applied_difference(live, {}))


def confirm(given: t.Optional[str], name: str, what: str) -> None:
    """Refuse to destroy data unless the name is repeated."""
    if given != name:
        msg = f"{what} Set confirm_delete to {name} if that is wanted. Nothing was changed."
        raise CnpgError(msg, error="not_confirmed", confirm_delete=name)


def wait_for(client: KubeClient, ref: Ref, predicate: Predicate, *, timeout: float, changed: bool) -> Object:
    """Wait until the predicate holds and return the object; CnpgError with a diagnosis when it fails or takes too long."""
    return await_object(client, ref, predicate, _not_there(ref, changed=changed), timeout=timeout, tick=TICK_SECONDS, changed=changed)


def wait_gone(client: KubeClient, ref: Ref, *, timeout: float) -> None:
    """Wait until an object is gone."""
    await_object(client, ref, gone, _not_there(ref, changed=True), timeout=timeout, changed=True)


def _not_there(ref: Ref, *, changed: bool) -> str:
    return f"{ref} {'was changed and is' if changed else 'is'} not as it should be"


def diff_of(change: Change) -> dict[str, t.Any]:
    """Return the two objects for the result; the same in check mode and in a run."""
    return {"before": change.before, "after": change.after}
