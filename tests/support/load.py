# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""A small load on one site, to see whether anybody notices what happens to it meanwhile."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
import typing as t

import requests

from support.web import hidden_fields

PAUSE = 0.3  # seconds between two visits of one user; the site's own work must get done meanwhile
TIMEOUT = 30  # seconds for one answer
LONGEST = 900  # seconds; the load ends by then even when nobody stops it


@dataclasses.dataclass
class Outcome:
    """What the load saw: how many answers were good, and what was wrong with the others."""

    good: int = 0
    failures: list[str] = dataclasses.field(default_factory=list)
    slowest: float = 0.0  # seconds


class Load:
    """Users who, one after another, open the login page (GET) and send its form (POST)."""

    def __init__(self, url: str, users: int) -> None:
        self.url = url
        self.outcome = Outcome()
        self._stop = threading.Event()
        self._guard = threading.Lock()
        self._deadline = time.monotonic() + LONGEST
        self._threads = [threading.Thread(target=self._use_site, daemon=True) for _ in range(users)]

    def _use_site(self) -> None:
        while not self._stop.wait(PAUSE) and time.monotonic() < self._deadline:
            with requests.Session() as session:
                page = self._ask(session, "GET", "/login/index.php")
                if page is not None:
                    token = hidden_fields(page.text).get("logintoken", "")
                    form = {"username": "nobody", "password": "wrong", "logintoken": token}
                    self._ask(session, "POST", "/login/index.php", data=form)

    def _ask(self, session: requests.Session, method: str, path: str, **options: t.Any) -> requests.Response | None:
        """Send one request; a failure is an error of the connection, a status of 400 or more, or an empty page."""
        begin = time.monotonic()
        try:
            answer = session.request(method, self.url + path, timeout=TIMEOUT, **options)
        except requests.RequestException as error:
            self._count(begin, f"{method} {path}: {error!r}")
            return None
        if answer.status_code >= 400 or not answer.text:
            self._count(begin, f"{method} {path}: status {answer.status_code}, {len(answer.text)} characters")
            return None
        self._count(begin, None)
        return answer

    def _count(self, begin: float, failure: str | None) -> None:
        with self._guard:
            self.outcome.slowest = max(self.outcome.slowest, time.monotonic() - begin)
            if failure is None:
                self.outcome.good += 1
            else:
                self.outcome.failures.append(f"{time.strftime('%H:%M:%S')} {failure}")

    def start(self) -> None:
        """Let the users begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each user finish the request it waits for, then stop."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=2 * TIMEOUT)


@contextlib.contextmanager
def load_on(url: str, users: int = 4) -> t.Iterator[Outcome]:
    """Keep a site under load while the block runs; the outcome is complete after it."""
    load = Load(url, users)
    load.start()
    try:
        yield load.outcome
    finally:
        load.stop()
