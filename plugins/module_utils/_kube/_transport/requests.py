# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Requests with JSON in and out: pages of a list, events of a watch, and errors that say what was tried."""

from __future__ import annotations

import http.client
import json
import typing as t
import urllib.parse

from ..errors import KubeError, error_of, names_an_object, status_of
from .http import Response, Transport
from .watch import ERROR, TICK, TRANSIENT, Object, Objects

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
        """Return the objects and the version of the list, in pages as large as kubectl's. seconds is as for answer(), for each page."""
        query = {"limit": str(PAGE), **selectors}
        found: Objects = []
        while True:
            try:
                answer = self.send("GET", path, attempt, query=query, headers=headers, seconds=seconds)
            except KubeError as problem:
                if problem.error != "expired" or "continue" not in query:
                    raise
                # The list took so long that its pages no longer fit together.
                found = []
                del query["continue"]
                continue
            # Objects in a list do not say what they are.
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
        except KubeError as problem:
            # A new list heals the first two, with a newer token if there is one, and is asked for again as long as the others last.
            if problem.error not in ("expired", "unauthorized", *TRANSIENT):
                raise
            yield ERROR, {}
        except (http.client.HTTPException, ValueError) as problem:
            raise ConnectionError(str(problem)) from problem

    def maybe(self, method: str, path: str, attempt: str, *, body: t.Any = None) -> t.Optional[Object]:
        """Send a request and return the object in the answer, None when it does not exist."""
        try:
            return self.send(method, path, attempt, body=body)
        except KubeError as problem:
            if problem.error == "not_found":
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
    ) -> t.Any:
        """Send a request and return the object in the answer. hide: values that no error message may hold."""
        try:
            response = self.answer(
                method, path, attempt, query=query, body=body, patch=patch, headers=headers, patient=patient, seconds=seconds
            )
        except KubeError as problem:
            if any(word in str(problem) for word in hide):
                msg = f"Cannot {attempt}. The answer of the API server is not shown, because it holds a value of the Secret."
                raise KubeError(msg, error=problem.error, status=problem.details["status"]) from None
            raise
        try:
            return json.loads(response.body)
        except ValueError:
            said = " ".join(response.body[:200].decode("utf-8", "replace").split())
            msg = f"Cannot {attempt}: {self._transport.access.server} answered no JSON: {said}"
            raise KubeError(msg, error="server_error", status=response.status) from None

    def answer(
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
    ) -> Response:
        """Send a request and return the answer; an error status is a KubeError. seconds: less time than requests have usually."""
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
            raise self.error(attempt, response)
        return response

    def error(self, attempt: str, response: Response) -> KubeError:
        """Return what an answer with an error status means."""
        access = self._transport.access
        problem = error_of(attempt, response.status, response.body, server=access.server, credentials=access.refused)
        if problem.error == "not_found" and not names_an_object(status_of(response.body)):
            msg = f"Cannot {attempt}: the API server at {access.server} does not know this kind in this version. Install what defines it."
            return KubeError(msg, error="unknown_kind", status=404)
        return problem
