# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""A list of manifests as one desired state: everything is tried on the server first, then done, then waited for."""

from __future__ import annotations

import time
import typing as t

from ._plan import Planner, Step, Wishes
from .client import KubeClient, Object
from .errors import KubeError
from .manifests import same
from .wait import Outcome, Predicate, Ref, diagnose, gone, ready, ref_of, wait_until

# The API server needs a moment from "this kind is established" until it answers for it with the new fields.
SETTLE_SECONDS = 30
SETTLE_PAUSE = 0.2


class DesiredState:
    """Makes the manifests true, or finds out what this would take."""

    def __init__(
        self,
        client: KubeClient,
        manifests: t.Sequence[Object],
        wishes: Wishes,
        *,
        clock: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._wishes = wishes
        self._planner = Planner(client, manifests, wishes)
        self._clock = clock
        self._sleep = sleep
        self._steps: list[Step] = []

    def run(self, *, check: bool) -> dict[str, t.Any]:
        """Plan and, unless in check mode, do it and wait. Return the result of the module; a KubeError has it in its details."""
        try:
            self._plan(check=check)
            if not check:
                self._carry_out()
            if not check and self._wishes.wait_seconds is not None:
                self._wait(self._wishes.wait_seconds)
        except KubeError as problem:
            raise problem.saying(str(problem), **self._report(check)) from problem
        return {**self._report(check), "diff": self._diff()}

    def _plan(self, *, check: bool) -> None:
        try:
            self._steps = self._planner.steps(check=check)
        except KubeError as problem:
            raise problem.saying(f"{problem} Nothing was changed.") from problem

    def _carry_out(self) -> None:
        """Do what the plan says. After a failure the steps tell what was done."""
        for place, step in enumerate(self._steps):
            try:
                self._do(step)
            except KubeError as problem:
                done = [str(row.key) for row in self._steps[:place] if row.change != "unchanged"]
                step.change, step.reason = "failed", str(problem)
                for row in self._steps[place + 1 :]:
                    row.change = "skipped"
                said = f"Before that, this was done: {', '.join(done)}." if done else "Nothing was changed before that."
                raise problem.saying(f"{problem} {said}") from problem
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
                self._client.apply(step.obj, force=self._wishes.force)
                return
            except KubeError as problem:
                if not self._planner.comes_with(step.key, problem) or self._clock() >= deadline:
                    raise
            self._sleep(SETTLE_PAUSE)

    def _wait(self, seconds: float) -> None:
        """Wait until everything is ready, or gone, for as long as the task allows in total."""
        deadline = self._clock() + seconds
        for step in self._steps:
            ref, wanted = ref_of(step.obj), gone if step.removes or not self._wishes.present else ready
            outcome = self._outcome(ref, wanted, max(0.0, deadline - self._clock()))
            step.ready, step.reason = outcome.done, outcome.reason
            if outcome.done:
                continue
            lines = diagnose(self._client, ref)
            known = f" What the cluster says: {'; '.join(lines)}." if lines else ""
            if outcome.state == "failed":
                raise KubeError(f"{step.key} failed: {step.reason}.{known}", error="not_ready", diagnosis=lines)
            msg = f"{step.key} was not {'gone' if wanted is gone else 'ready'} within {seconds:g} seconds: {step.reason}.{known}"
            raise KubeError(msg, error="timeout", timed_out=True, diagnosis=lines)

    def _outcome(self, ref: Ref, wanted: Predicate, timeout: float) -> Outcome:
        try:
            return wait_until(self._client, ref, wanted, timeout=timeout)
        except KubeError as problem:
            if wanted is not gone or problem.error != "unknown_kind":
                raise
            # Where the kind is not installed there is no object of it.
            return Outcome("done", "", None, 0.0)

    def _report(self, check: bool) -> dict[str, t.Any]:
        changed = any((check or step.done) and step.change != "unchanged" for step in self._steps)
        missing = [f"There is no namespace {name} yet, which the manifests need." for name in self._planner.missing]
        rows = [step.row() for step in self._steps]
        return {"changed": changed, "resources": rows, "warnings": [*self._client.warnings, *missing]}

    def _diff(self) -> list[dict[str, t.Any]]:
        """Return a difference for each object that is not as wanted, the same before and after it is done."""
        return [
            {"before": step.before, "after": step.after, "before_header": str(step.key), "after_header": str(step.key)}
            for step in self._steps
            if not same(step.before, step.after)
        ]
