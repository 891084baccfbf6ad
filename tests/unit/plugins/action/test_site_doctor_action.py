# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The control node's part: what it knows of secrets, names and clocks, and where it writes; and the playbook on a machine of nothing."""

from __future__ import annotations

import json
import os
import pathlib
import tarfile
import typing as t

import pytest
from ansible.errors import AnsibleError
from ansible_collections.campus.moodle.plugins.action import site_doctor
from ansible_collections.campus.moodle.tests.unit.fakes import plays

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
    "moodle_secret_settings": {"core": {"x_apikey": CANARY + "setting", "y_apikey": "1", "z_apikey": "{{ nowhere }}"}},
    "moodle_backup_repository": f"s3:https://u:{CANARY}repository@backup.example",
    "moodle_backup_password": CANARY + "backup",
    "moodle_backup_environment": {"AWS_SECRET_ACCESS_KEY": CANARY + "key", "TMPDIR": "services"},
    "moodle_full_name": "{{ nowhere }}",
    "moodle_php_memory": "a lot",
    "moodle_target": "{{ nowhere }}",
    "moodle_database_password": "physics-site",
    "moodle_name": "physics-site",
}


def play(folder: pathlib.Path, *arguments: str, **changes: t.Any) -> tuple[int, str]:
    """Run the playbook where docker is not to be found; return its exit status and what it printed."""
    (folder / "bin").mkdir(exist_ok=True)
    for program in PROGRAMS:
        place = next(path for path in map(pathlib.Path, ("/usr/bin", "/bin")) if (path / program).exists())
        (folder / "bin" / program).symlink_to(place / program)
    variables = {**VARIABLES, "moodle_directory": str(folder / "site"), **changes}
    (folder / "inventory.yml").write_text(json.dumps({"moodle_sites": {"hosts": {"physics": variables}}}), encoding="utf-8")
    places = {"PATH": str(folder / "bin"), "ANSIBLE_LOCAL_TEMP": str(folder / "tmp")}
    return plays.play("doctor", "-i", "inventory.yml", *arguments, folder=folder, **places)


def test_a_machine_with_nothing_gives_an_archive_without_secrets(tmp_path: pathlib.Path) -> None:
    secrets = tmp_path / "site" / "secrets" / "moodle"
    secrets.mkdir(parents=True)
    (secrets / "salt").write_text(CANARY + "salt", encoding="utf-8")
    (tmp_path / "site" / "compose.yml").write_text(
        f"x: {CANARY}salt\nservices: physics-site\nwith: {json.dumps(CANARY + 'setting')}\n", encoding="utf-8"
    )
    status, output = play(tmp_path, "-vvv", "--diff")
    assert status == 0, output
    (path,) = (tmp_path / "support").iterdir()
    assert path.name.startswith("physics-site-physics-2")
    with tarfile.open(path) as archive:
        files = {row.name.partition("/")[2]: t.cast("t.IO[bytes]", archive.extractfile(row)).read().decode() for row in archive}
    assert files["state/compose.yml"] == 'x: ***\nservices: physics-site\nwith: "***"\n'
    assert "Canary" not in output + "".join(files.values())
    said = {row["sentence"]: row["state"] for row in json.loads(files["findings.json"])}
    words = " ".join(said)
    for part in (
        "moodle_full_name cannot be rendered: 'nowhere' is undefined.",
        "moodle_target cannot be rendered: 'nowhere' is undefined.",
        "moodle_php_memory is 'a lot'",
        "The command docker does not exist on the machine",
        "The mail server 127.0.0.1 port 1 (127.0.0.1) does not greet",
        "127.0.0.1 resolves on the machine to 127.0.0.1",
        "127.0.0.1 resolves on the control node to the same",
        "The clock of the machine is",
        "The secret moodle_secret_settings.core.y_apikey is too short",
        "The secret moodle_secret_settings.core.z_apikey cannot be rendered",
        "The secret moodle_database_password is too short or too plain",
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
    assert dict(site_doctor.texts_of("n", value)) == found


def test_one_secret_that_cannot_be_rendered_hides_no_other() -> None:
    def render(value: t.Any) -> t.Any:
        if value == "{{ nowhere }}":
            raise AnsibleError("'nowhere' is undefined")
        return {"inner": "{{ nowhere }}", "other": "c"} if value == "{{ all }}" else value

    value = {"core": {"x": "a", "y": "{{ nowhere }}"}, "more": "{{ all }}"}
    found = {"n.core.x": "a", "n.core.y": None, "n.more.inner": None, "n.more.other": "c"}
    assert dict(site_doctor.texts_of("n", value, render)) == found


@pytest.mark.parametrize(
    ("name", "text", "plain"),
    [
        ("moodle_backup_environment.TMPDIR", "/var/tmp", True),
        ("moodle_backup_environment.AWS_DEFAULT_REGION", "eu-central-1", True),
        ("moodle_backup_environment.AWS_SECRET_ACCESS_KEY", "/var/tmp", False),
        ("moodle_backup_repository", "/srv/backups", True),
        ("moodle_backup_repository", "s3:https://u:p@x", False),
        ("moodle_smtp_password", "/srv/backups", False),
    ],
)
def test_what_stands_among_secrets_and_is_none_is_not_taken_out(name: str, text: str, plain: bool) -> None:
    assert site_doctor.is_plain(name, text) is plain


def test_archives_of_sites_with_one_name_do_not_replace_each_other(tmp_path: pathlib.Path) -> None:
    stems = [site_doctor.stem_of("school", host) for host in ("school", "web1.example", "web2.example")]
    assert stems == ["school", "school-web1-example", "school-web2-example"]
    paths = [site_doctor.write_new(str(tmp_path), "school-1", content) for content in (b"a", b"b", b"c")]
    assert [os.path.basename(path) for path in paths] == ["school-1.tar.gz", "school-1-2.tar.gz", "school-1-3.tar.gz"]
    assert [pathlib.Path(path).read_bytes() for path in paths] == [b"a", b"b", b"c"]
    assert {pathlib.Path(path).stat().st_mode & 0o777 for path in paths} == {0o600}


def test_an_archive_that_cannot_be_written_leaves_nothing(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_words: t.Any, **_options: t.Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(site_doctor, "replace_file", full)
    with pytest.raises(OSError, match="No space"):
        site_doctor.write_new(str(tmp_path), "school", b"a")
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_does_not_resolve_here_is_told() -> None:
    assert site_doctor.addresses_of("127.0.0.1") == {"addresses": ["127.0.0.1"]}
    assert site_doctor.addresses_of("never.example.invalid")["resolve_error"]
    assert site_doctor.addresses_of("") == {"addresses": []}


def test_of_a_repository_elsewhere_the_machine_hears_nothing() -> None:
    assert [site_doctor.folder_of(given) for given in ("/backups", "s3:https://u:p@x", "")] == ["/backups", "elsewhere", ""]
