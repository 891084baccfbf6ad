#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cnpg_cluster
short_description: Manage a PostgreSQL cluster of CloudNativePG
version_added: 0.2.0
description:
  - Creates a Cluster, changes its definition, restarts or reloads it, and deletes it.
  - The definition is applied on the server. Unknown fields are an error, and fields of other managers are left alone.
  - Changes that would do nothing (another bootstrap), cannot be done (smaller volumes, an older PostgreSQL) or destroy something are
    refused before anything is sent.
  - A change is waited for until the operator has seen it and the cluster is healthy and stays so. A status from before the change
    never counts.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_cnpg
  - campus.moodle._kube
  - campus.moodle._cnpg
  - campus.moodle._cnpg.object
attributes:
  check_mode:
    support: full
    details:
      - The API server checks the definition in a dry run, with its webhooks.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(state=restarted) and O(state=reloaded) only when O(action_key) is set.
options:
  name:
    description: Name of the cluster.
    type: str
    required: true
  state:
    description:
      - V(present) creates the cluster or changes its definition.
      - V(absent) deletes it, see O(confirm_delete) and O(keep_pvcs).
      - V(restarted) restarts every instance, the primary last, by the update strategy of the cluster.
      - V(reloaded) makes the operator read the Secrets and ConfigMaps of the cluster again.
      - With V(restarted) and V(reloaded) the cluster must exist and its definition is left alone.
    type: str
    choices: [present, absent, restarted, reloaded]
    default: present
  action_key:
    description:
      - A text that names the reason of a restart or reload, such as the checksum of a file. The same one is carried out once.
      - Without it O(state=restarted) and O(state=reloaded) act every time.
    type: str
  instances:
    description: Number of instances, the primary included.
    type: int
  image:
    description: Image of PostgreSQL. Its tag must start with the version.
    type: str
  catalog:
    description: Catalog that names the image for a major version.
    type: dict
    suboptions:
      kind:
        description: Whether the catalog is in the same namespace or for all namespaces.
        type: str
        choices: [ImageCatalog, ClusterImageCatalog]
        default: ImageCatalog
      name:
        description: Name of the catalog.
        type: str
        required: true
      major:
        description: Major version of PostgreSQL.
        type: int
        required: true
  storage:
    description: Volume of each instance.
    type: dict
    suboptions: &storage
      size:
        description: Size, as V(20Gi). It can grow, as far as the storage class allows, and never shrink.
        type: str
      storage_class:
        description: Storage class; without it the default one. It cannot change.
        type: str
  wal_storage:
    description: Volume of each instance for the write-ahead log. It can be added and never removed.
    type: dict
    suboptions: *storage
  synchronous:
    description: Synchronous replication.
    type: dict
    suboptions:
      method:
        description: Whether any instances or the first ones of a list must confirm.
        type: str
        choices: [any, first]
        default: any
      number:
        description: How many replicas must confirm each transaction.
        type: int
        required: true
      data_durability:
        description: Whether writes stop (V(required)) or go on alone (V(preferred)) when there are not enough replicas.
        type: str
        choices: [required, preferred]
  parameters:
    description: Settings of PostgreSQL. Booleans become C(on) and C(off).
    type: dict
  bootstrap:
    description:
      - Where the data come from, as in C(spec.bootstrap). It is read when the cluster is made, and another value later is an error.
      - Leave it out later to keep what is there.
    type: dict
  plugins:
    description: Plugins, as in C(spec.plugins).
    type: list
    elements: dict
  resources:
    description: Requests and limits of each instance, as in C(spec.resources).
    type: dict
  spec:
    description:
      - Everything else, as in C(spec) of the Cluster. It is merged with the options above; a field that is given twice with different
        values is an error.
    type: dict
  labels:
    description: Labels of the cluster.
    type: dict
  annotations:
    description: Annotations of the cluster.
    type: dict
  allow_shrink:
    description: Allow fewer instances than before. The volumes of those that go are deleted.
    type: bool
    default: false
  allow_major_upgrade:
    description: Allow another major version of PostgreSQL. The cluster stops while the operator upgrades it in place.
    type: bool
    default: false
  confirm_delete:
    description: The name of the cluster again. Without it O(state=absent) deletes nothing.
    type: str
  keep_pvcs:
    description: With O(state=absent), keep the volumes. They lose their owner before the cluster is deleted.
    type: bool
    default: false
  wait:
    description:
      - V(healthy) waits until the change has arrived. A broken definition, a failed bootstrap Job and pods that find no node or image end
        the wait early.
      - With O(state=absent) it waits until the cluster and its pods are gone.
    type: str
    choices: [none, healthy]
    default: healthy
  stable_for:
    description: Seconds that the cluster must stay healthy after a change.
    type: int
    default: 10
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Three instances with one synchronous replica
  campus.moodle.cnpg_cluster:
    name: moodle-db
    namespace: "{{ namespace }}"
    instances: 3
    image: ghcr.io/cloudnative-pg/postgresql:17.6-standard-bookworm
    storage:
      size: 20Gi
    synchronous:
      number: 1
      data_durability: preferred
    parameters:
      max_connections: 200
      shared_buffers: 1GB
    bootstrap:
      initdb:
        database: moodle
        owner: moodle
    spec:
      primaryUpdateStrategy: unsupervised
      affinity:
        topologyKey: kubernetes.io/hostname
    wait: "{{ wait }}"

