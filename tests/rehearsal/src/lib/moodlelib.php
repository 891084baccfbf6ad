<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * Settings, users and passwords, caches.
 */

defined('MOODLE_INTERNAL') || die();

/** Loads the core settings of the database; values of config.php win. An empty database gives no settings. */
function initialise_cfg(): void {
    global $CFG, $DB;
    if (!$DB->get_manager()->table_exists('config')) {
        return;
    }
    foreach ($DB->get_records_menu('config', [], '', 'name, value') as $name => $value) {
        if (!array_key_exists($name, $CFG->config_php_settings)) {
            $CFG->$name = $value;
        }
    }
    $later = (int) ($CFG->maintenance_later ?? 0);
    if ($later > 0 && $later <= time()) {
        enable_cli_maintenance_mode();
        unset_config('maintenance_later');
    }
}

/** @return array<string, mixed> settings of a component that config.php forces */
function forced_settings(?string $plugin): array {
    global $CFG;
    return is_core($plugin) ? $CFG->config_php_settings : ($CFG->forced_plugin_settings[$plugin] ?? []);
}

/** Null, an empty string, "core" and "moodle" all name core. */
function is_core(?string $plugin): bool {
    return in_array($plugin, [null, '', 'core', 'moodle'], true);
}

/**
 * Reads one setting (false when not set) or all of a component (object); values forced by config.php win.
 *
 * @param string|null $plugin component, null or "core" for core
 */
function get_config(?string $plugin, ?string $name = null): mixed {
    global $DB;
    $forced = forced_settings($plugin);
    if ($name !== null && array_key_exists($name, $forced)) {
        return is_scalar($forced[$name]) ? (string) $forced[$name] : $forced[$name];
    }
    $table = is_core($plugin) ? 'config' : 'config_plugins';
    $where = is_core($plugin) ? [] : ['plugin' => $plugin];
    if (!$DB->get_manager()->table_exists($table)) {
        return $name === null ? new stdClass() : false;
    }
    if ($name !== null) {
        return $DB->get_field($table, 'value', $where + ['name' => $name]);
    }
    $values = $DB->get_records_menu($table, $where, 'name', 'name, value');
    return (object) array_merge($values, array_filter($forced, 'is_scalar'));
}

/** Stores one setting; null removes it. A value forced by config.php stays in force. */
function set_config(string $name, mixed $value, ?string $plugin = null): bool {
    global $CFG, $DB;
    if ($value === null) {
        return unset_config($name, $plugin);
    }
    $core = is_core($plugin);
    $where = $core ? ['name' => $name] : ['plugin' => $plugin, 'name' => $name];
    [$columns, $marks, $conflict] = $core ? ['name, value', '?, ?', 'name'] : ['plugin, name, value', '?, ?, ?', 'plugin, name'];
    $DB->execute(
        'INSERT INTO {' . ($core ? 'config' : 'config_plugins') . "} ($columns) VALUES ($marks)
            ON CONFLICT ($conflict) DO UPDATE SET value = excluded.value",
        [...array_values($where), (string) $value],
    );
    if ($core && !array_key_exists($name, $CFG->config_php_settings)) {
        $CFG->$name = (string) $value;
    }
    return true;
}

/** Removes one setting from the database. */
function unset_config(string $name, ?string $plugin = null): bool {
    global $CFG, $DB;
    if (!is_core($plugin)) {
        return $DB->delete_records('config_plugins', ['plugin' => $plugin, 'name' => $name]);
    }
    if (!array_key_exists($name, $CFG->config_php_settings)) {
        unset($CFG->$name);
    }
    return $DB->delete_records('config', ['name' => $name]);
}

/** Records who changed a setting from what to what. */
function add_to_config_log(string $name, mixed $old, mixed $new, ?string $plugin): void {
    global $DB, $USER;
    $DB->insert_record('config_log', (object) [
        'userid' => $USER->id, 'timemodified' => time(), 'plugin' => is_core($plugin) ? null : $plugin,
        'name' => $name, 'value' => $new, 'oldvalue' => $old === false ? null : $old,
    ]);
}

