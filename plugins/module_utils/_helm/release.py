# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Brings a release into the requested state: reads what is, finds what would change, changes it, and checks the result.

Check mode takes the same way and leaves out what writes.
"""

from __future__ import annotations

import typing as t

from .._kube.access import Access
from .._kube.options import client_from
from .._tool.errors import ToolError
from .._tool.process import Run
from . import _loss
from . import _manifest as manifests
from ._cluster import Cluster
from ._deploy import deploy
from ._recover import explain, may_take_over, recover
from ._task import Task
from .cli import Helm
from .storage import GOOD, HelmError, Release, Revision, refuse_other_driver

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True, "aliases": ["release_name"]},
    "namespace": {"type": "str", "required": True, "aliases": ["release_namespace"]},
    "state": {"type": "str", "choices": ["present", "absent", "rolled_back"], "default": "present"},
    "chart": {
        "type": "dict",
        "options": {
            "ref": {"type": "str", "required": True},
            "repo_url": {"type": "str"},
            "version": {"type": "str"},
            "digest": {"type": "str"},
            "ca_file": {"type": "path"},
            "plain_http": {"type": "bool", "default": False},
        },
    },
    "create_namespace": {"type": "bool", "default": False},
    "values": {"type": "dict", "default": {}},
    "values_files": {"type": "list", "elements": "path", "default": []},
    "sensitive_values": {"type": "dict", "default": {}, "no_log": True},
    "crds": {"type": "str", "choices": ["keep", "create", "apply"], "default": "create"},
    "wait": {"type": "str", "choices": ["none", "helm", "resources"], "default": "none"},
    "timeout": {"type": "int", "default": 300},
    "pending_recovery": {"type": "str", "choices": ["fail", "stale", "force"], "default": "fail"},
    "stale_after": {"type": "int"},
    "on_failure": {"type": "str", "choices": ["fail", "rollback", "uninstall"], "default": "fail"},
    "drift": {"type": "str", "choices": ["none", "check", "correct"], "default": "none"},
    "ignore_differences": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"kind": {"type": "str", "required": True}, "name": {"type": "str"}, "path": {"type": "str", "required": True}},
    },
    "server_side": {"type": "str", "choices": ["auto", "true", "false"], "default": "auto"},
    "force_conflicts": {"type": "bool", "default": False},
    "take_ownership": {"type": "bool", "default": False},
    "history_max": {"type": "int", "default": 10},
    "keep_history": {"type": "bool", "default": False},
    "confirm_delete": {"type": "str"},
    "revision": {"type": "str"},
    "run_tests": {"type": "bool", "default": False},
    "description": {"type": "str"},
    "binary": {"type": "str", "default": "helm"},
}
RULES: dict[str, t.Any] = {"required_if": [("state", "present", ["chart"]), ("state", "rolled_back", ["revision"])]}


def run(
    params: t.Mapping[str, t.Any],
    environ: t.Mapping[str, str],
    runner_of: t.Callable[[Access], Run],
    *,
    check_mode: bool,
    scratch: t.Optional[str],
) -> dict[str, t.Any]:
    """Connect, bring the release into its state and return the result of the module. runner_of makes what runs helm."""
    try:
        refuse_other_driver(environ)
        client = client_from(params, environ, namespace=params["namespace"])
        helm = Helm(runner_of(client.access), params["binary"], params["name"], namespace=params["namespace"], timeout=params["timeout"])
        task = Task(params, check_mode=check_mode, scratch=scratch)
        return reconcile(task, Cluster(task, client, helm))
    except ToolError as error:
        # What failed before reconcile() has changed nothing.
        error.details.setdefault("changed", False)
        raise


def reconcile(task: Task, cluster: Cluster) -> dict[str, t.Any]:
    """Bring the release into its state; a failure gets the same parts of a result, and what is known about its cause."""
    states = {"present": _present, "absent": _absent, "rolled_back": _rolled_back}
    try:
        release = states[task.params["state"]](task, cluster)
    except ToolError as error:
        explain(task, cluster, error)
        raise
    if task.drift and task.params["drift"] == "check":
        names = ", ".join(f"{row['kind']} {row['name']}" for row in task.drift)
        task.warnings.append(f"Objects of release {task.name} were changed outside of helm: {names}.")
    summary = release.summary() if release else None
    return {**task.report(), "changed": task.changed, "release": summary, "diff": task.diff()}


def _present(task: Task, cluster: Cluster) -> t.Optional[Release]:
    found = recover(task, cluster, cluster.find())
    if found and cluster.was == "uninstalled":
        # Only the record is left, and helm installs again.
        found = None
    if task.params["drift"] != "none":
        from ._wellbeing import correct_drift

        correct_drift(task, cluster, found)
    return _check(task, cluster, deploy(task, cluster, found))


def _absent(task: Task, cluster: Cluster) -> t.Optional[Release]:
    found, keep = cluster.find(), task.params["keep_history"]
    if found is None or found.revision is None or (keep and cluster.was == "uninstalled"):
        return found
    may_take_over(task, found.revision)
    task.prepare_mask()
    task.note(cluster.changes(found, found if keep else None, "uninstalled"))
    # Of a release that was uninstalled before, only the record is left.
    there = None if cluster.was == "uninstalled" else found
    task.note(_loss.removed(there, None, task.namespace))
    task.refuse_loss(there, None)
    return cluster.write("uninstall", found, keep_history=keep, description=task.params["description"], wait=task.wait_gone)


def _rolled_back(task: Task, cluster: Cluster) -> t.Optional[Release]:
    found = recover(task, cluster, cluster.find())
    revisions = cluster.store.revisions()
    revision = _target(task, revisions)
    target = cluster.store.read(revision)
    before = cluster.running(found, revisions)
    task.prepare_mask(before, target)
    changes = cluster.changes(before, target, "deployed") + manifests.differences(before, target, task.namespace)
    if changes:
        task.note(changes)
        # Helm starts from the newest revision, also where that failed.
        task.refuse_loss(found, target)
        found = cluster.write("rollback", found, revision.number, **task.options(), history_max=task.params["history_max"])
        found = cluster.remember_again(found, revision.input_digest)
    return _check(task, cluster, found)


def _target(task: Task, revisions: t.Sequence[Revision]) -> Revision:
    requested = task.params["revision"]
    for revision in revisions:
        if str(revision.number) == requested or (requested == "last_deployed" and revision.status in GOOD):
            return revision
    has = ", ".join(f"{revision.number} ({revision.status})" for revision in revisions) or "none"
    msg = f"Release {task.name} in namespace {task.namespace} has no revision {requested} to go back to; it has: {has}."
    raise HelmError(msg, error="not_found")


def _check(task: Task, cluster: Cluster, release: t.Optional[Release]) -> t.Optional[Release]:
    """Check that the release is well, as far as the task asks for that; an unchanged one may not be well either."""
    ready, tests = task.params["wait"] == "resources", task.params["run_tests"]
    if release is None or task.check_mode or not (ready or tests):
        return release
    from ._wellbeing import require_ready, require_tests

    if ready:
        require_ready(task, cluster, release)
    return require_tests(task, cluster, release) if tests else release
