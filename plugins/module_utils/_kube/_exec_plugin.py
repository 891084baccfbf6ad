# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Credentials that a program hands out (exec in a kubeconfig, ExecCredential v1 and v1beta1).

The program runs here and not through a module, since plugins on the control node use the same client.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import typing as t

from .errors import KubeError

VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
SECONDS = 60


def credential_of(user: t.Mapping[str, t.Any], cluster: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Return the user of a kubeconfig with what its program handed out in place of the program."""
    plugin = user["exec"]

    def ask() -> dict[str, t.Any]:
        return _status(plugin, cluster, environ)

    status = ask()
    rest = {name: value for name, value in user.items() if name != "exec"}
    if status.get("clientCertificateData"):
        rest.update(_certificate(status))
    if status.get("token"):
        rest.update(token=status["token"], renew=lambda: ask().get("token"))
    return rest


def _status(plugin: t.Mapping[str, t.Any], cluster: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> dict[str, t.Any]:
    name, version = str(plugin.get("command") or ""), plugin.get("apiVersion")
    if version not in VERSIONS:
        raise _failed(f"The credential plugin {name} speaks {version}; supported are {' and '.join(VERSIONS)}.")
    own = {str(row["name"]): str(row["value"]) for row in plugin.get("env") or []}
    surroundings = {**environ, **own}
    program = shutil.which(name, path=surroundings.get("PATH"))
    if not program:
        hint = f" {plugin['installHint'].strip()}" if plugin.get("installHint") else ""
        raise _failed(f"The kubeconfig gets its credentials from the program {name}, which is not installed on this host.{hint}")
    request: dict[str, t.Any] = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    if plugin.get("provideClusterInfo"):
        request["spec"]["cluster"] = {
            name: cluster[name] for name in ("server", "certificate-authority-data", "tls-server-name") if name in cluster
        }
    try:
        result = subprocess.run(
            [program, *(str(word) for word in plugin.get("args") or [])],
            env={**surroundings, "KUBERNETES_EXEC_INFO": json.dumps(request)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        said = (
            f"did not end within {SECONDS} seconds"
            if isinstance(problem, subprocess.TimeoutExpired)
            else f"did not start: {problem.strerror}"
        )
        raise _failed(f"The credential plugin {name} {said}.") from None
    if result.returncode != 0:
        said = result.stderr.decode("utf-8", "replace").strip()[-500:]
        raise _failed(f"The credential plugin {name} failed with exit status {result.returncode}: {said}")
    try:
        answer = json.loads(result.stdout)
        status = answer["status"]
        usable = answer["apiVersion"] == version and (status.get("token") or status.get("clientCertificateData"))
    except (ValueError, KeyError, TypeError, AttributeError):
        usable = False
    if not usable:
        # What it printed may be a credential, so it is not shown.
        raise _failed(f"The credential plugin {name} printed no {version} ExecCredential with a token or a certificate.")
    return dict(status)


def _certificate(status: t.Mapping[str, t.Any]) -> dict[str, str]:
    import base64

    names = {"client-certificate-data": "clientCertificateData", "client-key-data": "clientKeyData"}
    return {ours: base64.b64encode(str(status.get(theirs) or "").encode()).decode() for ours, theirs in names.items()}


def _failed(msg: str) -> KubeError:
    return KubeError(msg, error="credential_plugin")
