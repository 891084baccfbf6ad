# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Builds the images of a site. Standard library of Python 3.9 only, because it runs on the machine that builds."""
