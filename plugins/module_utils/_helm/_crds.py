# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The CRDs in the crds directories of a chart and its subcharts, which helm creates once and then ignores."""

from __future__ import annotations

import re
import typing as t

from .._kube.diff import applied_difference
from .._kube.objects import same
from .._kube.ready import ready
from .._kube.wait import Ref, wait_until
from ._manifest import Change, Object, objects, title_of
from .storage import HelmError

API_VERSION = "apiextensions.k8s.io/v1"
KIND = "CustomResourceDefinition"
ESTABLISHED_SECONDS = 60
# What helm puts in front of each file that it prints.
_SOURCE = re.compile(r"^---\n# Source: (.+)\n", re.MULTILINE)
# A file in the directory crds of a chart or of a chart inside it. In templates/crds are objects like any others.
_CRD_FILE = re.compile(r"[^/]+(?:/charts/[^/]+)*/crds/")


class Rendered(t.NamedTuple):
    """What a chart brings: the files in its crds directories, and everything else as one text."""

    crds: list[str]
    rest: str


def split(text: str) -> Rendered:
    """Take apart what "helm template --include-crds" has printed. A file with CRDs may have any comments and documents in it."""
    rest, *pieces = _SOURCE.split(text)
    crds: list[str] = []
    chart = pieces[0].partition("/")[0] if pieces else ""
    for source, content in zip(pieces[::2], pieces[1::2]):
        whole = f"---\n# Source: {source}\n{content}"
        if _CRD_FILE.match(source):
            crds.append(content)
        elif crds and not source.startswith(f"{chart}/"):
            # A comment in the file, which was rendered from another chart.
            crds[-1] += whole
        else:
            rest += whole
    return Rendered(crds, rest)


def plan(client: t.Any, texts: t.Iterable[str], mode: str) -> list[tuple[Object, Change]]:
    """Return the CRDs to apply with their differences. mode create leaves those alone that exist."""
    planned = []
    for crd in (obj for text in texts for obj in objects(text)):
        if crd["kind"] != KIND:
            continue
        live = client.get(crd["apiVersion"], KIND, crd["metadata"]["name"])
        if live is not None and mode == "create":
            continue
        refuse_lost_versions(live, crd)
        before, after = applied_difference(live, client.apply(crd, force=True, dry_run=True))
        if not same(before, after):
            planned.append((crd, Change(title_of(crd), before, after)))
    return planned


def refuse_lost_versions(live: t.Optional[Object], crd: Object) -> None:
    """Refuse to take away a version in which objects are stored: the server could not read them any more."""
    stored = ((live or {}).get("status") or {}).get("storedVersions") or []
    # The form before v1 has no list of versions; the server refuses it with a sentence of its own.
    lost = sorted(set(stored) - {version["name"] for version in crd["spec"].get("versions") or []})
    if lost:
        msg = (
            f"The chart's {title_of(crd)} has no version {', '.join(lost)} any more, and objects are stored in it. "
            "Migrate them to a version that stays, remove the old one from status.storedVersions, and run the task again."
        )
        raise HelmError(msg, error="crd_stored_version", versions=lost)


def await_served(client: t.Any, planned: t.Iterable[tuple[Object, Change]]) -> None:
    """Wait until the server serves CRDs that were applied."""
    for crd, _change in planned:
        outcome = wait_until(client, Ref(API_VERSION, KIND, crd["metadata"]["name"]), ready, timeout=ESTABLISHED_SECONDS)
        if not outcome.done:
            msg = f"{title_of(crd)} was applied, and the API server does not serve it: {outcome.reason}."
            raise HelmError(msg, error="timeout")
