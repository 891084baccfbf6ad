# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Running other programs, and failing well.

errors   the one family of failures, ToolError
process  run a program: a list of words, a time limit, text in and out
module   end a module with its result or with its failure
files    replace a file as a whole; a file for a secret that ends with the module
sizes    sizes as people read them
times    times as programs print them, ages as people write them
yaml     read YAML as Go programs do

Every package below module_utils may use this one; it uses none of them.
"""
