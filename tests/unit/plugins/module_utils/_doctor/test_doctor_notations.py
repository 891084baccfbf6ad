# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Secrets that nobody named: whatever way a text gives a name and a value, the value is gone as a whole, and the rest is there."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._doctor.scrub import Scrubber
from ansible_collections.campus.moodle.tests.unit.fakes.site_fakes import is_secret_setting

SCRUBBER = Scrubber([], is_secret_setting)
BCRYPT = "$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234"
CRYPT = "$6$rounds=10000$saltsaltsalt$abcdefghijklmnopqrstuvwxyz./ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuv"
PARAMETERS = "INSERT INTO mdl_user (a, b) VALUES ($1,$2)\n[array (\n  0 => 'xxx)]yyy',\n  1 => 5,\n)]\nnext"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        # what databases say
        (f"column password = {BCRYPT}, next", "column password = *** next"),
        (f"row 5 {BCRYPT} next", "row 5 *** next"),
        (f"row 5 {CRYPT} next", "row 5 *** next"),
        (BCRYPT.replace("$", "$$"), "***"),
        ("DETAIL:  Failing row contains (5, anna, x y).\nSTATEMENT: next", "DETAIL:  Failing row contains (***)\nSTATEMENT: next"),
        ("DETAIL:  Failing row contains (5, an\nna (x), y).\nSTATEMENT: next", "DETAIL:  Failing row contains (***)\nSTATEMENT: next"),
        ("Failing row contains (5, anna, and cut", "Failing row contains (***)"),
        ("Key (token)=(abc) already exists.", "Key (token)=(***) already exists."),
        ("Key (userid, token)=(5, a)b) already exists.", "Key (userid, token)=(***) already exists."),
        ("Key (courseid)=(5) is not present in table", None),
        ("DETAIL:  parameters: $1 = 'x y', $2 = 'z'\nnext", "DETAIL:  parameters: ***\nnext"),
        (PARAMETERS, "INSERT INTO mdl_user (a, b) VALUES ($1,$2)\n[array (***)]\nnext"),
        (PARAMETERS.replace("\n", "\\n"), "INSERT INTO mdl_user (a, b) VALUES ($1,$2)\\n[array (***)]\\nnext"),
        (PARAMETERS.partition("\n)]")[0], "INSERT INTO mdl_user (a, b) VALUES ($1,$2)\n[array (***)]"),
        # values without quotes
        ("password: ab&REST,x;(y<[z next", "password: *** next"),
        ("password: (ab next", "password: *** next"),
        ("password: [ab next", "password: *** next"),
        ("password=ab&REST\nnext", "password=***\nnext"),
        ("token := a== next", "token := *** next"),
        ("pgsql:host=db;password=ab&REST;user=anna", "pgsql:host=db;password=***;user=anna"),
        ("POST /x?user=anna&password=ab&page=2 HTTP", "POST /x?user=anna&password=***&page=2 HTTP"),
        ("password='ab''REST' next", "password='***' next"),
        ('"password: ab" next', '"password: ***" next'),
        ("redis://user:ab@REST/x@cache:6379/0", "redis://user:***@cache:6379/0"),
        ("redis://user:ab'REST@cache", "redis://user:***@cache"),
        ("http://cache:8080/a/@b http://[2001:db8::1]:80/x@y", None),
        ("GET /x?token=x'REST&page=2", "GET /x?token=***&page=2"),
        # notations
        ("Array\n(\n    [password] => x y\n    [user] => anna\n)", "Array\n(\n    [password] => ***\n    [user] => anna\n)"),
        ("Array ( [password] => x y [user] => anna )", "Array ( [password] => *** [user] => anna )"),
        ('["password"]=>\n  string(7) "x" y z"\n  ["user"]=>\n', '["password"]=>\n  string(7) "***"\n  ["user"]=>\n'),
        ('["password":protected]=>\n  string(3) "x y"\n}', '["password":protected]=>\n  string(3) "***"\n}'),
        ("<user>anna</user><password>x y</password>", "<user>anna</user><password>***</password>"),
        ("<password type='a'><![CDATA[x <y>]]></password>", "<password type='a'>***</password>"),
        ("VALUES (5, $1, 'smtppass', 'x y')", "VALUES (5, $1, 'smtppass', '***')"),
        ("{&quot;password&quot;:&quot;x y&quot;,&quot;a&quot;:1}", "{&quot;password&quot;:&quot;***&quot;,&quot;a&quot;:1}"),
        ('{"name":"smtp_password","value":"x y"},{"a":"b"}', '{"name":"smtp_password","value":"***"},{"a":"b"}'),
        (r'"{\"name\":\"smtp_password\",\"value\":\"x y\"}"', r'"{\"name\":\"smtp_password\",\"value\":\"***\"}"'),
        ("WHERE name='smtppass' AND value='x y'", "WHERE name='smtppass' AND value='***'"),
        ("SET value = 'x y' WHERE name = 'smtppass'", "SET value = '***' WHERE name = 'smtppass'"),
        ("SET value = 'x y' WHERE name = 'theme'", None),
        ("mysql --password 'x y' --user anna", "mysql --password '***' --user anna"),
        ("run --admin-password x --quiet", "run --admin-password *** --quiet"),
        ("ALTER ROLE moodle PASSWORD 'x y';", "ALTER ROLE moodle PASSWORD '***';"),
        ("define('DB_PASSWORD', 'x y');", "define('DB_PASSWORD', '***');"),
        ("password: |\n  x y\n  z\nuser: anna", "password: ***\nuser: anna"),
        ("pwd=x session_id=y", "pwd=*** session_id=***"),
        ("GET /f?X-Amz-Signature=abc&X-Amz-Date=5", "GET /f?X-Amz-Signature=***&X-Amz-Date=5"),
        ("authenticated with bearer abcdefgh12", "authenticated with bearer ***"),
        ('{"pin_secret":5,"host":"x"}', '{"pin_secret":***,"host":"x"}'),
        ("'smtppass' => array('value' => 'x', 'y'), next", "'smtppass' => ***, next"),
        ('{"tokens":["x","y"]} next', '{"tokens":*** next'),
        # what is none
        ("Duplicate entry: no such key: mdl_config_plugins in table", None),
        ("GET /x.php?returnurl=/course/view.php/some-long-words HTTP", None),
        ("GET /x.php?q=Some_very_long_words_of_a_search_2024 HTTP", None),
        ("secrets: [database_password, salt]", None),
        ("    secrets: {file: ./x}", None),
        ('"secrets": {\n', None),
    ],
)  # fmt: skip
def test_a_value_is_hidden_as_a_whole(text: str, clean: str | None) -> None:
    assert SCRUBBER.text(text) == (text if clean is None else clean)
    # What is clean stays as it is.
    assert SCRUBBER.text(SCRUBBER.text(text)) == SCRUBBER.text(text)


