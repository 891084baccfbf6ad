# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""A new target is one role, one file and one line: the folder second_target/ adds one to a copy of the collection, and its playbooks run.

Its documentation (the choices in the argument specification of the role site, a page) would come on top.
"""

from __future__ import annotations

import difflib
import functools
import http.server
import json
import pathlib
import re
import tarfile
import threading
import typing as t

import pytest
from ansible_collections.campus.moodle.tests.unit.fakes.second_target import ADDED, LINE, TABLE, Collection
from ansible_collections.campus.moodle.tests.unit.fakes.site_fakes import ROOT


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Shows a folder and writes no log."""

    def log_message(self, format: str, *args: t.Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Collection]:
    """Return the collection; a server shows the pages of its site."""
    folder = tmp_path_factory.mktemp("second")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder / "physics" / "pages"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Collection(folder, server.server_address[1])
        server.shutdown()


def test_one_role_one_file_and_one_line_are_added(collection: Collection) -> None:
    added = {path.relative_to(ADDED) for path in ADDED.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    role = pathlib.Path("roles/target_folder")
    assert {path for path in added if role not in path.parents} == {TABLE.with_name("folder.py")}
    before, after = ((root / TABLE).read_text(encoding="utf-8").splitlines(keepends=True) for root in (ROOT, collection.path))
    assert [row for row in difflib.ndiff(before, after) if not row.startswith("  ")] == [f"+ {LINE}"]


def test_the_site_is_made_checked_and_removed(collection: Collection) -> None:
    status, output = collection.play("site", "--check", "--diff")
    assert status == 0, output
    assert not any(collection.site.iterdir()), output

    status, output = collection.play("site", "--diff")
    assert status == 0, output
    assert "docker" not in output
    assert "CANARY" not in output
    assert (collection.site / "pages" / "index.html").read_text(encoding="utf-8") == "Moodle physics, made of campus.moodle/site:1\n"
    assert json.loads((collection.site / "settings.json").read_text(encoding="utf-8")) == {"core": {"country": "DE"}}
    kept = {path.name: path.read_text(encoding="utf-8") for path in (collection.site / "secrets").iterdir()}
    assert set(kept) == {"admin_password", "database_password", "salt", "session_password", "smtp_password"}
    assert kept["smtp_password"] == "CANARY"

    status, output = collection.play("site")
    assert (status, "changed=0 " in output) == (0, True), output
    assert kept == {path.name: path.read_text(encoding="utf-8") for path in (collection.site / "secrets").iterdir()}

    status, output = collection.play("check")
    assert status == 0, output
    assert "Cron       started 1 seconds ago" in output

    assert_verified(collection)
    # The target has no collector of its own, so there is the part that every target has.
    status, output = collection.play("doctor", "-vvv")
    assert status == 0, output
    (packed,) = (collection.site.parent / "support").iterdir()
    with tarfile.open(packed) as archive:
        files = {row.name: t.cast("t.IO[bytes]", archive.extractfile(row)).read().decode() for row in archive}
    assert "physics/checks/tasks.json" in files
    assert not any("containers" in name for name in files)
    assert '"Cron started 1 seconds ago."' in files["physics/findings.json"]
    assert "CANARY" not in "".join(files.values()) + output
    assert packed.stat().st_mode & 0o777 == 0o600

    status, output = collection.play("destroy")
    assert status == 0, output
    assert "Set moodle_destroy_data to physics" in output
    assert {path.name for path in collection.site.iterdir()} == {"accounts.json", "moodle", "secrets", "settings.json"}
    status, output = collection.play("destroy", "-e", "moodle_destroy_data=physics")
    assert (status, collection.site.exists()) == (0, False), output


def assert_verified(collection: Collection) -> None:
    """A site without a page to log in fails with all reasons at once; own checks reach it, and no password is to be seen."""
    checks = collection.site.parent / "checks"
    checks.mkdir()
    tasks = {
        "10-cron": [{"name": "Ask", "campus.moodle.moodle_task_info": {"max_cron_age": 60}}],
        "20-name": [
            {"name": "Be strict", "ansible.builtin.fail": {"msg": "{{ verify_site.name }} at {{ verify_site.url }} is too small."}}
        ],
        "21-play": [{"hosts": "all", "tasks": []}],
        "22-loop": [{"ansible.builtin.fail": {"msg": "Room {{ item }} is closed."}, "loop": [1, 2]}],
        "23-hidden": [{"name": "Log in", "ansible.builtin.fail": {"msg": "with hunter2"}, "no_log": True}],
        "30-last": [
            {"name": "Look", "ansible.builtin.assert": {"that": ["verify_site.visit.tls is false", "verify_site.runner | length > 0"]}}
        ],
    }
    for name, content in tasks.items():
        (checks / f"{name}.yml").write_text(json.dumps(content), encoding="utf-8")
    (checks / "notes.txt").touch()

    status, output = collection.play("verify", "-vvv", "-e", f"moodle_verify_tasks={checks}")
    assert status != 0
    rows = dict(re.findall(r'"(\S+) +(ok|failed|skipped) +[0-9.]+ s  ', output))
    skipped = dict.fromkeys(("login", "refusal", "course", "file", "mail"), "skipped")
    assert rows == {
        "page": "failed",
        "account": "ok",
        "cron": "ok",
        "cleanup": "ok",
        **skipped,
        "10-cron": "ok",
        "20-name": "failed",
        "21-play": "failed",
        "22-loop": "failed",
        "23-hidden": "failed",
        "30-last": "ok",
    }
    assert re.search(
        r"The site physics failed:\\n- page: [^\\]* status 404[^\\]*\\n- 20-name: Be strict: physics at http://\S+ is too small", output
    )
    assert "21-play: Own check | Check that it holds tasks: 21-play.yml has to be a list of tasks, without a play around them." in output
    assert "22-loop: ansible.builtin.fail: Room 1 is closed.; Room 2 is closed." in output
    assert "23-hidden: Log in: it failed, and has no_log." in output
    made = json.loads((collection.site / "accounts.json").read_text(encoding="utf-8"))
    assert made["users"][0]["password"] not in output + repr(made["arguments"])

    empty = collection.site.parent / "no-checks"
    empty.mkdir()
    status, output = collection.play("verify", "--check", "-e", f"moodle_verify_tasks={empty}")
    assert (status == 0, "Not done in check mode" in output) == (False, True), output
    assert f"own checks: moodle_verify_tasks is {empty}, where there are no files *.yml." in output
    assert json.loads((collection.site / "accounts.json").read_text(encoding="utf-8")) == made


def test_options_and_rules_are_the_targets_own(collection: Collection) -> None:
    given = {"moodle_bind_address": "0.0.0.0", "moodle_tls": "external", "moodle_proxy_memory": "1g", "moodle_database_host_port": 1}
    status, output = collection.play("site", "-e", json.dumps(given))
    assert status != 0
    words = " ".join(output.replace("\\n", " ").split())
    for name in ("moodle_bind_address", "moodle_database_host_port", "moodle_proxy_memory"):
        assert f"{name} is for the target compose; this site is for folder, a folder of files. Remove it." in words, output
    assert "has 3 problem(s)" in words
