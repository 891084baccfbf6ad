#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Takes the README's picture of a running site in Chromium: by default the demo's dashboard.
#   SITE_URL, SITE_USER, SITE_PASSWORD_FILE and OUTPUT choose another site, user and file.

set -euo pipefail

# shellcheck source=scripts/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

password_file=${SITE_PASSWORD_FILE:-/opt/moodle/demo/secrets/moodle/admin_password}

# The secrets of a site are root's; nothing else here needs more than the user has.
print_password() {
  if [ -r "$password_file" ]; then cat "$password_file"; else as_root cat "$password_file"; fi
}

"$REPOSITORY/scripts/setup.sh" browser
node "$REPOSITORY/tests/browser/screenshot.mjs" \
  --url "${SITE_URL:-http://localhost:18080}" \
  --user "${SITE_USER:-admin}" \
  --password-file <(print_password) \
  --output "${OUTPUT:-$REPOSITORY/docs/pictures/dashboard.png}"
