# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Thin client of restic: one repository, typed errors, machine output.

Only restic_from() knows AnsibleModule. Secrets are in the environment of the process and nowhere else.
"""

from __future__ import annotations

import json
import re
import typing as t

from .._tool.errors import ToolError
from .._tool.process import Result, Run, find_binary, require_version, runner
from .errors import SENTENCES, ResticError, kind_of, lock_holder, row_of, said_by

PASSWORD_OPTIONS = ("password", "password_file", "password_command")
RESTIC_ARGUMENTS: dict[str, t.Any] = {
    "repository": {"type": "str", "required": True},
    "password": {"type": "str", "no_log": True},
    "password_file": {"type": "path", "no_log": False},
    "password_command": {"type": "str", "no_log": False},
    "environment": {"type": "dict", "default": {}, "no_log": True},
    "cache_dir": {"type": "path"},
    "binary": {"type": "str", "default": "restic"},
    "lock_wait": {"type": "int", "default": 0},
    "timeout": {"type": "int", "default": 300},
    "limit_upload": {"type": "int"},
    "limit_download": {"type": "int"},
    "backend_options": {"type": "dict", "default": {}},
    "cacert": {"type": "path"},
}
# For AnsibleModule(**RESTIC_RULES).
RESTIC_RULES: dict[str, t.Any] = {"mutually_exclusive": [PASSWORD_OPTIONS], "required_one_of": [PASSWORD_OPTIONS]}

# Variables that decide which repository is opened, how, and as whom. One that the connection happens to carry would beat
# the options of the task: restic prefers a password command to a password file, and that to a password.
SOURCES = ("REPOSITORY", "REPOSITORY_FILE", "PASSWORD", "PASSWORD_FILE", "PASSWORD_COMMAND", "KEY_HINT")
FORGET = [f"RESTIC_{part}{name}" for part in ("", "FROM_") for name in SOURCES] + ["RESTIC_HOST", "RESTIC_READ_CONCURRENCY"]
# Values of the environment option that are no secrets. As secrets they would blank out every number 2 in a result.
PLAIN = ("AWS_DEFAULT_REGION", "AWS_REGION", "GOMAXPROCS", "GOGC", "TMPDIR", "HOME", "RESTIC_PACK_SIZE", "RESTIC_PROGRESS_FPS")

# What the modules use, and the first restic that has it.
MINIMUM: dict[str, str] = {
    # restic itself
    "": "0.14.0",
    # every module
    "lock_wait": "0.16.0",
    # restic_repository
    "copy_chunker_from": "0.14.0",
    # restic_backup
    "compression fastest": "0.19.0",
    "compression better": "0.19.0",
    "read_concurrency": "0.15.0",
    "skip_if_unchanged": "0.17.0",
    # restic_forget
    "keep unlimited": "0.16.0",
    # restic_check
    "check json": "0.18.0",
    # restic_restore
    "subfolder": "0.16.0",
    "delete": "0.17.0",
    "overwrite": "0.17.0",
    "restore dry_run": "0.17.0",
}

EVENTS = {"verbose_status", "summary", "error", "exit_error", "initialized", "changed", "snapshot", "node"}
TAIL = 2000
MASK = "********"


class Restic:
    """The commands of one restic binary on one repository."""

    def __init__(
        self,
        run: Run,
        binary: str = "restic",
        *,
        repository: str = "",
        options: t.Sequence[str] = (),
        environ: t.Optional[t.Mapping[str, str]] = None,
        secrets: t.Iterable[str] = (),
        timeout: float = 0,
    ) -> None:
        self._run = run
        # The variables that restic gets on top of what it inherits, for a caller that starts it in another way.
        self.environ = dict(environ or {})
        self._binary = binary
        self._options = list(options)
        # The longest first: one secret may be part of another.
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._version = ""
        self.repository = self.masked(repository)
        self.timeout = timeout

    @property
    def version(self) -> str:
        """Return the version, asked once."""
        if not self._version:
            result = self._run([self._binary, "version"], None)
            found = re.search(r"restic (\d+\.\d+\.\d+)", result.out)
            if result.rc != 0 or not found:
                said = (result.err.strip() or result.out.strip())[-TAIL:]
                msg = f"{self._binary} version did not tell a version of restic (exit status {result.rc}): {said}"
                raise ResticError(msg, error="failed", rc=result.rc, stderr=said)
            self._version = found[1]
        return self._version

    def require(self, options: t.Iterable[str]) -> None:
        """Refuse options (keys of MINIMUM) that this restic does not have; without options nothing is asked."""
        used = [option for option in options if option in MINIMUM]
        if not used:
            return
        found = self.version
        try:
            require_version("restic", found, ["", *used], MINIMUM)
        except ToolError as error:
            raise ResticError(str(error), error="unsupported_option", **error.details) from error

    def has(self, option: str) -> bool:
        """Return whether this restic has an option of MINIMUM."""
        try:
            self.require([option])
        except ResticError as error:
            if "option" not in error.details:
                raise
            return False
        return True

    def command(self, *args: str) -> list[str]:
        """Return the whole command line for restic's arguments."""
        return [self._binary, *self._options, *args]

    def call(self, *args: str, text: t.Optional[str] = None, ok: t.Container[int] = (0,)) -> Result:
        """Run a restic command; an exit status that is not in ok raises ResticError."""
        try:
            result = self._run(self.command(*args), text)
        except OSError as error:
            raise self.failure(args, Result(127, "", str(error.strerror))) from error
        except ToolError as error:
            if error.details.get("error") not in ("timed_out", "killed"):
                raise
            said = Result(error.details["rc"], error.details["stdout"], error.details["stderr"])
            raise self.failure(args, said, timed_out=error.details["timed_out"]) from error
        if result.rc in ok:
            return result
        raise self.failure(args, result)

    def call_json(self, *args: str) -> t.Any:
        """Run a restic command with --json and return what it printed as one JSON value."""
        result = self.call("--json", *args)
        try:
            return json.loads(result.out)
        except ValueError:
            msg = f"restic {args[0]} for {self.repository} printed something that is no JSON: {self.masked(result.out[:200])!r}"
            raise ResticError(msg, error="failed", rc=result.rc, stderr=self.masked(result.err[-TAIL:])) from None

    @staticmethod
    def json_lines(result: Result) -> list[dict[str, t.Any]]:
        """Return the messages with a known type among the lines of both outputs, without progress."""
        return [message for message in map(_message, (result.out + "\n" + result.err).splitlines()) if message]

    def masked(self, text: str) -> str:
        """Return a text without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def failure(self, args: t.Sequence[str], result: Result, *, timed_out: bool = False) -> ResticError:
        """Return the error for what a command gave back."""
        said = self.masked(said_by(result))
        kind = kind_of(result, timed_out=timed_out)
        # Asked only now: every other run is spared a start of restic.
        outdated = self._outdated() if kind == "failed" else None
        if outdated:
            return outdated
        holder = lock_holder(said) if kind == "locked" else {}
        place = " by process {pid} on {host}".format(**holder) if "pid" in holder else ""
        sentence = SENTENCES[kind].format(lock=place, timeout=self.timeout)
        verb = next((arg for arg in args if not arg.startswith("-")), "")
        limit = f" (ended after {self.timeout:g} seconds)" if timed_out and kind != "timed_out" else f" (exit status {result.rc})"
        msg = f"restic {verb} for {self.repository}: {sentence}{limit if kind != 'timed_out' else ''}"
        details: dict[str, t.Any] = {"error": kind, "rc": result.rc, "stderr": said[-TAIL:]}
        if holder:
            details["lock"] = holder
        if timed_out:
            details["timed_out"] = True
        return ResticError(f"{msg} restic said: {said[-600:]}" if said else msg, **details)

    def _outdated(self) -> t.Optional[ResticError]:
        """Return the error for a restic that is too old for all of this."""
        try:
            self.require([""])
        except ResticError as error:
            return error if error.error == "unsupported_option" else None
        except (OSError, ToolError):
            return None
        return None


def _message(line: str) -> t.Optional[dict[str, t.Any]]:
    row = row_of(line)
    return row if row and row.get("message_type") in EVENTS else None


def environment_of(params: t.Mapping[str, t.Any], prefix: str = "RESTIC_") -> dict[str, str]:
    """Return the variables that name a repository and its password; RESTIC_FROM_ is the prefix of a second one."""
    names = {"repository": "REPOSITORY", "password": "PASSWORD", "password_file": "PASSWORD_FILE", "password_command": "PASSWORD_COMMAND"}
    return {prefix + name: str(params[option]) for option, name in names.items() if params.get(option)}


def options_of(params: t.Mapping[str, t.Any]) -> list[str]:
    """Return the options that stand before every command. None of them is a secret."""
    flags = {
        "lock_wait": ("--retry-lock", "{}s"),
        "limit_upload": ("--limit-upload", "{}"),
        "limit_download": ("--limit-download", "{}"),
        "cacert": ("--cacert", "{}"),
        "cache_dir": ("--cache-dir", "{}"),
    }
    words = [word for name, (flag, shape) in flags.items() if params.get(name) for word in (flag, shape.format(params[name]))]
    extra = sorted((params.get("backend_options") or {}).items())
    return words + [word for name, value in extra for word in ("-o", f"{name}={value}")]


def secrets_of(params: t.Mapping[str, t.Any]) -> set[str]:
    """Return the values that must never be shown: passwords, the environment's secrets, a password in an address."""
    environment = {str(value) for name, value in (params.get("environment") or {}).items() if name not in PLAIN}
    address = re.search(r"://[^/@:]*:([^/@]+)@", params.get("repository") or "")
    found = environment | {params.get("password") or ""} | ({address[1]} if address else set())
    return {secret for secret in found if secret}


