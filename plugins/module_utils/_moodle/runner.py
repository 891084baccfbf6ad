# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The way into a site, which is one option of all moodle_* modules: the words of a command, or a container in a cluster."""

from __future__ import annotations

import functools
import os
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._tool.errors import ToolError
from .._tool.process import Run, runner

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "runner": {"type": "raw", "required": True},
    "chdir": {"type": "path"},
    "timeout": {"type": "int", "default": 3600},
}
# Where the site image has the program.
PROGRAM = "/opt/campus-moodle/bin/moodle"
# A list of words, read as Ansible reads the option of any module.
_WORDS = ArgumentSpecValidator({"runner": {"type": "list", "elements": "str"}})


def runner_of(module: t.Any) -> tuple[Run, list[str]]:
    """Return what runs commands, and the words with which each command begins."""
    given = module.params["runner"]
    if isinstance(given, t.Mapping):
        return _in_cluster(module, given)
    words = _validated(_WORDS, {"runner": given})["runner"]
    if not words:
        raise refused("The option runner is empty; it has to be the command that reaches the program of the site image.")
    return runner(module, chdir=module.params["chdir"], timeout=module.params["timeout"]), words


def _in_cluster(module: t.Any, given: t.Mapping[str, t.Any]) -> tuple[Run, list[str]]:
    """Return the same for a container. What it takes to get there is imported only here."""
    from .._kube import exec as _exec
    from .._kube.errors import KubeError
    from .._kube.options import KUBE_ARGUMENTS, client_from

    if module.params["chdir"]:
        raise refused("The option chdir is for a runner that is a list of words; this one is a container in a cluster.")
    # A runner is part of a site's description, which is shown.
    secret = [name for name, option in KUBE_ARGUMENTS.items() if option.get("no_log") and name in given]
    if secret:
        module.no_log_values.update(str(given[name]) for name in secret)
        variables = ", ".join(f"{name} ({KUBE_ARGUMENTS[name]['fallback'][1][0]})" for name in secret)
        raise refused(f"A runner is shown in output and logs, so it must not hold {variables}: use a kubeconfig, or this variable.")
    arguments = {**KUBE_ARGUMENTS, **_exec.ARGUMENTS, "command": {"type": "list", "elements": "str", "default": [PROGRAM]}}
    place = _validated(ArgumentSpecValidator(arguments, **_exec.RULES), given)

    def reach(step: t.Callable[..., t.Any], *words: t.Any) -> t.Any:
        try:
            return step(*words)
        except KubeError as error:
            raise refused(f"The runner does not reach the site. {error}", **error.details, cluster_error=error.error) from error

    run = reach(lambda: _exec.runner(client_from(place, os.environ), place, timeout=module.params["timeout"]))
    return functools.partial(reach, run), place["command"]


def _validated(validator: ArgumentSpecValidator, given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    result = validator.validate(dict(given))
    if result.error_messages:
        raise refused(f"The option runner is not valid: {' '.join(result.error_messages)}")
    return dict(result.validated_parameters)


def refused(msg: str, **details: t.Any) -> ToolError:
    """Return the error for a runner that does not reach a site."""
    return ToolError(msg, **{**details, "error": "runner"})
