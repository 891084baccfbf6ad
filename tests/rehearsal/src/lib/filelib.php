<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * Files: rows in the table files, contents in dataroot/filedir named by their SHA-1.
 */

defined('MOODLE_INTERNAL') || die();

/** @return string path of a content, e.g. <dataroot>/filedir/ab/cd/abcd... */
function content_path(string $contenthash): string {
    global $CFG;
    return "$CFG->dataroot/filedir/" . substr($contenthash, 0, 2) . '/' . substr($contenthash, 2, 2) . "/$contenthash";
}

/** Takes a file into the pool and makes or replaces its row; $source is moved. */
function store_file(string $source, int $contextid, string $component, string $area, int $itemid, string $filename, ?int $userid): int {
    global $CFG, $DB;
    $hash = (string) sha1_file($source);
    $size = (int) filesize($source);
    $path = content_path($hash);
    if (!is_file($path)) {
        make_directory(dirname($path));
        // Copy beside the target and rename: another reader never sees half a file, also across file systems.
        copy($source, "$path.tmp") && rename("$path.tmp", $path) || throw new RuntimeException("Cannot write $path");
        chmod($path, $CFG->filepermissions);
    }
    $row = [
        'contenthash' => $hash, 'pathnamehash' => sha1("/$contextid/$component/$area/$itemid/$filename"),
        'contextid' => $contextid, 'component' => $component, 'filearea' => $area, 'itemid' => $itemid, 'filepath' => '/',
        'filename' => $filename, 'userid' => $userid, 'filesize' => $size,
        'mimetype' => (new finfo(FILEINFO_MIME_TYPE))->file($path) ?: 'application/octet-stream', 'timemodified' => time(),
    ];
    $id = $DB->get_field('files', 'id', ['pathnamehash' => $row['pathnamehash']]);
    if ($id !== false) {
        $DB->update_record('files', $row + ['id' => $id]);
        return (int) $id;
    }
    return $DB->insert_record('files', $row + ['timecreated' => time()]);
}

/** @return stdClass|false row of a file */
function find_file(int $contextid, string $component, string $area, int $itemid, string $filename): stdClass|false {
    global $DB;
    return $DB->get_record('files', ['pathnamehash' => sha1("/$contextid/$component/$area/$itemid/$filename")]);
}

/** Sends a stored file and ends the request; with $CFG->xsendfile the web server does the work. */
function send_stored_file(stdClass $file): never {
    $path = content_path($file->contenthash);
    is_readable($path) || not_possible(404, 'Can not find data record in the file pool.');
    header('Content-Type: ' . $file->mimetype);
    header('X-Content-Type-Options: nosniff');
    header("Content-Disposition: attachment; filename*=UTF-8''" . rawurlencode($file->filename));
    header('Cache-Control: private, max-age=3600');
    header('ETag: "' . $file->contenthash . '"');
    if (!xsendfile($path)) {
        header('Content-Length: ' . $file->filesize);
        session_write_close();
        readfile($path);
    }
    exit;
}

/** Hands a path to the web server; false when no alias of $CFG->xsendfilealiases covers it. */
function xsendfile(string $path): bool {
    global $CFG;
    foreach (empty($CFG->xsendfile) ? [] : (array) ($CFG->xsendfilealiases ?? []) as $alias => $directory) {
        $directory = rtrim((string) realpath($directory), '/') . '/';
        if (str_starts_with($path, $directory)) {
            // Slashes are encoded as well, as Moodle does; nginx decodes the value.
            header("$CFG->xsendfile: " . rawurlencode($alias . substr($path, strlen($directory))));
            return true;
        }
    }
    return false;
}
