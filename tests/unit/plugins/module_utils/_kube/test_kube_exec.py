# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Commands in a container as programs of this host: which pod is taken, and how a command ends that does not end by itself."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.plugins.module_utils._kube.exec import runner
from ansible_collections.campus.moodle.plugins.module_utils._kube.objects import selector_of
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

Object = dict[str, t.Any]
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "php"},
    "spec": {"selector": {"matchLabels": {"app": "php"}}},
}


def pod(name: str, created: str = "2026-01-01T00:00:00Z", *, ready: bool = True, phase: str = "Running", **metadata: t.Any) -> Object:
    """Return a pod of the deployment."""
    conditions = [{"type": "Ready", "status": str(ready)}]
    about = {"name": name, "labels": {"app": "php"}, "creationTimestamp": created, **metadata}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": about, "status": {"phase": phase, "conditions": conditions}}


OLD, NEW = pod("old"), pod("new", "2026-01-02T00:00:00Z")
NOT_READY = pod("not-ready", "2026-01-03T00:00:00Z", ready=False)
GOING = pod("going", "2026-01-04T00:00:00Z", deletionTimestamp="2026-01-05T00:00:00Z", finalizers=["x"])
PENDING = pod("pending", "2026-01-04T00:00:00Z", phase="Pending")


def where(client: FakeClient, **place: t.Any) -> tuple[str, str]:
    """Run a command and return the namespace and the pod in which it ran."""
    found: list[tuple[str, str]] = []
    real = client.exec

    def spying(namespace: str, pod: str, command: t.Sequence[str], **options: t.Any) -> Result:
        assert options["container"] == place.get("container")
        found.append((namespace, pod))
        return real(namespace, pod, command, **options)

    client.exec = spying  # type: ignore[method-assign]
    run = runner(t.cast("t.Any", client), place, timeout=5)
    assert run(["ls"]) == run(["ls"]) == Result(0, "", "")
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize(
    ("pods", "taken"),
    [
        ([OLD, NEW], "new"),
        ([NEW, OLD], "new"),
        ([OLD, NOT_READY, GOING, PENDING], "old"),
        ([NOT_READY, PENDING], "not-ready"),
    ],
)
@pytest.mark.parametrize("place", [{"deployment": "php"}, {"label_selector": "app=php"}])
def test_the_youngest_of_the_ready_pods_is_taken(place: Object, pods: list[Object], taken: str) -> None:
    other = pod("other", "2026-01-09T00:00:00Z", labels={"app": "postgres"})
    assert where(FakeClient(DEPLOYMENT, other, *pods, namespace="moodle"), **place) == ("moodle", taken)


def test_a_named_pod_is_taken_unseen_and_in_its_namespace() -> None:
    client = FakeClient()
    assert where(client, pod="p", namespace="n", container="main") == ("n", "p")
    assert client.reads == []


@pytest.mark.parametrize(
    ("objects", "place", "error", "sentence"),
    [
        ([], {"deployment": "php"}, "not_found", "There is no Deployment php in namespace default."),
        ([DEPLOYMENT], {"deployment": "php"}, "not_ready", "No pod of Deployment php runs in namespace default: there is none."),
        (
            [PENDING, GOING],
            {"label_selector": "app=php"},
            "not_ready",
            "No pod with the labels app=php runs in namespace default: Pod going: it is being deleted; Pod pending: its phase is Pending.",
        ),
    ],
)
def test_where_no_pod_runs_the_reason_is_given(objects: list[Object], place: Object, error: str, sentence: str) -> None:
    with pytest.raises(KubeError) as caught:
        where(FakeClient(*objects), **place)
    assert (str(caught.value), caught.value.error) == (sentence, error)


def test_words_and_text_reach_the_container_and_its_result_comes_back() -> None:
    client = FakeClient()
    client.answers["moodle users"] = Result(4, "out", "err")
    assert runner(t.cast("t.Any", client), {"pod": "p"}, timeout=5)(["moodle", "users"], "text") == (4, "out", "err")
    assert (client.calls, client.stdin) == ([("exec", "Pod", "moodle users")], ["text"])


def test_a_command_that_takes_too_long_ends_with_the_word_for_programs() -> None:
    client = FakeClient()
    client.errors["exec", "Pod"] = KubeError("Cannot.", error="timeout", timed_out=True, stdout="", stderr="half")
    with pytest.raises(ToolError, match=r"The command moodle 'a b' in Pod p in namespace default ran longer than 5 seconds") as caught:
        runner(t.cast("t.Any", client), {"pod": "p"}, timeout=5)(["moodle", "a b"])
    assert {name: caught.value.details[name] for name in ("error", "timed_out", "stderr")} == {
        "error": "timed_out",
        "timed_out": True,
        "stderr": "half",
    }


def test_a_command_that_was_killed_ends_with_the_word_for_programs() -> None:
    client = FakeClient()
    client.answers["moodle"] = Result(137, "o" * 3000, "e")
    with pytest.raises(ToolError, match=r"in Pod p in namespace default was killed after 0 seconds \(exit status 137\)") as caught:
        runner(t.cast("t.Any", client), {"pod": "p"}, timeout=0)(["moodle"])
    assert (caught.value.details["error"], len(caught.value.details["stdout"])) == ("killed", 2000)


def test_what_the_cluster_refuses_is_an_error_as_it_is() -> None:
    client = FakeClient()
    client.errors["exec", "Pod"] = KubeError("No.", error="forbidden")
    with pytest.raises(KubeError, match="No"):
        runner(t.cast("t.Any", client), {"pod": "p"}, timeout=5)(["moodle"])


def test_a_selector_becomes_a_query() -> None:
    rows = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "tier", "operator": "NotIn", "values": ["c"]},
        {"key": "x", "operator": "Exists"},
        {"key": "y", "operator": "DoesNotExist"},
    ]
    selector = {"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": rows}
    assert selector_of({"spec": {"selector": selector}}) == "a=1,b=2,tier in (a,b),tier notin (c),x,!y"
    assert selector_of({}) == ""
