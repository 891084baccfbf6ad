# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Thin client of restic: one repository, typed errors, machine output.

Only opener() knows AnsibleModule. Secrets are in the environment of the process and nowhere else.
"""

from __future__ import annotations

import json
import re
import typing as t

from .._tool.errors import ToolError
from .._tool.process import Result, Run, find_binary, require_version, runner
from ._errors import SENTENCES, ResticError, complaints_of, kind_of, lock_holder, row_of

PASSWORDS = ("password", "password_file", "password_command")
ARGUMENTS: dict[str, t.Any] = {
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
RULES: dict[str, t.Any] = {"mutually_exclusive": [PASSWORDS], "required_one_of": [PASSWORDS]}

# Variables that decide which repository is opened, how, and as whom. One that the connection happens to carry would beat
# the options of the task: restic prefers a password command to a password file, and that to a password.
SOURCES = ("REPOSITORY", "REPOSITORY_FILE", "PASSWORD", "PASSWORD_FILE", "PASSWORD_COMMAND", "KEY_HINT")
DECIDED = [f"RESTIC_{part}{name}" for part in ("", "FROM_") for name in SOURCES] + ["RESTIC_HOST"]
FORGET = [*DECIDED, "RESTIC_READ_CONCURRENCY"]
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

# Reading takes seconds, whatever the limit of the work that follows is.
READ_SECONDS = 300
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
        self.repository = self.mask(repository)
        self.timeout = timeout

    @property
    def version(self) -> str:
        """Return the version, which is read once."""
        if not self._version:
            result = self._run([self._binary, "version"], None)
            found = re.search(r"restic (\d+\.\d+\.\d+)", result.out)
            if result.rc != 0 or not found:
                printed = (result.err.strip() or result.out.strip())[-TAIL:]
                msg = f"{self._binary} version did not print a version of restic (exit status {result.rc}): {printed}"
                raise ResticError(msg, error="failed", rc=result.rc, stderr=printed)
            self._version = found[1]
        return self._version

    def require(self, options: t.Iterable[str]) -> None:
        """Refuse options (keys of MINIMUM) that this restic does not have; without options restic is not started."""
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
            printed = Result(error.details["rc"], error.details["stdout"], error.details["stderr"])
            raise self.failure(args, printed, timed_out=error.details["timed_out"]) from error
        if result.rc in ok:
            return result
        raise self.failure(args, result)

    def call_json(self, *args: str) -> t.Any:
        """Run a restic command with --json and return what it printed as one JSON value."""
        result = self.call("--json", *args)
        try:
            return json.loads(result.out)
        except ValueError:
            msg = f"restic {args[0]} for {self.repository} printed something that is not valid JSON: {self.mask(result.out[:200])!r}"
            raise ResticError(msg, error="failed", rc=result.rc, stderr=self.mask(result.err[-TAIL:])) from None

    @staticmethod
    def json_lines(result: Result) -> list[dict[str, t.Any]]:
        """Return the messages with a known type among the lines of both outputs, without progress."""
        return [message for message in map(_message, (result.out + "\n" + result.err).splitlines()) if message]

    def mask(self, text: str) -> str:
        """Return a text without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def failure(self, args: t.Sequence[str], result: Result, *, timed_out: bool = False) -> ResticError:
        """Return the error for what a command gave back."""
        complaint = self.mask(complaints_of(result))
        kind = kind_of(result, timed_out=timed_out)
        # Only now: every other run is spared a start of restic.
        outdated = self._outdated() if kind == "failed" else None
        if outdated:
            return outdated
        holder = lock_holder(complaint) if kind == "locked" else {}
        place = " by process {pid} on {host}".format(**holder) if "pid" in holder else ""
        sentence = SENTENCES[kind].format(lock=place, timeout=self.timeout)
        verb = next((arg for arg in args if not arg.startswith("-")), "")
        ended = "" if kind == "timed_out" else f" (ended after {self.timeout:g} seconds)" if timed_out else f" (exit status {result.rc})"
        msg = f"restic {verb} for {self.repository}: {sentence}{ended}"
        details: dict[str, t.Any] = {"error": kind, "rc": result.rc, "stderr": complaint[-TAIL:]}
        if holder:
            details["lock"] = holder
        if timed_out:
            details["timed_out"] = True
        return ResticError(f"{msg} restic reported: {complaint[-600:]}" if complaint else msg, **details)

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


def refuse_decided(environment: t.Mapping[str, t.Any]) -> None:
    """Refuse variables that would beat options. With RESTIC_HOST of another host restic 0.19 finds no errors: it checks nothing."""
    found = sorted(set(DECIDED) & set(environment))
    if found:
        advice = "Give the repository and its password as options of the task, and a host as option host or filter"
        msg = f"The option environment must not set {', '.join(found)}. {advice}. Nothing was touched."
        raise ResticError(msg, error="invalid")


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


class Open(t.Protocol):
    """Returns a client of the repository that a task names."""

    def __call__(
        self,
        *,
        reading: bool = False,
        source: t.Optional[t.Mapping[str, t.Any]] = None,
        override: t.Optional[t.Mapping[str, t.Any]] = None,
    ) -> Restic:
        """Return a client.

        reading: for commands that only read, with a limit at which an unreachable repository is noticed early.
        source: a second repository (repository and one of PASSWORDS), for commands that read from another one.
        override: other values of options, such as another password.
        """


def opener(module: t.Any) -> Open:
    """Return a function that opens the repository which the options of a module name."""

    def open_restic(
        *,
        reading: bool = False,
        source: t.Optional[t.Mapping[str, t.Any]] = None,
        override: t.Optional[t.Mapping[str, t.Any]] = None,
    ) -> Restic:
        params = {**module.params, **(override or {})}
        refuse_decided(params["environment"])
        timeout = min(params["timeout"] or READ_SECONDS, READ_SECONDS) if reading else params["timeout"]
        plain = {str(value) for name, value in params["environment"].items() if name in PLAIN}
        secrets = secrets_of(params) | secrets_of(source or {})
        # A password inside an address is no option of its own, so Ansible does not know it; a region is no secret.
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
            runner(module, environ=environ, forget=FORGET, timeout=timeout, signal="INT"),
            find_binary(module, params["binary"]),
            repository=params["repository"],
            options=options_of(params),
            environ=environ,
            secrets=secrets,
            timeout=timeout or 0,
        )
        restic.require(["lock_wait"] if params["lock_wait"] else [])
        return restic

    return open_restic


def merge_rules(**more: t.Sequence[t.Any]) -> dict[str, t.Any]:
    """Return RULES together with those of one module, for AnsibleModule(**...)."""
    return {name: [*RULES.get(name, []), *more.get(name, [])] for name in {**RULES, **more}}
