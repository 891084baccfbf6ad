#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cnpg_database
short_description: Manage a database and its roles in a PostgreSQL cluster of CloudNativePG
version_added: 0.2.0
description:
  - Declares a database with its extensions and schemas, and the roles that use it, and waits until PostgreSQL has them.
  - Passwords of roles come from Secrets. The module can make such a Secret once, with a random password that it never returns.
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
      - A cluster that is not there is a warning, since an earlier task may be the one that makes it.
  diff_mode:
    support: full
    details:
      - What is in a Secret is hidden.
options:
  name:
    description: Name of the database.
    type: str
    required: true
  cluster:
    description: Name of the cluster, in the same namespace.
    type: str
    required: true
  resource_name:
    description: Name of the Database object. The default is made of O(cluster) and O(name).
    type: str
  state:
    description:
      - V(absent) deletes the Database object. Whether the database itself goes is up to O(reclaim_policy).
      - A database without an object, which was forgotten with O(reclaim_policy=retain) for example, cannot be dropped. With
        O(reclaim_policy=delete) the primary is queried whether it has the database (which needs the right to create C(pods/exec)), and the
        task fails if so. Where it cannot be queried there is a warning.
    type: str
    choices: [present, absent]
    default: present
  owner:
    description: Role that owns the database. Required with O(state=present).
    type: str
  extensions:
    description: Extensions of the database.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the extension.
        type: str
        required: true
      version:
        description: Version; without it the default one of the image.
        type: str
      schema:
        description: Schema to put its objects into.
        type: str
      state:
        description: Whether the extension is there.
        type: str
        choices: [present, absent]
        default: present
  schemas:
    description: Schemas of the database.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the schema.
        type: str
        required: true
      owner:
        description: Role that owns the schema.
        type: str
      state:
        description: Whether the schema is there.
        type: str
        choices: [present, absent]
        default: present
  reclaim_policy:
    description:
      - What happens to the database when its object is deleted, by this module or in another way.
      - Without it the policy stays as it is; a new object gets V(retain) from CloudNativePG.
    type: str
    choices: [retain, delete]
  confirm_delete:
    description: The name of the database again. Needed when O(state=absent) drops it, which the policy V(delete) does.
    type: str
  spec:
    description: Everything else, as in C(spec) of the Database, such as C(encoding). Most of it cannot change later.
    type: dict
  roles:
    description:
      - Roles of the cluster. Those to be present come before the database, those to be absent after it.
      - With O(state=absent) only roles to be absent are handled.
      - What is not given of a role is left as it is when the role is in the cluster's own list.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the role.
        type: str
        required: true
      state:
        description: Whether the role is there. PostgreSQL keeps a role that owns something.
        type: str
        choices: [present, absent]
        default: present
      password_secret:
        description: Name of a Secret of type C(kubernetes.io/basic-auth) with C(username) and C(password) of the role.
        type: str
      generate_password:
        description:
          - Make the Secret with a random password unless it is there already. Its name is O(roles[].password_secret), or made of
            O(cluster) and O(roles[].name).
        type: bool
        default: false
      disable_password:
        description: Take the password away, so that the role can log in with a certificate only.
        type: bool
      login:
        description: Whether the role can log in.
        type: bool
        default: true
      superuser:
        description: Whether the role may do everything.
        type: bool
      createdb:
        description: Whether the role can create databases.
        type: bool
      createrole:
        description: Whether the role can create roles.
        type: bool
      replication:
        description: Whether the role can replicate.
        type: bool
      inherit:
        description: Whether the role has the rights of roles that it is a member of.
        type: bool
      connection_limit:
        description: How many connections the role can have, V(-1) for as many as there are.
        type: int
      in_roles:
        description: Roles that it is a member of.
        type: list
        elements: str
      comment:
        description: Comment of the role.
        type: str
      valid_until:
        description: When the password expires, as V(2027-09-30T00:00:00Z).
        type: str
  role_api:
    description:
      - V(resource) manages roles as DatabaseRole objects, which CloudNativePG has from 1.30 on.
      - V(list) manages them in C(spec.managed.roles) of the cluster. A M(campus.moodle.cnpg_cluster) task must then leave that field out.
      - V(auto) is V(resource) where that kind is installed, except for roles that are in the list already.
    type: str
    choices: [auto, list, resource]
    default: auto
  wait:
    description: V(applied) waits until PostgreSQL has what was declared, or until the objects are gone.
    type: str
    choices: [none, applied]
    default: applied
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: A database with an owner and a random password
  campus.moodle.cnpg_database:
    name: moodle
    namespace: "{{ namespace }}"
    cluster: moodle-db
    owner: moodle
    extensions:
      - name: pg_trgm
    roles:
      - name: moodle
        generate_password: true
      - name: reports
        password_secret: reports-login
        connection_limit: 5
        in_roles: [pg_read_all_data]
    wait: "{{ wait }}"

- name: Forget the database, and keep it in PostgreSQL
  campus.moodle.cnpg_database:
    name: moodle
    namespace: "{{ namespace }}"
    cluster: moodle-db
    state: absent
    reclaim_policy: retain
    wait: "{{ wait }}"

- name: Take it up again, since only a declared database can be dropped
  campus.moodle.cnpg_database:
    name: moodle
    namespace: "{{ namespace }}"
    cluster: moodle-db
    owner: moodle
    wait: "{{ wait }}"

- name: Drop the database and its owner
  campus.moodle.cnpg_database:
    name: moodle
    namespace: "{{ namespace }}"
    cluster: moodle-db
    state: absent
    reclaim_policy: delete
    confirm_delete: moodle
    roles:
      - name: moodle
        state: absent
    wait: "{{ wait }}"
"""

RETURN = r"""
roles:
  description: The roles of the task, with the names of the Secrets that hold their passwords.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "moodle", "state": "present", "secret_name": "moodle-db-moodle"}]
error:
  description:
    - What kind of failure it was.
    - V(given_twice) - a field has two different values. V(not_found) - there is no such Cluster, or no such namespace. V(not_confirmed) -
      dropping the database is not confirmed in O(confirm_delete). V(forgotten) - the database has no object any more, and so cannot be
      dropped.
    - V(conflict) - another field manager has the field, or other clients changed the Cluster again and again.
    - V(failed) - what was waited for cannot come any more. V(timeout) - it did not come in time. The details are in RV(diagnosis).
    - What the API server refuses - V(forbidden) (C(user), C(verb), C(resource) and C(namespace) name the missing right), V(denied) (by a
      policy, a quota or a webhook), V(invalid), V(unauthorized), V(unknown_kind) (CloudNativePG, or its plugin, is not installed),
      V(already_exists), V(throttled), V(too_large), V(expired), V(server_error).
    - About the connection - V(unreachable), V(untrusted) (its certificate), V(bad_kubeconfig), V(no_context), V(bad_credentials)
      (certificates that cannot be used), V(credential_plugin) (a program in the kubeconfig failed).
  returned: failure
  type: str
  sample: not_confirmed
diagnosis:
  description: What pods and events report, when waiting failed.
  returned: when waiting failed
  type: list
  elements: str
  sample: []
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg import database
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS, client_from
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Bring the database and its roles into their states."""
    module = AnsibleModule({**KUBE_ARGUMENTS, **database.ARGUMENTS}, supports_check_mode=True, **database.RULES)
    conclude(
        module,
        lambda: database.run(client_from(module.params, os.environ), module.params, check_mode=module.check_mode, warn=module.warn),
    )


if __name__ == "__main__":
    main()
