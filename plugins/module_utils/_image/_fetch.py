# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Downloads into the cache: verified before use, resumed after a cut, and never half done under the final name."""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any, Optional

from ._progress import Every, say
from .digest import find_sha256, sha256_of, verify
from .errors import BuildError

_CHUNK = 1024 * 1024
_TIMEOUT = 60
# Some download servers refuse a request without a name.
_AGENT = "campus.moodle image builder"


def read_headers(path: Optional[str]) -> dict[str, str]:
    """Request headers from a file with one "Name: value" per line, so that tokens are never arguments.

    :raises BuildError: when the file cannot be read or a line is not a header.
    """
    if not path:
        return {}
    try:
        lines = [line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        msg = f"The file with request headers cannot be read: {error}."
        raise BuildError(msg) from error
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if line and not (colon and re.fullmatch(r"[A-Za-z0-9-]+", name)):
            msg = f"{path} must hold one 'Name: value' per line."
            raise BuildError(msg)
        if line:
            headers[name] = value.strip()
    return headers


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Drops the private headers when a redirect leads to another host."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and urllib.parse.urlsplit(newurl).netloc != urllib.parse.urlsplit(req.full_url).netloc:
            request.headers = {name: value for name, value in request.headers.items() if name in ("User-agent", "Range")}
        return request


def _open(url: str, headers: Mapping[str, str]) -> Any:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        msg = f"{public(url)} is not an http or https address."
        raise BuildError(msg)
    request = urllib.request.Request(url, headers={"User-Agent": _AGENT, **headers})  # noqa: S310 - the scheme is checked above
    return urllib.request.build_opener(_Redirects).open(request, timeout=_TIMEOUT)


def public(url: str) -> str:
    """A URL without user, password and query, which may be secret."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.hostname or "", parts.path, "", ""))


class Cache:
    """The download cache.

    :param directory: is created when it is missing.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def get(self, url: str, sha256: str, *, headers_file: Optional[str] = None) -> Path:
        """The verified file behind an address, from the cache or downloaded.

        A file of that name in the cache folder itself counts too, so that an administrator can put one there.

        :param sha256: 64 hexadecimal digits.
        :param headers_file: see `read_headers`.
        :raises BuildError: when it cannot be had, or has another checksum.
        """
        name = _file_name(url)
        stored = self.directory / "downloads" / f"{sha256[:16]}-{name}"
        for candidate in (stored, self.directory / name):
            if candidate.is_file():
                if sha256_of(candidate) == sha256:
                    say(f"using {candidate}")
                    return candidate
                say(f"{candidate} has another checksum, so it is not used")
        partial = stored.with_name(f"{stored.name}.part")
        partial.parent.mkdir(parents=True, exist_ok=True)
        resumed = self._download(url, partial, headers_file)
        if resumed and sha256_of(partial) != sha256:
            # The rest did not belong to the part that was there; once more from the start.
            partial.unlink()
            self._download(url, partial, headers_file)
        try:
            verify(partial, sha256, public(url))
        except BuildError:
            partial.unlink()
            raise
        os.replace(partial, stored)
        return stored

    def get_unpinned(self, url: str, target: Path) -> Path:
        """Download a file that has no known checksum to `target`; only over HTTPS.

        :raises BuildError: when it cannot be had.
        """
        if not url.startswith("https://"):
            msg = f"{public(url)} has no checksum, so it must be an https address."
            raise BuildError(msg)
        partial = target.with_name(f"{target.name}.part")
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        self._download(url, partial, None)
        os.replace(partial, target)
        return target

    def published_sha256(self, url: str) -> str:
        """The checksum that stands beside an archive, at the same address with .sha256 at its end.

        A copy in the cache folder, named like the archive with .sha256, is used when the address cannot be reached.

        :raises BuildError: when there is none.
        """
        name = _file_name(url)
        kept = self.directory / f"{name}.sha256"
        try:
            with _open(f"{url}.sha256", {}) as answer:
                text = answer.read(4096).decode("utf-8", "replace")
        except (OSError, BuildError) as error:
            if not kept.is_file():
                msg = (
                    f"The published checksum of {name} cannot be had ({error}). Set the checksum yourself, name an archive on the "
                    f"control node, or put {name} and {name}.sha256 into {self.directory}."
                )
                raise BuildError(msg, "unavailable") from error
            text = kept.read_text(encoding="utf-8")
        found = find_sha256(text)
        if not found:
            msg = f"{public(url)}.sha256 holds no SHA-256 checksum."
            raise BuildError(msg, "unavailable")
        return found

    def _download(self, url: str, partial: Path, headers_file: Optional[str]) -> bool:
        """Download to `partial`, from where it ends if it is there; whether an earlier part was kept."""
        start = partial.stat().st_size if partial.exists() else 0
        headers = read_headers(headers_file)
        if start:
            headers["Range"] = f"bytes={start}-"
        say(f"downloading {public(url)}")
        try:
            with _open(url, headers) as answer:
                resumed = start > 0 and answer.status == 206
                with partial.open("ab" if resumed else "wb") as file:
                    _copy(answer, file, start if resumed else 0)
                return resumed
        except urllib.error.HTTPError as error:
            if error.code == 416 and start:
                # Nothing is missing: the earlier part was complete, and its checksum decides.
                return True
            msg = f"Cannot download {public(url)}: the server answered {error.code} {error.reason}."
            raise BuildError(msg, "unavailable") from error
        except OSError as error:
            msg = f"Cannot download {public(url)}: {error}."
            raise BuildError(msg, "unavailable") from error


def _copy(answer: Any, file: IO[bytes], done: int) -> None:
    total = done + int(answer.headers.get("Content-Length") or 0)
    progress = Every()
    for chunk in iter(lambda: answer.read(_CHUNK), b""):
        file.write(chunk)
        done += len(chunk)
        progress.say(f"{done // _CHUNK} of {total // _CHUNK or '?'} MiB")


def _file_name(url: str) -> str:
    name = PurePosixPath(urllib.parse.unquote(urllib.parse.urlsplit(url).path)).name
    return re.sub(r"[^A-Za-z0-9._+-]", "_", name) or "download"
