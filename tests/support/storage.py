# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Places that keep backups and charts: an S3 server, REST servers, an OCI registry, a web server for files, small disks."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import secrets
import subprocess
import sys
import typing as t

import pytest

from support.ports import LOOPBACK, free_port
from support.servers import program, running

# All that the REST server says outside of a repository.
NO_SUCH_METHOD = 405


class Place(t.NamedTuple):
    """A server and the folder that it serves."""

    url: str
    folder: pathlib.Path


@dataclasses.dataclass(frozen=True)
class S3:
    """An S3 server. Each bucket is a folder in `folder`, each object a file below it."""

    endpoint: str
    access_key: str
    secret_key: str = dataclasses.field(repr=False)
    folder: pathlib.Path

    @property
    def environ(self) -> dict[str, str]:
        """The credentials, as S3 clients take them from the environment."""
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key, "AWS_DEFAULT_REGION": "us-east-1"}

    def bucket(self, name: str) -> str:
        """Make a bucket and return its address; restic wants s3: before it."""
        (self.folder / name).mkdir()
        return f"{self.endpoint}/{name}"


@contextlib.contextmanager
def s3_server(folder: pathlib.Path) -> t.Iterator[S3]:
    """Run an S3 server for the time of a with statement."""
    port = free_port()
    server = S3(f"http://{LOOPBACK}:{port}", "tools-tier", secrets.token_hex(16), _new(folder / "data"))
    command = [program("versitygw"), f"--port={LOOPBACK}:{port}", "--health=/health", "posix", str(server.folder)]
    credentials = {"ROOT_ACCESS_KEY": server.access_key, "ROOT_SECRET_KEY": server.secret_key}
    with running(command, folder, f"{server.endpoint}/health", environ=credentials):
        yield server


@contextlib.contextmanager
def rest_server(folder: pathlib.Path, data: pathlib.Path, *, append_only: bool) -> t.Iterator[Place]:
    """Run a REST server for restic for the time of a with statement; restic wants rest: before its address."""
    port = free_port()
    options = ["--no-auth", f"--path={data}", f"--listen={LOOPBACK}:{port}", *["--append-only"] * append_only]
    url = f"http://{LOOPBACK}:{port}/"
    with running([program("rest-server"), *options], folder, url, well=NO_SUCH_METHOD):
        yield Place(url, data)


@contextlib.contextmanager
def oci_registry(folder: pathlib.Path) -> t.Iterator[Place]:
    """Run a registry without TLS for the time of a with statement; charts are pushed to oci://HOST:PORT/..."""
    port = free_port()
    data = _new(folder / "data")
    settings = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(data)}, "delete": {"enabled": True}},
        "http": {"addr": f"{LOOPBACK}:{port}"},
    }
    # JSON is YAML.
    (folder / "registry.yml").write_text(json.dumps(settings), encoding="utf-8")
    command = [program("registry"), "serve", "registry.yml"]
    with running(command, folder, f"http://{LOOPBACK}:{port}/v2/", environ={"OTEL_TRACES_EXPORTER": "none"}):
        yield Place(f"oci://{LOOPBACK}:{port}", data)


@contextlib.contextmanager
def web_server(folder: pathlib.Path) -> t.Iterator[Place]:
    """Serve the files of a folder, a chart repository for example, for the time of a with statement."""
    port = free_port()
    data = _new(folder / "data")
    command = [sys.executable, "-m", "http.server", f"--bind={LOOPBACK}", f"--directory={data}", str(port)]
    with running(command, folder, f"http://{LOOPBACK}:{port}/"):
        yield Place(f"http://{LOOPBACK}:{port}", data)


@contextlib.contextmanager
def small_disk(folder: pathlib.Path, megabytes: int) -> t.Iterator[pathlib.Path]:
    """Mount a file system of a few megabytes for the time of a with statement; skip where mounting is forbidden."""
    as_root = [] if os.getuid() == 0 else ["sudo", "--non-interactive"]
    options = f"size={megabytes}m,uid={os.getuid()},mode=0700"
    mounted = subprocess.run(
        [*as_root, "mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run([*as_root, "umount", "--lazy", folder], check=True)


def _new(folder: pathlib.Path) -> pathlib.Path:
    folder.mkdir()
    return folder
