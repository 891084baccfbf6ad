# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What is proven on any machine: the site's name and certificate, its mail server, disks, clocks and memory. One sentence each."""

from __future__ import annotations

import smtplib
import ssl
import typing as t

from .._tool.sizes import in_gigabytes
from ._machine import Machine, memory_of
from .disks import LEAST_SHARE, room
from .report import Finding, Proof, doubt, fine, one_line, problem, unknown

DAY = 86400
# A certificate is renewed long before.
DAYS_LEFT = 14
# Tokens of logins and cookies bear a few seconds, single sign-on no minute.
SECONDS_OFF = 5


def description(machine: Machine) -> t.Iterator[Finding]:
    """Say what is wrong with the description of the site."""
    yield from (problem("description", sentence) for sentence in machine.problems)
    if not machine.problems:
        yield fine("description", "The description of the site has no problem.")


def host_name(machine: Machine) -> t.Iterator[Finding]:
    """Say where the name of the site leads, on the machine and on the control node."""
    name = machine.site.get("hostname")
    if not name:
        yield problem("host name", "The site has no host name; set moodle_hostname.")
        return
    try:
        here = machine.world.resolve(name)
    except OSError as error:
        yield problem("host name", f"{name} does not resolve on the machine ({error.strerror}); mend its DNS or moodle_hostname.")
        here = []
    foreign = [address for address in here if not machine.world.is_here(address)]
    if foreign:
        yield doubt(
            "host name",
            f"{name} resolves on the machine to {', '.join(foreign)}, which is not an address of it; that is right only where a load "
            "balancer or a router in front hands the requests on.",
        )
    elif here:
        yield fine("host name", f"{name} resolves on the machine to {', '.join(here)}, an address of the machine.")
    there = machine.control.get("addresses") or []
    if not there:
        reason = machine.control.get("resolve_error") or "nothing came back"
        yield doubt("host name", f"{name} does not resolve on the control node ({reason}).")
    elif here and set(there) != set(here):
        yield doubt("host name", f"{name} resolves on the control node to {', '.join(there)}, and on the machine to {', '.join(here)}.")
    elif here:
        yield fine("host name", f"{name} resolves on the control node to the same.")


def certificate(machine: Machine) -> t.Iterator[Finding]:
    """Say for whom the certificate is that visitors see, and how long."""
    site = machine.site
    if site.get("scheme") != "https":
        return
    visit = site.get("target", {}).get("visit") or {}
    place = (visit["address"], visit["port"]) if visit.get("tls") else (site["hostname"], site["port"])
    where = f"{place[0]} port {place[1]}"
    try:
        shown = machine.world.certificate(*place, site["hostname"])
    except (OSError, ssl.SSLError) as error:
        yield problem("certificate", f"No certificate can be seen at {where} ({one_line(str(error))}).")
        return
    if shown.expired:
        yield problem("certificate", f"The certificate at {where} is not valid: {shown.expired}.")
        return
    if not _covers(shown.names, site["hostname"]):
        yield problem(
            "certificate", f"The certificate at {where} is for {', '.join(shown.names) or 'no name'}, not for {site['hostname']}."
        )
    days = int((shown.end - machine.world.now()) / DAY)
    say = fine if days >= DAYS_LEFT else doubt
    yield say("certificate", f"The certificate at {where} is for {', '.join(shown.names)} and ends in {days} days.")
    if shown.mistrust:
        yield doubt("certificate", f"The machine itself does not trust the certificate at {where}: {shown.mistrust}.")


def _covers(names: t.Sequence[str], host: str) -> bool:
    """Whether a browser takes a certificate for this host; a star stands for one label."""
    return host.lower() in names or f"*.{host.lower().partition('.')[2]}" in names


