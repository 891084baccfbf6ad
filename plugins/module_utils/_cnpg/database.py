# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Bringing a database with its roles into a state, in the order that PostgreSQL needs, and waiting for each step."""

from __future__ import annotations

import functools
import typing as t

from .._kube.diff import Change, applied_difference
from .._kube.errors import KubeError
from .._kube.wait import ref_of
from .._tool.errors import ToolError
from ._declared import RECLAIM_DELETE, applied_predicate, object_name
from ._instances import query
from ._objects import OBJECT_ARGUMENTS, Params, Task, Warn, change_cluster, confirm, exists
from ._roles import (
    drop_patch,
    knows_role_objects,
    list_patch,
    listed_predicate,
    listed_roles,
    new_secret,
    role_object,
    secret_name,
    secret_version,
)
from ._spec import merge
from ._view import API, ClusterView, CnpgError

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

Role = dict[str, t.Any]
STATE: dict[str, t.Any] = {"type": "str", "choices": ["present", "absent"], "default": "present"}
NAME: dict[str, t.Any] = {"type": "str", "required": True}
EXTENSION = {"name": NAME, "version": {"type": "str"}, "schema": {"type": "str"}, "state": STATE}
SCHEMA = {"name": NAME, "owner": {"type": "str"}, "state": STATE}
ROLE: dict[str, t.Any] = {
    "name": NAME,
    "state": STATE,
    # Names of Secrets and switches, no secrets.
    "password_secret": {"type": "str", "no_log": False},
    "generate_password": {"type": "bool", "default": False, "no_log": False},
    "disable_password": {"type": "bool", "no_log": False},
    "login": {"type": "bool", "default": True},
    **{name: {"type": "bool"} for name in ("superuser", "createdb", "createrole", "replication", "inherit")},
    "connection_limit": {"type": "int"},
    "in_roles": {"type": "list", "elements": "str"},
    "comment": {"type": "str"},
    "valid_until": {"type": "str"},
}
ARGUMENTS: dict[str, t.Any] = {
    **OBJECT_ARGUMENTS,
    "name": NAME,
    "cluster": NAME,
    "resource_name": {"type": "str"},
    "state": STATE,
    "owner": {"type": "str"},
    "extensions": {"type": "list", "elements": "dict", "options": EXTENSION},
    "schemas": {"type": "list", "elements": "dict", "options": SCHEMA},
    "reclaim_policy": {"type": "str", "choices": ["retain", "delete"]},
    "confirm_delete": {"type": "str"},
    "spec": {"type": "dict"},
    "roles": {"type": "list", "elements": "dict", "options": ROLE},
    "role_api": {"type": "str", "choices": ["auto", "list", "resource"], "default": "auto"},
    "wait": {"type": "str", "choices": ["none", "applied"], "default": "applied"},
}
RULES: dict[str, t.Any] = {"required_if": [("state", "present", ["owner"])]}
QUERY_SECONDS = 30.0


def run(client: KubeClient, params: Params, *, check_mode: bool, warn: Warn) -> dict[str, t.Any]:
    """Return the result of the module; a failure reports whether something was changed before it."""
    task = DatabaseTask(client, params, check_mode=check_mode, warn=warn)
    try:
        task.bring_about()
    except ToolError as error:
        error.details["changed"] = bool(task.changed) and not check_mode
        raise
    cluster = params["cluster"]
    return {
        "changed": bool(task.changed),
        "diff": {side: {name: getattr(change, side) for name, change in task.changed.items()} for side in ("before", "after")},
        "roles": [
            {"name": role["name"], "state": role["state"], "secret_name": secret_name(cluster, role)} for role in params["roles"] or []
        ],
    }


