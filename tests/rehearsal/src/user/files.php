<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

require(__DIR__ . '/../config.php');
require_once($CFG->libdir . '/filelib.php');
require_login();

$contextid = context_id(CONTEXT_USER, (int) $USER->id);
$message = '';
// A body over post_max_size arrives as an empty form: say so instead of a wrong session key.
if ($_SERVER['REQUEST_METHOD'] === 'POST' && $_POST === [] && (int) ($_SERVER['CONTENT_LENGTH'] ?? 0) > 0) {
    $message = 'The file is larger than the maximum size ' . ini_get('upload_max_filesize') . '.';
} elseif ($_SERVER['REQUEST_METHOD'] === 'POST') {
    require_sesskey();
    $upload = $_FILES['repo_upload_file'] ?? ['error' => UPLOAD_ERR_NO_FILE, 'name' => '', 'tmp_name' => ''];
    $name = trim((string) preg_replace('/[\x00-\x1f\x7f\/\\\\]/', '', basename((string) $upload['name'])), '. ');
    $message = match (true) {
        in_array($upload['error'], [UPLOAD_ERR_INI_SIZE, UPLOAD_ERR_FORM_SIZE], true) =>
            'The file is larger than the maximum size ' . ini_get('upload_max_filesize') . '.',
        $upload['error'] === UPLOAD_ERR_NO_FILE || $name === '' => 'No file was chosen.',
        $upload['error'] !== UPLOAD_ERR_OK => 'The upload failed, please try again.',
        default => '',
    };
    if ($message === '') {
        store_file($upload['tmp_name'], $contextid, 'user', 'private', 0, $name, (int) $USER->id);
        redirect('/user/files.php');
    }
}
$message === '' || http_response_code(400);
page_header('Private files');
echo $message === '' ? '' : '<div class="alert alert-danger" role="alert">' . s($message) . "</div>\n";
$files = $DB->get_records('files', ['contextid' => $contextid, 'component' => 'user', 'filearea' => 'private'], 'filename');
echo ($files === [] ? '<p>No files available</p>' : '') . "<ul class=\"files\">\n";
foreach ($files as $file) {
    $url = "$CFG->wwwroot/pluginfile.php/$contextid/user/private/0/" . rawurlencode($file->filename);
    echo '<li><a href="' . s($url) . '">' . s($file->filename) . "</a> ($file->filesize bytes)</li>\n";
}
$sources = json_encode(['repositories' => [['id' => '3', 'name' => 'Upload a file', 'type' => 'upload', 'supported_types' => []]]]);
?>
</ul>
<script>var filemanager = <?= $sources ?>;</script>
<form method="post" enctype="multipart/form-data" action="<?= s("$CFG->wwwroot/user/files.php") ?>">
<input type="hidden" name="sesskey" value="<?= s($USER->sesskey) ?>">
<input type="hidden" name="files_filemanager" value="<?= random_int(1, 999999999) ?>">
<p><label for="repo_upload_file">File</label> <input type="file" id="repo_upload_file" name="repo_upload_file" required></p>
<p><button type="submit" id="upload">Upload this file</button> (at most <?= s(ini_get('upload_max_filesize')) ?>)</p>
</form>
<?php
page_footer();
