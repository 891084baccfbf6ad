# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# The archive of the collection, used as a user does.

run_build() { scripts/build.sh; }

steps run_build
