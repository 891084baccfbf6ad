# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""A site: its description, its secrets, and a visitor of its pages.

describe      the whole way from the variables of a host to the nested description, in one function
surroundings  what a description needs to know of the world
options       names and types of the options, from the role's argument specification
forms         how one value is checked by itself, and what is kept of it
model         Site: what is requested, typed and frozen; each derived fact is answered here, once
address       the part of it about addresses and TLS
targets/      what a platform adds: its options, rules and facts; table.py lists the targets
environment   what containers of the site image are told, from the image's own table
capacity      the site image's arithmetic of PHP workers
presets       what moodle_size stands for
types         text of an inventory to Python's types
secrets       the table of a site's secrets; secret_values and secret_files generate them once and keep them in files
setting_names which settings of Moodle are secrets
visitor       asks a site for its pages, under its own name; verify is the story of site_verify
browser       a visitor who keeps cookies and sends forms; smoke is the story of site_smoke

Rooms, in reading order: _build (values into a Site), _places (options, fields and their places), _rules/ (values together, on every
target), _certificate (PEM files), _page (what a person sees of a page) and _smoke_steps.
"""
