# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Brings a database with its roles into a state, in the order that PostgreSQL needs, and waits for each step."""

from __future__ import annotations

import functools
import typing as t

from .._kube.diff import Change, applied_difference
from .._kube.errors import KubeError
from .._kube.wait import ref_of
from .._tool.errors import ToolError
from ._database import RECLAIM_DELETE, AppliedPredicate, build_database, in_postgresql, object_name
from ._roles import (
    ListedPredicate,
    drop_patch,
    knows_role_objects,
    list_patch,
    listed_roles,
    new_secret,
    role_object,
    secret_name,
    secret_version,
)
from .change import change_cluster, exists, planned_cluster
from .objects import carry_out, confirm, plan, remove, wait_for, wait_gone
from .view import API, ClusterView, CnpgError

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

Role = dict[str, t.Any]


class DatabaseStates:
    """One database with its roles, and what the task wants of them. warn is told what the user should know although nothing failed."""

    def __init__(self, client: KubeClient, params: t.Mapping[str, t.Any], *, check_mode: bool, warn: t.Callable[[str], None]) -> None:
        self._client = client
        self._warn = warn
        self._params = params
        self._check_mode = check_mode
        self._force = params["force_conflicts"]
        self._cluster, self._namespace = params["cluster"], params["namespace"]
        self._waits = params["wait"] != "none" and not check_mode
        self._changes: dict[str, Change] = {}

    def run(self) -> dict[str, t.Any]:
        """Return the result of the module; an error tells what was changed before it."""
        try:
            self._bring_about()
        except ToolError as problem:
            problem.details["changed"] = bool(self._changed()) and not self._check_mode
            raise
        changed = self._changed()
        roles = self._params["roles"] or []
        return {
            "changed": bool(changed),
            "diff": {side: {name: getattr(change, side) for name, change in changed.items()} for side in ("before", "after")},
            "roles": [{"name": role["name"], "state": role["state"], "secret_name": secret_name(self._cluster, role)} for role in roles],
        }

    def _changed(self) -> dict[str, Change]:
        return {name: change for name, change in self._changes.items() if change.verb != "unchanged"}

    def _bring_about(self) -> None:
        """An owner must be there before its database, and goes after it."""
        roles = self._params["roles"] or []
        if self._params["state"] == "present":
            self._roles([role for role in roles if role["state"] == "present"])
            self._apply(self._database())
        else:
            self._absent()
        self._roles([role for role in roles if role["state"] == "absent"])

    def _database(self) -> Object:
        """Return the Database to apply. A policy that the task leaves out is repeated: the server would take it back."""
        wanted = build_database(self._params)
        live = self._client.get(*ref_of(wanted)) or {}
        # The server puts the other one there by itself.
        if (live.get("spec") or {}).get("databaseReclaimPolicy") == RECLAIM_DELETE:
            wanted["spec"].setdefault("databaseReclaimPolicy", RECLAIM_DELETE)
        return wanted

    def _absent(self) -> None:
        name = self._params["resource_name"] or object_name(self._cluster, self._params["name"])
        live = self._client.get(API, "Database", name, self._namespace)
        policy = self._params["reclaim_policy"] or ((live or {}).get("spec") or {}).get("databaseReclaimPolicy")
        if live is not None and policy == RECLAIM_DELETE:
            what = (
                f"Database {self._params['name']} of Cluster {self._cluster} in namespace {self._namespace} would be dropped with its data."
            )
            confirm(self._params["confirm_delete"], self._params["name"], what)
        if live is None and policy == RECLAIM_DELETE:
            self._refuse_forgotten()
        self._drop(live, {"spec": {"databaseReclaimPolicy": policy}} if policy else {})

    def _refuse_forgotten(self) -> None:
        """Without its object a database cannot be dropped, and one that was forgotten on purpose is still in PostgreSQL."""
        cluster = self._client.get(API, "Cluster", self._cluster, self._namespace)
        if cluster is None:
            return
        name = self._params["name"]
        there, why = in_postgresql(self._client, ClusterView.from_object(cluster), name)
        where = f"database {name} of Cluster {self._cluster} in namespace {self._namespace}"
        advice = "To drop it, declare it again with state=present, then run this task."
        if there is None:
            self._warn(f"There is no object for {where}, and PostgreSQL cannot be asked whether it still has it ({why}). {advice}")
        elif there and self._check_mode:
            # An earlier task of the play may be the one that declares it again.
            self._warn(f"There is no object for {where}, which is still in PostgreSQL and could not be dropped. {advice}")
        elif there:
            msg = f"There is no object for {where}, which is still in PostgreSQL and was not dropped. {advice} Nothing was changed."
            raise CnpgError(msg, error="forgotten")

    def _roles(self, roles: list[Role]) -> None:
        """Bring roles into their states, each in the way that it is managed already, or that the operator offers."""
        if not roles:
            return
        cluster = planned_cluster(self._client, self._cluster, self._namespace, check_mode=self._check_mode, warn=self._warn)
        listed = listed_roles(cluster)
        for role in roles:
            self._password(role)
        in_list = [role for role in roles if self._in_list(role, listed)]
        if in_list and exists(cluster):
            self._listed(in_list)
        elif in_list:
            self._changes[f"Cluster {self._cluster}"] = Change("changed", {}, list_patch(cluster, in_list) or {})
        for role in roles:
            if role not in in_list:
                self._role_object(role)

    def _in_list(self, role: Role, listed: t.Container[str]) -> bool:
        api = self._params["role_api"]
        return api == "list" or (api == "auto" and (role["name"] in listed or not self._knows_objects))

    @functools.cached_property
    def _knows_objects(self) -> bool:
        return knows_role_objects(self._client, self._namespace)

    def _password(self, role: Role) -> None:
        """Make the Secret of a role unless it is there. What is in one that is there is nobody's business."""
        if role["state"] == "absent" or not role["generate_password"]:
            return
        secret = new_secret(self._cluster, self._namespace, role)
        try:
            self._client.create(secret, dry_run=self._check_mode)
        except KubeError as problem:
            if problem.error == "already_exists":
                return
            # In check mode the namespace may be one that an earlier task would make.
            if not (self._check_mode and problem.error == "not_found"):
                raise
        self._changes[f"Secret {secret['metadata']['name']}"] = Change("created", *applied_difference(None, secret))

    def _listed(self, roles: list[Role]) -> None:
        def build(live: Object) -> t.Optional[dict[str, t.Any]]:
            return list_patch(live, roles)

        before, after = change_cluster(self._client, self._cluster, self._namespace, build, dry_run=self._check_mode)
        changed = before is not after
        self._changes[f"Cluster {self._cluster}"] = Change("changed" if changed else "unchanged", *applied_difference(before, after))
        if self._waits:
            names = [role["name"] for role in roles]
            predicate = ListedPredicate(names, written=after if changed else None, secrets=self._versions(roles))
            wait_for(self._client, ref_of(after), predicate, timeout=self._params["wait_timeout"], changed=changed)

    def _versions(self, roles: list[Role]) -> dict[str, str]:
        """Return the version of each role's Secret, as far as this user may list them."""
        found = {}
        for role in roles:
            name = secret_name(self._cluster, role) if role["state"] == "present" else None
            version = secret_version(self._client, name, self._namespace) if name else None
            found.update({role["name"]: version} if version else {})
        return found

    def _role_object(self, role: Role) -> None:
        wanted = role_object(self._cluster, self._namespace, role)
        if role["state"] == "present":
            self._apply(wanted)
        else:
            self._drop(self._client.get(*ref_of(wanted)), drop_patch())

    def _apply(self, wanted: Object) -> None:
        change = plan(self._client, wanted, force=self._force, check_mode=self._check_mode)
        written = carry_out(self._client, wanted, change, force=self._force, check_mode=self._check_mode)
        # Noted after it was made, for an error to tell the truth.
        ref = ref_of(wanted)
        self._changes[f"{ref.kind} {ref.name}"] = change
        if self._waits:
            timeout = self._params["wait_timeout"]
            wait_for(self._client, ref, AppliedPredicate(), timeout=timeout, changed=written is not None)

    def _drop(self, live: t.Optional[Object], policy: dict[str, t.Any]) -> None:
        """Delete an object after it was told what that means for PostgreSQL."""
        if live is None:
            return
        ref = ref_of(live)
        if policy and not self._check_mode:
            lock = {"metadata": {"uid": live["metadata"]["uid"]}}
            self._client.patch(API, ref.kind, ref.name, {**policy, **lock}, namespace=ref.namespace)
        self._changes[f"{ref.kind} {ref.name}"] = remove(self._client, live, check_mode=self._check_mode)
        if self._waits:
            wait_gone(self._client, ref, timeout=self._params["wait_timeout"])
