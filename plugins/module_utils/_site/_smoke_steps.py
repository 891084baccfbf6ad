# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The steps of a smoke test. Each returns a sentence about what it saw, and raises ToolError where a person could not go on."""

from __future__ import annotations

import dataclasses
import json
import secrets
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

from .._moodle.program import MoodleProgram
from ._page import Form, Page
from .browser import Browser
from .visitor import Elsewhere, Visitor

# As the image has them (Command/Smoke.php): it removes only what is called so.
PREFIX = "campus-verify-"
DOMAIN = "campus-verify.invalid"
FILE_BYTES = 100_000
POLL_SECONDS = 2.0
COURSE_ROLE = "editingteacher"  # sees a hidden course

# What Moodle may want of a person first, by the page where it does.
OBSTACLES = {
    "/admin/tool/policy/": "agree to the policies of the site",
    "/user/policy.php": "agree to the policies of the site",
    "/login/change_password.php": "change the password",
    "/user/edit.php": "complete the profile",
    "/admin/tool/mfa/": "give a second factor",
}


class StepError(ToolError):
    """What a step saw is not what a person has to see."""


class NotRequested(Exception):
    """A step that the options leave out, and why."""


@dataclasses.dataclass
class Test:
    """One smoke test: the ways into the site, its options, and what it has made so far."""

    program: MoodleProgram
    visitor: Visitor
    params: t.Mapping[str, t.Any]
    password: str = dataclasses.field(repr=False)
    sleep: t.Callable[[float], None]
    clock: t.Callable[[], float]
    name: str = dataclasses.field(default_factory=lambda: PREFIX + secrets.token_hex(8))
    task: t.Optional[int] = None
    queued: float = 0.0

    def __post_init__(self) -> None:
        self.browser = Browser(self.visitor)

    def login_page(self, browser: Browser) -> tuple[Page, Form]:
        """Return the page with the form to log in, and the form; StepError where the site has users log in elsewhere."""
        path = self.params["login_path"]
        hint = (
            "so users log in elsewhere. Name the path of Moodle's own form in moodle_verify_login: /login/index.php?loginredirect=0 where "
            "alternateloginurl is set, and what a plugin has for it, for example /login/index.php?saml=off."
        )
        try:
            page = browser.open(path)
        except Elsewhere as error:
            raise StepError(f"The page {path} leads to {error.address}, {hint}") from error
        if page.login_form is None:
            said = f" It says: {page.complaint}" if page.complaint else ""
            raise StepError(f"The page {path} leads to {page.path} and has no form for name and password, {hint}{said}")
        return page, page.login_form

    def log_in(self, browser: Browser, password: str) -> Page:
        """Send the form to log in, and return the page that follows."""
        page, form = self.login_page(browser)
        return browser.submit(page, form, username=self.name, password=password)

    def begin(self) -> list[str]:
        """Queue the task of this test, once; return what cut runs had left."""
        if self.task is not None:
            return []
        answer = self.program.ask("smoke", "begin", f"--name={self.name}", what="begin the smoke test", fields=["removed", "task"])
        self.task, self.queued = answer["task"], self.clock()
        return list(answer["removed"])


def admitted(page: Page) -> Page:
    """Return a page that Moodle shows to a person who is logged in; StepError where it wants something else first."""
    for path, words in OBSTACLES.items():
        if page.path.startswith(path):
            raise StepError(f"The account is logged in, but has to {words} first ({page.path}), so the test cannot go on.")
    if not page.sesskey:
        said = page.complaint or f"it leads to {page.path}, where nobody is logged in."
        raise StepError(f"The site does not know the account any more: {said}")
    return page


def open_login_page(test: Test) -> str:
    """The site answers under its own name."""
    page, _form = test.login_page(test.browser)
    return f"{test.visitor.url}{page.path} asks for name and password."


def make_account(test: Test) -> str:
    """An account can be made."""
    # First, since an image that does not know the command could not remove the account again.
    test.program.ask("smoke", "task", "--id=0", what="ask whether the image has smoke tests", fields=["state"])
    user = {"username": test.name, "firstname": "Campus", "lastname": "Verification", "email": f"{test.name}@{DOMAIN}"}
    test.program.enforce("users", {"users": [{**user, "password": test.password}]}, check=False, what="make an account")
    left = test.begin()
    return f"{test.name} was made." + (f" Earlier runs had left {', '.join(left)}, which was removed." if left else "")


