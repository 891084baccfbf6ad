# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Making a snapshot of paths, or of what a command prints. A dump that failed never becomes a snapshot."""

from __future__ import annotations

import dataclasses
import datetime
import os
import posixpath
import shlex
import shutil
import socket
import typing as t

from .._tool import times
from .._tool.errors import ToolError
from .._tool.process import KILLED, Result
from ._errors import ResticError
from ._outcome import Outcome, accept, read_outcome
from ._report import check_places, leave_reports
from ._snapshots import Filter, Snapshot, is_stale, newest, parse_snapshots, partial_ids
from ._stream import stream
from .client import FORGET, Open, Restic, merge_rules

ARGUMENTS: dict[str, t.Any] = {
    "timeout": {"type": "int", "default": 86400},
    "paths": {"type": "list", "elements": "path"},
    "files_from": {"type": "list", "elements": "path"},
    "command": {"type": "list", "elements": "str"},
    "stdin_filename": {"type": "str"},
    "excludes": {"type": "list", "elements": "str"},
    "exclude_files": {"type": "list", "elements": "path"},
    "exclude_if_present": {"type": "list", "elements": "str"},
    "exclude_caches": {"type": "bool", "default": False},
    "exclude_larger_than": {"type": "str"},
    "one_file_system": {"type": "bool", "default": False},
    "tags": {"type": "list", "elements": "str"},
    "host": {"type": "str"},
    "max_age": {"type": "str"},
    "skip_if_unchanged": {"type": "bool", "default": False},
    "on_partial": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
    "missing_path": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
    "read_concurrency": {"type": "int"},
    "compression": {"type": "str", "choices": ["auto", "off", "fastest", "better", "max"]},
    "name": {"type": "str", "default": "restic"},
    "status_file": {"type": "path"},
    "metrics_file": {"type": "path"},
}
# Option of the module to restic's option; a list repeats it, true stands alone.
FLAGS = {
    "host": "--host",
    "tags": "--tag",
    "excludes": "--exclude",
    "exclude_files": "--exclude-file",
    "exclude_if_present": "--exclude-if-present",
    "exclude_caches": "--exclude-caches",
    "exclude_larger_than": "--exclude-larger-than",
    "one_file_system": "--one-file-system",
    "read_concurrency": "--read-concurrency",
    "compression": "--compression",
    "skip_if_unchanged": "--skip-if-unchanged",
    "files_from": "--files-from",
}
RULES: dict[str, t.Any] = {
    **merge_rules(
        mutually_exclusive=[("paths", "command"), ("files_from", "command")],
        required_one_of=[("paths", "files_from", "command")],
    ),
    "required_by": {"command": ["stdin_filename"]},
}


def run(open_restic: Open, params: t.Mapping[str, t.Any], *, check_mode: bool, warn: t.Callable[[str], None]) -> dict[str, t.Any]:
    """Make the backup, leave the reports, and return the result. A failure has in its details what is known all the same."""
    started = times.now()
    result: dict[str, t.Any] = {"changed": False, "errors": [], "missing": [], "partial": False}
    failure = None
    try:
        check_places([params["status_file"], params["metrics_file"]])
        restic = open_restic()
        outcome = make_backup(restic, params, check_mode=check_mode, now=started)
        result.update(outcome.result())
        for warning in accept(restic, outcome, params):
            warn(warning)
    except ToolError as error:
        failure = error
        result.update(error.details)
        error.details = result
    if not check_mode:
        leave_reports(result, params, started, warn)
    if failure:
        raise failure
    return result


def make_backup(restic: Restic, params: t.Mapping[str, t.Any], *, check_mode: bool, now: datetime.datetime) -> Outcome:
    """Make a backup, or in check mode find out whether one would be made."""
    restic.require(option for option in ("read_concurrency", "skip_if_unchanged") if params.get(option))
    restic.require([f"compression {params.get('compression')}"])
    missing = check_sources(params)
    recent = recent_snapshot(restic, params, now)
    if recent:
        return Outcome(changed=False, snapshot_id=recent.id, recent=recent.time, missing=missing)
    words = backup_arguments(params, missing=missing, dry_run=check_mode)
    if params.get("command") and check_mode:
        # A dump is not run for a preview, which can show no more than that the repository opens.
        restic.call("cat", "config", "--no-lock")
        return Outcome(changed=True)
    back_up = _back_up_command if params.get("command") else _back_up_paths
    outcome = read_outcome(back_up(restic, params, words), dry_run=check_mode, skipping=bool(params.get("skip_if_unchanged")))
    return dataclasses.replace(outcome, missing=[*missing, *outcome.missing])


