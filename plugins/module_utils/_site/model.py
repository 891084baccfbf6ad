# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""A site, typed and frozen: what is requested, whatever the site runs on.

The option moodle_php_memory fills Site.php.memory, moodle_branch fills Site.branch. What follows from several options is answered
once, here: a field without a form, or a property. Both are part of the description, next to the values.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._image.inputs import is_language
from . import _certificate as certificates
from . import forms, types
from .address import Address, Tls
from .forms import File

_NAME = (
    r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?",
    "lower-case letters, digits and hyphens, at most 40 characters, with a letter or digit at both ends",
)
_SQL_NAME = (r"[a-z_][a-z0-9_]{0,62}", "lower-case letters, digits and underscores, at most 63")
_TABLE_PREFIX = (r"[a-z][a-z0-9_]{0,9}", "lower-case letters, digits and underscores, at most 10, starting with a letter")
_USER_NAME = (r"[a-z0-9._@-]{1,100}", "lower-case letters, digits, dots, hyphens and underscores")
_NETWORKS = forms.each(types.is_network, ", which is not a valid network; write it in CIDR form, for example 10.0.0.0/8.")
_NO_USER = ", which is not a valid user name; use one word without spaces."
_LANGUAGE = forms.tested(is_language, ", which is not the name of a language pack; use names like de or pt_br.")
_NO_TAG = ", which is not a valid tag; use letters, digits, dots, hyphens and underscores."
_AGE = forms.tested(re.compile(r"([0-9]+[smhdw])+").fullmatch, ", which is not a valid age; write it like 26h or 7d.")
_LOGIN = forms.tested(re.compile(r"/[!-~]*").fullmatch, ", which is not a path of the site; use for example /login/index.php?saml=off.")
_MIRROR = "use for example https://mirror.example.edu/debian."


@dataclasses.dataclass(frozen=True)
class Archive:
    """An archive of Moodle's code."""

    url: t.Optional[str]
    sha256: t.Optional[str]


@dataclasses.dataclass(frozen=True)
class Image:
    """The site image: one that was built before, or what one is built on."""

    reference: t.Annotated[t.Optional[str], forms.value(option="moodle_image")]
    base: str
    base_reference: t.Optional[str]
    base_date: t.Optional[str]
    mirror: t.Annotated[t.Optional[str], forms.web_address(_MIRROR)]
    security_mirror: t.Annotated[t.Optional[str], forms.web_address(_MIRROR)]


@dataclasses.dataclass(frozen=True)
class Services:
    """The services image that belongs to a site image which was built before."""

    image: t.Optional[str]


@dataclasses.dataclass(frozen=True)
class Php:
    """PHP for web requests."""

    replicas: t.Annotated[int, forms.number(1, 64)]
    memory: t.Annotated[int, forms.size(256)]
    cpus: t.Annotated[float, forms.number(0.1, 256)]
    workers: t.Annotated[int, forms.number(0, 1000)]
    memory_limit: t.Annotated[int, forms.size(96)]


@dataclasses.dataclass(frozen=True)
class Web:
    """The web servers in front of PHP."""

    replicas: t.Annotated[int, forms.number(1, 64)]
    memory: t.Annotated[int, forms.size(32)]
    cpus: t.Annotated[float, forms.number(0.05, 256)]


@dataclasses.dataclass(frozen=True)
class Cron:
    """The runners of scheduled tasks."""

    replicas: t.Annotated[int, forms.number(1, 32)]
    memory: t.Annotated[int, forms.size(128)]
    cpus: t.Annotated[float, forms.number(0.05, 256)]
    memory_limit: t.Annotated[t.Optional[int], forms.size(384, within=["memory", "moodle_adhoc_memory"])]
    keep_alive: t.Annotated[int, forms.number(0, 3600)]


@dataclasses.dataclass(frozen=True)
class Adhoc:
    """The workers for ad hoc tasks."""

    replicas: t.Annotated[int, forms.number(0, 32)]
    memory: t.Annotated[int, forms.size(128)]
    cpus: t.Annotated[float, forms.number(0.05, 256)]


@dataclasses.dataclass(frozen=True)
class Database:
    """PostgreSQL: an existing server, or one that the site brings."""

    host: t.Annotated[t.Optional[str], forms.server("the PostgreSQL server")]
    port: t.Annotated[int, forms.port()]
    name: t.Annotated[str, forms.identifier(*_SQL_NAME)]
    user: t.Annotated[str, forms.identifier(*_SQL_NAME)]
    password_file: t.Optional[str]
    prefix: t.Annotated[str, forms.identifier(*_TABLE_PREFIX)]
    version: str
    sslmode: str
    sslrootcert: t.Annotated[File, forms.file(certificates.read_certificate)]
    memory: t.Annotated[int, forms.size(256)]
    cpus: t.Annotated[float, forms.number(0.1, 256)]
    pooler: bool
    pooler_size: t.Annotated[int, forms.number(1, 5000)]

    @property
    def own(self) -> bool:
        """Whether the site brings it."""
        return not self.host


@dataclasses.dataclass(frozen=True)
class Store:
    """Valkey for sessions or for the cache: an existing server, or one that the site brings."""

    store: str
    host: t.Annotated[t.Optional[str], forms.server()]
    port: t.Annotated[int, forms.port()]
    username: t.Annotated[t.Optional[str], forms.tested(re.compile(r"[!-~]+").fullmatch, _NO_USER, needs=["host", "password"])]
    memory: t.Annotated[int, forms.size(32)]
    cpus: t.Annotated[float, forms.number(0.05, 256)]

    @property
    def own(self) -> bool:
        """Whether the site brings it."""
        return self.store == "valkey" and not self.host


