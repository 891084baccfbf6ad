# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The smoke test of a site: what it does on a good one, and what it says of each thing that can be wrong."""

from __future__ import annotations

import html.parser
import re
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._site import _smoke_steps as steps
from ansible_collections.campus.moodle.plugins.module_utils._site import smoke
from ansible_collections.campus.moodle.plugins.module_utils._site._page import Page
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.tests.unit.fakes.site_fakes import ROOT
from ansible_collections.campus.moodle.tests.unit.fakes.smoke_site import INSIDE, LOGIN, URL, SmokeSite, serve

PASSWORD = "Known-to-this-test-1"
NAMES = ["page", "account", "login", "refusal", "course", "file", "mail", "cron", "cleanup"]


@pytest.fixture
def site() -> SmokeSite:
    """Return a site where everything works."""
    return SmokeSite()


@pytest.fixture
def run(site: SmokeSite) -> t.Iterator[t.Callable[..., dict[str, t.Any]]]:
    """run(option=...) is a smoke test of the site; a failed one returns its details, with the text as msg."""
    server = serve(site)
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    def start(*, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        params = {"url": URL, "address": "127.0.0.1", "port": server.server_port, "tls": False, "login_path": "/login/index.php"}
        params |= {"mail_to": "ops@example.edu", "cron_wait": 60, **options}
        try:
            return smoke.run(site.program, params, PASSWORD, check_mode=check_mode, sleep=sleep, clock=lambda: now[0])
        except ToolError as error:
            return {"msg": str(error), **error.details}

    yield start
    server.shutdown()
    server.server_close()


def states(result: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return the state of each step."""
    return {row["step"]: row["state"] for row in result["steps"]}


def sentence(result: t.Mapping[str, t.Any], step: str) -> str:
    """Return what is said of a step."""
    return str(next(row["sentence"] for row in result["steps"] if row["step"] == step))


def test_a_good_site_passes_and_keeps_nothing(site: SmokeSite, run: t.Callable[..., dict[str, t.Any]]) -> None:
    result = run()
    assert states(result) == dict.fromkeys(NAMES, "ok"), result
    assert (result["changed"], "msg" in result) == (True, False)
    assert (site.passwords, site.courses) == ({}, [])
    assert re.fullmatch(r"campus-verify-[0-9a-f]{16} removed\.", sentence(result, "cleanup"))
    assert sentence(result, "mail") == "The mail server smtp.example.edu:587 took a mail to ops@example.edu."
    assert "within 2 seconds" in sentence(result, "cron")
    assert PASSWORD not in repr(result)
    assert PASSWORD not in repr(site.commands)


def test_check_mode_only_opens_a_page(site: SmokeSite, run: t.Callable[..., dict[str, t.Any]]) -> None:
    result = run(check_mode=True)
    assert states(result) == {**dict.fromkeys(NAMES, "skipped"), "page": "ok"}
    assert (result["changed"], site.commands) == (False, [])


def test_mail_is_sent_only_where_it_is_requested(site: SmokeSite, run: t.Callable[..., dict[str, t.Any]]) -> None:
    result = run(mail_to=None)
    assert states(result) == {**dict.fromkeys(NAMES, "ok"), "mail": "skipped"}
    assert "moodle_verify_mail_to" in sentence(result, "mail")
    assert not [words for words in site.commands if "mail" in words]


def test_all_reasons_come_at_once(site: SmokeSite, run: t.Callable[..., dict[str, t.Any]]) -> None:
    site.faults = {"mail": "The mail server\nsays no.", "courses": "No room."}
    site.spoils_files = True
    result = run()
    assert [name for name, state in states(result).items() if state == "failed"] == ["course", "file", "mail"]
    assert result["msg"].splitlines() == [
        f"The site {URL} failed in 3 of 9 steps:",
        "- course: No room.",
        "- file: A file of 100000 bytes was uploaded, and 100000 other bytes came back.",
        "- mail: The mail server says no.",
    ]
    assert result["error"] == "failed_steps"
    assert site.passwords == {}


def test_what_needs_another_step_is_left_out(site: SmokeSite, run: t.Callable[..., dict[str, t.Any]]) -> None:
    site.faults = {"users": "Moodle does not take the password."}
    result = run()
    left_out = dict.fromkeys(("login", "refusal", "course", "file"), "skipped")
    assert states(result) == {**dict.fromkeys(NAMES, "ok"), "account": "failed", **left_out}
    assert sentence(result, "login") == "Not possible without account."


# What is wrong with the site, the step that says so, and words of its sentence.
WRONG: list[tuple[dict[str, t.Any], str, str]] = [
    (
        {"redirects": {"/login/index.php": "https://sso.example.edu/auth"}},
        "page",
        "leads to https://sso.example.edu/auth, so users log in else",
    ),
    ({"login_page": "<p>Use our app</p>"}, "page", "has no form for name and password"),
    ({"login_page": '<div class="alert alert-danger"><b>Closed</b></div>'}, "page", "It says: Closed"),
    ({"redirects": {"/login/index.php": "/login/index.php"}}, "page", "redirects in a loop"),
    ({"refuses_everybody": True}, "login", "The right password was refused: Invalid login, please try again"),
    ({"after_login": "/admin/tool/policy/index.php"}, "login", "has to agree to the policies of the site first"),
    ({"after_login": "/user/policy.php"}, "login", "has to agree to the policies of the site first"),
    ({"after_login": "/login/change_password.php"}, "login", "has to change the password first"),
    ({"after_login": "/user/edit.php?id=3"}, "login", "has to complete the profile first"),
    ({"after_login": "/m\u00fc/"}, "login", "gives no answer"),
    ({"after_login": "/admin/tool/mfa/auth.php"}, "login", "has to give a second factor first"),
    ({"lets_everybody_in": True}, "refusal", "A wrong password led to /my/"),
    (
        {"redirects": {"/course/view.php?id=7": "/enrol/index.php?id=7"}},
        "course",
        "The course leads to /enrol/index.php?id=7, which does not show",
    ),
    ({"redirects": {"/course/view.php?id=7": "https://elsewhere.example.edu/"}}, "course", "not below"),
    ({"redirects": {"/user/files.php": "/my/"}}, "file", "The page of private files (/my/) offers no upload."),
    ({"upload_error": "A virus was found."}, "file", "The upload was refused: A virus was found."),
    ({"task_states": ["failed"]}, "cron", "A background task failed; cron started 5000 seconds ago, and 12 tasks are due."),
    ({"task_states": ["waiting"]}, "cron", "was not run within 62 seconds; cron started 5000 seconds ago"),
    ({"faults": {"end": "Moodle cannot delete it."}}, "cleanup", "Moodle cannot delete it."),
]


@pytest.mark.parametrize(("wrong", "step", "words"), WRONG, ids=[f"{step}-{number}" for number, (_wrong, step, _words) in enumerate(WRONG)])
def test_what_is_wrong_is_said(
    site: SmokeSite, run: t.Callable[..., dict[str, t.Any]], wrong: dict[str, t.Any], step: str, words: str
) -> None:
    for name, value in wrong.items():
        setattr(site, name, value)
    result = run()
    assert [row["step"] for row in result["steps"] if row["state"] == "failed"] == [step]
    assert words in sentence(result, step)
    assert PASSWORD not in repr(result)
    assert site.passwords == {} or step == "cleanup"


def test_no_account_is_made_that_the_image_could_not_remove(site: SmokeSite, run: t.Callable[..., dict[str, t.Any]]) -> None:
    site.faults = {"smoke": "There is no command smoke."}
    result = run()
    assert sentence(result, "account") == "There is no command smoke."
    assert not [words for words in site.commands if "users" in words]


def test_another_path_leads_to_the_form(site: SmokeSite, run: t.Callable[..., dict[str, t.Any]]) -> None:
    site.redirects = {"/login/index.php": "https://sso.example.edu/"}
    assert states(run(login_path="/login/index.php?saml=off")) == dict.fromkeys(NAMES, "ok")


def test_what_earlier_runs_left_is_told(site: SmokeSite, run: t.Callable[..., dict[str, t.Any]]) -> None:
    site.left = ["account campus-verify-0"]
    assert "Earlier runs had left account campus-verify-0, which was removed." in sentence(run(), "account")


def test_a_run_that_is_interrupted_cleans_up(
    site: SmokeSite, run: t.Callable[..., dict[str, t.Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_test: steps.Test) -> str:
        raise KeyboardInterrupt

    table = tuple(step._replace(do=interrupt) if step.name == "course" else step for step in smoke.STEPS)
    monkeypatch.setattr(smoke, "STEPS", table)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert site.passwords == {}
    assert site.commands[-1][1:3] == ["smoke", "end"]


def test_the_image_removes_what_the_module_makes() -> None:
    command = (ROOT / "roles/image/files/rootfs/opt/campus-moodle/src/Command/Smoke.php").read_text(encoding="utf-8")
    constants = dict(re.findall(r"const (PREFIX|DOMAIN) = '([^']+)'", command))
    assert constants == {"PREFIX": steps.PREFIX, "DOMAIN": steps.DOMAIN}


def test_a_password_suits_every_policy() -> None:
    one, other = smoke.new_password(), smoke.new_password()
    assert one != other
    assert len(one) == smoke.PASSWORD_LENGTH
    assert all(any(character in kind for character in one) for kind in smoke.PASSWORD)
    assert not [pair for pair in zip(one, one[1:]) if pair[0] == pair[1]]


def test_a_file_that_the_parser_takes_for_a_broken_page_is_still_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the test's own file is at times, whose content is random."""

    def give_up(_self: t.Any, _text: str) -> None:
        raise AssertionError

    monkeypatch.setattr(html.parser.HTMLParser, "feed", give_up)
    page = Page("/file", b"anything")
    assert (page.body, page.text, page.forms, page.complaint) == (b"anything", "anything", [], "")


def test_a_page_is_read_by_names() -> None:
    outside, inside = (Page("/x", text.encode()) for text in (LOGIN.format(error="No"), INSIDE.format(title="A", content="")))
    assert outside.login_form is not None
    assert outside.login_form.fields == {"logintoken": "t0ken", "username": "", "password": ""}
    assert (outside.sesskey, outside.complaint) == ("", "No")
    assert (inside.login_form, inside.sesskey, inside.complaint, inside.draft_area, inside.upload_source) == (None, "k3y", "", "", "")
