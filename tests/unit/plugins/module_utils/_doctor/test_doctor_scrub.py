# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""What the scrubber takes out of texts and data, and what it leaves."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import typing as t
import urllib.parse

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._doctor._people import People
from ansible_collections.campus.moodle.plugins.module_utils._doctor.scrub import Scrubber, own_words, too_short
from ansible_collections.campus.moodle.tests.unit.fakes.site_fakes import is_secret_setting

# With everything that formats escape.
AWKWARD = "Ca'na\"ry $1/ü&<%\\x+=~"
SECRETS = [AWKWARD, "Canary-abcdef012345", "hunter22"]
KEY = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49\nAwEHBG0wawIBAQQgcanary\n-----END PRIVATE KEY-----"


def _octets(sign: str, form: str) -> str:
    return "".join(form % octet for octet in sign.encode())


WAYS: dict[str, t.Callable[[str], str]] = {
    "as it is": str,
    "JSON": json.dumps,
    "JSON without escapes": lambda value: json.dumps(value, ensure_ascii=False),
    "JSON of PHP": lambda value: json.dumps(value).replace("/", "\\/"),
    "JSON in JSON": lambda value: json.dumps(json.dumps({"x": value})),
    "Python": repr,
    "shell": shlex.quote,
    "URL": lambda value: urllib.parse.quote(value, safe=""),
    "path of a URL": urllib.parse.quote,
    "form": urllib.parse.quote_plus,
    "URL in small letters": lambda value: re.sub("%..", lambda byte: byte[0].lower(), urllib.parse.quote(value, safe="")),
    "URL in a URL": lambda value: urllib.parse.quote(urllib.parse.quote(value, safe=""), safe=""),
    "HTML": html.escape,
    "HTML with numbers": lambda value: value.replace("&", "&amp;").replace("'", "&#39;").replace('"', "&#34;").replace("<", "&#x3C;"),
    "XML": lambda value: value.replace("&", "&amp;").replace("'", "&apos;").replace("<", "&lt;"),
    "nginx": lambda value: "".join(sign if 31 < ord(sign) < 127 and sign not in '"\\' else _octets(sign, "\\x%02X") for sign in value),
    "JSON of Go": lambda value: json.dumps(value, ensure_ascii=False).replace("&", "\\u0026").replace("<", "\\u003c"),
    "JSON of PHP for HTML": lambda value: json.dumps(value)[1:-1].replace("&", "\\u0026").replace("<", "\\u003C").replace("'", "\\u0027"),
    "backslashes of a shell": lambda value: re.sub(r"([^\w@%+=:,./-])", r"\\\1", value),
    "octal numbers": lambda value: "".join(sign if sign.isascii() else _octets(sign, "\\%03o") for sign in value),
    "URL of PHP": lambda value: urllib.parse.quote_plus(value).replace("~", "%7E"),
    "user of a URL": lambda value: urllib.parse.quote(value, safe="!$&'()*+,;="),
    "URL, by halves": lambda value: value.replace("&", "%26").replace("<", "%3c"),
    "SQL": lambda value: value.replace("'", "''"),
    "PHP": lambda value: value.replace("\\", "\\\\").replace("'", "\\'"),
    "Compose": lambda value: value.replace("$", "$$"),
    "Base64": lambda value: base64.b64encode(value.encode()).decode(),
    "Base64 behind one byte": lambda value: base64.b64encode(b"u" + value.encode()).decode(),
    "Base64 behind two bytes, with more": lambda value: base64.b64encode(b"u:" + value.encode() + b"more").decode(),
    "Base64 for URLs": lambda value: base64.urlsafe_b64encode(b"user:" + value.encode()).decode(),
    "hexadecimal": lambda value: value.encode().hex(),
}


def scrubber(*secrets: str, kept: t.Iterable[str] = ()) -> Scrubber:
    """Return a scrubber that knows some secrets."""
    return Scrubber(secrets, is_secret_setting, People(kept))


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("way", WAYS)
def test_a_known_secret_is_found_in_all_forms(way: str, secret: str) -> None:
    written = WAYS[way](secret)
    # Between letters, so that no name and no quote gives it away.
    text = f"before{written}behind"
    assert scrubber(secret).leaks(text)
    clean = scrubber(secret).text(text)
    assert not scrubber(secret).leaks(clean)
    assert clean.startswith("before")
    assert len(clean) < len(text)


