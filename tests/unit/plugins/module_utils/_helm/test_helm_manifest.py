# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Manifests as objects: how they are read and compared."""

from __future__ import annotations

import builtins
import typing as t

import pytest
import yaml
from ansible_collections.campus.moodle.plugins.module_utils._helm import _manifest as manifests
from ansible_collections.campus.moodle.plugins.module_utils._helm.storage import HelmError, Release

SECRET = "correct horse"


def config_map(name: str = "web", namespace: str = "", **data: t.Any) -> dict[str, t.Any]:
    """Return an object."""
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **place}, "data": data}


def release(*objects: dict[str, t.Any], hooks: t.Sequence[dict[str, t.Any]] = ()) -> Release:
    """Return a release with objects and hooks."""
    return Release({"manifest": yaml.safe_dump_all(objects), "hooks": [{"manifest": yaml.safe_dump(hook)} for hook in hooks]})


def test_empty_documents_and_comments_are_left_out_and_lists_taken_apart() -> None:
    text = "---\n# Source: site/templates/a.yaml\n---\nkind: List\nitems:\n- kind: A\n- kind: B\n---\nkind: C\n"
    assert [obj["kind"] for obj in manifests.objects(text)] == ["A", "B", "C"]


def test_bad_yaml_is_an_error_without_the_text_that_may_be_secret() -> None:
    with pytest.raises(HelmError, match=r"The values file a\.yaml is not valid YAML in line 2\. Correct it\.") as caught:
        manifests.documents(f"a: 1\npassword: {SECRET}: [\n", "The values file a.yaml")
    assert SECRET not in str(caught.value)


def test_a_missing_pyyaml_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_yaml(name: str, *words: t.Any, **options: t.Any) -> t.Any:
        if name == "yaml":
            raise ImportError(name)
        return real(name, *words, **options)

    monkeypatch.setattr(builtins, "__import__", without_yaml)
    with pytest.raises(HelmError, match="PyYAML is not installed for this Python") as caught:
        manifests.documents("a: 1")
    assert caught.value.details["error"] == "missing_library"


def test_objects_are_compared_by_name_and_not_by_order_or_spelled_out_namespace() -> None:
    before = release(config_map("a"), config_map("b"))
    after = release(config_map("b"), config_map("a", namespace="physics"))
    changed = manifests.differences(before, after, "physics", [{"kind": "ConfigMap", "path": "/metadata/namespace"}])
    assert changed == []


def test_new_gone_and_different_objects_are_found_hooks_among_them() -> None:
    before = release(config_map("gone"), config_map("same"), config_map("other", a=1), hooks=[config_map("hook", a=1)])
    after = release(config_map("new"), config_map("same"), config_map("other", a=2), hooks=[config_map("hook", a=2)])
    found = {title: (old is None, new is None) for title, old, new in manifests.differences(before, after, "physics")}
    assert found == {
        "ConfigMap gone": (False, True),
        "ConfigMap new": (True, False),
        "ConfigMap other": (False, False),
        "hook ConfigMap hook": (False, False),
    }


def test_a_number_in_the_place_of_a_truth_is_a_difference() -> None:
    found = manifests.differences(release(config_map(a=1, b=0)), release(config_map(a=True, b=False)), "physics")
    assert [(change.before["data"], change.after["data"]) for change in found] == [({"a": 1, "b": 0}, {"a": True, "b": False})]  # type: ignore[index]
    assert manifests.differences(release(config_map(a=1)), release(config_map(a=1.0)), "physics") == []


def test_everything_is_new_without_a_release() -> None:
    assert [change.before for change in manifests.differences(None, release(config_map()), "physics")] == [None]


def rule(path: str, kind: str = "Deployment", **more: str) -> dict[str, str]:
    """Return a rule of ignore_differences."""
    return {"kind": kind, "path": path, **more}


DEPLOYMENT: dict[str, t.Any] = {
    "kind": "Deployment",
    "metadata": {"name": "web", "annotations": {"a/b": "1"}},
    "spec": {"replicas": 1, "list": [{"x": 1, "y": 2}, {"x": 3}]},
}
LIVE: dict[str, t.Any] = {"spec": {"replicas": 9, "list": [{"x": 7}, {"x": 8}], "more": 1}, "metadata": {}}


@pytest.mark.parametrize(
    ("path", "without", "grafted"),
    [
        ("/spec/replicas", {"list": [{"x": 1, "y": 2}, {"x": 3}]}, {"replicas": 9, "list": [{"x": 1, "y": 2}, {"x": 3}]}),
        ("/spec/list/*/x", {"replicas": 1, "list": [{"y": 2}, {}]}, {"replicas": 1, "list": [{"x": 7, "y": 2}, {"x": 8}]}),
        ("/spec/list/0", {"replicas": 1, "list": [{"x": 3}]}, {"replicas": 1, "list": [{"x": 7}, {"x": 3}]}),
        ("/spec/none/at/all", DEPLOYMENT["spec"], DEPLOYMENT["spec"]),
        ("/spec/replicas/deep", DEPLOYMENT["spec"], DEPLOYMENT["spec"]),
        ("/spec/*", {}, LIVE["spec"]),
    ],
)
def test_a_rule_leaves_a_part_out_or_takes_it_from_the_live_object(path: str, without: t.Any, grafted: t.Any) -> None:
    assert manifests.without(DEPLOYMENT, [rule(path)])["spec"] == without
    assert manifests.without(DEPLOYMENT, [rule(path)], LIVE)["spec"] == grafted
    assert DEPLOYMENT["spec"]["replicas"] == 1


def test_a_slash_in_a_name_is_written_as_in_a_json_pointer() -> None:
    assert manifests.without(DEPLOYMENT, [rule("/metadata/annotations/a~1b")])["metadata"]["annotations"] == {}


@pytest.mark.parametrize("more", [{"kind": "StatefulSet"}, {"name": "other"}])
def test_a_rule_for_another_object_does_not_matter(more: dict[str, str]) -> None:
    assert manifests.without(DEPLOYMENT, [{**rule("/spec"), **more}]) == DEPLOYMENT


def test_hooks_of_a_rendered_template_are_told_by_their_annotation() -> None:
    text = "kind: A\nmetadata: {name: a}\n---\nkind: B\nmetadata: {name: b, annotations: {helm.sh/hook: pre-install}}\n"
    found = manifests.release_of(text, "name: site\nversion: 1.0.0\nappVersion: '4.5'\n", {"a": 1})
    assert [title for title, _obj in manifests.contents(found, "physics").values()] == ["A a", "hook B b"]
    assert (found.chart, found.values) == (("site", "1.0.0", "4.5"), {"a": 1})
