# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The one error of a build."""

from __future__ import annotations

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError


class BuildError(ToolError):
    """A build that cannot be done; the text is one sentence, and error one of the words that module image_build documents."""

    def __init__(self, msg: str, error: str = "invalid") -> None:
        super().__init__(msg, error=error)