@dataclasses.dataclass(frozen=True)
class Smtp:
    """The server that delivers mail."""

    host: t.Annotated[t.Optional[str], forms.server()]
    port: t.Annotated[int, forms.port()]
    user: t.Annotated[t.Optional[str], forms.value(needs=["password"])]
    security: str


@dataclasses.dataclass(frozen=True)
class Mail:
    """The mail catcher, which shows every mail and delivers none. catcher is whether it runs, requested what the inventory says."""

    catcher: t.Annotated[bool, forms.FACT]
    requested: t.Annotated[t.Optional[bool], forms.value(option="moodle_mail_catcher")]
    catcher_binary: t.Annotated[File, forms.value(keep=forms.found)]


@dataclasses.dataclass(frozen=True)
class Admin:
    """The administrator that the installation creates."""

    user: t.Annotated[str, forms.identifier(*_USER_NAME)]
    email: t.Annotated[str, forms.mail_address()]


@dataclasses.dataclass(frozen=True)
class Check:
    """What counts when the site is checked."""

    fail_on: str
    ignore: t.Sequence[str]
    cron_age: t.Annotated[int, forms.number(60, 604800)]
    queue_age: t.Annotated[int, forms.number(60, 604800)]


@dataclasses.dataclass(frozen=True)
class Verify:
    """How it is tried whether a person can use the site."""

    login: t.Annotated[str, _LOGIN]
    mail_to: t.Annotated[t.Optional[str], forms.mail_address()]
    cron_wait: t.Annotated[int, forms.number(10, 3600)]
    tasks: t.Annotated[File, forms.file(instead="name a folder with task files.")]


@dataclasses.dataclass(frozen=True)
class Backup:
    """How backups are made, and how long they are kept."""

    program: str
    tag: t.Annotated[t.Optional[str], forms.tested(re.compile(r"[\w.-]+").fullmatch, _NO_TAG)]
    keep: t.Mapping[str, t.Any]
    max_age: t.Annotated[str, _AGE]


@dataclasses.dataclass(frozen=True)
class Restore:
    """Which backup is restored, and the name of the site as confirmation."""

    site: str
    run: t.Optional[str]


@dataclasses.dataclass(frozen=True)
class Adopt:
    """What a site takes over from a Moodle that ran elsewhere, and the name of the site as confirmation.

    older   whether the dump may be older than what users did in the site
    """

    site: str
    dump: t.Optional[str]
    moodledata: t.Optional[str]
    older: bool


@dataclasses.dataclass(frozen=True)
class Drill:
    """Where a restore is rehearsed, and what it has to bring."""

    directory: str
    run: t.Optional[str]
    min_files: t.Annotated[int, forms.number(0, 10**9)]
    min_tables: t.Annotated[int, forms.number(0, 10**6)]


@dataclasses.dataclass(frozen=True)
class Doctor:
    """What an archive for support has, and where it goes on the control node."""

    directory: str
    log_lines: t.Annotated[int, forms.number(1, 10**6)]
    keep_addresses: bool


@dataclasses.dataclass(frozen=True)
class Site:
    """A site. secrets_given names the secret options that have a value, without the prefix; their values are nowhere here."""

    name: t.Annotated[str, forms.identifier(*_NAME)]
    environment: str
    size: str
    wait_timeout: t.Annotated[int, forms.number(10, 7200)]
    wave: str
    address: Address
    tls: Tls
    trusted_proxies: t.Annotated[t.Sequence[str], _NETWORKS]
    reverse_proxy: bool

    branch: str
    release: t.Optional[str]
    source: t.Annotated[File, forms.file(instead="name an archive or a directory.")]
    archive: Archive
    plugins_lock: t.Annotated[File, forms.file()]
    languages: t.Sequence[str]
    allow_unsupported_branch: bool
    image: Image
    services: Services
    download_directory: str

    php: Php
    upload_max: t.Annotated[int, forms.size(1)]
    web: Web
    cron: Cron
    adhoc: Adhoc
    drain_timeout: t.Annotated[int, forms.number(0, 3600)]
    database: Database
    session: Store
    cache: Store

    mail: Mail
    smtp: Smtp
    noreply_address: t.Annotated[str, forms.mail_address()]
    no_email: bool

    admin: Admin
    full_name: str
    short_name: str
    language: t.Annotated[str, _LANGUAGE]
    settings: t.Annotated[t.Mapping[str, t.Any], forms.settings()]
    forced_settings: t.Annotated[t.Mapping[str, t.Any], forms.settings()]
    secrets_given: t.Annotated[t.Sequence[str], forms.FACT]

    destroy_data: str
    check: Check
    verify: Verify
    backup: Backup
    restore: Restore
    drill: Drill
    adopt: Adopt
    doctor: Doctor

    @property
    def image_inputs(self) -> dict[str, t.Any]:
        """What is requested of the images, by the names of module image_build. PHP comes with the branch."""
        return {
            "branch": self.branch,
            "release": self.release or "",
            "source": self.source.path,
            "archive_url": self.archive.url or "",
            "archive_sha256": self.archive.sha256 or "",
            "plugins_lock": self.plugins_lock.path,
            "languages": list(self.languages),
            "base": self.image.base,
            "base_reference": self.image.base_reference or "",
            "base_date": self.image.base_date or "",
            "mirror": self.image.mirror or "",
            "security_mirror": self.image.security_mirror or "",
            "allow_unsupported_branch": self.allow_unsupported_branch,
            "mail_catcher": self.mail.catcher_binary.path if self.mail.catcher else "",
            "cache_directory": self.download_directory,
        }

    @property
    def development(self) -> bool:
        """Whether the site is for development."""
        return self.environment == "development"

    def given(self, secret: str) -> bool:
        """Whether a secret option has a value."""
        return secret in self.secrets_given
