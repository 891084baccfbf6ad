# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The archive for support: of a site that runs, of one whose PHP is stopped, and of one that was never installed; no secret is in any."""

from __future__ import annotations

import base64
import dataclasses
import json
import pathlib
import secrets
import tarfile
import typing as t
import urllib.parse

import pytest
from support.docker import docker
from support.evidence import Sampler
from support.ports import free_port

if t.TYPE_CHECKING:
    from conftest import FirstRun
    from support.playbook import Run
    from support.site import Site

VISITOR, MAILBOX = "203.0.113.77", "pupil@school.example"
# How a secret may be written, said once more here: the product's own list must not decide what is searched for.
FORMS: tuple[t.Callable[[str], str], ...] = (
    str,
    lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
    lambda value: urllib.parse.quote(value, safe=""),
    urllib.parse.quote_plus,
    lambda value: base64.b64encode(value.encode()).decode().rstrip("="),
    lambda value: base64.b64encode(b"user:" + value.encode()).decode(),
    lambda value: value.encode().hex(),
)


def part(value: str) -> str:
    """Return what Base64 of a user and a secret has of the secret alone."""
    return base64.b64encode(b"user:" + value.encode()).decode()[8:-4]


@dataclasses.dataclass(frozen=True)
class Examined:
    """One run of the playbook: what it printed, its archive, and the command lines that carried a secret."""

    run: Run
    files: dict[str, str]
    path: pathlib.Path
    exposed: set[str]

    def sentences(self, state: str) -> str:
        """Return the sentences of one state."""
        return "\n".join(row["sentence"] for row in json.loads(self.files["findings.json"]) if row["state"] == state)


def examine(site: Site, folder: pathlib.Path, canaries: t.Mapping[str, str], **changes: t.Any) -> Examined:
    """Run the playbook with all output there is."""
    variables = {**site.variables, "moodle_doctor_directory": str(folder), **changes}
    inventory = site.controller.write_inventory({site.name: variables})
    with Sampler(canaries.values()) as sampler:
        run = site.controller.play("doctor", inventory, "-vvv", "--diff", timeout=600)
    assert run.rc == 0, run.reasons
    assert run.total("changed") == 0
    (path,) = folder.iterdir()
    assert (path.stat().st_mode & 0o777, path.name.startswith(f"{site.name}-")) == (0o600, True)
    with tarfile.open(path) as archive:
        files = {row.name.partition("/")[2]: t.cast("t.IO[bytes]", archive.extractfile(row)).read().decode() for row in archive}
    return Examined(run, files, path, sampler.exposed)


def seen(text: str, canaries: t.Mapping[str, str]) -> list[str]:
    """Return the names of the canaries that are in a text, in whichever form."""
    return sorted(name for name, value in canaries.items() if any(form(value) in text for form in (*FORMS, part)))


@pytest.fixture(scope="module")
def canaries(site: Site, first_run: tuple[Site, FirstRun]) -> dict[str, str]:
    """A value for every kind of secret, with characters that formats escape where that is allowed."""
    made = ("smtp_password", "secret_setting", "backup_password", "backup_key", "backup_repository", "unknown")
    planted = {path.name: path.read_text(encoding="utf-8").strip() for path in site.secrets.iterdir()}
    return {**planted, **{name: f'Canary-{name[:3]}"/+ {secrets.token_hex(8)}' for name in made}}


@pytest.fixture(scope="module")
def given(canaries: dict[str, str]) -> dict[str, t.Any]:
    """The variables of the inventory that are secrets, and a mail server that is not there."""
    return {
        "moodle_smtp_host": "127.0.0.1",
        "moodle_smtp_port": free_port(),
        "moodle_smtp_password": canaries["smtp_password"],
        "moodle_secret_settings": {"core": {"e2e_apikey": canaries["secret_setting"]}},
        "moodle_backup_repository": f"rest:https://backup:{canaries['backup_repository']}@backup.example/",
        "moodle_backup_password": canaries["backup_password"],
        "moodle_backup_environment": {"AWS_SECRET_ACCESS_KEY": canaries["backup_key"]},
    }


@pytest.fixture(scope="module")
def talkative(site: Site, canaries: dict[str, str]) -> t.Iterator[None]:
    """A container of the site that has secrets in its environment, its command and its log, in all forms."""
    lines = [form(value) for value in canaries.values() for form in FORMS if value != canaries["unknown"]]
    unknown = canaries["unknown"]
    lines += [
        f"Authorization: Basic {unknown}",
        f"Cookie: MoodleSession={unknown}",
        f"password={json.dumps(unknown)}",
        f"{VISITOR} - - GET /login/token.php?wstoken={urllib.parse.quote(unknown, safe='')}&page=1 for {MAILBOX}",
        f"redis://user:{urllib.parse.quote(unknown, safe='')}@cache:6379",
        f"-----BEGIN PRIVATE KEY-----\n{base64.b64encode(unknown.encode() * 3).decode()}\n-----END PRIVATE KEY-----",
    ]
    labels = [f"--label=com.docker.compose.{key}" for key in (f"project={site.project}", "service=talkative", "oneoff=False")]
    image = site.container("php")["Config"]["Image"]
    environment = [f"--env=PLAIN={canaries['salt']}", f"--env=SOME_APIKEY={unknown}"]
    words = ["sh", "-c", 'printf "%s\\n" "$@"; exec sleep 1000', "--", *lines]
    name = docker("run", "--detach", *labels, *environment, "--entrypoint=", image, *words)
    yield
    docker("rm", "--force", "--volumes", name)


