# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The command lines for Helm 3 and 4, and what real ones have said when they failed."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._helm._chart import Chart
from ansible_collections.campus.moodle.plugins.module_utils._helm._failure import failure, reason_of
from ansible_collections.campus.moodle.plugins.module_utils._helm.cli import MINIMUM, Helm, arguments
from ansible_collections.campus.moodle.plugins.module_utils._helm.storage import HelmError
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.helm_fakes import RECORDS, FakeRun

FIXED = ["--install", "--reset-values", "--skip-crds", "--output=json"]


def helm_of(run: FakeRun) -> Helm:
    """Return a client for a stand-in."""
    return Helm(run, "helm", "web", namespace="physics", timeout=60)


@pytest.mark.parametrize(
    ("verb", "options", "three", "four"),
    [
        ("upgrade", {}, FIXED, FIXED),
        (
            "upgrade",
            {"namespace": "a b", "timeout": 5},
            ["--namespace=a b", "--timeout=5s", *FIXED],
            ["--namespace=a b", "--timeout=5s", *FIXED],
        ),
        ("upgrade", {"wait": True}, ["--wait", *FIXED], ["--wait=watcher", *FIXED]),
        ("upgrade", {"wait": False, "take_ownership": False, "description": None}, FIXED, FIXED),
        ("upgrade", {"history_max": 0}, ["--history-max=0", *FIXED], ["--history-max=0", *FIXED]),
        ("upgrade", {"server_side": "auto", "force_conflicts": True}, FIXED, ["--server-side=auto", "--force-conflicts", *FIXED]),
        ("upgrade", {"labels": "a/b=c", "dry_run": "server"}, ["--labels=a/b=c", "--dry-run=server", *FIXED], None),
        ("rollback", {"create_namespace": True, "labels": "a=b", "history_max": 3}, ["--history-max=3"], None),
        ("rollback", {"server_side": "true", "description": "x"}, [], ["--server-side=true"]),
        ("uninstall", {"keep_history": True, "wait": True}, ["--wait", "--keep-history"], ["--wait=watcher", "--keep-history"]),
        ("test", {"namespace": "a", "timeout": 1, "wait": True}, ["--namespace=a", "--timeout=1s"], None),
        (
            "pull",
            {"namespace": "a", "repo_url": "https://a", "version": "1", "plain_http": True},
            ["--repo=https://a", "--version=1", "--plain-http"],
            None,
        ),
        (
            "template",
            {"namespace": "a", "timeout": 1, "kube_version": "v1"},
            ["--namespace=a", "--kube-version=v1", "--include-crds"],
            None,
        ),
    ],
)
def test_options_become_the_arguments_of_each_helm(
    verb: str, options: dict[str, t.Any], three: list[str], four: t.Optional[list[str]]
) -> None:
    assert arguments(verb, 3, options) == three
    assert arguments(verb, 4, options) == (three if four is None else four)


def test_a_preview_is_the_real_command_with_one_more_option() -> None:
    run = FakeRun(upgrade=Result(0, '{"name": "web"}', ""))
    helm = helm_of(run)
    options = {"create_namespace": True, "server_side": "auto"}
    assert helm.render("/chart", '{"a": 1}', ["one", "two"], **options) == {"name": "web"}
    helm.upgrade("/chart", '{"a": 1}', ["one", "two"], **options)
    preview, real = run.commands[1:]
    assert [word for word in preview if word != "--dry-run=server"] == real
    assert real[-6:] == ["--values=one", "--values=two", "--values=-", "--", "web", "/chart"]
    assert run.texts[1:] == ['{"a": 1}'] * 2


def test_a_hook_of_values_is_never_in_a_command() -> None:
    run = FakeRun(upgrade=Result(0, "{}", ""))
    helm = helm_of(run)
    helm.render("/chart", '{"password": "hidden"}', [])
    assert "hidden" not in str(helm.commands) and helm.commands == run.commands


def test_the_version_is_asked_once_and_a_newer_major_is_taken_for_4() -> None:
    run = FakeRun(version=Result(0, "v5.1.0\n", ""))
    helm = helm_of(run)
    assert (helm.major, helm.version, helm.major) == (4, "5.1.0", 4)
    assert len(run.commands) == 1


@pytest.mark.parametrize("option", sorted(MINIMUM))
def test_an_option_that_this_helm_lacks_is_refused(option: str) -> None:
    run = FakeRun(version=Result(0, "v3.9.0", ""))
    with pytest.raises(HelmError, match=f"Option {option if option == 'state' else 'state'} needs helm 3.15.0") as caught:
        helm_of(run).require([option])
    assert caught.value.details["error"] == "unsupported_option"


def test_the_option_that_needs_more_is_named() -> None:
    run = FakeRun(version=Result(0, "v3.16.0", ""))
    helm_of(run).require([])
    with pytest.raises(HelmError, match=r"Option take_ownership needs helm 3\.17\.0 or newer, and this host has helm 3\.16\.0"):
        helm_of(run).require(["take_ownership"])


@pytest.mark.parametrize("answer", ["hello", "", '&version.Version{SemVer:"v2.17.0"}'])
def test_a_program_that_is_no_helm_is_named(answer: str) -> None:
    with pytest.raises(HelmError, match="does not print its version"):
        helm_of(FakeRun(version=Result(0, answer, ""))).require([])