def restic_from(
    module: t.Any,
    *,
    timeout: t.Optional[float] = None,
    source: t.Optional[t.Mapping[str, t.Any]] = None,
    override: t.Optional[t.Mapping[str, t.Any]] = None,
) -> Restic:
    """Return the client for a module's options.

    timeout replaces the option of that name. source is a second repository (repository and one of the password options)
    for commands that read from another one. override replaces options, to open the repository with another password.
    """
    params = {**module.params, **(override or {})}
    limit = params["timeout"] if timeout is None else timeout
    plain = {str(value) for name, value in params["environment"].items() if name in PLAIN}
    secrets = secrets_of(params) | secrets_of(source or {})
    # A password inside an address is no option of its own, so Ansible does not know it; a region is none at all.
    module.no_log_values -= plain - secrets
    module.no_log_values |= secrets
    environ = {
        # One line of progress in ten seconds is enough to see that it lives, and keeps the output small.
        "RESTIC_PROGRESS_FPS": "0.1",
        **{str(name): str(value) for name, value in params["environment"].items()},
        **environment_of(source or {}, "RESTIC_FROM_"),
        **environment_of(params),
    }
    restic = Restic(
        # An interrupt is what every version of restic removes its lock for; before 0.17 it died of any other signal.
        runner(module, environ=environ, forget=FORGET, timeout=limit, signal="INT"),
        find_binary(module, params["binary"]),
        repository=params["repository"],
        options=options_of(params),
        environ=environ,
        secrets=secrets,
        timeout=limit or 0,
    )
    restic.require(["lock_wait"] if params["lock_wait"] else [])
    return restic
