# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Tries whether a person can use a site: the story of site_smoke."""

from __future__ import annotations

import itertools
import secrets
import string
import time
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

from .._moodle.program import MoodleProgram
from . import _smoke_steps as steps
from . import visitor

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **visitor.ARGUMENTS,
    "login_path": {"type": "str", "default": "/login/index.php"},
    "mail_to": {"type": "str"},
    "cron_wait": {"type": "int", "default": 180},
}


class Step(t.NamedTuple):
    """One step, and the steps without which it cannot work. looks is whether it only looks, so that check mode runs it too."""

    name: str
    do: t.Callable[[steps.Test], str]
    needs: tuple[str, ...] = ()
    looks: bool = False


STEPS = (
    Step("page", steps.open_login_page, looks=True),
    Step("account", steps.make_account),
    Step("login", steps.log_in, needs=("page", "account")),
    Step("refusal", steps.refuse_wrong_password, needs=("login",)),
    Step("course", steps.open_course, needs=("login",)),
    Step("file", steps.exchange_file, needs=("login",)),
    Step("mail", steps.send_mail),
    Step("cron", steps.run_task),
)
LAST = Step("cleanup", steps.clean_up)

# In turns, so that no two neighbours are alike: that satisfies every rule that Moodle has for passwords.
PASSWORD = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.:!%+")
PASSWORD_LENGTH = 32


def new_password() -> str:
    """Return a password that nobody knows."""
    return "".join(secrets.choice(kind) for kind in itertools.islice(itertools.cycle(PASSWORD), PASSWORD_LENGTH))


def run(
    program: MoodleProgram,
    params: t.Mapping[str, t.Any],
    password: str,
    *,
    check_mode: bool,
    sleep: t.Callable[[float], None] = time.sleep,
    clock: t.Callable[[], float] = time.monotonic,
) -> dict[str, t.Any]:
    """Do every step that can be done, remove what was made, and report all of it at once."""
    test = steps.Test(program, visitor.Visitor.of(params), params, password, sleep, clock)
    rows: list[dict[str, t.Any]] = []
    try:
        for step in STEPS:
            rows.append(_row(test, step, _left_out(step, rows, check_mode)))
    finally:
        rows.append(_row(test, LAST, _left_out(LAST, rows, check_mode)))
    result = {"changed": not check_mode, "steps": rows}
    failed = [f"{row['step']}: {row['sentence']}" for row in rows if row["state"] == "failed"]
    if failed:
        msg = "\n- ".join([f"The site {params['url']} failed in {len(failed)} of {len(rows)} steps:", *failed])
        raise ToolError(msg, error="failed_steps", **result)
    return result


def _left_out(step: Step, rows: t.Iterable[t.Mapping[str, t.Any]], check_mode: bool) -> str:
    """Return why a step is not done, and nothing where it is."""
    if check_mode and not step.looks:
        return "Not done in check mode, which changes nothing."
    missing = [row["step"] for row in rows if row["step"] in step.needs and row["state"] != "ok"]
    return f"Not possible without {missing[0]}." if missing else ""


def _row(test: steps.Test, step: Step, left_out: str) -> dict[str, t.Any]:
    """Do a step, and return the row of the report about it."""
    started = test.clock()
    try:
        state, sentence = ("skipped", left_out) if left_out else ("ok", step.do(test))
    except steps.NotRequested as reason:
        state, sentence = "skipped", str(reason)
    except ToolError as error:
        state, sentence = "failed", _sentence(error)
    return {"step": step.name, "state": state, "seconds": round(test.clock() - started, 1), "sentence": sentence}


def _sentence(error: ToolError) -> str:
    """Return a failure in one line: what the image's program says, where it was that."""
    lines = error.details.get("sentences") or [str(error)]
    return " ".join(" ".join(str(line).split()) for line in lines)
