# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Brings a Moodle site in Docker Compose into the described state, or removes it: the story of compose_rollout."""

from __future__ import annotations

import typing as t

from . import _removal, _summary, project
from ._steps import Rollout, read_transition
from .files import COMPOSE_FILE, SiteFiles, file_errors
from .project import ComposeProject

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **project.ARGUMENTS,
    "definition": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "remove_data": {"type": "bool", "default": False},
    "secrets_pending": {"type": "bool", "default": False, "no_log": False},
    "timeout": {"type": "int", "default": 300},
}
REQUIRED_IF = [("state", "present", ["definition"])]


def run(compose: ComposeProject, params: t.Mapping[str, t.Any], *, check_mode: bool, docker: bool) -> dict[str, t.Any]:
    """Bring about the state. docker says whether its command is there."""
    files = SiteFiles(params["directory"])
    with file_errors("The site cannot be written or read", params["directory"]):
        state = {"present": present, "absent": _removal.remove}[params["state"]]
        return state(compose, files, params, check_mode=check_mode, docker=docker)


def present(
    compose: ComposeProject, files: SiteFiles, params: t.Mapping[str, t.Any], *, check_mode: bool, docker: bool
) -> dict[str, t.Any]:
    """Plan, and carry the plan out unless in check mode."""
    text, before = params["definition"], files.read_definition()
    result = {"diff": {"before": before, "after": text, "before_header": COMPOSE_FILE, "after_header": COMPOSE_FILE}}
    lacking = (compose.lacks() if docker else "Docker") if check_mode else ""
    if lacking:
        sentences = [f"site: bring it into the described state; nothing more can be told without {lacking}"]
        action = "none" if files.read_record().image else "install"
        return {**result, "changed": True, "plan": sentences, "action": action, "running": False, "summary": sentences}
    definition = compose.read(text)
    rollout = Rollout(compose, files, read_transition(compose, files, text, definition), timeout=params["timeout"])
    plan = rollout.plan()
    if check_mode:
        sentences, action = rollout.foresee(plan, secrets_pending=params["secrets_pending"])
    else:
        sentences, action = plan.sentences(), rollout.run(plan)
    image = compose.image(definition.services["php"].image)
    return {
        **result,
        "changed": not plan.nothing,
        "plan": sentences,
        "action": action,
        "running": plan.serves if check_mode else True,
        "summary": _summary.of_site(definition, image, params["directory"], ("would be " if check_mode else "") + action),
    }
