# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The commands of the site image, run as one-off containers of a Compose project.

Their exit codes and answers are the image's contract (docs/image.md): 0 is success, an answer is one JSON object on the last line
of standard output, and a failure is explained in sentences on standard error.
"""

from __future__ import annotations

import typing as t

from .._moodle.program import EXIT_CODES, answer_of, database_changed, sentences_of
from .._tool.process import Result
from .project import ComposeProject

# What a preflight answer announces, in words.
ACTIONS = {
    "install": "install Moodle",
    "upgrade": "upgrade the database in maintenance mode",
    "code": "change the code, without maintenance",
}
# Why it does not install where a site was installed before.
EMPTIED = (
    "The database holds no Moodle, although rollout.json says that this site is installed: restore its backup into the database, or run "
    "the playbook campus.moodle.destroy first, which forgets that site."
)


class ImageError(Exception):
    """A command of the site image refused or failed. sentences say why; untouched says that the database is as it was."""

    def __init__(self, command: str, code: int, answer: t.Mapping[str, t.Any], sentences: t.Sequence[str]) -> None:
        self.code = code
        self.sentences = list(sentences)
        self.untouched = not database_changed(code, answer)
        reason = EXIT_CODES.get(code, f"exit status {code}")
        listed = "\n".join(f"- {sentence}" for sentence in self.sentences)
        super().__init__(f"The image's command '{command}' did not succeed ({reason}).\n{listed}")


def is_ready(result: Result) -> bool:
    """Return whether "health ready" is content, or objects only to a maintenance that an operator or an upgrade began."""
    reasons = answer_of(result).get("reasons") or []
    return result.rc == 0 or (bool(reasons) and all("maintenance" in str(reason).lower() for reason in reasons))


class SiteImage:
    """The image that a definition names in its service cli."""

    def __init__(self, compose: ComposeProject, definition: str) -> None:
        self._compose = compose
        self._definition = definition

    def preflight(self) -> dict[str, t.Any]:
        """Ask what the image would do with the database; ImageError when it refuses. Changes nothing."""
        return self._run("preflight", "--json")

    def install(self) -> dict[str, t.Any]:
        """Install Moodle into an empty or half-installed database."""
        return self._run("install")

    def upgrade(self, *, maintenance: bool) -> dict[str, t.Any]:
        """Upgrade the database to the image's code."""
        return self._run("upgrade", *(["--allow-maintenance"] if maintenance else []))

    def maintenance(self, *, on: bool) -> dict[str, t.Any]:
        """Show users the maintenance page, or the site again."""
        return self._run("maintenance", "on" if on else "off")

    def purge(self) -> dict[str, t.Any]:
        """Empty Moodle's caches."""
        return self._run("purge")

    def _run(self, *command: str) -> dict[str, t.Any]:
        result = self._compose.one_off(self._definition, command)
        answer = answer_of(result)
        if result.rc != 0:
            raise ImageError(command[0], result.rc, answer, sentences_of(result, answer))
        return answer
