# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Names of secret settings: the collection refuses by the same rule, from the same file, by which the image hides values."""

from __future__ import annotations

import pytest
from ansible_collections.campus.moodle.tests.image.runtime import call
from ansible_collections.campus.moodle.tests.unit.fakes.site_fakes import is_secret_setting

# Moodle's own settings, and some of plugins that schools use.
SECRET = [
    "smtppass", "proxypassword", "cronremotepassword", "messageinbound_hostpass", "dbpass", "bind_pw", "quizpassword", "pass1",
    "server_password", "ssl_keypassword", "secretphrase", "calendar_exportsalt", "badges_badgesalt", "matrixaccesstoken", "systemtokens",
    "recaptchaprivatekey", "lti_13_privatekey", "airnotifieraccesskey", "geoipmaxmindlicensekey", "sitesubscriptionkey", "apikey",
    "api_key", "api_secret", "clientsecret", "bigbluebuttonbn_shared_secret", "shared_secret", "secretkey", "backup_encryptkey", "s3_key",
    "key", "Key", "application_key1", "azure_sastoken", "siteidentifier", "passwordpepper", "googlecredentials",
]  # fmt: skip
OPEN = [
    "passwordpolicy", "passwordpolicycheckonlogin", "passwordreuselimit", "passwordchangelogout", "passwordchangetokendeletion",
    "minpasswordlength", "minpassworddigits", "minpasswordnonalphanum", "maxconsecutiveidentchars", "forgottenpasswordurl",
    "loginpasswordtoggle", "usepasswordpolicy", "requirepassword", "forcechangepassword", "stdchangepassword", "changepasswordurl",
    "passtype", "fieldpass", "preventpassindb", "proxybypass", "tokenduration", "quizpasswordrequired", "recaptchapublickey", "groupkey",
    "groupenrolmentkeypolicy", "qrkeyttl", "requestaccesskey", "keyboard", "country", "timezone", "1",
]  # fmt: skip


@pytest.mark.parametrize(("names", "secret"), [(SECRET, True), (OPEN, False)], ids=["secret", "open"])
def test_both_tell_a_secret_by_its_name(names: list[str], secret: bool) -> None:
    assert {name: is_secret_setting(name) for name in names} == dict.fromkeys(names, secret)
    assert {name: call("Mask::isSecret", name) for name in names} == dict.fromkeys(names, secret)
