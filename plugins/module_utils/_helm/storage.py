# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Helm's own record of a release, read through the API without the helm program.

Each revision is one Secret. Its labels have the status, and its data is the whole release: JSON, compressed, in base64.
Helm 3 and 4 write the same form.
"""

from __future__ import annotations

import base64
import copy
import dataclasses
import gzip
import json
import typing as t
import zlib

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

PREFIX = "sh.helm.release.v1."
SELECTOR = "owner=helm"
# What a revision was made from, in hexadecimal, and the number of that revision. Helm keeps labels when it writes the
# Secret again, and hands them on to the next revision, however that is made: then the number differs.
INPUT_LABEL = "campus.moodle/input"
# Which run of the module made a revision.
RUN_LABEL = "campus.moodle/run"
# Some helm works on the release, or was killed while it did.
PENDING = ("pending-install", "pending-upgrade", "pending-rollback", "uninstalling")
# Revisions that worked once. A failed upgrade leaves the one before it deployed.
GOOD = ("deployed", "superseded")
_GZIP = b"\x1f\x8b\x08"
SUCCEEDED = "Succeeded"
_TEST = ("test", "test-success")


class HelmError(ToolError):
    """A release is not what it should be. details["error"] is a stable key."""

    def __init__(self, msg: str, *, error: str, **details: t.Any) -> None:
        super().__init__(msg, error=error, **details)


@dataclasses.dataclass(frozen=True)
class Revision:
    """What is in the labels of one release Secret."""

    name: str
    namespace: str
    number: int
    status: str
    # Empty unless the label is about this very revision.
    input_digest: str = ""
    run: str = ""
    # Seconds since 1970 by the clock of the helm that wrote it.
    written: int = 0

    @property
    def secret(self) -> str:
        """Return the name of the Secret."""
        return f"{PREFIX}{self.name}.v{self.number}"

    @property
    def pending(self) -> bool:
        """Whether helm has begun something with it and not recorded how that ended."""
        return self.status in PENDING


@dataclasses.dataclass(frozen=True)
class Release:
    """A whole release: of a Secret, or as helm printed it in a dry run."""

    body: t.Mapping[str, t.Any]
    revision: t.Optional[Revision] = None

    @property
    def manifest(self) -> str:
        """Return the objects, as YAML."""
        return str(self.body.get("manifest") or "")

    @property
    def hooks(self) -> list[dict[str, t.Any]]:
        """Return the hooks, each with its manifest and how it ended the last time."""
        return list(self.body.get("hooks") or [])

    @property
    def tests(self) -> list[dict[str, t.Any]]:
        """Return how the hooks that are tests ended on this very revision."""
        return [hook_row(hook) for hook in self.hooks if set(_TEST) & set(hook.get("events") or [])]

    @property
    def values(self) -> dict[str, t.Any]:
        """Return the values that the user gave, without the defaults of the chart."""
        return dict(self.body.get("config") or {})

    @property
    def chart(self) -> tuple[str, str, str]:
        """Return name, version and application version of the chart."""
        metadata = (self.body.get("chart") or {}).get("metadata") or {}
        return metadata.get("name") or "", metadata.get("version") or "", str(metadata.get("appVersion") or "")

    def summary(self) -> dict[str, t.Any]:
        """Return the release as modules do."""
        name, version, app_version = self.chart
        info = self.body.get("info") or {}
        return {
            "name": self.body.get("name") or "",
            "namespace": self.body.get("namespace") or "",
            "revision": self.body.get("version"),
            # The label is what helm goes by, and what recovery changes last.
            "status": self.revision.status if self.revision else info.get("status"),
            "description": info.get("description") or "",
            "chart": name,
            "chart_version": version,
            "app_version": app_version,
            # Releases of Helm 3 do not have it.
            "apply_method": self.body.get("apply_method") or "csa",
            "input_digest": self.revision.input_digest if self.revision else "",
        }


def hook_row(hook: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return a hook as modules do."""
    run = hook.get("last_run") or {}
    times = {name: run.get(name) or "" for name in ("started_at", "completed_at")}
    return {
        "name": hook.get("name", ""),
        "kind": hook.get("kind", ""),
        "phase": run.get("phase") or "Unknown",
        # Helm 3 writes a time of the year 1 for never.
        **{name: "" if value.startswith("0001-") else value for name, value in times.items()},
    }


def revision_of(secret: t.Mapping[str, t.Any]) -> t.Optional[Revision]:
    """Read the labels of a Secret; None when it is not a release."""
    metadata = secret["metadata"]
    labels = metadata.get("labels") or {}
    if not metadata["name"].startswith(PREFIX) or not str(labels.get("version")).isdigit():
        return None
    digest, _dot, number = labels.get(INPUT_LABEL, "").partition(".")
    return Revision(
        name=labels.get("name", ""),
        namespace=metadata.get("namespace", ""),
        number=int(labels["version"]),
        status=labels.get("status", "unknown"),
        input_digest=digest if number == labels["version"] else "",
        run=labels.get(RUN_LABEL, ""),
        written=int(labels.get("modifiedAt") or labels.get("createdAt") or 0),
    )


