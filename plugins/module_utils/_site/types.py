# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Values of a site description: from what an inventory holds to one Python type each.

Every function here either returns the value or raises ValueError whose text completes the sentence "<variable> is <value>, ...".
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

MEMORY = re.compile(r"^(?P<number>[0-9]+(\.[0-9]+)?)(?P<unit>[kmgt])(i?b)?$", re.IGNORECASE)
UNIT_BYTES = {"k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
HOST_LABEL = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)$")
TRUE_WORDS = frozenset({"true", "yes", "on", "1"})
FALSE_WORDS = frozenset({"false", "no", "off", "0"})


def to_str(value: t.Any) -> str:
    """Accept text and numbers; refuse structures, which an inventory author did not mean as text."""
    if isinstance(value, (dict, list)) or value is None:
        raise ValueError("but must be text")
    return str(value)


def to_int(value: t.Any) -> int:
    """Accept whole numbers, also as text."""
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]+", str(value).strip()):
        raise ValueError("but must be a whole number")
    return int(str(value))


def to_float(value: t.Any) -> float:
    """Accept numbers, also as text."""
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", str(value).strip()):
        raise ValueError("but must be a number")
    return float(str(value))


def to_bool(value: t.Any) -> bool:
    """Accept true and false and the words YAML 1.1 and INI inventories use for them."""
    word = str(value).strip().lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise ValueError("but must be true or false")
    return word in TRUE_WORDS


def to_list(value: t.Any) -> list[str]:
    """Accept a list of texts."""
    if not isinstance(value, (list, tuple)):
        raise ValueError("but must be a list")
    return [to_str(item) for item in value]


def to_dict(value: t.Any) -> dict[str, t.Any]:
    """Accept a mapping."""
    if not isinstance(value, dict):
        raise ValueError("but must be a mapping")
    return dict(value)


CASTS: dict[str, t.Callable[[t.Any], t.Any]] = {
    "str": to_str,
    "path": to_str,
    "int": to_int,
    "float": to_float,
    "bool": to_bool,
    "list": to_list,
    "dict": to_dict,
}


def memory_bytes(value: str) -> int:
    """Return the bytes of a size with a unit (k, m, g or t, each a multiple of 1024)."""
    match = MEMORY.match(value.strip())
    if match is None:
        raise ValueError("but must be a number with a unit: k, m, g or t, for example 512m")
    return int(float(match["number"]) * UNIT_BYTES[match["unit"].lower()])


def is_address(value: str) -> bool:
    """Return whether the text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def lower_host(address: str) -> str:
    """Return a host name, or an address with one, as browsers send it: scheme and host in lower case, the rest as it is."""
    host = re.match(r"([^:/]*://)?[^/]*", address)
    end = host.end() if host else 0
    return address[:end].lower() + address[end:]


def is_hostname(value: str) -> bool:
    """Return whether the text is a host name by RFC 1123, or an IP address."""
    if is_address(value):
        return True
    labels = value.lower().split(".")
    return len(value) <= 253 and all(HOST_LABEL.match(label) for label in labels) and not labels[-1].isdigit()


def is_network(value: str) -> bool:
    """Return whether the text is a network in CIDR form, or one address."""
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return True
