# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The action that reads the variables of a host, and of those that stand before it in the inventory."""

from __future__ import annotations

import pathlib
import typing as t
from unittest import mock

import pytest
from ansible.errors import AnsibleUndefinedVariable
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.campus.moodle.plugins.action.site_spec import ActionModule

LOCAL = {"ansible_connection": "local"}


def run(inventory: dict[str, dict[str, t.Any]], host: str, purpose: str = "site", **more: t.Any) -> dict[str, t.Any]:
    """Run the action for one host of an inventory."""
    hostvars = {
        name: {"inventory_hostname": name, "moodle_hostname": f"{name}.example.edu", **variables} for name, variables in inventory.items()
    }
    task_vars = {**hostvars[host], "hostvars": hostvars, "groups": {"moodle_sites": list(inventory)}, **more}
    task = mock.MagicMock(args={"purpose": purpose}, async_val=0, check_mode=False, diff=False)
    loader = DataLoader()
    action = ActionModule(
        task=task,
        connection=mock.MagicMock(),
        play_context=mock.MagicMock(),
        loader=loader,
        templar=Templar(loader=loader, variables=task_vars),
        shared_loader_obj=mock.MagicMock(),
    )
    return action.run(task_vars=task_vars)


def test_one_site_is_described() -> None:
    result = run({"physics": LOCAL}, "physics")
    assert not result.get("failed")
    assert result["spec"]["url"] == "http://physics.example.edu:18080"


def test_the_first_of_two_sites_with_the_same_port_has_it() -> None:
    inventory = {"physics": LOCAL, "law": LOCAL}
    assert not run(inventory, "physics").get("failed")
    result = run(inventory, "law")
    assert (result["failed"], result["error"]) == (True, "description")
    assert result["problems"] == [
        "moodle_http_port is 18080, which is moodle_http_port of the site physics on the same machine; give each its own port."
    ]


def test_sites_of_two_machines_do_not_meet() -> None:
    assert not run({"physics": {"ansible_host": "vm1"}, "law": {"ansible_host": "vm2"}}, "law").get("failed")
    assert run({"physics": {"ansible_host": "vm1"}, "law": {"ansible_host": "vm1"}}, "law")["failed"]


def test_hosts_that_would_share_a_project_are_told_apart() -> None:
    result = run({"a.b": LOCAL, "a-b": {**LOCAL, "moodle_http_port": 18081}}, "a-b")
    assert len(result["problems"]) == 1
    assert "a-b and a.b are sites of one machine with the same name 'a-b'" in result["problems"][0]
    assert not run({"a.b": LOCAL, "a-b": {**LOCAL, "moodle_http_port": 18081, "moodle_name": "second"}}, "a-b").get("failed")


def test_a_neighbour_with_problems_of_its_own_is_left_to_its_own_turn() -> None:
    assert not run({"physics": {**LOCAL, "moodle_branch": "9.9"}, "law": LOCAL}, "law").get("failed")


class Secretive(dict[str, t.Any]):
    """Variables of a host, of which one must not be read."""

    def __getitem__(self, name: str) -> t.Any:
        assert name != "moodle_smtp_password", "a secret of another site was rendered"
        return super().__getitem__(name)


def test_secrets_of_a_neighbour_are_not_rendered() -> None:
    variables = {"physics": {**LOCAL, "moodle_smtp_password": "CANARY", "moodle_admin_password": "Canary-1"}, "law": LOCAL}
    hostvars = {
        name: Secretive({"inventory_hostname": name, "moodle_hostname": f"{name}.example.edu", **rows}) for name, rows in variables.items()
    }
    result = run(variables, "law", hostvars=hostvars)
    assert "physics" in result["problems"][0]
    assert "CANARY" not in repr(result)


