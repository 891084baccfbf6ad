<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\session;

defined('MOODLE_INTERNAL') || die();

/** Who is logged in: cookie, session store, current user. */
class manager {
    /** Opens the session of this request and loads its user. */
    public static function start(): void {
        global $CFG, $USER, $DB;
        session_set_save_handler(self::handler(), true);
        session_name('MoodleSession' . ($CFG->sessioncookie ?? ''));
        session_set_cookie_params([
            'path' => (parse_url($CFG->wwwroot, PHP_URL_PATH) ?: '') . '/', 'httponly' => true, 'samesite' => 'Lax',
            'secure' => str_starts_with($CFG->wwwroot, 'https://'),
        ]);
        session_start(['use_strict_mode' => 1, 'use_only_cookies' => 1, 'cache_limiter' => 'nocache', 'gc_probability' => 0]);
        $user = empty($_SESSION['userid']) ? false : $DB->get_record('user', ['id' => $_SESSION['userid'], 'deleted' => 0, 'suspended' => 0]);
        $_SESSION['sesskey'] ??= bin2hex(random_bytes(5));
        if ($user !== false) {
            unset($user->password);
            $USER = $user;
        }
        $USER->sesskey = $_SESSION['sesskey'];
    }

    /** Logs a user in with a new session id. */
    public static function login(\stdClass $user): void {
        global $DB;
        session_regenerate_id(true);
        $_SESSION = ['userid' => (int) $user->id, 'sesskey' => bin2hex(random_bytes(5))];
        $DB->update_record('user', ['id' => $user->id, 'lastaccess' => time(), 'lastlogin' => time(), 'lastip' => (string) ($_SERVER['REMOTE_ADDR'] ?? '')]);
    }

    public static function terminate_current(): void {
        $_SESSION = [];
        session_destroy();
        setcookie(session_name(), '', ['expires' => 1] + array_diff_key(session_get_cookie_params(), ['lifetime' => 0]));
    }

    /** Makes a script act as a user. */
    public static function set_user(\stdClass $user): void {
        $GLOBALS['USER'] = $user;
    }

    /** Ends the sessions of one user where the database keeps them; elsewhere start() refuses a user who may not. */
    public static function destroy_user_sessions(int|string $userid): void {
        $GLOBALS['DB']->delete_records('sessions', ['userid' => $userid]);
    }

    /** Ends the sessions of everybody. */
    public static function destroy_all(): void {
        self::handler()->destroy_all();
    }

    /** @return string token that a login form must send back, so that nobody else can log this browser in */
    public static function get_login_token(): string {
        return $_SESSION['logintoken'] ??= bin2hex(random_bytes(16));
    }

    public static function validate_login_token(string $token): bool {
        return hash_equals((string) ($_SESSION['logintoken'] ?? ''), $token) && $token !== '';
    }

    private static function handler(): handler {
        global $CFG;
        $class = '\\' . ltrim((string) ($CFG->session_handler_class ?? '\core\session\database'), '\\');
        class_exists($class) || throw new \RuntimeException("Unknown session handler $class");
        return new $class();
    }
}
