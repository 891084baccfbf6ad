# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""A Moodle site in Docker Compose on one machine.

A file that is named like a module is the story of that module: what it does from beginning to end. A room is a private part of a story.

project    the client of docker and its Compose plugin, for one project
preflight  compose_preflight: what a machine must offer
secrets    compose_secrets: the secrets of a site, generated once and kept
rollout    compose_rollout: a site as described, or none
database   compose_database: dump the site's database, load a dump in its place or for a try, confirm what was replaced; rooms: _access (the
           way in), _postgres (its programs), _dump (what a dump holds), _facts (what must hold), _load, _swap
doctor     what a report for support has of a site; room: _inquiry (the engine, asked once for each thing)
files      what lies in a site's directory on the machine

The rooms of the rollout, in reading order: _plan (what differs), _steps (carry it out), _wait (until containers do their work),
_upgrade (the database), _rollback (when it does not succeed), _summary (the site in lines for people), _removal (state absent).
"""
