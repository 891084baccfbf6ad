<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\FinishedSite;
use Campus\Moodle\Inside;
use Campus\Moodle\Mask;
use Campus\Moodle\RequestedRows;

/** users [--check]: makes the accounts of the site as the JSON on standard input wants them, all of them or none. */
final class Users implements Command
{
    private const TABLE = [
        'username' => 'username',
        'state' => ['present', 'suspended', 'absent'],
        'password' => 'text',
        'update_password' => ['on_create', 'always'],
        'auth' => 'text',
        'firstname' => 'text',
        'lastname' => 'text',
        'email' => 'email',
        'idnumber' => 'text',
        'institution' => 'text',
        'department' => 'text',
        'city' => 'text',
        'country' => 'text',
        'lang' => 'text',
        'timezone' => 'text',
    ];

    public function run(array $arguments): Inside
    {
        Arguments::allow($arguments, ['--check']);
        $requested = RequestedRows::parse((string) stream_get_contents(STDIN), ['users' => self::TABLE]);
        FinishedSite::open(current: true);
        return new Inside('users', $requested + ['check' => $arguments !== []], static fn (array $found) => [
            'changed' => $found['changed'],
            'before' => (object) self::masked($found['before'], Mask::SECRET),
            'after' => (object) self::masked($found['after'], Mask::NEW_SECRET),
            'users' => $found['users'],
            'warnings' => $found['warnings'],
        ]);
    }

    /**
     * @param array<string, array<string, mixed>|null> $users by name; null: no such user
     * @return array<string, array<string, mixed>|null>
     */
    private static function masked(array $users, string $mask): array
    {
        return array_map(static fn (?array $user) => isset($user['password']) ? ['password' => $mask] + $user : $user, $users);
    }
}
