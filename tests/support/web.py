# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""A user of the site, by HTTP alone. Works on Moodle and on the rehearsal payload."""

from __future__ import annotations

import html
import re
import typing as t
import urllib.parse

import requests

TIMEOUT = 60  # seconds for one answer
LOGOUT = re.compile(r'href="[^"]*/login/logout\.php\?sesskey=(\w+)')
INPUT = re.compile(r"<input\b[^>]*>")
ATTRIBUTE = re.compile(r'([\w-]+)\s*=\s*"([^"]*)"')


def hidden_fields(page: str) -> dict[str, str]:
    """Return name -> value of the hidden fields of a page, whatever form they belong to."""
    fields = {}
    for tag in INPUT.findall(page):
        attributes = dict(ATTRIBUTE.findall(tag))
        if attributes.get("type") == "hidden" and "name" in attributes:
            fields[attributes["name"]] = html.unescape(attributes.get("value", ""))
    return fields


class User:
    """A browser's worth of cookies on one site."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.sesskey = ""

    def get(self, path: str, **options: t.Any) -> requests.Response:
        """Get a page, following redirects."""
        return self.session.get(urllib.parse.urljoin(self.url + "/", path), timeout=TIMEOUT, **options)

    def login(self, name: str, password: str) -> requests.Response:
        """Send the login form and return the page it leads to; is_logged_in tells whether it worked."""
        form = self.get("/login/index.php")
        fields = {"logintoken": hidden_fields(form.text).get("logintoken", ""), "username": name, "password": password}
        page = self.session.post(f"{self.url}/login/index.php", data=fields, timeout=TIMEOUT)
        self.is_logged_in()
        return page

    def is_logged_in(self) -> bool:
        """Say whether the dashboard offers to log out."""
        match = LOGOUT.search(self.get("/my/").text)
        self.sesskey = match[1] if match else ""
        return bool(match)

    def upload(self, name: str, content: bytes) -> str:
        """Put a file among the user's private files and return the address it can be downloaded from."""
        page = self.get("/user/files.php").text
        # Moodle's page has no field for a file before its scripts have run.
        field = re.search(r'<input\b[^>]*type="file"[^>]*name="([^"]+)"|<input\b[^>]*name="([^"]+)"[^>]*type="file"', page)
        if field is None:
            self._upload_to_file_manager(page, name, content)
        else:
            fields = {key: value for key, value in hidden_fields(page).items() if key == "sesskey"}
            self.session.post(
                f"{self.url}/user/files.php", data=fields, files={field[1] or field[2]: (name, content)}, timeout=TIMEOUT
            ).raise_for_status()
        return self.private_file(name)

    def _upload_to_file_manager(self, page: str, name: str, content: bytes) -> None:
        """Do what Moodle's file manager does: upload to the draft area, then save the form."""
        repository = re.search(r'\{"id":"(\d+)","name":"[^"]*","type":"upload"', page)
        assert repository, "the file manager offers no upload repository"
        fields = hidden_fields(page)
        draft = fields["files_filemanager"]
        answer = self.session.post(
            f"{self.url}/repository/repository_ajax.php?action=upload",
            data={"sesskey": self.sesskey, "repo_id": repository[1], "itemid": draft, "savepath": "/", "env": "filemanager", "title": name},
            files={"repo_upload_file": (name, content)},
            timeout=TIMEOUT,
        ).json()
        assert answer.get("file") == name, f"the upload was refused: {answer}"
        saved = self.ajax(
            "core_form_dynamic_form",
            {"form": "core_user\\form\\private_files", "formdata": urllib.parse.urlencode({**fields, "submitbutton": "1"})},
        )
        assert saved["submitted"], "the form of private files was not accepted"

    def ajax(self, method: str, arguments: dict[str, t.Any]) -> t.Any:
        """Call a function of Moodle's as its pages do, and return what it returns."""
        call: t.Any = [{"index": 0, "methodname": method, "args": arguments}]
        address = f"{self.url}/lib/ajax/service.php?sesskey={self.sesskey}&info={method}"
        answer = self.session.post(address, json=call, timeout=TIMEOUT).json()[0]
        assert answer["error"] is False, f"{method} was refused: {answer['exception']}"
        return answer["data"]

    def private_file(self, name: str) -> str:
        """Return the address of one of the user's private files."""
        page = html.unescape(self.get("/user/files.php").text).replace("\\/", "/")
        found = re.search(rf'["\'](?:https?://[^"\'/]+)?(/pluginfile\.php/[^"\'?]*/{re.escape(name)})', page)
        if found:
            return found[1]
        # Moodle's page names no addresses: the file manager asks for them. The user's context is in its options.
        context = re.search(r'"context":\{"id":"?(\d+)|"contextid":"?(\d+)', page)
        assert context, f"the page of private files does not lead to {name}"
        return f"/pluginfile.php/{context[1] or context[2]}/user/private/{name}"
