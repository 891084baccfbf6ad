#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Builds the collection archive into dist/, if the changelog has its version, asks galaxy-importer whether Galaxy would take it,
# installs it into an empty folder and runs playbooks of it by their full names from there: what a user does with a release. Images
# are named by their content, so the names that the archive comes to prove that it carries all that the checkout has.

set -euo pipefail

# shellcheck source=scripts/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

"$REPOSITORY/scripts/setup.sh" python

version=$(sed -n 's/^version: //p' "$REPOSITORY/galaxy.yml")
grep -qxF "  $version:" "$REPOSITORY/changelogs/changelog.yaml" \
  || die "changelogs/changelog.yaml says nothing about $version, the version in galaxy.yml: run antsibull-changelog release"

say "building the archive"
rm -rf "$REPOSITORY/dist"
ansible-galaxy collection build --output-path "$REPOSITORY/dist" "$REPOSITORY"
archive=("$REPOSITORY"/dist/campus-moodle-*.tar.gz)

say "asking galaxy-importer"
(cd "$REPOSITORY/dist" && python -m galaxy_importer.main "${archive[0]}")

say "building the images from the checkout"
expected=$("$REPOSITORY/scripts/demo.sh" build | tee >(cat >&2))

say "installing the archive into an empty folder"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export ANSIBLE_COLLECTIONS_PATH="$place"
ansible-galaxy collection install --offline -p "$place" "${archive[0]}"
cd "$place"
arguments=(-i "$place/ansible_collections/campus/moodle/inventories/compose" -e "@$MOODLE_CACHE/demo/payload.json")

say "building the images from the archive, by its full name and from another folder"
found=$(play campus.moodle.build "${arguments[@]}" | tee >(cat >&2))
for image in site services; do
  [ -n "$(built_image "$image" <<<"$expected")" ] || die "scripts/demo.sh build named no $image image"
  [ "$(built_image "$image" <<<"$found")" = "$(built_image "$image" <<<"$expected")" ] \
    || die "the archive makes another $image image than the checkout; compare what build_ignore in galaxy.yml leaves out"
done

say "asking the archive what it would do on this machine"
play campus.moodle.site --check "${arguments[@]}"
