# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""How a text gives a name and its value: in settings, JSON, PHP, XML, SQL, command lines and what PHP prints for people."""

from __future__ import annotations

import re
import typing as t

from ._patterns import MARK

# Names that open something and that the rule for names of settings does not know.
OPENING = frozenset({"sesskey", "phpsessid", "sid", "cookie", "authorization", "jwt"})
OPENING_ENDINGS = ("passwords", "pwd", "sessionid", "session_id", "_signature")
COOKIES = ("moodlesession", "moodleid")


class Notation(t.NamedTuple):
    """What leads from a name to its value, and what the value is. A name that opens nothing is not stepped over with what follows it."""

    name: re.Pattern[str]
    value: re.Pattern[str]


_NAME = r"(?P<name>[\w.-]{1,100})"
_START = r"(?<![\w.-])"
_QUOTE = r"(?:\\*[\"']|&quot;|&\#0*3[49];)"
_IS = r"[ \t]*(?:=>|[=:]{1,3})[ \t]*"
# In quotes, of which SQL doubles those within; in quotes that stand in quotes themselves; in those of HTML.
_QUOTED = (
    r"\"(?:[^\"\\\n]|\\.|\"\")*\"?|'(?:[^'\\\n]|\\.|'')*'?"
    r"|(?P<escape>\\+)(?P<mark>[\"'])(?:[^\n]*?(?<!\\)(?P=escape)(?P=mark)|[^\n]*)"
    r"|(?P<entity>&quot;|&\#0*3[49];)(?:\\.|(?!(?P=entity))[^\n\\])*(?:(?P=entity))?"
)
# What is hidden already, and what is no value but a list or the beginning of one.
_NOT = r"(?!\*\*\*(?:[&;\"',)\]}<\s]|$))(?!\[[^\n]*\]|\{[^\n]*:[^\n]*\}|[\[{(][ \t]*(?:\n|$))"
# A list with texts in quotes, to the last bracket of its line; a word. Without quotes, as in YAML, a list has names of secrets.
_WORD = rf"(?:array[ \t]*)?[\[({{](?=[^\n\"']{{0,500}}[\"'])[^\n]{{0,2000}}[\])}}]|{_NOT}\S+"
_NUMBER = r"-?\d[\d.eE+-]*(?=[\s,}\])])|(?:true|false|null)\b"
# Lines below a name that are set in.
_BLOCK = r"[|>][-+\d]{0,2}[ \t]*\n(?P<indent>[ \t]+)\S[^\n]*(?:\n(?P=indent)[^\n]*)*"
_PAIR_NAME = rf"\b(?:name|key|variable|setting|option){_QUOTE}?\s*(?:=>|[:=])\s*{_QUOTE}{_NAME}{_QUOTE}"
_PAIR_VALUE = rf"\bvalue{_QUOTE}?\s*(?:=>|[:=])\s*"
_BETWEEN = r"(?:(?!\b(?:name|key|variable|setting|option|value)\b)[^\n{}<>]){0,200}"

