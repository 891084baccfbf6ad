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
from ansible_collections.campus.moodle.plugins.module_utils._site import describe as site
from ansible_collections.campus.moodle.plugins.module_utils._site import options as site_options
from ansible_collections.campus.moodle.plugins.module_utils._site.describe import TARGET
from ansible_collections.campus.moodle.plugins.module_utils._site.setting_names import secret_rule
from ansible_collections.campus.moodle.plugins.module_utils._site.surroundings import Surroundings
from ansible_collections.campus.moodle.plugins.module_utils._site.targets.target import Claims, Neighbour
from ansible_collections.campus.moodle.plugins.plugin_utils._image.tables import table_of

ROLES = Path(__file__).resolve().parents[2] / "roles"
ARGUMENT_SPECS = ROLES / "site" / "meta" / "argument_specs.yml"
GROUP = "moodle_sites"
Variables = t.Mapping[str, t.Any]


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


class ActionModule(ActionBase):
    """Runs on the control node alone; reads only, so it is the same in check mode."""

    _requires_connection = False

    def run(self, tmp: t.Optional[str] = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> dict[str, t.Any]:
        """Return the description, or fail with every problem."""
        result = super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec({"purpose": {"default": "site", "choices": list(site.PURPOSES)}})
        variables, options, purpose = task_vars or {}, self._options(), arguments["purpose"]
        host = str(variables["inventory_hostname"])
        given, unrendered = self._rendered(options, variables, purpose)
        described = site.describe(options, given, self._surroundings(variables, given, host), purpose)
        problems = [*unrendered, *described.problems] or self._clashes(options, variables, Neighbour(host, described.spec), purpose)
        result.update(changed=False, warnings=described.warnings)
        if purpose in site.WITH_PROBLEMS:
            result.update(spec=described.spec, problems=problems)
            return result
        if problems:
            listed = "\n".join(f"- {problem}" for problem in problems)
            result.update(
                failed=True,
                error="description",
                problems=problems,
                msg=f"The description of this site has {len(problems)} problem(s); nothing was changed.\n{listed}",
            )
            return result
        result.update(spec=described.spec)
        return result

    def _rendered(self, options: site_options.Options, variables: Variables, purpose: str) -> tuple[dict[str, t.Any], list[str]]:
        """Return all moodle_* variables of this host; those that count are rendered, since only they have to be right.

        One that cannot be rendered ends the task, or is left out with a sentence where a description may have problems.
        """
        given = {name: value for name, value in variables.items() if name.startswith(site_options.PREFIX)}
        unrendered: list[str] = []
        # First which target it is, since that decides which of the others count.
        self._render(given, {TARGET}, purpose, unrendered)
        self._render(given, {option.name for option in site.counts(options, given, purpose)} - {TARGET}, purpose, unrendered)
        return given, unrendered

    def _render(self, given: dict[str, t.Any], names: set[str], purpose: str, unrendered: list[str]) -> None:
        for name in sorted(names & set(given)):
            try:
                given[name] = self._templar.template(given[name])
            except AnsibleError as error:
                if purpose not in site.WITH_PROBLEMS:
                    raise
                # The variable itself stays known, so that nothing calls it missing.
                given[name] = None
                unrendered.append(f"{name} cannot be rendered: {str(error).rstrip('.')}.")

    @staticmethod
    def _options() -> dict[str, site_options.Option]:
        with ARGUMENT_SPECS.open(encoding="utf-8") as file:
            return site_options.load_options(yaml.safe_load(file))

    def _clashes(self, options: site_options.Options, variables: Variables, mine: Neighbour, purpose: str) -> list[str]:
        """Return a sentence for each thing that an earlier site of the same place has already."""
        claims = site.TARGETS[mine.spec["target"]["name"]].claims
        try:
            place = claims.place(mine.host, variables["hostvars"][mine.host])
        except AnsibleError as error:
            return [f"The address of the inventory host {mine.host} cannot be rendered: {str(error).rstrip('.')}."]
        return list(claims.clashes(mine, self._earlier_sites(options, variables, mine, claims, place, purpose)))

    def _earlier_sites(
        self,
        options: site_options.Options,
        task_vars: Variables,
        mine: Neighbour,
        claims: Claims,
        place: t.Hashable,
        purpose: str,
    ) -> t.Iterator[Neighbour]:
        """Describe the sites of the same target that stand before this one in the inventory, in the same place."""
        hostvars = task_vars["hostvars"]
        for other in itertools.takewhile(lambda name: name != mine.host, task_vars["groups"].get(GROUP, [])):
            try:
                if claims.place(other, hostvars[other]) != place:
                    continue
                given, hidden = self._of_neighbour(options, hostvars[other], purpose)
            except AnsibleError:
                continue  # it cannot be rendered here; its own turn says so
            described = site.describe(options, given, self._surroundings(hostvars[other], given, other), purpose, hidden=hidden)
            if not described.problems and described.spec["target"]["name"] == mine.spec["target"]["name"]:
                yield Neighbour(other, described.spec)

    @staticmethod
    def _of_neighbour(options: site_options.Options, variables: Variables, purpose: str) -> tuple[dict[str, t.Any], set[str]]:
        """Return the moodle_* variables of another host that count, and the names of its secrets, which are not rendered."""
        names = {name for name in variables if name.startswith(site_options.PREFIX)} - set(site_options.RESERVED)
        if purpose != "site":
            names &= {option.name for option in site.counts(options, {TARGET: variables.get(TARGET)}, purpose)}
        hidden = names & set(site.SECRETS)
        return {name: variables[name] for name in names - hidden}, hidden

    @staticmethod
    def _surroundings(variables: Variables, given: Variables, host: str) -> Surroundings:
        """Return the surroundings of a site, from what Ansible says of its host and from its rendered moodle_* variables."""
        cache = given.get("moodle_download_directory") or os.environ.get("MOODLE_CACHE") or "~/.cache/campus.moodle"
        cache = os.path.expanduser(str(cache))
        directories = [variables.get("inventory_dir"), variables.get("playbook_dir"), os.getcwd()]
        return Surroundings(
            branches=BRANCHES,
            find=finder([directory for directory in directories if directory]),
            read=content_of,
            now=datetime.datetime.now(tz=datetime.timezone.utc),
            inventory_hostname=host,
            cache_directory=cache,
            catcher=os.path.join(cache, "bin", CATCHER),
            is_secret_setting=secret_rule(table_of("secret-names.json")),
            image_variables=table_of("environment.json"),
        )
