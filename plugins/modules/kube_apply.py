#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_apply
short_description: Apply a list of Kubernetes manifests as one desired state
version_added: 0.2.0
description:
  - Applies manifests on the server (server-side apply) with strict validation, so an unknown field is an error.
  - Every manifest is tried on the server before the first one is applied. When one is refused, nothing was changed.
  - Namespaces and CustomResourceDefinitions are applied first, the rest in the given order. Deletion goes the other way round.
  - Needs nothing but Python on the host; manifests in YAML files need PyYAML.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_kube
  - campus.moodle._kube
attributes:
  check_mode:
    support: full
    details:
      - The server tries the manifests without keeping the result. An object whose kind or namespace comes in the same call cannot be
        tried, and is compared as it is in the manifest. So is one whose namespace is not there, with a warning, since an earlier task may
        be the one that creates it.
  diff_mode:
    support: full
    details:
      - Data of Secrets is hidden. A new object is shown as it is in the manifest.
options:
  manifests:
    description:
      - Manifests. Data of Secrets in them never appears in output or logs.
      - At least one of O(manifests) and O(src) is required.
    type: list
    elements: dict
  src:
    description: Files on the host with manifests in YAML, read as kubectl does (several documents in one file are fine), or JSON.
    type: list
    elements: path
  namespace:
    description: Namespace for manifests that name none. The default is the namespace of the kubeconfig's context, then V(default).
    type: str
  state:
    description: Whether the objects exist as in the manifests, or do not exist.
    type: str
    choices: [present, absent]
    default: present
  force_conflicts:
    description: Take over fields that another field manager has set to another value. Without this, such a conflict is an error.
    type: bool
    default: false
  prune:
    description:
      - Delete objects in O(namespace) that carry O(prune_labels) and are not in the manifests.
      - Only kinds in O(prune_kinds) are looked for, and objects that have an owner are left to it.
    type: bool
    default: false
  prune_labels:
    description:
      - Labels of everything that belongs together. With O(prune=true), every manifest must carry them.
      - Required, together with O(namespace), if O(prune=true).
    type: dict
  prune_kinds:
    description: Kinds to prune, as V(apps/v1/Deployment) or V(v1/Secret).
    type: list
    elements: str
    default:
      - apps/v1/DaemonSet
      - apps/v1/Deployment
      - apps/v1/StatefulSet
      - autoscaling/v2/HorizontalPodAutoscaler
      - batch/v1/CronJob
      - batch/v1/Job
      - networking.k8s.io/v1/Ingress
      - networking.k8s.io/v1/NetworkPolicy
      - policy/v1/PodDisruptionBudget
      - rbac.authorization.k8s.io/v1/Role
      - rbac.authorization.k8s.io/v1/RoleBinding
      - v1/ConfigMap
      - v1/Secret
      - v1/Service
      - v1/ServiceAccount
  confirm_delete:
    description:
      - Objects that hold data and may be deleted, as V(Namespace/physics).
      - A Namespace, PersistentVolume, PersistentVolumeClaim, CustomResourceDefinition or Cluster of CloudNativePG is deleted or pruned
        only when it is listed here. So is a StatefulSet whose claims are deleted with it
        (C(persistentVolumeClaimRetentionPolicy.whenDeleted=Delete)), and a Database of CloudNativePG that is dropped with it
        (C(databaseReclaimPolicy=delete)).
    type: list
    elements: str
    default: []
  wait:
    description: Wait until all objects are ready, or gone. Unchanged objects count as well.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait in total.
    type: int
    default: 300
seealso:
  - module: campus.moodle.kube_wait
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Apply a namespace and what is in it, and wait until it is ready
  campus.moodle.kube_apply:
    namespace: "{{ namespace }}"
    wait: true
    manifests:
      - apiVersion: v1
        kind: Namespace
        metadata:
          name: "{{ namespace }}"
      - apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
          labels:
            app.kubernetes.io/instance: physics
        data:
          theme: boost

- name: Apply manifests of a file, and remove what an earlier version of the file had
  campus.moodle.kube_apply:
    src: ["{{ manifest_file }}"]
    namespace: "{{ namespace }}"
    prune: true
    prune_labels:
      app.kubernetes.io/instance: physics

