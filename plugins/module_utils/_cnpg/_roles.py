# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Roles of a cluster: as objects of their own where the operator has that kind, else in the cluster's list, and their passwords."""

from __future__ import annotations

import secrets
import time
import typing as t

from .._kube.errors import KubeError
from .._kube.objects import same
from .._kube.ready import Predicate, Verdict
from ._declared import APPLY_PATIENCE, RECLAIM_DELETE, object_name
from ._spec import field
from ._view import API, ClusterView
from ._waiting import DELETED, Arrival, Clock, Patience, Trouble

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

# Option of a role to its field.
ROLE_FIELDS = {
    "name": "name",
    "comment": "comment",
    "login": "login",
    "superuser": "superuser",
    "createdb": "createdb",
    "createrole": "createrole",
    "replication": "replication",
    "inherit": "inherit",
    "connection_limit": "connectionLimit",
    "in_roles": "inRoles",
    "valid_until": "validUntil",
    "disable_password": "disablePassword",
}
PASSWORD_BYTES = 32


def secret_name(cluster: str, role: t.Mapping[str, t.Any]) -> t.Optional[str]:
    """Return the name of the Secret with a role's password, None for a role without one."""
    return role.get("password_secret") or (object_name(cluster, role["name"]) if role.get("generate_password") else None)


def role_spec(cluster: str, role: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the fields that a role was given, the same for both ways of managing it."""
    spec = {path: role[option] for option, path in ROLE_FIELDS.items() if role.get(option) is not None}
    secret = secret_name(cluster, role)
    return {**spec, **({"passwordSecret": {"name": secret}} if secret else {})}


def role_object(cluster: str, namespace: str, role: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the DatabaseRole to apply."""
    metadata = {"name": object_name(cluster, role["name"]), "namespace": namespace}
    return {
        "apiVersion": API,
        "kind": "DatabaseRole",
        "metadata": metadata,
        "spec": {"cluster": {"name": cluster}, **role_spec(cluster, role)},
    }


def new_secret(cluster: str, namespace: str, role: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return a Secret with a new random password. The label makes the operator notice when it is changed."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/basic-auth",
        "metadata": {"name": secret_name(cluster, role), "namespace": namespace, "labels": {"cnpg.io/reload": "true"}},
        "stringData": {"username": role["name"], "password": secrets.token_urlsafe(PASSWORD_BYTES)},
    }


def secret_version(client: KubeClient, name: str, namespace: str) -> t.Optional[str]:
    """Return the version of a Secret without reading what is in it, None when it is unknown."""
    try:
        found = client.list("v1", "Secret", namespace, fields=f"metadata.name={name}", metadata_only=True)
    except KubeError as error:
        if error.error == "forbidden":
            return None
        raise
    return str(found[0]["metadata"]["resourceVersion"]) if found else None


def knows_role_objects(client: KubeClient, namespace: str) -> bool:
    """Return whether the kind DatabaseRole is installed. Reading the definition itself would need more rights."""
    try:
        client.list(API, "DatabaseRole", namespace, metadata_only=True)
    except KubeError as error:
        if error.error == "unknown_kind":
            return False
        raise
    return True


def listed_roles(cluster: t.Mapping[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    """Return the roles in a cluster's own list by name."""
    return {row["name"]: row for row in field(cluster.get("spec") or {}, "managed.roles") or ()}


def list_patch(cluster: t.Mapping[str, t.Any], roles: t.Sequence[t.Mapping[str, t.Any]]) -> t.Optional[dict[str, t.Any]]:
    """Return the change of a cluster's list that brings the roles into their states, None when there is none.

    A merge replaces a list as a whole, so the other roles are repeated. A role that is gone keeps an entry with that state.
    """
    before = listed_roles(cluster)
    after = {name: dict(row) for name, row in before.items()}
    for role in roles:
        fields = role_spec(cluster["metadata"]["name"], role) if role["state"] == "present" else {"name": role["name"]}
        after[role["name"]] = {**after.get(role["name"], {}), **fields, "ensure": role["state"]}
    return None if same(after, before) else {"spec": {"managed": {"roles": list(after.values())}}}


def listed_predicate(
    names: t.Sequence[str], *, written: t.Optional[Object], secrets: t.Mapping[str, str], clock: Clock = time.monotonic
) -> Predicate:
    """Return what checks a Cluster while roles of its list are carried out. secrets is the version of each role's Secret."""
    arrived, patience = Arrival(written, report=_roles_status, clock=clock), Patience()

    def check(obj: t.Optional[Object]) -> Verdict:
        if obj is None:
            return DELETED
        status = _roles_status(obj)
        refused = {name: status.get("cannotReconcile", {})[name] for name in names if name in status.get("cannotReconcile", {})}
        found = [Trouble(f"Role {name}: {'; '.join(why)}.", APPLY_PATIENCE) for name, why in sorted(refused.items())]
        failed = patience.over(found, clock())
        if failed or not arrived(obj):
            return failed or Verdict("waiting", "No instance has answered to the change yet.")
        reconciled = (status.get("byStatus") or {}).get("reconciled") or []
        missing = [name for name in names if name not in reconciled]
        passwords = status.get("passwordStatus") or {}
        stale = [name for name, version in secrets.items() if (passwords.get(name) or {}).get("resourceVersion") != version]
        if missing or stale:
            return Verdict("waiting", f"Not carried out yet: {', '.join(dict.fromkeys([*missing, *stale]))}.")
        return Verdict("done")

    return check


def _roles_status(obj: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return ClusterView.from_object(obj).status.get("managedRolesStatus") or {}


def drop_patch() -> dict[str, t.Any]:
    """Return the change of a DatabaseRole that makes its deletion drop the role."""
    return {"spec": {"databaseRoleReclaimPolicy": RECLAIM_DELETE}}
