# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""A list of manifests as one desired state: everything is tried on the server first, then done, then waited for."""

from __future__ import annotations

import time
import typing as t

from ._plan import PRUNE_KINDS, Planner, Request, Step
from .client import KubeClient
from .errors import KubeError
from .manifests import placed, read_file
from .objects import Object, same
from .ready import Predicate, gone, ready
from .wait import Outcome, Ref, as_sentence, diagnose, ref_of, wait_until

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    # no_log keeps data of Secrets out of the system log; the module hides it in its output by itself.
    "manifests": {"type": "list", "elements": "dict", "no_log": True},
    "src": {"type": "list", "elements": "path"},
    "namespace": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "force_conflicts": {"type": "bool", "default": False},
    "prune": {"type": "bool", "default": False},
    "prune_labels": {"type": "dict"},
    "prune_kinds": {"type": "list", "elements": "str", "default": list(PRUNE_KINDS)},
    "confirm_delete": {"type": "list", "elements": "str", "default": []},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 300},
}
RULES: dict[str, t.Any] = {
    "required_one_of": [("manifests", "src")],
    "required_if": [("prune", True, ("prune_labels", "namespace"))],
}
# The API server needs a moment from "this kind is established" until it answers for it with the new fields.
SETTLE_SECONDS = 30
SETTLE_PAUSE = 0.2


def run(client: KubeClient, params: t.Mapping[str, t.Any], manifests: t.Sequence[t.Any], *, check: bool) -> dict[str, t.Any]:
    """Bring the objects into the requested state and return the result of the module. manifests come before those in files."""
    documents = [*manifests, *(document for path in params["src"] or [] for document in read_file(path))]
    request = _request_of(client, params, documents)
    return DesiredState(client, placed(client, documents, params["namespace"]), request).run(check=check)


def _request_of(client: KubeClient, params: t.Mapping[str, t.Any], documents: t.Sequence[t.Any]) -> Request:
    """Return what the options ask for; refuse to prune without an idea of what belongs together."""
    if params["prune"] and not documents:
        msg = "There is no manifest, so prune would delete everything with these labels. Use state=absent with the objects to delete."
        raise KubeError(msg, error="bad_manifest")
    if params["prune"] and not params["prune_labels"]:
        raise KubeError("With prune, prune_labels needs at least one label; without, every object would match.", error="bad_option")
    return Request(
        present=params["state"] == "present",
        force=params["force_conflicts"],
        prune_labels={name: str(value) for name, value in params["prune_labels"].items()} if params["prune"] else {},
        prune_namespace=params["namespace"] or client.namespace,
        prune_kinds=tuple(params["prune_kinds"]),
        confirmed=tuple(params["confirm_delete"]),
        wait_seconds=params["wait_timeout"] if params["wait"] else None,
    )


class DesiredState:
    """Makes the manifests true, or finds out what this would take."""

    def __init__(
        self,
        client: KubeClient,
        manifests: t.Sequence[Object],
        request: Request,
        *,
        clock: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._request = request
        self._planner = Planner(client, manifests, request)
        self._clock = clock
        self._sleep = sleep
        self._steps: list[Step] = []

    def run(self, *, check: bool) -> dict[str, t.Any]:
        """Plan and, unless in check mode, do it and wait. Return the result of the module; a KubeError has it in its details."""
        try:
            self._plan(check=check)
            if not check:
                self._carry_out()
            if not check and self._request.wait_seconds is not None:
                self._wait(self._request.wait_seconds)
        except KubeError as error:
            raise error.rephrased(str(error), **self._report(check)) from error
        return {**self._report(check), "diff": self._diff()}

    def _plan(self, *, check: bool) -> None:
        try:
            self._steps = self._planner.steps(check=check)
        except KubeError as error:
            raise error.rephrased(f"{error} Nothing was changed.") from error

    def _carry_out(self) -> None:
        """Do what the plan says. After a failure the steps have what was done."""
        for place, step in enumerate(self._steps):
            try:
                self._do(step)
            except KubeError as error:
                done = [str(row.key) for row in self._steps[:place] if row.change != "unchanged"]
                step.change, step.reason = "failed", str(error)
                for row in self._steps[place + 1 :]:
                    row.change = "skipped"
                earlier = f"Before that, this was done: {', '.join(done)}." if done else "Nothing was changed before that."
                raise error.rephrased(f"{error} {earlier}") from error
            step.done = True

    def _do(self, step: Step) -> None:
        obj, key = step.obj, step.key
        if step.removes:
            self._client.delete(obj["apiVersion"], key.kind, key.name, key.namespace or None, uid=obj["metadata"].get("uid"))
        elif step.change != "unchanged":
            self._apply(step)
        if step.change in ("created", "changed") and (key.group, key.kind) == ("apiextensions.k8s.io", "CustomResourceDefinition"):
            outcome = wait_until(self._client, ref_of(obj), ready, timeout=SETTLE_SECONDS)
            if not outcome.done:
                raise KubeError(f"{key} was applied, but {outcome.reason}.", error="not_ready")

    def _apply(self, step: Step) -> None:
        """Apply one object. One whose kind was defined a moment ago gets more than one try."""
        deadline = self._clock() + (SETTLE_SECONDS if step.deferred else 0)
        while True:
            try:
                self._client.apply(step.obj, force=self._request.force)
                return
            except KubeError as error:
                if not self._planner.comes_with(step.key, error) or self._clock() >= deadline:
                    raise
            self._sleep(SETTLE_PAUSE)

    def _wait(self, seconds: float) -> None:
        """Wait until everything is ready, or gone, for as long as the task allows in total."""
        deadline = self._clock() + seconds
        for step in self._steps:
            ref, goal = ref_of(step.obj), gone if step.removes or not self._request.present else ready
            outcome = self._outcome(ref, goal, max(0.0, deadline - self._clock()))
            step.ready, step.reason = outcome.done, outcome.reason
            if outcome.done:
                continue
            lines = diagnose(self._client, ref)
            if outcome.state == "failed":
                raise KubeError(f"{step.key} failed: {step.reason}.{as_sentence(lines)}", error="not_ready", diagnosis=lines)
            msg = f"{step.key} was not {'gone' if goal is gone else 'ready'} within {seconds:g} seconds: {step.reason}.{as_sentence(lines)}"
            raise KubeError(msg, error="timeout", timed_out=True, diagnosis=lines)

    def _outcome(self, ref: Ref, goal: Predicate, timeout: float) -> Outcome:
        try:
            return wait_until(self._client, ref, goal, timeout=timeout)
        except KubeError as error:
            if goal is not gone or error.error != "unknown_kind":
                raise
            # Where the kind is not installed there is no object of it.
            return Outcome("done", "", None, 0.0)

    def _report(self, check: bool) -> dict[str, t.Any]:
        changed = any((check or step.done) and step.change != "unchanged" for step in self._steps)
        missing = [f"There is no namespace {name} yet, which the manifests need." for name in self._planner.missing]
        rows = [step.row() for step in self._steps]
        return {"changed": changed, "resources": rows, "warnings": [*self._client.warnings, *missing]}

    def _diff(self) -> list[dict[str, t.Any]]:
        """Return a difference for each object that changes, the same before and after it is done."""
        return [
            {"before": step.before, "after": step.after, "before_header": str(step.key), "after_header": str(step.key)}
            for step in self._steps
            if not same(step.before, step.after)
        ]
