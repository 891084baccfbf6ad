# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Where a cluster is described: kubeconfig files, read and merged as kubectl does, or the service account of a pod."""

from __future__ import annotations

import os
import typing as t

from .._tool.yaml import documents
from .errors import KubeError

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


class Described(t.NamedTuple):
    """A cluster and a user in the words of a kubeconfig, and the namespace of its context."""

    cluster: dict[str, t.Any]
    user: dict[str, t.Any]
    namespace: str


def find(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> Described:
    """Return what the kubeconfig or the service account says; nothing when the option host is enough."""
    given = params.get("kubeconfig")
    if params.get("host") and not given and not params.get("context"):
        return Described({}, {}, "default")
    home = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".kube", "config")
    places = [os.path.expanduser(path) for path in (given or environ.get("KUBECONFIG") or home).split(os.pathsep) if path]
    files = [path for path in places if os.path.exists(path)]
    if files:
        return of_context(merged([read(path) for path in files]), params.get("context"), " and ".join(files))
    if not given and not params.get("context") and environ.get("KUBERNETES_SERVICE_HOST"):
        return _service_account(environ)
    where = " or ".join(places)
    raise wrong(f"There is no kubeconfig at {where}. Give its path in kubeconfig, or the address of the API server in host.")


def _service_account(environ: t.Mapping[str, str]) -> Described:
    """Inside a pod, Kubernetes hands over an address, a certificate, a token that changes, and a namespace."""
    host, port = environ["KUBERNETES_SERVICE_HOST"], environ.get("KUBERNETES_SERVICE_PORT", "443")
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    try:
        with open(os.path.join(SERVICE_ACCOUNT, "namespace"), encoding="utf-8") as file:
            namespace = file.read().strip()
    except OSError:
        namespace = "default"
    cluster = {"server": server, "certificate-authority": f"{SERVICE_ACCOUNT}/ca.crt"}
    return Described(cluster, {"tokenFile": f"{SERVICE_ACCOUNT}/token"}, namespace)


def read(path: str) -> dict[str, t.Any]:
    """Read one kubeconfig file. The paths in it start where the file is."""
    try:
        with open(path, encoding="utf-8") as file:
            found = documents(file.read(), f"The kubeconfig {path}", lambda _word, msg: wrong(msg))
    except (OSError, UnicodeError) as error:
        raise wrong(f"Cannot read the kubeconfig {path}: {getattr(error, 'strerror', None) or error}.") from error
    try:
        (content,) = found
        return _located(content, os.path.dirname(os.path.abspath(path)))
    except (AttributeError, TypeError, ValueError):
        raise wrong(f"The file {path} is not a kubeconfig: it is not one mapping, or its lists do not hold mappings.") from None


def _located(content: dict[str, t.Any], folder: str) -> dict[str, t.Any]:
    """Make relative paths absolute, and touch everything once, so that a file of another form is noticed."""
    for part, names in (("clusters", ["certificate-authority"]), ("users", ["client-certificate", "client-key", "tokenFile"])):
        for row in content.get(part) or []:
            entry = row.get(part[:-1]) or {}
            entry.update({name: os.path.join(folder, str(entry[name])) for name in names if entry.get(name)})
            command = (entry.get("exec") or {}).get("command")
            if command and os.sep in command:
                entry["exec"]["command"] = os.path.join(folder, command)
    for row in content.get("contexts") or []:
        row.get("context", {}).get("cluster")
    return content


def merged(contents: t.Sequence[dict[str, t.Any]]) -> dict[str, t.Any]:
    """Merge kubeconfigs as kubectl does: the first file that names something wins."""
    result: dict[str, t.Any] = {"current-context": next((c["current-context"] for c in contents if c.get("current-context")), "")}
    for part in ("contexts", "clusters", "users"):
        named: dict[str, t.Any] = {}
        for row in (row for content in contents for row in content.get(part) or []):
            named.setdefault(str(row.get("name")), row.get(part[:-1]) or {})
        result[part] = named
    return result


def of_context(config: dict[str, t.Any], requested: t.Optional[str], source: str) -> Described:
    """Return what a context names."""
    name = str(requested or config["current-context"])
    has = ", ".join(sorted(config["contexts"])) or "none"
    if not name:
        raise wrong(f"The kubeconfig {source} sets no current context. Choose one with context; it has: {has}.")
    if name not in config["contexts"]:
        raise wrong(f"The kubeconfig {source} has no context {name}; it has: {has}.", error="no_context")
    context = config["contexts"][name]
    parts: dict[str, dict[str, t.Any]] = {}
    for part in ("cluster", "user"):
        entry = config[f"{part}s"].get(str(context.get(part)))
        if entry is None and context.get(part):
            raise wrong(f"The context {name} of the kubeconfig {source} names the {part} {context[part]}, which is not in it.")
        parts[part] = entry or {}
    return Described(parts["cluster"], parts["user"], str(context.get("namespace") or "default"))


def wrong(msg: str, error: str = "bad_kubeconfig") -> KubeError:
    """Return the error for settings that do not lead to a server."""
    return KubeError(msg, error=error)
