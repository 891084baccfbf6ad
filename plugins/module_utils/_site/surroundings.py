# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What the description of a site needs to know of the world: the control node's files, the time, and the branches of Moodle."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """The world, as far as a description depends on it.

    branches maps a branch to its row of the branch table, find resolves a path on the control node to an absolute path or
    None, read returns the content of such a path (nothing where it cannot be read), inventory_hostname names the site by
    default, cache_directory is where downloads go, catcher is where the mail catcher's program is looked for, is_secret_setting
    tells by the name of a setting of Moodle whether its value is a secret, and image_variables is the image's table of its environment.
    """

    branches: t.Mapping[str, t.Any]
    find: t.Callable[[str], t.Optional[str]]
    read: t.Callable[[str], bytes]
    now: datetime.datetime
    inventory_hostname: str
    cache_directory: str
    catcher: str
    is_secret_setting: t.Callable[[str], bool]
    image_variables: t.Mapping[str, t.Mapping[str, t.Any]]

    @property
    def today(self) -> str:
        """The date in ISO form."""
        return self.now.date().isoformat()
