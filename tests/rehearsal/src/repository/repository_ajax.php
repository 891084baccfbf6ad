<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/** What the file picker asks: only uploads into a draft area, which end as JSON. */

require(__DIR__ . '/../config.php');
require_once($CFG->libdir . '/filelib.php');
require_login();

$upload = $_FILES['repo_upload_file'] ?? ['error' => UPLOAD_ERR_NO_FILE, 'tmp_name' => ''];
$name = trim((string) preg_replace('/[\x00-\x1f\x7f\/\\\\]/', '', (string) ($_POST['title'] ?? '')), '. ');
$draft = (int) ($_POST['itemid'] ?? 0);
$error = match (true) {
    $_POST === [] => 'The uploaded file may exceed the post_max_size directive in php.ini.',
    !hash_equals((string) $USER->sesskey, (string) ($_POST['sesskey'] ?? '')) => 'Incorrect sesskey submitted, form not accepted!',
    ($_GET['action'] ?? '') !== 'upload' || ($_POST['repo_id'] ?? '') !== '3' => 'Invalid repository ID',
    $upload['error'] !== UPLOAD_ERR_OK || $name === '' || $draft <= 0 => 'No file was uploaded.',
    default => null,
};
header('Content-Type: application/json; charset=utf-8');
if ($error !== null) {
    exit(json_encode(['error' => $error]));
}
$contextid = context_id(CONTEXT_USER, (int) $USER->id);
store_file($upload['tmp_name'], $contextid, 'user', 'draft', $draft, $name, (int) $USER->id);
$url = "$CFG->wwwroot/draftfile.php/$contextid/user/draft/$draft/" . rawurlencode($name);
echo json_encode(['url' => $url, 'id' => $draft, 'file' => $name], JSON_UNESCAPED_SLASHES);
