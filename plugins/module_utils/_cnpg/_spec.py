# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The Cluster object that options describe, and the changes of an existing one that are refused. Nothing here sends anything."""

from __future__ import annotations

import decimal
import re
import typing as t

from .._kube.objects import same
from ._view import API, ClusterView, CnpgError

# Handy option to its place in the specification.
OPTION_PATHS: dict[str, str] = {
    "instances": "instances",
    "image": "imageName",
    "catalog": "imageCatalogRef",
    "storage": "storage",
    "wal_storage": "walStorage",
    "synchronous": "postgresql.synchronous",
    "parameters": "postgresql.parameters",
    "bootstrap": "bootstrap",
    "plugins": "plugins",
    "resources": "resources",
}
# Field that has no effect, or a bad one, once the cluster exists; and what to do instead.
FIXED: tuple[tuple[str, str], ...] = (
    ("bootstrap", "It is read only when a cluster is made: leave it as it was or out, or make another cluster."),
    ("storage.storageClass", "Volumes keep their class: make another cluster and recover or import the data there."),
    ("walStorage.storageClass", "Volumes keep their class: make another cluster and recover or import the data there."),
    ("postgresUID", "Files on the volumes belong to the old user: make another cluster."),
    ("postgresGID", "Files on the volumes belong to the old group: make another cluster."),
)
STORAGE_PATHS = ("storage.size", "walStorage.size")
DEFAULT_DATABASE = "app"
_SUFFIXES = {"": decimal.Decimal(1), "m": decimal.Decimal("0.001"), "k": decimal.Decimal(1000)}
_SUFFIXES.update({letter: decimal.Decimal(1000) ** power for power, letter in enumerate("MGTPE", 2)})
_SUFFIXES.update({f"{letter}i": decimal.Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)})


def build_cluster(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the object to apply: handy options merged with the raw specification."""
    spec: dict[str, t.Any] = {}
    for option, path in OPTION_PATHS.items():
        value = params.get(option)
        if value is not None:
            merge(spec, nested(path, _shape(option, value)), "spec")
    merge(spec, params.get("spec") or {}, "spec")
    metadata = {"name": params["name"], "namespace": params["namespace"]}
    metadata.update({part: params[part] for part in ("labels", "annotations") if params.get(part)})
    return {"apiVersion": API, "kind": "Cluster", "metadata": metadata, "spec": spec}


def _shape(option: str, value: t.Any) -> t.Any:
    """Return the value of an option in the form that the API takes."""
    if option in ("storage", "wal_storage"):
        return _given(size=value.get("size"), storageClass=value.get("storage_class"))
    if option == "synchronous":
        return _given(method=value["method"], number=value["number"], dataDurability=value.get("data_durability"))
    if option == "catalog":
        return {"apiGroup": "postgresql.cnpg.io", "kind": value["kind"], "name": value["name"], "major": value["major"]}
    if option == "parameters":
        return {name: as_setting(setting) for name, setting in value.items()}
    return value


def as_setting(value: t.Any) -> str:
    """Return a setting of PostgreSQL or PgBouncer as text, the way their files spell it."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _given(**fields: t.Any) -> dict[str, t.Any]:
    return {name: value for name, value in fields.items() if value is not None}


def nested(path: str, value: t.Any) -> dict[str, t.Any]:
    """Return {"a": {"b": value}} for the path "a.b"."""
    for part in reversed(path.split(".")):
        value = {part: value}
    return t.cast("dict[str, t.Any]", value)


def merge(into: dict[str, t.Any], more: t.Mapping[str, t.Any], path: str) -> None:
    """Add to a specification. A field that is given twice must be the same, since it is not known which one was meant."""
    for name, value in more.items():
        here = f"{path}.{name}"
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            merge(into[name], value, here)
        elif name in into and not same(into[name], value):
            msg = f"The field {here} is given twice, by an option of its own and in spec, with different values. Keep one of them."
            raise CnpgError(msg, error="given_twice", field=here)
        else:
            into[name] = value


def field(spec: t.Mapping[str, t.Any], path: str) -> t.Any:
    """Return the value at a path, None when there is none."""
    node: t.Any = spec
    for part in path.split("."):
        node = node.get(part) if isinstance(node, dict) else None
    return node


def keep_bootstrap(desired: dict[str, t.Any], live: t.Optional[t.Mapping[str, t.Any]]) -> None:
    """Leave an existing cluster's bootstrap, and the clusters that it names, as they are when the task does not name them."""
    mine, spec = desired["spec"], (live or {}).get("spec") or {}
    kept = spec.get("bootstrap")
    if not kept or "bootstrap" in mine:
        return
    mine["bootstrap"] = kept
    if spec.get("externalClusters") and any("source" in way for way in kept.values()):
        mine.setdefault("externalClusters", spec["externalClusters"])


def refuse_forbidden(
    live: t.Mapping[str, t.Any], planned: t.Mapping[str, t.Any], *, allow_shrink: bool, allow_major_upgrade: bool
) -> t.Optional[int]:
    """Refuse changes that would do nothing, destroy something, or were not allowed. Return the new major version, if it changes."""
    before, after = live.get("spec") or {}, planned.get("spec") or {}
    name = f"Cluster {live['metadata']['name']} in namespace {live['metadata']['namespace']}"
    for path, advice in FIXED:
        changed = first_difference(field(before, path), field(after, path), f"spec.{path}")
        if changed:
            msg = f"The field {changed} of {name} cannot change once the cluster exists. {advice}"
            raise CnpgError(msg, error="immutable", field=changed)
    for path in STORAGE_PATHS:
        old, new = field(before, path), field(after, path)
        if old is not None and new is not None and quantity(new) < quantity(old):
            msg = f"Volumes of {name} cannot shrink: spec.{path} is {old} and would be {new}. Keep the size, or make another cluster."
            raise CnpgError(msg, error="shrink", field=f"spec.{path}")
    if after.get("instances", 1) < before.get("instances", 1) and not allow_shrink:
        msg = (
            f"{name} has {before.get('instances', 1)} instances and would have {after.get('instances', 1)}; the volumes of the others "
            "would be deleted. Set allow_shrink to true to allow that."
        )
        raise CnpgError(msg, error="shrink", field="spec.instances")
    return _major_change(live, after, name, allow_major_upgrade=allow_major_upgrade)


def _major_change(live: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any], name: str, *, allow_major_upgrade: bool) -> t.Optional[int]:
    """Compare with the version of the data, so that an image can be taken back after an upgrade that failed."""
    old, new = ClusterView.from_object(live).major_version or desired_major(live.get("spec") or {}), desired_major(after)
    if old is None or new is None or old == new:
        return None
    details = {"from_version": old, "to_version": new}
    if new < old:
        msg = f"The data of {name} are of PostgreSQL {old} and cannot become PostgreSQL {new}. Restore an older backup into a new cluster."
        raise CnpgError(msg, error="downgrade", **details)
    if not allow_major_upgrade:
        msg = (
            f"{name} would be upgraded from PostgreSQL {old} to {new}: it stops while that runs, its replicas are made anew, and "
            "older backups cannot be used across it. Take a backup, then set allow_major_upgrade to true."
        )
        raise CnpgError(msg, error="major_upgrade", **details)
    return new


