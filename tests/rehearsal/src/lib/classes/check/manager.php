<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\check;

defined('MOODLE_INTERNAL') || die();

/** Checks of the site; each function finds a status and a summary. */
class manager {
    public const TYPES = ['status', 'security', 'performance'];

    /** @return check[] */
    public static function get_checks(string $type): array {
        $checks = [
            'status' => [
                'core_environment' => ['Environment', self::environment(...)],
                'core_upgradecheck' => ['Upgrade check', self::upgradecheck(...)],
                'core_antivirus' => ['Antivirus', static fn(): array => [result::NA, 'No antivirus scanner is enabled.']],
                'tool_task_cronrunning' => ['Cron running', self::cronrunning(...)],
                'tool_task_maxfaildelay' => ['Tasks max fail delay', self::maxfaildelay(...)],
                'tool_task_adhocqueue' => ['Ad hoc task queue', self::adhocqueue(...)],
                'tool_task_longrunningtasks' => ['Long running tasks', self::longrunningtasks(...)],
            ],
            'security' => [
                'core_displayerrors' => ['Displaying of PHP errors', static fn(): array =>
                    self::setting_off('debugdisplay', result::WARNING, 'PHP errors are shown to users.')],
                'core_passwordpolicy' => ['Password policy', static fn(): array =>
                    empty($GLOBALS['CFG']->passwordpolicy) ? [result::WARNING, 'No password policy is set.'] : [result::OK, 'Password policy is set.']],
                'core_configrw' => ['Writable config.php', self::configrw(...)],
            ],
            'performance' => [
                'core_designermode' => ['Theme designer mode', static fn(): array =>
                    self::setting_off('themedesignermode', result::CRITICAL, 'Styles are built for every request.')],
                'core_debugging' => ['Debug messages', static fn(): array => self::setting_off('debug', result::WARNING, 'Debugging is on.')],
            ],
        ];
        $rows = $checks[$type] ?? throw new \RuntimeException("Invalid check type '$type'");
        // A test that wants to see a check without an answer asks for one.
        if ($type === 'status' && rehearsal_wish('check_unknown')) {
            $rows['core_wished'] = ['Wished', static fn(): array => [result::UNKNOWN, 'Nobody knows.']];
        }
        $make = static function (string $reference, array $row): check {
            preg_match('/^(core|tool_task)_(.+)$/', $reference, $part);
            return new check($part[1], $part[2], $row[0], $row[1](...));
        };
        return array_map($make, array_keys($rows), $rows);
    }

    private static function setting_off(string $name, string $status, string $summary): array {
        return empty($GLOBALS['CFG']->$name) ? [result::OK, "$name is off."] : [$status, $summary];
    }

    private static function environment(): array {
        require_once($GLOBALS['CFG']->libdir . '/environmentlib.php');
        $problems = environment_problems();
        return $problems === [] ? [result::OK, 'All requirements are met.'] : [result::ERROR, implode(' ', $problems)];
    }

    private static function upgradecheck(): array {
        return moodle_needs_upgrading() ? [result::ERROR, 'The site must be upgraded.'] : [result::OK, 'The site is up to date.'];
    }

    private static function cronrunning(): array {
        $last = (int) get_config('tool_task', 'lastcronstart');
        if ($last === 0) {
            return [result::CRITICAL, 'Cron has never run.'];
        }
        $age = time() - $last;
        $status = $age > 86400 ? result::CRITICAL : ($age > 60 + max(60, (int) get_config('core', 'cron_keepalive')) ? result::WARNING : result::OK);
        return [$status, 'Cron started ' . format_time($age) . ' ago.'];
    }

    private static function maxfaildelay(): array {
        global $DB;
        $delay = (int) $DB->get_field_sql('SELECT max(delay) FROM (SELECT faildelay AS delay FROM {task_scheduled}
            UNION ALL SELECT faildelay FROM {task_adhoc}) AS delays');
        return [$delay >= 14400 ? result::ERROR : ($delay > 60 ? result::WARNING : result::OK), "The longest fail delay is $delay seconds."];
    }

    private static function adhocqueue(): array {
        global $DB;
        $next = $DB->get_field_sql('SELECT min(nextruntime) FROM {task_adhoc} WHERE timestarted IS NULL AND nextruntime < ?', [time()]);
        $age = $next === null || $next === false ? 0 : time() - (int) $next;
        return [$age > 4 * 3600 ? result::ERROR : ($age > 600 ? result::WARNING : result::OK), "The oldest task waits since $age seconds."];
    }

    private static function longrunningtasks(): array {
        $starts = array_map(static fn(\stdClass $task): int => (int) $task->timestarted, \core\task\manager::get_running_tasks());
        $age = $starts === [] ? 0 : time() - min($starts);
        return [$age > 86400 ? result::ERROR : ($age > 43200 ? result::WARNING : result::OK), count($starts) . ' tasks are running.'];
    }

    private static function configrw(): array {
        global $CFG;
        $writable = is_writable(($CFG->root ?? $CFG->dirroot) . '/config.php');
        return $writable ? [result::WARNING, 'PHP scripts may modify config.php.'] : [result::OK, 'config.php can not be modified by PHP scripts.'];
    }
}
