# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Linters, types, documentation and changelog: each reads the tree and changes nothing in it.

lint_yaml() { yamllint --strict .; }
lint_python() { ruff check . && ruff format --check .; }
check_types() { mypy --config-file "$REPOSITORY/pyproject.toml" --cache-dir "$MOODLE_CACHE/mypy" --no-error-summary "$@"; }
lint_types() {
  # The collection is checked under its full name, the builder as the program of its own that it is.
  (cd "$COLLECTIONS" && MYPYPATH="$COLLECTIONS" check_types ansible_collections/campus/moodle/plugins)
  (cd roles/image/files/build && check_types .)
}
# Programs of the images have no ending, so their first line tells what they are.
with_shebang() { tracked | xargs grep -lIE "^#!.*\\b$1\\b" -- 2>/dev/null; }
lint_shell() { { tracked '*.sh'; with_shebang '(ba)?sh'; } | sort -u | xargs shellcheck --external-sources; }
# Those in the tree, and those that the builder writes for the images of a site.
DOCKERFILES=("site.dockerfile('base:1')" "services.dockerfile('base:1')")
lint_docker() {
  tracked '*Dockerfile' | xargs hadolint
  cd roles/image/files/build || return
  for file in "${DOCKERFILES[@]}"; do
    python -c "from campus_build import services, site; print($file, end='')" | hadolint -
  done
}
lint_php() { { tracked '*.php'; with_shebang php; } | sort -u | xargs -n 1 -P 2 php -l >/dev/null; }
lint_ansible() { ansible-lint --offline --profile production; }
lint_docs() { antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self --skip-rstcheck .; }
lint_changelog() { antsibull-changelog lint; }
lint_repository() { scripts/check_repository.py; }

beside lint_ansible lint_types lint_docs lint_repository lint_yaml lint_python lint_shell lint_docker lint_php lint_changelog
