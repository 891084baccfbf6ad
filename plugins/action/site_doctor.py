# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Lets the machine of a site make a report, with what only the control node knows, and writes the archive here."""

from __future__ import annotations

import base64
import datetime
import functools
import json
import operator
import os
import platform
import re
import time
import typing as t
from pathlib import Path

import yaml
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.release import __version__ as ansible_version
from ansible_collections.campus.moodle.plugins.module_utils._doctor.scrub import own_words, too_short
from ansible_collections.campus.moodle.plugins.module_utils._doctor.world import World
from ansible_collections.campus.moodle.plugins.module_utils._restic.client import PLAIN
from ansible_collections.campus.moodle.plugins.module_utils._site.describe import SECRETS
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.files import replace_file
from ansible_collections.campus.moodle.plugins.plugin_utils._image.tables import table_of

MODULE = "campus.moodle.site_doctor"
COLLECTION = Path(__file__).resolve().parents[2]

Result = dict[str, t.Any]
Variables = t.Mapping[str, t.Any]
Render = t.Callable[[t.Any], t.Any]
CONTAINERS = (t.Mapping, list, tuple)
# Where the backups are, and with which variables restic is run: not all of it is secret.
REPOSITORY, ENVIRONMENT = "moodle_backup_repository", "moodle_backup_environment"


class ActionModule(ActionBase):
    """The control node looks first whether it can write, then the machine works, then the archive is brought over."""

    def run(self, tmp: t.Optional[str] = None, task_vars: t.Optional[Result] = None) -> Result:
        """Return what was found, and where the archive is."""
        super().run(tmp, task_vars)
        try:
            return self._report(dict(self._task.args), task_vars or {})
        except ToolError as error:
            return {"failed": True, "msg": str(error), **error.details}

    def _report(self, given: Result, variables: Variables) -> Result:
        if not given.get("name") or not given.get("directory"):
            raise ToolError("The options name and directory have to be given.", error="invalid")
        directory = os.path.abspath(os.path.expanduser(str(given["directory"])))
        writes = not self._task.check_mode
        if writes:
            _make(directory)
        site = given.get("site") or {}
        words = own_words(site)
        found = dict([*texts_of("given", given.get("secrets")), *self._secrets(variables)])
        texts = {**{name: text for name, text in found.items() if text is not None}, **_files_of(site)}
        secrets = {name: text for name, text in texts.items() if not is_plain(name, text)}
        # Ansible, too, hides what it is told to hide, and a short word would be hidden in everything.
        short = too_short(secrets, words)
        folder = self._connection._shell.tmpdir or self._make_tmp_path()
        made = self._connection._shell.join_path(folder, "report.tar.gz")
        try:
            known = {
                "archive": made if writes else "",
                "names": table_of("secret-names.json"),
                "short": short,
                "unrendered": sorted(name for name, text in found.items() if text is None),
                "repository": folder_of(texts.get(REPOSITORY, "")),
                "versions": versions(),
                "clock": self._clock(),
                **addresses_of(site.get("hostname") or ""),
            }
            searched = {name: value for name, value in secrets.items() if name not in short}
            added = {"secrets": searched, "control_node": known}
            result = self._execute_module(module_name=MODULE, module_args={**given, **added}, task_vars=dict(variables))
            # It has the whole description.
            result.pop("invocation", None)
            if not result.get("failed") and not result.get("unreachable"):
                result["archive"] = self._bring(made, directory, given["name"], variables) if writes else ""
            return result
        finally:
            self._remove_tmp_path(folder)

    def _bring(self, path: str, directory: str, name: str, variables: Variables) -> str:
        """Write the archive here, as a whole, and return its path."""
        brought = self._execute_module(module_name="ansible.legacy.slurp", module_args={"src": path}, task_vars=dict(variables))
        if brought.get("failed") or "content" not in brought:
            raise ToolError(f"The archive could not be brought over: {brought.get('msg', 'it was not there')}", error="files")
        moment = datetime.datetime.now(datetime.timezone.utc)
        stem = stem_of(name, str(variables.get("inventory_hostname", "")))
        try:
            return write_new(directory, f"{stem}-{moment:%Y%m%dT%H%M%SZ}", base64.b64decode(brought["content"]))
        except OSError as error:
            raise ToolError(
                f"The archive cannot be written: moodle_doctor_directory is {directory} ({error.strerror}).", error="files"
            ) from error

    def _secrets(self, variables: Variables) -> t.Iterator[tuple[str, t.Optional[str]]]:
        """Yield the secrets that the inventory gives, each with a name; None for one that cannot be rendered."""
        for name in sorted(set(SECRETS) & set(variables)):
            yield from texts_of(name, variables[name], self._templar.template)

    def _clock(self) -> Result:
        """Return how far the machine's clock is ahead of the one here, in seconds, and how exact that is."""
        before = time.time()
        answer = self._low_level_execute_command("date +%s.%N", sudoable=False)
        after = time.time()
        try:
            there = float(answer["stdout"].strip().splitlines()[-1])
        except (KeyError, IndexError, ValueError):
            return {"error": "the machine did not tell its time"}
        return {"offset": there - (before + after) / 2, "uncertainty": (after - before) / 2}


