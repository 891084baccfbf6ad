# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A real Kubernetes API: etcd and kube-apiserver, without nodes and without controllers."""

from __future__ import annotations

import contextlib
import json
import pathlib
import secrets
import ssl
import typing as t
import urllib.error
import urllib.request

import yaml

from support.certificates import Authority
from support.ports import LOOPBACK, free_port
from support.servers import program, running
from support.wait import wait_for

# Nothing listens there: it only has to be no loopback address, and Service endpoints are not kept (see the reconciler).
ADVERTISED = "192.0.2.1"
VIEWER_RULES = [
    {"apiGroups": [""], "resources": ["configmaps", "namespaces", "pods", "services"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["apps", "batch", "postgresql.cnpg.io"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
]
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


class ApiServer:
    """Addresses and credentials of a running API server. Users: admin may do everything, viewer may read what holds no secrets."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._variants = 0
        authority = Authority(folder)
        self.port = free_port()
        self.url = f"https://{LOOPBACK}:{self.port}"
        self.ca_file = authority.ca_file
        self.server_cert, self.server_key = authority.server("kube-apiserver", ["localhost", "kubernetes"], [LOOPBACK])
        self.client_cert, self.client_key = authority.client("admin", "system:masters")
        self.tokens = {user: secrets.token_hex(16) for user in ("admin", "viewer")}
        self.kubeconfig = self.kubeconfig_for("admin")
        self.environ = {"K8S_AUTH_KUBECONFIG": self.kubeconfig, "KUBECONFIG": self.kubeconfig}

    @property
    def admin_token(self) -> str:
        """The token of the user who may do everything."""
        return self.tokens["admin"]

    def kubeconfig_for(self, user: str, **changes: t.Any) -> str:
        """Write a kubeconfig file for admin or viewer (or for an unknown user) and return its path.

        cluster, user_entry and context update the one entry of that kind; other names are set at the top of the file:
        kubeconfig_for("viewer"), kubeconfig_for("admin", user_entry={"token": "expired"}),
        kubeconfig_for("admin", cluster={"server": "https://127.0.0.1:1"}), kubeconfig_for("admin", **{"current-context": "gone"}).
        """
        cluster = {"server": self.url, "certificate-authority": self.ca_file, **changes.pop("cluster", {})}
        entry = {"token": self.tokens.get(user, "unknown"), **changes.pop("user_entry", {})}
        context = {"cluster": "tools", "user": user, "namespace": "default", **changes.pop("context", {})}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tools", "cluster": cluster}],
            "users": [{"name": user, "user": entry}],
            "contexts": [{"name": "tools", "context": context}],
            "current-context": "tools",
            **changes,
        }
        self._variants += 1
        path = self._folder / f"kubeconfig-{self._variants}"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return str(path)

    def command(self, store: str) -> list[str]:
        """Return the command line of the server, which keeps its objects in the etcd at the address `store`."""
        tokens = self._folder / "tokens.csv"
        tokens.touch(mode=0o600)
        groups = {"admin": "system:masters", "viewer": "viewers"}
        tokens.write_text("".join(f"{token},{user},{user},{groups[user]}\n" for user, token in self.tokens.items()), encoding="utf-8")
        return [
            program("kube-apiserver"),
            f"--etcd-servers={store}",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={self.port}",
            f"--advertise-address={ADVERTISED}",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=198.51.100.0/24",
            f"--tls-cert-file={self.server_cert}",
            f"--tls-private-key-file={self.server_key}",
            f"--client-ca-file={self.ca_file}",
            f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC",
            # Its controller is not there to make the account that each pod would need.
            "--disable-admission-plugins=ServiceAccount",
            f"--service-account-issuer={self.url}",
            f"--service-account-signing-key-file={self.server_key}",
            f"--service-account-key-file={self.server_key}",
        ]

    def introduce_viewer(self) -> None:
        """Give the viewer its rights."""
        rbac = "rbac.authorization.k8s.io"
        role = {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": "viewer"}, "rules": VIEWER_RULES}
        binding = {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "viewer"},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "viewer"},
            "subjects": [{"apiGroup": rbac, "kind": "User", "name": "viewer"}],
        }
        self.request("POST", f"/apis/{rbac}/v1/clusterroles", role)
        self.request("POST", f"/apis/{rbac}/v1/clusterrolebindings", binding)

    def request(self, method: str, path: str, body: t.Any = None, content_type: str = "application/json") -> t.Any:
        """Send a request as admin, independently of the collection's own client; urllib.error.HTTPError on refusal."""
        headers = {"Authorization": f"Bearer {self.admin_token}", "Content-Type": content_type, "Accept": "application/json"}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        asked = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(asked, timeout=60, context=ssl.create_default_context(cafile=self.ca_file)) as answer:
            return json.load(answer)


@contextlib.contextmanager
def started(folder: pathlib.Path) -> t.Iterator[ApiServer]:
    """Run etcd and kube-apiserver for the time of a with statement."""
    etcd, files = folder / "etcd", folder / "kube-apiserver"
    for path in (etcd, files):
        path.mkdir()
    clients, peers = (f"http://{LOOPBACK}:{free_port()}" for _ in range(2))
    store = [
        program("etcd"),
        "--data-dir=data",
        "--unsafe-no-fsync",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
    ]
    server = ApiServer(files)
    headers = {"Authorization": f"Bearer {server.admin_token}"}
    with running(store, etcd, f"{clients}/health"):
        with running(server.command(clients), files, f"{server.url}/readyz", ca_file=server.ca_file, headers=headers):
            server.introduce_viewer()
            yield server


def install_crds(server: ApiServer, folder: pathlib.Path) -> list[str]:
    """Install the custom resource definitions in a folder of files GROUP_PLURAL.yaml, wait for them, and return their names."""
    names = []
    for path in sorted(folder.glob("*_*.yaml")):
        names.append(".".join(reversed(path.stem.split("_"))))
        address = f"{DEFINITIONS}/{names[-1]}?fieldManager=tests&force=true"
        server.request("PATCH", address, path.read_bytes(), "application/apply-patch+yaml")
    wait_for(lambda: all(_established(server.request("GET", f"{DEFINITIONS}/{name}")) for name in names), what=f"service of {names}")
    return names


def _established(definition: dict[str, t.Any]) -> bool:
    # A new definition has null here until the server has looked at it.
    conditions = definition.get("status", {}).get("conditions") or []
    return any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions)


@contextlib.contextmanager
def defined(server: ApiServer, group: str, kind: str, schema: dict[str, t.Any] = ANYTHING) -> t.Iterator[None]:
    """Let the API server know a kind for the time of a with statement: a double of a definition that is not on this machine.

    The files of a tier share a server, so what a test defines goes with it: the next file may need that the kind is unknown.
    """
    plural = f"{kind.lower()}s"
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    spec = {"group": group, "names": names, "scope": "Namespaced", "versions": [version]}
    # Groups of Kubernetes itself need this.
    metadata = {"name": f"{plural}.{group}", "annotations": {"api-approved.kubernetes.io": "unapproved, a stand-in in tests"}}
    definition = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": metadata, "spec": spec}
    listing = f"/apis/{group}/v1/{plural}"
    server.request("POST", DEFINITIONS, definition)
    try:
        wait_for(lambda: _status(server, listing) == 200, what=f"service of {metadata['name']}")
        yield
    finally:
        server.request("DELETE", f"{DEFINITIONS}/{metadata['name']}")
        # It is deleted first and then no longer served.
        wait_for(lambda: _status(server, f"{DEFINITIONS}/{metadata['name']}") == 404, what=f"end of {metadata['name']}")
        wait_for(lambda: _status(server, listing) == 404, what=f"end of {listing}")


def _status(server: ApiServer, path: str) -> int:
    """Return the status of an answer. A kind that was defined just now can be 429 for a while."""
    try:
        server.request("GET", path)
    except urllib.error.HTTPError as error:
        return error.code
    return 200
