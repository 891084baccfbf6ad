#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Builds the collection archive into dist/, asks galaxy-importer whether Galaxy would take it, installs it into an empty
# folder and runs a playbook of it by its full name from there: what a user does with a release.

"$(dirname "${BASH_SOURCE[0]}")/setup.sh" python
# shellcheck source=scripts/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

say "building the archive"
rm -rf "$REPOSITORY/dist"
ansible-galaxy collection build --output-path "$REPOSITORY/dist" "$REPOSITORY"
archive=("$REPOSITORY"/dist/campus-moodle-*.tar.gz)

say "asking galaxy-importer"
(cd "$REPOSITORY/dist" && python -m galaxy_importer.main "${archive[0]}")

say "installing the archive into an empty folder"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export ANSIBLE_COLLECTIONS_PATH="$place"
ansible-galaxy collection install --offline -p "$place" "${archive[0]}"
cd "$place"
ansible-playbook campus.moodle.site --syntax-check -i "$place/ansible_collections/campus/moodle/inventories/compose"
