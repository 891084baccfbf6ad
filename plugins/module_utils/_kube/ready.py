# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""When an object is ready: the rules of the kinds that have rules of their own, and conditions for all others."""

from __future__ import annotations

import re
import typing as t

from .kinds import group_of
from .objects import Object


class Verdict(t.NamedTuple):
    """The state of an object, for one predicate: done, waiting or failed."""

    state: str
    reason: str = ""

    @property
    def done(self) -> bool:
        """Whether the object is in the desired state."""
        return self.state == "done"


# Gets the object, None when it does not exist.
Predicate = t.Callable[[t.Optional[Object]], Verdict]
DONE = Verdict("done")


def ready(obj: t.Optional[Object]) -> Verdict:
    """Check an object by the rules of its kind, or by its conditions."""
    if obj is None:
        return Verdict("waiting", "it does not exist")
    if obj["metadata"].get("deletionTimestamp"):
        return Verdict("waiting", "it is being deleted")
    return READINESS.get(obj["kind"], conditions)(obj)


def gone(obj: t.Optional[Object]) -> Verdict:
    """Check that an object is gone."""
    if obj is None:
        return DONE
    finalizers = ", ".join(obj["metadata"].get("finalizers") or [])
    return Verdict("waiting", f"it still exists{f', held by the finalizers {finalizers}' if finalizers else ''}")


def condition_of(obj: Object, name: str) -> dict[str, t.Any]:
    """Return a condition of the status, an empty mapping when it is not there."""
    return next((row for row in (obj.get("status") or {}).get("conditions") or [] if row.get("type") == name), {})


def conditions(obj: Object) -> Verdict:
    """Check any object: its controller has seen the current version, it is not stuck, and it is Ready if it has that condition at all."""
    stalled, is_ready = condition_of(obj, "Stalled"), condition_of(obj, "Ready")
    if stalled.get("status") == "True" and not _stale(obj, stalled):
        return Verdict("failed", _text(stalled, "it is stalled"))
    stale = _stale(obj, is_ready)
    if stale:
        return stale
    if is_ready and is_ready.get("status") != "True":
        return Verdict("waiting", _text(is_ready, "it is not ready"))
    if not is_ready and (group_of(obj.get("apiVersion") or ""), obj["kind"]) in REPORTING:
        return Verdict("waiting", "it has no condition Ready yet")
    return DONE


def _stale(obj: Object, condition: t.Mapping[str, t.Any]) -> t.Optional[Verdict]:
    """An old status says nothing about the current specification, and an old condition neither."""
    if _older(obj.get("status") or {}, obj):
        return Verdict("waiting", "its controller has not seen the change yet")
    if _older(condition, obj):
        return Verdict("waiting", f"its condition {condition['type']} is older than its last change")
    return None


def _older(part: t.Mapping[str, t.Any], obj: Object) -> bool:
    """Whether a status or condition is about an earlier version of the object. Some controllers write that number as text."""
    seen = str(part.get("observedGeneration", ""))
    return seen.isdigit() and int(seen) < obj["metadata"].get("generation", 0)


def _text(condition: t.Mapping[str, t.Any], otherwise: str) -> str:
    return ": ".join(str(condition[name]) for name in ("reason", "message") if condition.get(name)) or otherwise


