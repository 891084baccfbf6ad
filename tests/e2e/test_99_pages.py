# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Each way in which a page tells people to run a playbook was run before in this tier, and ended well."""

from __future__ import annotations

import pathlib
import re
import shlex

import pytest
from support import REPOSITORY
from support.playbook import Controller, Shape, shape_of

PAGES = [REPOSITORY / "README.md", *sorted(REPOSITORY.glob("docs/**/*.md")), *sorted(REPOSITORY.glob("roles/*/README.md"))]
COMMAND = re.compile(r"(?:^ *\$ |`)(ansible-playbook campus\.moodle\.[^`\n]*)", re.MULTILINE)
# scripts/setup.sh brings this machine's engine up with it, before there is a site.
ELSEWHERE = {Shape("site", ("docker_engine",), frozenset(), False)}


def told_by(page: pathlib.Path) -> set[Shape]:
    """Return what a page tells people to run."""
    lines = (shlex.split(line, comments=True) for line in COMMAND.findall(page.read_text(encoding="utf-8")))
    return {shape_of(playbook, arguments) for _program, playbook, *arguments in lines}


TOLD = {page.relative_to(REPOSITORY): told for page in PAGES if (told := told_by(page))}


@pytest.mark.parametrize("page", TOLD, ids=str)
def test_what_a_page_tells_people_to_run_was_run(request: pytest.FixtureRequest, controller: Controller, page: pathlib.Path) -> None:
    files = {item.path.name for item in request.session.items}
    missing = {path.name for path in pathlib.Path(__file__).parent.glob("test_*.py")} - files
    if missing:
        pytest.skip(f"only a run of all files knows; this one leaves out {', '.join(sorted(missing))}")
    assert TOLD[page] - controller.played - ELSEWHERE == set()