def labels_for(digest: str, number: int, run: str) -> str:
    """Return the labels of a revision that is to be made, in the form that helm takes."""
    return f"{INPUT_LABEL}={digest}.{number},{RUN_LABEL}={run}"


def decode(data: str) -> dict[str, t.Any]:
    """Return the release in the data of a Secret, as the API gives it."""
    raw = base64.b64decode(base64.b64decode(data))
    # Helm has compressed releases for a long time, and still reads older ones.
    return dict(json.loads(gzip.decompress(raw) if raw.startswith(_GZIP) else raw))


def encode(body: t.Mapping[str, t.Any]) -> str:
    """Return the data of a Secret for a release."""
    return base64.b64encode(base64.b64encode(packed(body))).decode()


def packed(body: t.Mapping[str, t.Any]) -> bytes:
    """Return a release as small as helm makes it."""
    return gzip.compress(json.dumps(body, separators=(",", ":")).encode(), compresslevel=9)


class ReleaseStore:
    """The revisions of one release."""

    def __init__(self, client: t.Any, namespace: str, name: str) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name

    def revisions(self) -> list[Revision]:
        """Return the revisions, newest first, without their data: that can be megabytes."""
        labels = f"{SELECTOR},name={self._name}"
        rows = self._client.list("v1", "Secret", self._namespace, labels=labels, metadata_only=True)
        found = [revision for row in rows for revision in [revision_of(row)] if revision]
        return sorted(found, key=lambda revision: revision.number, reverse=True)

    def read(self, revision: Revision) -> Release:
        """Return one revision whole."""
        secret = self._client.get("v1", "Secret", revision.secret, self._namespace)
        if secret is None:
            msg = f"Revision {revision.number} of release {self._name} was removed while it was read. Run the task again."
            raise HelmError(msg, error="conflict")
        return release_of(secret)

    def newest(self) -> t.Optional[Release]:
        """Return the newest revision whole, None when there is no release."""
        revisions = self.revisions()
        return self.read(revisions[0]) if revisions else None

    def mark_failed(self, revision: Revision, description: str) -> None:
        """Say of a revision that it failed, as helm would have, had it not been killed; helm goes on from there."""
        secret = self._client.get("v1", "Secret", revision.secret, self._namespace)
        seen = secret and revision_of(secret)
        if seen is None or seen.status != revision.status:
            msg = f"Release {self._name} was changed while it was recovered: helm seems to work on it. Run the task again later."
            raise HelmError(msg, error="conflict")
        body = copy.deepcopy(dict(release_of(secret).body))
        body.setdefault("info", {}).update(status="failed", description=description)
        self._change(secret, {"labels": {"status": "failed"}}, {"data": {"release": encode(body)}})

    def remember(self, revision: Revision, digest: str) -> Revision:
        """Note what a revision was made from, so that the next run need not start helm, and return it so."""
        secret = {"metadata": {"name": revision.secret}}
        self._change(secret, {"labels": {INPUT_LABEL: f"{digest}.{revision.number}"}}, {})
        return dataclasses.replace(revision, input_digest=digest)

    def _change(self, secret: t.Mapping[str, t.Any], metadata: dict[str, t.Any], rest: dict[str, t.Any]) -> None:
        lock = {key: secret["metadata"][key] for key in ("resourceVersion",) if key in secret["metadata"]}
        patch = {"metadata": {**metadata, **lock}, **rest}
        self._client.patch("v1", "Secret", secret["metadata"]["name"], patch, namespace=self._namespace)


def refuse_other_driver(environ: t.Mapping[str, str]) -> None:
    """Refuse an environment in which helm keeps its releases elsewhere."""
    driver = environ.get("HELM_DRIVER") or "secret"
    if driver not in ("secret", "secrets"):
        msg = f"HELM_DRIVER is {driver}, and only releases that helm keeps in Secrets are supported. Unset HELM_DRIVER."
        raise HelmError(msg, error="unsupported_option")


def release_of(secret: t.Mapping[str, t.Any]) -> Release:
    """Read a whole release Secret."""
    try:
        return Release(decode((secret.get("data") or {})["release"]), revision_of(secret))
    except (KeyError, TypeError, ValueError, OSError, EOFError, zlib.error) as error:
        msg = (
            f"Secret {secret['metadata']['name']} does not hold a release that can be read ({error}). Restore it, or delete that revision."
        )
        raise HelmError(msg, error="corrupt") from error
