# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Pure functions, tables, fakes and recorded output.

# Whole files to a worker, so that what a file prepares once is prepared once.
run_unit() { run_pytest unit -n 2 --dist loadfile tests/unit; }

steps run_unit
