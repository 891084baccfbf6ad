<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\session;

defined('MOODLE_INTERNAL') || die();

/** Sessions in the table sessions. One request at a time has a session: the lock ends with the connection. */
class database extends handler {
    private ?\core\lock\lock $lock = null;

    public function read(string $id): string|false {
        global $CFG, $DB;
        $this->lock = \core\lock\lock_config::get_lock_factory('session')->get_lock($id, (int) ($CFG->session_database_acquire_lock_timeout ?? 120)) ?: null;
        $this->lock ?? throw new \RuntimeException('Cannot obtain the session lock.');
        $data = $DB->get_field_sql('SELECT sessdata FROM {sessions} WHERE sid = ? AND timemodified > ?', [$id, time() - $this->lifetime()]);
        return (string) base64_decode((string) $data);
    }

    public function write(string $id, string $data): bool {
        global $DB;
        return $DB->execute(
            'INSERT INTO {sessions} (sid, userid, sessdata, timecreated, timemodified, lastip) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (sid) DO UPDATE SET userid = excluded.userid, sessdata = excluded.sessdata, timemodified = excluded.timemodified',
            [$id, $_SESSION['userid'] ?? 0, base64_encode($data), time(), time(), $_SERVER['REMOTE_ADDR'] ?? null],
        );
    }

    public function close(): bool {
        $this->lock?->release();
        $this->lock = null;
        return true;
    }

    public function destroy(string $id): bool {
        global $DB;
        return $DB->delete_records('sessions', ['sid' => $id]);
    }

    public function destroy_all(): void {
        global $DB;
        $DB->delete_records('sessions');
    }
}
