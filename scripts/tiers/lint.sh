# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Linters, types, documentation and changelog: each reads the tree and changes nothing in it.

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

steps lint_ansible lint_types lint_docs lint_repository lint_yaml lint_python lint_shell lint_docker lint_php lint_changelog
