# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The modules that change a site, as real processes against the program in a real container: check, do, check again, do again."""

from __future__ import annotations

import typing as t

import pytest
from sites import Engine, Site
from support.docker import docker

pytestmark = pytest.mark.container
Module = t.Callable[..., dict[str, t.Any]]
Beats = t.Callable[..., t.Any]

PASSWORD = "Geheim-17!"
ANNA = {"username": "anna", "firstname": "Anna", "lastname": "Arndt", "email": "anna@example.edu", "password": PASSWORD}
SCIENCE = {"idnumber": "science", "name": "Science"}
BEN = {"username": "ben", "firstname": "Ben", "lastname": "B\u00f6hm", "email": "ben@example.edu", "city": "Ulm"}


@pytest.fixture
def people(moodle: Module) -> None:
    """See that the two users of these tests are there, as new."""
    done = moodle("user", users=[{**ANNA, "update_password": "always"}, BEN])
    assert not done["failed"], done["msg"]


def test_settings(four_beats: Beats, moodle: Module) -> None:
    beats = four_beats(
        "config", settings={"core": {"country": "FR", "supportname": "D\u00e9sk"}}, secret_settings={"core": {"motto": PASSWORD}}
    )
    assert beats.do["after"] == {"core": {"country": "FR", "supportname": "D\u00e9sk", "motto": "(secret, changed)"}}
    replaced = moodle("config", settings={}, secret_settings={"core": {"motto": "another"}})
    assert replaced["before"] == {"core": {"motto": "(secret)"}}
    beats = four_beats("config", settings={"core": {"country": "", "motto": None}})
    assert beats.do["after"]["core"] == {"country": "", "motto": None}


def test_a_setting_of_the_image_is_reported_as_locked(moodle: Module) -> None:
    done = moodle("config", settings={"core": {"preventexecpath": False}})
    assert (done["changed"], done["locked"]) == (False, ["core/preventexecpath"])


def test_a_setting_that_the_image_switches_off_is_off(moodle: Module) -> None:
    off = moodle("config", settings={"core": {"debugdisplay": False}})
    assert (off["changed"], off["locked"]) == (False, [])
    on = moodle("config", settings={"core": {"debugdisplay": True}})
    assert (on["changed"], on["locked"]) == (False, ["core/debugdisplay"])


def test_maintenance(four_beats: Beats, used_site: Site) -> None:
    page = ["exec", used_site.runner()[3], "cat", "/var/moodledata/climaintenance.html"]
    later = four_beats("maintenance", state="scheduled", minutes=30, notice="<p>Back at noon</p>")
    assert later.do["begins"] > 0
    assert later.do["diff"]["before"] != later.do["diff"]["after"]
    closed = four_beats("maintenance", state="enabled")
    assert (closed.do["state"], closed.do["notice"], closed.do["begins"]) == ("enabled", "<p>Back at noon</p>", None)
    assert "Back at noon" in docker(*page)
    four_beats("maintenance", state="enabled", notice="<p>Back at one</p>")
    assert "Back at one" in docker(*page)
    opened = four_beats("maintenance", state="disabled", notice="")
    assert (opened.do["state"], opened.do["notice"]) == ("disabled", "")
    assert used_site.run("health ready").result["ready"] is True


def test_users_are_made_changed_and_deleted(four_beats: Beats, moodle: Module, used_site: Site) -> None:
    made = four_beats("user", users=[ANNA, BEN])
    assert [user["action"] for user in made.do["users"]] == ["created", "created"]
    assert made.do["after"]["anna"]["password"] == "(secret, changed)"
    changed = four_beats("user", users=[{"username": "anna", "city": "Bonn", "state": "suspended"}, {"username": "ben", "lastname": "B."}])
    assert changed.do["before"] == {"anna": {"state": "present", "city": ""}, "ben": {"lastname": "B\u00f6hm"}}
    gone = four_beats(
        "user", users=[{"username": "anna", "state": "absent"}, {"username": "ben", "state": "absent"}], confirm_absent=["anna", "ben"]
    )
    assert gone.do["after"] == {"anna": None, "ben": None}
    assert used_site.sql("SELECT count(*) FROM mdl_user WHERE deleted = 0 AND username IN ('anna', 'ben')") == "0"


