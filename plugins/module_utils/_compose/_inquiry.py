# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""A site's project for a report: the engine is asked once for each thing, and an answer that never came is not waited for again."""

from __future__ import annotations

import functools
import json
import os
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

from .._doctor.world import World, in_time, ran
from .._tool.process import Run
from . import preflight
from .project import LABEL_PROJECT

Row = dict[str, t.Any]
LABEL_FOLDER = "com.docker.compose.project.working_dir"
SECRETS = "secrets"
# So often a container that hangs is waited for, each time as long as a command may take.
WAITS = 2


class Container(t.NamedTuple):
    """What the engine lists of a container, even where it tells no more of it: folder is the directory that it was made from."""

    id: str
    name: str
    folder: str


class Site:
    """A site's project, asked once for each thing. log_lines is how much of each log is taken, repository where the backups are."""

    def __init__(self, docker: t.Optional[Run], params: t.Mapping[str, t.Any], world: World, *, log_lines: int, repository: str) -> None:
        self.params, self.world, self.log_lines, self.repository = params, world, log_lines, repository
        self.project, self.directory = params["project"], params["directory"]
        self.run = docker
        self._answers: dict[tuple[str, ...], str | ToolError] = {}
        # Why the engine tells nothing of a container, by its name.
        self.silent: dict[str, ToolError] = {}

    @functools.cached_property
    def _engine(self) -> tuple[Row, str]:
        """What the engine says of itself, and why nothing can be asked of it."""
        if self.run is None:
            return {}, "Docker is not installed on the machine"
        try:
            info, reason = preflight.engine_of(self.run)
        except (ToolError, OSError, ValueError) as error:
            return {}, str(error)
        return info, "" if info.get("ServerVersion") else f"the Docker engine does not answer: {reason}"

    @property
    def unreachable(self) -> str:
        """Why nothing can be asked of the engine; empty where it answers."""
        return self._engine[1]

    def docker(self, *words: str) -> str:
        """Return what docker prints, to both ends, as logs are; ToolError where it fails. What failed once is not asked again."""
        if words not in self._answers:
            try:
                self._answers[words] = self._ask(*words)
            except ToolError as error:
                self._answers[words] = error
        answer = self._answers[words]
        if isinstance(answer, ToolError):
            raise answer
        return answer

    def _ask(self, *words: str) -> str:
        if self.unreachable or self.run is None:
            raise ToolError(self.unreachable)
        result = ran(self.run, ["docker", *words], f"docker {words[0]}")
        ends = (result.out, result.err if words[0] in ("logs", "exec") else "")
        return "".join(end if end.endswith("\n") else f"{end}\n" for end in ends if end)

    @functools.cached_property
    def listed(self) -> list[Container]:
        """The project's containers, also one-off ones."""
        row = f'{{{{.ID}}}}\t{{{{.Names}}}}\t{{{{.Label "{LABEL_FOLDER}"}}}}'
        printed = self.docker("ps", "--all", "--no-trunc", "--filter", f"label={LABEL_PROJECT}={self.project}", "--format", row)
        cells = ((*line.split("\t"), "", "")[:3] for line in printed.split("\n") if line)
        return [Container(number, name.partition(",")[0], folder or self.directory) for number, name, folder in cells]

    @functools.cached_property
    def containers(self) -> list[Row]:
        """What the engine knows of each container. Where it does not tell for all together, each is asked for by itself."""
        if not self.listed:
            return []
        try:
            return self._inspected(*self.listed)
        except (ToolError, ValueError):
            rows = [row for one in self.listed for row in self._one(one)]
            if not rows:
                raise
            return rows

    def _inspected(self, *containers: Container) -> list[Row]:
        return list(json.loads(self.docker("container", "inspect", *(one.id for one in containers))))

    def _one(self, container: Container) -> list[Row]:
        if container.name in self.silent:
            return []
        waits = sum(bool(error.details.get("timed_out")) for error in self.silent.values())
        try:
            if waits >= WAITS:
                raise ToolError("it was not asked for, since others were waited for in vain")
            return self._inspected(container)
        except ToolError as error:
            # One that was removed meanwhile has no state.
            if "No such container" not in str(error):
                self.silent[container.name] = error
        return []

    @property
    def secret_paths(self) -> list[str]:
        """Where the secrets of the containers lie, whatever directory the description names."""
        try:
            return sorted({os.path.join(one.folder, SECRETS) for one in self.listed})
        except ToolError:
            # Of an engine that is silent, nothing is taken.
            return []

    @property
    def unsearchable(self) -> list[str]:
        """The directories that containers were made from and that have no secrets."""
        return [os.path.dirname(path) for path in self.secret_paths if not in_time(functools.partial(os.path.isdir, path), path)]

    def require_searchable(self) -> None:
        """Refuse what may have secrets in it that nobody knows."""
        if self.unsearchable:
            raise ToolError(f"left out, since {' and '.join(self.unsearchable)} has no secrets that could be searched for")

    @property
    def info(self) -> Row:
        """What the engine says of itself; ToolError where it does not answer."""
        if self.unreachable:
            raise ToolError(self.unreachable)
        return self._engine[0]

    @functools.cached_property
    def sizes(self) -> dict[str, str]:
        """The sizes of the project's volumes, as the engine writes them."""
        # The engine adds up all files of the machine's volumes, which takes its time.
        listed = json.loads(self.docker("system", "df", "--verbose", "--format", "{{json .}}"))
        return {row["Name"]: row["Size"] for row in listed.get("Volumes") or [] if row["Name"].startswith(f"{self.project}_")}

    def read(self, name: str) -> str:
        """Return a file of the site's directory."""
        try:
            return self.world.read(os.path.join(self.directory, name))
        except OSError as error:
            raise ToolError(f"{error.filename}: {error.strerror}") from error