def build_database(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the Database to apply."""
    spec: dict[str, t.Any] = {
        "cluster": {"name": params["cluster"]},
        "name": params["name"],
        "owner": params["owner"],
        "ensure": "present",
    }
    if params.get("reclaim_policy"):
        spec["databaseReclaimPolicy"] = params["reclaim_policy"]
    for part in ("extensions", "schemas"):
        if params.get(part) is not None:
            spec[part] = [_part(row) for row in params[part]]
    merge(spec, params.get("spec") or {}, "spec")
    name = params.get("resource_name") or object_name(params["cluster"], params["name"])
    return {"apiVersion": API, "kind": "Database", "metadata": {"name": name, "namespace": params["namespace"]}, "spec": spec}


def _part(row: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return an extension or schema with the fields that were given."""
    return {"ensure": row["state"], **{name: value for name, value in row.items() if name != "state" and value is not None}}


class DatabaseTask(Task):
    """One database with its roles, and what the options request of them."""

    def __init__(self, client: KubeClient, params: Params, *, check_mode: bool, warn: Warn) -> None:
        super().__init__(client, params, check_mode=check_mode, warn=warn)
        self._cluster, self._namespace = params["cluster"], params["namespace"]
        self._changes: dict[str, Change] = {}

    @property
    def changed(self) -> dict[str, Change]:
        """What was changed, or would be, by the name of the object."""
        return {name: change for name, change in self._changes.items() if change.verb != "unchanged"}

    def bring_about(self) -> None:
        """An owner must be there before its database, and goes after it."""
        roles = self.params["roles"] or []
        if self.params["state"] == "present":
            self._bring_roles([role for role in roles if role["state"] == "present"])
            self._apply(self._describe_database())
        else:
            self._remove_database()
        self._bring_roles([role for role in roles if role["state"] == "absent"])

    def _describe_database(self) -> Object:
        """Return the Database to apply. A policy that the task leaves out is repeated: the server would take it back."""
        desired = build_database(self.params)
        live = self.client.get(*ref_of(desired)) or {}
        # The server puts the other one there by itself.
        if (live.get("spec") or {}).get("databaseReclaimPolicy") == RECLAIM_DELETE:
            desired["spec"].setdefault("databaseReclaimPolicy", RECLAIM_DELETE)
        return desired

    def _remove_database(self) -> None:
        name = self.params["resource_name"] or object_name(self._cluster, self.params["name"])
        live = self.client.get(API, "Database", name, self._namespace)
        policy = self.params["reclaim_policy"] or ((live or {}).get("spec") or {}).get("databaseReclaimPolicy")
        if live is not None and policy == RECLAIM_DELETE:
            what = (
                f"Database {self.params['name']} of Cluster {self._cluster} in namespace {self._namespace} would be dropped with its data."
            )
            confirm(self.params["confirm_delete"], self.params["name"], what)
        if live is None and policy == RECLAIM_DELETE:
            self._refuse_forgotten()
        self._drop(live, {"spec": {"databaseReclaimPolicy": policy}} if policy else {})

    def _refuse_forgotten(self) -> None:
        """Without its object a database cannot be dropped, and one that was forgotten on purpose is still in PostgreSQL."""
        cluster = self.client.get(API, "Cluster", self._cluster, self._namespace)
        if cluster is None:
            return
        name = self.params["name"]
        there, why = self._in_postgresql(ClusterView.from_object(cluster), name)
        where = f"database {name} of Cluster {self._cluster} in namespace {self._namespace}"
        advice = "To drop it, declare it again with state=present, then run this task."
        if there is None:
            self.warn(f"There is no object for {where}, and whether PostgreSQL still has it cannot be found out ({why}). {advice}")
        elif there and self.check_mode:
            # An earlier task of the play may be the one that declares it again.
            self.warn(f"There is no object for {where}, which is still in PostgreSQL and could not be dropped. {advice}")
        elif there:
            msg = f"There is no object for {where}, which is still in PostgreSQL and was not dropped. {advice} Nothing was changed."
            raise CnpgError(msg, error="forgotten")

    def _in_postgresql(self, view: ClusterView, database: str) -> tuple[t.Optional[bool], str]:
        """Return whether the primary has a database; None, and why, when that cannot be found out."""
        if not view.current_primary:
            return None, "the cluster has no primary"
        quoted = database.replace("'", "''")
        try:
            sql = f"SELECT count(*) FROM pg_database WHERE datname = '{quoted}'"  # noqa: S608 (quoted, and no parameter is possible)
            answer, problem = query(self.client, view, sql, "postgres", timeout=QUERY_SECONDS)
        except KubeError as error:
            return None, str(error)
        known = not problem and answer in ("0", "1")
        return (answer == "1", "") if known else (None, problem or f"it answered {answer!r}")

    def _bring_roles(self, roles: list[Role]) -> None:
        """Bring roles into their states, each in the way that it is managed already, or that the operator offers."""
        if not roles:
            return
        cluster = self.planned_cluster(self._cluster, self._namespace)
        listed = listed_roles(cluster)
        for role in roles:
            self._create_password(role)
        in_list = [role for role in roles if self._in_list(role, listed)]
        if in_list and exists(cluster):
            self._change_list(in_list)
        elif in_list:
            self._changes[f"Cluster {self._cluster}"] = Change("changed", {}, list_patch(cluster, in_list) or {})
        for role in roles:
            if role not in in_list:
                self._bring_role(role)

    def _in_list(self, role: Role, listed: t.Container[str]) -> bool:
        api = self.params["role_api"]
        return api == "list" or (api == "auto" and (role["name"] in listed or not self._knows_objects))

    @functools.cached_property
    def _knows_objects(self) -> bool:
        return knows_role_objects(self.client, self._namespace)

    def _create_password(self, role: Role) -> None:
        """Make the Secret of a role unless it is there. One that is there is not read."""
        if role["state"] == "absent" or not role["generate_password"]:
            return
        secret = new_secret(self._cluster, self._namespace, role)
        try:
            self.client.create(secret, dry_run=self.check_mode)
        except KubeError as error:
            if error.error == "already_exists":
                return
            # In check mode the namespace may be one that an earlier task would make.
            if not (self.check_mode and error.error == "not_found"):
                raise
        self._changes[f"Secret {secret['metadata']['name']}"] = Change("created", *applied_difference(None, secret))

    def _change_list(self, roles: list[Role]) -> None:
        def build(live: Object) -> t.Optional[dict[str, t.Any]]:
            return list_patch(live, roles)

        before, after = change_cluster(self.client, self._cluster, self._namespace, build, dry_run=self.check_mode)
        changed = before is not after
        self._changes[f"Cluster {self._cluster}"] = Change("changed" if changed else "unchanged", *applied_difference(before, after))
        if self.waits:
            names = [role["name"] for role in roles]
            predicate = listed_predicate(names, written=after if changed else None, secrets=self._secret_versions(roles))
            self.wait_for(ref_of(after), predicate, changed=changed)

    def _secret_versions(self, roles: list[Role]) -> dict[str, str]:
        """Return the version of each role's Secret, as far as this user may list them."""
        found = {}
        for role in roles:
            name = secret_name(self._cluster, role) if role["state"] == "present" else None
            version = secret_version(self.client, name, self._namespace) if name else None
            found.update({role["name"]: version} if version else {})
        return found

    def _bring_role(self, role: Role) -> None:
        desired = role_object(self._cluster, self._namespace, role)
        if role["state"] == "present":
            self._apply(desired)
        else:
            self._drop(self.client.get(*ref_of(desired)), drop_patch())

    def _apply(self, desired: Object) -> None:
        change = self.plan(desired)
        written = self.carry_out(desired, change)
        # Noted after it was made, for a failure to report what is true.
        ref = ref_of(desired)
        self._changes[f"{ref.kind} {ref.name}"] = change
        if self.waits:
            self.wait_for(ref, applied_predicate(), changed=written is not None)

    def _drop(self, live: t.Optional[Object], policy: dict[str, t.Any]) -> None:
        """Delete an object, after it got the policy that decides what this means for PostgreSQL."""
        if live is None:
            return
        ref = ref_of(live)
        if policy and not self.check_mode:
            lock = {"metadata": {"uid": live["metadata"]["uid"]}}
            self.client.patch(API, ref.kind, ref.name, {**policy, **lock}, namespace=ref.namespace)
        self._changes[f"{ref.kind} {ref.name}"] = self.remove(live)
        if self.waits:
            self.wait_gone(ref)
