# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The control node's part: what it knows of secrets, names and clocks, and where it writes; and the playbook on a machine of nothing."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tarfile
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.action import site_doctor

# What Ansible itself runs, and what is asked; not docker.
PROGRAMS = ("sh", "sleep", "mkdir", "chmod", "rm", "date", "df", "timeout")
CANARY = "Canary-'1/\"x"
VARIABLES = {
    "ansible_connection": "local",
    "ansible_become": False,
    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    "moodle_hostname": "127.0.0.1",
    "moodle_smtp_host": "127.0.0.1",
    "moodle_smtp_port": 1,
    "moodle_smtp_password": CANARY + "smtp",
    "moodle_admin_password": CANARY + "A",
    "moodle_secret_settings": {"core": {"x_apikey": CANARY + "setting", "y_apikey": "1"}},
    "moodle_backup_repository": f"s3:https://u:{CANARY}repository@backup.example",
    "moodle_backup_password": CANARY + "backup",
    "moodle_backup_environment": {"AWS_SECRET_ACCESS_KEY": CANARY + "key"},
    "moodle_full_name": "{{ nowhere }}",
    "moodle_php_memory": "a lot",
}


def play(folder: pathlib.Path, *arguments: str, **changes: t.Any) -> tuple[int, str]:
    """Run the playbook where docker is not to be found; return its exit status and what it printed."""
    (folder / "bin").mkdir(exist_ok=True)
    for program in PROGRAMS:
        place = next(path for path in map(pathlib.Path, ("/usr/bin", "/bin")) if (path / program).exists())
        (folder / "bin" / program).symlink_to(place / program)
    variables = {**VARIABLES, "moodle_directory": str(folder / "site"), **changes}
    (folder / "inventory.yml").write_text(json.dumps({"moodle_sites": {"hosts": {"physics": variables}}}), encoding="utf-8")
    done = subprocess.run(
        [f"{pathlib.Path(sys.executable).parent}/ansible-playbook", "campus.moodle.doctor", "-i", "inventory.yml", *arguments],
        cwd=folder,
        env={**os.environ, "ANSIBLE_NOCOLOR": "true", "PATH": str(folder / "bin"), "ANSIBLE_LOCAL_TEMP": str(folder / "tmp")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_machine_with_nothing_gives_an_archive_without_secrets(tmp_path: pathlib.Path) -> None:
    secrets = tmp_path / "site" / "secrets" / "moodle"
    secrets.mkdir(parents=True)
    (secrets / "salt").write_text(CANARY + "salt", encoding="utf-8")
    (tmp_path / "site" / "compose.yml").write_text(f"x: {CANARY}salt\nwith: {json.dumps(CANARY + 'setting')}\n", encoding="utf-8")
    status, output = play(tmp_path, "-vvv", "--diff")
    assert status == 0, output
    (path,) = (tmp_path / "support").iterdir()
    with tarfile.open(path) as archive:
        files = {row.name.partition("/")[2]: t.cast("t.IO[bytes]", archive.extractfile(row)).read().decode() for row in archive}
    assert files["state/compose.yml"] == 'x: ***\nwith: "***"\n'
    assert "Canary" not in output + "".join(files.values())
    said = {row["sentence"]: row["state"] for row in json.loads(files["findings.json"])}
    words = " ".join(said)
    for part in (
        "moodle_full_name cannot be rendered: 'nowhere' is undefined.",
        "moodle_php_memory is 'a lot'",
        "The command docker does not exist on the machine",
        "The mail server 127.0.0.1 port 1 (127.0.0.1) does not greet",
        "127.0.0.1 resolves on the machine to 127.0.0.1",
        "127.0.0.1 resolves on the control node to the same",
        "The clock of the machine is",
        "The secret moodle_secret_settings.core.y_apikey is too short",
        "The backups are kept on another machine",
    ):
        assert part in words, output
    assert ((tmp_path / "support").stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)


def test_in_check_mode_nothing_is_written(tmp_path: pathlib.Path) -> None:
    status, output = play(tmp_path, "--check")
    assert status == 0, output
    assert "none, since this is check mode" in output
    assert not (tmp_path / "support").exists()


def test_a_folder_that_cannot_be_made_is_refused_before_anything_else(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    status, output = play(tmp_path, moodle_doctor_directory=str(tmp_path / "file" / "support"))
    assert status != 0
    assert "which cannot be created (Not a directory)" in output


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"core": {"x": "a", "y": 5, "z": True, "none": None}}, {"n.core.x": "a", "n.core.y": "5"}),
        (["a", {"b": "c"}], {"n.0": "a", "n.1.b": "c"}),
        ("a", {"n": "a"}),
        (None, {}),
    ],
)
def test_every_text_of_a_secret_is_one(value: t.Any, found: dict[str, str]) -> None:
    assert dict(site_doctor.plain_values("n", value)) == found


def test_a_name_that_does_not_resolve_here_is_told() -> None:
    assert site_doctor.addresses_of("127.0.0.1") == {"addresses": ["127.0.0.1"]}
    assert site_doctor.addresses_of("never.example.invalid")["resolve_error"]
    assert site_doctor.addresses_of("") == {"addresses": []}


def test_of_a_repository_elsewhere_the_machine_hears_nothing() -> None:
    assert [site_doctor.folder_of(given) for given in ("/backups", "s3:https://u:p@x", "")] == ["/backups", "elsewhere", ""]
