#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# The types in a role's argument specs accept what can be converted, convert nothing, and `str` accepts everything.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages ansible-core==2.19.14 jinja2==3.1.6
export ANSIBLE_HOME=$work/home ANSIBLE_ROLES_PATH=$work/roles ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_NOCOLOR=true
mkdir -p "$work"/roles/site/{tasks,meta}

# given TYPE VALUE: what a role with one option of that type sees of that value (YAML), or "refused".
given() {
  printf '%s\n' 'argument_specs:' '  main:' '    options:' "      it: $1" >"$work/roles/site/meta/argument_specs.yml"
  # shellcheck disable=SC1083  # Ansible's braces
  echo '- copy: {dest: "{{ playbook_dir }}/seen", content: "{{ it | type_debug }} {{ it | to_json }}"}' >"$work/roles/site/tasks/main.yml"
  printf '%s\n' '- hosts: localhost' '  gather_facts: false' '  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}' \
    '  tasks:' '    - include_role: {name: site}' "      vars: {it: $2}" >"$work/play.yml"
  if [ "$(status_of "$work/python/bin/ansible-playbook" "$work/play.yml")" -eq 0 ]; then cat "$work/seen"
  elif [ "$(says 'Validation of arguments failed')" = yes ]; then echo refused
  else cannot "the play failed for another reason"; fi
}

with "$work/python/bin/ansible" --version
expected 'as in a module: a value that passes has the type, and the wrong kind of value is refused'
seen 'int, given "abc"' "$(given '{type: int}' '"abc"')" refused
seen 'int, given "0800"' "$(given '{type: int}' '"0800"')" 'str "0800"'
seen 'bool, given "off"' "$(given '{type: bool}' '"off"')" 'str "off"'
seen 'list, given "a,b"' "$(given '{type: list, elements: str}' '"a,b"')" 'str "a,b"'
seen 'str, given a list' "$(given '{type: str}' '[a, b]')" 'list ["a", "b"]'
seen 'str, given a dict' "$(given '{type: str}' '{a: b}')" 'dict {"a": "b"}'
seen 'str with the choices "yes" and "no", given true' "$(given '{type: str, choices: ["yes", "no"]}' 'true')" 'bool true'