# What each record is about, where its name does not say it.
KEYS = {"chart_not_found_repo_name": "chart_not_found", "hook_timeout": "timeout"}
CASES = [(major, name, text) for major, record in sorted(RECORDS.items()) for name, text in sorted(record["failures"].items())]


@pytest.mark.parametrize(("major", "name", "text"), CASES, ids=[f"helm{major}-{name}" for major, name, _text in CASES])
def test_what_real_helms_have_said_is_understood(major: int, name: str, text: str) -> None:
    verb = "pull" if name.startswith("chart_") else "upgrade"
    error = failure(verb, "web", reason_of(Result(1, "", text)), ["helm"])
    assert error.details["error"] == KEYS.get(name, name)
    assert str(error).startswith(f"helm {verb} of release web failed: ")
    assert "level=WARN" not in str(error) and "Error:" not in str(error) and "FAILED:" not in str(error)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress", "pending"),
        ("Secret is invalid: data: Too long: must have at most 1048576 bytes", "too_large"),
        ("UPGRADE FAILED: pre-upgrade hooks failed: 1 error occurred:\n\t* job web failed: BackoffLimitExceeded", "hook_failed"),
        ("INSTALLATION FAILED: failed post-install: resource Job/a/b not ready. status: Failed", "hook_failed"),
        ("failed pre-install: timed out waiting for the condition", "timeout"),
        ("found in Chart.yaml, but missing in charts/ directory: postgresql", "chart_invalid"),
        ("something new", "helm_failed"),
    ],
)
def test_a_failure_has_a_key(text: str, key: str) -> None:
    assert failure("upgrade", "web", text, ["helm", "upgrade"]).details["error"] == key


def test_an_unknown_failure_shows_the_command() -> None:
    assert "The command was: helm upgrade 'a b'" in str(failure("upgrade", "web", "something new", ["helm", "upgrade", "a b"]))


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (Result(1, "", "Error: one\nError: two\n"), "two"),
        (Result(1, "out", ""), "out"),
        (Result(7, "", ""), "exit status 7 without a word"),
        (Result(1, "", "level=ERROR msg=a\ntime=1 level=WARN msg=b\nError: UPGRADE FAILED: c\n"), "c"),
    ],
)
def test_the_reason_is_found_in_what_helm_printed(result: Result, words: str) -> None:
    assert reason_of(result) == words


def test_secrets_in_what_helm_says_are_hidden() -> None:
    helm = helm_of(FakeRun(upgrade=Result(1, "", "Error: at '/password': hunter2 is wrong")))
    helm.hide = lambda text: text.replace("hunter2", "***")
    with pytest.raises(HelmError, match=r"'/password': \*\*\* is wrong"):
        helm.upgrade("/chart", "{}", [])


def test_output_that_is_no_json_is_an_error() -> None:
    with pytest.raises(HelmError, match="printed something else than JSON: 'hello'") as caught:
        helm_of(FakeRun(upgrade=Result(0, "hello", ""))).render("/chart", "{}", [])
    assert caught.value.details["error"] == "unparsable"


@pytest.mark.parametrize(
    ("cut", "key", "words"),
    [
        ({"timed_out": True}, "timeout", "was ended because it took too long"),
        ({"timed_out": False, "error": "killed"}, "killed", "was killed, mostly by the kernel"),
    ],
)
def test_a_helm_that_did_not_end_by_itself_is_reported_without_what_it_printed(cut: dict[str, t.Any], key: str, words: str) -> None:
    helm = helm_of(FakeRun(upgrade=ToolError("ended", stdout="the whole release", stderr="hunter22", **cut)))
    helm.hide = lambda text: text.replace("hunter22", "hidden")
    with pytest.raises(HelmError, match=words) as caught:
        helm.upgrade("/chart", "{}", [])
    assert caught.value.details == {"error": key, "stderr": "hidden"}


def test_a_helm_that_does_not_start_is_reported_as_it_is() -> None:
    with pytest.raises(ToolError, match="not there"):
        helm_of(FakeRun(test=ToolError("not there"))).test()


@pytest.mark.parametrize(
    ("chart", "arguments_", "ref"),
    [
        (Chart("site", "https://a", "1.0.0"), ["--repo=https://a", "--version=1.0.0"], "site"),
        (Chart("oci://a/site", None, "1.0.0"), ["--version=1.0.0"], "oci://a/site"),
        (Chart("oci://a/site", None, "1.0.0", "sha256:1"), [], "oci://a/site@sha256:1"),
        (Chart("site", "https://a", None, "sha256:1"), ["--repo=https://a"], "site"),
    ],
)
def test_a_chart_is_downloaded_by_what_names_it(tmp_path: pathlib.Path, chart: Chart, arguments_: list[str], ref: str) -> None:
    def leave_archive() -> Result:
        (tmp_path / "site-1.0.0.tgz").touch()
        return Result(0, "", "")

    run = FakeRun(pull=leave_archive)
    assert helm_of(run).pull(chart, str(tmp_path)) == str(tmp_path / "site-1.0.0.tgz")
    assert run.commands[-1] == ["helm", "pull", *arguments_, f"--destination={tmp_path}", "--", ref]


def test_a_download_that_leaves_nothing_is_an_error(tmp_path: pathlib.Path) -> None:
    with pytest.raises(HelmError, match="left 0 archives"):
        helm_of(FakeRun()).pull(Chart("site"), str(tmp_path))