NOTATIONS = tuple(
    Notation(re.compile(name, flags), re.compile(value, re.MULTILINE))
    for name, flags, value in (
        # Array ( [password] => x y [user] => anna ), as print_r writes it
        (rf"\[{_NAME}\][ \t]*=>[ \t]*", 0, r"[^\n]*?(?=[ \t]+\[[\w.-]+\][ \t]*=>|[ \t]*\)[ \t]*$|$)"),
        # ["password"]=> and on the next line string(3) "x y", as var_dump does
        (rf"\[\"{_NAME}\"(?::[^\]\n]{{1,100}})?\]=>\s*(?:\w+\(\d+\)[ \t]*)?", 0, r"\"[\s\S]{0,2000}?\"(?=\s*(?:[\[}\n]|$))|[^\s\"]+"),
        # <password>x y</password>
        (rf"<{_NAME}(?:\s[^<>\n]{{0,200}})?>", 0, r"(?:<!\[CDATA\[[\s\S]{0,2000}?\]\]>|[^<]+)(?=</)"),
        # "name":"smtppass","value":"x" and value='x' WHERE name='smtppass'
        (rf"{_PAIR_NAME}{_BETWEEN}{_PAIR_VALUE}", re.IGNORECASE, rf"{_QUOTED}|[^\s,;}}\])]+"),
        (rf"{_PAIR_VALUE}(?=(?:{_QUOTED}){_BETWEEN}{_PAIR_NAME})", re.IGNORECASE, _QUOTED),
        # define('DB_PASSWORD', 'x'), VALUES (5, 'smtppass', 'x')
        (rf"\(\s*(?:[\w$]{{1,50}}\s*,\s*){{0,3}}{_QUOTE}{_NAME}{_QUOTE}\s*,\s*", 0, rf"{_QUOTED}|{_NOT}[^\s,)]+"),
        # --password x
        (rf"{_START}--?(?P<name>[A-Za-z][\w-]{{1,100}})[ \t]+", 0, rf"{_QUOTED}|{_NOT}[^\s-]\S*"),
        # PASSWORD 'x'
        (rf"{_START}(?P<name>[\w.-]{{0,90}}(?:password|passwd|passphrase|secret))[ \t]+(?=\\*[\"'])", re.IGNORECASE, _QUOTED),
        # ?password=x& of an address, and the others in which a sign ends the value
        (rf"(?<=[?&]){_NAME}=", 0, rf"{_NOT}[^\s&\"<>]+"),
        (rf"(?<=;){_NAME}=", 0, rf"{_QUOTED}|{_NOT}[^\s;]+"),
        (rf"{_START}(?P<name>(?:{'|'.join(COOKIES)})[\w.-]{{0,80}})=", re.IGNORECASE, rf"{_QUOTED}|{_NOT}[^\s;]+"),
        (rf"(?<!\\)(?<=\"){_NAME}{_IS}", 0, rf"{_QUOTED}|{_NOT}(?:[^\s\"\\]|\\.)+"),
        (rf"(?<!\\)(?<='){_NAME}{_IS}", 0, rf"{_QUOTED}|{_NOT}(?:[^\s'\\]|\\.)+"),
        # 'password' => 'x', "pin_secret": 5
        (rf"{_START}{_NAME}{_QUOTE}\]?(?!:[^\]\s]{{1,100}}\]=>){_IS}", 0, rf"{_QUOTED}|{_NUMBER}|{_WORD}"),
        # password = x, password: x; a key in a sentence is none
        (rf"{_START}(?!(?i:key):[ \t]+[^\"'\s]){_NAME}{_IS}", 0, rf"{_BLOCK}|{_QUOTED}|{_WORD}"),
    )
)


def by_name(text: str, opens: t.Callable[[str], bool]) -> str:
    """Return a text without the values of names that say so."""
    for notation in NOTATIONS:
        text = _hidden(text, notation, opens)
    return text


def _hidden(text: str, notation: Notation, opens: t.Callable[[str], bool]) -> str:
    """Hide the values of one notation. Only those are stepped over: the value of another name may hold a name and a value itself."""
    parts, done = [], 0
    for match in notation.name.finditer(text):
        if match.start() < done or not opens(match["name"]):
            continue
        value = notation.value.match(text, match.end())
        if value and value[0] and MARK not in (value[0], value[0].strip("\"'")):
            parts += [text[done : match.end()], _quoted_like(value[0])]
            done = value.end()
    return "".join([*parts, text[done:]])


def _quoted_like(value: str) -> str:
    """Return the mark in the quotes of a value, so that what was JSON stays JSON."""
    quote = re.match(r"\\*[\"']|&quot;|&\#0*3[49];", value)
    return f"{quote[0]}{MARK}{quote[0]}" if quote else MARK
