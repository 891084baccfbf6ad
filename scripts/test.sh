#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
#   test.sh TIER...     lint sanity unit (together: fast) tools image build molecule e2e
#
# Runs the tiers that are named, each from whatever the machine has. scripts/tiers has a file for each, with its steps as functions,
# which it names with `steps`. They start in the order in which the tiers are named, as many at a time as there are processors (most of
# them wait for containers and servers half of their time), so whoever names the longest first waits the least. Each shows its output
# in one piece when it ends. A step that fails does not hide another; the summary at the end and the exit code tell.

set -euo pipefail

# shellcheck source=scripts/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
TIERS="$REPOSITORY/scripts/tiers"
# What steps leave for the summary.
RESULTS="$TREE/results"

"$REPOSITORY/scripts/setup.sh" python php
cd "$COLLECTIONS/ansible_collections/campus/moodle"
rm -rf "$RESULTS"
mkdir -p "$RESULTS"

# tracked PATTERN...: the files that git tracks or would track.
tracked() { git -C "$REPOSITORY" ls-files -co --exclude-standard -- "$@"; }

# run_pytest NAME ARGUMENT...: runs tests; their times and results go into the summary.
run_pytest() { PYTHONPATH="$COLLECTIONS" pytest -q -rs -p no:cacheprovider --junitxml="$RESULTS/$1.xml" "${@:2}"; }

queue=()
steps() { queue+=("$@"); }

# perform STEP: runs a step and writes down how long it took and how it ended.
perform() {
  local start=$SECONDS status
  say "$1"
  # Not as the condition of an if: there bash ignores set -e, and only the last command of a step would count.
  set +e
  (set -e; "$1")
  status=$?
  set -e
  say "$1 took $((SECONDS - start)) s"
  printf '%s %s %s\n' "$1" $((SECONDS - start)) "$status" >>"$RESULTS/steps"
}

# perform_quietly STEP: does the same, and shows the output in one piece at the end.
perform_quietly() {
  perform "$1" >"$RESULTS/$1.log" 2>&1
  flock "$RESULTS" cat "$RESULTS/$1.log" >&2
}

for tier; do
  [ -e "$TIERS/$tier.sh" ] || die "unknown tier: $tier"
  # shellcheck source=/dev/null
  . "$TIERS/$tier.sh"
done

# A step that is alone shows its output as it comes.
if [ ${#queue[@]} -eq 1 ]; then
  perform "${queue[0]}"
else
  # Each step is a process group of its own, so that an interrupted run can end it with all that it started.
  set -m
  end_jobs() { local job; for job in $(jobs -p); do kill -- "-$job" 2>/dev/null || true; done; }
  trap end_jobs EXIT
  for step in "${queue[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
    say "$step begins"
    perform_quietly "$step" &
  done
  wait
fi

scripts/test_summary.py "$RESULTS"
