# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

# Private to this collection: it may change or disappear in any release.

"""Options that the restic modules share; ARGUMENTS in plugins/module_utils/_restic/client.py is their argument_spec."""

from __future__ import annotations


class ModuleDocFragment:
    """How to reach a repository, and how long that may take."""

    DOCUMENTATION = r"""
options:
  repository:
    description:
      - Place of the repository as restic writes it, such as V(/srv/backup), V(s3:https://s3.example.org/bucket/moodle)
        or V(rest:https://backup.example.org/moodle).
      - It is handed over in the environment, so that a password in the address is not part of a command.
    type: str
    required: true
  password:
    description: Password of the repository. Exactly one of O(password), O(password_file) and O(password_command) is needed.
    type: str
  password_file:
    description: File on the host that contains the password.
    type: path
  password_command:
    description: Command that prints the password, as restic's C(RESTIC_PASSWORD_COMMAND) takes it. It must contain no secret.
    type: str
  environment:
    description:
      - Variables for restic, such as V(AWS_ACCESS_KEY_ID), V(AWS_SECRET_ACCESS_KEY) or V(RESTIC_REST_PASSWORD).
      - Their values are treated as secrets. Inherited variables that name a repository, a password or a host are ignored,
        and here they are refused, because options name them.
    type: dict
    default: {}
  cache_dir:
    description: Folder of restic's cache. Without it restic uses its own default, below the home directory of the user.
    type: path
  binary:
    description: The restic program, by name or path, in version 0.14.0 or newer.
    type: str
    default: restic
  lock_wait:
    description:
      - How many seconds restic waits for a lock that another process holds. V(0) fails at once.
      - Needs restic 0.16.0 or newer.
    type: int
    default: 0
  timeout:
    description:
      - How many seconds one start of restic may take before it is ended. V(0) means no limit.
      - restic repeats a failed request for up to 15 minutes, so an unreachable repository ends by this limit.
    type: int
    default: 300
  limit_upload:
    description: Highest upload rate in KiB per second.
    type: int
  limit_download:
    description: Highest download rate in KiB per second.
    type: int
  backend_options:
    description:
      - Extended options of the storage backend by name, such as V(s3.bucket-lookup).
      - They are part of the command, so none may be secret.
    type: dict
    default: {}
  cacert:
    description: File with the certificates of authorities that restic trusts instead of the system's.
    type: path
"""
