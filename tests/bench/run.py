#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Starts the benchmark; see benchmark.py. It shares the site, the playbook runner and the web client with the e2e tier."""

from __future__ import annotations

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

if __name__ == "__main__":
    from benchmark import main

    main()
