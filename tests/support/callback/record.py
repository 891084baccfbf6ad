# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Writes the result of each task as a line of JSON, beside the output that a user sees."""

from __future__ import annotations

import json
import os
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
type: notification
short_description: Write results of tasks to a file
description:
  - The file is named by the environment variable RECORD_FILE.
"""


class CallbackModule(CallbackBase):
    """One line for each finished task."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, result: t.Any, **state: bool) -> None:
        line = {"changed": False, "failed": False, "skipped": False, **result.result, **state, "task": result.task_name}
        with open(os.environ["RECORD_FILE"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Record a task that ended well."""
        self._write(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Record a task that failed."""
        self._write(result, failed=True)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        """Record a task that did not run."""
        self._write(result, skipped=True)
