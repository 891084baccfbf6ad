<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * What every web page does: right address, right state of the site, session, HTML around the content.
 */

defined('MOODLE_INTERNAL') || die();

/** Runs after setup.php has loaded the settings. */
function start_web_page(): void {
    global $CFG;
    ini_set('display_errors', '0');
    header('X-Rehearsal-Build: ' . $CFG->rehearsal->build);
    if (NO_MOODLE_COOKIES) {
        return;
    }
    check_address();
    if (empty($CFG->version) || empty($CFG->rolesactive)) {
        send_unavailable(plain_page('Not installed', 'The database of this site is not installed yet.'));
    }
    if ((int) ($CFG->upgraderunning ?? 0) > time()) {
        send_unavailable(plain_page('Upgrade', 'Site is being upgraded, please retry later.'));
    }
    core\session\manager::start();
    if (defined('NO_UPGRADE_CHECK')) {
        return;
    }
    if (!empty($CFG->maintenance_enabled) && !is_siteadmin()) {
        send_unavailable(plain_page('Maintenance', 'The site is undergoing maintenance and is currently not available.'));
    }
    if ((is_siteadmin() || database_is_behind()) && moodle_needs_upgrading()) {
        is_siteadmin() && redirect('/admin/index.php');
        send_unavailable(plain_page('Upgrade needed', 'The database of this site must be upgraded first.'));
    }
}

/** Whether the code needs columns the database does not have: then nobody can use the site. */
function database_is_behind(): bool {
    global $CFG;
    return (int) ($CFG->rehearsal_schema ?? 1) < (int) $CFG->rehearsal->schema;
}

/**
 * The host of a request must be the one of wwwroot, unless reverseproxy says that a proxy in front changes it.
 *
 * With sslproxy the proxy speaks https to the browser and http to PHP.
 */
function check_address(): void {
    global $CFG;
    $root = parse_url($CFG->wwwroot);
    $https = !empty($CFG->sslproxy) || strtolower((string) ($_SERVER['HTTPS'] ?? 'off')) === 'on' || ($_SERVER['SERVER_PORT'] ?? '') === '443';
    if (!empty($CFG->sslproxy) && $root['scheme'] !== 'https') {
        throw new RuntimeException('$CFG->sslproxy is set, so $CFG->wwwroot must begin with https.');
    }
    $host = strtolower((string) ($_SERVER['HTTP_HOST'] ?? ''));
    $expected = strtolower($root['host'] . (isset($root['port']) ? ":{$root['port']}" : ''));
    if (!empty($CFG->reverseproxy)) {
        $host === $expected && throw new RuntimeException('Reverse proxy enabled, server can not be accessed directly.');
        return;
    }
    $same = $host === '' || ($host === $expected && $https === ($root['scheme'] === 'https'));
    if (!$same) {
        header('Location: ' . $CFG->wwwroot, true, 303);
        exit(plain_page('Incorrect access', "This site is available at $CFG->wwwroot"));
    }
}

/** Escapes text for HTML. */
function s(mixed $text): string {
    return htmlspecialchars((string) $text, ENT_QUOTES | ENT_SUBSTITUTE);
}

/** Sends the browser to a path of this site. */
function redirect(string $path): never {
    global $CFG;
    header('Location: ' . $CFG->wwwroot . $path, true, 303);
    exit;
}

/** Sends guests to the login page, which brings them back. */
function require_login(): void {
    global $CFG, $USER;
    if ((int) $USER->id === 0) {
        $base = parse_url($CFG->wwwroot, PHP_URL_PATH) ?: '';
        $_SESSION['wantsurl'] = substr((string) ($_SERVER['REQUEST_URI'] ?? '/my/'), strlen($base));
        redirect('/login/index.php');
    }
}

/** Ends the request unless the form was made in this session. */
function require_sesskey(): void {
    global $USER;
    if (!hash_equals((string) $USER->sesskey, (string) ($_POST['sesskey'] ?? $_GET['sesskey'] ?? ''))) {
        not_possible(403, 'Your session has most likely timed out. Please log in again.');
    }
}

/** Ends the request with a page that says why. */
function not_possible(int $status, string $sentence): never {
    http_response_code($status);
    page_header('Error');
    echo '<div class="alert alert-danger errorbox" role="alert">' . s($sentence) . '</div>';
    page_footer();
    exit;
}

/** Writes everything before the content. */
function page_header(string $title): void {
    global $CFG, $SITE, $DB, $USER;
    $site = $DB->get_record('course', ['id' => 1]) ?: $SITE;
    $theme = s($CFG->theme ?? 'boost');
    header('Content-Type: text/html; charset=utf-8');
    header('Cache-Control: private, no-store');
    header('X-Frame-Options: sameorigin');
    $menu = (int) $USER->id === 0
        ? "<a href=\"$CFG->wwwroot/login/index.php\">Log in</a>"
        : "<a href=\"$CFG->wwwroot/my/\">Dashboard</a> <a href=\"$CFG->wwwroot/user/files.php\">Private files</a>"
            . (is_siteadmin() ? " <a href=\"$CFG->wwwroot/admin/index.php\">Site administration</a>" : '')
            . " <span class=\"usertext\">" . s("$USER->firstname $USER->lastname") . '</span>'
            . " <a href=\"$CFG->wwwroot/login/logout.php?sesskey=" . s($USER->sesskey) . '">Log out</a>';
    $lang = s($CFG->lang ?? 'en');
    $name = s($site->fullname);
    $title = s($title);
    echo <<<HTML
        <!DOCTYPE html>
        <html lang="$lang" dir="ltr">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="generator" content="campus.moodle rehearsal payload">
        <title>$title | $name</title>
        <link rel="icon" type="image/svg+xml" href="$CFG->wwwroot/pix/icon.svg">
        <link rel="stylesheet" href="$CFG->wwwroot/theme/styles.php/$theme/$CFG->themerev/all">
        <script src="$CFG->wwwroot/lib/javascript.php/$CFG->jsrev/lib/js/campus.js" defer></script>
        </head>
        <body>
        <a class="skip" href="#maincontent">Skip to main content</a>
        <header><a class="brand" href="$CFG->wwwroot/">$name</a><nav aria-label="Site">$menu</nav></header>
        <main id="maincontent">
        <h1>$title</h1>

        HTML;
}

/** Writes everything after the content; says plainly what this is and which build answered. */
function page_footer(): void {
    global $CFG;
    $build = s($CFG->rehearsal->build);
    $release = s($CFG->release ?? '');
    echo <<<HTML
        </main>
        <footer id="page-footer">
        <p>This is the rehearsal payload, not Moodle. Release <span id="release">$release</span>,
        build <span id="build">$build</span>, schema <span id="schema">{$CFG->rehearsal->schema}</span>.</p>
        </footer>
        </body>
        </html>

        HTML;
}

/** @return string[] parts of the path after the script, e.g. /pluginfile.php/5/user -> ["5", "user"] */
function slash_arguments(): array {
    $path = (string) ($_SERVER['PATH_INFO'] ?? '');
    if ($path === '') {
        $path = (string) (explode('.php', (string) parse_url((string) ($_SERVER['REQUEST_URI'] ?? ''), PHP_URL_PATH), 2)[1] ?? '');
        $path = rawurldecode($path);
    }
    return $path === '' ? [] : explode('/', ltrim($path, '/'));
}
