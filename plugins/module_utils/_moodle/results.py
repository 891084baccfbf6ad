# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What the modules of the family make of options on their way in, and of answers on their way out."""

from __future__ import annotations

import json
import typing as t

from .program import ProgramError

# As the image masks. The two differ, so that a diff shows that there is a change.
MASK_BEFORE = "(secret)"
MASK_AFTER = "(secret, changed)"


def given(options: t.Any) -> t.Any:
    """Return options without the ones that the task left out, at every depth."""
    if isinstance(options, t.Mapping):
        return {name: given(value) for name, value in options.items() if value is not None}
    return [given(value) for value in options] if isinstance(options, list) else options


def confirm(rows: t.Sequence[t.Mapping[str, t.Any]], key: str, confirmed: t.Sequence[str]) -> None:
    """Refuse to delete what the task does not name a second time."""
    names = [str(row[key]) for row in rows if row["state"] == "absent" and row[key] not in confirmed]
    if names:
        msg = f"What is deleted cannot be brought back: to delete {', '.join(names)}, name them in confirm_absent too."
        raise ProgramError(msg, error="not_confirmed")


def difference(before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any], header: str) -> dict[str, str]:
    """Return a diff of two objects; nothing stands for no difference."""
    texts = [json.dumps(side, indent=2, sort_keys=True, ensure_ascii=False) + "\n" if before != after else "" for side in (before, after)]
    return {"before": texts[0], "after": texts[1], "before_header": header, "after_header": header}


def masked(
    values: t.Mapping[str, t.Mapping[str, t.Any]], secrets: t.Mapping[str, t.Mapping[str, t.Any]], mask: str
) -> dict[str, dict[str, t.Any]]:
    """Return settings with a mask for those that the task calls secret; the image knows only names that look secret."""
    return {
        component: {name: mask if value and name in secrets.get(component, {}) else value for name, value in names.items()}
        for component, names in values.items()
    }
