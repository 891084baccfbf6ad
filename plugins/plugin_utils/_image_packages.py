# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# This module is private to the collection campus.moodle; it can change or go at any time.
"""The Debian packages of the images. Nothing here is there for comfort; each line says what needs it."""

from __future__ import annotations

from ansible_collections.campus.moodle.plugins.module_utils._moodle.branches import POSTGRESQL

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


def site_packages(php: str) -> list[str]:
    """The packages of a site image for a PHP version such as "8.2"."""
    return sorted([*(f"php{php}-{name}" for name in _PHP), *_PHP_UNVERSIONED, *_SITE])
