# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What the API server answers, as sentences and keys. The messages were recorded from Kubernetes 1.34.1."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import error_of, names_an_object, status_of

CASES: list[tuple[str, int, dict[str, t.Any] | str, str, str, dict[str, t.Any]]] = [
    (
        "role",
        403,
        {
            "message": 'deployments.apps "web" is forbidden: User "jane" cannot patch resource "deployments" '
            'in API group "apps" in the namespace "n"'
        },
        "forbidden",
        "user jane may not patch deployments.apps in namespace n",
        {"user": "jane", "verb": "patch", "resource": "deployments.apps", "namespace": "n"},
    ),
    (
        "role for the whole cluster",
        403,
        {"message": 'secrets is forbidden: User "system:sa:a:b" cannot list resource "secrets" in API group "" at the cluster'},
        "forbidden",
        "user system:sa:a:b may not list secrets in the whole cluster",
        {"namespace": None},
    ),
    (
        "path",
        403,
        {"message": 'forbidden: User "system:anonymous" cannot get path "/version"'},
        "forbidden",
        "may not get /version in the whole cluster. The request had no credentials",
        {"resource": "/version"},
    ),
    (
        "quota",
        403,
        {"message": 'configmaps "b" is forbidden: exceeded quota: one, requested: count/configmaps=1, used: 1, limited: 1'},
        "denied",
        "exceeded quota: one",
        {},
    ),
    ("token", 401, {"message": "Unauthorized"}, "unauthorized", "does not accept the credentials: the token is expired or wrong", {}),
    (
        "other manager",
        409,
        {
            "reason": "Conflict",
            "message": 'Apply failed with 1 conflict: conflict with "kubectl" using apps/v1: .spec.replicas',
            "details": {
                "causes": [
                    {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl" using apps/v1', "field": ".spec.replicas"},
                    {"reason": "FieldManagerConflict", "message": 'conflict with "hpa"', "field": ".spec.x"},
                ]
            },
        },
        "conflict",
        ".spec.replicas (set by kubectl), .spec.x (set by hpa)",
        {"conflicts": [{"manager": "kubectl", "field": ".spec.replicas"}, {"manager": "hpa", "field": ".spec.x"}]},
    ),
    (
        "old version",
        409,
        {"reason": "Conflict", "message": 'Operation cannot be fulfilled on configmaps "a": the object has been modified'},
        "conflict",
        "it was changed meanwhile",
        {"conflicts": []},
    ),
    ("exists", 409, {"reason": "AlreadyExists", "message": 'configmaps "a" already exists'}, "already_exists", "it exists already", {}),
    (
        "undeclared field in an apply",
        500,
        {"message": "failed to create typed patch object (n/web; apps/v1, Kind=Deployment): .spec.replicaz: field not declared in schema"},
        "invalid",
        "the API knows no field spec.replicaz",
        {"unknown_fields": ["spec.replicaz"]},
    ),
    (
        "undeclared fields in a create",
        400,
        {"message": 'ConfigMap in version "v1" cannot be handled: strict decoding error: unknown field "foo", unknown field "bar"'},
        "invalid",
        "the API knows no field foo, bar",
        {"unknown_fields": ["foo", "bar"]},
    ),
    (
        "wrong type in an apply",
        500,
        {"message": "failed to create typed patch object (n/a; /v1, Kind=ConfigMap): .data.x: expected string, got &{Value:7}"},
        "invalid",
        ".data.x: expected string",
        {"unknown_fields": []},
    ),
    (
        "immutable",
        422,
        {
            "message": 'Deployment.apps "web" is invalid: spec.selector: field is immutable',
            "details": {"causes": [{"field": "spec.selector"}]},
        },
        "invalid",
        "spec.selector: field is immutable",
        {"fields": ["spec.selector"]},
    ),
    ("failure", 500, {"message": "nil pointer"}, "server_error", "nil pointer. This is a failure of the API server", {}),
    ("too large", 413, {"message": "Request entity too large: limit is 3145728"}, "too_large", "limit is 3145728", {}),
    ("page of a proxy", 502, "<html>\n<h1>Bad Gateway</h1>", "server_error", "<html> <h1>Bad Gateway</h1>", {}),
    ("nothing", 504, "", "server_error", "HTTP status 504", {}),
]


@pytest.mark.parametrize(("status", "answer", "key", "words", "details"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_an_answer_becomes_a_sentence_and_a_key(
    status: int, answer: dict[str, t.Any] | str, key: str, words: str, details: dict[str, t.Any]
) -> None:
    body = json.dumps({"kind": "Status", **answer}) if isinstance(answer, dict) else answer
    problem = error_of(
        "apply Deployment web in namespace n", status, body.encode(), server="https://k:6443", credentials="the token is expired or wrong"
    )
    assert (problem.error, problem.details["status"]) == (key, status)
    assert words in str(problem)
    assert {name: problem.details[name] for name in details} == details
    assert "apply Deployment web in namespace n" in str(problem) or key == "unauthorized"
    assert str(problem).endswith(".") and ".." not in str(problem)


@pytest.mark.parametrize(
    ("body", "object_missing"),
    [
        (b'{"kind": "Status", "details": {"name": "a", "kind": "configmaps"}}', True),
        (b'{"kind": "Status", "details": {}}', False),
        (b"404 page not found\n", False),
    ],
)
def test_a_missing_object_is_told_from_a_missing_kind(body: bytes, object_missing: bool) -> None:
    assert names_an_object(status_of(body)) is object_missing
