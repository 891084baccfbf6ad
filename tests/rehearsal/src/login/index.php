<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('NO_UPGRADE_CHECK', true);

require(__DIR__ . '/../config.php');

$message = '';
$username = strtolower(trim((string) ($_POST['username'] ?? '')));
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $user = $DB->get_record('user', ['username' => $username, 'mnethostid' => $CFG->mnet_localhost_id, 'deleted' => 0]);
    $valid = $user !== false && (int) $user->suspended === 0
        && validate_internal_user_password($user, (string) ($_POST['password'] ?? ''));
    $message = match (true) {
        !core\session\manager::validate_login_token((string) ($_POST['logintoken'] ?? '')) => 'Your session has timed out. Please log in again.',
        !$valid => 'Invalid login, please try again',
        default => '',
    };
    if ($message === '') {
        $next = (string) ($_SESSION['wantsurl'] ?? '/my/');
        core\session\manager::login($user);
        // Only a path of this site, never an address with a host of its own.
        redirect(preg_match('#^/(?![/\\\\])#', $next) ? $next : '/my/');
    }
}
if ((int) $USER->id > 0) {
    redirect('/my/');
}
page_header('Log in to the site');
if ($message !== '') {
    echo '<div class="alert alert-danger" role="alert" id="loginerrormessage">' . s($message) . "</div>\n";
}
?>
<form class="login-form" id="login" method="post" action="<?= s("$CFG->wwwroot/login/index.php") ?>">
<input type="hidden" name="logintoken" value="<?= s(core\session\manager::get_login_token()) ?>">
<p><label for="username">Username</label>
<input type="text" id="username" name="username" value="<?= s($username) ?>" autocomplete="username" required></p>
<p><label for="password">Password</label>
<input type="password" id="password" name="password" autocomplete="current-password" required></p>
<p><button type="submit" id="loginbtn">Log in</button></p>
<p><a href="<?= s("$CFG->wwwroot/login/forgot_password.php") ?>">Lost password?</a></p>
</form>
<?php
page_footer();
