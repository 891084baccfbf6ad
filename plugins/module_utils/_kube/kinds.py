# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Where the API server keeps objects of a kind.

Asking the server for everything that it has takes several requests and megabytes, so the kinds that people apply are in
a table. A kind that is not there costs one request for its group and version.
"""

from __future__ import annotations

import typing as t
import urllib.parse

# Group to the kinds that live in namespaces and those that do not. Their plurals follow the rule of plural_of().
_KINDS = {
    "": (
        "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret "
        "Service ServiceAccount",
        "Namespace Node PersistentVolume",
    ),
    "admissionregistration.k8s.io": (
        "",
        "MutatingWebhookConfiguration ValidatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding",
    ),
    "apiextensions.k8s.io": ("", "CustomResourceDefinition"),
    "apiregistration.k8s.io": ("", "APIService"),
    "apps": ("ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet", ""),
    "autoscaling": ("HorizontalPodAutoscaler", ""),
    "barmancloud.cnpg.io": ("ObjectStore", ""),
    "batch": ("CronJob Job", ""),
    "cert-manager.io": ("Certificate CertificateRequest Issuer", "ClusterIssuer"),
    "coordination.k8s.io": ("Lease", ""),
    "discovery.k8s.io": ("EndpointSlice", ""),
    "events.k8s.io": ("Event", ""),
    "monitoring.coreos.com": ("Alertmanager PodMonitor Probe Prometheus PrometheusRule ServiceMonitor", ""),
    "networking.k8s.io": ("Ingress NetworkPolicy", "IngressClass"),
    "policy": ("PodDisruptionBudget", ""),
    "postgresql.cnpg.io": (
        "Backup Cluster Database DatabaseRole FailoverQuorum ImageCatalog Pooler Publication ScheduledBackup Subscription",
        "ClusterImageCatalog",
    ),
    "rbac.authorization.k8s.io": ("Role RoleBinding", "ClusterRole ClusterRoleBinding"),
    "scheduling.k8s.io": ("", "PriorityClass"),
    "snapshot.storage.k8s.io": ("VolumeSnapshot", "VolumeSnapshotClass VolumeSnapshotContent"),
    "storage.k8s.io": ("CSIStorageCapacity", "CSIDriver CSINode StorageClass VolumeAttachment"),
}
_IRREGULAR = {"Endpoints": "endpoints", "Prometheus": "prometheuses"}


class Resource(t.NamedTuple):
    """What the address of a kind is made of."""

    plural: str
    namespaced: bool


def group_of(api_version: str) -> str:
    """Return the group of an apiVersion; the core group has an empty name."""
    return api_version.rpartition("/")[0]


def plural_of(kind: str) -> str:
    """Return the plural that the authors of an API choose when they do not choose another."""
    word = kind.lower()
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch")) else "s")


def known(api_version: str, kind: str) -> t.Optional[Resource]:
    """Return what the table says about a kind, None when it is not there."""
    for namespaced, kinds in zip((True, False), _KINDS.get(group_of(api_version), ("", ""))):
        if kind in kinds.split():
            return Resource(_IRREGULAR.get(kind) or plural_of(kind), namespaced)
    return None


def root_of(api_version: str) -> str:
    """Return the path of a group and version."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def path_of(api_version: str, resource: Resource, namespace: t.Optional[str], name: str = "", subresource: str = "") -> str:
    """Return the path of an object, or of all objects of its kind in one or in all namespaces."""
    place = ["namespaces", namespace] if resource.namespaced and namespace else []
    words = [*place, resource.plural, *([name] if name else []), *([subresource] if subresource else [])]
    return "/".join([root_of(api_version), *(urllib.parse.quote(word, safe="") for word in words)])
