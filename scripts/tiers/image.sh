# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# The images' commands and the moodle_* modules, in real containers of the demo's images.

run_image() {
  local built site services
  built=$(scripts/demo.sh build | tee >(cat >&2))
  site=$(built_image site <<<"$built")
  services=$(built_image services <<<"$built")
  [ -n "$site" ] && [ -n "$services" ] || die "playbooks/build.yml named no images: $built"
  MOODLE_TEST_IMAGE="$site" MOODLE_TEST_SERVICES_IMAGE="$services" run_pytest image tests/image
  # The unit tier skips its questions to Compose where there is none; here there is.
  run_pytest image_compose tests/unit/plugins/test_compose_template.py
}

steps run_image
