# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Databases with CloudNativePG: one file for each module cnpg_*, over the client in _kube.

cluster       create, change, restart, reload, delete a Cluster; room: _spec (what options describe, and what must not change)
info          what is known about clusters, and what of it is required; rooms: _health (how well one is), _operator (its version)
database      a database with its roles; rooms: _declared (what an instance carries out in PostgreSQL), _roles
pooler        PgBouncer in front of a Cluster
backup        take a base backup, or delete one; room: _backups (what Backups report, how far back recovery reaches)
schedule      base backups at set times
restore       recover a Cluster from a backup, or rehearse that; room: _restore
switchover    another primary; rooms: _preconditions (what must hold before), _handover (between two Clusters)
fencing       stop PostgreSQL in instances
hibernation   put a Cluster to sleep and wake it

Four rooms serve all of them: _view (what a Cluster reports, as plain values), _instances (what its instances report), _objects (read,
change, apply, remove, wait) and _waiting (when a change has arrived).
"""