@pytest.mark.parametrize(
    ("data", "clean"),
    [
        ({"passwords": ["x", {"a": "y", "b": ""}], "n": 1}, {"passwords": ["***", {"a": "***", "b": ""}], "n": 1}),
        ({"database_password": {"old": "x", "set": True}}, {"database_password": {"old": "***", "set": True}}),
        ([{"name": "dbpass", "value": "x"}, {"name": "b", "value": 5}], [{"name": "dbpass", "value": "***"}, {"name": "b", "value": 5}]),
        ({"Name": "X_TOKEN", "Value": ["x"]}, {"Name": "X_TOKEN", "Value": ["***"]}),
        ({"secrets": [{"name": "salt", "source": "/x"}]}, {"secrets": [{"name": "salt", "source": "/x"}]}),
    ],
)  # fmt: skip
def test_data_below_a_name_that_says_so_is_hidden(data: t.Any, clean: t.Any) -> None:
    assert SCRUBBER.data(data) == clean


def test_json_stays_json() -> None:
    given = {"smtppass": 'x "y', "a": [{"name": "token", "value": "z'"}], "b": 'c "d"', "pin_secret": "5"}
    found = json.loads(SCRUBBER.text(json.dumps(given)))
    assert found == {"smtppass": "***", "a": [{"name": "token", "value": "***"}], "b": 'c "d"', "pin_secret": "***"}


@pytest.mark.parametrize(
    "word",
    [
        "eyJ-", "A ", "[array (", "Failing row contains (", "name='a' ", "value='a' ", "<a>", "://a:", "--password ", "[password] => ",
        "$1$", "password: |\n a", "&quot;", "\\'", "Key (a", '["password"]=>"', "password 'a ", ";a=", "'a':'", "password: ['", "token: (",
    ],
)  # fmt: skip
def test_a_long_text_is_gone_through_once(word: str) -> None:
    """Were each beginning followed to the end of the text, this would take minutes."""
    many = word * (100_000 // len(word))
    assert "Canary1" not in SCRUBBER.text(f"-----BEGIN {many}@{many} PRIVATE KEY-----\n\npassword=Canary1")