def _workload(obj: Object) -> Verdict:
    """Deployment, StatefulSet and ReplicaSet: as many as desired run the current template and are available."""
    status, spec = obj.get("status") or {}, obj.get("spec") or {}
    if status.get("observedGeneration", 0) < obj["metadata"].get("generation", 1):
        return Verdict("waiting", "its controller has not seen the change yet")
    progress = condition_of(obj, "Progressing")
    if progress.get("reason") == "ProgressDeadlineExceeded":
        return Verdict("failed", _text(progress, ""))
    desired = 1 if spec.get("replicas") is None else spec["replicas"]
    partition = ((spec.get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition") or 0
    on_delete = (spec.get("updateStrategy") or {}).get("type") == "OnDelete"
    updated = "" if obj["kind"] == "ReplicaSet" or on_delete else "updatedReplicas"
    for field, least, words in (
        (updated, max(0, desired - partition), "have the current template"),
        ("readyReplicas", desired, "are ready"),
        ("availableReplicas", desired, "are available"),
    ):
        if field and (status.get(field) or 0) < least:
            return Verdict("waiting", f"{status.get(field) or 0} of {least} pods {words}")
    if obj["kind"] == "Deployment" and (status.get("replicas") or 0) > desired:
        return Verdict("waiting", f"{status['replicas'] - desired} old pods are still there")
    return DONE


def _daemon_set(obj: Object) -> Verdict:
    status = obj.get("status") or {}
    if status.get("observedGeneration", 0) < obj["metadata"].get("generation", 1):
        return Verdict("waiting", "its controller has not seen the change yet")
    desired = status.get("desiredNumberScheduled") or 0
    on_delete = ((obj.get("spec") or {}).get("updateStrategy") or {}).get("type") == "OnDelete"
    for field, words in (
        ("" if on_delete else "updatedNumberScheduled", "have the current template"),
        ("numberAvailable", "are available"),
    ):
        if field and (status.get(field) or 0) < desired:
            return Verdict("waiting", f"{status.get(field) or 0} of {desired} pods {words}")
    return DONE


def _pod(obj: Object) -> Verdict:
    status = obj.get("status") or {}
    phase = status.get("phase")
    if phase == "Failed":
        return Verdict("failed", _text(status, "its containers failed"))
    if phase == "Succeeded" or condition_of(obj, "Ready").get("status") == "True":
        return DONE
    return Verdict("waiting", "; ".join(pod_problems(obj)) or f"its phase is {phase or 'not set'}")


def _job(obj: Object) -> Verdict:
    failed = condition_of(obj, "Failed")
    if failed.get("status") == "True":
        return Verdict("failed", _text(failed, "its pods failed"))
    if condition_of(obj, "Complete").get("status") == "True" or (obj.get("spec") or {}).get("suspend"):
        return DONE
    status = obj.get("status") or {}
    return Verdict("waiting", f"{status.get('succeeded') or 0} pods succeeded, {status.get('failed') or 0} failed")


def _definition(obj: Object) -> Verdict:
    refused = condition_of(obj, "NamesAccepted")
    if refused.get("status") == "False":
        return Verdict("failed", _text(refused, "its names are taken"))
    return DONE if condition_of(obj, "Established").get("status") == "True" else Verdict("waiting", "it is not established")


def _service(obj: Object) -> Verdict:
    if (obj.get("spec") or {}).get("type") != "LoadBalancer" or ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
        return DONE
    return Verdict("waiting", "it has no address of a load balancer yet")


def _phase(desired: str) -> t.Callable[[Object], Verdict]:
    def check(obj: Object) -> Verdict:
        phase = (obj.get("status") or {}).get("phase")
        return DONE if phase == desired else Verdict("waiting", f"its phase is {phase or 'not set'}, not {desired}")

    return check


# Kinds whose readiness is not in a condition called Ready. Each function gets an object that exists.
READINESS: dict[str, t.Callable[[Object], Verdict]] = {
    "CustomResourceDefinition": _definition,
    "DaemonSet": _daemon_set,
    "Deployment": _workload,
    "Job": _job,
    "Namespace": _phase("Active"),
    "PersistentVolumeClaim": _phase("Bound"),
    "Pod": _pod,
    "ReplicaSet": _workload,
    "Service": _service,
    "StatefulSet": _workload,
}

# Kinds that always report whether they are Ready: as long as they do not, nothing was done for them.
REPORTING = {("postgresql.cnpg.io", "Cluster"), *(("cert-manager.io", kind) for kind in ("Certificate", "ClusterIssuer", "Issuer"))}


def pod_problems(pod: Object) -> list[str]:
    """Return why a pod does not run: not scheduled, an image that does not come, a container that ends."""
    status = pod.get("status") or {}
    scheduled = condition_of(pod, "PodScheduled")
    problems = [_text(scheduled, "it is not scheduled")] if scheduled.get("status") == "False" else []
    for row in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
        state = row.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or (row.get("lastState") or {}).get("terminated") or {}
        if waiting.get("reason") and waiting["reason"] not in ("ContainerCreating", "PodInitializing"):
            problems.append(f"container {row['name']} waits: {_text(waiting, '')}")
        if ended and ended.get("exitCode"):
            problems.append(f"container {row['name']} ended with exit status {ended['exitCode']} ({row.get('restartCount', 0)} restarts)")
    return problems


def has_condition(name: str, status: str) -> Predicate:
    """Return a predicate: a condition has a status. A condition that is older than the object's current version does not count."""

    def check(obj: t.Optional[Object]) -> Verdict:
        if obj is None:
            return Verdict("waiting", "it does not exist")
        condition = condition_of(obj, name)
        stale = _stale(obj, condition)
        if stale:
            return stale
        if condition.get("status") == status:
            return DONE
        if not condition:
            return Verdict("waiting", f"it has no condition {name}")
        return Verdict("waiting", f"its condition {name} is {condition.get('status')}, not {status} ({_text(condition, 'no reason')})")

    return check


def has_field(path: str, value: t.Optional[str]) -> Predicate:
    """Return a predicate: a field has a value, or is there at all if value is None."""

    def check(obj: t.Optional[Object]) -> Verdict:
        if obj is None:
            return Verdict("waiting", "it does not exist")
        found = field_of(obj, path)
        if found is not None and value in (None, found):
            return DONE
        expected = "" if value is None else f", not {value}"
        return Verdict("waiting", f"its field {path} is {'not set' if found is None else found}{expected}")

    return check


_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[['\"]([^'\"]+)['\"]\]")


def field_of(obj: t.Any, path: str) -> t.Optional[str]:
    """Return what a path such as status.loadBalancer.ingress[0].ip leads to, as text; None when there is nothing."""
    for name, number, quoted in _STEP.findall(path):
        try:
            obj = obj[int(number)] if number else obj[name or quoted]
        except (KeyError, IndexError, TypeError):
            return None
    if isinstance(obj, bool):
        return str(obj).lower()
    return None if obj is None else str(obj)


def is_path(path: str) -> bool:
    """Whether a text is a path from one end to the other."""
    return bool(path) and not _STEP.sub("", path)
