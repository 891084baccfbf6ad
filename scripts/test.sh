#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Runs the tiers that are named, each from whatever the machine has: lint sanity unit fast tools image build molecule e2e.
# A tier that fails does not hide the next one; the summary at the end and the exit code tell.

set -euo pipefail

# shellcheck source=scripts/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$COLLECTIONS/ansible_collections/campus/moodle" 2>/dev/null || { "$REPOSITORY/scripts/setup.sh" python; cd "$COLLECTIONS/ansible_collections/campus/moodle"; }

tracked() { git -C "$REPOSITORY" ls-files -co --exclude-standard -- "$@"; }

lint_yaml() { yamllint --strict .; }
lint_python() { ruff check . && ruff format --check .; }
check_types() { mypy --config-file "$REPOSITORY/pyproject.toml" --cache-dir "$MOODLE_CACHE/mypy" --no-error-summary "$@"; }
# The collection is checked under its full name.
lint_types() { (cd "$COLLECTIONS" && MYPYPATH="$COLLECTIONS" check_types ansible_collections/campus/moodle/plugins); }
# Programs of the images have no ending, so their first line tells what they are.
with_shebang() { tracked | xargs grep -lIE "^#!.*\\b$1\\b" -- 2>/dev/null; }
lint_shell() { { tracked '*.sh'; with_shebang '(ba)?sh'; } | sort -u | xargs shellcheck --external-sources; }
# Those in the tree, and those that the builder writes for the images of a site.
lint_docker() {
  tracked '*Dockerfile' | xargs hadolint
  local recipe=ansible_collections.campus.moodle.plugins.module_utils._image.recipe
  for image in site services; do
    PYTHONPATH="$COLLECTIONS" python -c "from $recipe import $image; print($image('base:1'), end='')" | hadolint -
  done
}
lint_php() { { tracked '*.php'; with_shebang php; } | sort -u | xargs -n 1 -P 2 php -l >/dev/null; }
lint_ansible() { ansible-lint --offline --profile production; }
lint_docs() { antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self --skip-rstcheck .; }
lint_changelog() { antsibull-changelog lint; }
lint_repository() { scripts/check_repository.py; }

# ansible-test follows no links and wants a real collection path, so it judges a copy of what a release carries.
SHIPPED=(plugins roles playbooks meta galaxy.yml README.md tests/sanity)
run_sanity() {
  local copy="$COLLECTIONS_COPY/ansible_collections/campus/moodle" shim python
  rm -rf "$copy"
  mkdir -p "$copy" "$HOME/.ansible/test/cache"
  tracked "${SHIPPED[@]}" | rsync -a --files-from=- "$REPOSITORY/" "$copy/"
  # ansible-test would download pip's installer for its own environments; Python carries the same installer with it.
  shim="$HOME/.ansible/test/cache/get_pip_24_2.py"
  [ -e "$shim" ] || printf '%s\n' 'import subprocess, sys' 'subprocess.run([sys.executable, "-m", "ensurepip", "--upgrade"], check=True)' > "$shim"
  python=$(python -c 'import sys; print("{}.{}".format(*sys.version_info))')
  (cd "$copy" && ANSIBLE_COLLECTIONS_PATH="$COLLECTIONS_COPY" ansible-test sanity --local --python "$python" --color no)
}

run_unit() {
  scripts/setup.sh php
  PYTHONPATH="$COLLECTIONS" pytest -q -rs -p no:cacheprovider -n 2 tests/unit
}

run_tools() {
  scripts/setup.sh tools
  # Whole files to a worker: each worker starts its own servers, and only those that its files ask for.
  PYTHONPATH="$COLLECTIONS" pytest -q -rs -p no:cacheprovider -n 2 --dist loadfile tests/tools
}

run_image() {
  local built site services
  built=$(scripts/demo.sh build | tee >(cat >&2))
  site=$(built_image site <<<"$built")
  services=$(built_image services <<<"$built")
  [ -n "$site" ] && [ -n "$services" ] || die "playbooks/build.yml named no images: $built"
  MOODLE_TEST_IMAGE="$site" MOODLE_TEST_SERVICES_IMAGE="$services" \
    PYTHONPATH="$COLLECTIONS" pytest -q -rs -p no:cacheprovider tests/image
  # The unit tier skips its questions to Compose where there is none; here there is.
  PYTHONPATH="$COLLECTIONS" pytest -q -rs -p no:cacheprovider tests/unit/plugins/test_compose_template.py
}

run_build() { scripts/build.sh; }

run_molecule() {
  scripts/setup.sh engine compose_plugin
  MOLECULE_GLOB='molecule/*/molecule.yml' molecule test --all --report
}

run_e2e() {
  scripts/setup.sh engine mailhog browser
  PYTHONPATH="$COLLECTIONS" pytest -q -rs -p no:cacheprovider tests/e2e
}

LINT="lint_repository lint_yaml lint_python lint_types lint_shell lint_docker lint_php lint_ansible lint_docs lint_changelog"
declare -A STEPS=(
  [lint]="$LINT" [sanity]="run_sanity" [unit]="run_unit" [fast]="$LINT run_sanity run_unit"
  [tools]="run_tools" [image]="run_image" [build]="run_build" [molecule]="run_molecule" [e2e]="run_e2e"
)

"$REPOSITORY/scripts/setup.sh" python php
passed=0 failed=()
for tier in "$@"; do
  for step in ${STEPS[$tier]:?unknown tier: $tier}; do
    say "$step"
    start=$SECONDS
    # Not as the condition of an if: there bash ignores set -e, and only the last command of a step would count.
    set +e
    (set -e; "$step")
    status=$?
    set -e
    if [ "$status" -eq 0 ]; then passed=$((passed + 1)); else failed+=("$step"); fi
    say "$step took $((SECONDS - start)) s"
  done
done

[ ${#failed[@]} -eq 0 ] || printf 'failed: %s\n' "${failed[@]}"
printf 'steps: %s passed, %s failed\n' "$passed" "${#failed[@]}"
[ ${#failed[@]} -eq 0 ]
