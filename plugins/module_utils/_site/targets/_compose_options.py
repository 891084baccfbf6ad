# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The options that only a site in Docker Compose has: a directory and ports of its machine, a proxy, and the engine's logs."""

from __future__ import annotations

import dataclasses
import typing as t

from .. import forms, types

_DIRECTORY = forms.tested(
    lambda given: given.startswith("/") and given.strip("/"), "; give the absolute path of a directory of the machine."
)
_ADDRESS = forms.tested(types.is_address, ", which is not a valid IP address; use for example 127.0.0.1 or 0.0.0.0.")


@dataclasses.dataclass(frozen=True)
class Proxy:
    """The limits of the proxy."""

    memory: t.Annotated[int, forms.size(64)]
    cpus: t.Annotated[float, forms.number(0.05, 256)]


@dataclasses.dataclass(frozen=True)
class Acme:
    """The authority that the proxy gets certificates from."""

    email: t.Annotated[t.Optional[str], forms.mail_address()]
    directory: t.Optional[str]


@dataclasses.dataclass(frozen=True)
class Log:
    """What the engine keeps of each container's output."""

    max_size: t.Annotated[str, forms.size_as_text()]
    max_files: t.Annotated[int, forms.number(1, 100)]


@dataclasses.dataclass(frozen=True)
class Published:
    """The port of the machine on which a server is published in development."""

    host_port: t.Annotated[int, forms.port()]


@dataclasses.dataclass(frozen=True)
class Mail:
    """The ports of the machine for the mail catcher."""

    smtp_port: t.Annotated[int, forms.port()]
    http_port: t.Annotated[int, forms.port()]


@dataclasses.dataclass(frozen=True)
class Machine:
    """What a site takes of its machine."""

    directory: t.Annotated[t.Optional[str], _DIRECTORY]
    disk_minimum: t.Annotated[int, forms.size_in_bytes()]
    bind_address: t.Annotated[str, _ADDRESS]
    http_port: t.Annotated[int, forms.port()]
    https_port: t.Annotated[int, forms.port()]
    code_directory: t.Annotated[t.Optional[str], forms.absolute_path()]
    acme: Acme
    proxy: Proxy
    log: Log
    database: Published
    session: Published
    mail: Mail
