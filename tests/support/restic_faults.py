# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Repositories for the tests of the restic modules, and the faults that they meet: locks, dead processes, closed ports."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import typing as t

import pytest

from support.modules import environment
from support.ports import LOOPBACK, free_port
from support.restic_key import lighten
from support.wait import wait_for


@dataclasses.dataclass
class Repository:
    """A repository and the restic that works on it. `folder` is where its files are, if they are on this machine."""

    binary: str
    version: str
    url: str
    cache: pathlib.Path
    folder: pathlib.Path | None = None
    environ: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    password: str = dataclasses.field(default_factory=lambda: f"canary-{secrets.token_hex(8)}", repr=False)

    @property
    def old(self) -> bool:
        """Whether this restic has no exit status of its own for a failure, and starts no command."""
        return tuple(map(int, self.version.split(".")[:2])) < (0, 17)

    def options(self, **more: t.Any) -> dict[str, t.Any]:
        """The options that every restic module takes, for this repository, and more."""
        common = {"repository": self.url, "password": self.password, "binary": self.binary, "cache_dir": str(self.cache)}
        return {**common, "environment": dict(self.environ), **more}

    def variables(self) -> dict[str, str]:
        """The environment in which restic opens the repository."""
        return environment(self.environ, RESTIC_REPOSITORY=self.url, RESTIC_PASSWORD=self.password, RESTIC_CACHE_DIR=str(self.cache))

    def restic(self, *words: str, check: bool = True, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run restic itself."""
        done = subprocess.run([self.binary, *words], env=self.variables(), input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, f"restic {words}: {done.stderr}"
        return done

    def created(self) -> Repository:
        """The same, after creating it; in a folder by copying one, since making a key takes a second."""
        if not self.folder:
            self.restic("init")
            return self
        model, password = _model(self.binary)
        shutil.copytree(model, self.folder)
        return dataclasses.replace(self, password=password)

    def snapshots(self) -> list[dict[str, t.Any]]:
        """The snapshots, as restic lists them."""
        rows: list[dict[str, t.Any]] = json.loads(self.restic("snapshots", "--json", "--no-lock").stdout)
        return rows

    def locks(self) -> list[str]:
        """The ids of the locks."""
        return self.restic("list", "locks", "--no-lock").stdout.split()

    def processes(self) -> list[int]:
        """The ids of the running restic processes on this repository."""
        return [pid for pid, variables in _environments() if f"RESTIC_REPOSITORY={self.url}" in variables and _is(pid, self.binary)]


def local_repository(restic: t.Any, folder: pathlib.Path) -> Repository:
    """Return a repository in a folder, not created yet. restic has .version and .path, like the fixture of that name."""
    return Repository(restic.path, restic.version, str(folder / "repository"), folder / "cache", folder / "repository")


@functools.cache
def _model(binary: str) -> tuple[pathlib.Path, str]:
    """A repository to copy, with its password."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="restic-model-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    model = Repository(binary, "", str(folder / "repository"), folder / "cache")
    model.restic("init")
    lighten(folder / "repository", model.password)
    return folder / "repository", model.password


def unreachable(repository: Repository) -> Repository:
    """The same in a bucket of a server that is not there."""
    credentials = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing-to-see"}
    return dataclasses.replace(repository, url=f"s3:http://{LOOPBACK}:{free_port()}/bucket", folder=None, environ=credentials)


@contextlib.contextmanager
def silent(repository: Repository) -> t.Iterator[Repository]:
    """The same in a bucket of a server that takes every connection and never answers, for the time of a with statement."""
    credentials = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing-to-see", "AWS_DEFAULT_REGION": "us-east-1"}
    # The kernel accepts as many as this; nobody takes them from it.
    with socket.create_server((LOOPBACK, 0), backlog=100) as listener:
        port = listener.getsockname()[1]
        yield dataclasses.replace(repository, url=f"s3:http://{LOOPBACK}:{port}/bucket", folder=None, environ=credentials)


@contextlib.contextmanager
def read_only(folder: pathlib.Path) -> t.Iterator[None]:
    """Let nobody write to a folder, for the time of a with statement; skip where mounting is forbidden."""
    as_root = [] if os.getuid() == 0 else ["sudo", "--non-interactive"]
    for words in (["--bind", str(folder)], ["-o", "remount,ro,bind"]):
        mounted = subprocess.run([*as_root, "mount", *words, str(folder)], capture_output=True, text=True, check=False)
        if mounted.returncode:
            pytest.skip(f"no folder can be mounted read-only here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run([*as_root, "umount", "--lazy", str(folder)], check=True)


def wrapped(repository: Repository, folder: pathlib.Path, script: str) -> Repository:
    """The same with a shell script in place of restic; $RESTIC is the real one."""
    path = folder / f"restic-{secrets.token_hex(4)}"
    path.write_text(f'#!/bin/sh\nRESTIC="{repository.binary}"\n{script}\n', encoding="utf-8")
    path.chmod(0o755)
    return dataclasses.replace(repository, binary=str(path))


@contextlib.contextmanager
def held_lock(repository: Repository, folder: pathlib.Path, *, exclusive: bool = False) -> t.Iterator[int]:
    """Let a restic process hold a lock for the time of a with statement; gives its process id.

    An exclusive one changes its password and waits for the new one, the other backs up an input that does not end.
    """
    before = set(repository.locks())
    gate = folder / f"gate-{secrets.token_hex(4)}"
    os.mkfifo(gate)
    words = ["key", "passwd", f"--new-password-file={gate}"] if exclusive else ["backup", "--stdin", "--quiet"]
    process = subprocess.Popen(
        [repository.binary, *words],
        env=repository.variables(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: process.poll() is not None or bool(set(repository.locks()) - before), what="lock")
        assert process.poll() is None, f"restic {words} ended with status {process.returncode} instead of waiting"
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def dead_lock(repository: Repository, folder: pathlib.Path, *, exclusive: bool = False) -> int:
    """Leave the lock of a process that was killed; returns what was its process id."""
    with held_lock(repository, folder, exclusive=exclusive) as pid:
        return pid


class Gate:
    """A command that prints some bytes and then waits for the test, which decides how it ends."""

    def __init__(self, folder: pathlib.Path, size: int) -> None:
        folder.mkdir(exist_ok=True)
        self._reached, go, script = folder / "reached", folder / "go", folder / "command"
        os.mkfifo(go)
        # Open for both directions, so that neither side ever waits for the other to open it.
        self._go = os.open(go, os.O_RDWR)
        lines = ["#!/bin/sh", f"head -c {size} /dev/urandom", f'echo $$ > "{self._reached}"', f'read -r status < "{go}"', 'exit "$status"']
        script.write_text("\n".join(lines) + "\n", encoding="utf-8")
        script.chmod(0o755)
        self.command = [str(script)]

    def wait(self) -> int:
        """Wait until the command has printed everything; return its process id."""
        wait_for(lambda: self._reached.exists() and bool(self._reached.read_text(encoding="utf-8").strip()), what="end of the command")
        return int(self._reached.read_text(encoding="utf-8"))

    def end(self, status: int) -> None:
        """Let it end."""
        os.write(self._go, f"{status}\n".encode())


def parent(pid: int) -> int:
    """Return the id of the module that started a process, past the programs between the two."""
    above = int(pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[1])
    return parent(above) if _is(above, "/usr/bin/timeout") else above


def gone(pid: int) -> bool:
    """Return whether a process has ended; a zombie has."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def kill(pid: int, how: signal.Signals = signal.SIGKILL) -> None:
    """End one process."""
    os.kill(pid, how)


class Lookout:
    """Reads the command lines of all processes for the time of a with statement and counts those that contain a word."""

    def __init__(self, word: str) -> None:
        self._word = word.encode()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.rounds = 0
        self.programs: set[str] = set()
        self.found: list[bytes] = []

    def __enter__(self) -> t.Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.is_set():
            lines = [line for path in pathlib.Path("/proc").glob("[0-9]*/cmdline") for line in [_bytes(path)] if line]
            self.programs |= {os.path.basename(line.split(b"\0")[0].decode(errors="replace")) for line in lines}
            self.found += [line for line in lines if self._word in line]
            self.rounds += 1


def _environments() -> t.Iterator[tuple[int, list[str]]]:
    for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
        yield int(path.parent.name), _bytes(path).decode(errors="replace").split("\0")


def _is(pid: int, program: str) -> bool:
    try:
        return os.path.samefile(f"/proc/{pid}/exe", program)
    except OSError:
        return False


def _bytes(path: pathlib.Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
