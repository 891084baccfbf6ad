# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What follows from a valid description: the address, the Compose project, absolute paths, published ports."""

from __future__ import annotations

import typing as t
import urllib.parse

from . import capacity, types

DEFAULT_PORTS = {"http": 80, "https": 443}
# Sizes are handed on as whole megabytes, which Docker, PHP, nginx and PostgreSQL all write the same way.
SIZED = (
    *((group, "memory") for group in ("php", "web", "proxy", "cron", "adhoc", "database", "session", "cache")),
    ("php", "memory_limit"),
)
# Paths on the control node.
CONTROLLER_PATHS = (
    ("source",),
    ("plugins_lock",),
    ("tls", "certificate"),
    ("tls", "private_key"),
    ("database", "sslrootcert"),
)


def megabytes(size: str) -> int:
    """Return a size as whole megabytes."""
    return types.memory_bytes(size) // 1024**2


def served_scheme(spec: t.Mapping[str, t.Any]) -> str:
    """Return the scheme that the site's own proxy speaks."""
    return "https" if spec["tls"]["mode"] in ("certificate", "acme") else "http"


def public_url(spec: t.Mapping[str, t.Any]) -> str:
    """Return the address of the site without a trailing slash, with the port only where a browser needs it."""
    if spec["url"]:
        return spec["url"].rstrip("/")
    host = f"[{spec['hostname']}]" if ":" in spec["hostname"] else spec["hostname"]
    if spec["tls"]["mode"] == "external":
        return f"https://{host}"
    scheme = served_scheme(spec)
    port = spec[f"{scheme}_port"]
    return f"{scheme}://{host}" + ("" if port == DEFAULT_PORTS[scheme] else f":{port}")


def published(spec: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the ports of the machine that the site takes: service, port inside, address and port of the machine."""
    development = spec["environment"] == "development"
    bind, loopback = spec["bind_address"], "127.0.0.1"
    rows = (
        (True, "proxy", "http", bind, spec["http_port"], "moodle_http_port"),
        (served_scheme(spec) == "https", "proxy", "https", bind, spec["https_port"], "moodle_https_port"),
        (
            development and spec["database"]["own"],
            "postgres",
            "postgresql",
            loopback,
            spec["database"]["host_port"],
            "moodle_database_host_port",
        ),
        (
            development and spec["session"]["own"],
            "valkey-sessions",
            "valkey",
            loopback,
            spec["session"]["host_port"],
            "moodle_session_host_port",
        ),
        (spec["mail"]["catcher"], "mail", "smtp", loopback, spec["mail"]["smtp_port"], "moodle_mail_smtp_port"),
        (spec["mail"]["catcher"], "mail", "http", loopback, spec["mail"]["http_port"], "moodle_mail_http_port"),
    )
    keys = ("service", "protocol", "address", "port", "variable")
    return [dict(zip(keys, row[1:])) for row in rows if row[0]]


def catcher_runs(spec: t.Mapping[str, t.Any]) -> bool:
    """Return whether the mail catcher runs: asked for, or development without mail server and its program is there."""
    if spec["mail"]["catcher"] is not None:
        return bool(spec["mail"]["catcher"])
    there = spec["image"]["reference"] is not None or spec["mail"]["catcher_binary"] != ""
    return spec["environment"] == "development" and not spec["smtp"]["host"] and there


def needs(spec: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the processors of the largest container and the bytes of memory that all containers may use together."""
    groups = [spec[name] for name in ("php", "web", "proxy", "cron", "adhoc")]
    groups += [spec[name] for name in ("database", "session", "cache") if spec[name]["own"]]
    memory = sum(group["memory"] * group.get("replicas", 1) for group in groups)
    return {"cpus": max(group["cpus"] for group in groups), "memory": memory * 1024**2}


def servers(spec: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the servers that the site cannot do without and does not bring itself."""
    return [
        {"host": spec[group]["host"], "port": spec[group]["port"], "variable": f"moodle_{group}_host"}
        for group in ("database", "session", "cache")
        if spec[group]["host"]
    ]


def paths(spec: t.Mapping[str, t.Any]) -> list[dict[str, str]]:
    """Return what has to be on the machine already."""
    rows = (
        (spec["code_directory"], "directory", "moodle_code_directory"),
        (spec["database"]["password_file"], "file", "moodle_database_password_file"),
    )
    return [dict(zip(("path", "kind", "variable"), row)) for row in rows if row[0]]


def identify(spec: dict[str, t.Any], _around: t.Any) -> None:
    """Complete in place what tells one site of a machine from another."""
    spec["project"] = f"moodle-{spec['name']}"
    spec["directory"] = (spec["directory"] or f"/opt/moodle/{spec['name']}").rstrip("/")


def derive(spec: dict[str, t.Any], around: t.Any) -> None:
    """Complete a valid description in place."""
    identify(spec, around)
    spec["url"] = public_url(spec)
    parts = urllib.parse.urlsplit(spec["url"])
    spec["scheme"], spec["hostname"] = parts.scheme, parts.hostname
    spec["authority"] = parts.netloc
    spec["tls"]["served"] = served_scheme(spec)
    spec["full_name"] = spec["full_name"] or f"Moodle {spec['name']}"
    spec["short_name"] = spec["short_name"] or spec["name"]
    mail_domain = spec["hostname"] if "." in spec["hostname"] and not types.is_address(spec["hostname"]) else "example.invalid"
    spec["admin"]["email"] = spec["admin"]["email"] or f"admin@{mail_domain}"
    spec["noreply_address"] = spec["noreply_address"] or f"noreply@{mail_domain}"
    spec["download_directory"] = spec["download_directory"] or around.cache_directory
    spec["mail"]["catcher_binary"] = around.find(spec["mail"]["catcher_binary"] or around.catcher) or ""
    spec["mail"]["catcher"] = catcher_runs(spec)
    for group in ("database", "session", "cache"):
        spec[group]["own"] = not spec[group]["host"] and spec[group].get("store", "valkey") == "valkey"
    for group, key in SIZED:
        spec[group][key] = megabytes(spec[group][key])
    spec["upload_max"] = megabytes(spec["upload_max"])
    capacity.size(spec)
    spec["disk_minimum"] = types.memory_bytes(spec["disk_minimum"])
    for path in CONTROLLER_PATHS:
        holder = spec[path[0]] if len(path) > 1 else spec
        holder[path[-1]] = around.find(holder[path[-1]]) if holder[path[-1]] else ""
    spec["published"] = published(spec)
    spec["ports"] = [{key: row[key] for key in ("address", "port", "variable")} for row in spec["published"]]
    spec["needs"] = {**needs(spec), "servers": servers(spec), "paths": paths(spec)}
