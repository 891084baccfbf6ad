# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""How requests get to the API server and answers back. Only the client next door uses it.

http       connections, and what is sent again
requests   JSON in and out, pages of a list, events of a watch
stream     an answer that is read while it comes
watch      follow objects over lists and watches
websocket  a command in a container
"""
