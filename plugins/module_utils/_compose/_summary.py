# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""A site in a few lines for people, read from its compose file and its image."""

from __future__ import annotations

import json
import typing as t

from .project import Definition

# Of the image builder.
LABEL_FACTS = "io.campus.moodle.facts"
LABEL_COMPRESSED = "io.campus.moodle.compressed-bytes"
LABEL_SITE = "campus.moodle.site"
PAYLOADS = {"moodle": "real Moodle", "rehearsal": "the rehearsal payload, not Moodle"}
MAIL_PAGES = 8025


def of_site(definition: Definition, image: t.Mapping[str, t.Any], directory: str, action: str) -> list[str]:
    """Return the lines. image is what docker knows of the site image, nothing where it is not on the machine."""
    php = definition.config["services"]["php"]
    environment = definition.environment("cli") or definition.environment("php")
    kind = environment.get("MOODLE_ENVIRONMENT", "production")
    rows = {
        "Site": f"{(php.get('labels') or {}).get(LABEL_SITE, '')} ({kind}, {action})",
        "Address": environment.get("MOODLE_URL", ""),
        "Admin": environment.get("MOODLE_ADMIN_USER", ""),
        "Password": f"in the file {directory}/secrets/moodle/admin_password",
        "Mail": _mail(definition, environment),
        "Image": f"{php.get('image', '')} ({_size(image)})",
        "Payload": _payload(image),
    }
    return [f"{name:<10} {text}" for name, text in rows.items()]


def _mail(definition: Definition, environment: t.Mapping[str, str]) -> str:
    """Return where mail goes: to the pages of the mail catcher, to a server, or nowhere."""
    published = (definition.config["services"].get("mail") or {}).get("ports") or []
    pages = [row for row in published if row.get("target") == MAIL_PAGES]
    if pages:
        return f"http://{pages[0].get('host_ip') or '127.0.0.1'}:{pages[0].get('published')}"
    return environment.get("MOODLE_SMTP_HOST") or "not delivered"


def _size(image: t.Mapping[str, t.Any]) -> str:
    if not image:
        return "not built yet"
    compressed = _labels(image).get(LABEL_COMPRESSED, "")
    size = f"{image['Size'] / 1000000:.0f} MB"
    return f"{size}, {int(compressed) / 1000000:.0f} MB compressed" if compressed.isdecimal() else size


def _payload(image: t.Mapping[str, t.Any]) -> str:
    """Return whose code it is; the image builder notes it in a label."""
    payload = json.loads(_labels(image).get(LABEL_FACTS) or "{}").get("payload", "")
    return PAYLOADS.get(payload, payload or "as in the given image")


def _labels(image: t.Mapping[str, t.Any]) -> dict[str, str]:
    return (image.get("Config") or {}).get("Labels") or {}
