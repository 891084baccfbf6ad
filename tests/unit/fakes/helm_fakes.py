# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A stand-in for the program helm, helm_release with it, and what real ones have written and said (helm_records)."""

from __future__ import annotations

import copy
import json
import pathlib
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._helm._cluster import Cluster
from ansible_collections.campus.moodle.plugins.module_utils._helm._task import Task
from ansible_collections.campus.moodle.plugins.module_utils._helm.cli import Helm
from ansible_collections.campus.moodle.plugins.module_utils._helm.release import reconcile
from ansible_collections.campus.moodle.plugins.module_utils._helm.storage import decode, encode
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

RECORDS = {
    int(path.stem[-1]): json.loads(path.read_text(encoding="utf-8")) for path in (pathlib.Path(__file__).parent / "helm_records").iterdir()
}
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "physics"}}
MANIFEST = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}})
RENDERED = {"name": "web", "namespace": "physics", "manifest": MANIFEST, "config": {}}
DEFAULTS: dict[str, t.Any] = {
    "name": "web",
    "namespace": "physics",
    "state": "present",
    "create_namespace": False,
    "values": {},
    "values_files": [],
    "sensitive_values": {},
    "crds": "create",
    "wait": "none",
    "timeout": 60,
    "pending_recovery": "fail",
    "stale_after": None,
    "on_failure": "fail",
    "drift": "none",
    "ignore_differences": [],
    "server_side": "auto",
    "force_conflicts": False,
    "take_ownership": False,
    "history_max": 10,
    "keep_history": False,
    "confirm_delete": None,
    "revision": None,
    "run_tests": False,
    "description": None,
}


def recorded(major: int, revision: int) -> dict[str, t.Any]:
    """Return the Secret of a release that a real helm has written."""
    return t.cast("dict[str, t.Any]", copy.deepcopy(RECORDS[major]["secrets"][revision - 1]))


def secret(
    number: int = 1, status: str = "deployed", *, labels: t.Optional[dict[str, str]] = None, written: int = 0, **body: t.Any
) -> dict[str, t.Any]:
    """Return the Secret of a release of our own."""
    own = {"name": "web", "owner": "helm", "status": status, "version": str(number), "modifiedAt": str(written)}
    release = {"name": "web", "namespace": "physics", "version": number, "info": {"status": status}, **body}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"sh.helm.release.v1.web.v{number}", "namespace": "physics", "labels": {**(labels or {}), **own}},
        "data": {"release": encode(release)},
    }


def body_of(stored: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the release in a Secret."""
    return decode(stored["data"]["release"])


def labels_in(command: t.Sequence[str]) -> dict[str, str]:
    """Return the labels that a command of helm gives a release."""
    given = [word.partition("=")[2] for word in command if word.startswith("--labels=")]
    return dict(pair.split("=") for text in given for pair in text.split(","))


class FakeRun:
    """Answers commands by their first word, and remembers them with what they got on standard input."""

    def __init__(self, **answers: Result | Exception | t.Callable[[], Result]) -> None:
        self.answers = {"version": Result(0, "v4.3.1", ""), **answers}
        self.commands: list[list[str]] = []
        self.texts: list[str | None] = []

    def __call__(self, command: list[str], text: str | None = None, /) -> Result:
        """Answer."""
        self.commands.append(command)
        self.texts.append(text)
        answer = self.answers.get(command[1], Result(0, "", ""))
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer


def chart_in(folder: pathlib.Path) -> dict[str, t.Any]:
    """Make a chart and return the options that name it."""
    (folder / "Chart.yaml").write_text("name: site\n", encoding="utf-8")
    return {"ref": str(folder), "repo_url": None, "version": None, "digest": None, "ca_file": None, "plain_http": False}


def task(client: FakeClient, helm: FakeRun, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """Run helm_release with stand-ins."""
    client.namespace = "physics"
    made = Helm(helm, "helm", "web", namespace="physics", timeout=60)
    facts = Task({**DEFAULTS, "chart": None, **options}, check_mode=check)
    return reconcile(facts, Cluster(facts, client, made))


def installing(client: FakeClient, **answers: t.Any) -> FakeRun:
    """Return a helm that renders, and records the release when it is asked to install or upgrade it."""

    def upgrade() -> Result:
        if "--dry-run=server" not in helm.commands[-1]:
            status = "failed" if "upgrade_fails" in answers else "deployed"
            client.put(secret(1, status, labels=labels_in(helm.commands[-1]), manifest=MANIFEST))
            return Result(1, "", "Error: no") if "upgrade_fails" in answers else Result(0, "{}", "")
        return Result(0, json.dumps(RENDERED), "")

    helm = FakeRun(**{"upgrade": upgrade, **{name: answer for name, answer in answers.items() if name != "upgrade_fails"}})
    return helm
