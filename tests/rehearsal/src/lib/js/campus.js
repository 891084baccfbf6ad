// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors
'use strict';

document.documentElement.classList.add('jsenabled');
const scriptStatus = document.getElementById('script-status');
if (scriptStatus) {
    scriptStatus.textContent = 'Scripts are running.';
}