@pytest.mark.usefixtures("people")
def test_a_password_is_set_again_only_when_it_is_another_one(four_beats: Beats, moodle: Module, used_site: Site) -> None:
    def stored() -> str:
        return used_site.sql("SELECT password FROM mdl_user WHERE username = 'anna'")

    before = stored()
    assert not moodle("user", users=[{"username": "anna", "password": "Other-18!"}])["changed"]
    assert not moodle("user", users=[{"username": "anna", "password": PASSWORD, "update_password": "always"}])["changed"]
    assert stored() == before
    four_beats("user", users=[{"username": "anna", "password": "Other-18!", "update_password": "always"}])
    assert stored() not in (before, "Other-18!")


@pytest.mark.usefixtures("people")
def test_one_bad_user_changes_nobody(moodle: Module, used_site: Site) -> None:
    rows = [
        {**ANNA, "city": "Kiel"},
        {"username": "admin", "state": "suspended"},
        {"username": "carl", "password": "weak"},
        {"username": "dora", "firstname": "D", "lastname": "D", "email": "anna@example.edu", "auth": "telepathy"},
    ]
    done = moodle("user", users=rows)
    assert (done["failed"], done["error"]) == (True, "protected")
    text = "\n".join(done["sentences"])
    parts = ["admin is an administrator", "carl does not exist yet", "carl needs another password", "which another user has", "telepathy"]
    assert [part for part in parts if part not in text] == []
    assert used_site.sql("SELECT city FROM mdl_user WHERE username = 'anna'") == ""
    assert used_site.sql("SELECT count(*) FROM mdl_user WHERE username IN ('carl', 'dora')") == "0"


@pytest.mark.usefixtures("people")
def test_an_address_belongs_to_one_user_in_whatever_letters(four_beats: Beats, moodle: Module) -> None:
    def objections(*users: dict[str, t.Any]) -> list[str]:
        done = moodle("user", users=list(users))
        assert not done["changed"]
        return [sentence.split()[2] for sentence in done.get("sentences", []) if "has or is to have" in sentence]

    dora, emil = ({"username": name, "firstname": name, "lastname": name, "email": f"{name}@example.edu"} for name in ("dora", "emil"))
    assert objections({**dora, "email": "Anna@Example.EDU"}) == ["dora"]
    assert objections(dora, {**emil, "email": "DORA@example.edu"}) == ["dora", "emil"]
    # Who has it already is not asked again, and it is free when its user gets another one.
    four_beats("user", users=[{"username": "anna", "email": BEN["email"]}, {"username": "ben", "email": ANNA["email"].upper()}])
    four_beats("config", settings={"core": {"allowaccountssameemail": True}})
    four_beats("user", users=[{**dora, "email": BEN["email"]}])
    four_beats("config", settings={"core": {"allowaccountssameemail": False}})
    four_beats("user", users=[{"username": "dora", "email": BEN["email"], "city": "Kiel"}])
    four_beats("user", users=[{"username": "dora", "state": "absent"}], confirm_absent=["dora"])


def test_deletion_has_to_be_confirmed(moodle: Module) -> None:
    done = moodle("user", users=[{"username": "anna", "state": "absent"}])
    assert (done["failed"], done["error"]) == (True, "not_confirmed")
    done = moodle("course", courses=[{"shortname": "PHY1", "state": "absent"}], confirm_absent=["PHY2"])
    assert (done["failed"], done["error"]) == (True, "not_confirmed")


