# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The settings file that every start renders, read back by PHP itself."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import pytest
from runtime import PhpFailure, call

Call = t.Callable[..., t.Any]
NASTY = "a'b\\c\"d $e {$f} ?><?php \u00fc"


@pytest.fixture
def render(tmp_path: Path) -> Call:
    """Render settings from an environment and return $CFG as the command line sees it, and the text."""
    password = tmp_path / "password"
    password.write_text(NASTY)

    def _render(
        layout: str = "classic", languages: str = "", strings: bool = False, caches: bool = False, **environment: str
    ) -> tuple[dict[str, t.Any], str]:
        given = {
            "MOODLE_URL": "https://moodle.example.edu",
            "MOODLE_DATABASE_HOST": "db",
            "MOODLE_DATABASE_PASSWORD_FILE": str(password),
        } | environment
        values = call("Environment::read", "site", given)
        # JSON cannot tell an empty object from an empty list.
        text = call("SiteSettings::render", values, layout, languages, {"strings": strings, "caches": caches})
        path = tmp_path / "settings.php"
        path.write_text(text)
        code = f"$CFG = new stdClass(); require '{path}'; echo json_encode($CFG);"
        done = subprocess.run(["php", "-r", code], capture_output=True, text=True, check=True)
        return json.loads(done.stdout), text

    return _render


def test_secrets_survive_quoting(render: Call) -> None:
    config, _text = render()
    assert config["dbpass"] == NASTY


def test_peppers_of_a_former_site_come_before_the_own_one(render: Call, tmp_path: Path) -> None:
    own, former = tmp_path / "salt", tmp_path / "former"
    own.write_text("0123456789abcdefghijklmnopqrstuvwxyz")
    former.write_text("the first one\r\nthe 'second' one \n\n")
    given = {"MOODLE_SALT_FILE": str(own), "MOODLE_FORMER_PEPPERS_FILE": str(former)}
    assert render(**given)[0]["passwordpeppers"] == {"1": "the first one", "2": "the 'second' one ", "3": own.read_text()}
    del given["MOODLE_FORMER_PEPPERS_FILE"]
    assert render(**given)[0]["passwordpeppers"] == {"1": own.read_text()}
    assert "passwordpeppers" not in render()[0]


@pytest.mark.parametrize(("url", "sslproxy"), [("https://a.example:8443", True), ("http://127.0.0.1:18080", False)])
def test_tls_ends_in_front_of_the_image(render: Call, url: str, sslproxy: bool) -> None:
    config, _text = render(MOODLE_URL=url)
    assert (config["wwwroot"], config["sslproxy"], config["reverseproxy"]) == (url, sslproxy, False)


@pytest.mark.parametrize(("layout", "routed"), [("classic", False), ("public", True)])
def test_router_follows_the_layout(render: Call, layout: str, routed: bool) -> None:
    config, _text = render(layout=layout)
    assert config["routerconfigured"] is routed


def test_only_web_requests_use_the_pooler(render: Call) -> None:
    config, text = render(MOODLE_DATABASE_POOLER_HOST="/run/pooler")
    assert config["dbhost"] == "db"
    assert config["dboptions"]["dbhandlesoptions"] is False
    pooled = text.split("if (PHP_SAPI === 'fpm-fcgi') {")[1].split("}")[0]
    assert "$CFG->dbhost = '/run/pooler';" in pooled
    assert "$CFG->dboptions['dbhandlesoptions'] = true;" in pooled


def test_only_web_requests_share_strings(render: Call) -> None:
    config, text = render(strings=True)
    assert "customstringmanager" not in config
    shared = text.split("if (PHP_SAPI === 'fpm-fcgi') {")[1].split("}")[0]
    assert "$CFG->customstringmanager = 'Campus\\\\Moodle\\\\Web\\\\StringManager';" in shared
    assert "customstringmanager" not in render()[1]


def test_every_process_uses_the_same_cache_store(render: Call) -> None:
    assert render(caches=True)[0]["alternative_cache_factory_class"] == "Campus\\Moodle\\Cache\\Factory"
    assert "alternative_cache_factory_class" not in render(strings=True)[0]


def test_our_classes_can_be_found_by_every_process(render: Call) -> None:
    loader = "/src/autoload.php';"
    assert [loader in render(**use)[1] for use in ({}, {"strings": True}, {"caches": True})] == [True, True, True]


