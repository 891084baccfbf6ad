# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The user in a kubeconfig: a token, a password, a certificate, another identity, or a program that hands these out.

The program (exec, ExecCredential v1 and v1beta1) is run here and not through a module, since plugins on the control node use the
same client.
"""

from __future__ import annotations

import base64
import binascii
import json
import shutil
import subprocess
import typing as t

from ._kubeconfig import wrong
from .access import Pem
from .errors import KubeError

VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
SECONDS = 60

User = t.Mapping[str, t.Any]


def authorization(user: User) -> dict[str, t.Any]:
    """Return the fields of Access that hold the header, and how to get a newer one."""
    if user.get("renew"):
        return {"authorization": _bearer(user.get("token")), "renew": lambda: _bearer(user["renew"]())}
    if user.get("tokenFile"):
        return {"authorization": _bearer(_text(user["tokenFile"])), "renew": lambda: _bearer(_text(user["tokenFile"]))}
    if user.get("token"):
        return {"authorization": _bearer(user["token"])}
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password') or ''}"
        return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    if user.get("auth-provider"):
        name = user["auth-provider"].get("name")
        raise wrong(
            f"The user of this kubeconfig logs in with the auth-provider {name}, which is not supported any more. Use exec or a token."
        )
    return {}


def impersonation(user: User) -> dict[str, str]:
    """Return the headers that ask to act as another user."""
    headers = {"Impersonate-User": str(user["as"])} if user.get("as") else {}
    if user.get("as-uid"):
        headers["Impersonate-Uid"] = str(user["as-uid"])
    if user.get("as-user-extra"):
        raise wrong("The user of this kubeconfig acts as another one with as-user-extra, which is not supported. Remove it.")
    return headers


def pem(entry: t.Mapping[str, t.Any], name: str) -> Pem:
    """Return a certificate or key of a cluster or user. Inline data beats a file, as with kubectl."""
    data = entry.get(f"{name}-data")
    if not data:
        return Pem(path=str(entry.get(name) or ""))
    try:
        return Pem(text=base64.b64decode(data, validate=True).decode("ascii"))
    except (binascii.Error, ValueError, TypeError):
        raise wrong(f"The value of {name}-data in the kubeconfig is not base64 of PEM text.") from None


def handed_out(user: User, cluster: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Return a user with what its program hands out in place of the program."""

    def run() -> dict[str, t.Any]:
        return _credential(user["exec"], cluster, environ)

    found = run()
    rest = {name: value for name, value in user.items() if name != "exec"}
    if found.get("clientCertificateData"):
        rest.update(_certificate(found))
    if found.get("token"):
        rest.update(token=found["token"], renew=lambda: run().get("token"))
    return rest


def _bearer(token: t.Any) -> str:
    token = str(token or "").strip()
    if not token.isascii() or any(character.isspace() for character in token):
        raise wrong("The token for the API server has characters that a token cannot have, such as a line break.")
    return f"Bearer {token}" if token else ""


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except (OSError, UnicodeError) as error:
        raise wrong(f"Cannot read the token file {path}: {getattr(error, 'strerror', None) or 'it is not text'}.") from error


def _credential(plugin: t.Mapping[str, t.Any], cluster: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Run a credential plugin and return the status of its answer."""
    name, version = str(plugin.get("command") or ""), plugin.get("apiVersion")
    if version not in VERSIONS:
        raise _failed(f"The credential plugin {name} speaks {version}; supported are {' and '.join(VERSIONS)}.")
    own = {str(row["name"]): str(row["value"]) for row in plugin.get("env") or []}
    surroundings = {**environ, **own, "KUBERNETES_EXEC_INFO": json.dumps(_request(plugin, cluster))}
    program = shutil.which(name, path=surroundings.get("PATH"))
    if not program:
        hint = f" {plugin['installHint'].strip()}" if plugin.get("installHint") else ""
        raise _failed(f"The kubeconfig gets its credentials from the program {name}, which is not installed on this host.{hint}")
    command = [program, *(str(word) for word in plugin.get("args") or [])]
    try:
        result = subprocess.run(command, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise _failed(f"The credential plugin {name} did not end within {SECONDS} seconds.") from None
    except OSError as error:
        raise _failed(f"The credential plugin {name} did not start: {error.strerror}.") from None
    if result.returncode != 0:
        reason = result.stderr.decode("utf-8", "replace").strip()[-500:]
        raise _failed(f"The credential plugin {name} failed with exit status {result.returncode}: {reason}")
    found = _status_in(result.stdout, str(version))
    if not found:
        # What it printed may be a credential, so it is not shown.
        raise _failed(f"The credential plugin {name} printed no {version} ExecCredential with a token or a certificate.")
    return found


def _request(plugin: t.Mapping[str, t.Any], cluster: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what a plugin gets to know."""
    shown = ("server", "certificate-authority-data", "tls-server-name") if plugin.get("provideClusterInfo") else ()
    described = {name: cluster[name] for name in shown if name in cluster}
    spec = {"interactive": False, **({"cluster": described} if shown else {})}
    return {"apiVersion": plugin["apiVersion"], "kind": "ExecCredential", "spec": spec}


def _status_in(printed: bytes, version: str) -> dict[str, t.Any]:
    """Return the status with a credential that a plugin printed; nothing when that is something else."""
    try:
        answer = json.loads(printed)
        status = answer["status"]
        usable = answer["apiVersion"] == version and (status.get("token") or status.get("clientCertificateData"))
    except (ValueError, KeyError, TypeError, AttributeError):
        usable = False
    return dict(status) if usable else {}


def _certificate(found: t.Mapping[str, t.Any]) -> dict[str, str]:
    names = {"client-certificate-data": "clientCertificateData", "client-key-data": "clientKeyData"}
    return {ours: base64.b64encode(str(found.get(theirs) or "").encode()).decode() for ours, theirs in names.items()}


def _failed(msg: str) -> KubeError:
    return KubeError(msg, error="credential_plugin")
