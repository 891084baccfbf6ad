# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""A small Docker for tests: it keeps containers in memory, understands the commands that the rollout sends, and notes them."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._compose._plan import Record
from ansible_collections.campus.moodle.plugins.module_utils._compose.project import LABEL_HASH, LABEL_ONE_OFF, LABEL_SERVICE
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result

OK = Result(0, "", "")
SCALES = {"postgres": 1, "pooler": 1, "php": 2, "web": 1, "cron": 1, "proxy": 1}


def definition(version: str = "1", **changes: t.Any) -> str:
    """Return a definition as JSON, which is what the fake understands: service to hash, image and scale."""
    services = {name: {"hash": f"{name}-{version}", "image": f"site:{version}", "scale": scale} for name, scale in SCALES.items()}
    for name in ("postgres", "pooler", "proxy"):
        services[name] = {"hash": name, "image": "services", "scale": 1}
    services.update(changes)
    return json.dumps(services)


class Refused(Exception):
    """A command that fails."""


class FakeDocker:
    """The function that runs commands.

    answers maps an image command to its exit status and answer, without which it succeeds; cut stops before a command, refuse makes
    one fail. Containers whose hash is in broken never answer, and those whose hash is in looping end again and again.
    """

    def __init__(self, answers: dict[str, tuple[int, dict[str, t.Any]]] | None = None) -> None:
        self.containers: dict[str, dict[str, t.Any]] = {}
        self.one_offs: dict[str, dict[str, t.Any]] = {}
        self.commands: list[str] = []
        self.answers = answers or {}
        self.broken: set[str] = set()
        self.looping: set[str] = set()
        self.cut = ""
        self.refuse = ""
        self.secrets: dict[str, dict[str, str]] = {}
        self._number = 0

    def __call__(self, command: list[str], text: t.Optional[str]) -> Result:
        words = [word for word in command[command.index("docker") + 1 :] if word]
        try:
            return self._compose(words, text) if words[0] == "compose" else getattr(self, f"_{words[0]}")(words[1:])
        except Refused as refused:
            return Result(1, "", f"Docker refuses: {refused}")

    def start(self, service: str, digest: str, status: str = "running", health: str = "healthy") -> str:
        """Put a container there."""
        self._number += 1
        name = f"{service}-{self._number}"
        self.containers[name] = {"service": service, "hash": digest, "status": status, "health": health, "restarts": 0}
        if digest in self.looping:
            self.containers[name].update(status="restarting", restarts=9)
        return name

    def start_all(self, text: str) -> None:
        """Put everything there that a definition describes."""
        for name, row in json.loads(text).items():
            for _ in range(row["scale"]):
                self.start(name, row["hash"])

    def serving(self, service: str) -> list[str]:
        """Return the hashes of the running containers of a service."""
        return sorted(row["hash"] for row in self.containers.values() if row["service"] == service and row["status"] == "running")

    def _note(self, line: str) -> None:
        if self.cut and line.startswith(self.cut):
            raise KeyboardInterrupt(line)
        if self.refuse and line.startswith(self.refuse):
            raise Refused(line)
        self.commands.append(line)

    def _compose(self, words: list[str], text: t.Optional[str]) -> Result:
        if "down" in words:
            self._note("down")
            self.containers.clear()
            return OK
        if words[1:] == ["version"]:
            return OK
        wanted = json.loads(text or "{}")
        rest = words[words.index("quiet") + 1 :]
        if rest[0] == "--profile":
            rest = rest[2:]
        if rest[:2] == ["config", "--format"]:
            services = {
                name: {
                    "image": row["image"],
                    "scale": row["scale"],
                    "profiles": row.get("profiles", []),
                    "secrets": row.get("secrets", []),
                    "environment": row.get("environment", {}),
                    "labels": {"campus.moodle.site": "x"},
                    "healthcheck": {} if name == "cron" else {"test": ["CMD", "probe", name]},
                }
                for name, row in wanted.items()
            }
            return Result(0, json.dumps({"services": services, "secrets": self.secrets}), "")
        if rest[0] == "config":
            # Services that were read before, and are asked for without what they depend on, have no hash here.
            rows = {} if "services" in wanted else wanted
            return Result(0, "".join(f"{name} {row['hash']}\n" for name, row in rows.items()), "")
        if rest[:2] == ["run", "--detach"]:
            name = rest[-1]
            self._note(f"try {name}")
            status = "exited" if wanted[name]["hash"] in self.broken else "running"
            self.one_offs[f"{name}-run"] = {"service": name, "hash": wanted[name]["hash"], "status": status, "health": "", "restarts": 0}
            return OK
        if rest[0] == "run":
            command = rest[rest.index("cli") + 1]
            line = " ".join(rest[rest.index("cli") + 1 :])
            self._note(line)
            code, answer = self.answers.get(line, self.answers.get(command, (0, {"changed": True})))
            return Result(code, json.dumps(answer), "")
        return self._up(rest, wanted)

    def _up(self, rest: list[str], wanted: dict[str, t.Any]) -> Result:
        scale = {rest[index + 1].split("=")[0]: int(rest[index + 1].split("=")[1]) for index, word in enumerate(rest) if word == "--scale"}
        names = [word for word in rest[1:] if word in wanted]
        self._note(f"up {' '.join(names)}" + "".join(f" {name}={count}" for name, count in scale.items()))
        for name in names:
            mine = [key for key, row in self.containers.items() if row["service"] == name]
            for key in mine:
                if "--no-recreate" not in rest and self.containers[key]["hash"] != wanted[name]["hash"]:
                    self.containers[key]["hash"] = wanted[name]["hash"]
                self.containers[key]["status"] = "restarting" if self.containers[key]["hash"] in self.looping else "running"
                self.containers[key]["restarts"] = 9 if self.containers[key]["hash"] in self.looping else 0
            for _ in range(scale.get(name, wanted[name]["scale"]) - len(mine)):
                self.start(name, wanted[name]["hash"])
        return OK

    def _ps(self, words: list[str]) -> Result:
        if f"label={LABEL_ONE_OFF}=True" not in words:
            return Result(0, "\n".join(self.containers), "")
        return Result(0, "\n".join(key for key, row in self.one_offs.items() if f"label={LABEL_SERVICE}={row['service']}" in words), "")

    def _container(self, words: list[str]) -> Result:
        everything = {**self.containers, **self.one_offs}
        rows = [
            {
                "Id": key,
                "Name": f"/{key}",
                "Config": {"Labels": {LABEL_SERVICE: everything[key]["service"], LABEL_HASH: everything[key]["hash"]}, "Image": ""},
                "State": {"Status": everything[key]["status"], "Health": {"Status": everything[key]["health"]}},
                "RestartCount": everything[key]["restarts"],
            }
            for key in words
            if key in everything
        ]
        return Result(0, json.dumps(rows), "")

    def _version(self, _words: list[str]) -> Result:
        return OK

    def _image(self, _words: list[str]) -> Result:
        return Result(0, json.dumps([{"Id": "sha256:1", "Size": 400_000_000, "Config": {"Labels": {}}}]), "")

    def _exec(self, words: list[str]) -> Result:
        row = {**self.containers, **self.one_offs}[words[0]]
        return Result(1, "", "") if row["hash"] in self.broken else OK

    def _stop(self, words: list[str]) -> Result:
        self._note(f"stop {' '.join(sorted(self.containers[key]['service'] for key in words))}")
        for key in words:
            self.containers[key]["status"] = "exited"
        return OK

    def _start(self, words: list[str]) -> Result:
        self._note(f"start {' '.join(sorted(self.containers[key]['service'] for key in words))}")
        for key in words:
            self.containers[key]["status"] = "running"
        return OK

    def _rm(self, words: list[str]) -> Result:
        keys = [key for key in words if not key.startswith("-")]
        if set(keys) <= set(self.one_offs):
            self._note(f"end the trial of {self.one_offs.pop(keys[0])['service']}")
            return OK
        self._note(f"rm {' '.join(sorted(self.containers[key]['service'] for key in keys))}")
        for key in keys:
            del self.containers[key]
        return OK

    def _logs(self, _words: list[str]) -> Result:
        return Result(0, "its last words", "")


class FakeFiles:
    """The files of a site, in memory. secrets says what the rollout decided about former values, latest last."""

    def __init__(self, text: str = "", record: Record = Record()) -> None:  # noqa: B008 - frozen
        self.text = text
        self.record = record
        self.secrets: list[str] = []

    def read_definition(self) -> str:
        """Return the compose file."""
        return self.text

    def write_definition(self, text: str) -> None:
        """Replace the compose file."""
        self.text = text

    def read_record(self) -> Record:
        """Return what was recorded."""
        return self.record

    def write_record(self, record: Record) -> None:
        """Record."""
        self.record = record

    def put_back_secrets(self) -> None:
        """Note that the former values count again."""
        self.secrets.append("put back")

    def drop_previous_secrets(self) -> None:
        """Note that the new values count."""
        self.secrets.append("dropped")
