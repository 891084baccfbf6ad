<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\check;

defined('MOODLE_INTERNAL') || die();

/** Checks of the site: each is [status, summary]; status words as in the monitoring plugin world plus NA and INFO. */
class manager {
    public const TYPES = ['status', 'security', 'performance'];

    /** @return array<string, array{0: string, 1: callable(): array{0: string, 1: string}}> reference => name, check */
    public static function get_checks(string $type): array {
        $checks = [
            'status' => [
                'core_environment' => ['Environment', self::environment(...)],
                'core_upgradecheck' => ['Upgrade check', self::upgradecheck(...)],
                'core_antivirus' => ['Antivirus', static fn(): array => ['NA', 'No antivirus scanner is enabled.']],
                'tool_task_cronrunning' => ['Cron running', self::cronrunning(...)],
                'tool_task_maxfaildelay' => ['Tasks max fail delay', self::maxfaildelay(...)],
                'tool_task_adhocqueue' => ['Ad hoc task queue', self::adhocqueue(...)],
                'tool_task_longrunningtasks' => ['Long running tasks', self::longrunningtasks(...)],
            ],
            'security' => [
                'core_displayerrors' => ['Displaying of PHP errors', static fn(): array =>
                    self::setting_off('debugdisplay', 'WARNING', 'PHP errors are shown to users.')],
                'core_passwordpolicy' => ['Password policy', static fn(): array =>
                    empty($GLOBALS['CFG']->passwordpolicy) ? ['WARNING', 'No password policy is set.'] : ['OK', 'Password policy is set.']],
                'core_configrw' => ['Writable config.php', self::configrw(...)],
            ],
            'performance' => [
                'core_designermode' => ['Theme designer mode', static fn(): array =>
                    self::setting_off('themedesignermode', 'CRITICAL', 'Styles are built for every request.')],
                'core_debugging' => ['Debug messages', static fn(): array => self::setting_off('debug', 'WARNING', 'Debugging is on.')],
            ],
        ];
        return $checks[$type] ?? throw new \RuntimeException("Invalid check type '$type'");
    }

    private static function setting_off(string $name, string $status, string $summary): array {
        return empty($GLOBALS['CFG']->$name) ? ['OK', "$name is off."] : [$status, $summary];
    }

    private static function environment(): array {
        require_once($GLOBALS['CFG']->libdir . '/environmentlib.php');
        $problems = environment_problems();
        return $problems === [] ? ['OK', 'All requirements are met.'] : ['ERROR', implode(' ', $problems)];
    }

    private static function upgradecheck(): array {
        return moodle_needs_upgrading() ? ['ERROR', 'The site must be upgraded.'] : ['OK', 'The site is up to date.'];
    }

    private static function cronrunning(): array {
        $last = (int) get_config('tool_task', 'lastcronstart');
        if ($last === 0) {
            return ['CRITICAL', 'Cron has never run.'];
        }
        $age = time() - $last;
        $status = $age > 86400 ? 'CRITICAL' : ($age > 60 + max(60, (int) get_config('core', 'cron_keepalive')) ? 'WARNING' : 'OK');
        return [$status, 'Cron started ' . format_time($age) . ' ago.'];
    }

    private static function maxfaildelay(): array {
        global $DB;
        $delay = (int) $DB->get_field_sql('SELECT max(delay) FROM (SELECT faildelay AS delay FROM {task_scheduled}
            UNION ALL SELECT faildelay FROM {task_adhoc}) AS delays');
        return [$delay >= 14400 ? 'ERROR' : ($delay > 60 ? 'WARNING' : 'OK'), "The longest fail delay is $delay seconds."];
    }

    private static function adhocqueue(): array {
        global $DB;
        $next = $DB->get_field_sql('SELECT min(nextruntime) FROM {task_adhoc} WHERE timestarted IS NULL AND nextruntime < ?', [time()]);
        $age = $next === null || $next === false ? 0 : time() - (int) $next;
        return [$age > 4 * 3600 ? 'ERROR' : ($age > 600 ? 'WARNING' : 'OK'), "The oldest task waits since $age seconds."];
    }

    private static function longrunningtasks(): array {
        $starts = array_map(static fn(\stdClass $task): int => (int) $task->timestarted, \core\task\manager::get_running_tasks());
        $age = $starts === [] ? 0 : time() - min($starts);
        return [$age > 86400 ? 'ERROR' : ($age > 43200 ? 'WARNING' : 'OK'), count($starts) . ' tasks are running.'];
    }

    private static function configrw(): array {
        global $CFG;
        $writable = is_writable(($CFG->root ?? $CFG->dirroot) . '/config.php');
        return $writable ? ['WARNING', 'PHP scripts may modify config.php.'] : ['OK', 'config.php can not be modified by PHP scripts.'];
    }
}
