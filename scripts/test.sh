#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
#   test.sh TIER...     lint sanity unit (together: fast) tools image build molecule e2e
#
# Runs the tiers that are named, each from whatever the machine has. scripts/tiers has a file for each, with its steps as functions:
# those that it names with `alone` have the machine for themselves, those that it names with `beside` run at the same time, as many as
# there are processors, and show their output when they end. What they name with `ahead` is set up from the start on, behind everything
# else. A step that fails does not hide the next one; the summary at the end and the exit code tell.

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

queue=() parts=()
ahead() { parts+=("$@"); }
alone() { local step; for step; do queue+=("alone $step"); done; }
beside() { local step; for step; do queue+=("beside $step"); done; }

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

# Whoever comes to a part before it is ready waits for it, or makes it where that failed; so nothing here depends on how this ends.
if [ ${#parts[@]} -gt 0 ]; then
  setsid nice -n 19 "$REPOSITORY/scripts/setup.sh" "${parts[@]}" >"$RESULTS/ahead.log" 2>&1 &
  builder=$!
  disown
fi

# Each step that runs beside others is a process group of its own, so that an interrupted run can end it with all that it started.
set -m
end_jobs() { local job; for job in $(jobs -p) ${builder:-}; do kill -- "-$job" 2>/dev/null || true; done; }
trap end_jobs EXIT
for entry in "${queue[@]}"; do
  # A step that is alone anyway shows its output as it comes.
  if [ "${entry% *}" = beside ] && [ ${#queue[@]} -gt 1 ]; then
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
    perform_quietly "${entry#* }" &
  else
    wait
    perform "${entry#* }"
  fi
done
wait

scripts/test_summary.py "$RESULTS"
