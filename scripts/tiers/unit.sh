# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Pure functions, tables, fakes and recorded output.

run_unit() { run_pytest unit -n 2 tests/unit; }

alone run_unit
