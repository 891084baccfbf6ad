# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Dumps the database of a site, and loads a dump beside it: the story of compose_database.

Every state can be cut at any moment and run again. What a run that was cut left is removed by the next one that loads.
"""

from __future__ import annotations

import os
import shutil
import typing as t

from .._tool.errors import after_change
from .._tool.process import Run
from .._tool.times import now, parse_age
from . import _dump, _facts, _swap, project
from ._access import SERVICE, SiteDatabase, database_of, entered, stream
from ._load import Inspect, Load
from ._postgres import DatabaseError, Postgres, dump_command
from ._wait import Waiting
from .files import SiteFiles, file_errors
from .project import ComposeProject, Definition

# Services that work with the database, and must not while it is replaced.
USERS = ("php", "cron", "adhoc")
START_SECONDS = 300

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **project.ARGUMENTS,
    "state": {"type": "str", "choices": ["dumped", "loaded", "reverted", "confirmed"], "required": True},
    "path": {"type": "path"},
    "compression_level": {"type": "int", "choices": list(range(10)), "default": 0},
    "drill": {"type": "bool", "default": False},
    "preflight": {"type": "bool", "default": False},
    "older_than": {"type": "str", "default": "0s"},
    "disk_minimum": {"type": "int"},
    "login_user": {"type": "str"},
    "login_password_file": {"type": "path", "no_log": False},
    "login_database": {"type": "str", "default": "postgres"},
    "client_image": {"type": "str"},
    "timeout": {"type": "int", "default": 14400},
}
REQUIRED_IF = [("state", "loaded", ["path"])]


class Task(t.NamedTuple):
    """One task: the site, its database, the options, and what runs docker."""

    compose: ComposeProject
    definition: Definition
    text: str
    database: SiteDatabase
    params: t.Mapping[str, t.Any]
    run: Run
    check_mode: bool

    def server(self) -> t.ContextManager[Postgres]:
        """Return the way to the server."""
        maintenance, timeout = self.params["login_database"], self.params["timeout"]
        return entered(self.run, self.compose, self.database, maintenance=maintenance, timeout=timeout)

    def require_closed(self) -> None:
        """Refuse to take the database away from containers that work with it."""
        busy = [one.name for one in self.compose.containers() if one.service in USERS and one.running]
        busy += [one.name for one in self.compose.trials(project.PROFILE) if one.running]
        if busy:
            msg = (
                f"The site still works with its database ({', '.join(busy)}); close it first, "
                "for example with the state absent of campus.moodle.compose_rollout, which keeps its data."
            )
            raise DatabaseError(msg, error="site_running")


def run(compose: ComposeProject, docker: Run, params: t.Mapping[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    """Bring about the state."""
    directory = params["directory"]
    with file_errors("The database of the site cannot be dumped or loaded", directory):
        text = SiteFiles(directory).read_definition()
        if not text:
            raise DatabaseError(f"There is no site in {directory}: it has no compose.yml.", error="no_site")
        definition = compose.read(text)
        task = Task(compose, definition, text, database_of(definition, params), params, docker, check_mode)
        return {"dumped": dump, "loaded": load, "reverted": revert, "confirmed": confirm}[params["state"]](task)


def dump(task: Task) -> dict[str, t.Any]:
    """Write a dump into a file, or tell how to print one."""
    path, level, name = task.params["path"], task.params["compression_level"], task.database.name
    command = stream(task.compose, task.database, dump_command(name, level))
    if not path:
        return {"changed": False, "command": command, "plan": []}
    folder = os.path.dirname(path) or "."
    with task.server() as server:
        facts = _facts.look(server, task.database)
        _facts.require_live(facts, task.database)
        _facts.require_client(server, facts)
        minimum = task.params["disk_minimum"]
        _facts.require_space(shutil.disk_usage(folder).free, facts.size if minimum is None else minimum, folder)
        result = {"changed": True, "command": command, "plan": [f"write a dump of {name} into {path}"], **facts.result()}
        if task.check_mode:
            return result
        draft = os.path.join(folder, f".{os.path.basename(path)}.draft")
        try:
            server.dump(name, draft, level)
            tables, size = _dump.read(server.contents(draft)).tables, os.path.getsize(draft)
            keep(draft, path)
        finally:
            if os.path.exists(draft):
                os.unlink(draft)
    return {**result, "tables": tables, "size": size, "summary": [f"Dump       {path} ({size / 1000000:.0f} MB, {tables} tables)"]}


def keep(draft: str, path: str) -> None:
    """Give a dump that is complete its name."""
    with open(draft, "rb") as file:
        # Before the new name: a machine that loses power must not find half a dump there.
        os.fsync(file.fileno())
    os.replace(draft, path)


def load(task: Task) -> dict[str, t.Any]:
    """Load a dump into a fresh database, look at what came, and put that in the place of the site's own, or only rehearse it."""
    path, drill = task.params["path"], task.params["drill"]
    _dump.require_format(path)
    if not drill:
        task.require_closed()
    if task.database.own and (not drill or task.params["preflight"]) and not _runs(task):
        if task.check_mode:
            plan = ["start the site's database; nothing more can be told while it does not run"]
            return {"changed": True, "plan": plan, "kept": []}
        with after_change():
            task.compose.up(task.text, [SERVICE])
            Waiting(task.compose, timeout=START_SECONDS).healthy(task.definition.services, [SERVICE])
    with task.server() as server:
        job = Load(server, task.database, path, now(), _inspect(task))
        job.check(task.params["disk_minimum"])
        plan = job.plan(drill=drill)
        if not task.check_mode:
            job.run(drill=drill)
        return {"changed": not drill, "plan": plan, **job.result()}


