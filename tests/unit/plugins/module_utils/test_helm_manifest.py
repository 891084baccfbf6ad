# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Manifests as objects: how they are read, compared, and shown without secrets."""

from __future__ import annotations

import base64
import builtins
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils import _helm_manifest as manifests
from ansible_collections.campus.moodle.plugins.module_utils._helm_manifest import Change, Mask, digest_of
from ansible_collections.campus.moodle.plugins.module_utils._helm_storage import HelmError, Release

SECRET = "correct horse"


def config_map(name: str = "web", namespace: str = "", **data: t.Any) -> dict[str, t.Any]:
    """Return an object."""
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **place}, "data": data}


def release(*objects: dict[str, t.Any], hooks: t.Sequence[dict[str, t.Any]] = ()) -> Release:
    """Return a release with objects and hooks."""
    dump = manifests._yaml().safe_dump_all
    return Release({"manifest": dump(list(objects)), "hooks": [{"manifest": dump([hook])} for hook in hooks]})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("Off", False),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-0x1F", -31),
        ("0644", 420),
        ("0o17", 15),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("12:30", "12:30"),
        ("2026-01-02", "2026-01-02"),
        ("'12'", "12"),
        ("1.2.3", "1.2.3"),
        ("=", "="),
    ],
)
def test_scalars_are_what_helm_takes_them_for(text: str, value: t.Any) -> None:
    found = manifests.documents(f"a: {text}")[0]["a"]
    assert (found, type(found)) == (value, type(value))


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
    with pytest.raises(HelmError, match="needs the Python library PyYAML") as caught:
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


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"postgres://web:{SECRET}@db",
        "postgres://web:correct%20horse@db",
        base64.b64encode(SECRET.encode()).decode(),
        f"two lines\n  password={SECRET}",
    ],
)
def test_a_secret_is_hidden_wherever_it_is(text: str) -> None:
    mask = Mask([SECRET])
    shown = mask.tree({"env": [{"value": text}], text: 1})
    assert SECRET not in str(shown) and text not in str(shown)
    assert digest_of(SECRET) in mask.text(text)


def test_each_line_of_a_key_is_hidden() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----\n"
    assert "MIIEvQ" not in Mask([key]).text(f"config: |\n    {'    '.join(key.splitlines(keepends=True))}")


def test_a_short_secret_is_hidden_as_a_value_and_not_in_words() -> None:
    assert Mask(["a", 12]).tree({"one": "a", "two": 12, "three": "banana", "four": "12"}) == {
        "one": digest_of("a"),
        "two": digest_of("12"),
        "three": "banana",
        "four": digest_of("12"),
    }


def test_what_is_no_secret_is_not_taken_for_one() -> None:
    mask = Mask([None, True, "", False])
    assert mask.tree({"a": True, "b": None, "c": ""}) == {"a": True, "b": None, "c": ""}
    assert mask.text("True") == "True"


def test_the_data_of_a_secret_is_always_hidden() -> None:
    shown = Mask([]).tree({"kind": "Secret", "data": {"a": "eA=="}, "stringData": {"b": "y", "c": "VALUE_HIDDEN (after)"}})
    assert shown == {"kind": "Secret", "data": {"a": digest_of("eA==")}, "stringData": {"b": digest_of("y"), "c": "VALUE_HIDDEN (after)"}}


def test_a_change_of_a_secret_is_seen_and_its_values_are_not() -> None:
    rows = manifests.shown(
        [Change("ConfigMap web", config_map(a="former value"), config_map(a="new value"))], Mask(["former value", "new value"])
    )
    assert rows[0]["before_header"] == "ConfigMap web (stored)"
    assert rows[0]["before"] != rows[0]["after"]
    assert "value" not in rows[0]["before"] + rows[0]["after"]


def test_values_are_hidden_with_their_names_kept() -> None:
    assert manifests.hidden({"a": {"b": ["text", True, None]}, "c": 5}) == {
        "a": {"b": [digest_of("text"), True, None]},
        "c": digest_of("5"),
    }


def test_hooks_of_a_rendered_template_are_told_by_their_annotation() -> None:
    text = "kind: A\nmetadata: {name: a}\n---\nkind: B\nmetadata: {name: b, annotations: {helm.sh/hook: pre-install}}\n"
    found = manifests.release_of(text, "name: site\nversion: 1.0.0\nappVersion: '4.5'\n", {"a": 1})
    assert [title for title, _obj in manifests.contents(found, "physics").values()] == ["A a", "hook B b"]
    assert (found.chart, found.values) == (("site", "1.0.0", "4.5"), {"a": 1})
