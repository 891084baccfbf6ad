# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What a Cluster of CloudNativePG reports about itself, as plain values; the names that CloudNativePG gives to things."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

API = "postgresql.cnpg.io/v1"
BARMAN_API = "barmancloud.cnpg.io/v1"
BARMAN_PLUGIN = "barman-cloud.cloudnative-pg.io"
LABEL_CLUSTER = "cnpg.io/cluster"
LABEL_POD_ROLE = "cnpg.io/podRole"
LABEL_JOB_ROLE = "cnpg.io/jobRole"
ANNOTATION_FENCED = "cnpg.io/fencedInstances"
ANNOTATION_HIBERNATION = "cnpg.io/hibernation"
ANNOTATION_RESTART = "kubectl.kubernetes.io/restartedAt"
ANNOTATION_LOOP = "cnpg.io/reconciliationLoop"
CONDITION_HIBERNATION = "cnpg.io/hibernation"
PHASE_HEALTHY = "Cluster in healthy state"
ALL_INSTANCES = "*"
_LSN = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")


class CnpgError(ToolError):
    """What CloudNativePG was to do did not work; details hold "error", a stable word for programs."""


def instance_labels(cluster: str) -> str:
    """Return the selector of the pods that run a cluster's instances."""
    return f"{LABEL_CLUSTER}={cluster},{LABEL_POD_ROLE}=instance"


@dataclasses.dataclass(frozen=True)
class ClusterView:
    """A Cluster object, read once. Lists are sorted; what the status does not report is empty, zero or None."""

    name: str
    namespace: str
    generation: int = 0
    phase: str = ""
    phase_reason: str = ""
    # What the definition has, and what the operator has made of it.
    desired_instances: int = 1
    instances: int = 0
    ready_instances: int = 0
    instance_names: tuple[str, ...] = ()
    current_primary: str = ""
    target_primary: str = ""
    # Since when the primary does not answer, as the operator wrote it.
    primary_failing_since: str = ""
    conditions: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    image: str = ""
    desired_image: t.Optional[str] = None
    catalog: t.Optional[dict[str, t.Any]] = None
    major_version: t.Optional[int] = None
    timeline: int = 0
    system_id: str = ""
    # Names of instances, or "*" alone.
    fenced: frozenset[str] = frozenset()
    # "on" or "off": what was requested. hibernated is what is.
    hibernation: str = "off"
    # False when an annotation tells the operator to leave this cluster alone.
    reconciled: bool = True
    # How this cluster takes base backups: plugin, barmanObjectStore, volumeSnapshot, or None.
    backup_method: t.Optional[str] = None
    backup_plugin: t.Optional[str] = None
    # ObjectStore of the Barman Cloud plugin, and the name below which this cluster archives in it.
    object_store: t.Optional[str] = None
    server_name: str = ""
    plugins: tuple[dict[str, t.Any], ...] = ()
    replica: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    is_replica: bool = False
    demotion_token: str = ""
    promotion_token: str = ""
    last_promotion_token: str = ""
    certificates: dict[str, str] = dataclasses.field(default_factory=dict)
    synchronous: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    write_service: str = ""
    read_service: str = ""
    # The whole status, for what is not above.
    status: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_object(cls, obj: t.Mapping[str, t.Any]) -> ClusterView:
        """Read a Cluster as the API server returned it; fields that a version lacks are simply empty."""
        metadata, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
        annotations = metadata.get("annotations") or {}
        plugins = tuple(row for row in spec.get("plugins") or () if row.get("enabled", True))
        method, plugin = _backup_method(spec, status, plugins)
        parameters = next((row.get("parameters") or {} for row in plugins if row["name"] == plugin), {})
        in_tree = (spec.get("backup") or {}).get("barmanObjectStore") or {}
        replica = spec.get("replica") or {}
        return cls(
            name=metadata["name"],
            namespace=metadata.get("namespace", ""),
            generation=metadata.get("generation", 0),
            phase=status.get("phase", ""),
            phase_reason=status.get("phaseReason", ""),
            desired_instances=spec.get("instances", 1),
            instances=status.get("instances", 0),
            ready_instances=status.get("readyInstances", 0),
            instance_names=tuple(sorted(status.get("instanceNames") or ())),
            current_primary=status.get("currentPrimary", ""),
            target_primary=status.get("targetPrimary", ""),
            primary_failing_since=status.get("currentPrimaryFailingSinceTimestamp", ""),
            conditions={row["type"]: row for row in status.get("conditions") or ()},
            image=status.get("image", ""),
            desired_image=spec.get("imageName"),
            catalog=spec.get("imageCatalogRef"),
            major_version=(status.get("pgDataImageInfo") or {}).get("majorVersion"),
            timeline=status.get("timelineID", 0),
            system_id=status.get("systemID", ""),
            fenced=fenced_instances(annotations),
            hibernation="on" if annotations.get(ANNOTATION_HIBERNATION) == "on" else "off",
            reconciled=annotations.get(ANNOTATION_LOOP) != "disabled",
            backup_method=method,
            backup_plugin=plugin,
            object_store=parameters.get("barmanObjectName"),
            server_name=parameters.get("serverName") or in_tree.get("serverName") or metadata["name"],
            plugins=plugins,
            replica=replica,
            is_replica=_is_replica(metadata["name"], replica),
            demotion_token=status.get("demotionToken", ""),
            promotion_token=replica.get("promotionToken", ""),
            last_promotion_token=status.get("lastPromotionToken", ""),
            certificates=dict((status.get("certificates") or {}).get("expirations") or {}),
            synchronous=(spec.get("postgresql") or {}).get("synchronous") or {},
            write_service=status.get("writeService", ""),
            read_service=status.get("readService", ""),
            status=status,
        )

    def condition(self, name: str) -> t.Optional[bool]:
        """Return whether a condition is true or false; None when it is unknown or was never written."""
        return {"True": True, "False": False}.get(self.conditions.get(name, {}).get("status", ""))

    @property
    def ready(self) -> bool:
        """The condition Ready as it is written; it may be older than the last change of the definition."""
        return self.condition("Ready") is True

    @property
    def hibernated(self) -> bool:
        """Whether the instances are gone and the volumes wait."""
        return self.hibernation == "on" and self.condition(CONDITION_HIBERNATION) is True

    @property
    def fenced_names(self) -> tuple[str, ...]:
        """The fenced instances by name, all of them for "*"; a fenced instance that is gone does not count."""
        return tuple(name for name in self.instance_names if ALL_INSTANCES in self.fenced or name in self.fenced)

    def summary(self) -> dict[str, t.Any]:
        """Return what a module's result shows of a cluster. Tokens of a hand-over stay out: they are secrets of a kind."""
        return {
            "name": self.name,
            "namespace": self.namespace,
            "phase": self.phase,
            "phase_reason": self.phase_reason,
            "ready": self.ready,
            "instances": self.instances,
            "ready_instances": self.ready_instances,
            "instance_names": list(self.instance_names),
            "current_primary": self.current_primary,
            "target_primary": self.target_primary,
            "image": self.image,
            "major_version": self.major_version,
            "timeline": self.timeline,
            "system_id": self.system_id,
            "fenced": sorted(self.fenced),
            "hibernation": self.hibernation,
            "is_replica": self.is_replica,
            "backup_method": self.backup_method,
            "server_name": self.server_name,
        }


