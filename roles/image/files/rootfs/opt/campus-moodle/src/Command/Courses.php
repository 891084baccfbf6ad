<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\FinishedSite;
use Campus\Moodle\Inside;
use Campus\Moodle\RequestedRows;

/** courses [--check]: makes categories, courses and enrolments as the JSON on standard input wants them, all of them or none. */
final class Courses implements Command
{
    private const CATEGORY = [
        'idnumber' => 'text',
        'name' => 'text',
        'parent' => 'text',
        'description' => 'prose',
        'visible' => 'flag',
    ];
    private const ENROLMENT = [
        'username' => 'username',
        'state' => ['present', 'suspended', 'absent'],
        'roles' => 'names',
    ];
    private const COURSE = [
        'shortname' => 'text',
        'state' => ['present', 'absent'],
        'fullname' => 'text',
        'idnumber' => 'text',
        'category' => 'text',
        'summary' => 'prose',
        'format' => 'text',
        'visible' => 'flag',
        'enrolments' => self::ENROLMENT,
    ];

    public function run(array $arguments): Inside
    {
        Arguments::allow($arguments, ['--check']);
        $requested = RequestedRows::parse((string) stream_get_contents(STDIN), ['categories' => self::CATEGORY, 'courses' => self::COURSE]);
        FinishedSite::open(current: true);
        return new Inside('courses', $requested + ['check' => $arguments !== []], static fn (array $found) => [
            'changed' => $found['changed'],
            // Objects, also when they are empty.
            'before' => array_map(static fn (array $one) => (object) $one, $found['before']),
            'after' => array_map(static fn (array $one) => (object) $one, $found['after']),
            'categories' => $found['categories'],
            'courses' => $found['courses'],
            'warnings' => $found['warnings'],
        ]);
    }
}
