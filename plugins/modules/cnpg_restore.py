#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cnpg_restore
short_description: Recover a backup into a new CloudNativePG Cluster
version_added: 0.2.0
description:
  - Makes a new Cluster from a base backup and the archived log, up to the end or to a point in time, and waits until it is healthy.
    CloudNativePG never recovers into an existing Cluster.
  - Refuses a point that the source cannot reach, as far as that is known, and a name in the archive that is in use. Two clusters that
    archive below the same name destroy each other's history.
  - A run that was cut is continued by the next one with the same O(source) and O(target). Any other existing Cluster is refused.
  - With O(drill=true), rehearses all of this. The new Cluster has one instance, is queried, and is deleted with its volumes.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_cnpg
  - campus.moodle._kube
attributes:
  check_mode:
    support: full
    details:
      - Checks source, target and names, and has the API server check the new Cluster.
  diff_mode:
    support: full
    details:
      - A drill shows no difference.
  idempotent:
    support: full
    details:
      - O(drill=true) recovers each time, and leaves nothing.
options:
  name:
    description: Name of the new Cluster.
    type: str
    required: true
  namespace:
    description: Namespace of the new Cluster, which also has the Backup, ObjectStore and VolumeSnapshots that are named here.
    type: str
    required: true
  source:
    description: Where the data come from. Exactly one of the ways is needed; O(source.volume_snapshots) may be combined with an archive.
    type: dict
    required: true
    suboptions:
      backup:
        description: Name of a completed Backup. One that a plugin has taken is recovered from where the plugin keeps it.
        type: str
      plugin:
        description: A backup plugin.
        type: dict
        suboptions:
          name:
            description: Name of the plugin.
            type: str
            default: barman-cloud.cloudnative-pg.io
          object_store:
            description: Name of the ObjectStore.
            type: str
            required: true
          server_name:
            description: Name below which the source cluster archived.
            type: str
            required: true
      barman_object_store:
        description:
          - Configuration of the built-in backups, as in C(spec.externalClusters[].barmanObjectStore) of a Cluster, with C(serverName).
          - CloudNativePG plans to remove it.
        type: dict
      volume_snapshots:
        description: VolumeSnapshots, by name.
        type: dict
        suboptions:
          storage:
            description: The snapshot of the data.
            type: str
            required: true
          wal_storage:
            description: The snapshot of the log, if the source has a volume for it.
            type: str
          tablespace_storage:
            description: Tablespace to its snapshot.
            type: dict
  target:
    description: Up to which point. Without it everything that was archived is recovered.
    type: dict
    suboptions:
      time:
        description:
          - A time, such as V(2026-11-21T08:00:00Z). Without a zone it is UTC.
          - Recovery fails when nothing was written after it.
        type: str
      lsn:
        description: A position in the log, such as V(0/3000148).
        type: str
      name:
        description: A restore point that was made with C(pg_create_restore_point). Needs O(target.backup_id) or O(source.backup).
        type: str
      xid:
        description: A transaction. Needs O(target.backup_id) or O(source.backup).
        type: str
      immediate:
        description: As soon as the data are consistent. Needs O(target.backup_id) or O(source.backup).
        type: bool
      exclusive:
        description: Stop before the target instead of after it.
        type: bool
      timeline:
        description: Timeline to follow, V(latest) or a number.
        type: str
      backup_id:
        description: Id of the base backup to start from. For a time or a position it is found without.
        type: str
  spec:
    description:
      - Specification of the new Cluster, as CloudNativePG documents it, without C(bootstrap), C(externalClusters) and C(replica).
      - It has precedence over what O(like) brings.
    type: dict
    default: {}
  like:
    description:
      - Name of a Cluster in the same namespace that the new one is made like. Image, storage, settings, resources, plugins and backups are
        taken over, since recovery needs settings such as C(max_connections) to be at least what they were.
    type: str
  archive_server_name:
    description:
      - Name below which the new Cluster archives. Without it the name of the Cluster, or that with a number when it is in use.
      - Without a backup plugin or backup section in the specification nothing is archived.
    type: str
  database:
    description: Database of the application, for CloudNativePG to set the password of its owner. Together with O(owner).
    type: str
  owner:
    description: Owner of O(database).
    type: str
  secret:
    description: Name of the Secret with the owner's password. Without it CloudNativePG makes one.
    type: str
  wait:
    description: Whether to wait until the new Cluster is healthy. A drill always waits.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait for the operator at most, and in a drill as many again for cleaning up.
      - When they are over the module fails with the operator's last words, warnings of pods and events.
    type: int
    default: 3600
  drill:
    description:
      - Rehearse. The Cluster of the drill archives nothing and carries the label C(campus.moodle/drill).
      - What a drill of the same name has left because it was cut is removed first. So two drills need two names.
    type: bool
    default: false
  assertions:
    description: What must be true of the recovered data, for O(drill=true).
    type: list
    elements: dict
    default: []
    suboptions:
      sql:
        description: A statement that answers one value. It runs as superuser.
        type: str
        required: true
      database:
        description: Database to query.
        type: str
        default: app
      expect:
        description: The answer that is right, as C(psql) prints it. V(t) is true.
        type: str
        default: t
  rpo_query:
    description:
      - How to find out from when the newest data are, for RV(rpo_seconds).
      - Without it, and with O(like) but no O(target), the time counts when that Cluster archived its log last.
    type: dict
    suboptions:
      sql:
        description: A statement that answers one time, or one number of seconds since 1970.
        type: str
        required: true
      database:
        description: Database to query.
        type: str
        default: app
  query_timeout:
    description: Seconds that one statement may take.
    type: int
    default: 60
  keep_failed:
    description: Leave the Cluster of a drill that failed, to examine it. The next drill of that name removes it.
    type: bool
    default: false
