# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What Debian has for the images, and what it has not. Nothing is here for comfort; each line says what needs it."""

from __future__ import annotations

from .._moodle.branches import POSTGRESQL

# Moodle's required extensions, and the ones that make it fast. iconv, ctype, tokenizer, fileinfo, sodium and json are part
# of the cli and common packages.
_PHP = (
    "cli",  # the image's commands
    "fpm",  # web requests
    "pgsql",  # the database
    "curl",
    "gd",
    "intl",
    "mbstring",
    "xml",
    "zip",
    "soap",  # web services
    "ldap",  # the usual sign-in of a school
    "opcache",
)
# Named without a version: they follow the default PHP of the Debian release.
_PHP_UNVERSIONED = ("php-apcu", "php-igbinary", "php-redis")
_SITE = (
    "nginx-light",
    "ca-certificates",  # outgoing HTTPS
    "tzdata",  # time zones of users
)
# The services image is always made from this release.
SERVICES_DEBIAN = "trixie"
SERVICES = (
    f"postgresql-{POSTGRESQL}",
    "pgbouncer",
    "valkey-server",
    "valkey-tools",  # the health check
    "caddy",  # certificates by ACME, in front of HAProxy
    "haproxy",  # the proxy: TLS, access log, the way to the web containers
    "ca-certificates",  # certificates from an authority
)
# Names of the services, as the entry point of the image knows them.
SERVICE_NAMES = ("postgres", "pooler", "valkey-sessions", "valkey-cache", "proxy")
# The mail catcher is no package of Debian: its program and version, as its file in the download cache is called.
CATCHER = "mailhog-1.0.1"


def site_packages(php: str) -> list[str]:
    """Return the packages of a site image for a PHP version such as "8.2"."""
    return sorted([*(f"php{php}-{name}" for name in _PHP), *_PHP_UNVERSIONED, *_SITE])
