<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * Functions that must work before the database is there.
 */

defined('MOODLE_INTERNAL') || die();

/** Ends the script with one sentence; web requests get status 500. */
function stop_early(string $sentence): never {
    if (PHP_SAPI === 'cli') {
        fwrite(STDERR, "Fatal error: $sentence Exiting.\n");
        exit(1);
    }
    http_response_code(500);
    header('Content-Type: text/plain; charset=utf-8');
    echo "Fatal error: $sentence Exiting.\n";
    exit(1);
}

/** Ends a web request with status 503, not cacheable, to be retried in five minutes. */
function send_unavailable(string $html): never {
    global $CFG;
    http_response_code(503);
    header('Retry-After: 300');
    header('Cache-Control: no-store');
    header('Content-Type: text/html; charset=utf-8');
    header('X-Rehearsal-Build: ' . $CFG->rehearsal->build);
    echo $html;
    exit;
}

/** Small stand-alone page for states in which no normal page can be made. */
function plain_page(string $title, string $text): string {
    return '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>' . htmlspecialchars($title) . '</title></head>'
        . '<body><main><h1>' . htmlspecialchars($title) . '</h1><p>' . htmlspecialchars($text) . '</p></main>'
        . '<footer>This is the rehearsal payload, not Moodle.</footer></body></html>';
}

/** Writes a file so that readers see the old or the new content, never a part. */
function write_file_atomically(string $path, string $content): void {
    global $CFG;
    make_directory(dirname($path));
    $temporary = $path . '.' . bin2hex(random_bytes(6));
    if (file_put_contents($temporary, $content) !== strlen($content) || !rename($temporary, $path)) {
        throw new RuntimeException("Cannot write $path");
    }
    chmod($path, $CFG->filepermissions);
}

/** Creates a directory and its parents; another process may win the race. */
function make_directory(string $path): void {
    global $CFG;
    if (!is_dir($path) && !@mkdir($path, $CFG->directorypermissions, true) && !is_dir($path)) {
        throw new RuntimeException("Cannot create the directory $path");
    }
}

/** Deletes everything below a directory, the directory itself stays. */
function remove_dir_content(string $path): void {
    if (!is_dir($path)) {
        return;
    }
    $entries = new RecursiveIteratorIterator(
        new RecursiveDirectoryIterator($path, FilesystemIterator::SKIP_DOTS),
        RecursiveIteratorIterator::CHILD_FIRST,
    );
    foreach ($entries as $entry) {
        // Other processes purge as well: a file that is gone already is what we wanted.
        $entry->isDir() && !$entry->isLink() ? @rmdir($entry->getPathname()) : @unlink($entry->getPathname());
    }
}

/** Makes web pages answer 503 until `maintenance.php --disable`. */
function enable_cli_maintenance_mode(): void {
    global $CFG;
    $template = "$CFG->dataroot/climaintenance.template.html";
    $message = trim(strip_tags((string) ($CFG->maintenance_message ?? '')));
    $html = match (true) {
        $message !== '' => plain_page('Maintenance', $message),
        is_readable($template) => (string) file_get_contents($template),
        default => plain_page('Maintenance', 'The site is undergoing maintenance and is currently not available.'),
    };
    write_file_atomically("$CFG->dataroot/climaintenance.html", $html);
}

/** Last resort for errors nobody caught: one line on the command line, status 500 or 503 on the web. */
function default_exception_handler(Throwable $error): never {
    global $CFG;
    $unreachable = $error instanceof dml_connection_exception;
    $sentence = $unreachable ? 'Error: Database connection failed' : $error->getMessage();
    if (PHP_SAPI === 'cli') {
        echo "!!! $sentence !!!\n" . ($unreachable ? $error->getMessage() : $error->getFile() . ':' . $error->getLine()) . "\n";
        exit(1);
    }
    error_log(get_class($error) . ': ' . $error->getMessage() . ' at ' . $error->getFile() . ':' . $error->getLine());
    http_response_code($unreachable ? 503 : 500);
    header('X-Rehearsal-Build: ' . $CFG->rehearsal->build);
    echo plain_page('Error', $unreachable || empty($CFG->debugdisplay) ? ($unreachable ? $sentence : 'An error occurred.') : $sentence);
    exit(1);
}

/**
 * Behaviour a test asks for through the file rehearsal.json in dataroot, e.g. {"upgrade_seconds": 20, "upgrade_fail": true}.
 *
 * @return mixed the value, or null when the file or the name is not there
 */
function rehearsal_wish(string $name): mixed {
    global $CFG;
    $path = "$CFG->dataroot/rehearsal.json";
    return is_readable($path) ? (json_decode((string) file_get_contents($path), true)[$name] ?? null) : null;
}
