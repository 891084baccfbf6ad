# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Reads the moodle_* variables of a host and returns them as one checked, nested description of a site."""

from __future__ import annotations

import datetime
import os
import typing as t
from pathlib import Path

import yaml
from ansible.plugins.action import ActionBase
from ansible_collections.campus.moodle.plugins.module_utils import _site_spec
from ansible_collections.campus.moodle.plugins.module_utils._branches import BRANCHES

ARGUMENT_SPECS = Path(__file__).resolve().parents[2] / "roles" / "site" / "meta" / "argument_specs.yml"
CATCHER = "mailhog-1.0.1"


def finder(directories: t.Sequence[str]) -> t.Callable[[str], t.Optional[str]]:
    """Return a function that makes a path on the control node absolute, or returns None where nothing is there."""

    def find(path: str) -> t.Optional[str]:
        if not path:
            return None
        expanded = os.path.expanduser(path)
        candidates = (os.path.join(directory, expanded) for directory in directories)
        return next((os.path.abspath(candidate) for candidate in candidates if os.path.exists(candidate)), None)

    return find


class ActionModule(ActionBase):
    """Runs on the control node alone; reads only, so it is the same in check mode."""

    _requires_connection = False
    _VALID_ARGS: frozenset[str] = frozenset()

    def run(self, tmp: t.Optional[str] = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> dict[str, t.Any]:
        """Return the description, or fail with every problem."""
        result = super().run(tmp, task_vars)
        outcome = _site_spec.build_spec(self._options(), self._given(task_vars or {}), self._surroundings(task_vars or {}))
        result.update(changed=False, warnings=outcome.warnings)
        if outcome.problems:
            listed = "\n".join(f"- {problem}" for problem in outcome.problems)
            result.update(
                failed=True,
                problems=outcome.problems,
                msg=f"The description of this site has {len(outcome.problems)} problem(s); nothing was changed.\n{listed}",
            )
            return result
        result.update(spec=outcome.spec)
        return result

    @staticmethod
    def _options() -> dict[str, _site_spec.Option]:
        with ARGUMENT_SPECS.open(encoding="utf-8") as file:
            return _site_spec.load_options(yaml.safe_load(file))

    def _given(self, task_vars: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return the host's variables with our prefix, rendered."""
        raw = {name: value for name, value in task_vars.items() if name.startswith(_site_spec.PREFIX)}
        return self._templar.template(raw)

    @staticmethod
    def _surroundings(task_vars: t.Mapping[str, t.Any]) -> _site_spec.Surroundings:
        cache = task_vars.get("moodle_download_directory") or os.environ.get("MOODLE_CACHE") or "~/.cache/campus.moodle"
        cache = os.path.expanduser(str(cache))
        directories = [task_vars.get("inventory_dir"), task_vars.get("playbook_dir"), os.getcwd()]
        return _site_spec.Surroundings(
            branches=BRANCHES,
            find=finder([directory for directory in directories if directory]),
            today=datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat(),
            inventory_hostname=str(task_vars["inventory_hostname"]),
            cache_directory=cache,
            catcher=os.path.join(cache, "bin", CATCHER),
        )