@pytest.fixture(scope="module")
def examined(
    site: Site, canaries: dict[str, str], given: dict[str, t.Any], talkative: None, tmp_path_factory: pytest.TempPathFactory
) -> Examined:
    """The site that runs, with a mail server that is not there."""
    before = site.identities()
    result = examine(site, tmp_path_factory.mktemp("support"), canaries, **given)
    assert site.identities() == before
    return result


def test_the_canaries_were_there(site: Site, canaries: dict[str, str], examined: Examined) -> None:
    """Were they not, the search below would prove nothing."""
    (log,) = [text for name, text in examined.files.items() if name.startswith("logs/") and "page=1" in text]
    assert log.count("***") > len(canaries) * len(FORMS) / 2
    assert (log.count("address-"), log.count("@pseudonym.invalid")) == (1, 1)
    assert '"PLAIN=***"' in examined.files["state/inspect.json"]
    assert '"SOME_APIKEY=***"' in examined.files["state/inspect.json"]


def test_no_secret_is_in_the_archive(canaries: dict[str, str], examined: Examined) -> None:
    assert {name: found for name, text in examined.files.items() if (found := seen(name + text, canaries))} == {}
    # The command line of the test's own container has them, too, and no visitor writes there.
    logs = "".join(text for name, text in examined.files.items() if name.startswith("logs/"))
    assert [who for who in (VISITOR, MAILBOX) if who in logs] == []


def test_no_secret_is_in_the_output_or_on_a_command_line(canaries: dict[str, str], examined: Examined) -> None:
    assert seen(examined.run.output, {**canaries}) == []
    assert {line for line in examined.exposed if "sleep 1000" not in line} == set()


def test_everything_was_collected(site: Site, examined: Examined) -> None:
    missing = set(json.loads(examined.files["failures.json"]))
    # Not every machine has systemd.
    assert missing <= {"logs/journal.log"}
    assert all(name in examined.files["README.txt"] for name in examined.files if name != "README.txt")
    assert {f"logs/{container['Name'].lstrip('/')}.log" for container in site.containers()} <= set(examined.files)
    versions = json.loads(examined.files["versions/programs.json"])
    assert versions["php"].startswith("PHP ")
    assert "PostgreSQL" in versions["postgres"]
    assert "v=" in versions["valkey-sessions"]
    assert json.loads(examined.files["versions/machine.json"])["control_node"]["ansible-core"]
    assert json.loads(examined.files["versions/image.json"])
    volumes = json.loads(examined.files["state/volumes.json"])
    assert volumes[f"{site.project}_moodledata"] != "N/A"
    # The compose file is still what it is: it refers to secrets, and has none.
    definition = (site.directory / "compose.yml").read_text(encoding="utf-8").splitlines()
    collected = examined.files["state/compose.yml"].splitlines()
    assert [line for line in definition if line not in collected and "campus.moodle.secrets" not in line] == []


def test_each_proof_has_a_sentence(site: Site, examined: Examined) -> None:
    fine, problems = examined.sentences("fine"), examined.sentences("problem")
    for words in (
        "resolves on the machine to 127.0.0.1",
        "The clock of the machine",
        "memory available",
        "The disk of Docker",
        "containers run",
    ):
        assert words in fine, examined.run.output[-4000:]
    assert f"{site.url} answers with" in fine
    assert "The mail server 127.0.0.1 port" in problems
    assert "Connection refused" in problems
    assert "Cron started" in fine + problems
    assert "on another machine" in examined.sentences("unknown")
    shown = " ".join(examined.run.output.split())
    assert f"Archive {examined.path}" in shown


def test_a_site_whose_php_is_stopped(site: Site, canaries: dict[str, str], given: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    stopped = site.container("php")
    docker("stop", stopped["Id"])
    try:
        result = examine(site, tmp_path, canaries, **given)
    finally:
        docker("start", stopped["Id"])
        site.wait_until_healthy(120)
        site.wait_until_ready(60)
    name = stopped["Name"].lstrip("/")
    assert f"The container {name} is exited" in result.sentences("problem")
    assert result.files[f"logs/{name}.log"]
    assert seen(result.run.output + "".join(result.files.values()), canaries) == []


def test_a_site_that_was_never_installed(make_site: t.Callable[..., Site], canaries: dict[str, str], tmp_path: pathlib.Path) -> None:
    never = make_site("e2e-never")
    result = examine(never, tmp_path, canaries, moodle_smtp_password=canaries["smtp_password"], moodle_branch="9.9")
    assert "The site was never installed on this machine" in result.sentences("problem")
    assert "moodle_branch is '9.9'" in result.sentences("problem")
    assert not never.directory.exists()
    assert seen(result.run.output + "".join(result.files.values()), canaries) == []