def test_a_secret_of_several_lines_is_found_line_by_line() -> None:
    clean = scrubber(KEY).text("log: AwEHBG0wawIBAQQgcanary and MIGHAgEAMBMGByqGSM49AgEGCCqGSM49\n")
    assert clean == "log: *** and ***\n"
    # The lines around every key are no secret.
    assert not scrubber(KEY).leaks("-----BEGIN PRIVATE KEY-----")


def test_the_password_of_a_secret_address_is_found_without_it() -> None:
    scrub = scrubber("rest:https://backup:Ca%2Fnary1@backup.example/")
    assert scrub.text("Ca%2Fnary1 Ca/nary1 backup.example") == "*** *** backup.example"


def test_a_secret_within_another_does_not_leave_its_end() -> None:
    assert scrubber("Canary-1", "Canary-1-and-more").text("a Canary-1-and-more b Canary-1 c") == "a *** b *** c"


def test_what_is_too_short_or_a_usual_word_is_told_and_not_searched_for() -> None:
    words = own_words({"name": "physics", "project": "Moodle-Physics", "smtp": {"user": "mail@school.example", "host": None}, "admin": 5})
    secrets = {
        "pin": "123", "flag": "true", "none": "", "good": "hunter22", "database": "moodle", "usual": "postgres",
        "project": "moodle-physics", "user": "mail@school.example",
    }  # fmt: skip
    assert too_short(secrets, words) == ["database", "flag", "pin", "project", "user", "usual"]
    text = "1234 true moodle postgres moodle-physics mail@school.example"
    assert Scrubber(secrets.values(), is_secret_setting, None, words).text(f"{text} hunter22") == f"{text} ***"
    assert Scrubber(["rest:https://u:moodle-physics@x"], is_secret_setting, None, words).text("moodle-physics") == "moodle-physics"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("password=Canary1 user=anna", "password=*** user=anna"),
        ("MOODLE_DATABASE_PASSWORD: Canary1", "MOODLE_DATABASE_PASSWORD: ***"),
        ("MOODLE_DATABASE_PASSWORD_FILE: /run/secrets/database_password", None),
        ("$CFG->dbpass = 'Canary \\' 1';", "$CFG->dbpass = '***';"),
        ("'password' => 'Canary1', 'x' => 'y'", "'password' => '***', 'x' => 'y'"),
        ('{"smtppass":"Can\\"ary1","port":25}', '{"smtppass":"***","port":25}'),
        ('{"log":"{\\"token\\":\\"Canary1\\"}"}', '{"log":"{\\"token\\":\\"***\\"}"}'),
        ("--client-secret=Canary1 --verbose", "--client-secret=*** --verbose"),
        ("url: https://x/?wstoken=Canary1&page=2", "url: https://x/?wstoken=***&page=2"),
        ("secrets: [database_password, salt]", None),
        ("database_password: {file: ./secrets/moodle/database_password}", None),
        ("forgotpassword page: changepassword=1", None),
        ("GET /login/confirm.php?data=Canary1/anna HTTP/1.1", "GET /login/confirm.php?data=*** HTTP/1.1"),
        ("GET /auth/oauth2/login.php?code=Canary1&state=Canary2 HTTP/1.1", "GET /auth/oauth2/login.php?code=***&state=*** HTTP/1.1"),
        ("GET /a.php?id=5&x=Zm9vYmFyYmF6cXV4Zm9vYmFy HTTP/1.1", "GET /a.php?id=5&x=*** HTTP/1.1"),
        ("GET /course/view.php?id=5&sesskey=AbCdEf HTTP/1.1", "GET /course/view.php?id=5&sesskey=*** HTTP/1.1"),
        ('M.cfg = {"sesskey":"AbCdEf","theme":"boost"}', 'M.cfg = {"sesskey":"***","theme":"boost"}'),
        ("MoodleSession=abc123; path=/", "MoodleSession=***; path=/"),
        ("Cookie: MoodleSession=abc123; other=1\nnext", "Cookie: ***\nnext"),
        ('{"Authorization":["Basic Y2FuYXJ5"],"Host":["x"]}', '{"Authorization":"***","Host":["x"]}'),
        ("Authorization: Bearer Canary1Canary1\nnext", "Authorization: ***\nnext"),
        ("curl -H 'X: Bearer Canary1Canary1'", "curl -H 'X: Bearer ***'"),
        ("redis://user:Canary1@cache:6379/0", "redis://user:***@cache:6379/0"),
        ("postgres://moodle:Ca%2Fn1@db/moodle", "postgres://moodle:***@db/moodle"),
        ("https://x:8443/@home", None),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_1", "jwt ***"),
        ("/tokenpluginfile.php/0123456789abcdef/5/user/icon", "/tokenpluginfile.php/***/5/user/icon"),
        (f"<<{KEY}>> behind", "<<***>> behind"),
        (f"<<{json.dumps(KEY)}>> behind", '<<"***">> behind'),
        ("expected -----BEGIN PRIVATE KEY----- but got nothing", "expected *** but got nothing"),
        ("AwEHBG0wawIBAQQgcanary\n-----END RSA PRIVATE KEY-----\nnext", "***\nnext"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_and_the_rest_stays(text: str, clean: str | None) -> None:
    assert scrubber().text(text) == (text if clean is None else clean)


def test_data_is_hidden_by_its_names() -> None:
    data = {
        "smtp": {"password": "a b", "pin_secret": 5, "host": "smtp"},
        "forgotpassword": True,
        "headers": {"Cookie": ["a=b"], "Accept": ["*/*"]},
        "Env": ["DB_PASSWORD=a b c", "PATH=/bin"],
        "Cmd": ["run", "--admin-password", "a b", "--password-file", "/x", "--quiet", "--token=a b"],
        "secrets": [{"name": "salt"}],
        "Args": ["Authorization: Basic Y2FuYXJ5", "a password=x"],
    }
    assert scrubber().data(data) == {
        "smtp": {"password": "***", "pin_secret": "***", "host": "smtp"},
        "forgotpassword": True,
        "headers": {"Cookie": ["***"], "Accept": ["*/*"]},
        "Env": ["DB_PASSWORD=***", "PATH=/bin"],
        "Cmd": ["run", "--admin-password", "***", "--password-file", "/x", "--quiet", "--token=***"],
        "secrets": [{"name": "salt"}],
        "Args": ["Authorization: ***", "a password=***"],
    }


def test_people_have_the_same_pseudonym_everywhere() -> None:
    scrub = scrubber(kept=["172.20.0.1"])
    text = "203.0.113.9 172.20.0.1 127.0.0.1 ::1 2001:db8::7 ::ffff:203.0.113.9 anna@school.example Anna%40school.example 12:34:56 1.2.3"
    clean = "address-2 172.20.0.1 127.0.0.1 ::1 address-1 address-2 mail-1@pseudonym.invalid mail-1@pseudonym.invalid 12:34:56 1.2.3"
    assert scrub.text(text, personal=True) == clean
    # Where no visitor leaves anything, an address is what somebody has to see.
    assert scrub.text("203.0.113.9 ops@school.example") == "203.0.113.9 ops@school.example"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("client:203.0.113.9:443", "client:address-1:443"),
        ("client: 203.0.113.9, ::ffff:172.20.0.1", "client: address-1, ::ffff:172.20.0.1"),
        ("u=anna%2Btag%40school.example anna+TAG@school.example", "u=mail-1@pseudonym.invalid mail-1@pseudonym.invalid"),
    ],
)
def test_an_address_is_found_wherever_it_stands(text: str, clean: str) -> None:
    assert scrubber(kept=["172.20.0.1"]).text(text, personal=True) == clean


def test_a_pseudonym_is_no_way_for_a_secret_to_stay() -> None:
    scrub = scrubber("address-1")
    assert scrub.text("203.0.113.9 203.0.113.8", personal=True) == "*** address-2"
    assert not scrub.leaks(scrub.text("203.0.113.9", personal=True))


def test_each_of_many_people_has_a_number() -> None:
    """Were all names counted for each, this would take minutes."""
    people = People()
    found = people.hide(" ".join(f"u{number}@school.example" for number in range(100_000))).split()
    assert found == [f"mail-{number}@pseudonym.invalid" for number in range(1, 100_001)]
    assert people.hide("203.0.113.9 u7@school.example") == "address-1 mail-8@pseudonym.invalid"


def test_a_long_log_does_not_take_long_words_apart() -> None:
    """A name is looked for from its beginning alone: this would take minutes otherwise."""
    for word in ("x", "x.", "a-", "\\", "://", "1:", "AAAAAAAAAAAAAAAAAAAA\n", "-----BEGIN PRIVATE KEY-----", "x@x."):
        assert scrubber().text(word * (100_000 // len(word)) + " the password=Canary1", personal=True).endswith(" the password=***")
