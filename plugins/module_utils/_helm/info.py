# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What is known about releases, for people and playbooks that only read."""

from __future__ import annotations

import itertools
import time
import typing as t

from .._kube.options import client_from
from ._manifest import objects
from ._mask import Mask, hidden, leaves
from .storage import SELECTOR, HelmError, Release, ReleaseStore, Revision, hook_row, refuse_other_driver, revision_of

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "names": {"type": "list", "elements": "str", "default": [], "aliases": ["name", "release_name"]},
    "namespace": {"type": "str", "aliases": ["release_namespace"]},
    "selector": {"type": "str"},
    "include": {"type": "list", "elements": "str", "default": [], "choices": ["values", "manifest", "hooks", "history", "resources"]},
    "show_values": {"type": "bool", "default": False},
    "stale_after": {"type": "int", "default": 600},
}


def run(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Read the releases and return the result of the module."""
    refuse_other_driver(environ)
    client = client_from(params, environ)
    found = find(client, names=params["names"], namespace=params["namespace"], selector=params["selector"])
    options = {"stale_after": params["stale_after"], "show_values": params["show_values"]}
    return {"changed": False, "releases": [describe(client, revisions, params["include"], **options) for revisions in found]}


def find(
    client: t.Any, *, names: t.Sequence[str] = (), namespace: t.Optional[str] = None, selector: t.Optional[str] = None
) -> list[list[Revision]]:
    """Return the revisions of each release, newest first, in the order of namespaces and names."""
    labels = [SELECTOR, *([f"name in ({','.join(names)})"] if names else []), *([selector] if selector else [])]
    rows = client.list("v1", "Secret", namespace, labels=",".join(labels), metadata_only=True)
    found = [revision for row in rows for revision in [revision_of(row)] if revision]
    found.sort(key=lambda revision: (revision.namespace, revision.name, -revision.number))
    return [list(group) for _key, group in itertools.groupby(found, key=lambda revision: (revision.namespace, revision.name))]


def describe(
    client: t.Any,
    revisions: t.Sequence[Revision],
    include: t.Collection[str],
    *,
    stale_after: int,
    show_values: bool = False,
    now: t.Callable[[], float] = time.time,
) -> dict[str, t.Any]:
    """Return what is known about one release, with the parts in include."""
    newest = revisions[0]
    store = ReleaseStore(client, newest.namespace, newest.name)
    release, unreadable = _readable(store, newest)
    age = max(0, int(now()) - newest.written)
    parts: dict[str, t.Callable[[], t.Any]] = {
        "values": lambda: release.values if show_values else hidden(release.values),
        "manifest": lambda: _masked(release, show_values).tree(objects(release.manifest)),
        "hooks": lambda: [{**hook_row(hook), "events": list(hook.get("events") or [])} for hook in release.hooks],
        "history": lambda: [_past(_readable(store, revision)[0]) for revision in revisions],
        "resources": lambda: _resources(client, release),
    }
    state = {"age_seconds": age, "pending": newest.pending, "stale": newest.pending and age > stale_after}
    row = {**release.summary(), **state, "unreadable": unreadable}
    # A dict has a method of the name values.
    return {**row, **{name if name != "values" else "user_values": parts[name]() for name in parts if name in include}}


def _readable(store: ReleaseStore, revision: Revision) -> tuple[Release, str]:
    """Return a revision, or what its labels have and why it cannot be read: one broken record must not hide the others."""
    try:
        return store.read(revision), ""
    except HelmError as error:
        known = {"name": revision.name, "namespace": revision.namespace, "version": revision.number}
        return Release(known, revision), str(error)


def _masked(release: Release, show_values: bool) -> Mask:
    """Values are also in the manifest, and here it is not known which of them are secret."""
    return Mask([] if show_values else (value for _path, value in leaves(release.values)))


def _past(release: Release) -> dict[str, t.Any]:
    shown = ("revision", "status", "chart", "chart_version", "app_version", "description", "input_digest")
    updated = (release.body.get("info") or {}).get("last_deployed") or ""
    return {**{name: value for name, value in release.summary().items() if name in shown}, "updated": updated}


def _resources(client: t.Any, release: Release) -> list[dict[str, t.Any]]:
    from ._wellbeing import states

    return states(client, release)
