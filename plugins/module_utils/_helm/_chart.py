# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Which chart is meant, what identifies its content, and the digest of everything that a release is made from."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tarfile
import typing as t
import urllib.parse
import zlib

from .storage import HelmError

# Raised when the digest comes to mean something else, so that releases of an older version of this code are compared anew.
_DIGEST_FORM = 1
_LABEL_LENGTH = 40
_EXACT_VERSION = re.compile(r"^v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$")
_SHA256 = re.compile(r"^sha256:[0-9a-f]{64}$")
_IGNORED = (".git",)


class Chart(t.NamedTuple):
    """A chart as the task names it."""

    ref: str
    repo_url: t.Optional[str] = None
    version: t.Optional[str] = None
    digest: t.Optional[str] = None

    @property
    def local(self) -> bool:
        """Whether it is a directory or an archive on this host. As helm does, a path that exists comes first."""
        return not self.repo_url and (os.path.exists(self.ref) or self.ref.startswith(("/", "./", "../")))

    @property
    def oci(self) -> bool:
        """Whether it is in a registry."""
        return self.ref.startswith("oci://")


def check(chart: Chart) -> None:
    """Refuse what cannot be right, before anything is started."""
    if chart.digest and not _SHA256.match(chart.digest):
        msg = f"Chart digest {chart.digest!r} has the wrong form: it must be sha256: followed by 64 hexadecimal digits."
        raise HelmError(msg, error="invalid_option")
    for url in (chart.ref, chart.repo_url or ""):
        if "://" in url and urllib.parse.urlsplit(url).username:
            msg = "An address of a chart must not hold a user name or password: every user of this host could read it. Log in with helm."
            raise HelmError(msg, error="invalid_option")
    if chart.oci and chart.repo_url:
        msg = f"Chart {chart.ref} is in a registry, so it has no repo_url. Leave repo_url out."
        raise HelmError(msg, error="invalid_option")
    if not chart.local:
        return
    if not os.path.exists(chart.ref):
        msg = f"There is no chart at {chart.ref} on this host. Give the path of a chart directory or of an archive."
        raise HelmError(msg, error="chart_not_found")
    if os.path.isdir(chart.ref) and not os.path.isfile(os.path.join(chart.ref, "Chart.yaml")):
        msg = f"The directory {chart.ref} is not a chart: it has no Chart.yaml."
        raise HelmError(msg, error="chart_not_found")
    if os.path.isdir(chart.ref) and chart.digest:
        msg = f"The chart {chart.ref} is a directory, and digest is for archives and registries. Leave digest out."
        raise HelmError(msg, error="invalid_option")


def identity(chart: Chart) -> t.Optional[str]:
    """Return what stands for the content of a chart; None when only a download can show it."""
    if chart.local:
        return tree_digest(chart.ref) if os.path.isdir(chart.ref) else archive_digest(chart.ref, chart.digest)
    if chart.digest:
        return chart.digest
    if _EXACT_VERSION.match(chart.version or ""):
        return json.dumps([chart.repo_url, chart.ref, chart.version])
    return None


def archive_digest(path: str, expected: t.Optional[str] = None) -> str:
    """Return the digest of a chart archive; an error when another one is expected."""
    found = "sha256:" + _file_digest(path)
    if expected and found != expected:
        msg = f"The chart archive {os.path.basename(path)} has the digest {found}, and the task expects {expected}. Correct one of the two."
        raise HelmError(msg, error="digest_mismatch", found_digest=found)
    return found


def tree_digest(root: str) -> str:
    """Return a digest over the names and contents of all files of a chart directory."""
    digest = hashlib.sha256()
    for directory, names, files in os.walk(root, followlinks=True):
        names[:] = sorted(name for name in names if name not in _IGNORED)
        for name in sorted(files):
            path = os.path.join(directory, name)
            digest.update(f"{os.path.relpath(path, root)}\0{_file_digest(path)}\n".encode())
    return "tree:" + digest.hexdigest()


def _file_digest(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest()
    except OSError as error:
        raise HelmError(f"The chart cannot be read: {path}: {error.strerror}.", error="chart_not_found") from error


def may_have_crds(path: str) -> bool:
    """Return whether asking helm for the CRDs of a local chart can be of use: it or a chart inside it has some."""
    if os.path.isdir(path):
        names: t.Iterable[str] = (os.path.join(root, name) for root, _names, files in os.walk(path) for name in files)
    else:
        try:
            with tarfile.open(path) as archive:
                names = archive.getnames()
        except (OSError, EOFError, tarfile.TarError, zlib.error):
            # Helm will report what is wrong with it.
            return True
    return any("/crds/" in name or ("/charts/" in name and name.endswith(".tgz")) for name in names)


def input_digest(chart_identity: str, values: t.Mapping[str, t.Any], files: t.Iterable[bytes], **options: t.Any) -> str:
    """Return the digest of all that a release is made from, short enough for a label.

    It is in labels, command lines and results, and with the rest of the input passwords could be tried against it. So
    nothing secret belongs into it: Values.kept_in() compares that with the record itself.
    """
    parts = {
        "form": _DIGEST_FORM,
        "chart": chart_identity,
        "values": values,
        "files": [hashlib.sha256(content).hexdigest() for content in files],
        **options,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:_LABEL_LENGTH]
