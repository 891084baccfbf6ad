# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""A second site on the same machine: for development, and in the other layout where the payload has it."""

from __future__ import annotations

import contextlib
import functools
import json
import pathlib
import socket
import typing as t

import requests
from support.docker import docker
from support.wait import wait_for
from support.web import User

if t.TYPE_CHECKING:
    from support.payload import Payload
    from support.site import Site


def test_both_sites_work_and_share_nothing(site: Site, neighbour: Site) -> None:
    assert site.is_ready()
    assert neighbour.is_ready()
    assert set(site.volumes()).isdisjoint(neighbour.volumes())
    networks = [{name for c in one.containers() for name in c["NetworkSettings"]["Networks"]} for one in (site, neighbour)]
    assert networks[0].isdisjoint(networks[1])


def test_each_site_has_its_own_users(site: Site, neighbour: Site, admin_password: str) -> None:
    generated = (neighbour.secrets / "admin_password").read_text(encoding="utf-8").strip()
    assert len(generated) >= 16
    assert generated != admin_password
    user = User(neighbour.url)
    user.login("admin", generated)
    assert user.sesskey
    stranger = User(neighbour.url)
    stranger.login("admin", admin_password)
    assert not stranger.sesskey


def test_second_run_of_the_neighbour_changes_nothing(site: Site, neighbour: Site) -> None:
    before = site.identities()
    run = neighbour.deploy()
    assert (run.rc, run.changed_tasks) == (0, [])
    assert site.identities() == before


def test_layout_of_the_neighbour(neighbour: Site, payload: Payload) -> None:
    facts = neighbour.moodle("info")
    assert facts["layout"] == ("public" if payload.public else "classic")
    assert facts["branch"] == neighbour.variables["moodle_branch"]


def test_development_publishes_its_services_on_loopback(neighbour: Site) -> None:
    names = ("moodle_http_port", "moodle_database_host_port", "moodle_session_host_port", "moodle_mail_smtp_port", "moodle_mail_http_port")
    for name in names:
        with contextlib.closing(socket.create_connection(("127.0.0.1", neighbour.variables[name]), timeout=5)):
            pass
    bindings = [
        binding["HostIp"]
        for container in neighbour.containers()
        for group in (container["HostConfig"]["PortBindings"] or {}).values()
        for binding in group or []
    ]
    assert set(bindings) == {"127.0.0.1"}
    assert len(bindings) == len(names)


# Sends one mail to the server that Moodle's settings name, word by word; SMTP needs no more.
SEND = """
define('CLI_SCRIPT', true); require '/srv/moodle/config.php';
$server = stream_socket_client('tcp://' . $CFG->smtphosts, $code, $message, 10) ?: exit(1);
$mail = "Subject: Message of the e2e tier\\r\\n\\r\\ntext\\r\\n.";
foreach (['HELO site', 'MAIL FROM:<e2e@example.org>', 'RCPT TO:<e2e@example.org>', 'DATA', $mail, 'QUIT'] as $line) {
    fgets($server);
    fwrite($server, $line . "\\r\\n");
}
stream_get_contents($server);
"""


def caught(site: Site, text: str) -> list[dict[str, t.Any]]:
    """Return the messages in the site's mail catcher that contain a text."""
    messages = requests.get(f"http://127.0.0.1:{site.variables['moodle_mail_http_port']}/api/v2/messages", timeout=10).json()["items"]
    return [message for message in messages if text in json.dumps(message)]


def test_mail_ends_in_the_catcher(neighbour: Site) -> None:
    neighbour.execute("php", "/opt/campus-moodle/bin/moodle", "exec", "php", "-r", SEND)
    found = wait_for(lambda: caught(neighbour, "Message of the e2e tier"), seconds=20, what="the arrival of a mail in the catcher")
    assert len(found) == 1


def changed_from(site: Site, before: str) -> str:
    """Return what the page that is edited shows; nothing while it is as before."""
    shown = site.answer("/e2e.php").text
    return "" if shown == before else shown


def test_code_can_be_edited_live(neighbour: Site, code_directory: pathlib.Path) -> None:
    page = code_directory / ("public" if (code_directory / "public").is_dir() else ".") / "e2e.php"
    shown = neighbour.answer("/e2e.php").text
    for text in ("first version", "second version"):
        page.write_text(f"<?php echo '{text}';", encoding="utf-8")
        shown = wait_for(functools.partial(changed_from, neighbour, shown), seconds=10, what=f"the {text} of a page")
        assert shown == text
    page.unlink()


def test_containers_of_both_sites_carry_their_site_in_the_name(site: Site, neighbour: Site) -> None:
    names = docker("ps", "--format", "{{.Names}}").split()
    for one in (site, neighbour):
        assert len([name for name in names if name.startswith(f"{one.project}-")]) >= len(one.containers())
