# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Which containers were made from a description, by the hashes of Compose."""

from __future__ import annotations

import dataclasses
import json

from ansible_collections.campus.moodle.plugins.module_utils._compose.project import ComposeProject, Container
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result


def test_a_container_counts_with_the_hash_that_knows_no_dependencies() -> None:
    """Compose 2.26 puts depends_on into the hash that it prints, and labels what it starts with --no-deps without it."""
    rows = {"db": {"image": "x"}, "pooler": {"image": "x", "depends_on": {"db": {"condition": "service_healthy"}}}}

    def run(words: list[str], text: str | None = None) -> Result:
        if "json" in words:
            return Result(0, json.dumps({"services": rows}), "")
        told = json.loads(text or "{}").get("services", rows)
        return Result(0, "".join(f"{name} {'with' if 'depends_on' in row else 'bare'}-{name}\n" for name, row in told.items()), "")

    services = ComposeProject(run, project="x", directory="/x").read(json.dumps({"services": rows})).services
    assert (services["pooler"].hash, services["pooler"].bare_hash) == ("with-pooler", "bare-pooler")
    container = Container(id="1", name="x-pooler-1", service="pooler", hash="", image="x", status="running")
    known = [dataclasses.replace(container, hash=digest) for digest in ("with-pooler", "bare-pooler", "other", "")]
    assert [services["pooler"].describes(one) for one in known] == [True, True, False, False]