def check_sources(params: t.Mapping[str, t.Any]) -> list[str]:
    """Return the paths that do not exist; ToolError for what cannot be backed up at all."""
    paths, command, tags = params.get("paths") or [], params.get("command"), params.get("tags") or []
    relative = [path for path in paths if not os.path.isabs(path)]
    if relative:
        msg = f"These paths are relative: {', '.join(relative)}. Give absolute ones, since a module has no folder of its own."
        raise ToolError(msg, error="invalid")
    unusable = [tag for tag in tags if not tag or "," in tag]
    if unusable:
        msg = f"A tag must not be empty or contain a comma: {', '.join(map(repr, unusable))}."
        raise ToolError(msg, error="invalid")
    if command and not shutil.which(command[0]):
        msg = f"The program {command[0]} of the command was not found on this host, so nothing was backed up."
        raise ToolError(msg, error="command_failed")
    missing = [path for path in [*paths, *(params.get("files_from") or [])] if not os.path.lexists(path)]
    everything = len(missing) == len(paths) and not params.get("files_from") and not command
    lists = [path for path in params.get("files_from") or [] if path in missing]
    if missing and (params["missing_path"] == "fail" or everything or lists):
        msg = f"These paths do not exist: {', '.join(missing)}. Nothing was backed up. Check that what holds them is mounted."
        raise ToolError(msg, error="missing_path", missing=missing)
    return missing


def backup_arguments(params: t.Mapping[str, t.Any], *, missing: t.Collection[str] = (), dry_run: bool = False) -> list[str]:
    """Return the arguments of "restic backup" without a source that is a command."""
    words = ["backup", "--json", *(["--dry-run"] if dry_run else [])]
    for option, flag in FLAGS.items():
        given = params.get(option)
        if given is True:
            words.append(flag)
        elif given:
            words += [f"{flag}={value}" for value in (given if isinstance(given, list) else [given])]
    paths = [path for path in params.get("paths") or [] if path not in missing]
    return [*words, *(["--", *paths] if paths else [])]


def recent_snapshot(restic: Restic, params: t.Mapping[str, t.Any], now: datetime.datetime) -> t.Optional[Snapshot]:
    """Return the newest good snapshot of the same host, tags and sources, None when it is older than max_age."""
    if not params.get("max_age"):
        return None
    limit, paths = times.parse_age(params["max_age"], "max_age"), source_paths(params)
    host = params.get("host") or socket.gethostname()
    known = parse_snapshots(restic.call_json("snapshots", "--no-lock", f"--host={host}"))
    similar = Filter([host], params.get("tags") or [], paths).select(known)
    partial = partial_ids(known)
    found = newest([one for one in similar if one.id not in partial and (not paths or set(one.paths) == set(paths))], now)
    return None if is_stale(found, limit, now) else found


def source_paths(params: t.Mapping[str, t.Any]) -> list[str]:
    """Return the paths that restic records for a backup, none where only restic finds out."""
    if params.get("files_from"):
        return []
    if params.get("command"):
        return [posixpath.join("/", posixpath.normpath(params["stdin_filename"]))]
    return [os.path.normpath(path) for path in params.get("paths") or []]


def _back_up_paths(restic: Restic, _params: t.Mapping[str, t.Any], words: list[str]) -> Result:
    return restic.call(*words, ok=(0, 3))


def _back_up_command(restic: Restic, params: t.Mapping[str, t.Any], words: list[str]) -> Result:
    """Back up what a command prints; a command that fails, or prints nothing, leaves no snapshot."""
    words = [*words, "--stdin", f"--stdin-filename={params['stdin_filename']}"]
    inherited = {name: value for name, value in os.environ.items() if name not in FORGET}
    done = stream(
        params["command"],
        restic.command(*words),
        # The command of a dump has no business with the password of the backup.
        writer_environ=inherited,
        reader_environ={**inherited, "LC_ALL": "C.UTF-8", **restic.environ},
        timeout=restic.timeout,
    )
    if done.reader.rc == 0:
        return done.reader
    if done.timed_out:
        raise restic.failure(words, done.reader, timed_out=True)
    if done.interrupted:
        raise _command_error(restic, params["command"], done.writer)
    raise restic.failure(words, done.reader)


def _command_error(restic: Restic, command: list[str], result: Result) -> ResticError:
    """Return the error for a dump that failed."""
    printed = restic.mask(result.err).strip()
    what = f"failed with exit status {result.rc}" if result.rc > 0 else f"ended by signal {-result.rc}" if result.rc else "printed nothing"
    what += " (as a process does that the kernel ends when memory runs out)" if result.rc in KILLED else ""
    msg = (
        f"The command {shlex.join(command)} {what}, so restic made no snapshot. Run it by hand to see why. "
        f"Its error output: {printed[-600:] or 'none'}"
    )
    return ResticError(msg, error="command_failed", rc=result.rc, stderr=printed[-2000:])
