<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Sends a test mail to the address of the request (to). Reports where it went and which server took it.

use Campus\Moodle\Inside;

define('CLI_SCRIPT', true);

require '/srv/moodle/config.php';

/** Why Moodle would send nothing, as [code, sentence]; it calls that a success. */
function campus_mail_is_off(string $to): ?array {
    global $CFG;
    return match (true) {
        !empty($CFG->noemailever) => ['mail_off', 'Moodle is told to send no mail at all (noemailever, which is moodle_no_email of the site).'],
        empty($CFG->smtphosts) => ['no_mail_server', 'The site has no mail server (smtphosts, which is moodle_smtp_host of the site).'],
        !empty($CFG->divertallemailsto) => ['mail_diverted', "Moodle sends every mail to $CFG->divertallemailsto instead (divertallemailsto)."],
        str_ends_with($to, '.invalid') => ['no_address', "Moodle sends nothing to $to, since names that end in .invalid belong to nobody."],
        default => null,
    };
}

/** Sends the mail as Moodle's own page for test mails does, and returns what Moodle said of a failure; null is success. */
function campus_send_test_mail(string $to): ?string {
    global $CFG, $SITE;
    // The conversation with the server, which is printed with this setting, has the login in it.
    $CFG->debugsmtp = false;
    $user = core_user::get_noreply_user();
    $user = (object) (['id' => -99, 'email' => $to, 'firstname' => $to, 'lastname' => '', 'mailformat' => 0] + (array) $user);
    $text = "This is a test mail of $SITE->fullname, $CFG->wwwroot. It was asked for by the operators of the site. No answer is needed.";
    ob_start();
    try {
        $sent = email_to_user($user, core_user::get_noreply_user(), 'Test mail of ' . parse_url($CFG->wwwroot, PHP_URL_HOST), $text);
    } finally {
        $said = ob_get_clean();
    }
    return $sent ? null : preg_replace('/\s+/', ' ', trim((string) preg_replace('/^.*email_to_user\(\):/s', '', $said)));
}

$campusto = Inside::request()['to'];
$campusproblem = campus_mail_is_off($campusto);
if ($campusproblem === null) {
    $campusreason = campus_send_test_mail($campusto);
    $campusproblem = $campusreason === null ? null
        : ['mail_refused', "The mail server $CFG->smtphosts did not take the mail: " . mb_substr($campusreason ?: 'Moodle gives no reason.', 0, 600)];
}

Inside::report([
    'problems' => $campusproblem === null ? [] : [array_combine(['code', 'sentence'], $campusproblem)],
    'to' => $campusto,
    'server' => $CFG->smtphosts ?? '',
]);
