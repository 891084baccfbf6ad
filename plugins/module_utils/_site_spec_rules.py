# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Rules about everything that is not the address and not the code."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils import _site_spec_types as types
from ansible_collections.campus.moodle.plugins.module_utils._site_spec_capacity import MOST_WEB_REPLICAS
from ansible_collections.campus.moodle.plugins.module_utils._site_spec_rules_address import is_development, wants_catcher

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
SECRETS = ("moodle_admin_password", "moodle_database_password", "moodle_session_password", "moodle_smtp_password")
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
    for option in SECRETS:
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


def database(values: Values, _around: t.Any) -> t.Iterator[str]:
    """An existing server needs a password, and verify-full needs an authority; the own server takes neither."""
    host = values["moodle_database_host"]
    password, file = values["moodle_database_password"], values["moodle_database_password_file"]
    if host and not types.is_hostname(host):
        yield f"moodle_database_host is {host!r}, which is no host name; give the name or address of the PostgreSQL server."
    if host and (host == "localhost" or host.startswith("127.")):
        yield (
            f"moodle_database_host is {host!r}, which inside a container is the container itself; give the machine's name or address "
            "in the network."
        )
    if host and password is None and not file:
        yield f"moodle_database_host is {host!r}, so moodle_database_password or moodle_database_password_file is needed; give one."
    if password and file:
        yield "moodle_database_password and moodle_database_password_file are both given; keep one of them."
    if not host and (password or file):
        yield (
            "moodle_database_password is given, but the site's own database generates its password; "
            "remove it, or give moodle_database_host."
        )
    if not host and values["moodle_database_sslmode"] != "disable":
        yield (
            f"moodle_database_sslmode is {values['moodle_database_sslmode']}, which is for an existing server; "
            "give moodle_database_host, or remove it."
        )
    if values["moodle_database_sslmode"] == "verify-full" and not values["moodle_database_sslrootcert"]:
        yield (
            "moodle_database_sslmode is verify-full without moodle_database_sslrootcert; "
            "name the authority's certificate on the control node."
        )


def sessions(values: Values, _around: t.Any) -> t.Iterator[str]:
    """More than one PHP container needs sessions that all of them see quickly."""
    replicas = values["moodle_php_replicas"]
    if replicas > 1 and values["moodle_session_store"] != "valkey":
        yield (
            f"moodle_php_replicas is {replicas} but moodle_session_store is {values['moodle_session_store']}; "
            "set moodle_session_store to valkey, or moodle_php_replicas to 1."
        )
    if values["moodle_session_password"] and not values["moodle_session_host"]:
        yield (
            "moodle_session_password is given, but the site's own session store generates its password; "
            "remove it, or give moodle_session_host."
        )
    for option in ("moodle_session_host", "moodle_cache_host", "moodle_smtp_host"):
        if values[option] and not types.is_hostname(values[option]):
            yield f"{option} is {values[option]!r}, which is no host name; give the name or address of the server."


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


def mail(values: Values, around: t.Any) -> t.Iterator[str]:
    """A mail catcher that is asked for must be there, and excludes a real mail server."""
    if values["moodle_mail_catcher"] and values["moodle_smtp_host"]:
        yield "moodle_mail_catcher is true and moodle_smtp_host is given; keep one of them."
    named = values["moodle_mail_catcher_binary"]
    if values["moodle_mail_catcher"] and not values["moodle_image"] and around.find(named or around.catcher) is None:
        yield (
            f"moodle_mail_catcher is true but its program {named or around.catcher!r} does not exist on the control node; "
            "build it (scripts/setup.sh mailhog), or set moodle_mail_catcher to false."
        )


def no_mail_catcher(values: Values, around: t.Any) -> t.Iterator[str]:
    """Tell a developer why there is no mail catcher."""
    wanted = values["moodle_mail_catcher"] is None and is_development(values) and not values["moodle_image"]
    program = values["moodle_mail_catcher_binary"] or around.catcher
    if wanted and not values["moodle_smtp_host"] and around.find(program) is None:
        yield f"The site runs without mail catcher, because its program {program} does not exist on the control node."


def no_mail_server(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Tell an operator that no mail will leave."""
    if not values["moodle_smtp_host"] and not wants_catcher(values):
        yield "moodle_smtp_host is not given: Moodle cannot deliver mail."
