# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""TCP ports on this machine that no server listens on."""

from __future__ import annotations

import contextlib
import random
import socket

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
# Below the range from which the kernel takes ports for outgoing connections.
PORTS = range(20080, 30000)
_given: set[int] = set()


def is_free(port: int) -> bool:
    """Return whether a server could listen on the port now, on all addresses."""
    with contextlib.closing(socket.socket()) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((EVERYWHERE, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port that is free and was not given out before, chosen at random so that test runs side by side rarely meet."""
    for port in random.sample(PORTS, len(PORTS)):
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    raise RuntimeError(f"No free port between {PORTS.start} and {PORTS.stop}.")
