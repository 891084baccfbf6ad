# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""One archive for whoever helps with a site: what is there, what is wrong, and no secret in it.

collect    the whole way on the site's machine, and the story of site_doctor: collect, prove, scrub, pack, check
report     what a part of it is made of: collectors, proofs and findings. A target brings a part of its own
world      what a proof asks of the world: names, servers, disks, clocks
scrub      what takes secrets and people out of texts
disks      whether a disk has room, for the directories of any target
questions  what campus.moodle.check asks of a site

Rooms: _machine (collectors for any machine), _proofs (its table of proofs), _forms (how a secret can be written), _weak (which cannot be
searched for), _patterns (what looks like one), _notations (how a text gives a name and its value), _people (pseudonyms for
addresses), _pack (the archive, and the last look into it).
"""