@pytest.mark.usefixtures("people")
def test_courses_with_enrolments(four_beats: Beats, used_site: Site) -> None:
    categories = [SCIENCE, {"idnumber": "physics", "name": "Physics", "parent": "science"}]
    course = {
        "shortname": "PHY1",
        "fullname": "Physics \u2160",
        "category": "physics",
        "summary": "<p>Two\nlines</p>",
        "enrolments": [{"username": "anna", "roles": ["editingteacher", "student"]}, {"username": "ben"}],
    }
    made = four_beats("course", categories=categories, courses=[course])
    assert made.do["after"]["courses"]["PHY1"]["enrolments"]["ben"] == {"state": "present", "roles": ["student"]}
    enrolments = [{"username": "anna", "roles": ["teacher"], "state": "suspended"}, {"username": "ben", "state": "absent"}]
    changed = four_beats(
        "course",
        categories=[{"idnumber": "physics", "parent": "", "visible": False}],
        courses=[{"shortname": "PHY1", "visible": False, "category": "science", "format": "weeks", "enrolments": enrolments}],
    )
    assert changed.do["before"]["categories"] == {"physics": {"parent": "science", "visible": True}}
    assert changed.do["before"]["courses"]["PHY1"]["enrolments"]["anna"] == {"state": "present", "roles": ["editingteacher", "student"]}
    gone = four_beats("course", courses=[{"shortname": "PHY1", "state": "absent"}], confirm_absent=["PHY1"])
    assert gone.do["after"]["courses"] == {"PHY1": None}
    assert used_site.sql("SELECT count(*) FROM mdl_course WHERE shortname = 'PHY1'") == "0"


def marks(site: Site, table: str, column: str, name: str) -> str:
    """What is shown now, and what is shown as far as the thing itself goes."""
    return site.sql(f"SELECT visible, visibleold FROM mdl_{table} WHERE {column} = '{name}'")


def test_something_in_a_hidden_category_can_be_hidden_and_shown_itself(four_beats: Beats, used_site: Site) -> None:
    attic, box = {"idnumber": "attic", "name": "Attic", "visible": False}, {"idnumber": "box", "name": "Box", "parent": "attic"}
    courses = [{"shortname": name, "fullname": name, "category": "attic", "visible": True} for name in ("OLD1", "OLD2")]
    four_beats(
        "course", categories=[attic, {**box, "visible": False}], courses=[*courses, {**courses[0], "shortname": "OLD3", "category": "box"}]
    )
    assert marks(used_site, "course", "shortname", "OLD1") == "0|1"
    for wanted, stored in ((False, "0|0"), (True, "0|1"), (False, "0|0")):
        four_beats("course", categories=[{**box, "visible": wanted}], courses=[{"shortname": "OLD1", "visible": wanted}])
        assert marks(used_site, "course", "shortname", "OLD1") == stored
        assert marks(used_site, "course_categories", "idnumber", "box") == stored
    four_beats("course", courses=[{"shortname": "OLD2", "category": "science", "visible": True}], categories=[SCIENCE])
    assert marks(used_site, "course", "shortname", "OLD2") == "1|1"
    four_beats("course", categories=[{**box, "parent": "science", "visible": True}])
    assert marks(used_site, "course_categories", "idnumber", "box") == "1|1"
    assert marks(used_site, "course", "shortname", "OLD3") == "1|1"
    four_beats("course", categories=[{**box, "parent": "attic", "visible": True}])
    assert marks(used_site, "course_categories", "idnumber", "box") == "0|1"
    four_beats("course", categories=[{**attic, "visible": True}])
    assert marks(used_site, "course_categories", "idnumber", "box") == "1|1"
    assert marks(used_site, "course", "shortname", "OLD1") == "0|0"


@pytest.mark.usefixtures("people")
def test_the_time_of_an_enrolment_stays_as_long_as_it_is_not_in_the_way(four_beats: Beats, used_site: Site) -> None:
    def enrolled(state: str) -> t.Any:
        return four_beats("course", courses=[{"shortname": "TIME1", "fullname": "T", "enrolments": [{"username": "ben", "state": state}]}])

    of_ben = "WHERE userid = (SELECT id FROM mdl_user WHERE username = 'ben' AND deleted = 0)"
    enrolled("present")
    used_site.sql(f"UPDATE mdl_user_enrolments SET timestart = 1000000000, timeend = 4000000000 {of_ben}")
    for state, stored in (("suspended", 1), ("present", 0)):
        enrolled(state)
        assert used_site.sql(f"SELECT status, timestart, timeend FROM mdl_user_enrolments {of_ben}") == f"{stored}|1000000000|4000000000"
    used_site.sql(f"UPDATE mdl_user_enrolments SET timeend = 1100000000 {of_ben}")
    beats = enrolled("present")
    assert beats.do["before"]["courses"]["TIME1"]["enrolments"] == {"ben": {"state": "closed"}}
    assert used_site.sql(f"SELECT status, timestart, timeend FROM mdl_user_enrolments {of_ben}") == "0|1000000000|0"
    four_beats("course", courses=[{"shortname": "TIME1", "state": "absent"}], confirm_absent=["TIME1"])


