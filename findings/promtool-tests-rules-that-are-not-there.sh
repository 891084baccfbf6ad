#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# `promtool test rules` succeeds when the file of rules or the alert that it tests does not exist.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian forky promtool=3.5.3+ds1-6
own_libraries forky usr/bin/promtool
promtool=$work/forky/usr/bin/promtool
cat >"$work/rules.yml" <<'RULES'
groups:
  - name: site
    rules:
      - {alert: SiteDown, expr: up == 0, for: 5m}
RULES

# test_of FILE ALERT VALUES: exit status of a test that says that the alert does not fire.
test_of() {
  cat >"$work/test.yml" <<TEST
rule_files: [$1]
tests:
  - interval: 1m
    input_series: [{series: up, values: $3}]
    alert_rule_test: [{eval_time: 9m, alertname: $2, exp_alerts: []}]
TEST
  status_of "$promtool" test rules "$work/test.yml"
}

with "$promtool" --version
expected 'a test of rules that are not there is an error, as it is for check rules'
seen 'check rules of a file that is not there, exit status' "$(status_of "$promtool" check rules "$work/rule.yml")" 1
seen 'test of an alert that fires, exit status' "$(test_of rules.yml SiteDown 0x10)" 1
seen 'the same, with the file misspelt, exit status' "$(test_of rule.yml SiteDown 0x10)" 0
seen 'it says' "$(says 'SUCCESS') $(says 'WARNING: no file match pattern')" 'yes yes'
seen 'the same, with the alert misspelt, exit status' "$(test_of rules.yml SiteDwon 0x10)" 0
seen 'it says' "$(says 'SUCCESS') $(says 'SiteDwon')" 'yes no'
