# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""A Moodle site, through the program of its image, and the table of Moodle's branches.

program      the client of the program: one command, one answer, one wording of failures
results      what the modules make of options and answers: differences, masks, confirmations
checks       moodle_check_info         settings     moodle_config
courses      moodle_course             users        moodle_user
maintenance  moodle_maintenance        plugins      moodle_plugin_info
tasks        moodle_task_info          upgrade      moodle_upgrade
branches     what each branch of Moodle runs on, and for how long

Each module of the family has a file named like the program's command that it runs. There are no rooms.
"""