def log_in(test: Test) -> str:
    """The account logs in, as a browser does."""
    page = test.log_in(test.browser, test.password)
    if page.login_form is not None:
        raise StepError(f"The right password was refused: {page.complaint or 'the page gives no reason.'}")
    return f"The account logged in and came to {admitted(page).path}."


def refuse_wrong_password(test: Test) -> str:
    """Another password than the account's does not let anybody in."""
    page = test.log_in(Browser(test.visitor), secrets.token_urlsafe(16))
    if page.sesskey or page.login_form is None:
        raise StepError(f"A wrong password led to {page.path} instead of the form to log in.")
    return "A wrong password was refused."


def open_course(test: Test) -> str:
    """A course can be made and opens for somebody who is enrolled."""
    title = f"Verification {test.name}"
    enrolments = [{"username": test.name, "roles": [COURSE_ROLE]}]
    course = {"shortname": test.name, "idnumber": test.name, "fullname": title, "visible": False, "enrolments": enrolments}
    (made,) = test.program.enforce("courses", {"courses": [course]}, check=False, what="make a course")["courses"]
    page = admitted(test.browser.open(f"/course/view.php?id={made['id']}"))
    if title not in page.text:
        raise StepError(f"The course leads to {page.path}, which does not show it. {page.complaint}".strip())
    return "A course was made, and opened for the account."


def exchange_file(test: Test) -> str:
    """A file comes back as it was uploaded, through the file picker."""
    page = admitted(test.browser.open("/user/files.php"))
    draft, source = page.draft_area, page.upload_source
    if not draft or not source:
        raise StepError(f"The page of private files ({page.path}) offers no upload. {page.complaint}".strip())
    name, content = f"{test.name}.bin", secrets.token_bytes(FILE_BYTES)
    fields = {"sesskey": page.sesskey, "repo_id": source, "itemid": draft, "savepath": "/", "env": "filemanager", "title": name}
    said = test.browser.post_file("/repository/repository_ajax.php?action=upload", fields, "repo_upload_file", name, content)
    try:
        answer: t.Any = json.loads(said)
    except ValueError:
        answer = {}
    if not isinstance(answer, dict) or "url" not in answer:
        reason = answer.get("error") if isinstance(answer, dict) else None
        raise StepError(f"The upload was refused: {reason or 'the answer is not what the file picker expects.'}")
    found = test.browser.open(test.browser.path_of(answer["url"])).body
    if found != content:
        raise StepError(f"A file of {len(content)} bytes was uploaded, and {len(found)} other bytes came back.")
    return f"{len(content)} bytes were uploaded and came back as they were."


def send_mail(test: Test) -> str:
    """Moodle can send mail."""
    to = test.params["mail_to"]
    if not to:
        raise NotRequested("Not requested: moodle_verify_mail_to names no address.")
    answer = test.program.ask("mail", f"--to={to}", what="send a test mail", fields=["server"])
    return f"The mail server {answer['server']} took a mail to {to}."


def run_task(test: Test) -> str:
    """Background tasks are run."""
    test.begin()
    waited = 0.0
    while (state := task_state(test)) != "done":
        waited = test.clock() - test.queued
        if state == "failed" or waited > test.params["cron_wait"]:
            raise StepError(
                f"A background task {'failed' if state == 'failed' else f'was not run within {waited:.0f} seconds'}; {cron(test)}."
            )
        test.sleep(POLL_SECONDS)
    return f"A background task was run within {test.clock() - test.queued:.0f} seconds."


def task_state(test: Test) -> str:
    """Return whether the task of this test waits, runs, has failed or is done."""
    return str(test.program.ask("smoke", "task", f"--id={test.task}", what="look at a task", fields=["state"])["state"])


def cron(test: Test) -> str:
    """Return how cron does."""
    found = test.program.ask("tasks", what="look at the tasks", fields=["cron", "queue"])
    age = found["cron"]["age"]
    started = "cron has never run" if age is None else f"cron started {age} seconds ago"
    return f"{'' if found['cron']['enabled'] else 'cron is disabled, '}{started}, and {found['queue']['due']} tasks are due"


def clean_up(test: Test) -> str:
    """Whatever was made is gone."""
    removed = test.program.ask("smoke", "end", f"--name={test.name}", what="remove what was made", fields=["removed"])["removed"]
    return f"{', '.join(removed)} removed." if removed else "There was nothing to remove."
