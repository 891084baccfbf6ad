# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The sites of a Kubernetes cluster, from Helm releases and from objects of the kind MoodleSite."""

from __future__ import annotations

import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._helm.info import describe, find
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError

# Of what is known about a release.
FIELDS = ("name", "namespace", "status", "revision", "chart", "chart_version", "app_version")
API_VERSION, KIND = "campus.moodle.io/v1alpha1", "MoodleSite"
Site = dict[str, t.Any]


class Client(t.Protocol):
    """As much of KubeClient as is needed here."""

    def list(self, api_version: str, kind: str, namespace: t.Optional[str] = None, *, labels: t.Optional[str] = None) -> t.Any: ...


def sites(
    client: Client,
    *,
    sources: t.Collection[str],
    namespaces: t.Sequence[str],
    chart: str,
    selector: str,
    include_values: bool,
    warn: t.Callable[[str], None],
) -> list[Site]:
    """Return the sites by namespace and name. A site that is both an object and a release is one, and the object wins.

    warn gets a sentence for each release that cannot be read, and so may be a site or not.
    """
    found: dict[tuple[str, str], Site] = {}
    places: t.Sequence[t.Optional[str]] = namespaces or [None]
    for namespace in places:
        rows = releases(client, namespace, chart, selector, include_values=include_values, warn=warn) if "releases" in sources else []
        rows += objects(client, namespace, selector) if "objects" in sources else []
        for row in rows:
            key = (row["namespace"], row["name"])
            found[key] = {**found.get(key, {}), **row}
    return [found[key] for key in sorted(found)]


def releases(
    client: Client, namespace: t.Optional[str], chart: str, selector: str, *, include_values: bool, warn: t.Callable[[str], None]
) -> list[Site]:
    """Return the releases of a chart, by their newest revisions. Others in the same namespaces may be broken or go meanwhile."""
    rows: list[Site] = []
    for revisions in find(client, namespace=namespace, selector=selector or None):
        newest = revisions[0]
        if newest.status == "uninstalled":
            continue
        release = describe(client, revisions, ["values"] * include_values, stale_after=0, show_values=True)
        if release["unreadable"]:
            warn(f"The release {newest.name} in namespace {newest.namespace} is left out of the inventory. {release['unreadable']}")
        elif release["chart"] == chart:
            fields = (*FIELDS, *["user_values"] * include_values)
            rows.append({"source": "release", **{field: release[field] for field in fields}})
    return rows


def objects(client: Client, namespace: t.Optional[str], selector: str) -> list[Site]:
    """Return the MoodleSite objects; none where the cluster does not know the kind."""
    try:
        found = client.list(API_VERSION, KIND, namespace, labels=selector or None)
    except KubeError as error:
        if error.error == "unknown_kind":
            return []
        raise
    return [
        {
            "source": "object",
            "name": row["metadata"]["name"],
            "namespace": row["metadata"]["namespace"],
            "labels": row["metadata"].get("labels") or {},
            "spec": row.get("spec") or {},
            "object_status": row.get("status") or {},
        }
        for row in found
    ]