- name: Remove a namespace with everything in it
  campus.moodle.kube_apply:
    state: absent
    confirm_delete: ["Namespace/{{ namespace }}"]
    manifests:
      - apiVersion: v1
        kind: Namespace
        metadata:
          name: "{{ namespace }}"
"""

RETURN = r"""
resources:
  description: What happened, or would happen, to each object.
  returned: when the manifests could be read
  type: list
  elements: dict
  contains:
    api_version:
      description: Group and version.
      type: str
      returned: always
    kind:
      description: Kind.
      type: str
      returned: always
    name:
      description: Name.
      type: str
      returned: always
    namespace:
      description: Namespace; null for objects that live in none.
      type: str
      returned: always
    change:
      description: V(created), V(changed), V(unchanged), V(deleted) or V(pruned). After a failure also V(failed) and V(skipped).
      type: str
      returned: always
    ready:
      description: Whether the object was ready, or gone. Null when this was not waited for.
      type: bool
      returned: always
    reason:
      description: Why it is not ready, or why it failed.
      type: str
      returned: always
  sample:
    - api_version: v1
      kind: ConfigMap
      name: settings
      namespace: physics
      change: created
      ready: true
      reason: ""
error:
  description:
    - What kind of failure it was.
    - About the manifests - V(bad_manifest) (one cannot be read or names no object), V(bad_option) (a kind that cannot be pruned, or no
      label), V(invalid) (the API does not accept it, C(unknown_fields) names fields that it does not know), V(unknown_kind),
      V(not_confirmed) (deleting it loses data).
    - About the objects - V(not_found) (mostly the namespace), V(conflict) (C(conflicts) names fields and managers), V(already_exists)
      (another client was faster), V(being_deleted), V(not_ready) (it failed), V(timeout) (it was not ready in time).
    - What the API server refuses - V(forbidden) (C(user), C(verb), C(resource) and C(namespace) name the missing right), V(denied) (by a
      policy, a quota or a webhook), V(unauthorized) (the credentials), V(throttled) (it is overloaded), V(too_large), V(expired) (a list
      took too long), V(server_error).
    - About the connection - V(unreachable), V(untrusted) (its certificate), V(bad_kubeconfig), V(no_context), V(bad_credentials)
      (certificates that cannot be used), V(credential_plugin) (a program in the kubeconfig failed).
  returned: failure
  type: str
  sample: conflict
unknown_fields:
  description: Fields in the manifest that the API does not know.
  returned: when error is V(invalid)
  type: list
  elements: str
  sample: [spec.replicaz]
conflicts:
  description: Fields that are set to another value, and the field managers that set them.
  returned: when error is V(conflict)
  type: list
  elements: dict
  sample: [{"field": ".spec.replicas", "manager": "kubectl"}]
diagnosis:
  description: What the cluster knows about an object that does not get ready (pods, last log lines, warnings).
  returned: when waiting failed
  type: list
  elements: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._kube import apply
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS, client_from
from ansible_collections.campus.moodle.plugins.module_utils._kube.secrets import without_secrets
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def hide_secrets(module: AnsibleModule) -> list[t.Any]:
    """Return the manifests, and leave a copy without data of Secrets for the output.

    no_log would also hide every other text in the manifests, even the names of objects in the result. With the copy in
    place, only the credentials are left to hide.
    """
    manifests = module.params["manifests"] or []
    module.params["manifests"] = without_secrets(manifests)
    hidden = [name for name, option in KUBE_ARGUMENTS.items() if option.get("no_log")]
    module.no_log_values = {module.params[name] for name in hidden if module.params[name]}
    return manifests


def main() -> None:
    """Plan, do, wait, and report each object, also when something fails."""
    module = AnsibleModule({**KUBE_ARGUMENTS, **apply.ARGUMENTS}, supports_check_mode=True, **apply.RULES)
    manifests = hide_secrets(module)
    conclude(module, lambda: apply.run(client_from(module.params, os.environ), module.params, manifests, check=module.check_mode))


if __name__ == "__main__":
    main()
