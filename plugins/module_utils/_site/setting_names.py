# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Which settings of Moodle are secrets, by their names: the rule that the image hides values by (etc/secret-names.json there)."""

from __future__ import annotations

import typing as t

Rule = t.Callable[[str], bool]


def secret_rule(table: t.Mapping[str, t.Any]) -> Rule:
    """Return the rule that a table makes; the table itself says how."""
    names, endings, open_endings = table["names"], tuple(table["endings"]), tuple(table["open"])

    def is_secret(name: str) -> bool:
        bare = name.lower().rstrip("0123456789_")
        return (bare in names or bare.endswith(endings)) and not bare.endswith(open_endings)

    return is_secret
