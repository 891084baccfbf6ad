# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The steps of a build, with stand-ins for docker and mmdebstrap; programs that fail; what was sent to the machine."""

from __future__ import annotations

import os
import tarfile
import threading
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._image import _command as command
from ansible_collections.campus.moodle.plugins.module_utils._image import build, engine, sent
from ansible_collections.campus.moodle.plugins.module_utils._image.errors import BuildError
from ansible_collections.campus.moodle.plugins.module_utils._image.inputs import Inputs
from ansible_collections.campus.moodle.plugins.plugin_utils._image import bundle
from ansible_collections.campus.moodle.plugins.plugin_utils._image.plan import make
from ansible_collections.campus.moodle.tests.unit.fakes.image_programs import Programs


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """docker and mmdebstrap as this test wants them."""
    found = Programs(tmp_path / "programs")
    monkeypatch.setenv("PATH", f"{found.bin}:{os.environ['PATH']}")
    return found


@pytest.fixture
def images(moodle: Callable[..., Path], tmp_path: Path) -> dict[str, Any]:
    """What the images are made of."""
    plan = make(Inputs(source=str(moodle()), cache_directory=str(tmp_path / "cache")))
    assert plan["problems"] == []
    return plan["build_spec"]


@pytest.fixture
def step(images: dict[str, Any], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Takes a step for some of the images, all by default."""

    def take(name: str, *, check: bool = False, of: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        return build.run({"name": name, "images": of or images, "cache": str(tmp_path / "machine"), **more}, check_mode=check)

    return take


def references(images: dict[str, Any]) -> set[str]:
    return {image["reference"] for image in images.values()}


def test_a_build_from_nothing_to_both_images(programs: Programs, images: dict[str, Any], step: Callable[..., Any], tmp_path: Path) -> None:
    assert step("find") == {"changed": False, "missing": ["site", "services"], "facts": {}, "lacking": []}
    assert step("bases")["missing"] == ["site", "services"]
    assert programs.images() == {image["base"]["reference"] for image in images.values()}
    made = step("images")
    assert made["changed"]
    assert made["missing"] == []
    assert (made["facts"]["branch"], made["facts"]["release"]) == ("4.5", "4.5.5+ (Build: 20250613)")
    assert made["facts"]["size_bytes"] > made["facts"]["compressed_bytes"] > 0
    assert programs.images() == references(images) | {image["base"]["reference"] for image in images.values()}
    log = (tmp_path / "machine" / build.LOG).read_text()
    for line in ("site: bootstrapping Debian bookworm", "services: bootstrapping Debian trixie", "  site: I: running"):
        assert line in log
    assert {words[words.index("--network") + 1] for words in programs.calls("build")} == {"none"}


def test_what_is_there_is_not_built_again(programs: Programs, images: dict[str, Any], step: Callable[..., Any]) -> None:
    step("images")
    before = len(programs.calls("build"))
    found = step("find")
    assert (found["missing"], found["facts"]["tag"]) == ([], images["site"]["reference"])
    # Another build was quicker.
    step("images")
    assert len(programs.calls("build")) == before


def test_one_image_alone_is_built_on_a_base_that_is_there(programs: Programs, images: dict[str, Any], step: Callable[..., Any]) -> None:
    step("bases")
    services = {"services": images["services"]}
    step("bases", of=services)
    assert step("images", of=services)["facts"] == {}
    assert len(programs.calls("import")) == 2
    assert step("find")["missing"] == ["site"]


@pytest.mark.parametrize(
    ("how", "error", "sentence"),
    [
        (
            "unreachable",
            "build_failed",
            "Could not bootstrap Debian bookworm: mmdebstrap ended with status 1: I: running | E: apt-get update",
        ),
        ("full", "build_failed", "Could not import the image campus.moodle/base:.*no space left on device"),
    ],
)
def test_a_step_that_fails_leaves_no_name_and_can_be_taken_again(
    programs: Programs, images: dict[str, Any], step: Callable[..., Any], how: str, error: str, sentence: str
) -> None:
    programs.fail(how)
    with pytest.raises(BuildError, match=sentence) as raised:
        step("bases")
    assert raised.value.details["error"] == error
    assert programs.images() == set()
    programs.mend()
    step("bases")
    assert programs.images() == {image["base"]["reference"] for image in images.values()}


def test_one_image_that_fails_does_not_keep_the_other_from_its_end(
    programs: Programs, images: dict[str, Any], step: Callable[..., Any]
) -> None:
    images["site"]["source"]["path"] = "/nowhere/gone.tgz"
    with pytest.raises(BuildError, match=r"gone\.tgz does not exist"):
        step("images")
    assert step("find")["missing"] == ["site"]


def test_a_log_that_cannot_be_written_is_a_sentence(programs: Programs, step: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "machine").write_text("a file where a folder is needed")
    with pytest.raises(BuildError, match=r"The images cannot be built: .*machine"):
        step("bases")


def test_a_missing_engine_is_a_sentence_and_in_check_mode_everything_is_missing(programs: Programs, step: Callable[..., Any]) -> None:
    programs.fail("down")
    with pytest.raises(BuildError, match="container engine does not answer") as raised:
        step("find")
    assert raised.value.details["error"] == "no_engine"
    assert step("find", check=True)["missing"] == ["site", "services"]
    with pytest.raises(BuildError, match="container engine does not answer"):
        engine.Engine("docker-that-is-not-there").check()


def test_a_missing_program_is_named(build_error: type[Exception]) -> None:
    with pytest.raises(build_error, match="Cannot try: the program not-there is not installed on this machine"):
        command.run(["not-there"], "try")


def test_a_failing_program_is_named(build_error: type[Exception]) -> None:
    with pytest.raises(build_error, match="Could not try: sh ended with status 3: the reason"):
        command.run(["sh", "-c", "echo the reason; exit 3"], "try")


def test_a_program_that_ends_before_it_has_read_everything_tells_why(build_error: type[Exception]) -> None:
    with pytest.raises(build_error, match="Could not try: sh ended with status 4: full"):
        command.run(["sh", "-c", "echo full; exit 4"], "try", feed=lambda pipe: [pipe.write(b"x" * 65536) for _ in range(64)] and None)


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        # It had more to write, so what read from it is the reason.
        ("yes", "the reader failed"),
        # It ended well.
        ("echo done", "the reader failed"),
        # It ended too early, which is why the reader failed.
        ("echo half; echo the mirror is away >&2; exit 5", "Could not write: sh ended with status 5: the mirror is away"),
    ],
)
def test_of_two_programs_the_one_that_failed_first_is_named(build_error: type[Exception], script: str, sentence: str) -> None:
    def read(pipe: Any) -> None:
        pipe.readline()
        raise BuildError("the reader failed")

    with pytest.raises(build_error, match=sentence):
        command.run(["sh", "-c", script], "write", take=read)


def test_two_builds_on_one_base_take_turns(tmp_path: Path) -> None:
    order: list[str] = []
    entered = threading.Event()

    def second() -> None:
        entered.wait()
        with build._alone(tmp_path, "campus.moodle/base:x"):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with build._alone(tmp_path, "campus.moodle/base:x"):
        entered.set()
        thread.join(0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


@pytest.fixture
def more_input(images: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """What the images are made of, with a plugin behind private headers, one on the control node, a pack and a mail catcher."""
    for name in ("plugin.zip", "de.zip", "mailhog", "headers"):
        (tmp_path / name).write_text(name)
    at = {name: str(tmp_path / name) for name in ("plugin.zip", "de.zip", "mailhog", "headers")}
    images["site"]["plugins"] = [
        {"component": "mod_a", "version": "1", "sha256": "b" * 64, "path": at["plugin.zip"], "url": "", "headers_file": ""},
        {
            "component": "mod_b",
            "version": "1",
            "sha256": "c" * 64,
            "path": "",
            "url": "https://example.edu/b.zip",
            "headers_file": at["headers"],
        },
    ]
    images["site"]["languages"] = [{"code": "de", "branch": "4.5", "url": "", "path": at["de.zip"], "sha256": "d" * 64}]
    images["services"]["mail_catcher"] = {"path": at["mailhog"], "sha256": "e" * 64}
    return images


def test_everything_travels_in_one_archive(more_input: dict[str, Any], tmp_path: Path) -> None:
    archives = bundle.archives(more_input)
    assert {name.partition("-")[2] for name in archives} == {"moodle.tgz", "plugin.zip", "de.zip", "mailhog"}
    packed = tmp_path / "input.tar"
    packed_spec = bundle.pack(more_input, list(archives), packed)
    assert packed.stat().st_mode & 0o077 == 0
    cache = tmp_path / "machine"
    with sent.unpacked(str(packed), packed_spec, cache) as here:
        site, services = here["site"], here["services"]
        assert Path(site["rootfs"], "opt/campus-moodle/bin/moodle").is_file()
        assert os.access(Path(site["rootfs"], "opt/campus-moodle/bin/moodle"), os.X_OK)
        assert Path(services["files"], "opt/campus-services/bin/service").is_file()
        for image in (site, services):
            assert Path(image["base"]["scripts"], "before.sh").is_file()
        assert Path(site["plugins"][1]["headers_file"]).read_text() == "headers"
        assert (site["plugins"][0]["headers_file"], site["plugins"][1]["path"]) == ("", "")
        assert [Path(place["path"]).read_text() for place in (site["plugins"][0], site["languages"][0], services["mail_catcher"])] == [
            "plugin.zip",
            "de.zip",
            "mailhog",
        ]
        assert site["reference"] == more_input["site"]["reference"]
        workspace = Path(site["rootfs"]).parents[2]
    # Archives stay, all else goes.
    assert {path.name for path in (cache / "downloads").iterdir()} == set(archives)
    assert not workspace.exists()


def test_an_archive_that_the_machine_has_does_not_travel(
    programs: Programs, images: dict[str, Any], step: Callable[..., Any], tmp_path: Path
) -> None:
    archives = bundle.archives(images)
    (name,) = archives
    packed_spec = bundle.pack(images, step("find", archives=archives)["lacking"], tmp_path / "first.tar")
    step("images", of=packed_spec, bundle=str(tmp_path / "first.tar"))
    assert step("find", archives=archives)["lacking"] == []
    bundle.pack(images, [], tmp_path / "second.tar")
    names = []
    for packed in ("first.tar", "second.tar"):
        with tarfile.open(tmp_path / packed) as archive:
            names.append({member for member in archive.getnames() if member.startswith("downloads/")})
    assert names == [{f"downloads/{name}"}, set()]
    # One that was damaged counts as lacking.
    (tmp_path / "machine" / "downloads" / name).write_text("damaged")
    assert step("find", archives=archives)["lacking"] == [name]


def test_a_directory_travels_without_what_no_image_gets(images: dict[str, Any], tmp_path: Path) -> None:
    code = tmp_path / "code"
    for name in ("version.php", ".git/config", "lib/setup.php"):
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).write_text(name)
    images["site"]["source"]["path"] = str(code)
    packed_spec = bundle.pack(images, [], tmp_path / "input.tar")
    with sent.unpacked(str(tmp_path / "input.tar"), packed_spec, tmp_path / "machine") as here:
        there = Path(here["site"]["source"]["path"])
        assert {str(path.relative_to(there)) for path in there.rglob("*") if path.is_file()} == {"version.php", "lib/setup.php"}


def test_an_input_that_has_gone_meanwhile_is_named(images: dict[str, Any], tmp_path: Path) -> None:
    images["site"]["source"]["path"] = str(tmp_path / "gone.tgz")
    with pytest.raises(OSError, match=r"gone\.tgz"):
        bundle.pack(images, [], tmp_path / "input.tar")
