<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

require(__DIR__ . '/../config.php');
require_once($CFG->libdir . '/maillib.php');

$token = (string) ($_REQUEST['token'] ?? '');
if ($token !== '') {
    $reset = $DB->get_record_sql('SELECT * FROM {user_password_resets} WHERE token = ? AND timerequested > ?', [hash('sha256', $token), time() - 1800]);
    $reset !== false || not_possible(404, 'The password reset link is not valid any more.');
    $problem = $_SERVER['REQUEST_METHOD'] === 'POST' ? password_policy_problem((string) ($_POST['password'] ?? '')) : '';
    if ($_SERVER['REQUEST_METHOD'] === 'POST' && $problem === '') {
        require_sesskey();
        $DB->set_field('user', 'password', hash_internal_user_password((string) $_POST['password']), ['id' => $reset->userid]);
        $DB->delete_records('user_password_resets', ['userid' => $reset->userid]);
        redirect('/login/index.php');
    }
    page_header('Set password');
    echo $problem === '' ? '' : '<div class="alert alert-danger" role="alert">' . s($problem) . "</div>\n";
    echo '<form method="post"><input type="hidden" name="sesskey" value="' . s($USER->sesskey) . '">'
        . '<input type="hidden" name="token" value="' . s($token) . '">'
        . '<p><label for="password">New password</label> <input type="password" id="password" name="password" autocomplete="new-password" required></p>'
        . "<p><button type=\"submit\">Save changes</button></p></form>\n";
    page_footer();
    exit;
}
page_header('Forgotten password');
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    require_sesskey();
    $user = $DB->get_record('user', ['username' => strtolower(trim((string) ($_POST['username'] ?? ''))), 'deleted' => 0]);
    if ($user !== false && $user->email !== '') {
        $token = bin2hex(random_bytes(16));
        $DB->insert_record('user_password_resets', ['userid' => $user->id, 'timerequested' => time(), 'token' => hash('sha256', $token)]);
        send_mail($user->email, 'Password reset request', "To reset your password open\n\n$CFG->wwwroot/login/forgot_password.php?token=$token\n");
    }
    echo '<div class="alert alert-info" role="status">If you supplied a correct username then an email should have been sent to you.</div>';
} else {
    echo '<form method="post"><input type="hidden" name="sesskey" value="' . s($USER->sesskey) . '">'
        . '<p><label for="username">Username</label> <input type="text" id="username" name="username" autocomplete="username" required></p>'
        . "<p><button type=\"submit\">Search</button></p></form>\n";
}
page_footer();
