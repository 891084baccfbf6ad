# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Sites as inventories of release 0.2.0 describe them. site_records/ holds what that release handed to its modules for each of them."""

from __future__ import annotations

import typing as t

LEAST: dict[str, t.Any] = {"moodle_hostname": "moodle.example.edu"}

INVENTORIES: dict[str, dict[str, t.Any]] = {
    "least": {},
    "development": {"moodle_environment": "development"},
    "live_code": {"moodle_environment": "development", "moodle_code_directory": "/srv/code", "moodle_name": "edit"},
    "large": {
        "moodle_size": "large",
        "moodle_bind_address": "0.0.0.0",
        "moodle_http_port": 80,
        "moodle_https_port": 443,
        "moodle_tls": "acme",
        "moodle_acme_email": "hostmaster@example.edu",
        "moodle_acme_directory": "https://authority.example.edu/directory",
    },
    "certificate": {"moodle_tls": "certificate", "moodle_tls_certificate": "cert.pem", "moodle_tls_private_key": "key.pem"},
    "external_everything": {
        "moodle_tls": "external",
        "moodle_database_host": "db.example.edu",
        "moodle_database_port": 6432,
        "moodle_database_user": "campus",
        "moodle_database_password": "CANARY-database",
        "moodle_database_sslmode": "verify-full",
        "moodle_database_sslrootcert": "ca.pem",
        "moodle_session_host": "sessions.example.edu",
        "moodle_session_password": "CANARY-sessions",
        "moodle_cache_host": "cache.example.edu",
        "moodle_cache_port": 6380,
        "moodle_cache_password": "CANARY-cache",
        "moodle_no_email": True,
        "moodle_smtp_host": "mail.example.edu",
        "moodle_smtp_user": "moodle",
        "moodle_smtp_password": "CANARY-smtp",
        "moodle_trusted_proxies": ["10.0.0.0/8"],
        "moodle_reverse_proxy": True,
    },
    "password_file": {"moodle_database_host": "192.0.2.7", "moodle_database_password_file": "/etc/moodle/database"},
    "mail_without_password": {"moodle_smtp_host": "mail.example.edu", "moodle_smtp_port": 25, "moodle_smtp_security": "none"},
    "mail_with_password_alone": {"moodle_smtp_host": "mail.example.edu", "moodle_smtp_password": "CANARY-smtp"},
    "password_without_mail_server": {
        "moodle_smtp_password": "CANARY-smtp",
        "moodle_mail_catcher": True,
        "moodle_database_host": "db.example.edu",
        "moodle_database_password": "CANARY-database",
        "moodle_database_pooler": False,
        "moodle_session_host": "sessions.example.edu",
        "moodle_cache_store": "file",
    },
    "nothing_beside": {
        "moodle_database_pooler": False,
        "moodle_session_store": "database",
        "moodle_cache_store": "file",
        "moodle_adhoc_replicas": 0,
    },
    "given_images": {
        "moodle_image": "registry.example.edu/site@sha256:1f",
        "moodle_services_image": "registry.example.edu/services@sha256:2e",
        "moodle_url": "http://moodle.example.edu:8080",
        "moodle_http_port": "8080",
        "moodle_bind_address": "::1",
        "moodle_directory": "/srv/moodle/",
        "moodle_full_name": "Physik: \"Ä\" & $HOME 'x' %}",
        "moodle_forced_settings": {"core": {"timezone": "$b"}},
        "moodle_admin_password": "CANARY-aA1",
        "moodle_php_memory": "700m",
        "moodle_log_max_size": "20M",
        "moodle_check_ignore": ["core_environment"],
    },
    "old_branch": {"moodle_branch": "4.3", "moodle_allow_unsupported_branch": True, "moodle_session_cpus": "0.5"},
}
