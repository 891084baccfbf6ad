# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Secrets that cannot be searched for: taken out of every text, such a word would spoil the archive, and its gaps would tell the word."""

from __future__ import annotations

import typing as t

SHORTEST = 8
# Longer words that stand in every site's files and logs, and are given as passwords nevertheless.
USUAL = frozenset({"administrator", "changeme", "database", "localhost", "moodledata", "password", "passwort", "postgres", "postgresql"})
# What a description calls things. Not all of its texts: a setting may have the same value as a secret.
NAMES = (
    ("name",),
    ("project",),
    ("hostname",),
    ("authority",),
    ("url",),
    ("directory",),
    ("full_name",),
    ("short_name",),
    ("noreply_address",),
    ("admin", "user"),
    ("admin", "email"),
    ("database", "host"),
    ("database", "name"),
    ("database", "user"),
    ("session", "host"),
    ("session", "username"),
    ("cache", "host"),
    ("cache", "username"),
    ("smtp", "host"),
    ("smtp", "user"),
)


def own_words(site: t.Mapping[str, t.Any]) -> frozenset[str]:
    """Return what a site calls itself and its parts, in lower case."""
    found = set()
    for path in NAMES:
        value: t.Any = site
        for key in path:
            value = value.get(key) if isinstance(value, t.Mapping) else None
        found |= {value.lower()} if isinstance(value, str) else set()
    return frozenset(found)


def is_weak(secret: str, words: t.Container[str] = ()) -> bool:
    """Whether a secret cannot be searched for."""
    word = secret.strip().lower()
    return len(word) < SHORTEST or word in USUAL or word in words
