# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Modules against real programs and servers.

ahead programs

run_tools() {
  scripts/setup.sh tools
  # Whole files to a worker: each worker starts its own servers, and only those that its files ask for.
  run_pytest tools -n 2 --dist loadfile tests/tools
}

# Nothing in it needs the Docker engine.
beside run_tools
