# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The option runner: which forms it has, what is refused, and what a cluster that does not let one in becomes."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube import exec as containers
from ansible_collections.campus.moodle.plugins.module_utils._kube import options
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.plugins.module_utils._moodle.runner import PROGRAM, runner_of
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

SERVER = {"host": "https://k.example.edu:6443"}


def module(runner: t.Any, **params: t.Any) -> t.Any:
    """Return as much of a module as is needed."""
    return types.SimpleNamespace(params={"runner": runner, "chdir": None, "timeout": 5, **params}, no_log_values=set())


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> tuple[FakeClient, list[dict[str, t.Any]]]:
    """A cluster in memory, and the options with which it was reached."""
    client, reached = FakeClient(), []

    def client_from(params: dict[str, t.Any], _environ: t.Any) -> FakeClient:
        reached.append(params)
        return client

    monkeypatch.setattr(options, "client_from", client_from)
    return client, reached


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["docker", "exec", "-i", "php", "moodle"], ["docker", "exec", "-i", "php", "moodle"]),
        (["docker", "exec", 1], ["docker", "exec", "1"]),
        ("docker,exec", ["docker", "exec"]),
    ],
)
def test_words_are_read_as_those_of_any_module(given: t.Any, words: list[str]) -> None:
    assert runner_of(module(given))[1] == words


def test_a_container_is_reached_with_the_program_of_the_image(cluster: t.Any) -> None:
    client, reached = cluster
    client.answers[f"{PROGRAM} users"] = Result(0, "{}", "")
    run, words = runner_of(module({"pod": "p", "namespace": "n", "kubeconfig": "~/k", "verify_ssl": "no"}))
    assert words == [PROGRAM]
    assert run([*words, "users"], "text") == (0, "{}", "")
    assert (client.calls, client.stdin) == ([("exec", "Pod", f"{PROGRAM} users")], ["text"])
    assert (reached[0]["validate_certs"], reached[0]["api_timeout"], "~" in reached[0]["kubeconfig"]) == (False, 60, False)


def test_the_connection_may_come_from_the_environment_secrets_among_it(cluster: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_HOST", "https://k.example.edu")
    monkeypatch.setenv("K8S_AUTH_API_KEY", "canary")
    runner_of(module({"pod": "p", "command": ["php", "moodle"]}))
    assert (cluster[1][0]["host"], cluster[1][0]["api_key"], cluster[1][0]["command"]) == (
        "https://k.example.edu",
        "canary",
        ["php", "moodle"],
    )


@pytest.mark.parametrize(
    ("given", "params", "part"),
    [
        pytest.param([], {}, "The option runner is empty", id="no words"),
        pytest.param({}, {}, "one of the following is required: pod, deployment, label_selector", id="no place"),
        pytest.param(
            {"pod": "p", "deployment": "d"}, {}, "parameters are mutually exclusive: pod|deployment|label_selector", id="two places"
        ),
        pytest.param({"pod": "p", "conteiner": "c"}, {}, "conteiner", id="unknown key"),
        pytest.param({"pod": "p", "validate_certs": "perhaps"}, {}, "validate_certs", id="wrong type"),
        pytest.param({"pod": "p", "api_key": "canary"}, {}, "must not hold api_key (K8S_AUTH_API_KEY)", id="token"),
        pytest.param({"pod": "p", "proxy": "canary", "password": "canary"}, {}, "K8S_AUTH_PROXY", id="proxy"),
        pytest.param({"pod": "p"}, {"chdir": "/srv"}, "chdir is for a runner that is a list of words", id="directory"),
    ],
)
def test_what_names_no_way_is_refused_in_one_sentence(given: t.Any, params: dict[str, t.Any], part: str) -> None:
    made = module(given, **params)
    with pytest.raises(ToolError) as caught:
        runner_of(made)
    assert made.no_log_values == {"canary"} & set(given.values() if isinstance(given, dict) else ())
    assert part in str(caught.value)
    assert caught.value.details == {"error": "runner"}
    assert "canary" not in str(caught.value)


def test_a_kubeconfig_that_is_not_there_is_a_runner_that_does_not_reach_the_site() -> None:
    with pytest.raises(ToolError, match=r"does not reach the site\. There is no kubeconfig at /no/such") as caught:
        runner_of(module({"pod": "p", "kubeconfig": "/no/such"}))
    assert (caught.value.details["error"], caught.value.details["cluster_error"]) == ("runner", "bad_kubeconfig")


def test_what_the_cluster_refuses_is_told_apart_by_its_own_word(cluster: t.Any) -> None:
    cluster[0].errors["exec", "Pod"] = KubeError("User x may not get pods/exec.", error="forbidden", status=403, verb="get")
    run, words = runner_of(module({"pod": "p"}))
    with pytest.raises(ToolError, match=r"does not reach the site\. User x may not get pods/exec") as caught:
        run(words)
    assert caught.value.details == {"error": "runner", "cluster_error": "forbidden", "status": 403, "reason": "", "verb": "get"}


def test_time_that_is_over_keeps_its_word(cluster: t.Any) -> None:
    cluster[0].errors["exec", "Pod"] = KubeError("Too long.", error="timeout", timed_out=True)
    run, words = runner_of(module({"pod": "p"}))
    with pytest.raises(ToolError, match="ran longer than 5 seconds") as caught:
        run(words)
    assert caught.value.details["error"] == "timed_out"


def test_the_place_has_no_name_of_an_option_of_the_connection() -> None:
    assert not {*containers.ARGUMENTS, "command"} & set(options.KUBE_ARGUMENTS)