- name: Restart the instances once for this certificate
  campus.moodle.cnpg_cluster:
    name: moodle-db
    namespace: "{{ namespace }}"
    state: restarted
    action_key: certificate-2026-11
    wait: "{{ wait }}"

- name: Delete the cluster, but not its volumes
  campus.moodle.cnpg_cluster:
    name: moodle-db
    namespace: "{{ namespace }}"
    state: absent
    confirm_delete: moodle-db
    keep_pvcs: true
    wait: "{{ wait }}"
"""

RETURN = r"""
cluster:
  description: What the cluster reports about itself. In check mode, and with O(wait=none), it may be older than the change.
  returned: success, except with O(state=absent)
  type: dict
  sample:
    name: moodle-db
    namespace: physics
    phase: Cluster in healthy state
    ready: true
    instances: 3
    ready_instances: 3
    instance_names: [moodle-db-1, moodle-db-2, moodle-db-3]
    current_primary: moodle-db-1
    image: ghcr.io/cloudnative-pg/postgresql:17.6-standard-bookworm
    major_version: 17
    timeline: 1
    fenced: []
    hibernation: "off"
    backup_method: plugin
connection:
  description: How to reach the cluster. Names of Secrets only, never what is in them.
  returned: success, except with O(state=absent)
  type: dict
  sample:
    host: moodle-db-rw.physics.svc
    port: 5432
    services: {"rw": "moodle-db-rw", "ro": "moodle-db-ro", "r": "moodle-db-r"}
    database: moodle
    owner: moodle
    secret_names: {"application": "moodle-db-app", "superuser": null, "server_ca": "moodle-db-ca"}
pending_restart:
  description:
    - Whether settings of the primary wait for a restart.
    - Null in check mode, with O(wait=none), and when the primary does not answer (that needs the right to get C(pods/proxy)).
  returned: success, except with O(state=absent)
  type: bool
  sample: false
kept_volumes:
  description: Volume claims that were detached from the cluster, or would be.
  returned: with O(state=absent)
  type: list
  elements: str
  sample: [moodle-db-1, moodle-db-2]
error:
  description:
    - What kind of failure it was.
    - V(invalid) - a size cannot be read. V(given_twice) - a field has two different values. V(immutable) - a field cannot change any
      more. V(shrink) - volumes would shrink, or instances go without O(allow_shrink). V(downgrade), V(major_upgrade) - the data would
      change to an older version of PostgreSQL, or to a newer one without O(allow_major_upgrade). V(not_confirmed) - deleting is not
      confirmed in O(confirm_delete). V(not_found) - there is no such Cluster, or no such namespace.
    - V(conflict) - another field manager has the field, or other clients changed the Cluster again and again.
    - V(failed) - what was waited for cannot come any more. V(timeout) - it did not come in time. The details are in RV(diagnosis).
    - What the API server refuses - V(forbidden) (C(user), C(verb), C(resource) and C(namespace) name the missing right), V(denied) (by a
      policy, a quota or a webhook), V(invalid), V(unauthorized), V(unknown_kind) (CloudNativePG, or its plugin, is not installed),
      V(already_exists), V(throttled), V(too_large), V(expired), V(server_error).
    - About the connection - V(unreachable), V(untrusted) (its certificate), V(bad_kubeconfig), V(no_context), V(bad_credentials)
      (certificates that cannot be used), V(credential_plugin) (a program in the kubeconfig failed).
  returned: failure
  type: str
  sample: immutable
diagnosis:
  description: What pods and events report, when waiting failed.
  returned: when waiting failed
  type: list
  elements: str
  sample: ["Pod moodle-db-2: Unschedulable: 0/3 nodes are available"]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg import cluster
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS, client_from
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Bring the cluster into its state."""
    module = AnsibleModule({**KUBE_ARGUMENTS, **cluster.ARGUMENTS}, supports_check_mode=True, **cluster.RULES)
    conclude(
        module,
        lambda: cluster.run(client_from(module.params, os.environ), module.params, check_mode=module.check_mode, warn=module.warn),
    )


if __name__ == "__main__":
    main()
