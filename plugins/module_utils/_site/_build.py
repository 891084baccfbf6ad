# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Well-formed values into a Site. Building cannot fail: what follows from other values is filled in, and everything has a value."""

from __future__ import annotations

import re
import typing as t

from . import types
from ._places import fill
from .address import DEFAULT_PORTS, SEEN, SERVED, Address
from .model import Mail, Site
from .options import Options
from .presets import SIZES
from .surroundings import Surroundings

Values = t.Mapping[str, t.Any]


def safe_name(inventory_hostname: str) -> str:
    """Return the inventory host name as name of a site: lower case, digits and hyphens, at most 40 characters."""
    return re.sub(r"[^a-z0-9]+", "-", inventory_hostname.lower()).strip("-")[:40].strip("-")


def with_defaults(options: Options, values: Values) -> dict[str, t.Any]:
    """Return a value for every option: given, else the default, else the preset of the size, else None."""
    preset = SIZES[values.get("moodle_size", options["moodle_size"].default)]
    filled = {}
    for name, option in options.items():
        default = preset.get(name) if option.default is None else option.default
        filled[name] = values.get(name, default)
    return filled


def build(values: Values, around: Surroundings, *, ports: t.Mapping[str, str], secrets_given: t.Iterable[str]) -> Site:
    """Return the site that values with their defaults describe.

    ports names, for each scheme, the option with the port that users reach; a scheme that is missing has its own port.
    """
    name = values["moodle_name"] or safe_name(around.inventory_hostname)
    address = _address(values, {scheme: values[option] for scheme, option in ports.items()})
    domain = address.hostname if "." in address.hostname and not types.is_address(address.hostname) else "example.invalid"
    follows = {
        "moodle_name": name,
        "moodle_full_name": f"Moodle {name}",
        "moodle_short_name": name,
        "moodle_admin_email": f"admin@{domain}",
        "moodle_noreply_address": f"noreply@{domain}",
        "moodle_download_directory": around.cache_directory,
        "moodle_mail_catcher_binary": around.catcher,
    }
    complete = {**values, **{option: values[option] or default for option, default in follows.items()}}
    return fill(Site, complete, around, address=address, mail=_mail(complete, around), secrets_given=tuple(secrets_given))


def _address(values: Values, ports: t.Mapping[str, int]) -> Address:
    """Return the address that is given, or the one that follows: with the port only where a browser needs it."""
    url, hostname = (types.lower_host(values[option] or "") for option in ("moodle_url", "moodle_hostname"))
    if url or not hostname:
        return Address.of(url, hostname)
    host = f"[{hostname}]" if ":" in hostname else hostname
    scheme, default = SEEN[values["moodle_tls"]], DEFAULT_PORTS[SEEN[values["moodle_tls"]]]
    # Where something in front ends TLS, it is there that users arrive.
    port = ports.get(scheme, default) if SERVED[values["moodle_tls"]] == scheme else default
    return Address.of(f"{scheme}://{host}" + ("" if port == default else f":{port}"), hostname)


def _mail(values: Values, around: Surroundings) -> Mail:
    """Answer whether the mail catcher runs: asked for, or development without mail server, and its program is there."""
    requested, program = values["moodle_mail_catcher"], around.find(values["moodle_mail_catcher_binary"])
    there = values["moodle_image"] is not None or program is not None
    by_default = values["moodle_environment"] == "development" and not values["moodle_smtp_host"] and there
    return fill(Mail, values, around, ("mail",), catcher=by_default if requested is None else requested)
