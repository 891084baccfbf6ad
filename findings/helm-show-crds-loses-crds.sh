#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# `helm show crds` joins the files of a chart into one YAML document, and adds those of subcharts that are switched off.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

go_program helm.sh/helm/v3/cmd/helm@v3.22.0
python_packages PyYAML==6.0.3
helm=$work/bin/helm
export HELM_CACHE_HOME=$work/cache HELM_CONFIG_HOME=$work/config HELM_DATA_HOME=$work/data

# crd FILE KIND: as most charts have them, without a line of dashes.
crd() {
  mkdir -p "$(dirname "$1")"
  printf '%s\n' 'apiVersion: apiextensions.k8s.io/v1' 'kind: CustomResourceDefinition' "metadata: {name: $2.example.org}" >"$1"
}
chart=$work/chart
crd "$chart/crds/apples.yaml" apples
crd "$chart/crds/berries.yaml" berries
crd "$chart/charts/extra/crds/cherries.yaml" cherries
printf '%s\n' 'apiVersion: v2' 'name: extra' 'version: 1.0.0' >"$chart/charts/extra/Chart.yaml"
printf '%s\n' 'apiVersion: v2' 'name: fruit' 'version: 1.0.0' \
  'dependencies: [{name: extra, version: 1.0.0, condition: extra.enabled}]' >"$chart/Chart.yaml"
echo 'extra: {enabled: false}' >"$chart/values.yaml"

# names COMMAND...: of the objects in the YAML that it prints.
names() {
  "$@" | "$work/python/bin/python" -c '
import sys, yaml
print(*(found["metadata"]["name"].partition(".")[0] for found in yaml.safe_load_all(sys.stdin)))'
}

with echo "helm $("$helm" version --short)"
expected 'helm show crds prints what an installation with these values would create'
seen 'helm template --include-crds' "$(names "$helm" template fruit "$chart" --include-crds)" 'apples berries'
seen 'helm show crds, exit status' "$(status_of "$helm" show crds "$chart")" 0
seen 'helm show crds' "$(names "$helm" show crds "$chart")" 'cherries'
seen 'lines with a name in it' "$(grep -c '^metadata: ' "$work/output")" 3
