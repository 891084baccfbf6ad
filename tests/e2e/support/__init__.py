# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""What the e2e tests and the benchmark share: a playbook runner, a site, a web client, a load generator."""