def revert(task: Task) -> dict[str, t.Any]:
    """Put the database that was replaced last back in its place, and keep the one that is there now."""
    task.require_closed()
    with task.server() as server:
        facts, live = _facts.look(server, task.database), task.database.name
        if not facts.kept:
            msg = f"There is no database beside {live} that was replaced and is kept, so there is nothing to go back to."
            raise DatabaseError(msg, error="nothing_kept")
        back, aside = facts.kept[-1], _swap.beside(live, _swap.REPLACED, now(), facts.kept)
        plan = [f"put {back} in the place of {live}, and keep that as {aside}"]
        if task.check_mode:
            return {"changed": True, "plan": plan, **facts.result()}
        _swap.swap(server, live, back, aside if facts.live else None)
        return {
            "changed": True,
            "plan": plan,
            "summary": [f"Database   {back} is {live} again"],
            **_facts.look(server, task.database).result(),
        }


def confirm(task: Task) -> dict[str, t.Any]:
    """Remove databases that were replaced, all of them or those that were for a while."""
    oldest = now().timestamp() - parse_age(task.params["older_than"], "older_than")
    with task.server() as server:
        facts = _facts.look(server, task.database)
        gone = [one for one in facts.kept if _swap.moment_of(one).timestamp() <= oldest]
        plan = [f"remove {one}, which was replaced" for one in gone]
        if not task.check_mode:
            for number, one in enumerate(gone):
                with after_change(number > 0):
                    _swap.drop(server, one)
        result = facts.result()
        result["kept"] = [one for one in facts.kept if one not in gone]
        return {"changed": bool(gone), "plan": plan, "summary": [f"Databases  {len(gone)} removed, {len(result['kept'])} kept"], **result}


def _inspect(task: Task) -> t.Optional[Inspect]:
    """Return what lets the site's image look at a database beside the site's own, and refuses what its code cannot work with."""

    def ask(name: str) -> dict[str, t.Any]:
        # Of the servers only the database matters, and the session store of a closed site does not run.
        program = task.compose.program(task.text, {"MOODLE_DATABASE_NAME": name, "MOODLE_SESSION_HOST": ""})
        answer = program.preflight("take over the dump")
        return {name: answer[name] for name in ("database_version", "code_version", "action")}

    return ask if task.params["preflight"] else None


def _runs(task: Task) -> bool:
    return any(one.service == SERVICE and one.running for one in task.compose.containers())