def mail(machine: Machine) -> t.Iterator[Finding]:
    """Say whether the mail server can be reached and greets. No mail is sent, and nobody logs in."""
    site = machine.site
    smtp, own = site.get("smtp", {}), site.get("mail", {})
    if site.get("no_email"):
        yield fine("mail", "Moodle sends no mail, since moodle_no_email is true.")
        return
    if own.get("catcher"):
        yield doubt("mail", "The site has a mail catcher, which shows every mail and delivers none.")
        return
    if not smtp.get("host"):
        yield problem("mail", "No mail leaves the site: moodle_smtp_host is not set.")
        return
    where, host, port, security = f"{smtp['host']} port {smtp['port']}", smtp["host"], smtp["port"], smtp["security"]
    try:
        addresses = machine.world.resolve(host)
    except OSError as error:
        yield problem(
            "mail", f"The mail server {host} does not resolve on the machine ({error.strerror}); mend its DNS or moodle_smtp_host."
        )
        return
    try:
        greeting = machine.world.greeting(host, port, security)
    except (OSError, smtplib.SMTPException) as error:
        reason = one_line(str(error)) or type(error).__name__
        yield problem(
            "mail",
            f"The mail server {where} ({', '.join(addresses)}) does not greet with moodle_smtp_security {security}: {reason}; look at "
            "moodle_smtp_host, moodle_smtp_port, moodle_smtp_security and the firewall.",
        )
        return
    if security == "tls" and not greeting.starttls:
        yield problem("mail", f"The mail server {where} greets and offers no STARTTLS; set moodle_smtp_security to ssl or none.")
        return
    offers = " and offers STARTTLS" if greeting.starttls else ""
    yield fine("mail", f"The mail server {where} greets as {greeting.words}{offers}; whether it takes mail was not tried.")


def disk(machine: Machine) -> t.Iterator[Finding]:
    """Say how much room there is for the site's own files."""
    if machine.site.get("directory"):
        yield from room(machine.world, "the site's directory", machine.site["directory"], machine.site.get("disk_minimum") or 0)


def clock(machine: Machine) -> t.Iterator[Finding]:
    """Say how far the clocks of machine, control node and site are apart, and what keeps them together."""
    measured = machine.control.get("clock") or {}
    if "offset" in measured:
        offset, about = measured["offset"], measured["uncertainty"]
        apart = f"{abs(offset):.1f} s {'ahead of' if offset >= 0 else 'behind'} the control node's"
        said = f"The clock of the machine is {apart}, give or take {about:.1f} s"
        far = abs(offset) > SECONDS_OFF + about
        yield problem("clock", f"{said}; set both by NTP.") if far else fine("clock", f"{said}.")
    else:
        yield unknown(
            "clock", f"The clocks of machine and control node were not compared: {measured.get('error', 'nothing was measured')}."
        )
    state = machine.world.synchronised()
    if state is None:
        yield unknown("clock", "The machine does not tell whether its clock is synchronised.")
    elif state:
        yield fine("clock", "The kernel says that the machine's clock is synchronised.")
    else:
        yield doubt("clock", "The kernel says that nothing keeps the machine's clock right; start an NTP client such as chrony.")
    yield from _date(machine)
    zone, asked = machine.world.zone(), (machine.site.get("settings", {}).get("core") or {}).get("timezone")
    asked = f"{asked} by moodle_settings" if asked else "not set by moodle_settings"
    yield fine("clock", f"The machine's time zone is {zone}; Moodle's is {asked}.")


def _date(machine: Machine) -> t.Iterator[Finding]:
    visit = machine.site.get("target", {}).get("visit")
    if not visit:
        return
    try:
        written = machine.world.date(visit["address"], visit["port"], tls=visit["tls"], authority=machine.site["authority"])
    except OSError as error:
        yield unknown("clock", f"The site gives no answer whose date could be compared ({one_line(str(error))}).")
        return
    if written is None:
        yield unknown("clock", "The answer of the site has no date that could be compared.")
        return
    offset = written - machine.world.now()
    # A date in HTTP has whole seconds.
    said = f"The date in the site's answer is {abs(offset):.0f} s from the machine's clock"
    yield problem("clock", f"{said}.") if abs(offset) > SECONDS_OFF else fine("clock", f"{said}.")


def memory(machine: Machine) -> t.Iterator[Finding]:
    """Say what is left of the memory, and whether it ever was not enough."""
    sizes = memory_of(machine.world)
    total, available = (int(sizes[name].rstrip("kB")) * 1024 for name in ("MemTotal", "MemAvailable"))
    say = fine if available >= total * LEAST_SHARE else problem
    yield say("memory", f"The machine has {in_gigabytes(available)} of {in_gigabytes(total)} memory available.")
    counters = dict(line.split() for line in machine.world.read("/proc/vmstat").splitlines())
    killed = int(counters.get("oom_kill", 0))
    if killed:
        yield doubt("memory", f"Since the machine started, its kernel has ended {killed} processes because memory ran out.")


PROOFS = (
    Proof("description", description),
    Proof("host name", host_name),
    Proof("certificate", certificate),
    Proof("mail", mail),
    Proof("disk", disk),
    Proof("clock", clock),
    Proof("memory", memory),
)
