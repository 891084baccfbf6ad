# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.campus.moodle.plugins.module_utils._site import capacity
from ansible_collections.campus.moodle.plugins.module_utils._site.types import memory_bytes, to_float

DOCUMENTATION = r"""
name: fpm_pool
author: campus.moodle contributors
version_added: 0.2.0
short_description: Tell how many PHP workers a container gets
description:
  - Calculates what the site image does when a PHP container starts, so that memory, processors and connections can be planned before.
  - C(MOODLE_PHP_WORKERS), or C(moodle_php_workers) in an inventory, replaces the calculation in the container.
positional: _input, cpus
options:
  _input:
    description: Memory limit of the container, as V(512m) or V(2g), or in bytes.
    type: raw
    required: true
  cpus:
    description: Processor limit of the container, as V(2) or V(0.5).
    type: float
    required: true
"""

EXAMPLES = r"""
- name: Show how many requests a container of 2 GB and 2 processors serves at a time
  ansible.builtin.debug:
    msg: "{{ ('2g' | campus.moodle.fpm_pool(2)).workers }}"

- name: Stop when the pooler has fewer places than all workers can ask for
  ansible.builtin.assert:
    that: (moodle_php_memory | campus.moodle.fpm_pool(moodle_php_cpus)).workers * moodle_php_replicas <= 200
  vars:
    moodle_php_memory: 2g
    moodle_php_cpus: 2
    moodle_php_replicas: 4
"""

RETURN = r"""
_value:
  description:
    - RV(ignore:workers) is the number of PHP workers.
    - RV(ignore:by_memory) and RV(ignore:by_cpus) are the numbers that either limit allows, and RV(ignore:limit) names the one that
      decides, V(memory) or V(cpus); it is V(least) where both allow fewer than a pool needs.
    - RV(ignore:memory) is the smallest memory limit in bytes with which memory does not decide.
  type: dict
  sample: {"workers": 12, "by_memory": 28, "by_cpus": 12, "limit": "cpus", "memory": 1073741824}
"""

_MIB = 1 << 20


def fpm_pool(memory: t.Any, cpus: t.Any) -> dict[str, t.Any]:
    """See the documentation above."""
    limit_bytes = _number("memory", memory, lambda value: int(value) if str(value).isdigit() else memory_bytes(str(value)))
    limit_cpus = _number("cpus", cpus, to_float)
    megabytes = int(limit_bytes) // _MIB
    by_memory, by_cpus = capacity.workers_by_memory(megabytes), capacity.workers_by_cpus(limit_cpus)
    decides = "memory" if by_memory < by_cpus else "cpus"
    return {
        "workers": capacity.pool_size(megabytes, limit_cpus),
        "by_memory": by_memory,
        "by_cpus": by_cpus,
        "limit": decides if min(by_memory, by_cpus) >= capacity.LEAST_WORKERS else "least",
        "memory": capacity.pool_memory(max(capacity.LEAST_WORKERS, by_cpus)) * _MIB,
    }


def _number(name: str, value: t.Any, cast: t.Callable[[t.Any], float]) -> float:
    try:
        number = cast(value)
    except ValueError as problem:
        msg = f"fpm_pool: {name} is {value!r}, {problem}."
        raise AnsibleFilterError(msg) from None
    if number <= 0:
        msg = f"fpm_pool: {name} is {value!r}, but must be more than 0."
        raise AnsibleFilterError(msg)
    return number


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"fpm_pool": fpm_pool}
