# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Modules against real programs and servers.

run_tools() {
  scripts/setup.sh tools
  # Most tests wait for a program most of their time. Which of them stay together is said in conftest.py.
  run_pytest tools -n 4 --dist loadgroup tests/tools
}

steps run_tools
