#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_release
short_description: Install, upgrade, roll back and remove Helm releases
version_added: 0.2.0
description:
  - Brings a release of Helm into a state and shows what that changes, object by object, on the first installation too.
    No plugin of helm is needed.
  - Works with Helm 3.15 and later and with Helm 4. Reads releases through the API of the cluster, where Helm keeps them in Secrets.
  - Remembers in a label of the revision what it was made from. As long as that is the same, and there is no other revision, the
    program helm is not started at all.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_helm
  - campus.moodle._kube
attributes:
  check_mode:
    support: full
    details:
      - The chart is rendered by helm against the cluster. What only shows when objects are written, such as conflicts with other
        field managers and hooks that fail, is not predicted.
      - A chart with objects of a kind that it brings itself is rendered without the cluster as long as its CRDs are not there.
      - A namespace that is not there is a warning, since an earlier task may be the one that creates it.
  diff_mode:
    support: full
    details:
      - Data of Secrets, O(sensitive_values), and stored values that the task does not declare are shown as C(VALUE_HIDDEN) with a number.
        Equal ones have the same number, so that a change is seen.
  idempotent:
    support: full
    details:
      - A chart that renders random values changes when its input does, not with each run.
options:
  name:
    description: Name of the release.
    type: str
    required: true
    aliases: [release_name]
  namespace:
    description: Namespace of the release.
    type: str
    required: true
    aliases: [release_namespace]
  state:
    description:
      - V(present) installs or upgrades the release when what is deployed differs from what the task describes.
      - V(absent) uninstalls it. The objects of its chart are deleted, those that hold data only with O(confirm_delete). Claims that a
        StatefulSet made from a template stay unless it says otherwise, and objects that the chart marks with
        C(helm.sh/resource-policy=keep).
      - V(rolled_back) goes back to O(revision), unless what is deployed is equal to it.
    type: str
    choices: [present, absent, rolled_back]
    default: present
  chart:
    description: The chart. Required with O(state=present).
    type: dict
    suboptions:
      ref:
        description:
          - Path of a chart directory or of an archive on the host that runs the task, name of a chart in O(chart.repo_url) or in
            a repository that helm knows, or reference in a registry such as V(oci://registry.example.org/charts/moodle).
        type: str
        required: true
      repo_url:
        description:
          - Address of the repository that has O(chart.ref). For a repository that needs a password, run C(helm repo add) on the host and
            leave this out.
        type: str
      version:
        description:
          - Version of the chart. An exact version of the same chart in the same place is taken to be the same chart. Without one, or with a
            range, the chart is downloaded in each run to see whether it changed.
        type: str
      digest:
        description:
          - Digest of the chart, as V(sha256:) and 64 hexadecimal digits. Of the archive for a file and a repository, of the manifest for a
            registry (from helm 3.18 on, O(chart.version) is then not used).
        type: str
      ca_file:
        description: File with certificates of authorities for the repository or registry.
        type: path
      plain_http:
        description: Ask the registry without TLS.
        type: bool
        default: false
  create_namespace:
    description: Create the namespace when the release is installed and the namespace is not there.
    type: bool
    default: false
  values:
    description: Values for the chart, which win over those in O(values_files). Values that no task declares any more are dropped.
    type: dict
    default: {}
  values_files:
    description: Files with values on the host that runs the task. Later ones win.
    type: list
    elements: path
    default: []
  sensitive_values:
    description:
      - Values that are never shown. They are merged last and handed to helm on standard input.
    type: dict
    default: {}
  crds:
    description:
      - What to do with the CRDs in the C(crds) directories of the chart and of the subcharts that the values switch on. Helm itself only
        looks at them once. To know which these are, the chart is also rendered without the cluster, unless this is V(keep).
      - V(keep) does not touch CRDs. V(create) creates those that are missing, also in an upgrade.
      - V(apply) applies all of them on the server before the upgrade, also against other field managers, and shows what that
        changes. It refuses to remove a version in which objects are stored.
    type: str
    choices: [keep, create, apply]
    default: create
  wait:
    description:
      - V(none) waits for nothing but hooks. V(helm) lets helm wait.
      - V(resources) waits after helm has finished until every object of the release is ready, by the rules of its kind, and
        reports each. It waits for an unchanged release too. A release that does not get ready fails the task and stays
        deployed, see O(on_failure).
    type: str
    choices: [none, helm, resources]
    default: none
  timeout:
    description: Seconds that one command of helm may take, with all its hooks, and that O(wait=resources) may take after it.
    type: int
    default: 300
  pending_recovery:
    description:
      - What to do with a release that another helm works on, or had been working on when it was killed. Its status is then
        C(pending-install), C(pending-upgrade), C(pending-rollback) or C(uninstalling), and helm refuses to touch it.
      - V(fail) fails. V(stale) marks that revision as failed and goes on when it was not written to for O(stale_after)
        seconds. V(force) does so at once; make sure that no other helm runs.
    type: str
    choices: [fail, stale, force]
    default: fail
  stale_after:
    description:
      - See O(pending_recovery). The default is O(timeout) and 300 seconds more.
      - The time of the last write is by the clock of the host on which that helm ran, and now is by the clock of the host that runs the
        task. Allow for the difference where these are not kept in time.
    type: int
  on_failure:
    description:
      - What to do when installing, upgrading, waiting or a test fails. The task fails in any case.
      - V(fail) leaves all as it is, so that it can be examined. V(rollback) goes back to the last revision that worked, if there is one.
        V(uninstall) does the same, and removes a release that never worked.
      - Only a revision that the task itself has made is left. Where helm failed before it made one, or another helm was faster, nothing is
        undone.
    type: str
    choices: [fail, rollback, uninstall]
    default: fail
  drift:
    description:
      - Whether to compare the objects in the cluster with those that helm has applied.
      - V(check) reports and warns. V(correct) applies what is different again, also against other field managers, before anything else.
      - Fields that the chart does not set are not compared, and hooks neither.
    type: str
    choices: [none, check, correct]
    default: none
  ignore_differences:
    description: Parts of objects that may differ, for O(drift) and for the comparison of rendered charts.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: Kind of the objects.
        type: str
        required: true
      name:
        description: Name of the object. All objects of the kind without it.
        type: str
      path:
        description: JSON pointer to the part. A star stands for every key or position.
        type: str
        required: true
  server_side:
    description:
      - Whether helm applies objects on the server. V(auto) does for new releases, and for others what their last revision did.
      - Needs Helm 4; Helm 3 always does what V(false) does.
    type: str
    choices: [auto, 'true', 'false']
    default: auto
  force_conflicts:
    description: Take over fields that something else manages, when objects are applied on the server. Needs Helm 4.
    type: bool
    default: false
  take_ownership:
    description: Take over objects that exist and belong to another release or to none. Needs helm 3.17.
    type: bool
    default: false
  history_max:
    description: Number of revisions to keep. V(0) keeps all.
    type: int
    default: 10
  keep_history:
    description: With O(state=absent), keep the record of the release.
    type: bool
    default: false
  confirm_delete:
    description:
      - The name of the release again. Without it nothing is done that lets helm delete objects of the release which hold data, whatever
        the O(state), and for O(on_failure) neither.
      - Those are each Namespace, PersistentVolume, PersistentVolumeClaim, CustomResourceDefinition and Cluster of CloudNativePG that the
        chart has as an object of its own, a StatefulSet whose claims are deleted with it, and a Database of CloudNativePG that is dropped
        with it.
    type: str
  revision:
    description:
      - Revision for O(state=rolled_back), a number or V(last_deployed), the newest one that was deployed successfully.
        Required with that state.
    type: str
  run_tests:
    description: Run the tests of the chart, unless all of them have succeeded on the deployed revision.
    type: bool
    default: false
  description:
    description: Text for the history of the release. It is not hidden.
    type: str
  binary:
    description: The program helm, by name or path. It is only looked for when it is needed.
    type: str
    default: helm
requirements:
  - Helm 3.15 or newer (a release that is left unchanged needs none)
  - PyYAML (a release that is left unchanged needs it only with O(drift), O(wait=resources) or a kubeconfig in YAML)
notes:
  - Helm must keep its releases in Secrets, as it does by default.
  - The record of a release takes one Secret, and so at most 1 MiB. A release that would be larger is refused before anything is changed.
    There is one exception. Of a chart with objects of a kind that it brings itself, the CRDs must be there before the size is known, unless
    the objects alone are too large.
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Show what installing would do
  campus.moodle.helm_release:
    name: physics
    namespace: moodle-physics
    create_namespace: true
    chart:
      ref: "{{ chart_directory }}"
  check_mode: true
  diff: true

- name: Install a chart, or upgrade to it
  campus.moodle.helm_release:
    name: physics
    namespace: moodle-physics
    create_namespace: true
    chart:
      ref: "{{ chart_directory }}"
    values:
      replicas: 2
    sensitive_values:
      password: "{{ site_password }}"

- name: Use an exact version from a repository, and undo a failed upgrade
  campus.moodle.helm_release:
    name: chemistry
    namespace: moodle-physics
    chart:
      ref: site
      repo_url: "{{ chart_repository }}"
      version: 1.0.0
    on_failure: rollback

- name: Put back what was changed by hand, apart from what an autoscaler sets
  campus.moodle.helm_release:
    name: physics
    namespace: moodle-physics
    chart:
      ref: "{{ chart_directory }}"
    values:
      replicas: 2
    sensitive_values:
      password: "{{ site_password }}"
    drift: correct
    ignore_differences:
      - kind: Deployment
        path: /spec/replicas

- name: Go back to what was deployed last, after an upgrade that failed
  campus.moodle.helm_release:
    name: physics
    namespace: moodle-physics
    state: rolled_back
    revision: last_deployed

- name: Remove the release, also when a helm that was killed has left it half installed
  campus.moodle.helm_release:
    name: physics
    namespace: moodle-physics
    state: absent
    pending_recovery: stale
"""

RETURN = r"""
changed:
  description:
    - Whether something lasting was changed, or would be. A failure returns it too, and it is V(true) when something was written before,
      such as a revision that helm then marked as failed.
  returned: always
  type: bool
release:
  description: The release as it is after the run, and in check mode as it is now. None when there is none.
  returned: success, and failures after helm was started
  type: dict
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
      description: Status of that revision, in Helm's words.
      type: str
    description:
      description: What Helm or the task noted about it.
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
      description:
        - Digest of what the revision was made from, apart from O(sensitive_values). Empty when it was made by something else.
      type: str
  sample: {"name": "physics", "namespace": "moodle-physics", "revision": 2, "status": "deployed"}
actions:
  description:
    - What was done or would be, in order. V(recover), V(correct) and V(crds) come before V(install), V(upgrade), V(rollback) or
      V(uninstall). V(test) is not a change.
  returned: always
  type: list
  elements: str
  sample: [upgrade]
resources:
  description: The objects of the release with C(kind), C(name), C(namespace), C(ready) and C(reason), with O(wait=resources).
  returned: always
  type: list
  elements: dict
  sample: [{"kind": "Deployment", "name": "physics", "namespace": "moodle-physics", "ready": true, "reason": ""}]
tests:
  description: The tests of the chart with C(name), C(kind), C(phase), C(started_at) and C(completed_at), with O(run_tests).
  returned: always
  type: list
  elements: dict
drift:
  description: Objects that are not as helm has applied them, with C(kind), C(name), C(namespace) and C(reason), with O(drift).
  returned: always
  type: list
  elements: dict
commands:
  description: The commands of helm that were run, as lists. They hold no values.
  returned: always
  type: list
  elements: list
error:
  description:
    - What kind of failure it was.
    - About the task and its host - V(invalid_option), V(unsupported_option), V(missing_program), V(missing_library), V(values_file),
      V(invalid_yaml).
    - About the chart - V(chart_not_found), V(chart_invalid), V(digest_mismatch), V(schema), V(too_large), V(missing_crds),
      V(crd_stored_version).
    - About the release - V(pending), V(not_found), V(corrupt), V(not_confirmed) (C(objects) names what holds data), V(ownership),
      V(conflict), V(namespace_not_found), V(hook_failed), V(test_failed), V(timeout).
    - About the connection - V(unreachable), V(untrusted), V(unauthorized), V(bad_kubeconfig), V(no_context), V(bad_credentials),
      V(credential_plugin).
    - What the API server refuses - V(forbidden) (C(user), C(verb), C(resource) and C(namespace) name it), V(denied), V(invalid),
      V(unknown_kind), V(already_exists), V(expired), V(throttled), V(server_error).
    - About helm itself - V(killed), V(unparsable), and V(helm_failed) for whatever else it printed.
  returned: failure
  type: str
diagnosis:
  description: What the cluster knows about hooks and objects that are not well, with events and the last lines of logs.
  returned: failure after a deployment
  type: list
  elements: str
undo_failed:
  description: Why what O(on_failure) asks for did not work either, or was not done.
  returned: failure of that
  type: str
"""

import functools
import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._helm import cli, release
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Bring the release into its state and report."""
    module = AnsibleModule({**KUBE_ARGUMENTS, **release.ARGUMENTS}, supports_check_mode=True, **release.RULES)
    runner_of = functools.partial(cli.runner_of, module)
    options: dict[str, t.Any] = {"check_mode": module.check_mode, "scratch": module.tmpdir}
    conclude(module, lambda: release.run(module.params, os.environ, runner_of, **options))


if __name__ == "__main__":
    main()
