# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Installing and upgrading: which chart, what it would change, and letting that happen."""

from __future__ import annotations

import tempfile
import typing as t

from .._kube.errors import KubeError
from . import _chart as charts
from . import _manifest as manifests
from . import storage
from ._cluster import Cluster
from ._task import Task
from ._values import shape
from .storage import HelmError, Release

# More than this does not fit into a Secret.
LIMIT_BYTES = 1024 * 1024


def deploy(task: Task, cluster: Cluster, found: t.Optional[Release]) -> t.Optional[Release]:
    """Install or upgrade when something is different. Equal input needs no helm."""
    chart = charts.Chart(**{name: task.params["chart"][name] for name in charts.Chart._fields})
    charts.check(chart)
    with tempfile.TemporaryDirectory(dir=task.scratch) as folder:
        identity, path = charts.identity(chart), chart.ref if chart.local else ""
        if identity is None:
            path = _pull(task, cluster, chart, folder)
            identity = charts.archive_digest(path)
        plain, sensitive = task.values.plain, shape(task.values.sensitive)
        digest = charts.input_digest(identity, plain, task.values.contents, sensitive=sensitive, crds=task.params["crds"])
        if found and _is_made_from(task, found, digest):
            return found
        cluster.require_options()
        task.prepare_mask(found)
        return _change(task, cluster, found, path or _pull(task, cluster, chart, folder), digest)


def _is_made_from(task: Task, found: Release, digest: str) -> bool:
    """Whether what is deployed was made from this very input."""
    revision = found.revision
    same = revision is not None and revision.status == "deployed" and revision.input_digest == digest
    return same and task.values.kept_in(found.values)


def _change(task: Task, cluster: Cluster, found: t.Optional[Release], path: str, digest: str) -> t.Optional[Release]:
    """Let helm preview what would change, and let it happen."""
    namespace = [] if found else _namespace_change(task, cluster)
    crds, rest = _crd_changes(task, cluster, path)
    preview = _preview(task, cluster, found, path, crds, rest)
    before = cluster.running(found, cluster.store.revisions() if found else [])
    task.prepare_mask(before)
    changes = cluster.changes(before, preview, "deployed")
    changes += manifests.differences(before, preview, task.namespace, task.params["ignore_differences"])
    task.note([*namespace, *(change for _obj, change in crds), *changes])
    task.refuse_loss(before, preview)
    _apply_crds(task, cluster, crds)
    if found and before and not changes:
        # What was compared is noted: another helm may have been here since the release was found.
        return cluster.remember(before, digest)
    more = {"digest": digest, "history_max": task.params["history_max"]}
    verb = "upgrade" if found else "install"
    return cluster.write(verb, found, path, task.values.text, task.values.paths, **task.options(), **more)


def _preview(task: Task, cluster: Cluster, found: t.Optional[Release], path: str, crds: list[t.Any], rest: str) -> Release:
    """Return what the chart makes of the values, as the server sees it."""
    stuck = found is not None and found.revision is not None and found.revision.pending
    # Helm refuses to preview the upgrade of a release that check mode has left pending.
    options = {**task.options(), "verb": "install" if stuck else "upgrade"}
    try:
        body = cluster.helm.render(path, task.values.text, task.values.paths, **options)
    except HelmError as error:
        if error.details["error"] != "missing_crds" or not crds:
            raise
        # The chart has objects of a kind that it brings itself. Without the cluster helm has rendered them, and not what else the
        # record will hold: only what is too large by itself is found before the CRDs are there.
        preview = manifests.release_of(rest, cluster.helm.description(path), task.values.all())
        refuse_too_large(preview.body, task.name)
        if task.check_mode:
            return preview
        _apply_crds(task, cluster, crds)
        body = cluster.helm.render(path, task.values.text, task.values.paths, **options)
    refuse_too_large(body, task.name)
    return Release(body)


def refuse_too_large(body: t.Mapping[str, t.Any], name: str) -> None:
    """Refuse a release that does not fit into a Secret. The text in base64 is what counts."""
    size = (len(storage.packed(body)) + 2) // 3 * 4
    if size > LIMIT_BYTES:
        msg = (
            f"Release {name} would take {size} bytes in the Secret that helm keeps it in, and a Secret holds {LIMIT_BYTES}. "
            "Make the chart smaller: take files and CRDs out of it."
        )
        raise HelmError(msg, error="too_large", size=size, limit=LIMIT_BYTES)


def _namespace_change(task: Task, cluster: Cluster) -> list[manifests.Change]:
    """Return the namespace if it is to be created; its absence is an error otherwise, that a dry run would not find.

    In check mode it is a warning.
    """
    try:
        if cluster.client.get("v1", "Namespace", task.namespace):
            return []
    except KubeError as error:
        if error.error == "forbidden":
            return []
        raise
    if not task.params["create_namespace"]:
        if not task.check_mode:
            msg = f"There is no namespace {task.namespace} for release {task.name}. Create it, or set create_namespace."
            raise HelmError(msg, error="namespace_not_found")
        # An earlier task of the play may be the one that creates it.
        task.warnings.append(f"There is no namespace {task.namespace} yet, which release {task.name} needs.")
        return []
    obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": task.namespace}}
    return [manifests.Change(manifests.title_of(obj), None, obj)]


def _crd_changes(task: Task, cluster: Cluster, path: str) -> tuple[list[t.Any], str]:
    """Return the CRDs to apply with their differences, and what the chart makes of the values without the cluster."""
    if task.params["crds"] == "keep" or not charts.may_have_crds(path):
        return [], ""
    from . import _crds

    # "helm show crds" would be simpler. It forgets to separate files, and has those of subcharts that the values switch off.
    version = cluster.client.server_version()
    rendered = _crds.split(cluster.helm.template(path, task.values.text, task.values.paths, kube_version=version))
    return _crds.plan(cluster.client, rendered.crds, task.params["crds"]), rendered.rest


def _apply_crds(task: Task, cluster: Cluster, planned: list[t.Any]) -> None:
    if not planned or "crds" in task.actions:
        return
    task.act("crds")
    if not task.check_mode:
        from . import _crds

        cluster.apply(crd for crd, _change in planned)
        _crds.await_served(cluster.client, planned)


def _pull(task: Task, cluster: Cluster, chart: charts.Chart, folder: str) -> str:
    cluster.require_options()
    path = cluster.helm.pull(chart, folder, **{name: task.params["chart"][name] for name in ("ca_file", "plain_http")})
    if chart.digest and not chart.oci:
        charts.archive_digest(path, chart.digest)
    return path
