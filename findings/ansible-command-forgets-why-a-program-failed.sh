#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Ansible loses exit status and message of a program that ends before it has read all of its standard input.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages ansible-core==2.19.14 jinja2==3.1.6
export ANSIBLE_HOME=$work/home ANSIBLE_LOCALHOST_WARNING=false
cat >"$work/play.yml" <<'PLAY'
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    # As a psql does that cannot log in.
    program: [sh, -c, "echo 'no such database' >&2; exit 7"]
  tasks:
    - command: {argv: "{{ program }}"}
      register: without
      ignore_errors: true
    - command: {argv: "{{ program }}", stdin: "{{ 'a line of a dump\n' * 10000 }}"}
      register: with
      ignore_errors: true
    - copy: {dest: "{{ playbook_dir }}/results", content: "{{ [without, with] | to_json }}"}
PLAY
with "$work/python/bin/ansible" --version
expected 'rc and stderr are those of the program, whether it wanted its input or not (as in subprocess.run of Python)'
seen 'exit status of the play' "$(status_of "$work/python/bin/ansible-playbook" "$work/play.yml")" 0

# result TASK KEY: of the first (0) or second (1) task.
result() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[int(sys.argv[2])][sys.argv[3]])' "$work/results" "$@"; }

seen 'without stdin: rc' "$(result 0 rc)" 7
seen 'without stdin: stderr' "$(result 0 stderr)" 'no such database'
seen 'with stdin: rc' "$(result 1 rc)" 32
seen 'with stdin: stderr' "$(result 1 stderr)" ''
seen 'with stdin: msg' "$(result 1 msg)" 'Error executing command.'