/**
 * Whether the versions on disk differ from the ones in the database.
 *
 * While the command line upgrade lock is set every process but the upgrading one is told false.
 */
function moodle_needs_upgrading(bool $checkupgradeflag = true): bool {
    global $CFG, $DB;
    if ($checkupgradeflag && !defined('CLI_UPGRADE_RUNNING') && !empty($CFG->version)) {
        if (!empty($DB->get_field('config', 'value', ['name' => 'outagelessupgrade']))) {
            return false;
        }
    }
    if (empty($CFG->version) || empty($CFG->allversionshash)) {
        return true;
    }
    return core_component::get_all_versions_hash() !== $CFG->allversionshash;
}

/** Empties every cache directory and gives styles and scripts new addresses. */
function purge_all_caches(): void {
    purge_caches();
}

/**
 * Purges the named caches, or all without names.
 *
 * @param array<string, mixed> $options any of muc, courses, theme, lang, js, filter, other
 */
function purge_caches(array $options = []): void {
    global $CFG;
    $all = $options === [];
    foreach (['theme' => 'themerev', 'js' => 'jsrev', 'lang' => 'langrev'] as $name => $revision) {
        if ($all || !empty($options[$name])) {
            set_config($revision, max(time(), (int) ($CFG->$revision ?? 0) + 1));
        }
    }
    if ($all || !empty($options['other']) || !empty($options['muc'])) {
        remove_dir_content($CFG->cachedir);
        remove_dir_content($CFG->localcachedir);
        set_config('localcachedirpurged', time());
    }
}

/** @return string[] peppers, the newest first, then the empty one for hashes made without */
function password_peppers(): array {
    global $CFG;
    $peppers = (array) ($CFG->passwordpeppers ?? []);
    krsort($peppers);
    return [...array_map('strval', array_values($peppers)), ''];
}

/** Hashes a password with the newest pepper; the cost is low because this is a rehearsal. */
function hash_internal_user_password(string $password): string {
    $pepper = password_peppers()[0];
    return password_hash(hash('sha256', $password . $pepper), PASSWORD_BCRYPT, ['cost' => 8]);
}

/** Whether the password fits with any known pepper. */
function validate_internal_user_password(stdClass $user, string $password): bool {
    foreach (password_peppers() as $pepper) {
        if (password_verify(hash('sha256', $password . $pepper), (string) $user->password)) {
            return true;
        }
    }
    return false;
}

/** @return string the first rule of the password policy that is broken, empty when all are kept */
function password_policy_problem(string $password): string {
    global $CFG;
    if (empty($CFG->passwordpolicy)) {
        return '';
    }
    $minimum = (int) ($CFG->minpasswordlength ?? 8);
    $rules = [
        "Passwords must be at least $minimum characters long." => strlen($password) >= $minimum,
        'Passwords must have at least 1 digit(s).' => preg_match('/\d/', $password) === 1,
        'Passwords must have at least 1 lower case letter(s).' => preg_match('/\p{Ll}/u', $password) === 1,
        'Passwords must have at least 1 upper case letter(s).' => preg_match('/\p{Lu}/u', $password) === 1,
        'The password must have at least 1 special character(s).' => preg_match('/[^\p{L}\d]/u', $password) === 1,
    ];
    return (string) array_search(false, $rules, true);
}

const AUTH_PASSWORD_NOT_CACHED = 'not cached';

/** Whether the password keeps the rules of the site; $errmsg gets the reason as HTML. */
function check_password_policy(string $password, ?string &$errmsg, ?stdClass $user = null): bool {
    $problem = password_policy_problem($password);
    $errmsg .= $problem === '' ? '' : "<div>$problem</div>";
    return $problem === '';
}

function exists_auth_plugin(string $name): bool {
    return isset(core_component::get_plugin_list('auth')[$name]);
}

/** @return object the only kind here keeps passwords in the database */
function get_auth_plugin(string $name): object {
    return new class {
        public function is_internal(): bool {
            return true;
        }
    };
}

