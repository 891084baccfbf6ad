# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What the tests of the Helm modules share: a chart that a test may edit, its release, and stand-ins for controllers."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import pathlib
import queue
import shutil
import ssl
import subprocess
import threading
import typing as t
import urllib.error
import urllib.request

from support import REPOSITORY
from support.kubernetes import ApiServer
from support.modules import FourBeats, ModuleRunner, four_beats

CHARTS = REPOSITORY / "tests" / "tools" / "charts"
# A program that fails in whatever way it is called: a run that succeeds with it has not called it.
NO_HELM = "/bin/false"
TIME = "2026-01-02T03:04:05Z"


class Workbench:
    """A copy of the chart charts/site, and a release of it in a namespace of its own."""

    def __init__(self, run_module: ModuleRunner, server: ApiServer, binary: str, namespace: str, folder: pathlib.Path) -> None:
        self._run_module = run_module
        self.server = server
        self.binary = binary
        self.namespace = namespace
        self.folder = folder
        self.major = 3 if "helm3" in binary else 4
        self.chart = self.copied("site")

    def copied(self, name: str) -> pathlib.Path:
        """Copy a chart of the tests to where it can be edited."""
        return pathlib.Path(shutil.copytree(CHARTS / name, self.folder / name))

    def args(self, **more: t.Any) -> dict[str, t.Any]:
        """Return options for the release; those given win."""
        chart = {} if more.get("state") in ("absent", "rolled_back") else {"chart": {"ref": str(self.chart)}}
        return {"name": "web", "namespace": self.namespace, "binary": self.binary, **chart, **more}

    def run(self, *, check: bool = False, **more: t.Any) -> dict[str, t.Any]:
        """Run helm_release, which must not fail."""
        result = self._run_module("helm_release", self.args(**more), check=check, environ=self.server.environ)
        assert not result["failed"], f"{result.get('error')}: {result['msg']}\n{result.get('module_stderr', '')}"
        return result

    def fail(self, *, check: bool = False, environ: t.Mapping[str, str] | None = None, **more: t.Any) -> dict[str, t.Any]:
        """Run helm_release, which must fail with a sentence of its own."""
        result = self._run_module("helm_release", self.args(**more), check=check, environ={**self.server.environ, **(environ or {})})
        assert result["failed"] and "module_stderr" not in result, result
        return result

    def beats(self, **more: t.Any) -> FourBeats:
        """Run helm_release four times."""
        return four_beats(self._run_module, "helm_release", self.args(**more), environ=self.server.environ)

    def unchanged_without_helm(self, **more: t.Any) -> dict[str, t.Any]:
        """Run helm_release with a helm that cannot work; nothing may change."""
        result = self.run(**{**more, "binary": NO_HELM})
        assert (result["changed"], result["commands"]) == (False, [])
        return result

    def by_hand(self, verb: str, *words: str) -> None:
        """Do something to the release with helm itself, as somebody who knows nothing of the module."""
        command = [self.binary, verb, "web", *words, f"--namespace={self.namespace}", f"--kubeconfig={self.server.kubeconfig}"]
        subprocess.run(command, check=True, capture_output=True)

    def edit(self, file: str, old: str, new: str, chart: pathlib.Path | None = None) -> None:
        """Replace a text in a file of the chart."""
        path = (chart or self.chart) / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def add(self, file: str, text: str) -> None:
        """Add a file to the chart."""
        (self.chart / file).write_text(text, encoding="utf-8")

    def path(self, kind: str, name: str = "web") -> str:
        """Return the path of an object in the namespace of the release."""
        root = {"deployments": "/apis/apps/v1", "jobs": "/apis/batch/v1", "widgets": "/apis/tools.example.org/v1"}.get(kind, "/api/v1")
        return f"{root}/namespaces/{self.namespace}/{kind}/{name}"

    def get(self, kind: str, name: str = "web") -> dict[str, t.Any] | None:
        """Return an object as the server has it, None when it is not there."""
        try:
            return t.cast("dict[str, t.Any]", self.server.request("GET", self.path(kind, name)))
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def patch(self, kind: str, body: t.Any, name: str = "web", *, subresource: str = "", manager: str = "somebody") -> None:
        """Change an object as somebody other than helm does."""
        path = self.path(kind, name) + subresource + f"?fieldManager={manager}"
        self.server.request("PATCH", path, body, "application/merge-patch+json")

    def record(self, revision: int, name: str = "web") -> dict[str, t.Any] | None:
        """Return the Secret of a revision."""
        return self.get("secrets", f"sh.helm.release.v1.{name}.v{revision}")

    def release(self, revision: int) -> dict[str, t.Any]:
        """Return a revision as helm has stored it, read independently of the collection."""
        secret = self.record(revision)
        assert secret, f"there is no revision {revision}"
        return t.cast("dict[str, t.Any]", json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"])))))

    def set_status(self, revision: int, status: str, age_seconds: int = 0) -> None:
        """Write a status into the record of a revision, as a helm would have some time ago that was then killed."""
        body = self.release(revision)
        body["info"]["status"] = status
        data = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(body).encode()))).decode()
        labels = {"status": status}
        if age_seconds:
            secret = self.record(revision)
            assert secret
            then = int(secret["metadata"]["labels"]["modifiedAt"]) - age_seconds
            labels.update(modifiedAt=str(then), createdAt=str(then))
        self.patch("secrets", {"metadata": {"labels": labels}, "data": {"release": data}}, f"sh.helm.release.v1.web.v{revision}")


