# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What the API server refused, as one error with a word for programs and a sentence that says what to do."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

# HTTP status to the key in the result. What is not here is a server_error.
_KEYS = {
    400: "invalid",
    401: "unauthorized",
    403: "denied",
    404: "not_found",
    405: "invalid",
    406: "invalid",
    409: "conflict",
    410: "expired",
    413: "too_large",
    415: "invalid",
    422: "invalid",
    429: "throttled",
}
_ADVICE = {
    "denied": "The rules of the cluster (an admission policy, a quota, a webhook) forbid it; the user may make the request.",
    "too_large": "The object is bigger than the API server or etcd accepts.",
    "throttled": "The API server is overloaded, for longer than api_timeout allows to wait.",
    "server_error": "This is a failure of the API server or of a webhook that it calls.",
}
_FORBIDDEN = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) '
    r'(?:resource "(?P<resource>[^"]*)"(?: in API group "(?P<group>[^"]*)")?|path "(?P<path>[^"]*)")'
    r'(?:.*? in the namespace "(?P<namespace>[^"]*)")?'
)
# The words of strict validation: when known types are decoded, and in server-side apply.
_UNKNOWN_FIELD = re.compile(r'unknown field "([^"]+)"|(\.[^\s:]+): field not declared in schema')
_BAD_OBJECT = re.compile(r"failed to (?:create typed|convert new|create manager)|.*strict decoding error")
_CONFLICT = re.compile(r'conflicts? with "(?P<manager>[^"]+)"')


class KubeError(ToolError):
    """A request to the API server failed. details["error"] is a stable key, details["status"] the HTTP status if there was one."""

    def __init__(self, msg: str, *, error: str, status: t.Optional[int] = None, reason: str = "", **details: t.Any) -> None:
        super().__init__(msg, error=error, status=status, reason=reason, **details)

    @property
    def error(self) -> str:
        """The stable key."""
        return str(self.details["error"])

    def rephrased(self, msg: str, **more: t.Any) -> KubeError:
        """Return the same error with another text and more details."""
        details = {**self.details, **more}
        return KubeError(msg, error=details.pop("error"), **details)


def status_of(body: bytes) -> dict[str, t.Any]:
    """Return the Status object in an answer. An answer of another form (of a proxy, say) becomes one with a message."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and answer.get("kind") == "Status":
        return answer
    return {"message": " ".join(body[:300].decode("utf-8", "replace").split()), "reason": "", "details": {}}


def names_an_object(status: t.Mapping[str, t.Any]) -> bool:
    """Tell "no such object" from "no such kind": only the former names one."""
    return bool((status.get("details") or {}).get("name"))


def error_of(attempt: str, http_status: int, body: bytes, *, server: str, credentials: str) -> KubeError:
    """Turn an answer into an error. attempt says what was tried, as in "apply Deployment web in namespace physics"."""
    status = status_of(body)
    message, causes = status.get("message") or f"HTTP status {http_status}", (status.get("details") or {}).get("causes") or []
    reason = status.get("reason") or ""
    key = _KEYS.get(http_status, "server_error")
    details: dict[str, t.Any] = {}
    sentence = f"The API server at {server} refused to {attempt}: {message.rstrip('.')}."
    if key == "unauthorized":
        sentence = f"The API server at {server} does not accept the credentials: {credentials}."
    elif key == "denied" and _FORBIDDEN.search(message):
        key, sentence, details = "forbidden", *_forbidden(message, attempt)
    elif key == "conflict" and reason == "AlreadyExists":
        key, sentence = "already_exists", f"Cannot {attempt}: it exists already."
    elif key == "conflict":
        sentence, details = _conflict(message, causes, attempt)
    elif http_status == 500 and _BAD_OBJECT.match(message):
        # Server-side apply answers an object that does not fit its schema like a failure of its own.
        key = "invalid"
    if key == "invalid":
        sentence, details = _invalid(message, causes, attempt)
    return KubeError(" ".join([sentence, _ADVICE.get(key, "")]).strip(), error=key, status=http_status, reason=reason, **details)


def _forbidden(message: str, attempt: str) -> tuple[str, dict[str, t.Any]]:
    found = t.cast("re.Match[str]", _FORBIDDEN.search(message)).groupdict()
    resource = ".".join(word for word in (found["resource"], found["group"]) if word) or found["path"]
    place = f"in namespace {found['namespace']}" if found["namespace"] else "in the whole cluster"
    advice = "Bind a role that allows this to the user, or use other credentials."
    if found["user"] == "system:anonymous":
        advice = "The request had no credentials that the server knows."
    sentence = f"Cannot {attempt}: user {found['user']} may not {found['verb']} {resource} {place}. {advice}"
    return sentence, {"user": found["user"], "verb": found["verb"], "resource": resource, "namespace": found["namespace"]}


def _conflict(message: str, causes: list[dict[str, t.Any]], attempt: str) -> tuple[str, dict[str, t.Any]]:
    conflicts = [
        {"manager": found["manager"], "field": cause.get("field", "")}
        for cause in causes
        for found in [_CONFLICT.search(cause.get("message", ""))]
        if found and cause.get("reason") == "FieldManagerConflict"
    ]
    if not conflicts:
        return f"Cannot {attempt}: it was changed meanwhile ({message.rstrip('.')}). Run the task again.", {"conflicts": []}
    listed = ", ".join(f"{row['field']} (set by {row['manager']})" for row in conflicts)
    sentence = f"Cannot {attempt}: other field managers set these fields to other values: {listed}. Leave the fields out, or force them."
    return sentence, {"conflicts": conflicts}


def _invalid(message: str, causes: list[dict[str, t.Any]], attempt: str) -> tuple[str, dict[str, t.Any]]:
    unknown = [first or second.lstrip(".") for first, second in _UNKNOWN_FIELD.findall(message)]
    fields = sorted({cause["field"] for cause in causes if cause.get("field")})
    if unknown:
        names = ", ".join(dict.fromkeys(unknown))
        sentence = f"Cannot {attempt}: the API knows no field {names}. Correct the name, or its place in the object."
    else:
        sentence = f"Cannot {attempt}: {message.rstrip('.')}."
    return sentence, {"fields": fields, "unknown_fields": unknown}
