# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The one family of failures: a sentence for the user, and details for whoever reads the result.

A file that defines a member of the family imports ToolError by its full name: ansible-test's pylint looks at a package by itself,
cannot follow two dots out of it, and would take the member for no exception.
"""

from __future__ import annotations

import contextlib
import typing as t


class ToolError(Exception):
    """What was tried did not work. The text is for the user; details go into the module's result beside it."""

    def __init__(self, msg: str, **details: t.Any) -> None:
        super().__init__(msg)
        self.details = details


@contextlib.contextmanager
def after_change(done: bool | t.Sized = True) -> t.Iterator[None]:
    """Let a failure inside say that something was changed before, as Ansible does for a success; done is empty as long as nothing was."""
    try:
        yield
    except ToolError as error:
        if done:
            error.details["changed"] = True
        raise
