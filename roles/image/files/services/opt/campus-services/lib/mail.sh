# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# The mail catcher of development sites: takes mail on port 1025, shows it on port 8025, delivers nothing.

mail_run() {
  local program=/opt/campus-services/bin/mail-catcher
  [[ -x $program ]] || fail "this image was built without a mail catcher (image_mail_catcher)"
  # MailHog or Mailpit: each has variables of its own and ignores those of the other.
  export MH_SMTP_BIND_ADDR=0.0.0.0:1025 MH_API_BIND_ADDR=0.0.0.0:8025 MH_UI_BIND_ADDR=0.0.0.0:8025
  export MP_SMTP_BIND_ADDR=0.0.0.0:1025 MP_UI_BIND_ADDR=0.0.0.0:8025 MP_DISABLE_VERSION_CHECK=true
  exec "$program"
}

mail_health() {
  [[ $(http_status 8025 /) == 200 ]]
}
