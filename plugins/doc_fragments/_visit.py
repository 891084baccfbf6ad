# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

# Private to this collection: it may change or disappear in any release.

"""The options of modules that visit a site; ARGUMENTS in plugins/module_utils/_site/visitor.py is their argument_spec."""

from __future__ import annotations


class ModuleDocFragment:
    """Where the pages of a site are."""

    DOCUMENTATION = r"""
options:
  url:
    description: Address of the site, as its users type it.
    type: str
    required: true
  address:
    description: Address of the machine to connect to.
    type: str
    default: 127.0.0.1
  port:
    description: Port of the machine to connect to.
    type: int
    required: true
  tls:
    description: Whether the port speaks TLS. The certificate is not verified, because the connection goes to an address, not to the name.
    type: bool
    default: false
"""
