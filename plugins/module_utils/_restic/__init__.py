# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Backups with restic: one file for each module restic_*, over one client of the program.

client       the program on one repository; the options that all modules share
repository   create a repository, enforce its keys, remove stale locks; rooms: _keys, _locks
backup       make a snapshot; rooms: _stream (a dump that fails never becomes one), _outcome (what it lacks), _report (for monitoring)
info         list snapshots and check their age
check        check that a repository is complete and readable
restore      restore a snapshot, or rehearse that; rooms: _restoration, _target (what differs), _unfinished (what a failure leaves), _drill
forget       apply a retention policy; rooms: _policy (the rules), _plan (what they do, and its limits), _prune (the data of what is gone)
copy         copy to a second repository what it lacks

Two rooms serve all of them: _errors (what a failure is called) and _snapshots (reading them, and choosing some).
"""
