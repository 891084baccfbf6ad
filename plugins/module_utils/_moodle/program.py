# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The program of the site image, through any command or container that reaches it.

Its exit codes and answers are the image's contract (docs/image.md): 0 is success, an answer is one JSON object on the last line
of standard output, and a failure is explained in sentences. What is wanted goes in on standard input.
"""

from __future__ import annotations

import json
import shlex
import typing as t

from .._tool.errors import ToolError
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

MOODLE_ARGUMENTS = runner.ARGUMENTS


class ProgramError(ToolError):
    """The program refused or failed. Details: error (a word for programs), sentences, exit_status, and what its answer adds."""


class MoodleProgram:
    """The commands of the program."""

    def __init__(self, run: Run, prefix: t.Sequence[str]) -> None:
        self._run = run
        self._prefix = list(prefix)

    def ask(
        self, *command: str, what: str, fields: t.Sequence[str] = (), wish: t.Optional[t.Mapping[str, t.Any]] = None
    ) -> dict[str, t.Any]:
        """Run a command and return its answer.

        what continues "Could not"; fields have to be in the answer; wish is what the command reads.
        """
        words = [*self._prefix, *command]
        try:
            result = self._run(words, None if wish is None else json.dumps(wish))
        except BrokenPipeError as error:
            # It ended without reading what is wanted; asked again without that, it only says why.
            result = self._run(words, None)
            raise failure(what, words, result, answer_of(result) if result.rc else {}) from error
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

    def enforce(self, command: str, wish: t.Mapping[str, t.Any], *, check: bool, what: str) -> dict[str, t.Any]:
        """Run a command that makes things as they are wanted, or only compares; the answer has changed, before and after."""
        return self.ask(command, *["--check"] * check, what=what, fields=["changed", "before", "after"], wish=wish)


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
            f"See whether the runner names a running container of the site and the program in it.{listed}"
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


def database_changed(code: int, answer: t.Mapping[str, t.Any]) -> bool:
    """Return whether a failed command may have changed the database. One that was cut could not say, and counts as yes."""
    return bool(answer.get("database_changed", code not in UNTOUCHED_CODES))


def difference(before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any], header: str) -> dict[str, str]:
    """Return a diff of two objects; nothing stands for no difference."""
    texts = [json.dumps(side, indent=2, sort_keys=True, ensure_ascii=False) + "\n" if before != after else "" for side in (before, after)]
    return {"before": texts[0], "after": texts[1], "before_header": header, "after_header": header}


def given(options: t.Any) -> t.Any:
    """Return options without the ones that the task left out, at every depth."""
    if isinstance(options, t.Mapping):
        return {name: given(value) for name, value in options.items() if value is not None}
    return [given(value) for value in options] if isinstance(options, list) else options


def confirm(rows: t.Sequence[t.Mapping[str, t.Any]], key: str, confirmed: t.Sequence[str]) -> None:
    """Refuse to delete what the task does not name a second time."""
    names = [str(row[key]) for row in rows if row["state"] == "absent" and row[key] not in confirmed]
    if names:
        msg = f"What is deleted cannot be brought back: to delete {', '.join(names)}, name them in confirm_absent too."
        raise ProgramError(msg, error="not_confirmed")
