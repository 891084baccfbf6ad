#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_wait
short_description: Wait until Kubernetes objects are ready, have a condition or a value, or are gone
version_added: 0.2.0
description:
  - Watches objects of one kind and returns as soon as all of them are in the requested state. Nothing is polled.
  - An object that cannot get ready any more (a failed Job, an exceeded progress deadline) ends the wait at once.
  - When the time is over, the error says what is missing, with what the cluster knows about it (pods, last log lines, warnings).
  - Changes nothing. The user needs the rights to list and to watch the kind.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.info
  - campus.moodle._attributes.actiongroup_kube
  - campus.moodle._kube
attributes:
  check_mode:
    support: full
    details:
      - In check mode, what is waited for may never come, because what makes it was not done. So the module checks once, reports, and
        does not fail.
options:
  api_version:
    description: Group and version of the kind, as V(apps/v1).
    type: str
    default: v1
  kind:
    description: Kind of the objects.
    type: str
    required: true
  names:
    description: Names of the objects. Exactly one of O(names) and O(label_selector) is required.
    type: list
    elements: str
  label_selector:
    description: Labels of the objects, as V(app=web,tier!=test).
    type: str
  at_least:
    description: How many objects O(label_selector) must find. Not used with O(gone).
    type: int
    default: 1
  namespace:
    description: Namespace of the objects. The default is the namespace of the kubeconfig's context, then V(default).
    type: str
  condition:
    description:
      - Wait for a condition in the status. A condition that is older than the last change of the object does not count.
      - Without O(condition), O(field) and O(gone), the rules of the kind decide when an object is ready; those of a kind without rules
        are its condition C(Ready), if it has one, and that its controller has seen the last change.
    type: dict
    suboptions:
      type:
        description: Type of the condition.
        type: str
        required: true
      status:
        description: Status of the condition.
        type: str
        choices: ["True", "False", "Unknown"]
        default: "True"
  field:
    description: Wait for the value of a field.
    type: dict
    suboptions:
      path:
        description: Path of the field, as V(status.phase), V(status.loadBalancer.ingress[0].ip) or V(metadata.annotations['a.b/c']).
        type: str
        required: true
      value:
        description: Value of the field. Without it, any value is good.
        type: str
  gone:
    description: Wait until the objects do not exist.
    type: bool
    default: false
  timeout:
    description: Seconds to wait.
    type: int
    default: 300
seealso:
  - module: campus.moodle.kube_apply
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Wait until two deployments are ready
  campus.moodle.kube_wait:
    api_version: apps/v1
    kind: Deployment
    names: [web, cron]
    namespace: "{{ namespace }}"

- name: Wait for the first backup of a database cluster
  campus.moodle.kube_wait:
    api_version: postgresql.cnpg.io/v1
    kind: Cluster
    names: [database]
    namespace: "{{ namespace }}"
    condition:
      type: LastBackupSucceeded
    timeout: 3600

- name: Wait until a volume is bound
  campus.moodle.kube_wait:
    kind: PersistentVolumeClaim
    names: [moodledata]
    namespace: "{{ namespace }}"
    field:
      path: status.phase
      value: Bound

- name: Wait until all pods of a site are gone
  campus.moodle.kube_wait:
    kind: Pod
    label_selector: app.kubernetes.io/instance=physics
    namespace: "{{ namespace }}"
    gone: true
"""

RETURN = r"""
resources:
  description: The objects that were checked.
  returned: when the API server could be queried
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
    ready:
      description: Whether the object is in the requested state.
      type: bool
      returned: always
    reason:
      description: What is missing.
      type: str
      returned: always
  sample:
    - api_version: apps/v1
      kind: Deployment
      name: web
      namespace: physics
      ready: true
      reason: ""
seconds:
  description: How long it took.
  returned: when the API server could be queried
  type: float
  sample: 12.5
error:
  description:
    - What kind of failure it was.
    - V(timeout) (the time is over), V(not_ready) (an object cannot get there any more), V(bad_path) (the path in O(field) cannot be
      read), V(unknown_kind), V(invalid) (the selector).
    - What the API server refuses - V(forbidden) (C(user), C(verb), C(resource) and C(namespace) name the missing right), V(denied),
      V(unauthorized), V(throttled), V(expired), V(server_error).
    - About the connection - V(unreachable), V(untrusted), V(bad_kubeconfig), V(no_context), V(bad_credentials), V(credential_plugin).
  returned: failure
  type: str
  sample: timeout
diagnosis:
  description: What the cluster knows about objects that do not get there.
  returned: when waiting failed
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._kube import wait
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS, client_from
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Wait, and report each object, also when something fails."""
    module = AnsibleModule({**KUBE_ARGUMENTS, **wait.ARGUMENTS}, supports_check_mode=True, **wait.RULES)
    conclude(module, lambda: wait.run(client_from(module.params, os.environ), module.params, once=module.check_mode))


if __name__ == "__main__":
    main()