def test_a_new_course_has_the_defaults_of_the_site(four_beats: Beats, used_site: Site) -> None:
    for completion, stored in ((True, 1), (False, 0)):
        four_beats("config", settings={"core": {"enablecompletion": completion, "motto": str(completion)}})
        four_beats("course", courses=[{"shortname": f"NEW{stored}", "fullname": "New"}])
        found = used_site.sql(
            f"SELECT enablecompletion, showactivitydates, enddate - startdate FROM mdl_course WHERE shortname = 'NEW{stored}'"
        )
        assert found == f"{stored}|1|31536000"
    four_beats("config", settings={"core": {"enablecompletion": True, "motto": None}})


def test_one_bad_course_changes_nothing(moodle: Module, used_site: Site) -> None:
    courses = [
        {"shortname": "GOOD", "fullname": "Good"},
        {"shortname": "campus", "visible": False},
        {"shortname": "BAD", "category": "nowhere", "format": "spiral", "enrolments": [{"username": "zoe", "roles": ["boss"]}]},
    ]
    done = moodle("course", categories=[{"idnumber": "x", "parent": "y"}], courses=courses)
    assert done["failed"]
    text = "\n".join(done["sentences"])
    parts = ["wants the parent y", "front page", "BAD does not exist yet", "category nowhere", "format spiral", "no such user", "role boss"]
    assert [part for part in parts if part not in text] == []
    assert used_site.sql("SELECT count(*) FROM mdl_course WHERE shortname = 'GOOD'") == "0"


def test_an_upgrade_and_its_gates(engine: Engine, site: Site, newer_images: dict[str, str], run_module: t.Any) -> None:
    twin = engine.clone(site, "module")

    def upgrade(image: str, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        return run_module("moodle_upgrade", {"runner": twin.runner(image), **options}, check=check)

    assert upgrade("")["changed"] is False
    refused = upgrade(newer_images["schema"], check=True)
    assert (refused["failed"], refused["error"], refused["database_changed"]) == (True, "maintenance", False)
    broken = upgrade(newer_images["broken"], allow_maintenance=True)
    assert (broken["failed"], broken["error"], broken["database_changed"]) == (True, "moodle", False)
    foreseen = upgrade(newer_images["schema"], check=True, allow_maintenance=True)
    done = upgrade(newer_images["schema"], allow_maintenance=True)
    assert {**done, "seconds": None} == {**foreseen, "seconds": None, "upgrade_warnings": done["upgrade_warnings"]}
    assert (done["changed"], done["action"], done["maintenance"]) == (True, "upgrade", True)
    again = [upgrade(newer_images["schema"], check=check) for check in (True, False)]
    assert [(row["failed"], row["changed"], row["action"]) for row in again] == [(False, False, "none")] * 2
    back = upgrade("")
    assert (back["failed"], back["error"], back["database_changed"]) == (True, "downgrade", False)
    pending = run_module("moodle_user", {"runner": twin.runner(""), "users": [ANNA]})
    assert (pending["failed"], pending["error"]) == (True, "upgrade_pending")


def test_an_upgrade_of_nothing_is_refused(empty_site: Site, run_module: t.Any) -> None:
    done = run_module("moodle_upgrade", {"runner": empty_site.runner()})
    assert (done["failed"], done["error"]) == (True, "not_installed")
    done = run_module("moodle_user", {"runner": empty_site.runner(), "users": [ANNA]})
    assert (done["failed"], done["error"]) == (True, "not_installed")