def desired_major(spec: t.Mapping[str, t.Any]) -> t.Optional[int]:
    """Return the major version that a specification names, None when neither catalog nor tag name one."""
    catalog = spec.get("imageCatalogRef") or {}
    return catalog.get("major") or major_in_image(spec.get("imageName") or "")


def major_in_image(image: str) -> t.Optional[int]:
    """Return the major version in an image's tag, as in postgresql:17.5-standard-bookworm@sha256:..."""
    found = re.search(r":(\d+)(?:[.\-][^/:]*)?$", image.partition("@")[0])
    return int(found.group(1)) if found else None


def quantity(text: t.Any) -> decimal.Decimal:
    """Return an amount as Kubernetes spells it (10Gi, 500M, 1e9) as a number."""
    found = re.fullmatch(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)", str(text).strip())
    if not found or found.group(2) not in _SUFFIXES:
        msg = f"The size {text} is not a valid amount for Kubernetes. Write it as 20Gi."
        raise CnpgError(msg, error="invalid")
    return decimal.Decimal(found.group(1)) * _SUFFIXES[found.group(2)]


def first_difference(before: t.Any, after: t.Any, path: str) -> t.Optional[str]:
    """Return the path of the first field that is different, None when all are the same."""
    if isinstance(before, dict) and isinstance(after, dict):
        inside = (first_difference(before.get(name), after.get(name), f"{path}.{name}") for name in sorted({*before, *after}))
        return next((found for found in inside if found), None)
    return None if same(before, after) else path


def connection(obj: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return how to reach a cluster: names of services, of the database and of Secrets, never what is in them."""
    name, namespace, spec = obj["metadata"]["name"], obj["metadata"]["namespace"], obj.get("spec") or {}
    bootstrap = spec.get("bootstrap") or {}
    chosen: dict[str, t.Any] = next((bootstrap[way] for way in ("initdb", "recovery", "pg_basebackup") if bootstrap.get(way)), {})
    database = chosen.get("database") or DEFAULT_DATABASE
    certificates = spec.get("certificates") or {}
    superuser = (spec.get("superuserSecret") or {}).get("name") or f"{name}-superuser"
    disabled = field(spec, "managed.services.disabledDefaultServices") or []
    services = {service: f"{name}-{service}" for service in ("rw", "ro", "r") if service not in disabled}
    return {
        "host": f"{name}-rw.{namespace}.svc",
        "port": 5432,
        "services": services,
        "database": database,
        "owner": chosen.get("owner") or database,
        "secret_names": {
            "application": (chosen.get("secret") or {}).get("name") or f"{name}-app",
            "superuser": superuser if spec.get("enableSuperuserAccess") else None,
            "server_ca": certificates.get("serverCASecret") or f"{name}-ca",
        },
    }
