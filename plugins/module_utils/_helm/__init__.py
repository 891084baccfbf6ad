# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Helm releases: their record is read through the API of the cluster, and the program helm is started only to change one.

What modules do:

release      helm_release: the three states of a release
info         helm_release_info: what is known about releases
storage      the record that helm keeps of a release, in Secrets
cli          the program helm, versions 3 and 4

Rooms, in the order of reading:

_task        the facts of this run: options, actions, changes, what must not be shown
_cluster     what the cluster has, and what changes it there
_deploy      install or upgrade, after a preview
_recover     a release that a killed helm has left, and a run that failed
_wellbeing   changes outside of helm, readiness, tests

_chart (which chart, and its digest), _crds, _values, _manifest (objects and their differences), _drift, _loss (what a change
deletes), _mask (secrets in what is shown), _failure (what helm prints when it fails).

What an unchanged release does not need (_wellbeing, _drift, _crds) is imported in the functions that need it. A module is compiled
anew in each task, and these are a fifth of it.
"""
