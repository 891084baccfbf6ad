# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The table of Moodle branches: what each one runs on, how long it is supported, where it comes from."""

from __future__ import annotations

import dataclasses
import typing as t


class Debian(t.NamedTuple):
    """A Debian release: its number, and the PHP that it has."""

    number: int
    php: str


DEBIAN = {"bookworm": Debian(12, "8.2"), "trixie": Debian(13, "8.4")}

# The major version of the services image, which is one for all branches.
POSTGRESQL = 17


@dataclasses.dataclass(frozen=True)
class Branch:
    """One row of the table.

    :param name: as in the inventory, "4.5".
    :param number: Moodle's own number, 405.
    :param lts: whether it has long-term support.
    :param release: the release that is installed when no other is asked for.
    :param php_minimum: lowest PHP that Moodle accepts.
    :param php_maximum: highest PHP that Moodle supports.
    :param debian: code name of the Debian release that the image is made from.
    :param postgresql_minimum: lowest PostgreSQL major version that Moodle accepts.
    :param upgrade_minimum: lowest release that Moodle upgrades from.
    :param layout: "classic", or "public" where the web root is the folder public/.
    :param security_until: last day of security fixes, ISO date.
    :param sha256: release to the checksum of its official archive.
    """

    name: str
    number: int
    lts: bool
    release: str
    php_minimum: str
    php_maximum: str
    debian: str
    postgresql_minimum: int
    upgrade_minimum: str
    layout: str
    security_until: str
    sha256: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def php(self) -> str:
        """The PHP of the Debian release."""
        return DEBIAN[self.debian].php

    def archive_url(self, release: str) -> str:
        """Address of the official archive of a release; the first release of a branch is named without its zero."""
        short = release[:-2] if release.count(".") == 2 and release.endswith(".0") else release
        return f"https://download.moodle.org/download.php/direct/stable{self.number}/moodle-{short}.tgz"

    def language_url(self, code: str) -> str:
        """Address of a language pack."""
        return f"https://download.moodle.org/download.php/direct/langpack/{self.name}/{code}.zip"


# No row has a checksum yet: an image from the official archive uses the checksum that is published beside it, unless the inventory
# names one. A row gets its checksum once the archive was compared with Moodle's signed announcement.
_ROWS: tuple[Branch, ...] = (
    # Branches that no longer get security fixes are here so that a site on one of them can be taken over and upgraded.
    Branch(
        name="4.3",
        number=403,
        lts=False,
        release="4.3.12",
        php_minimum="8.0",
        php_maximum="8.2",
        debian="bookworm",
        postgresql_minimum=13,
        upgrade_minimum="3.11.8",
        layout="classic",
        security_until="2025-04-21",
    ),
    Branch(
        name="4.4",
        number=404,
        lts=False,
        release="4.4.12",
        php_minimum="8.1",
        php_maximum="8.3",
        debian="bookworm",
        postgresql_minimum=13,
        upgrade_minimum="4.1.2",
        layout="classic",
        security_until="2025-12-08",
    ),
    Branch(
        name="4.5",
        number=405,
        lts=True,
        release="4.5.14",
        php_minimum="8.1",
        php_maximum="8.3",
        debian="bookworm",
        postgresql_minimum=13,
        upgrade_minimum="4.1.2",
        layout="classic",
        security_until="2027-10-04",
    ),
    Branch(
        name="5.0",
        number=500,
        lts=False,
        release="5.0.10",
        php_minimum="8.2",
        php_maximum="8.4",
        debian="trixie",
        postgresql_minimum=14,
        upgrade_minimum="4.2.3",
        layout="classic",
        security_until="2026-10-05",
    ),
    Branch(
        name="5.1",
        number=501,
        lts=False,
        release="5.1.7",
        php_minimum="8.2",
        php_maximum="8.4",
        debian="trixie",
        postgresql_minimum=15,
        upgrade_minimum="4.2.3",
        layout="public",
        security_until="2027-04-19",
    ),
    Branch(
        name="5.2",
        number=502,
        lts=False,
        release="5.2.3",
        php_minimum="8.3",
        php_maximum="8.4",
        debian="trixie",
        postgresql_minimum=16,
        upgrade_minimum="4.4",
        layout="public",
        security_until="2027-10-04",
    ),
    Branch(
        name="5.3",
        number=503,
        lts=True,
        release="5.3.0",
        php_minimum="8.3",
        php_maximum="8.4",
        debian="trixie",
        postgresql_minimum=16,
        upgrade_minimum="4.4",
        layout="public",
        security_until="2029-10-01",
    ),
)

BRANCHES: dict[str, Branch] = {row.name: row for row in _ROWS}

# 4.5 until the archive of 5.3 has been verified.
DEFAULT_BRANCH = "4.5"


def numbers(version: str) -> tuple[int, ...]:
    """A dotted version as numbers, for comparing: "8.10" is later than "8.9". Anything that is not a number counts as 0."""
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def past_support(branch: Branch, today: str) -> bool:
    """Whether a branch no longer gets security fixes, on a day in ISO form."""
    return branch.security_until < today


def unusable(prefix: str, name: str, branches: t.Mapping[str, Branch], today: str, allowed: bool) -> t.Iterator[str]:
    """Refuse an unknown branch, and one without security fixes unless that is allowed.

    :param prefix: what the variables of the role begin with, "moodle_" or "image_".
    """
    branch = branches.get(name)
    if branch is None:
        yield f"{prefix}branch is {name!r}, which this collection does not know; choose one of {', '.join(branches)}."
    elif past_support(branch, today) and not allowed:
        yield (
            f"{prefix}branch is {name!r}, which has had no security fixes since {branch.security_until}; choose a later branch, "
            f"or set {prefix}allow_unsupported_branch to true."
        )


def wrong_php(option: str, given: str, branch: Branch) -> t.Iterator[str]:
    """Refuse a PHP that the branch does not run on."""
    if not numbers(branch.php_minimum) <= numbers(given)[:2] <= numbers(branch.php_maximum):
        least, most = branch.php_minimum, branch.php_maximum
        yield f"{option} is {given!r}, but Moodle {branch.name} runs on PHP {least} to {most}; choose one of these."


def wrong_postgresql(option: str, given: str, branch: t.Optional[Branch]) -> t.Iterator[str]:
    """Refuse what is not a major version, and one that is too old for the branch. An unknown branch has a sentence of its own."""
    if not given.isdecimal():
        yield f"{option} is {given!r}; give PostgreSQL's major version alone, for example {POSTGRESQL}."
    elif branch is not None and int(given) < branch.postgresql_minimum:
        yield (
            f"{option} is {given!r}, but Moodle {branch.name} needs PostgreSQL {branch.postgresql_minimum} or later; "
            "upgrade the server first, or choose an older branch."
        )
