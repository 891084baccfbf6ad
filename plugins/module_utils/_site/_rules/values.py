# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Rules about everything that is not the address, not the code and no server beside the site."""

from __future__ import annotations

import re
import typing as t

from .. import types
from ..capacity import MOST_WEB_REPLICAS

Values = t.Mapping[str, t.Any]

MEGABYTE = 1024**2
# Options with a size, and the least that makes sense in megabytes.
SIZES = {
    "moodle_php_memory": 256,
    "moodle_web_memory": 32,
    "moodle_proxy_memory": 64,
    "moodle_cron_memory": 128,
    "moodle_adhoc_memory": 128,
    "moodle_database_memory": 256,
    "moodle_session_memory": 32,
    "moodle_cache_memory": 32,
    "moodle_php_memory_limit": 96,
    "moodle_upload_max": 1,
    "moodle_disk_minimum": 0,
    "moodle_log_max_size": 0,
}
# Options with a number, the least and the most.
NUMBERS: dict[str, tuple[float, float]] = {
    "moodle_php_replicas": (1, 64),
    "moodle_php_workers": (0, 1000),
    "moodle_web_replicas": (1, MOST_WEB_REPLICAS),
    "moodle_cron_replicas": (1, 32),
    "moodle_adhoc_replicas": (0, 32),
    "moodle_cron_keep_alive": (0, 3600),
    "moodle_drain_timeout": (0, 3600),
    "moodle_database_pooler_size": (1, 5000),
    "moodle_wait_timeout": (10, 7200),
    "moodle_check_cron_age": (60, 604800),
    "moodle_check_queue_age": (60, 604800),
    "moodle_log_max_files": (1, 100),
    "moodle_php_cpus": (0.1, 256),
    "moodle_web_cpus": (0.05, 256),
    "moodle_proxy_cpus": (0.05, 256),
    "moodle_cron_cpus": (0.05, 256),
    "moodle_adhoc_cpus": (0.05, 256),
    "moodle_database_cpus": (0.1, 256),
    "moodle_session_cpus": (0.05, 256),
    "moodle_cache_cpus": (0.05, 256),
}
# Options with a name that ends up in SQL or in Moodle, its form, and the form in words.
IDENTIFIERS = {
    "moodle_database_name": (r"[a-z_][a-z0-9_]{0,62}", "lower-case letters, digits and underscores, at most 63"),
    "moodle_database_user": (r"[a-z_][a-z0-9_]{0,62}", "lower-case letters, digits and underscores, at most 63"),
    "moodle_database_prefix": (r"[a-z][a-z0-9_]{0,9}", "lower-case letters, digits and underscores, at most 10, starting with a letter"),
    "moodle_admin_user": (r"[a-z0-9._@-]{1,100}", "lower-case letters, digits, dots, hyphens and underscores"),
}
MAIL_ADDRESS = re.compile(r"^[^@\s]+@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+$")
MAIL_ADDRESSES = ("moodle_admin_email", "moodle_noreply_address", "moodle_acme_email")
PASSWORDS = (
    "moodle_admin_password",
    "moodle_cache_password",
    "moodle_database_password",
    "moodle_session_password",
    "moodle_smtp_password",
)
FILES = ("moodle_plugins_lock", "moodle_tls_certificate", "moodle_tls_private_key", "moodle_database_sslrootcert")
PASSWORD_MINIMUM = 8
# Names of settings whose values are secrets.
SECRET_SETTING = re.compile(r"(pass|passwd|password|passphrase|secret|token|apikey|privatekey|salt|pepper|_pw|_key|^key)$", re.IGNORECASE)
SETTINGS = ("moodle_settings", "moodle_forced_settings", "moodle_secret_settings")


def name(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse a name that is no Compose project name."""
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", values["moodle_name"]):
        yield (
            f"moodle_name is {values['moodle_name']!r}; use lower-case letters, digits and hyphens, at most 40 characters, "
            "with a letter or digit at both ends."
        )


def directory(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse a directory that depends on where one stands, and the whole machine as directory."""
    given = values["moodle_directory"]
    if given and (not given.startswith("/") or not given.strip("/")):
        yield f"moodle_directory is {given!r}; give the absolute path of a directory of the machine."


def sizes(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse a size without a unit, and too small a one."""
    for option, least in SIZES.items():
        try:
            size = types.memory_bytes(values[option])
        except ValueError as error:
            yield f"{option} is {values[option]!r}, {error}."
            continue
        if size < least * MEGABYTE:
            yield f"{option} is {values[option]!r}, which is too small; give {least}m or more."


def numbers(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse a number out of its range."""
    for option, (least, most) in NUMBERS.items():
        if not least <= values[option] <= most:
            yield f"{option} is {values[option]}; give a number from {least} to {most}."


def identifiers(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse names that SQL or Moodle would not take."""
    for option, (form, words) in IDENTIFIERS.items():
        if not re.fullmatch(form, values[option]):
            yield f"{option} is {values[option]!r}; use {words}."


def mail_addresses(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse what is no mail address."""
    for option in MAIL_ADDRESSES:
        if values[option] and not MAIL_ADDRESS.match(values[option]):
            yield f"{option} is {values[option]!r}, which is no mail address; use for example admin@example.edu."


def secrets(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse empty secrets and passwords that Moodle's own policy refuses."""
    for option in PASSWORDS:
        secret = values[option]
        if secret is not None and not secret.strip():
            yield f"{option} is empty; give a value, or remove the variable to have one generated."
    admin = values["moodle_admin_password"]
    kinds = (str.islower, str.isupper, str.isdigit, lambda character: not character.isalnum())
    if admin and admin.strip() and (len(admin) < PASSWORD_MINIMUM or not all(any(map(kind, admin)) for kind in kinds)):
        yield (
            f"moodle_admin_password does not meet Moodle's password policy; give at least {PASSWORD_MINIMUM} characters with a "
            "lower-case letter, an upper-case letter, a digit and another character."
        )


def files(values: Values, around: t.Any) -> t.Iterator[str]:
    """Refuse files that are not on the control node."""
    for option in FILES:
        if values[option] and around.find(values[option]) is None:
            yield f"{option} is {values[option]!r}, which does not exist on the control node; correct the path."


def settings(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse settings that are not component to name to plain value. Never shows a value, which may be a secret."""
    for option in SETTINGS:
        for component, names in values[option].items():
            if not isinstance(names, dict):
                yield f"{option} has no names below {component!r}; write component, name and value, for example core: {{theme: boost}}."
                continue
            for key, value in names.items():
                if isinstance(value, (dict, list)):
                    yield f"{option} has a structure for {component}.{key}; give text, a number, or true or false."


def open_secrets(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse secrets where they would be shown in logs and diffs."""
    for option in ("moodle_settings", "moodle_forced_settings"):
        for component, names in values[option].items():
            for key, value in names.items() if isinstance(names, dict) else ():
                if value and isinstance(value, str) and SECRET_SETTING.search(str(key)):
                    yield f"{option} has {component}.{key}, whose value looks like a secret; move it to moodle_secret_settings."
