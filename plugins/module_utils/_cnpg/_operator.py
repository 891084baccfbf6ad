# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The version of the installed CloudNativePG, and the vulnerabilities that it is known for.

What fields it knows is never derived from the version: the API server checks them against the definitions that are installed.
"""

from __future__ import annotations

import re
import typing as t

from ansible.module_utils.compat.version import LooseVersion

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient

OPERATOR_LABELS = "app.kubernetes.io/name=cloudnative-pg"
# Advisory, what it means, and the first fixed version of each branch that got a fix. Newer branches have the fix.
ADVISORIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("CVE-2026-44477", "a role that may read metrics can become superuser", ("1.28.3", "1.29.1")),
    ("CVE-2026-55769", "the owner of a database can run programs in the instance's pod", ("1.28.4", "1.29.2", "1.30.0")),
    ("CVE-2026-55765", "passwords of roles appear in clear text in pg_stat_statements and audit logs", ("1.28.4", "1.29.2", "1.30.0")),
    ("GHSA-7qwx-x8ff-3px9", "anyone who reaches port 8000 of a pod can control the instance; close it with a NetworkPolicy", ("1.30.0",)),
)


def operator_version(client: KubeClient) -> t.Optional[str]:
    """Return the version in the image tag of the operator's Deployment, in whichever namespace it is; None when unknown."""
    for row in client.list("apps/v1", "Deployment", labels=OPERATOR_LABELS):
        for container in row["spec"]["template"]["spec"]["containers"]:
            found = version_in_image(container.get("image", ""))
            if found:
                return found
    return None


def version_in_image(image: str) -> t.Optional[str]:
    """Return the version in an image's tag: operators are tagged 1.29.1 or 1.29.1-ubi9."""
    match = re.search(r":v?(\d+\.\d+\.\d+)", image)
    return match.group(1) if match else None


def advisories(version: t.Optional[str]) -> list[str]:
    """Return a sentence for each vulnerability that a version of the operator is known to have."""
    if not version:
        return []
    return [
        f"CloudNativePG {version} has {name}: {meaning}. Fixed in {', '.join(fixed)}."
        for name, meaning, fixed in ADVISORIES
        if not _fixed(version, fixed)
    ]


def _fixed(version: str, fixed: t.Sequence[str]) -> bool:
    """A branch of its own fix decides for its versions; every other branch is fixed when it is newer than all of them."""
    branch = version.rsplit(".", 1)[0]
    same = [row for row in fixed if row.rsplit(".", 1)[0] == branch]
    return LooseVersion(version) >= LooseVersion((same or [max(fixed, key=LooseVersion)])[0])
