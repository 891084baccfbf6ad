# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The end of every module: its result, or one sentence with the details of what failed."""

from __future__ import annotations

import typing as t

from .errors import ToolError


def conclude(module: t.Any, body: t.Callable[[], t.Mapping[str, t.Any]]) -> t.NoReturn:
    """Run the body of a module and end the module: with the result that body returns, or as its ToolError says.

    The texts in warnings, of a result or of a failure, become warnings of the task.
    """
    try:
        result, failure = {**body()}, ""
    except ToolError as error:
        result, failure = {**error.details}, str(error)
    for text in result.pop("warnings", []):
        module.warn(text)
    if failure:
        module.fail_json(msg=failure, **result)
    module.exit_json(**result)
    raise AssertionError  # exit_json and fail_json end the process
