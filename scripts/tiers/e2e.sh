# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# site.yml to a running site, then day 2 on it.

run_e2e() {
  scripts/setup.sh engine mailhog browser
  run_pytest e2e tests/e2e
}

steps run_e2e
