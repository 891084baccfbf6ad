# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The program of the site image, through any command or container that reaches it, or a container of its own.

Its exit codes and answers are the image's contract (docs/reference/image.md): 0 is success, an answer is one JSON object on the last line
of standard output, and a failure is explained in sentences. What is requested goes in on standard input.
"""

from __future__ import annotations

import json
import shlex
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

from .._tool.process import Result, Run
from . import runner

EXIT_CODES = {
    2: "bad usage or a bad environment value",
    3: "a service that it needs could not be reached",
    4: "refused",
    5: "one of Moodle's own scripts failed",
    6: "another run holds the lock",
}
ERRORS = {2: "usage", 3: "unreachable", 4: "refused", 5: "moodle", 6: "locked"}
# A command that ends with one of these had not begun to change anything.
UNTOUCHED_CODES = (2, 3, 4, 6)

ARGUMENTS = runner.ARGUMENTS


class ProgramError(ToolError):
    """The program refused or failed. Details: error (a word for programs), sentences, exit_status, and what its answer adds."""


class MoodleProgram:
    """The commands of the program. run runs the words of runner, with those of a command after them."""

    def __init__(self, run: Run, runner: t.Sequence[str]) -> None:
        self._run = run
        self._runner = list(runner)

    def ask(
        self, *command: str, what: str, fields: t.Sequence[str] = (), request: t.Optional[t.Mapping[str, t.Any]] = None
    ) -> dict[str, t.Any]:
        """Run a command and return its answer, which must have the fields. The command reads the request.

        what says what was tried, in a failure that begins with "Could not".
        """
        if not self._runner:
            msg = "The option runner is empty; it has to be the command that reaches the program of the site image."
            raise ProgramError(msg, error="runner")
        words = [*self._runner, *command]
        try:
            result = self._run(words, None if request is None else json.dumps(request))
        except OSError as error:
            msg = f"Could not {what}: the runner's command {shlex.quote(words[0])} cannot be started: {error.strerror}."
            raise ProgramError(msg, error="runner") from error
        answer = answer_of(result)
        if result.rc != 0 or not answer:
            raise failure(what, words, result, answer)
        missing = [field for field in fields if field not in answer]
        if missing:
            msg = (
                f"Could not {what}: the answer of the site image has no {', '.join(missing)}. Roll out an image that this collection built."
            )
            raise ProgramError(msg, error="old_image")
        return answer

    def enforce(self, command: str, request: t.Mapping[str, t.Any], *, check: bool, what: str) -> dict[str, t.Any]:
        """Run a command that makes things as requested, or only compares; the answer has changed, before and after."""
        return self.ask(command, *["--check"] * check, what=what, fields=["changed", "before", "after"], request=request)

    def preflight(self, what: str) -> dict[str, t.Any]:
        """Return what the code would do with the database: action, maintenance_required, versions and warnings. Changes nothing."""
        fields = ["action", "maintenance_required", "database_version", "code_version", "warnings"]
        return self.ask("preflight", "--json", what=what, fields=fields)

    def upgrade(self, *, allow_maintenance: bool) -> dict[str, t.Any]:
        """Bring the database to the version of the code."""
        return self.ask("upgrade", *["--allow-maintenance"] * allow_maintenance, what="upgrade the site")


def program_of(module: t.Any) -> MoodleProgram:
    """Return the program that the options of a module name."""
    return MoodleProgram(*runner.runner_of(module))


def failure(what: str, command: t.Sequence[str], result: Result, answer: t.Mapping[str, t.Any]) -> ProgramError:
    """Return the error for a command that did not succeed."""
    sentences = sentences_of(result, answer)
    listed = "".join(f"\n- {sentence}" for sentence in sentences)
    if not answer and result.rc not in EXIT_CODES:
        msg = (
            f"Could not {what}: the command {shlex.join(command)} ended with exit status {result.rc} and without an answer. "
            f"See whether it reaches a container of the site image and the program in it.{listed}"
        )
        return ProgramError(msg, error="runner", exit_status=result.rc, sentences=sentences)
    reason = EXIT_CODES.get(result.rc, f"exit status {result.rc}")
    codes = [problem["code"] for problem in answer.get("problems") or [] if isinstance(problem, dict) and "code" in problem]
    error = codes[0] if codes else ERRORS.get(result.rc, "moodle")
    facts = {name: value for name, value in answer.items() if name not in ("problems", "warnings", "changed")}
    details = {**facts, "error": error, "exit_status": result.rc, "sentences": sentences}
    return ProgramError(f"Could not {what} ({reason}).{listed}", **details)


def answer_of(result: Result) -> dict[str, t.Any]:
    """Return the JSON object on the last line, or nothing where there is none."""
    lines = result.out.strip().splitlines()
    try:
        answer = json.loads(lines[-1]) if lines else {}
    except json.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def sentences_of(result: Result, answer: t.Mapping[str, t.Any]) -> list[str]:
    """Return why a command failed: the problems of its answer, else the end of its log."""
    problems = [
        str(problem.get("sentence", problem)) if isinstance(problem, dict) else str(problem) for problem in answer.get("problems") or []
    ]
    return problems or [line for line in (result.err.strip() or result.out.strip()).splitlines() if line.strip()][-10:]


def database_changed(error: ToolError) -> bool:
    """Return whether a failed command may have changed the database. One that was cut could not say, and counts as yes."""
    return bool(error.details.get("database_changed", error.details.get("exit_status") not in UNTOUCHED_CODES))
