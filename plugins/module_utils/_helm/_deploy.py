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
from ._context import Context
from ._values import shape
from .storage import HelmError, Release

# More than this does not fit into a Secret.
LIMIT_BYTES = 1024 * 1024


def settled(context: Context, found: t.Optional[Release]) -> t.Optional[Release]:
    """Install or upgrade when something is different. Equal input needs no helm."""
    chart = charts.Chart(**{name: context.params["chart"][name] for name in charts.Chart._fields})
    charts.check(chart)
    with tempfile.TemporaryDirectory(dir=context.scratch) as folder:
        identity, path = charts.identity(chart), chart.ref if chart.local else ""
        if identity is None:
            path = _pulled(context, chart, folder)
            identity = charts.archive_digest(path)
        plain, sensitive = context.values.plain, shape(context.values.sensitive)
        digest = charts.input_digest(identity, plain, context.values.contents, sensitive=sensitive, crds=context.params["crds"])
        if found and _made_from(context, found, digest):
            return found
        context.require()
        context.hiding(found)
        return _deployed(context, found, path or _pulled(context, chart, folder), digest)


def _made_from(context: Context, found: Release, digest: str) -> bool:
    """Whether what is deployed was made from this very input."""
    revision = found.revision
    same = revision is not None and revision.status == "deployed" and revision.input_digest == digest
    return same and context.values.kept_in(found.values)


def _deployed(context: Context, found: t.Optional[Release], path: str, digest: str) -> t.Optional[Release]:
    """Ask helm what would change, and let it happen."""
    namespace = [] if found else _namespace_change(context)
    crds, rest = _crd_changes(context, path)
    wanted = _rendered(context, found, path, crds, rest)
    before = context.running(found, context.store.revisions() if found else [])
    context.hiding(before)
    changes = context.release_change(before, wanted, "deployed")
    changes += manifests.differences(before, wanted, context.namespace, context.params["ignore_differences"])
    context.report.note([*namespace, *(change for _obj, change in crds), *changes])
    context.refuse_loss(before, wanted)
    _apply_crds(context, crds)
    if found and before and not changes:
        # What was compared is noted: another helm may have been here since the release was found.
        return context.remember(before, digest)
    more = {"digest": digest, "history_max": context.params["history_max"]}
    return context.write(
        "upgrade" if found else "install", found, path, context.values.text, context.values.paths, **context.options(), **more
    )


def _rendered(context: Context, found: t.Optional[Release], path: str, crds: list[t.Any], rest: str) -> Release:
    """Return what the chart makes of the values, as the server sees it."""
    stuck = found is not None and found.revision is not None and found.revision.pending
    # Helm refuses to preview the upgrade of a release that check mode has left pending.
    options = {**context.options(), "verb": "install" if stuck else "upgrade"}
    try:
        body = context.helm.render(path, context.values.text, context.values.paths, **options)
    except HelmError as error:
        if error.details["error"] != "missing_crds" or not crds:
            raise
        # The chart has objects of a kind that it brings itself. Without the cluster helm has rendered them, and not what else the
        # record will hold: only what is too large by itself is found before the CRDs are there.
        wanted = manifests.release_of(rest, context.helm.description(path), context.values.all())
        refuse_too_large(wanted.body, context.name)
        if context.check_mode:
            return wanted
        _apply_crds(context, crds)
        body = context.helm.render(path, context.values.text, context.values.paths, **options)
    refuse_too_large(body, context.name)
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


def _namespace_change(context: Context) -> list[manifests.Change]:
    """Return the namespace if it is to be created; its absence is an error otherwise, that a dry run would not find.

    In check mode it is a warning.
    """
    try:
        if context.client.get("v1", "Namespace", context.namespace):
            return []
    except KubeError as error:
        if error.error == "forbidden":
            return []
        raise
    if not context.params["create_namespace"]:
        if not context.check_mode:
            msg = f"There is no namespace {context.namespace} for release {context.name}. Create it, or set create_namespace."
            raise HelmError(msg, error="namespace_not_found")
        # An earlier task of the play may be the one that creates it.
        context.report.warnings.append(f"There is no namespace {context.namespace} yet, which release {context.name} needs.")
        return []
    obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": context.namespace}}
    return [manifests.Change(manifests.title_of(obj), None, obj)]


def _crd_changes(context: Context, path: str) -> tuple[list[t.Any], str]:
    """Return the CRDs to apply with their differences, and what the chart makes of the values without the cluster."""
    if context.params["crds"] == "keep" or not charts.may_have_crds(path):
        return [], ""
    from . import _crds as _helm_crds

    # "helm show crds" would be simpler. It forgets to separate files, and has those of subcharts that the values switch off.
    version = context.client.server_version()
    rendered = _helm_crds.split(context.helm.template(path, context.values.text, context.values.paths, kube_version=version))
    return _helm_crds.plan(context.client, rendered.crds, context.params["crds"]), rendered.rest


def _apply_crds(context: Context, planned: list[t.Any]) -> None:
    if not planned or "crds" in context.report.actions:
        return
    context.report.act("crds")
    if not context.check_mode:
        from . import _crds as _helm_crds

        context.apply(wanted for wanted, _change in planned)
        _helm_crds.await_served(context.client, planned)


def _pulled(context: Context, chart: charts.Chart, folder: str) -> str:
    context.require()
    path = context.helm.pull(chart, folder, **{name: context.params["chart"][name] for name in ("ca_file", "plain_http")})
    if chart.digest and not chart.oci:
        charts.archive_digest(path, chart.digest)
    return path