requirements:
  - CloudNativePG 1.27 or newer in the cluster.
seealso:
  - module: campus.moodle.cnpg_backup
  - module: campus.moodle.cnpg_cluster
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Bring back the state of eight o'clock, next to the running cluster
  campus.moodle.cnpg_restore:
    name: moodle-morning
    namespace: "{{ namespace }}"
    source:
      plugin:
        object_store: offsite
        server_name: moodle
    target:
      time: "2026-11-21T08:00:00Z"
    like: moodle

- name: Recover a Backup into a cluster of another size
  campus.moodle.cnpg_restore:
    name: moodle-copy
    namespace: "{{ namespace }}"
    source:
      backup: moodle-before-5.1
    spec:
      instances: 1
      imageName: registry.example.edu/postgresql:17.5
      storage:
        size: 20Gi

- name: Prove each week that the backups can be recovered
  campus.moodle.cnpg_restore:
    name: moodle-drill
    namespace: "{{ namespace }}"
    source:
      plugin:
        object_store: offsite
        server_name: moodle
    like: moodle
    drill: true
    assertions:
      - sql: SELECT count(*) > 1 FROM mdl_user
        database: moodle
    rpo_query:
      sql: SELECT max(timecreated) FROM mdl_logstore_standard_log
      database: moodle
"""

RETURN = r"""
cluster:
  description: Phase, instances and primary of the new Cluster.
  returned: success, except a drill in check mode
  type: dict
  sample: {"name": "moodle-morning", "phase": "Cluster in healthy state", "current_primary": "moodle-morning-1", "ready_instances": 3}
server_name:
  description: Name below which the new Cluster archives. Null when it does not archive.
  returned: success, without O(drill)
  type: str
  sample: moodle-morning
recovery_window:
  description: The first point that the source can be recovered to. Null when that is not known.
  returned: success, without O(drill)
  type: dict
  sample: {"first": "2026-11-01T00:00:07Z"}
rto_seconds:
  description: How long it took from the request to a healthy Cluster.
  returned: with O(drill), success and failure of an assertion
  type: float
  sample: 184.2
rpo_seconds:
  description: How many seconds of data are missing before the target, or before the begin of the drill. Null when that is not known.
  returned: with O(drill), success
  type: float
  sample: 41.0
rpo_method:
  description: V(query) when it is from O(rpo_query), V(archive) when the time of the last archived log counts.
  returned: with O(drill), success
  type: str
  sample: query
assertions:
  description: Each assertion with its answer.
  returned: with O(drill), success and failure of an assertion
  type: list
  elements: dict
  sample: [{"sql": "SELECT count(*) > 1 FROM mdl_user", "database": "moodle", "answer": "t", "error": "", "holds": true}]
left_over:
  description: On success, whether an earlier drill had left something. On failure, whether this one has.
  returned: with O(drill)
  type: bool
  sample: false
error:
  description:
    - What kind of failure it was.
    - V(not_found) - there is no such Backup, ObjectStore, VolumeSnapshot or Cluster in O(like). V(backup_unusable) - the Backup is not
      complete. V(source_incomplete) - it is not known where the data are. V(outside_window) - the source does not reach O(target).
      V(invalid_target), V(invalid_spec) - O(target) or O(spec) has a value that cannot be used. V(server_name_taken) - the name in the
      archive is in use. V(exists) - there is another Cluster of that name.
    - V(assertion) - the recovered data are not what O(assertions) expect. V(invalid_rpo_query) - O(rpo_query) failed, or gave no time.
      V(exec_failed), V(unsupported) - no statement can be run in the instance. V(cleanup) - the drill could not remove all that it made.
    - V(failed) - what was waited for cannot come any more. V(timeout) - it did not come in time. The details are in RV(diagnosis).
    - What the API server refuses - V(forbidden) (C(user), C(verb), C(resource) and C(namespace) name the missing right), V(denied) (by a
      policy, a quota or a webhook), V(invalid), V(unauthorized), V(unknown_kind) (CloudNativePG, or its plugin, is not installed),
      V(already_exists), V(throttled), V(too_large), V(expired), V(server_error).
    - About the connection - V(unreachable), V(untrusted) (its certificate), V(bad_kubeconfig), V(no_context), V(bad_credentials)
      (certificates that cannot be used), V(credential_plugin) (a program in the kubeconfig failed).
  returned: failure
  type: str
  sample: outside_window
diagnosis:
  description: What pods and events report, when the Cluster did not get healthy.
  returned: failure of waiting
  type: list
  elements: str
  sample: ["Pod moodle-morning-1-full-recovery-x7k2p: container full-recovery ended with exit status 1 (3 restarts)"]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg import restore
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS, client_from
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Recover, or rehearse it."""
    module = AnsibleModule({**KUBE_ARGUMENTS, **restore.ARGUMENTS}, supports_check_mode=True, **restore.RULES)
    conclude(
        module,
        lambda: restore.run(client_from(module.params, os.environ), module.params, check_mode=module.check_mode, warn=module.warn),
    )


if __name__ == "__main__":
    main()
