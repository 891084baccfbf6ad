# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# MailHog, the mail catcher of development sites: takes mail on port 1025, shows it on port 8025, delivers nothing.

mail_run() {
  local binary=/opt/campus-services/bin/mailhog
  [[ -x $binary ]] || fail "this image was built without a mail catcher (image_mail_catcher)"
  exec "$binary" -smtp-bind-addr 0.0.0.0:1025 -api-bind-addr 0.0.0.0:8025 -ui-bind-addr 0.0.0.0:8025
}

mail_health() {
  [[ $(http_status 8025 /api/v2/messages?limit=1) == 200 ]]
}