def parse_lsn(text: t.Optional[str]) -> t.Optional[int]:
    """Return a position in PostgreSQL's log as a number of bytes; None for text that is not one."""
    found = _LSN.fullmatch(text or "")
    return (int(found.group(1), 16) << 32) + int(found.group(2), 16) if found else None


def fenced_instances(annotations: t.Mapping[str, str]) -> frozenset[str]:
    """Read the annotation that fences. Text that is not a JSON list fences nothing for the operator either."""
    try:
        names = json.loads(annotations.get(ANNOTATION_FENCED) or "[]")
    except ValueError:
        return frozenset()
    return frozenset(str(name) for name in names) if isinstance(names, list) else frozenset()


def _is_replica(name: str, replica: t.Mapping[str, t.Any]) -> bool:
    """Whether a cluster follows another one: the older switch decides where it is set, else the primary's name."""
    if not replica:
        return False
    if replica.get("enabled") is not None:
        return bool(replica["enabled"])
    return (replica.get("self") or name) != replica.get("primary", "")


def _backup_method(
    spec: t.Mapping[str, t.Any], status: t.Mapping[str, t.Any], plugins: t.Sequence[t.Mapping[str, t.Any]]
) -> tuple[t.Optional[str], t.Optional[str]]:
    """Return the method of base backups and the plugin's name.

    A plugin counts when the operator saw that it can back up, or, before the operator wrote that, when it is the
    archiver or the one plugin that is in general use.
    """
    able = {row["name"] for row in status.get("pluginStatus") or () if row.get("backupCapabilities")}
    for row in plugins:
        if row["name"] in able or row["name"] == BARMAN_PLUGIN or row.get("isWALArchiver"):
            return "plugin", row["name"]
    backup = spec.get("backup") or {}
    return next((name for name in ("barmanObjectStore", "volumeSnapshot") if name in backup), None), None