def _make(directory: str) -> None:
    """Make the folder for archives; ToolError where that cannot be, before anything else is done."""
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
    except OSError as error:
        raise ToolError(f"moodle_doctor_directory is {directory}, which cannot be created ({error.strerror}).", error="files") from error
    if not os.access(directory, os.W_OK | os.X_OK):
        raise ToolError(f"moodle_doctor_directory is {directory}, which this user cannot write to.", error="files")


def folder_of(repository: str) -> str:
    """Return the folder of the machine that a repository is; of any other one no more than that it is there."""
    return repository if repository.startswith("/") or not repository else "elsewhere"


def texts_of(name: str, value: t.Any, render: Render = lambda value: value) -> t.Iterator[tuple[str, t.Optional[str]]]:
    """Yield each text in a value with a name; None where it cannot be rendered, which hides nothing that stands beside it."""
    yield from _texts(name, lambda: value, render)


def _texts(name: str, get: t.Callable[[], t.Any], render: Render) -> t.Iterator[tuple[str, t.Optional[str]]]:
    # What was rendered may have parts that are rendered only when somebody takes them.
    try:
        value = get()
        value = value if isinstance(value, CONTAINERS) else render(value)
        keys = list(value) if isinstance(value, t.Mapping) else range(len(value)) if isinstance(value, CONTAINERS) else ()
    except AnsibleError:
        yield name, None
        return
    for key in keys:
        yield from _texts(f"{name}.{key}", functools.partial(operator.getitem, value, key), render)
    if value is not None and not isinstance(value, (bool, *CONTAINERS)):
        yield name, str(value)


def is_plain(name: str, text: str) -> bool:
    """Whether a text that stands among the secrets is none: a folder, or a variable of restic that is no secret."""
    variable, _dot, inner = name.partition(".")
    return (variable == REPOSITORY and text.startswith("/")) or (variable == ENVIRONMENT and inner in PLAIN)


def stem_of(name: str, host: str) -> str:
    """Return what the archive's name begins with: sites of different machines may have one name."""
    own = re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-")
    return name if own == name else f"{name}-{own}"


def write_new(directory: str, stem: str, content: bytes) -> str:
    """Write an archive, as a whole and never in the place of another, and return its path."""
    path, number = os.path.join(directory, f"{stem}.tar.gz"), 1
    while True:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            break
        except FileExistsError:
            number += 1
            path = os.path.join(directory, f"{stem}-{number}.tar.gz")
    try:
        replace_file(path, content, mode=0o600)
    except BaseException:
        os.unlink(path)
        raise
    return path


def _files_of(site: Variables) -> dict[str, str]:
    """Return the files of the control node that are secrets of the site."""
    found = {}
    for name, path in (site.get("secret_files") or {}).items():
        try:
            found[f"file {name}"] = Path(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # what is not here never reached the site from here
    return found


def addresses_of(name: str) -> Result:
    """Return what a name resolves to on the control node."""
    try:
        return {"addresses": World().resolve(name) if name else []}
    except OSError as error:
        return {"addresses": [], "resolve_error": error.strerror or str(error)}


def versions() -> dict[str, str]:
    """Return the versions of what runs here: a collection that was installed has a manifest, a checkout the file that it is made from."""
    manifest = COLLECTION / "MANIFEST.json"
    if manifest.exists():
        collection = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
    else:
        collection = yaml.safe_load((COLLECTION / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    return {"campus.moodle": str(collection), "ansible-core": ansible_version, "python": platform.python_version()}
