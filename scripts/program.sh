#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Brings one of the programs that the demo and the tests run into the cache, and prints its path.
#   program.sh NAME [OUTPUT]
# What Debian has built is taken out of its package, the rest is built from its Go module: the tables of debian_program.sh and
# go_build.sh. Exit status: theirs.

set -euo pipefail

scripts=$(dirname "${BASH_SOURCE[0]}")
source=$(awk -F '|' -v name="${1:-?}" '$1 == name { found = 1 } END { print found ? "debian_program" : "go_build" }' "$scripts/debian_program.sh")
exec "$scripts/$source.sh" "$@"
