# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Requests with JSON in and out: pages of a list, events of a watch, and errors that name what was tried."""

from __future__ import annotations

import http.client
import json
import typing as t
import urllib.parse

from ..errors import KubeError, error_of, names_an_object, status_of
from ..objects import Object, Objects
from .http import Response, Transport
from .watch import ERROR, TICK, TRANSIENT

PAGE = 500
# The server ends a watch itself; one that is silent for this long beyond that is dead.
WATCH_SILENCE = 5

# A line without content is time that passed.
_TICK = json.dumps({"type": TICK, "object": {}})
_JSON = {"Accept": "application/json", "Content-Type": "application/json"}
_PATCHES = {"merge": "application/merge-patch+json", "json": "application/json-patch+json", "apply": "application/apply-patch+yaml"}


class Requests:
    """What the verbs of the client are made of. attempt is for messages, as in "apply Deployment web in namespace physics"."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        # In order and once each.
        self.warnings: dict[str, None] = {}

    def pages(
        self,
        api_version: str,
        kind: str,
        path: str,
        attempt: str,
        selectors: t.Mapping[str, str],
        headers: t.Optional[t.Mapping[str, str]] = None,
        seconds: t.Optional[float] = None,
    ) -> tuple[Objects, str]:
        """Return the objects and the version of the list, in pages as large as kubectl's. seconds is as for send(), for each page."""
        query = {"limit": str(PAGE), **selectors}
        found: Objects = []
        while True:
            try:
                answer = self.send("GET", path, attempt, query=query, headers=headers, seconds=seconds)
            except KubeError as error:
                if error.error != "expired" or "continue" not in query:
                    raise
                # The list took so long that its pages no longer fit together.
                found = []
                del query["continue"]
                continue
            # Objects in a list have no kind of their own.
            found += [{**obj, "apiVersion": api_version, "kind": kind} for obj in answer.get("items") or []]
            query["continue"] = answer["metadata"].get("continue") or ""
            if not query["continue"]:
                return found, str(answer["metadata"].get("resourceVersion") or "")

    def events(
        self, path: str, attempt: str, query: t.Mapping[str, str], seconds: float, tick: t.Optional[float] = None
    ) -> t.Iterator[tuple[str, Object]]:
        """Yield the events of one watch request, and TICK with an empty object after each tick seconds without any."""
        query = {**query, "watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(max(1, int(seconds)))}
        address = f"{path}?{urllib.parse.urlencode(query)}"
        try:
            with self._transport.stream(address, patience=seconds + WATCH_SILENCE, tick=tick) as lines:
                if lines.status != 200:
                    raise self.error(attempt, Response(lines.status, {}, b"".join(lines)))
                for line in lines:
                    event = json.loads(line or _TICK)
                    yield event["type"], event["object"]
        except KubeError as error:
            # A new list heals the first two, with a newer token if there is one, and is fetched again as long as the others last.
            if error.error not in ("expired", "unauthorized", *TRANSIENT):
                raise
            yield ERROR, {}
        except (http.client.HTTPException, ValueError) as error:
            raise ConnectionError(str(error)) from error

    def maybe(self, method: str, path: str, attempt: str, *, body: t.Any = None) -> t.Optional[Object]:
        """Send a request and return the object in the answer, None when it does not exist."""
        try:
            return self.send(method, path, attempt, body=body)
        except KubeError as error:
            if error.error == "not_found":
                return None
            raise

    def send(
        self,
        method: str,
        path: str,
        attempt: str,
        *,
        query: t.Optional[t.Mapping[str, str]] = None,
        body: t.Any = None,
        patch: str = "",
        headers: t.Optional[t.Mapping[str, str]] = None,
        patient: bool = True,
        seconds: t.Optional[float] = None,
        hide: t.Iterable[str] = (),
        text: bool = False,
    ) -> t.Any:
        """Send a request and return the object in the answer; with text, the answer as it is. An error status is a KubeError.

        seconds: less time than requests have usually. hide: values that no error message may hold.
        """
        response = self._transport.request(
            method,
            path + ("?" + urllib.parse.urlencode(query) if query else ""),
            body=None if body is None else json.dumps(body).encode(),
            headers={**_JSON, **({"Content-Type": _PATCHES[patch]} if patch else {}), **(headers or {})},
            # Applying or merging the same again changes nothing; the operations of a JSON patch may add up.
            repeatable=True if patch in ("apply", "merge") else None,
            patient=patient,
            seconds=seconds,
        )
        self.warnings.update(dict.fromkeys(response.warnings))
        if response.status >= 400:
            raise self._without(hide, attempt, self.error(attempt, response))
        if text:
            return response.body.decode("utf-8", "replace")
        try:
            return json.loads(response.body)
        except ValueError:
            start = " ".join(response.body[:200].decode("utf-8", "replace").split())
            msg = f"Cannot {attempt}: {self._transport.access.server} answered with something that is not valid JSON: {start}"
            raise KubeError(msg, error="server_error", status=response.status) from None

    def _without(self, hide: t.Iterable[str], attempt: str, error: KubeError) -> KubeError:
        """Return an error whose text repeats none of the values."""
        if not any(word in str(error) for word in hide):
            return error
        msg = f"Cannot {attempt}. The answer of the API server is not shown, because it holds a value of the Secret."
        return KubeError(msg, error=error.error, status=error.details["status"])

    def error(self, attempt: str, response: Response) -> KubeError:
        """Return what an answer with an error status means."""
        access = self._transport.access
        error = error_of(attempt, response.status, response.body, server=access.server, credentials=access.refused)
        if error.error == "not_found" and not names_an_object(status_of(response.body)):
            msg = f"Cannot {attempt}: the API server at {access.server} does not know this kind in this version. Install what defines it."
            return KubeError(msg, error="unknown_kind", status=404)
        return error
