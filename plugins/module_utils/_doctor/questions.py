# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What campus.moodle.check asks of a site, asked once: each answer is a file of the archive and a sentence."""

from __future__ import annotations

import functools
import operator
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

from .._moodle import checks, plugins, tasks
from .._moodle.program import MoodleProgram
from .._site import verify
from .report import Collector, Finding, Part, Proof, fine, one_line, problem, unknown

Spec = t.Mapping[str, t.Any]
# A broken site does not become ready while somebody waits.
READY_SECONDS = 5
# The way into the site does not work, or leads to something that hangs: no other question will fare better.
IN_VAIN = ("runner", "timed_out", "killed")


def _pages(_program: MoodleProgram, site: Spec) -> dict[str, t.Any]:
    visit = site.get("target", {}).get("visit")
    if not visit:
        raise ToolError("The description of the site has problems, so it is not known where its pages are.")
    return verify.run({"url": site["url"], **visit, "timeout": READY_SECONDS})


def _checks(program: MoodleProgram, site: Spec) -> dict[str, t.Any]:
    limits = {"fail_on": site["check"]["fail_on"], "ignore": site["check"]["ignore"]}
    return checks.run(program, {"types": ["status", "security", "performance"], "refs": None, **limits})


def _tasks(program: MoodleProgram, site: Spec) -> dict[str, t.Any]:
    limits = {**dict.fromkeys(tasks.LIMITS), "max_cron_age": site["check"]["cron_age"], "max_queue_age": site["check"]["queue_age"]}
    return tasks.run(program, {"since": tasks.ARGUMENTS["since"]["default"], **limits})


def _plugins(program: MoodleProgram, _site: Spec) -> dict[str, t.Any]:
    return plugins.run(program, {"components": None, "additional": False})


def _image(program: MoodleProgram, _site: Spec) -> dict[str, t.Any]:
    return program.ask("info", what="ask what is in the image")


# subject, what the file is, and the question
QUESTIONS: tuple[tuple[str, str, t.Callable[[MoodleProgram, Spec], dict[str, t.Any]]], ...] = (
    ("pages", "whether the site is ready, and where its front page leads", _pages),
    ("moodle", "Moodle's own checks", _checks),
    ("tasks", "cron and the queues", _tasks),
    ("plugins", "the plugins of code and database", _plugins),
)


class Questions:
    """The questions with their answers. Each is asked once, and none after one that was in vain, since a site that hangs lets one wait."""

    def __init__(self, program: t.Callable[[], MoodleProgram], site: Spec) -> None:
        self._program, self._site = functools.lru_cache(maxsize=None)(program), site
        self._ask = {"image": _image, **{subject: ask for subject, _what, ask in QUESTIONS}}
        self._answers: dict[str, tuple[dict[str, t.Any], str]] = {}
        self._said: set[str] = set()

    def answer(self, subject: str) -> tuple[dict[str, t.Any], str]:
        """Return what came back, and what is wrong."""
        in_vain = next((answer for answer in self._answers.values() if answer[0].get("error") in IN_VAIN), None)
        if subject not in self._answers:
            self._answers[subject] = in_vain or self._asked(subject)
        return self._answers[subject]

    def _asked(self, subject: str) -> tuple[dict[str, t.Any], str]:
        try:
            return self._ask[subject](self._program(), self._site), ""
        except ToolError as error:
            return dict(error.details), str(error)

    def content(self, subject: str) -> dict[str, t.Any]:
        """Return an answer as a file has it."""
        answer, wrong = self.answer(subject)
        return {**({"msg": wrong} if wrong else {}), **answer}

    def findings(self, subject: str) -> t.Iterator[Finding]:
        """Yield an answer in sentences."""
        answer, wrong = self.answer(subject)
        if wrong in self._said:
            return
        if wrong:
            self._said.add(wrong)
            say = problem if answer.get("error") else unknown
            yield say(subject, f"{one_line(wrong)}.")
            return
        yield from (problem(subject, sentence) for sentence in answer.get("problems", ()))
        yield from (fine(subject, f"{' '.join(line.split())}.") for line in answer["summary"])

    def image(self) -> dict[str, t.Any]:
        """Return what the image says of itself."""
        answer, wrong = self.answer("image")
        if wrong:
            raise ToolError(wrong)
        return answer


def part(questions: Questions) -> Part:
    """Return the questions as a part of a report."""
    return Part(
        questions,
        [
            *(
                Collector(f"checks/{subject}.json", what, operator.methodcaller("content", subject), personal=True)
                for subject, what, _ask in QUESTIONS
            ),
            # Last: an image that does not know this question knows the others.
            Collector("versions/image.json", "what was built into the site image: Moodle, PHP, plugins", Questions.image),
        ],
        [Proof(subject, operator.methodcaller("findings", subject)) for subject, _what, _ask in QUESTIONS],
    )
