# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Plans the images of a site on the control node, sends the machine what it lacks, and lets it build what is missing."""

from __future__ import annotations

import functools
import tempfile
import typing as t
from pathlib import Path

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.campus.moodle.plugins.module_utils._image.build import LOG
from ansible_collections.campus.moodle.plugins.module_utils._image.inputs import ARGUMENTS, Inputs
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.plugin_utils._image import bundle, plan

MODULE = "campus.moodle.image_build"
# The steps of a build, and what a person reads when one begins.
STEPS = {"bases": "making the bases (a minute or two the first time)", "images": "building the images"}

Result = dict[str, t.Any]
# Runs one step of the module on the machine.
Step = t.Callable[..., Result]

display = Display()


class StepFailed(Exception):
    """A step ended with this result."""

    def __init__(self, result: Result) -> None:
        super().__init__()
        self.result = result


class ActionModule(ActionBase):
    """One run of the module finds what is missing, and one for each step builds it."""

    def run(self, tmp: t.Optional[str] = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> Result:
        """Return which images there are now, or would be."""
        super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(ARGUMENTS)
        try:
            return self._ensure(Inputs(**arguments["inputs"]), task_vars or {})
        except StepFailed as failed:
            return failed.result
        except ToolError as error:
            return {"failed": True, "msg": str(error), **error.details}
        except OSError as error:
            return {"failed": True, "msg": f"The input of the images cannot be read: {error}.", "error": "invalid"}

    def _ensure(self, inputs: Inputs, task_vars: dict[str, t.Any]) -> Result:
        planned = plan.make(inputs)
        if planned["problems"]:
            raise ToolError(" ".join(planned["problems"]), error="invalid", problems=planned["problems"])
        images = planned["build_spec"]
        # On the control node itself everything is used where it lies.
        here = self._connection.transport == "local"
        cache = str(inputs.cache) if here else inputs.target_cache_directory
        step = functools.partial(self._step, task_vars, cache=cache)
        found = step(name="find", images=images, archives={} if here else bundle.archives(images))
        references = {name: image["reference"] for name, image in images.items()}
        missing = {name: references[name] for name in found["missing"]}
        facts = found["facts"] or planned["facts"]
        if missing:
            words, host = " and ".join(missing.values()), str(task_vars["inventory_hostname"])
            if self._task.check_mode:
                display.display(f"{host}: missing: {words}, to be built from the base {inputs.base}")
            else:
                display.display(f"{host}: building {words}; {cache}/{LOG} shows how far it is")
                facts = self._build(step, images, found, host)
        return {
            "changed": bool(missing),
            "reference": references["site"],
            "services_reference": references["services"],
            "facts": facts,
            "built": list(missing.values()),
            "warnings": planned["warnings"] if missing else [],
            "diff": {"before": _lines(set(references.values()) - set(missing.values())), "after": _lines(references.values())},
        }

    def _step(self, task_vars: dict[str, t.Any], **step: t.Any) -> Result:
        result: Result = self._execute_module(module_name=MODULE, module_args={"_step": step}, task_vars=task_vars)
        # It has the whole specification, with addresses that can be secret.
        result.pop("invocation", None)
        if result.get("failed") or result.get("unreachable"):
            raise StepFailed(result)
        return result

    def _build(self, step: Step, images: Result, found: Result, host: str) -> Result:
        """Build what is missing and return the facts of the site image."""
        sent, done = None, found
        if self._connection.transport != "local":
            with tempfile.TemporaryDirectory(prefix="campus-moodle-") as folder:
                packed = Path(folder, "input.tar")
                images = bundle.pack(images, found["lacking"], packed)
                sent = self._send(packed)
        missing = {name: images[name] for name in found["missing"]}
        for name, title in STEPS.items():
            display.display(f"{host}: {title}")
            done = step(name=name, images=missing, bundle=sent)
        return t.cast(Result, done["facts"] or found["facts"])

    def _send(self, packed: Path) -> str:
        """Send a file to the folder of this task, which goes when the task ends."""
        folder = self._connection._shell.tmpdir or self._make_tmp_path()
        path = self._connection._shell.join_path(folder, packed.name)
        self._transfer_file(str(packed), path)
        self._fixup_perms2((folder, path))
        return str(path)


def _lines(references: t.Iterable[str]) -> str:
    return "".join(f"{reference}\n" for reference in sorted(references))
