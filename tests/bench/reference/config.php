<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors
//
// The usual set-up: a direct connection to PostgreSQL, sessions in the database, the cache in files.

unset($CFG);
global $CFG;
$CFG = new stdClass();
$CFG->dbtype = 'pgsql';
$CFG->dblibrary = 'native';
$CFG->dbhost = getenv('BENCH_DATABASE_HOST');
$CFG->dbname = 'moodle';
$CFG->dbuser = 'moodle';
$CFG->dbpass = trim(file_get_contents('/run/bench/database_password'));
$CFG->prefix = 'mdl_';
$CFG->dboptions = ['dbport' => 5432];
// The passwords of the copied users were made with it.
$CFG->passwordpeppers = [1 => trim(file_get_contents('/run/bench/salt'))];
$CFG->wwwroot = getenv('BENCH_URL');
$CFG->dataroot = '/var/www/moodledata';
$CFG->directorypermissions = 02777;
$CFG->admin = 'admin';
require_once(__DIR__ . '/lib/setup.php');
