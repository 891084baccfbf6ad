#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_release_info
short_description: Read Helm releases without helm
version_added: 0.2.0
description:
  - Reads the records that Helm keeps of its releases from the API of the cluster. The program helm is not needed.
  - Finds releases in every status, also those that a killed helm has left behind.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.info
  - campus.moodle._attributes.actiongroup_helm
  - campus.moodle._kube
attributes:
  check_mode:
    support: full
  idempotent:
    support: full
options:
  names:
    description: Names of releases. All releases without it.
    type: list
    elements: str
    default: []
    aliases: [name, release_name]
  namespace:
    description: Namespace of the releases. All namespaces without it, which the user must then be allowed to read.
    type: str
    aliases: [release_namespace]
  selector:
    description: Selector over the labels of releases, as in V(team=physics).
    type: str
  include:
    description:
      - What to return of each release in addition to the summary.
      - V(history) reads each revision, V(resources) each object.
    type: list
    elements: str
    choices: [values, manifest, hooks, history, resources]
    default: []
  show_values:
    description:
      - Show values and the data that the manifest has of them. Without it, each text and number in the values is shown as C(VALUE_HIDDEN)
        with a number, which is the same for equal ones, also where it is a part of the manifest. Data of Secrets is never shown.
    type: bool
    default: false
  stale_after:
    description:
      - Seconds after which a release that is still being worked on is taken for abandoned. They are counted from the clock of the host on
        which helm ran to the clock of the host that runs the task.
    type: int
    default: 600
requirements:
  - PyYAML (for V(manifest) and V(resources) in O(include), and for a kubeconfig in YAML)
notes:
  - Helm must keep its releases in Secrets, as it does by default.
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Look for releases that a killed helm has left behind
  campus.moodle.helm_release_info:
    namespace: moodle-physics
  register: found
  failed_when: found.releases | selectattr('stale') | length > 0

- name: Read one release with its history and the state of its objects
  campus.moodle.helm_release_info:
    names: [physics]
    namespace: moodle-physics
    include: [history, resources]
"""

RETURN = r"""
releases:
  description: The releases, in the order of namespaces and names. Empty when there are none.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name.
      type: str
    namespace:
      description: Namespace.
      type: str
    revision:
      description: Number of the newest revision.
      type: int
    status:
      description: Its status, in Helm's words.
      type: str
    description:
      description: What Helm or a task noted about it.
      type: str
    chart:
      description: Name of the chart.
      type: str
    chart_version:
      description: Version of the chart.
      type: str
    app_version:
      description: Version of what the chart installs.
      type: str
    apply_method:
      description: V(ssa) when objects were applied on the server, V(csa) when by helm.
      type: str
    input_digest:
      description: Digest that M(campus.moodle.helm_release) has noted.
      type: str
    age_seconds:
      description: Seconds since helm wrote the record.
      type: int
    pending:
      description: Whether a helm works on the release, or was killed while it did.
      type: bool
    stale:
      description: Whether that lasts longer than O(stale_after).
      type: bool
    unreadable:
      description: Why the record cannot be read; only what is in its labels is then returned. Empty otherwise.
      type: str
    user_values:
      description: The values that were given, with V(values) in O(include).
      type: dict
    manifest:
      description: The objects as the chart rendered them, with V(manifest) in O(include).
      type: list
      elements: dict
    hooks:
      description: Hooks with C(name), C(kind), C(events), C(phase), C(started_at) and C(completed_at), with V(hooks) in O(include).
      type: list
      elements: dict
    history:
      description: Revisions, newest first, with V(history) in O(include).
      type: list
      elements: dict
    resources:
      description: Objects with C(kind), C(name), C(namespace), C(ready) and C(reason), with V(resources) in O(include).
      type: list
      elements: dict
error:
  description:
    - What kind of failure it was.
    - V(unsupported_option), V(missing_library), V(invalid_yaml) - about the host and the request.
    - V(unreachable), V(untrusted), V(unauthorized), V(bad_kubeconfig), V(no_context), V(bad_credentials), V(credential_plugin) - about
      the connection.
    - V(forbidden) (C(user), C(verb), C(resource) and C(namespace) name it), V(invalid), V(unknown_kind), V(expired), V(throttled),
      V(server_error) - what the API server refuses.
  returned: failure
  type: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._helm import info
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Read the releases and report."""
    module = AnsibleModule({**KUBE_ARGUMENTS, **info.ARGUMENTS}, supports_check_mode=True)
    conclude(module, lambda: info.run(module.params, os.environ))


if __name__ == "__main__":
    main()
