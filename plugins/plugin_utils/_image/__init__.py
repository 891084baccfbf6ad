# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The control node's part of an image: what would be built under which names, and what the machine needs for it.

plan    from a request to names and the specification of a build
bundle  what a machine lacks, in one archive
lock    plugin locks
tables  the tables of the site image that the control node reads too

Behind plan: _origin finds where code and language packs come from, _source reads them.

What an image is made of and how a machine builds it is the package _image of plugins/module_utils.
"""
