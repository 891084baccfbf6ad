# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Reads the moodle_* variables of a host and returns them as one checked, nested description of a site."""

from __future__ import annotations

import datetime
import itertools
import os
import typing as t
from pathlib import Path

import yaml
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.campus.moodle.plugins.module_utils import _site_spec
from ansible_collections.campus.moodle.plugins.module_utils import _site_spec_neighbours as neighbours
from ansible_collections.campus.moodle.plugins.module_utils._branches import BRANCHES

ARGUMENT_SPECS = Path(__file__).resolve().parents[2] / "roles" / "site" / "meta" / "argument_specs.yml"
CATCHER = "mailhog-1.0.1"
GROUP = "moodle_sites"
# Stands for a secret of another site, which is nobody's business here; it passes every rule about passwords.
PLACEHOLDER = "Placeholder-1"


def finder(directories: t.Sequence[str]) -> t.Callable[[str], t.Optional[str]]:
    """Return a function that makes a path on the control node absolute, or returns None where nothing is there."""

    def find(path: str) -> t.Optional[str]:
        if not path:
            return None
        expanded = os.path.expanduser(path)
        candidates = (os.path.join(directory, expanded) for directory in directories)
        return next((os.path.abspath(candidate) for candidate in candidates if os.path.exists(candidate)), None)

    return find


def content_of(path: str) -> bytes:
    """Return the content of a file on the control node; nothing where it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def described_by(variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the moodle_* variables of another host without rendering its secrets."""
    names = [name for name in variables if name.startswith(_site_spec.PREFIX)]
    given = {name: variables[name] for name in names if name not in _site_spec.SECRETS}
    return {**given, **{name: PLACEHOLDER for name in names if name in _site_spec.SECRETS and name != "moodle_secret_settings"}}


class ActionModule(ActionBase):
    """Runs on the control node alone; reads only, so it is the same in check mode."""

    _requires_connection = False
    _VALID_ARGS: frozenset[str] = frozenset()

    def run(self, tmp: t.Optional[str] = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> dict[str, t.Any]:
        """Return the description, or fail with every problem."""
        result = super().run(tmp, task_vars)
        variables, options = task_vars or {}, self._options()
        given = self._templar.template({name: value for name, value in variables.items() if name.startswith(_site_spec.PREFIX)})
        host = str(variables["inventory_hostname"])
        outcome = _site_spec.build_spec(options, given, self._surroundings(variables, host))
        problems = outcome.problems
        if not problems:
            mine = neighbours.claim_of(host, outcome.spec)
            problems = list(neighbours.clashes(mine, self._earlier_sites(options, variables, host)))
        result.update(changed=False, warnings=outcome.warnings)
        if problems:
            listed = "\n".join(f"- {problem}" for problem in problems)
            result.update(
                failed=True,
                problems=problems,
                msg=f"The description of this site has {len(problems)} problem(s); nothing was changed.\n{listed}",
            )
            return result
        result.update(spec=outcome.spec)
        return result

    @staticmethod
    def _options() -> dict[str, _site_spec.Option]:
        with ARGUMENT_SPECS.open(encoding="utf-8") as file:
            return _site_spec.load_options(yaml.safe_load(file))

    def _earlier_sites(
        self, options: dict[str, _site_spec.Option], task_vars: t.Mapping[str, t.Any], host: str
    ) -> t.Iterator[neighbours.Claim]:
        """Describe the sites that stand before this one in the inventory and live on the same machine."""
        hostvars = task_vars["hostvars"]
        machine = neighbours.machine_of(host, hostvars[host])
        for other in itertools.takewhile(lambda name: name != host, task_vars["groups"].get(GROUP, [])):
            if neighbours.machine_of(other, hostvars[other]) != machine:
                continue
            try:
                outcome = _site_spec.build_spec(options, described_by(hostvars[other]), self._surroundings(hostvars[other], other))
            except AnsibleError:
                continue  # it cannot be rendered here; its own turn says so
            if not outcome.problems:
                yield neighbours.claim_of(other, outcome.spec)

    @staticmethod
    def _surroundings(task_vars: t.Mapping[str, t.Any], host: str) -> _site_spec.Surroundings:
        cache = task_vars.get("moodle_download_directory") or os.environ.get("MOODLE_CACHE") or "~/.cache/campus.moodle"
        cache = os.path.expanduser(str(cache))
        directories = [task_vars.get("inventory_dir"), task_vars.get("playbook_dir"), os.getcwd()]
        return _site_spec.Surroundings(
            branches=BRANCHES,
            find=finder([directory for directory in directories if directory]),
            read=content_of,
            now=datetime.datetime.now(tz=datetime.timezone.utc),
            inventory_hostname=host,
            cache_directory=cache,
            catcher=os.path.join(cache, "bin", CATCHER),
        )
