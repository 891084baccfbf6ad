#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Prints medians and ratios, ours beside what people use today, measured in one run.
#   bench.sh [both|site|modules [OPTION...]]     (default: both; --help after one of them lists its options)
# site: a site beside the usual Apache set-up; page figures need real Moodle (MOODLE_SOURCE). modules: beside other modules and commands.

set -euo pipefail

# shellcheck source=scripts/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

# What the tests share, and what both benchmarks share.
export PYTHONPATH="$COLLECTIONS:$REPOSITORY/tests:$REPOSITORY/tests/bench"

bench_site() {
  "$REPOSITORY/scripts/setup.sh" engine mailhog
  apt_install wrk
  python tests/bench/benchmark.py "$@"
}

bench_modules() {
  "$REPOSITORY/scripts/setup.sh" bench
  python tests/bench/modules/comparison.py "$@"
}

"$REPOSITORY/scripts/setup.sh" python
cd "$COLLECTIONS/ansible_collections/campus/moodle"
case ${1:-both} in
  site) bench_site "${@:2}" ;;
  modules) bench_modules "${@:2}" ;;
  both) bench_modules "${@:2}"; bench_site "${@:2}" ;;
  *) die "usage: bench.sh [both|site|modules [OPTION...]]" ;;
esac
