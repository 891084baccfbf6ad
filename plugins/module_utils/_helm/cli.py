# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Thin client of the helm program, for one release, with Helm 3 and Helm 4.

A preview and the real thing come from the same builder and table, so they cannot drift apart. Values go through standard
input and the connection through a file, so no command line can hold a secret.
"""

from __future__ import annotations

import base64
import json
import os
import re
import tempfile
import typing as t

from .._kube.access import Access, Pem
from .._tool.errors import ToolError
from .._tool.process import Result, Run, find_binary, require_version, runner
from . import _chart as charts
from ._failure import CUT, failure, reason_of
from .storage import HelmError

# Variables that would send helm elsewhere than the connection of the task.
FORGET = (
    "HELM_DEBUG",
    "HELM_DRIVER",
    "HELM_KUBEAPISERVER",
    "HELM_KUBEASGROUPS",
    "HELM_KUBEASUSER",
    "HELM_KUBECAFILE",
    "HELM_KUBECONTEXT",
    "HELM_KUBEINSECURE_SKIP_TLS_VERIFY",
    "HELM_KUBETLS_SERVER_NAME",
    "HELM_KUBETOKEN",
    "HELM_NAMESPACE",
)
# Of cluster, user and context in the kubeconfig for helm.
_NAME = "campus.moodle"
# helm ends an operation by itself after --timeout; this much later it is ended altogether.
GRACE_SECONDS = 30
# Option of the module to the helm that has what it needs. state stands for everything that is always needed.
MINIMUM = {
    "state": "3.15.0",
    "take_ownership": "3.17.0",
    "chart.digest": "3.18.0",
    "force_conflicts": "4.0.0",
    "server_side": "4.0.0",
}
# Option to the commands that know it, and how it is written for Helm 3 and Helm 4; empty where there is no such thing.
FLAGS: dict[str, tuple[str, str, str]] = {
    "namespace": ("upgrade install template rollback uninstall test", "--namespace={}", "--namespace={}"),
    "timeout": ("upgrade install rollback uninstall test", "--timeout={}s", "--timeout={}s"),
    "wait": ("upgrade install rollback uninstall", "--wait", "--wait=watcher"),
    "history_max": ("upgrade rollback", "--history-max={}", "--history-max={}"),
    "server_side": ("upgrade rollback", "", "--server-side={}"),
    "force_conflicts": ("upgrade rollback", "", "--force-conflicts"),
    "create_namespace": ("upgrade install", "--create-namespace", "--create-namespace"),
    "take_ownership": ("upgrade install", "--take-ownership", "--take-ownership"),
    "description": ("upgrade install uninstall", "--description={}", "--description={}"),
    "labels": ("upgrade install", "--labels={}", "--labels={}"),
    "keep_history": ("uninstall", "--keep-history", "--keep-history"),
    "dry_run": ("upgrade install", "--dry-run={}", "--dry-run={}"),
    "repo_url": ("pull", "--repo={}", "--repo={}"),
    "version": ("pull", "--version={}", "--version={}"),
    "ca_file": ("pull", "--ca-file={}", "--ca-file={}"),
    "plain_http": ("pull", "--plain-http", "--plain-http"),
    "destination": ("pull", "--destination={}", "--destination={}"),
    "kube_version": ("template", "--kube-version={}", "--kube-version={}"),
}
# Without --reset-values helm would keep old values when there are none now. CRDs are handled by the module.
_FIXED = {
    "upgrade": ["--install", "--reset-values", "--skip-crds", "--output=json"],
    "install": ["--skip-crds", "--output=json"],
    "template": ["--include-crds"],
}


class Helm:
    """The commands that a release needs, one method each."""

    def __init__(self, run: Run, binary: str, name: str, *, namespace: str, timeout: int) -> None:
        self._run = run
        self._binary = binary
        self._name = name
        self._always = {"namespace": namespace, "timeout": timeout}
        self._version = ""
        # Hides secrets in what helm prints; set as soon as they are known.
        self.hide: t.Callable[[str], str] = str
        self.commands: list[list[str]] = []

    @property
    def version(self) -> str:
        """Return the version of the program; it is queried once."""
        if not self._version:
            printed = self._call(["version", "--template={{.Version}}"]).out.strip()
            if not re.match(r"^v\d+\.\d+\.\d+", printed):
                msg = f"The program {self._binary} does not print its version, but {printed[:200]!r}. Give a helm 3 or 4 in binary."
                raise HelmError(msg, error="unsupported_option")
            self._version = printed.lstrip("v")
        return self._version

    @property
    def major(self) -> int:
        """Return 3 or 4; what is newer is taken for 4."""
        return min(int(self.version.split(".")[0]), 4)

    def require(self, used: t.Iterable[str]) -> None:
        """Refuse options that this helm does not have."""
        found = self.version
        try:
            require_version("helm", found, ["state", *used], MINIMUM)
        except ToolError as error:
            raise HelmError(str(error), error="unsupported_option", **error.details) from error

    def pull(self, chart: charts.Chart, directory: str, **options: t.Any) -> str:
        """Download a chart and return the path of its archive."""
        ref = f"{chart.ref}@{chart.digest}" if chart.oci and chart.digest else chart.ref
        # A digest is enough; helm refuses a version together with it.
        version = None if "@" in ref else chart.version
        options.update(repo_url=chart.repo_url, version=version, destination=directory)
        self._verb("pull", [ref], options)
        archives = [name for name in os.listdir(directory) if name.endswith(".tgz")]
        if len(archives) != 1:
            msg = f"helm pull of {chart.ref} succeeded and left {len(archives)} archives instead of one."
            raise HelmError(msg, error="chart_not_found")
        return os.path.join(directory, archives[0])

    def description(self, chart: str) -> str:
        """Return the Chart.yaml of a local chart."""
        return self._check(["show", "chart", "--", chart]).out

    def render(self, chart: str, values: str, files: t.Sequence[str], *, verb: str = "upgrade", **options: t.Any) -> dict[str, t.Any]:
        """Return the release as upgrade() would make it."""
        result = self._deploy(verb, chart, values, files, {**options, "dry_run": "server"})
        try:
            return dict(json.loads(result.out))
        except ValueError as error:
            msg = f"helm {verb} --dry-run printed something else than JSON: {self.hide(result.out[:300])!r}."
            raise HelmError(msg, error="unparsable") from error

    def template(self, chart: str, values: str, files: t.Sequence[str], **options: t.Any) -> str:
        """Return CRDs, objects and hooks as YAML, rendered without the cluster."""
        return self._deploy("template", chart, values, files, options).out

    def upgrade(self, chart: str, values: str, files: t.Sequence[str], **options: t.Any) -> None:
        """Install or upgrade the release."""
        self._deploy("upgrade", chart, values, files, options)

    def rollback(self, revision: int, **options: t.Any) -> None:
        """Make a new revision with the content of an old one."""
        self._verb("rollback", [self._name, str(revision)], options)

    def uninstall(self, **options: t.Any) -> None:
        """Remove the release and its objects."""
        self._verb("uninstall", [self._name], options)

    def test(self) -> None:
        """Run the test hooks of the release. How each ended is in its record, also after a failure."""
        self._verb("test", [self._name], {})

    def _deploy(self, verb: str, chart: str, values: str, files: t.Sequence[str], options: t.Mapping[str, t.Any]) -> Result:
        # The last one wins, so what the task gives beats the files.
        values_options = [f"--values={path}" for path in (*files, "-")]
        return self._verb(verb, [self._name, chart], options, values_options, values)

    def _verb(
        self, verb: str, positional: list[str], options: t.Mapping[str, t.Any], more: t.Sequence[str] = (), text: t.Optional[str] = None
    ) -> Result:
        flags = arguments(verb, self.major, {**self._always, **options})
        return self._check([verb, *flags, *more, "--", *positional], text)

    def _check(self, words: list[str], text: t.Optional[str] = None) -> Result:
        result = self._call(words, text)
        if result.rc != 0:
            raise failure(words[0], self._name, self.hide(reason_of(result)), self.commands[-1])
        return result

    def _call(self, words: list[str], text: t.Optional[str] = None) -> Result:
        command = [self._binary, *words]
        self.commands.append(command)
        try:
            return self._run(command, text)
        except ToolError as error:
            if "stderr" not in error.details:
                raise
            # Without what it printed to standard output: that is the whole release.
            key = "timeout" if error.details.get("timed_out") else "killed"
            msg = f"helm {words[0]} of release {self._name} {CUT[key]}"
            raise HelmError(msg, error=key, stderr=self.hide(error.details["stderr"])) from None


def arguments(verb: str, major: int, options: t.Mapping[str, t.Any]) -> list[str]:
    """Return the arguments of a helm command for options of the module; those that it does not know are left out."""
    given = {name: value for name, value in options.items() if value is not None and value is not False}
    rows = [(name, verbs.split(), three if major < 4 else four) for name, (verbs, three, four) in FLAGS.items()]
    return [text.format(given[name]) for name, verbs, text in rows if name in given and verb in verbs and text] + _FIXED.get(verb, [])


def runner_of(module: t.Any, access: Access) -> Run:
    """Return a function that runs helm with this access. Neither the program nor a kubeconfig is needed before the first call."""
    made: list[Run] = []

    def run(command: list[str], text: t.Optional[str] = None, /) -> Result:
        if not made:
            handle, path = tempfile.mkstemp(prefix="kubeconfig-", dir=module.tmpdir)
            module.add_cleanup_file(path)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(kubeconfig_of(access), file)
            limit = module.params["timeout"] + GRACE_SECONDS
            made.append(runner(module, environ={"KUBECONFIG": path}, forget=FORGET, timeout=limit))
        return made[0]([find_binary(module, command[0]), *command[1:]], text)

    return run


def kubeconfig_of(access: Access) -> dict[str, t.Any]:
    """Return a kubeconfig for helm, which then talks to the same server as the same user, wherever that came from.

    It holds credentials, and JSON of it is YAML that helm reads.
    """
    cluster: dict[str, t.Any] = {
        "server": access.server,
        "tls-server-name": access.server_name,
        "proxy-url": access.proxy,
        **({"insecure-skip-tls-verify": True} if not access.verify else _pem("certificate-authority", access.ca)),
    }
    user: dict[str, t.Any] = {
        **_authorization(access.authorization),
        **_pem("client-certificate", access.certificate),
        **_pem("client-key", access.key),
        "as": access.headers.get("Impersonate-User", ""),
        "as-uid": access.headers.get("Impersonate-Uid", ""),
        "as-groups": list(access.groups),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": _given(cluster)}],
        "users": [{"name": _NAME, "user": _given(user)}],
        "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME, "namespace": access.namespace}}],
        "current-context": _NAME,
    }


def _given(entry: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: value for name, value in entry.items() if value}


def _pem(name: str, pem: Pem) -> dict[str, str]:
    if pem.text:
        return {f"{name}-data": base64.b64encode(pem.text.encode()).decode()}
    return {name: pem.path}


def _authorization(header: str) -> dict[str, str]:
    kind, _space, value = header.partition(" ")
    if kind == "Basic":
        username, _colon, password = base64.b64decode(value).decode().partition(":")
        return {"username": username, "password": password}
    return {"token": value}