@pytest.mark.parametrize("content", [b"", b"No certificate."])
def test_a_certificate_is_read_from_where_the_inventory_is(tmp_path: pathlib.Path, content: bytes) -> None:
    for name in ("site.pem", "site.key"):
        (tmp_path / name).write_bytes(content)
    tls = {"moodle_tls": "certificate", "moodle_tls_certificate": "site.pem", "moodle_tls_private_key": "site.key"}
    result = run({"physics": {**LOCAL, **tls}}, "physics", inventory_dir=str(tmp_path))
    assert [sentence.split(",")[0] for sentence in result["problems"]] == [
        "moodle_tls_certificate is 'site.pem'",
        "moodle_tls_private_key is 'site.key'",
    ]


class Unrenderable(dict[str, t.Any]):
    """Variables of a host, of which one cannot be rendered."""

    def get(self, name: str, default: t.Any = None) -> t.Any:
        if name == "ansible_host":
            raise AnsibleUndefinedVariable("'nowhere' is undefined")
        return super().get(name, default)


def test_an_address_that_cannot_be_rendered_fails_its_own_site_only() -> None:
    inventory: dict[str, dict[str, t.Any]] = {"physics": {}, "law": {}}
    hostvars = {"physics": Unrenderable(), "law": {"moodle_hostname": "law.example.edu"}}
    assert not run(inventory, "law", hostvars=hostvars).get("failed")
    assert run(inventory, "physics", hostvars=hostvars)["problems"] == [
        "The address of the inventory host physics cannot be rendered: 'nowhere' is undefined."
    ]


def test_the_download_directory_is_rendered() -> None:
    variables = {**LOCAL, "base": "/srv/cache", "moodle_download_directory": trust_as_template("{{ base }}"), "moodle_mail_catcher": True}
    assert "'/srv/cache/bin/mailhog-" in run({"physics": variables}, "physics")["problems"][0]


def test_what_removal_does_not_read_is_not_rendered() -> None:
    broken = {"moodle_smtp_host": trust_as_template("{{ nowhere }}"), "moodle_http_port": "http"}
    result = run({"physics": LOCAL, "law": {**LOCAL, **broken}}, "law", purpose="removal")
    assert (result.get("failed"), result["spec"]["directory"]) == (None, "/opt/moodle/law")


def test_removal_does_not_touch_the_directory_of_another_site() -> None:
    inventory = {"physics": {**LOCAL, "moodle_branch": "3.9"}, "law": {**LOCAL, "moodle_directory": "/opt/moodle"}}
    assert "the site physics on the same machine has" in run(inventory, "law", purpose="removal")["problems"][0]


def test_variables_of_the_inventory_plugin_are_left_alone() -> None:
    given = {"moodle_site": {"name": "physics"}, "moodle_runner": trust_as_template("{{ nowhere }}")}
    inventory = {"physics": {**LOCAL, **given}, "law": {**LOCAL, **given, "moodle_http_port": 18081}}
    assert [run(inventory, host).get("failed") for host in inventory] == [None, None]


def test_for_support_a_description_may_have_problems() -> None:
    """What cannot be rendered is a sentence, and the rest of the description is there, also where neighbours clash."""
    broken = {"moodle_full_name": trust_as_template("{{ nowhere }}"), "moodle_branch": "9.9"}
    result = run({"physics": {**LOCAL, **broken}}, "physics", purpose="doctor")
    assert not result.get("failed")
    assert [sentence.split(",")[0] for sentence in result["problems"]] == [
        "moodle_full_name cannot be rendered: 'nowhere' is undefined.",
        "moodle_branch is '9.9'",
    ]
    assert result["spec"]["full_name"] == "Moodle physics"
    assert result["spec"]["target"]["visit"]["port"] == 18080
    target = run({"physics": {**LOCAL, "moodle_target": trust_as_template("{{ nowhere }}")}}, "physics", purpose="doctor")
    assert target["problems"] == ["moodle_target cannot be rendered: 'nowhere' is undefined."]
    assert target["spec"]["target"]["name"] == "compose"
    assert "same machine" in run({"physics": LOCAL, "law": LOCAL}, "law", purpose="doctor")["problems"][0]
