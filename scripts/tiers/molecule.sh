# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Roles on machines that are containers.

run_molecule() {
  scripts/setup.sh engine compose_plugin
  MOLECULE_GLOB='molecule/*/molecule.yml' molecule test --all --report
}

steps run_molecule