def titles(result: t.Mapping[str, t.Any]) -> list[str]:
    """Return what the diffs of a result are about."""
    return [row["after_header"].rpartition(" (")[0] for row in result["diff"]]


def diff_of(result: t.Mapping[str, t.Any], title: str) -> dict[str, str]:
    """Return the diff about one object."""
    return next(row for row in result["diff"] if row["after_header"].startswith(f"{title} ("))


def job_status(*, succeeded: bool) -> dict[str, t.Any]:
    """Return the status that a Job gets at its end."""
    names = ("SuccessCriteriaMet", "Complete") if succeeded else ("FailureTarget", "Failed")
    reason, message = ("Done", "it is done") if succeeded else ("BackoffLimitExceeded", "its pod failed")
    conditions = [{"type": name, "status": "True", "reason": reason, "message": message, "lastTransitionTime": TIME} for name in names]
    counts = {"succeeded": 1, "completionTime": TIME} if succeeded else {"failed": 1}
    return {"startTime": TIME, "conditions": conditions, **counts}


def pod_status(*, succeeded: bool) -> dict[str, t.Any]:
    """Return the status that a Pod gets at its end."""
    return {"phase": "Succeeded" if succeeded else "Failed"}


def deployment_status(obj: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the status of a Deployment whose pods all run."""
    count = obj["spec"]["replicas"]
    fields = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return {"observedGeneration": obj["metadata"]["generation"], **dict.fromkeys(fields, count)}


@contextlib.contextmanager
def controller(bench: Workbench, kind: str, status: t.Callable[[dict[str, t.Any]], dict[str, t.Any]]) -> t.Iterator[queue.SimpleQueue[str]]:
    """Give objects of a kind a status as soon as they are there, as the controllers do that this API server lacks.

    Yields the names of those that were given one.
    """
    seen: queue.SimpleQueue[str] = queue.SimpleQueue()
    done = threading.Event()
    thread = threading.Thread(target=_play, args=(bench, kind, status, seen, done), daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join(timeout=30)


def _play(
    bench: Workbench, kind: str, status: t.Callable[..., dict[str, t.Any]], seen: queue.SimpleQueue[str], done: threading.Event
) -> None:
    while not done.is_set():
        for obj in _changes(bench.server, bench.path(kind, "").rstrip("/")):
            wanted = status(obj)
            name = obj["metadata"]["name"]
            if any((obj.get("status") or {}).get(key) != value for key, value in wanted.items()):
                # An object may go away, or be somebody else's in the same moment.
                with contextlib.suppress(urllib.error.HTTPError):
                    bench.patch(kind, {"status": wanted}, name, subresource="/status", manager="controller")
                    seen.put(name)


def _changes(server: ApiServer, path: str) -> t.Iterator[dict[str, t.Any]]:
    """Yield all objects of a kind, and each that is new or changed in the second after."""
    found = server.request("GET", path)
    yield from found["items"]
    query = f"watch=1&timeoutSeconds=1&resourceVersion={found['metadata']['resourceVersion']}"
    asked = urllib.request.Request(f"{server.url}{path}?{query}", headers={"Authorization": f"Bearer {server.admin_token}"})
    with urllib.request.urlopen(asked, timeout=60, context=ssl.create_default_context(cafile=server.ca_file)) as stream:
        for line in stream:
            event = json.loads(line)
            if event["type"] in ("ADDED", "MODIFIED"):
                yield event["object"]
