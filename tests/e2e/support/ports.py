# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""TCP ports on this machine that nobody listens on."""

from __future__ import annotations

import contextlib
import socket

# Below the range from which the kernel takes ports for outgoing connections.
FIRST, LAST = 20080, 29999
_given: set[int] = set()


def is_free(port: int, address: str = "127.0.0.1") -> bool:
    """Say whether a server could listen on the port now."""
    with contextlib.closing(socket.socket()) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port that is free now and was not given out before in this run."""
    for port in range(FIRST, LAST + 1):
        if port not in _given and is_free(port, "0.0.0.0"):
            _given.add(port)
            return port
    raise RuntimeError(f"No free port between {FIRST} and {LAST}.")
