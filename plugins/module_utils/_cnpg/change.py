# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Reading one Cluster, and changing it from what it says at that moment: with a lock, tried again when somebody was faster."""

from __future__ import annotations

import typing as t

from .._kube.errors import KubeError
from .._kube.options import KUBE_ARGUMENTS
from .._kube.ready import Predicate
from .._kube.wait import Ref, diagnose, wait_until
from .view import API, CnpgError

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

ATTEMPTS = 5
# The options in the documentation fragments _kube and _cnpg_action.
ACTION_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **KUBE_ARGUMENTS,
    "cluster": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 900},
}


def planned_cluster(client: KubeClient, name: str, namespace: str, *, check_mode: bool, warn: t.Callable[[str], None]) -> Object:
    """Return a Cluster. In check mode, one that is not there may be made by an earlier task: it is an empty one, with a warning."""
    if check_mode and client.get(API, "Cluster", name, namespace) is None:
        warn(f"There is no Cluster {name} in namespace {namespace} yet, so what depends on it is not known.")
        return {"apiVersion": API, "kind": "Cluster", "metadata": {"name": name, "namespace": namespace}}
    return require_cluster(client, name, namespace)


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

    build() sees the Cluster as it is and is asked again when the Cluster changed meanwhile, so what it decided on still
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
    """Wait until the predicate holds and return the object; otherwise raise CnpgError that starts with the sentence and says why.

    A predicate that also depends on time needs tick, as in wait_until.
    """
    outcome = wait_until(client, ref, predicate, timeout=timeout, tick=tick)
    if outcome.done:
        return outcome.object or {}
    failed = outcome.state == "failed"
    waited = "" if failed else f" after {timeout:g} seconds"
    said = {"reason": outcome.reason, "diagnosis": diagnose(client, ref)}
    msg = f"{sentence}{waited}: {outcome.reason.rstrip('.')}."
    raise CnpgError(msg, **{"error": "failed" if failed else "timeout", **said, **details})
