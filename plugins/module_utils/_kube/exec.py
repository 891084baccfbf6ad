# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Commands in a container of the cluster, run as programs of this host are (_tool/process.py): words and text in, a Result out."""

from __future__ import annotations

import shlex
import time
import typing as t

from .._tool.errors import ToolError
from .._tool.process import CUT, Result, Run, cut_short
from .client import KubeClient
from .errors import KubeError
from .objects import Object, selector_of
from .ready import condition_of, pod_problems

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "pod": {"type": "str"},
    "deployment": {"type": "str"},
    "label_selector": {"type": "str"},
    "namespace": {"type": "str"},
    "container": {"type": "str"},
}
RULES: dict[str, t.Any] = {
    "required_one_of": [("pod", "deployment", "label_selector")],
    "mutually_exclusive": [("pod", "deployment", "label_selector")],
}
# So many pods that do not run are explained.
EXPLAINED = 3


def runner(client: KubeClient, place: t.Mapping[str, t.Any], *, timeout: float) -> Run:
    """Return a function that runs commands in the container that place names. A timeout of 0 is no limit.

    The pod is chosen for the first command and kept for the others. A command that runs longer than timeout seconds, and one
    that was killed, raise ToolError with the words of programs of this host; what the cluster refuses is a KubeError.
    """
    namespace = place.get("namespace") or client.namespace
    chosen: list[str] = []

    def run(command: list[str], text: t.Optional[str] = None, /) -> Result:
        if not chosen:
            chosen.append(choose_pod(client, place, namespace))
        started, what = time.monotonic(), f"The command {shlex.join(command)} in Pod {chosen[0]} in namespace {namespace}"
        try:
            result = client.exec(namespace, chosen[0], command, container=place.get("container"), stdin=text, timeout=timeout or None)
        except KubeError as error:
            if error.error != "timeout":
                raise
            msg = f"{what} ran longer than {timeout:g} seconds, so its connection was closed. It may still run in the pod."
            raise ToolError(msg, **{**error.details, "error": "timed_out"}) from error
        seconds = time.monotonic() - started
        if cut_short(result.rc, seconds, timeout=0):
            msg = f"{what} {CUT['killed'].format(seconds=seconds, rc=result.rc)}"
            raise ToolError(msg, error="killed", rc=result.rc, stdout=result.out[-2000:], stderr=result.err[-2000:])
        return result

    return run


def choose_pod(client: KubeClient, place: t.Mapping[str, t.Any], namespace: str) -> str:
    """Return the pod: the named one, else of those that run a ready one, and of these the youngest, which has the newest template."""
    if place.get("pod"):
        return str(place["pod"])
    labels, whose = str(place.get("label_selector") or ""), f"with the labels {place.get('label_selector')}"
    if place.get("deployment"):
        deployment = client.get("apps/v1", "Deployment", place["deployment"], namespace)
        if deployment is None:
            raise KubeError(f"There is no Deployment {place['deployment']} in namespace {namespace}.", error="not_found", status=404)
        labels, whose = selector_of(deployment), f"of Deployment {place['deployment']}"
    pods = client.list("v1", "Pod", namespace, labels=labels)
    running = [pod for pod in pods if _runs(pod)]
    if not running:
        rows = [f"Pod {pod['metadata']['name']}: {problem}" for pod in pods[:EXPLAINED] for problem in _problems(pod)]
        found = "; ".join(rows) or "there is none"
        raise KubeError(f"No pod {whose} runs in namespace {namespace}: {found}.", error="not_ready")
    return str(max(running, key=lambda pod: (_is_ready(pod), pod["metadata"].get("creationTimestamp") or ""))["metadata"]["name"])


def _runs(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") == "Running" and not pod["metadata"].get("deletionTimestamp")


def _is_ready(pod: Object) -> bool:
    return bool(condition_of(pod, "Ready").get("status") == "True")


def _problems(pod: Object) -> list[str]:
    if pod["metadata"].get("deletionTimestamp"):
        return ["it is being deleted"]
    return pod_problems(pod) or [f"its phase is {(pod.get('status') or {}).get('phase') or 'not set'}"]
