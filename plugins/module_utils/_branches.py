# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# This module is private to the collection campus.moodle; it can change or go at any time.
"""The table of Moodle branches: what each one runs on, how long it is supported, where it comes from."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t


@dataclasses.dataclass(frozen=True)
class Branch:
    """One row of the table.

    :param name: as in the inventory, "4.5".
    :param number: Moodle's own number, 405.
    :param lts: whether it has long-term support.
    :param release: the release that is installed when no other is asked for.
    :param version: the date that its version numbers start with, "20241007".
    :param php_minimum: lowest PHP that Moodle accepts.
    :param php_maximum: highest PHP that Moodle supports.
    :param php: the PHP of the Debian release.
    :param debian: code name of the Debian release that the image is made from.
    :param postgresql_minimum: lowest PostgreSQL major version that Moodle accepts.
    :param postgresql: the major version that this collection runs.
    :param layout: "classic", or "public" where the web root is the folder public/.
    :param fixes_until: last day of bug fixes, ISO date.
    :param security_until: last day of security fixes, ISO date.
    :param upgrade_from: lowest release that can be upgraded to this branch.
    :param sha256: release to the checksum of its official archive.
    """

    name: str
    number: int
    lts: bool
    release: str
    version: str
    php_minimum: str
    php_maximum: str
    php: str
    debian: str
    postgresql_minimum: int
    postgresql: int
    layout: str
    fixes_until: str
    security_until: str
    upgrade_from: str
    sha256: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def verified(self) -> bool:
        """Whether the official archive of the default release has been checked by this collection's makers."""
        return self.release in self.sha256

    def archive_url(self, release: str) -> str:
        """Address of the official archive of a release; the first release of a branch is named without its zero."""
        short = release[:-2] if release.count(".") == 2 and release.endswith(".0") else release
        return f"https://download.moodle.org/download.php/direct/stable{self.number}/moodle-{short}.tgz"

    def language_url(self, code: str) -> str:
        """Address of a language pack."""
        return f"https://download.moodle.org/download.php/direct/langpack/{self.name}/{code}.zip"


# No official archive could be downloaded and checked where this table was made, so no row has a checksum yet: an image from
# the official archive uses the checksum that is published beside it, unless the inventory names one. A row gets its checksum
# when somebody has compared the archive with Moodle's signed announcement.
_ROWS: tuple[Branch, ...] = (
    # Branches that get no security fixes any more are here so that a site on one of them can be taken over and upgraded.
    Branch(
        name="4.3",
        number=403,
        lts=False,
        release="4.3.12",
        version="20231009",
        php_minimum="8.0",
        php_maximum="8.2",
        php="8.2",
        debian="bookworm",
        postgresql_minimum=13,
        postgresql=17,
        layout="classic",
        fixes_until="2024-10-07",
        security_until="2025-04-21",
        upgrade_from="3.11.8",
    ),
    Branch(
        name="4.4",
        number=404,
        lts=False,
        release="4.4.12",
        version="20240422",
        php_minimum="8.1",
        php_maximum="8.3",
        php="8.2",
        debian="bookworm",
        postgresql_minimum=13,
        postgresql=17,
        layout="classic",
        fixes_until="2025-04-21",
        security_until="2025-12-08",
        upgrade_from="3.11.8",
    ),
    Branch(
        name="4.5",
        number=405,
        lts=True,
        release="4.5.14",
        version="20241007",
        php_minimum="8.1",
        php_maximum="8.3",
        php="8.2",
        debian="bookworm",
        postgresql_minimum=13,
        postgresql=17,
        layout="classic",
        fixes_until="2025-10-06",
        security_until="2027-10-04",
        upgrade_from="4.1.2",
    ),
    Branch(
        name="5.0",
        number=500,
        lts=False,
        release="5.0.10",
        version="20250414",
        php_minimum="8.2",
        php_maximum="8.4",
        php="8.4",
        debian="trixie",
        postgresql_minimum=14,
        postgresql=17,
        layout="classic",
        fixes_until="2026-04-20",
        security_until="2026-10-05",
        upgrade_from="4.2.3",
    ),
    Branch(
        name="5.1",
        number=501,
        lts=False,
        release="5.1.7",
        version="20251006",
        php_minimum="8.2",
        php_maximum="8.4",
        php="8.4",
        debian="trixie",
        postgresql_minimum=15,
        postgresql=17,
        layout="public",
        fixes_until="2026-10-05",
        security_until="2027-04-19",
        upgrade_from="4.2.3",
    ),
    Branch(
        name="5.2",
        number=502,
        lts=False,
        release="5.2.3",
        version="20260420",
        php_minimum="8.3",
        php_maximum="8.4",
        php="8.4",
        debian="trixie",
        postgresql_minimum=16,
        postgresql=17,
        layout="public",
        fixes_until="2027-04-19",
        security_until="2027-10-04",
        upgrade_from="4.4",
    ),
    Branch(
        name="5.3",
        number=503,
        lts=True,
        release="5.3.0",
        version="20261005",
        php_minimum="8.3",
        php_maximum="8.4",
        php="8.4",
        debian="trixie",
        postgresql_minimum=16,
        postgresql=17,
        layout="public",
        fixes_until="2027-10-04",
        security_until="2029-10-01",
        upgrade_from="4.5",
    ),
)

BRANCHES: dict[str, Branch] = {row.name: row for row in _ROWS}

# 4.5 until the archive of 5.3 has been verified.
DEFAULT_BRANCH = "4.5"


def numbers(version: str) -> tuple[int, ...]:
    """A dotted version as numbers, for comparing: "8.10" is later than "8.9". Anything that is not a number counts as 0."""
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def problems(
    name: str,
    *,
    today: datetime.date,
    allow_unsupported: bool = False,
    php: str = "",
    postgresql: int = 0,
) -> list[str]:
    """Why a branch cannot be used as asked, one sentence each; empty when it can.

    :param name: the branch, "4.5".
    :param today: the day that support dates are compared with.
    :param allow_unsupported: accept a branch without security fixes.
    :param php: the PHP that is going to run, "8.2"; empty: not checked.
    :param postgresql: the major version of the database server; 0: not checked.
    """
    branch = BRANCHES.get(name)
    if branch is None:
        known = ", ".join(BRANCHES)
        return [f"Moodle branch '{name}' is not known; this version of the collection knows {known}."]
    found = []
    if not allow_unsupported and today > datetime.date.fromisoformat(branch.security_until):
        found.append(
            f"Moodle {name} gets no security fixes since {branch.security_until}. Choose a later branch, or allow an "
            "unsupported branch explicitly."
        )
    if php and not numbers(branch.php_minimum) <= numbers(php)[:2] <= numbers(branch.php_maximum):
        found.append(f"Moodle {name} runs on PHP {branch.php_minimum} to {branch.php_maximum}, not on PHP {php}.")
    if postgresql and postgresql < branch.postgresql_minimum:
        found.append(f"Moodle {name} needs PostgreSQL {branch.postgresql_minimum} or later, not {postgresql}.")
    return found


def warnings(name: str, *, today: datetime.date) -> list[str]:
    """What a user should know about a branch that can be used, one sentence each."""
    branch = BRANCHES.get(name)
    if branch is None:
        return []
    if today > datetime.date.fromisoformat(branch.security_until):
        return [f"Moodle {name} gets no security fixes since {branch.security_until}."]
    return []
