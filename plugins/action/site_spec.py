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
from ansible_collections.campus.moodle.plugins.module_utils._image.packages import CATCHER
from ansible_collections.campus.moodle.plugins.module_utils._moodle.branches import BRANCHES
from ansible_collections.campus.moodle.plugins.module_utils._site import _neighbours as neighbours
from ansible_collections.campus.moodle.plugins.module_utils._site import describe as _site_spec
from ansible_collections.campus.moodle.plugins.module_utils._site._checks import SCOPES, Scope

ARGUMENT_SPECS = Path(__file__).resolve().parents[2] / "roles" / "site" / "meta" / "argument_specs.yml"
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


def described_by(variables: t.Mapping[str, t.Any], scope: Scope) -> dict[str, t.Any]:
    """Return the moodle_* variables of another host that count, without rendering its secrets."""
    names = [name for name in variables if name.startswith(_site_spec.PREFIX) and scope.reads(name) and name not in _site_spec.RESERVED]
    given = {name: variables[name] for name in names if name not in _site_spec.SECRETS}
    return {**given, **{name: PLACEHOLDER for name in names if name in _site_spec.SECRETS and name != "moodle_secret_settings"}}


class ActionModule(ActionBase):
    """Runs on the control node alone; reads only, so it is the same in check mode."""

    _requires_connection = False

    def run(self, tmp: t.Optional[str] = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> dict[str, t.Any]:
        """Return the description, or fail with every problem."""
        result = super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec({"purpose": {"default": "site", "choices": list(SCOPES)}})
        variables, options, purpose = task_vars or {}, self._options(), arguments["purpose"]
        host = str(variables["inventory_hostname"])
        given = self._rendered(variables, SCOPES[purpose])
        outcome = _site_spec.build_spec(options, given, self._surroundings(variables, given, host), purpose)
        problems = outcome.problems
        if not problems:
            problems = self._clashes(options, variables, neighbours.claim_of(host, outcome.spec), purpose)
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

    def _rendered(self, variables: t.Mapping[str, t.Any], scope: Scope) -> dict[str, t.Any]:
        """Return all moodle_* variables of this host; those that count are rendered, since only they have to be right."""
        given = {name: value for name, value in variables.items() if name.startswith(_site_spec.PREFIX)}
        count = {name: value for name, value in given.items() if scope.reads(name) and name not in _site_spec.RESERVED}
        return {**given, **self._templar.template(count)}

    @staticmethod
    def _options() -> dict[str, _site_spec.Option]:
        with ARGUMENT_SPECS.open(encoding="utf-8") as file:
            return _site_spec.load_options(yaml.safe_load(file))

    def _clashes(
        self, options: dict[str, _site_spec.Option], variables: t.Mapping[str, t.Any], mine: neighbours.Claim, purpose: str
    ) -> list[str]:
        """Return a sentence for each thing that an earlier site of the same machine has already."""
        try:
            machine = neighbours.machine_of(mine.host, variables["hostvars"][mine.host])
        except AnsibleError as error:
            return [f"The address of the inventory host {mine.host} cannot be rendered: {error}."]
        return list(neighbours.clashes(mine, self._earlier_sites(options, variables, mine.host, machine, purpose)))

    def _earlier_sites(
        self,
        options: dict[str, _site_spec.Option],
        task_vars: t.Mapping[str, t.Any],
        host: str,
        machine: tuple[str, str],
        purpose: str,
    ) -> t.Iterator[neighbours.Claim]:
        """Describe the sites that stand before this one in the inventory and live on the same machine."""
        hostvars = task_vars["hostvars"]
        for other in itertools.takewhile(lambda name: name != host, task_vars["groups"].get(GROUP, [])):
            try:
                if neighbours.machine_of(other, hostvars[other]) != machine:
                    continue
                given = described_by(hostvars[other], SCOPES[purpose])
            except AnsibleError:
                continue  # it cannot be rendered here; its own turn says so
            outcome = _site_spec.build_spec(options, given, self._surroundings(hostvars[other], given, other), purpose)
            if not outcome.problems:
                yield neighbours.claim_of(other, outcome.spec)

    @staticmethod
    def _surroundings(variables: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any], host: str) -> _site_spec.Surroundings:
        """Return the surroundings of a site, from what Ansible says of its host and from its rendered moodle_* variables."""
        cache = given.get("moodle_download_directory") or os.environ.get("MOODLE_CACHE") or "~/.cache/campus.moodle"
        cache = os.path.expanduser(str(cache))
        directories = [variables.get("inventory_dir"), variables.get("playbook_dir"), os.getcwd()]
        return _site_spec.Surroundings(
            branches=BRANCHES,
            find=finder([directory for directory in directories if directory]),
            read=content_of,
            now=datetime.datetime.now(tz=datetime.timezone.utc),
            inventory_hostname=host,
            cache_directory=cache,
            catcher=os.path.join(cache, "bin", CATCHER),
        )
