# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The kubeconfig for helm says what the module's own connection says."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._helm.cli import kubeconfig_of
from ansible_collections.campus.moodle.plugins.module_utils._kube.access import Access, Pem
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import access_from

SERVER = "https://api.example.org"


@pytest.mark.parametrize(
    "access",
    [
        Access(SERVER, authorization="Bearer token"),
        Access(SERVER, authorization="Basic dXNlcjpwYTpzcw=="),
        Access(SERVER, namespace="physics", ca=Pem(path="/ca"), certificate=Pem(path="/cert"), key=Pem(path="/key")),
        Access(SERVER, ca=Pem(text="CA"), certificate=Pem(text="CERT"), key=Pem(text="KEY"), server_name="other"),
        Access(SERVER, verify=False, proxy="http://proxy:3128"),
        Access(SERVER, headers={"Impersonate-User": "me", "Impersonate-Uid": "7"}, groups=("one", "two")),
    ],
    ids=["token", "basic", "files", "text", "insecure-proxy", "impersonation"],
)
def test_reading_it_gives_the_same_connection(tmp_path: pathlib.Path, access: Access) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(kubeconfig_of(access)), encoding="utf-8")
    assert without_functions(access_from({"kubeconfig": str(path)}, {})) == without_functions(access)


def without_functions(access: Access) -> dict[str, t.Any]:
    """Return what can be compared."""
    return {name: value for name, value in vars(access).items() if name != "renew"}
