#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# `tasks_from: backup` checks a role's arguments, `tasks_from: backup.yml` runs the same tasks and checks nothing.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages ansible-core==2.19.14 jinja2==3.1.6
export ANSIBLE_HOME=$work/home ANSIBLE_ROLES_PATH=$work/roles ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_NOCOLOR=true
mkdir -p "$work"/roles/site/{tasks,meta}
cat >"$work/roles/site/meta/argument_specs.yml" <<'SPEC'
argument_specs:
  backup:
    options:
      keep: {type: int, required: true}
      target: {type: str, required: true}
SPEC
# shellcheck disable=SC1083  # Ansible's braces
echo '- debug: {msg: "keeps {{ keep }}"}' >"$work/roles/site/tasks/backup.yml"

# play HOW TASKS_FROM: exit status of a play that gives a wrong number of days and no target.
play() {
  printf '%s\n' '- hosts: localhost' '  gather_facts: false' '  tasks:' \
    "    - $1: {name: site, tasks_from: $2}" '      vars: {keep: many}' >"$work/play.yml"
  status_of "$work/python/bin/ansible-playbook" "$work/play.yml"
}

with "$work/python/bin/ansible" --version
expected 'the entry point backup is checked however its file is named, as its tasks are found either way'
for how in include_role import_role; do
  seen "$how, tasks_from: backup, exit status" "$(play "$how" backup)" 2
  seen 'it says what is wrong' "$(says 'missing required arguments: target')" yes
  seen "$how, tasks_from: backup.yml, exit status" "$(play "$how" backup.yml)" 0
  seen 'it runs the tasks' "$(says '"msg": "keeps many"')" yes
done
