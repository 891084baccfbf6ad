# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What helm prints when it fails, as an error with a word for programs and a sentence that says what to do."""

from __future__ import annotations

import re
import shlex
import typing as t

from .._tool.process import Result
from .storage import HelmError

# What helm prints, the word for the failure, and what to do. The first that matches counts.
_FAILURES = (
    (
        "pending",
        r"another operation \(install/upgrade/rollback\) is in progress",
        "Another helm works on the release, or was killed while it did. Wait for it, or see the option pending_recovery.",
    ),
    (
        "too_large",
        r"Too long: (?:must have at most|may not be more than) \d+",
        "Helm keeps a release in one Secret, which holds 1 MiB. Make the chart smaller: take files and CRDs out of it.",
    ),
    ("schema", r"values don't meet the specifications of the schema", "Correct the values."),
    (
        "ownership",
        r"invalid ownership metadata|cannot be imported into the current release",
        "The object belongs to another release or to none. Remove it, or set take_ownership.",
    ),
    (
        "conflict",
        r"conflict occurred while applying|Apply failed with \d+ conflict|the object has been modified",
        "Something else manages these fields. Take them out of the chart's values, or set force_conflicts.",
    ),
    (
        "forbidden",
        r"is forbidden: User|cannot (?:get|list|create|update|patch|delete) resource",
        "Bind a role that allows this to the user.",
    ),
    ("timeout", r"timed out waiting|context deadline exceeded|client rate limiter Wait", "See the diagnosis, or raise timeout."),
    (
        "hook_failed",
        r"(?:pre|post)-(?:install|upgrade|rollback|delete) hooks? failed|failed (?:pre|post)-(?:install|delete)"
        r"|Hook .* failed|job \S+ failed",
        "See the diagnosis.",
    ),
    ("namespace_not_found", r'namespaces "[^"]*" not found', "Create it, or set create_namespace."),
    ("chart_invalid", r"missing in charts/ directory", "Run helm dependency build on the chart first."),
    ("unreachable", r"cluster unreachable|connection refused|no such host|i/o timeout", "Check the connection options."),
    ("missing_crds", r"no matches for kind|ensure CRDs are installed first", "Install the CRDs first, or see the option crds."),
)
# How a command ends that does not end by itself.
CUT = {
    "timeout": "was ended because it took too long. See the diagnosis, or raise timeout.",
    "killed": "was killed, mostly by the kernel when memory runs out. See its log on this host, and give it more memory.",
}


def reason_of(result: Result) -> str:
    """Return why helm failed: what follows its last "Error:", without the log lines of Helm 4."""
    lines = [line for line in (result.err or result.out).splitlines() if not re.match(r"^(?:time=\S+ )?level=", line)]
    text = "\n".join(lines).strip()
    reason = re.sub(r"^(?:UPGRADE|INSTALLATION) FAILED: ", "", text.rpartition("Error: ")[2]).strip()
    return reason[-2000:] or f"exit status {result.rc} without a word"


def failure(verb: str, name: str, text: str, command: t.Sequence[str]) -> HelmError:
    """Return the error for what helm printed."""
    found = [(key, advice) for key, pattern, advice in _FAILURES if re.search(pattern, text)]
    if verb == "pull":
        # Whatever goes wrong with a download, it is not about the cluster.
        found = [("chart_not_found", "Check chart.ref, chart.repo_url and chart.version, and whether this host reaches that place.")]
    key, advice = found[0] if found else ("helm_failed", f"The command was: {shlex.join(command)}")
    return HelmError(f"helm {verb} of release {name} failed: {text.rstrip('.')}. {advice}", error=key)
