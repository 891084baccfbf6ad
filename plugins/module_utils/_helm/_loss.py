# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What helm deletes, and that nothing with data in it goes unless the task confirms it."""

from __future__ import annotations

import typing as t

from .._kube.kinds import group_of
from .._kube.objects import holds_data
from ._manifest import Change, Object, contents
from .storage import HelmError, Release

_KEEP = ("helm.sh/resource-policy", "keep")


def removed(before: t.Optional[Release], after: t.Optional[Release], namespace: str) -> list[Change]:
    """Return the objects that helm deletes between two releases; hooks stay, and what the chart tells helm to keep."""
    old, new = (contents(release and Release({**release.body, "hooks": []}), namespace) for release in (before, after))
    # Another version of the API is the same object.
    stay = {(group_of(version), *rest) for _prefix, version, *rest in new}
    gone = [row for (_prefix, version, *rest), row in old.items() if (group_of(version), *rest) not in stay]
    return [Change(title, obj, None) for title, obj in gone if not _kept(obj)]


def refuse_loss(before: t.Optional[Release], after: t.Optional[Release], *, name: str, namespace: str, confirmed: t.Optional[str]) -> None:
    """Refuse a step that deletes objects with data in them, unless the name of the release was repeated."""
    lost = [change.title for change in removed(before, after, namespace) if holds_data(change.before)]
    if lost and confirmed != name:
        msg = f"{', '.join(lost)} of release {name} would be deleted, and all data in it. Set confirm_delete to {name} if that is intended."
        raise HelmError(msg, error="not_confirmed", confirm_delete=name, objects=lost)


def _kept(obj: Object) -> bool:
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    return bool(annotations.get(_KEEP[0]) == _KEEP[1])
