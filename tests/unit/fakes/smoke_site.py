# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A site for smoke tests: pages of Moodle's shape on a port of this machine, and the program of its image. What is wrong with it is set."""

from __future__ import annotations

import email.parser
import email.policy
import http.server
import json
import threading
import typing as t
import urllib.parse

from ansible_collections.campus.moodle.plugins.module_utils._moodle.program import MoodleProgram
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result

URL = "https://moodle.example.edu"
LOGIN = """<div class="login"><div class="alert alert-danger" role="alert">{error}</div>
<form id="login" action="https://moodle.example.edu/login/index.php" method="post"><input type="hidden" name="logintoken" value="t0ken">
<input type="text" name="username" id="username"><input type="password" name="password"><button type="submit">Log in</button></form>
<form id="guestlogin" action="/login/index.php" method="post"><input type="hidden" name="username" value="guest">
<input type="hidden" name="password" value="guest"></form></div>"""
INSIDE = '<html><a href="https://moodle.example.edu/login/logout.php?sesskey=k3y">Log out</a><h1>{title}</h1>{content}</html>'
MANAGER = """<form><input type="hidden" name="files_filemanager" value="4711"><br></form><script>M.form_filemanager.init(Y,
{"repo":[{"id":"9","name":"Recent","type":"recent"},{"id":"5","name":"Upload","type":"upload","supported_types":[]}]});</script>"""


class SmokeSite:
    """What the site knows. faults changes answers: a path leads to another page, or a command fails with a sentence."""

    def __init__(self) -> None:
        self.passwords: dict[str, str] = {}
        self.courses: list[str] = []
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.after_login = "/my/"
        self.lets_everybody_in = self.refuses_everybody = self.spoils_files = False
        self.upload_error = ""
        self.login_page = LOGIN
        self.faults: dict[str, str] = {}
        self.task_states = ["waiting", "done"]
        self.left: list[str] = []
        self.commands: list[list[str]] = []

    @property
    def program(self) -> MoodleProgram:
        """The program of the site's image."""
        return MoodleProgram(self._run, ["moodle"])

    def _run(self, words: list[str], text: t.Optional[str] = None, /) -> Result:
        self.commands.append(words)
        verb = next((word for word in words[1:3][::-1] if word in self.faults), "")
        if verb:
            return Result(4, json.dumps({"problems": [{"code": "refused", "sentence": self.faults[verb]}]}), "")
        return Result(0, json.dumps(self._answer(words[1:], json.loads(text or "{}"))), "")

    def _answer(self, words: list[str], request: dict[str, t.Any]) -> dict[str, t.Any]:
        """Do what a command does."""
        name = words[-1].partition("=")[2]
        if words[0] == "users":
            self.passwords.update({user["username"]: user["password"] for user in request["users"]})
        elif words[0] == "courses":
            self.courses += [course["fullname"] for course in request["courses"]]
        elif words[:2] == ["smoke", "end"]:
            removed = [name] if self.passwords.pop(name, None) else []
            self.courses.clear()
            return {"removed": removed}
        elif words[:2] == ["smoke", "task"]:
            if name == "0":
                return {"state": "done"}
            return {"state": self.task_states.pop(0) if len(self.task_states) > 1 else self.task_states[0]}
        answers: dict[str, dict[str, t.Any]] = {
            "users": {"changed": True, "before": {}, "after": {}},
            "courses": {"changed": True, "before": {}, "after": {}, "courses": [{"id": 7}]},
            "mail": {"server": "smtp.example.edu:587"},
            "tasks": {"cron": {"enabled": True, "age": 5000}, "queue": {"due": 12}},
            "smoke begin": {"removed": self.left, "task": 3},
        }
        return answers[words[0] if words[0] in answers else " ".join(words[:2])]

    def get(self, path: str, cookies: str) -> tuple[int, str, str | bytes]:
        """Return status, target of a redirect, and body."""
        if path in self.redirects:
            return 303, self.redirects[path], ""
        known = "MoodleSession=in" in cookies
        if path.startswith("/login/index.php"):
            return 200, "", self.login_page.format(error="")
        if not known:
            return 303, "/login/index.php", ""
        if path.startswith("/draftfile.php/"):
            return 200, "", self.files[path]
        content = {"/user/files.php": MANAGER, "/course/view.php?id=7": "".join(self.courses)}.get(path, "")
        return 200, "", INSIDE.format(title=path, content=content)

    def login(self, fields: dict[str, str]) -> tuple[bool, str]:
        """Return whether somebody is let in, and what the page says otherwise."""
        if fields.get("logintoken") != "t0ken":
            return False, "Your session has timed out."
        right = self.passwords.get(fields["username"]) == fields["password"] and not self.refuses_everybody
        return right or self.lets_everybody_in, "Invalid login,\nplease try again"

    def upload(self, kind: str, body: bytes) -> dict[str, t.Any]:
        """Keep a file as the file picker does."""
        raw = b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body
        parts = list(email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(raw).iter_parts())  # type: ignore[attr-defined]
        fields = {part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in parts}
        content = fields.pop("repo_upload_file")
        assert {key: fields[key] for key in ("sesskey", "repo_id", "itemid")} == {"sesskey": b"k3y", "repo_id": b"5", "itemid": b"4711"}
        if self.upload_error:
            return {"error": self.upload_error}
        path = f"/draftfile.php/1/user/draft/4711/{fields['title'].decode()}"
        self.files[path] = content[::-1] if self.spoils_files else content
        return {"url": URL + path, "id": 4711}


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers for the site."""

    site: SmokeSite

    def do_GET(self) -> None:
        """Show a page."""
        assert self.headers["Host"] == "moodle.example.edu"
        self._send(*self.site.get(self.path, self.headers.get("Cookie", "")))

    def do_POST(self) -> None:
        """Take a form."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/repository/"):
            self._send(200, "", json.dumps(self.site.upload(self.headers["Content-Type"], body)))
            return
        inside, error = self.site.login(dict(urllib.parse.parse_qsl(body.decode())))
        if inside:
            self._send(303, self.site.after_login, "", cookie="MoodleSession=in; path=/; secure; HttpOnly; SameSite=None; Partitioned")
        else:
            self._send(200, "", self.site.login_page.format(error=error))

    def _send(self, status: int, location: str, body: str | bytes, cookie: str = "MOODLEID=deleted; path=/") -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: t.Any) -> None:
        """Say nothing."""


def serve(site: SmokeSite) -> http.server.ThreadingHTTPServer:
    """Return a server of the site's pages, which runs until shutdown."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"site": site}))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server