def test_sessions(render: Call, tmp_path: Path) -> None:
    assert render()[0]["session_handler_class"] == "\\core\\session\\database"
    secret = tmp_path / "session"
    secret.write_text("s3ssion")
    config, _text = render(MOODLE_SESSION_HOST="/run/valkey/valkey.sock", MOODLE_SESSION_PASSWORD_FILE=str(secret))
    assert config["session_handler_class"] == "\\core\\session\\redis"
    assert config["session_redis_host"] == "/run/valkey/valkey.sock"
    assert config["session_redis_auth"] == "s3ssion"


def test_users_of_an_access_control_list(render: Call, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    server = {"HOST": "valkey", "USERNAME": "campus", "PASSWORD_FILE": str(secret)}
    given = {f"MOODLE_{kind}_{name}": value for kind in ("SESSION", "CACHE") for name, value in server.items()}
    assert render(**given)[0]["session_redis_auth"] == ["campus", "s3cret"]
    site = {"MOODLE_URL": "http://a.edu", "MOODLE_DATABASE_HOST": "db", "MOODLE_DATABASE_PASSWORD_FILE": str(secret)}
    assert call("Caches::store", call("Environment::read", "site", site | given))["password"] == ["campus", "s3cret"]
    with pytest.raises(PhpFailure) as wrong:
        call("Environment::read", "site", site | {"MOODLE_CACHE_HOST": "valkey", "MOODLE_CACHE_USERNAME": "campus"})
    assert wrong.value.sentences == ["MOODLE_CACHE_USERNAME is set, but MOODLE_CACHE_PASSWORD_FILE is not."]


def test_development_edits_live_code(render: Call) -> None:
    production, _text = render()
    development, _text = render(MOODLE_ENVIRONMENT="development")
    assert production["alternative_component_cache"]
    assert "alternative_component_cache" not in development
    assert development["debug"] == 32767
    assert "preventexecpath" not in development


def test_forced_settings(render: Call) -> None:
    config, _text = render(MOODLE_FORCED_SETTINGS='{"core": {"country": "DE"}, "mod_forum": {"x": "y"}}')
    assert config["country"] == "DE"
    assert config["forced_plugin_settings"] == {"mod_forum": {"x": "y"}}


@pytest.mark.parametrize(
    ("url", "address"),
    [("https://moodle.example.edu", "noreply@moodle.example.edu"), ("http://127.0.0.1:18080", "noreply@localhost.localdomain")],
)
def test_mail(render: Call, url: str, address: str) -> None:
    config, _text = render(MOODLE_URL=url, MOODLE_SMTP_HOST="mail", MOODLE_SMTP_PORT="1025", MOODLE_NO_EMAIL="true")
    assert config["noreplyaddress"] == address
    assert (config["smtphosts"], config["smtpsecure"], config["noemailever"]) == ("mail:1025", "", True)


def test_database_tls(render: Call, tmp_path: Path) -> None:
    root = tmp_path / "ca.pem"
    root.write_text("x")
    config, text = render(MOODLE_DATABASE_SSLMODE="verify-full", MOODLE_DATABASE_SSLROOTCERT=str(root))
    assert config["dboptions"]["ssl"] == "verify-full"
    assert f"putenv('PGSSLROOTCERT={root}');" in text


NGINX = {"MOODLE_UPLOAD_MAX": 200 << 20, "MOODLE_TRUSTED_PROXIES": ["10.0.0.0/8"], "MOODLE_PHP_HOST": "php", "MOODLE_PHP_PORT": 9000}


def test_nginx_classic() -> None:
    text = call("Command\\Web::config", NGINX, "/srv/moodle", 1.5, "search x\nnameserver 127.0.0.11\nnameserver fd00::a\n")
    assert "resolver 127.0.0.11 [fd00::a] valid=2s;" in text
    assert "set_real_ip_from 10.0.0.0/8;" in text
    assert "worker_processes 2;" in text
    assert "try_files $uri $uri/ =404;" in text
    assert "root /srv/moodle;" in text
    assert "{{" not in text


def test_nginx_public() -> None:
    text = call("Command\\Web::config", NGINX, "/srv/moodle/public", 1.0, "nameserver 127.0.0.11\n")
    assert "root /srv/moodle/public;" in text
    assert "try_files $uri $uri/ /r.php;" in text
    assert "location = /r.php" in text


def test_pooled_and_direct_are_written_for_php_as_one_file(render: Call) -> None:
    _config, text = render(MOODLE_DATABASE_POOLER_HOST="pooler")
    assert text.count("<?php") == 1 + NASTY.count("<?php")
