# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: sites
author:
  - campus.moodle contributors (@campus-moodle)
version_added: 0.2.0
short_description: List the Moodle sites of a Kubernetes cluster
description:
  - Each site becomes a host of the group C(moodle_sites), with what is known about it in the variable C(moodle_site).
  - A site is a Helm release of the chart, an object of the kind C(MoodleSite) in C(campus.moodle.io/v1alpha1), or both. A cluster that
    does not know this kind is searched for releases only.
  - C(moodle_site) has C(name), C(namespace), C(source) (C(release) or C(object)); of a release C(status), C(revision), C(chart),
    C(chart_version), C(app_version) and, on request, C(user_values); of an object C(labels), C(spec) and C(object_status).
  - Releases are read through the API, without helm. Their Secrets hold all values, so the user needs to read the Secrets of the
    namespaces.
  - A release that cannot be read, since its record is broken or it is being removed, is left out with a warning.
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
  - campus.moodle._kube
options:
  plugin:
    description: Marks a file as a source of this plugin. The file's name has to end with C(moodle_sites.yml) or C(moodle_sites.yaml).
    type: str
    required: true
    choices: [campus.moodle.sites]
  sources:
    description: Where to look.
    type: list
    elements: str
    choices: [releases, objects]
    default: [releases, objects]
  namespaces:
    description: Only these namespaces. Without it, all.
    type: list
    elements: str
    default: []
  chart:
    description: Name of the chart whose releases are sites.
    type: str
    default: moodle
  label_selector:
    description: Only releases (by the labels of their Secrets) and objects with these labels.
    type: str
    default: ""
  include_values:
    description: Whether to add the values of a release. They may hold secrets, which then are in the inventory and in its cache.
    type: bool
    default: false
  hostname:
    description: Jinja2 expression for the name of a host. It has to be different for each site.
    type: str
    default: moodle_site.name ~ '.' ~ moodle_site.namespace
"""

EXAMPLES = r"""
# moodle_sites.yml: all sites of the cluster of the current context
plugin: campus.moodle.sites

---
# production.moodle_sites.yml: groups by branch of Moodle and by state, and a runner for the moodle_* modules
plugin: campus.moodle.sites
context: production
namespaces: [physics, history]
cache: true
keyed_groups:
  - key: moodle_site.app_version | default('unknown')
    prefix: moodle
groups:
  broken: moodle_site.status | default('deployed') != 'deployed'
compose:
  moodle_runner: "{'deployment': moodle_site.name ~ '-php', 'namespace': moodle_site.namespace, 'context': 'production'}"
"""

import os
import typing as t

from ansible.errors import AnsibleParserError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS, client_from
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.plugin_utils._inventory_sites import Site, sites

GROUP = "moodle_sites"


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Sites as hosts."""

    NAME = "campus.moodle.sites"

    def verify_file(self, path: str) -> bool:
        """Accept files that are named for this plugin."""
        return bool(super().verify_file(path)) and path.endswith(("moodle_sites.yml", "moodle_sites.yaml"))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Add the sites to the inventory."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        key = self.get_cache_key(path)
        try:
            found: list[Site] = self._cache[key] if cache and self.get_option("cache") else self._query()
        except KeyError:
            found = self._query()
        if self.get_option("cache"):
            self._cache[key] = found
        self.inventory.add_group(GROUP)
        for site in found:
            self._add(site)

    def _query(self) -> list[Site]:
        """Return the sites that the cluster has now."""
        options = ("sources", "namespaces", "chart", "include_values")
        try:
            client = client_from(self._connection(), os.environ)
            given = {name: self.get_option(name) for name in options}
            return sites(client, selector=self.get_option("label_selector"), warn=self.display.warning, **given)
        except ToolError as error:
            raise AnsibleParserError(f"The sites of the cluster cannot be listed. {error}") from error

    def _connection(self) -> dict[str, t.Any]:
        """Return the options of the connection, with the environment's where the file has none, as modules do it."""
        given = {name: self.get_option(name) for name in KUBE_ARGUMENTS}
        result = ArgumentSpecValidator(KUBE_ARGUMENTS).validate({name: value for name, value in given.items() if value is not None})
        if result.error_messages:
            raise AnsibleParserError(" ".join(result.error_messages))
        return dict(result.validated_parameters)

    def _add(self, site: Site) -> None:
        """Add one host with its variables and groups."""
        variables = {"moodle_site": site}
        strict = self.get_option("strict")
        name = str(self._compose(self.get_option("hostname"), variables))
        if name in self.inventory.hosts:
            raise AnsibleParserError(f"Two sites have the name {name}. Correct the option hostname, which makes it.")
        self.inventory.add_host(name, group=GROUP)
        self.inventory.set_variable(name, "moodle_site", site)
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)
