// SPDX-License-Identifier: GPL-3.0-or-later
// Not built: the tests take its custom resource definitions from the source.
module campus.moodle/tools/cloudnative-pg

go 1.24.0

require (
	github.com/cloudnative-pg/cloudnative-pg v1.29.1
)
