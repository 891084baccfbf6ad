# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""What the module kube_apply hides in its output."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS
from ansible_collections.campus.moodle.plugins.modules.kube_apply import hide_secrets

HIDDEN = sorted(name for name, option in KUBE_ARGUMENTS.items() if option.get("no_log"))


@pytest.mark.parametrize("name", HIDDEN)
def test_each_credential_stays_hidden(name: str) -> None:
    manifest = {"kind": "ConfigMap", "metadata": {"name": "settings"}}
    params = {**dict.fromkeys(KUBE_ARGUMENTS), "manifests": [manifest], name: "canary-4d1c"}
    module: t.Any = types.SimpleNamespace(params=params, no_log_values={"settings"})
    assert hide_secrets(module) == [manifest]
    assert module.no_log_values == {"canary-4d1c"}


def test_the_options_that_may_hold_a_password_are_known() -> None:
    assert HIDDEN == ["api_key", "password", "proxy"]
