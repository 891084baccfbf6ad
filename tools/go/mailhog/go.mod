module campus.moodle/tools/mailhog

go 1.26.8
