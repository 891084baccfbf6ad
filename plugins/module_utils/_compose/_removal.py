# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Removes a site: its containers and networks, and its data where that is asked for."""

from __future__ import annotations

import typing as t

from .files import SiteFiles
from .project import ComposeProject


def remove(compose: ComposeProject, files: SiteFiles, params: t.Mapping[str, t.Any], *, check_mode: bool, docker: bool) -> dict[str, t.Any]:
    """Remove what is there. Without Docker there can only be the directory."""
    directory, remove_data = params["directory"], params["remove_data"]
    stays = remove_data and files.exists() and files.stays()
    plan = [f"{container.name}: remove" for container in compose.containers()] if docker else []
    plan += [f"network {name}: remove" for name in compose.networks()] if docker else []
    plan += [f"volume {name}: remove with its data" for name in compose.volumes()] if docker and remove_data else []
    plan += plan_of_files(directory, files, remove_data=remove_data, stays=stays)
    if plan and not check_mode:
        if docker:
            compose.down(volumes=remove_data)
        # Compose only removes the volumes that its file names, and the file may be gone.
        left = compose.volumes() if docker and remove_data else []
        if left:
            compose.remove_volumes(left)
        files.forget()
        if remove_data:
            files.remove()
    left = [directory, *(f"{directory}/{name}" for name in files.foreign())] if stays else []
    return {
        "changed": bool(plan),
        "plan": plan,
        "left": left,
        "running": False,
        "summary": [summary(params["project"], directory, remove_data=remove_data, check_mode=check_mode)],
        "warnings": [f"What this collection did not write stays on the machine: {', '.join(left)}."] if left else [],
        "diff": {"prepared": "\n".join(plan)},
    }


def plan_of_files(directory: str, files: SiteFiles, *, remove_data: bool, stays: bool) -> list[str]:
    """Return in words what is to be removed of the site's directory."""
    if not remove_data:
        return [f"{directory}: forget what the last run reached"] if files.has_record() else []
    if not files.exists():
        return []
    return [f"{directory}/{name}: remove" for name in files.own()] + ([] if stays else [f"{directory}: remove"])


def summary(project: str, directory: str, *, remove_data: bool, check_mode: bool) -> str:
    """Return in a sentence what is gone and what stays."""
    gone = "would be removed" if check_mode else "are removed"
    if remove_data:
        return f"The containers of {project} and the site's data {gone}."
    return f"The containers of {project} {gone}. Its volumes and {directory} stay."