/** @return stdClass the first administrator */
function get_admin(): stdClass {
    global $CFG, $DB;
    return $DB->get_record('user', ['id' => explode(',', (string) $CFG->siteadmins)[0]], '*', MUST_EXIST);
}

/** Marks an account as deleted; its name and address are free again. */
function delete_user(stdClass $user): bool {
    global $DB;
    if (is_siteadmin($user)) {
        return false;
    }
    foreach (['user_enrolments', 'role_assignments', 'sessions'] as $table) {
        $DB->delete_records($table, ['userid' => $user->id]);
    }
    $DB->delete_records('files', ['contextid' => context_id(CONTEXT_USER, (int) $user->id)]);
    $gone = ['username' => "$user->email." . time(), 'email' => md5($user->username), 'idnumber' => '', 'deleted' => 1];
    return $DB->update_record('user', ['id' => $user->id, 'timemodified' => time()] + $gone);
}

/** Deletes a course with its enrolments and activities. */
function delete_course(int|string $courseid, bool $showfeedback = true): bool {
    global $DB;
    if ((int) $courseid === SITEID) {
        return false;
    }
    $contextid = context_id(CONTEXT_COURSE, (int) $courseid);
    foreach ($DB->get_records('enrol', ['courseid' => $courseid]) as $instance) {
        $DB->delete_records('user_enrolments', ['enrolid' => $instance->id]);
    }
    foreach (['enrol' => 'courseid', 'course_modules' => 'course', 'course' => 'id'] as $table => $column) {
        $DB->delete_records($table, [$column => $courseid]);
    }
    $DB->delete_records('role_assignments', ['contextid' => $contextid]);
    return $DB->delete_records('context', ['id' => $contextid]);
}

function html_to_text(string $html, int $width = 75, bool $dolinks = true): string {
    return html_entity_decode(strip_tags(str_replace(['</div>', '<br>'], "\n", $html)));
}

/** @return int id of the new user */
function create_user(string $username, string $password, string $email, string $firstname, string $lastname): int {
    global $CFG, $DB;
    $userid = $DB->insert_record('user', (object) [
        'auth' => 'manual', 'confirmed' => 1, 'mnethostid' => $CFG->mnet_localhost_id ?? 1, 'username' => $username,
        'password' => hash_internal_user_password($password), 'firstname' => $firstname, 'lastname' => $lastname,
        'email' => $email, 'lang' => $CFG->lang ?? 'en', 'timecreated' => time(), 'timemodified' => time(),
    ]);
    context_id(CONTEXT_USER, $userid);
    return $userid;
}

const SITEID = 1;
const CONTEXT_USER = 30;
const CONTEXT_COURSE = 50;
const CONTEXT_MODULE = 70;

/** @return int id of the context of an instance, made when it is not there */
function context_id(int $level, int $instanceid): int {
    global $DB;
    $where = ['contextlevel' => $level, 'instanceid' => $instanceid];
    return (int) ($DB->get_field('context', 'id', $where) ?: $DB->insert_record('context', (object) $where));
}

/** Whether a user is named in the setting siteadmins. */
function is_siteadmin(?stdClass $user = null): bool {
    global $CFG, $USER;
    $id = (string) ($user ?? $USER)->id;
    return $id !== '0' && in_array($id, explode(',', (string) ($CFG->siteadmins ?? '')), true);
}

/** Writes one line for people and logs. */
function mtrace(string $text, string $end = "\n"): void {
    echo $text . $end;
    if (ob_get_level() === 0) {
        flush();
    }
}

/** @return string seconds in words, e.g. "2 mins 5 secs" */
function format_time(int $seconds): string {
    $parts = [];
    foreach (['day' => 86400, 'hour' => 3600, 'min' => 60, 'sec' => 1] as $unit => $size) {
        $count = intdiv($seconds, $size);
        $seconds -= $count * $size;
        $count === 0 || $parts[] = "$count $unit" . ($count === 1 ? '' : 's');
    }
    return implode(' ', array_slice($parts, 0, 2)) ?: 'now';
}
