#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three histories for every check that ships: one that passes, one that fails,
one of which nobody can know.

The files are those of rules/: checks, events.yml and frameworks as they are.
Each case names the states of its unit's slots that count in the rating, and
the rating, found on paper. It is judged by the twin, and by `recompute` when $ASSAY_COLLECTOR can
do that; both must also agree byte for byte. A check without its three
histories fails, so a new check brings its own. Prints TAP; parts of sentences
on the command line run only those cases.

Times: May 2026, the 4th is a Monday. The collector knows the files from the
3rd 12:00, the agent of web01 starts on the 3rd 23:00; so the first slot of a
day or week that begins at midnight is that of the 4th, live. A backup's day
begins at noon: its first slot began before the agent did and does not count.
"""
import glob
import os
import sys
import traceback

import yaml

from histories import Bench, day, login, recompute_or_none, run, same, twin
from history import DAY, HOUR, MINUTE, History, at

RULES = os.path.join(os.environ["ASSAY_SOURCE"], "rules")
CLASSES = ["auth", "syslog", "backup", "package", "app"]
CASES = []

ISMS = """\
organisation: Example
scope: The shop
hosts: [{name: web01}]
jobs:
  - {id: nightly, name: restic-etc}
  - {id: weekly-check, name: restic-check, event: backup.verify}
  - {id: changes-of-main, name: main, event: backup.archive}
  - {id: expiry-of-main, name: main, event: backup.expire}
  - {id: backup-of-etc, name: nightly-etc.service, event: job.end}
adopts:
  - {check: %s, criterion: as the check says, by: Ann, on: 2026-03-01}
%s"""


def read(path):
    with open(os.path.join(RULES, path), encoding="utf-8") as f:
        return f.read()


def shipped(room):
    return {os.path.basename(p): read(os.path.join(room, os.path.basename(p)))
            for p in glob.glob(os.path.join(RULES, room, "*.yml"))}


def case(check, name, states, rating, unit="web01", isms=""):
    """name: passes, fails or unknown. states: of the slots that count."""
    def keep(function):
        CASES.append((check, name, states, rating, unit, isms, function))
        return function
    return keep


def history(check, name, isms, begin):
    h = History(check + " " + name)
    known = begin - 12 * HOUR
    h.collector.files("frameworks", known, shipped("frameworks"))
    h.collector.files("checks", known, {**shipped("checks"),
                                        "events.yml": read("events.yml")})
    h.collector.files("isms", known, {"isms.yml": ISMS % (check, isms)})
    web = h.agent("web01")
    web.source("journal", CLASSES, since=begin - HOUR)
    web.first(begin - HOUR, prev=None)
    return h, web


def silence(web, begin, end):
    """The agent was down and could not read what was written then."""
    web.gap(web.now, "journal", CLASSES, begin, end, "agent")


# ------------------------------------------- never: three days, May 4 to 6

def days(web, plan, gap=None):
    """Three days with a login of alice by key each; plan adds what it wants;
    gap: no line of May 6 08:00-10:00 was read."""
    for n in (4, 5, 6):
        login(web, day(n, "09:00"))
    plan(web)
    web.watch(day(7))
    if gap:
        silence(web, day(6, "08:00"), day(6, "10:00"))
    web.watch(day(7, "03:00"))
    return day(7, "02:00")


def nothing(web):
    pass


def never(check, bad, isms="", best="effective", missing=None):
    """A check of the kind never: `bad` plans what must not happen, on May 6.
    missing: what isms holds is left out for the unknown."""
    @case(check, "passes", ["pass"] * 3, best, isms=isms)
    def passes(web):
        return days(web, nothing)

    @case(check, "fails", ["pass", "pass", "fail"], "ineffective", isms=isms)
    def fails(web):
        return days(web, bad)

    if missing is None:
        @case(check, "unknown", ["pass", "pass", "unknown"], "unknown",
              isms=isms)
        def unknown(web):
            return days(web, nothing, gap=True)
    else:
        @case(check, "unknown", ["unknown"] * 3, "unknown", isms=missing)
        def register_missing(web):
            return days(web, nothing)


def plan_login(**fields):
    def plan(web):
        web.later(day(6, "11:00"), "auth.login", "success", fields,
                  program="sshd")
    return plan


def plan_bypass(web):
    web.later(day(6, "11:00"), "auth.mfa_bypass", "success",
              {"user": "alice"}, program="pam_google_authenticator")


def plan_sudo(web):
    web.later(day(6, "11:00"), "privilege.use", "success",
              {"by": "mallory", "user": "root", "command": "/bin/sh"},
              program="sudo")


def by_alice(web):
    web.later(day(5, "11:00"), "privilege.use", "success",
              {"by": "alice", "user": "root", "command": "/bin/true"},
              program="sudo")
    # A refused attempt is the control at work.
    web.later(day(5, "11:05"), "privilege.use", "failure",
              {"by": "mallory", "user": "root", "command": "/bin/sh"},
              program="sudo")


never("no-password-login",
      plan_login(user="alice", remote=True, method="password"))
never("no-second-factor-bypass", plan_bypass)
never("no-direct-root-login", plan_login(user="root", remote=True))
never("login-within-entitlements", plan_login(user="mallory", remote=True),
      isms="entitlements: [{system: web01, user: alice, role: login}]\n",
      best="partly effective", missing="")
# Mallory's last day is May 5, so her login then is nothing to complain about.
never("no-login-after-leaving", plan_login(user="mallory", remote=True),
      isms="leavers: [{user: mallory, from: 2026-05-06}]\n", missing="")
never("no-login-without-secret", plan_login(user="bob", method="none"),
      best="partly effective")


def plan_event(event, program, **fields):
    def plan(web):
        web.later(day(6, "11:00"), event, "success", fields, program=program)
    return plan


never("accounts-within-entitlements",
      plan_event("account.create", "useradd", user="mallory", uid=1005),
      isms="entitlements: [{system: web01, user: alice, role: login}]\n",
      missing="")
never("no-account-file-edited-by-hand",
      plan_event("config.change", "vipw", path="/etc/passwd",
                 change="edited by hand"))
never("no-group-password",
      plan_event("group.change", "gpasswd", group="ops", by="root",
                 change="password changed"), best="partly effective")
never("no-leaver-let-in-again",
      plan_event("account.modify", "usermod", user="mallory",
                 change="password unlocked"),
      isms="leavers: [{user: mallory, from: 2026-05-01}]\n", missing="")
never("no-second-root-created",
      plan_event("account.create", "useradd", user="toor", uid=0, gid=0))
never("no-account-made-root",
      plan_event("account.modify", "usermod", user="oscar", change="UID",
                 old="4101", new="0"))
never("privileged-groups-unchanged",
      plan_event("group.change", "usermod", user="mallory", group="sudo",
                 change="member added"))


def plan_failure(event, program, **fields):
    def plan(web):
        web.later(day(6, "11:00"), event, "failure", fields, program=program)
    return plan


never("time-service-keeps-time",
      plan_failure("service.state", "chronyd", service="chronyd",
                   state="not synchronised", reason="no selectable sources"))
never("protective-services-run",
      plan_failure("service.state", "systemd", service="auditd.service",
                   state="failed", reason="exit-code"))


@case("accounts-within-entitlements", "passes with accounts of packages",
      ["pass"] * 3, "effective",
      isms="entitlements: [{system: web01, user: alice, role: login}]\n")
def _(web):
    def accounts(agent):
        for user, uid in (("alice", 1000), ("postgres", 112)):
            agent.later(day(5, "11:00"), "account.create", "success",
                        {"user": user, "uid": uid}, program="useradd")
        # An attempt that failed created nothing.
        agent.later(day(5, "11:05"), "account.create", "failure",
                    {"user": "mallory", "uid": 1001}, program="useradd")
    return days(web, accounts)


@case("privileged-groups-unchanged", "passes with other groups", ["pass"] * 3,
      "effective")
def _(web):
    def groups(agent):
        for group, change in (("users", "member added"),
                              ("sudo", "member removed")):
            agent.later(day(5, "11:00"), "group.change", "success",
                        {"user": "bob", "group": group, "change": change},
                        program="usermod")
    return days(web, groups)


@case("no-leaver-let-in-again", "passes for those who stay", ["pass"] * 3,
      "effective", isms="leavers: [{user: mallory, from: 2026-05-01}]\n")
def _(web):
    return days(web, plan_event("account.modify", "usermod", user="bob",
                                change="password unlocked"))


ADMINISTRATORS = "administrators: [{by: alice}]\n"


@case("privilege-used-by-the-entitled", "passes", ["pass"] * 3, "effective",
      isms=ADMINISTRATORS)
def _(web):
    return days(web, by_alice)


@case("privilege-used-by-the-entitled", "fails", ["pass", "pass", "fail"],
      "ineffective", isms=ADMINISTRATORS)
def _(web):
    return days(web, plan_sudo)


@case("privilege-used-by-the-entitled", "unknown", ["unknown"] * 3, "unknown")
def _(web):
    return days(web, by_alice)


@case("no-login-after-leaving", "passes on the last day", ["pass"] * 3,
      "effective", isms="leavers: [{user: mallory, from: 2026-05-06}]\n")
def _(web):
    def last_day(agent):
        agent.later(day(5, "23:59"), "auth.login", "success",
                    {"user": "mallory", "remote": True}, program="sshd")
    return days(web, last_day)


# ------------------------------------------------------ each: second factors

@case("login-has-second-factor", "passes", ["pass"] * 3, "effective")
def _(web):
    return days(web, nothing)


@case("login-has-second-factor", "fails", ["pass", "pass", "fail"],
      "ineffective")
def _(web):
    return days(web, lambda agent: login(agent, day(6, "15:00"), factor=None))


@case("login-has-second-factor", "unknown", ["pass", "pass", "unknown"],
      "unknown")
def _(web):
    # The factor may stand among the lines nobody read.
    return days(web, lambda agent: login(agent, day(6, "09:30"), user="bob",
                                         factor=None), gap=True)


# ----------------------------------------------------------- every: backups

def nights(web, last=None, gap=None):
    """Slots from noon to noon that end May 5 to 7; last: outcome of the run
    of May 7, None for no run; gap: nothing was read from May 6 12:00 on."""
    for n in (5, 6):
        run(web, day(n, "02:10"))
    if last:
        run(web, day(7, "02:10"), last)
    web.watch(day(7, "15:00"))
    if gap:
        silence(web, day(6, "12:00"), day(7, "14:00"))
    web.watch(day(7, "18:00"))
    return day(7, "17:00")


@case("backup-daily", "passes", ["pass"] * 3, "effective", unit="nightly")
def _(web):
    return nights(web, "success")


@case("backup-daily", "fails", ["pass", "pass", "fail"], "ineffective",
      unit="nightly")
def _(web):
    return nights(web, "failure")


@case("backup-daily", "fails by silence", ["pass", "pass", "missed"],
      "ineffective", unit="nightly")
def _(web):
    return nights(web)


@case("backup-daily", "unknown", ["pass", "pass", "unknown"], "unknown",
      unit="nightly")
def _(web):
    return nights(web, gap=True)


def verify(web, t, outcome="success"):
    job = {"job": "restic-check"}
    web.later(t, "backup.verify", "none", job, phase="start", program="restic")
    web.later(t + 5 * MINUTE, "backup.verify", outcome, job, phase="end",
              program="restic")


def weeks(web, plan, gap=None):
    """Two weeks, May 4 to 17; gap: the 14th to 16th were not read."""
    plan(web)
    web.watch(day(18), step=6 * HOUR)
    if gap:
        silence(web, day(14), day(17))
    web.watch(day(19), step=6 * HOUR)
    return day(19)


@case("backup-verified-weekly", "passes", ["pass"] * 2, "effective",
      unit="weekly-check")
def _(web):
    def plan(agent):
        verify(agent, day(6, "04:00"))
        verify(agent, day(13, "04:00"))
    return weeks(web, plan)


@case("backup-verified-weekly", "fails", ["pass", "missed"], "ineffective",
      unit="weekly-check")
def _(web):
    return weeks(web, lambda agent: verify(agent, day(6, "04:00")))


@case("backup-verified-weekly", "unknown", ["pass", "unknown"], "unknown",
      unit="weekly-check")
def _(web):
    return weeks(web, lambda agent: verify(agent, day(6, "04:00")), gap=True)


# ---------------------------------------- a quarter: April, May and June 2026

def quarter(web, plan, gap=None):
    """The agent starts on March 31 23:00; gap: June 1 to 6 were not read."""
    plan(web)
    web.watch(at("2026-07-01 00:00"), step=12 * HOUR)
    if gap:
        silence(web, at("2026-06-01 00:00"), at("2026-06-07 00:00"))
    web.watch(at("2026-07-17 00:00"), step=12 * HOUR)
    return at("2026-07-16 00:00")


def restore(outcome):
    def plan(web):
        web.later(at("2026-05-20 14:00"), "restore.run", outcome,
                  {"target": "/tmp/restore"}, program="restic")
    return plan


@case("restore-tested-quarterly", "passes", ["pass"], "effective",
      unit="organisation")
def _(web):
    return quarter(web, restore("success"))


@case("restore-tested-quarterly", "fails", ["fail"], "ineffective",
      unit="organisation")
def _(web):
    return quarter(web, restore("failure"))


@case("restore-tested-quarterly", "unknown", ["unknown"], "unknown",
      unit="organisation")
def _(web):
    return quarter(web, nothing, gap=True)


def lockout(outcome):
    def plan(web):
        web.later(at("2026-05-20 14:00"), "auth.lockout", outcome,
                  {"user": "bob", "scope": "account"}, program="pam_faillock")
    return plan


@case("lockout-seen-quarterly", "passes", ["pass"], "effective",
      unit="organisation")
def _(web):
    return quarter(web, lockout("success"))


@case("lockout-seen-quarterly", "fails", ["missed"], "ineffective",
      unit="organisation")
def _(web):
    # Of root the module says that the limit was reached, not that it held.
    return quarter(web, lockout("none"))


@case("lockout-seen-quarterly", "unknown", ["unknown"], "unknown",
      unit="organisation")
def _(web):
    return quarter(web, nothing, gap=True)


RIGHTS = "entitlements: [{system: shop, user: alice, role: admin}]\n"


def review(web, rows=1):
    """One row, and a closing line that says how many there were."""
    t = at("2026-06-10 10:00")
    web.later(t, "access.review", "success",
              {"review": "2026q2", "system": "shop", "user": "alice",
               "role": "admin", "decision": "keep", "reviewer": "bob",
               "done": False}, program="access-review")
    web.later(t + MINUTE, "access.review", "success",
              {"review": "2026q2", "done": True, "rows": rows,
               "reviewer": "bob"}, program="access-review")


@case("access-review-quarterly", "passes", ["pass"], "effective",
      unit="shop/alice/admin", isms=RIGHTS)
def _(web):
    return quarter(web, review)


@case("access-review-quarterly", "fails", ["missed"], "ineffective",
      unit="shop/alice/admin", isms=RIGHTS)
def _(web):
    # A closing line that counts two rows where one was decided: not whole.
    return quarter(web, lambda agent: review(agent, rows=2))


@case("access-review-quarterly", "unknown", ["unknown"], "unknown",
      unit="shop/alice/admin", isms=RIGHTS)
def _(web):
    return quarter(web, nothing, gap=True)


# --------------------------------------------------------------- the log itself

@case("logs-not-lost", "passes", ["pass"] * 3, "effective")
def _(web):
    return days(web, nothing)


@case("logs-not-lost", "fails", ["pass", "pass", "fail"], "ineffective")
def _(web):
    days(web, nothing)
    web.gap(web.now, "journal", ["auth"], day(6, "08:00"), day(6, "09:00"),
            "dropped", lines=12)
    web.watch(day(7, "06:00"))
    return day(7, "05:00")


@case("logs-not-lost", "unknown", ["pass", "pass", "unknown"], "unknown")
def _(web):
    return days(web, nothing, gap=True)


def minutes(web, hole=None, bad=None):
    """Two days with a heartbeat each two minutes; hole: none on May 5 from
    08:00 to 10:00; bad: what happens on May 5 at 12:00."""
    step = 2 * MINUTE
    web.watch(day(5, "08:00"), step=step)
    web.watch(day(5, "10:00"), step=2 * HOUR if hole else step)
    web.watch(day(5, "12:00"), step=step)
    if bad:
        bad(web)
    web.watch(day(6, "02:00"), step=step)
    return day(6, "01:30")


def tampered(web):
    """The record that the collector writes when it refuses one."""
    web.history.collector.put("event", day(5, "12:00"), {
        "host": web.host, "event": "log.tamper", "outcome": "failure",
        "rule": "log.tamper", "controls": ["iso27001-2022:A.8.15"],
        "program": "assay-collector",
        "fields": {"agent": web.uuid, "reason": "other bytes"}, "count": 1,
        "origin": {"source": "collector", "id": "collector",
                   "class": "agent", "trust": "root"},
        "clock": {"precision": "us", "inferred": [], "doubtful": False},
        "ambiguous": False})


def unsynchronised(web):
    web.heartbeat(day(5, "12:01"), synced=False)
    web.seal(day(5, "12:01"))
    web.now = day(5, "12:01")


@case("evidence-not-tampered", "passes", ["pass"] * 2, "effective")
def _(web):
    return minutes(web)


@case("evidence-not-tampered", "fails", ["pass", "fail"], "ineffective")
def _(web):
    return minutes(web, bad=tampered)


@case("evidence-not-tampered", "unknown", ["pass", "unknown"], "unknown")
def _(web):
    return minutes(web, hole=True)


@case("clock-synchronised", "passes", ["pass"] * 2, "effective")
def _(web):
    return minutes(web)


@case("clock-synchronised", "fails", ["pass", "fail"], "ineffective")
def _(web):
    return minutes(web, bad=unsynchronised)


@case("clock-synchronised", "unknown", ["pass", "unknown"], "unknown")
def _(web):
    return minutes(web, hole=True)


# -------------------------------------------------------------------- patches

def patches(first, last, failed=()):
    def plan(web):
        for n in range(first, last + 1):
            web.later(day(n, "06:20"), "patch.run",
                      "failure" if n in failed else "success",
                      program="unattended-upgrade")
    return plan


@case("patch-run-daily", "passes", ["pass"] * 3, "effective")
def _(web):
    days(web, patches(4, 6))
    web.watch(day(7, "12:00"))
    return day(7, "07:00")


@case("patch-run-daily", "fails", ["pass", "pass", "missed"], "ineffective")
def _(web):
    days(web, patches(4, 5))
    web.watch(day(7, "12:00"))
    return day(7, "07:00")


@case("patch-run-daily", "unknown", ["pass", "pass", "unknown"], "unknown")
def _(web):
    days(web, patches(4, 5), gap=True)
    web.watch(day(7, "12:00"))
    return day(7, "07:00")


@case("patch-runs-succeed", "passes", ["pass"] * 2, "effective")
def _(web):
    return weeks(web, patches(4, 17))


@case("patch-runs-succeed", "fails", ["pass", "fail"], "ineffective")
def _(web):
    return weeks(web, patches(4, 17, failed=[12]))


@case("patch-runs-succeed", "unknown", ["pass", "unknown"], "unknown")
def _(web):
    return weeks(web, patches(4, 17), gap=True)


def installs(first, last, failed=()):
    """Runs of apt: begun, said what for, ended; some with an error between."""
    def plan(web):
        for n in range(first, last + 1):
            def line(seconds, outcome, phase, n=n, **fields):
                web.later(day(n, "06:25") + seconds * 1000000, "package.run",
                          outcome, fields, phase=phase, program="apt")
            line(0, "none", "start")
            line(0, "none", "note", change="install", packages="nano:amd64 (7.2)")
            if n in failed:
                line(0, "failure", "note", reason="dpkg returned an error code")
            line(4, "success", "end")
    return plan


@case("package-runs-succeed", "passes", ["pass"] * 2, "effective")
def _(web):
    return weeks(web, installs(4, 17))


@case("package-runs-succeed", "fails", ["pass", "fail"], "ineffective")
def _(web):
    return weeks(web, installs(4, 17, failed=[12]))


@case("package-runs-succeed", "unknown", ["pass", "unknown"], "unknown")
def _(web):
    return weeks(web, installs(4, 17), gap=True)


def unit_ends(first, last, failed=()):
    def plan(web):
        for n in range(first, last + 1):
            web.later(day(n, "02:30"), "job.end",
                      "failure" if n in failed else "success",
                      {"job": "nightly-etc.service", "purpose": "backup"},
                      program="systemd")
    return plan


@case("backup-units-end-well", "passes", ["pass"] * 2, "effective",
      unit="backup-of-etc")
def _(web):
    return weeks(web, unit_ends(4, 17))


@case("backup-units-end-well", "fails", ["pass", "fail"], "ineffective",
      unit="backup-of-etc")
def _(web):
    return weeks(web, unit_ends(4, 17, failed=[12]))


@case("backup-units-end-well", "unknown", ["pass", "unknown"], "unknown",
      unit="backup-of-etc")
def _(web):
    return weeks(web, unit_ends(4, 17), gap=True)


# ------------------------------------------------------------------ networks

def refused(web, *times):
    for t in times:
        web.later(t, "firewall.block", "success",
                  {"src_ip": "198.51.100.7", "dst_port": 3389,
                   "protocol": "TCP", "reason": "[UFW BLOCK]"},
                  program="kernel")


def weekly(check, event, unit="web01", best="effective"):
    """A check that wants one event a week; event(web, time...)."""
    @case(check, "passes", ["pass"] * 2, best, unit=unit)
    def passes(web):
        return weeks(web, lambda agent: event(agent, day(6, "04:00"),
                                              day(13, "04:00")))

    @case(check, "fails", ["pass", "missed"], "ineffective", unit=unit)
    def fails(web):
        return weeks(web, lambda agent: event(agent, day(6, "04:00")))

    @case(check, "unknown", ["pass", "unknown"], "unknown", unit=unit)
    def unknown(web):
        return weeks(web, lambda agent: event(agent, day(6, "04:00")),
                     gap=True)


weekly("firewall-refuses-weekly", refused, best="partly effective")


def once(event, program, **fields):
    def happens(web, *times):
        for t in times:
            web.later(t, event, "success", fields, program=program)
    return happens


weekly("malware-scanned-weekly",
       once("malware.scan", "clamscan", files=7421))
weekly("integrity-compared-weekly", once("integrity.check", "aide"))
weekly("sensors-alert-weekly",
       once("ids.alert", "fail2ban", signature="sshd", src_ip="198.51.100.7"))


def signatures(first, last):
    """freshclam looks twice a day; `main` has been the same for months."""
    def plan(web):
        for n in range(4, 7):
            web.later(day(n, "05:00"), "malware.update", "success",
                      {"database": "main", "version": "62"},
                      program="freshclam")
        for n in range(first, last + 1):
            web.later(day(n, "05:01"), "malware.update", "success",
                      {"database": "daily", "version": "27832"},
                      program="freshclam")
    return plan


@case("malware-signatures-daily", "passes", ["pass"] * 3, "effective")
def _(web):
    days(web, signatures(4, 6))
    web.watch(day(7, "12:00"))
    return day(7, "07:00")


@case("malware-signatures-daily", "fails", ["pass", "pass", "missed"],
      "ineffective")
def _(web):
    days(web, signatures(4, 5))
    web.watch(day(7, "12:00"))
    return day(7, "07:00")


@case("malware-signatures-daily", "unknown", ["pass", "pass", "unknown"],
      "unknown")
def _(web):
    days(web, signatures(4, 5), gap=True)
    web.watch(day(7, "12:00"))
    return day(7, "07:00")


never("integrity-baseline-kept",
      plan_event("config.change", "aide", object="AIDE database",
                 change="initialised"))
never("disks-stay-healthy",
      plan_failure("disk.health", "smartd", device="/dev/sda [SAT]",
                   reason="FAILED SMART self-check. BACK UP DATA NOW!"),
      best="partly effective")


def tested(*times):
    def plan(web):
        for t in times:
            web.later(at(t), "disk.health", "success",
                      {"device": "/dev/sda [SAT]", "attribute": "self-test",
                       "value": "completed without error"}, program="smartd")
    return plan


SPRING = ("2026-04-20 03:00", "2026-05-20 03:00", "2026-06-20 03:00")


@case("disks-tested-monthly", "passes", ["pass"] * 3, "partly effective")
def _(web):
    return quarter(web, tested(*SPRING))


@case("disks-tested-monthly", "fails", ["pass", "pass", "missed"],
      "ineffective")
def _(web):
    return quarter(web, tested(*SPRING[:2]))


@case("disks-tested-monthly", "unknown", ["pass", "pass", "unknown"],
      "unknown")
def _(web):
    return quarter(web, tested(*SPRING[:2]), gap=True)


never("certificates-renew",
      plan_failure("cert.renew", "certbot", reason="All renewals failed."),
      best="partly effective")


# -------------------------------------------------------- a database's backups

DATABASE = "main"


def of_database(web, t, event, outcome):
    """One whole run of pgBackRest."""
    job = {"job": DATABASE}
    web.later(t, event, "none", job, phase="start", program="pgbackrest")
    web.later(t + 2 * MINUTE, event, outcome, {}, phase="end",
              program="pgbackrest")


def archived(web, failed=(), gap=None):
    """The log of changes goes to the store each hour, May 4 to 6."""
    def plan(agent):
        for n in (4, 5, 6):
            for hour in range(1, 24, 2):
                of_database(agent, day(n, "%02d:00" % hour), "backup.archive",
                            "failure" if n in failed else "success")
    return days(web, plan, gap)


@case("changes-archived", "passes", ["pass"] * 3, "effective",
      unit="changes-of-main")
def _(web):
    return archived(web)


@case("changes-archived", "fails", ["pass", "pass", "fail"], "ineffective",
      unit="changes-of-main")
def _(web):
    return archived(web, failed=[6])


@case("changes-archived", "unknown", ["pass", "pass", "unknown"], "unknown",
      unit="changes-of-main")
def _(web):
    return archived(web, gap=True)


def expired(first_week, second_week):
    def plan(web):
        for n, is_run in ((6, first_week), (13, second_week)):
            if is_run:
                of_database(web, day(n, "04:00"), "backup.expire", "success")
    return plan


@case("old-backups-expired", "passes", ["pass"] * 2, "partly effective",
      unit="expiry-of-main")
def _(web):
    return weeks(web, expired(True, True))


@case("old-backups-expired", "fails", ["pass", "missed"], "ineffective",
      unit="expiry-of-main")
def _(web):
    return weeks(web, expired(True, False))


@case("old-backups-expired", "unknown", ["pass", "unknown"], "unknown",
      unit="expiry-of-main")
def _(web):
    return weeks(web, expired(True, False), gap=True)


# --------------------------------------------------------- services that log

def suspended(web):
    web.later(day(6, "11:00"), "service.state", "failure",
              {"service": "rsyslogd", "state": "suspended", "reason": "fwd"},
              program="rsyslogd")


never("log-services-work", suspended)


@case("log-services-work", "passes though another service failed",
      ["pass"] * 3, "effective")
def _(web):
    def plan(agent):
        agent.later(day(6, "11:00"), "service.state", "failure",
                    {"service": "nginx", "state": "failed"}, program="systemd")
    return days(web, plan)


# ------------------------------------------------------------------------ TAP

def quarterly(check):
    return check.endswith(("-quarterly", "-monthly"))


def judge(ask, check, name, states, rating, unit, isms, build):
    begin = at("2026-04-01 00:00") if quarterly(check) else day(4)
    h, web = history(check, name, isms, begin)
    view = Bench(ask)(h, build(web))
    got = [s["state"] for s in view.slots(check, unit)
           if s["state"] != "open" and s["counted"]]
    same(got, states, "slots of %s" % unit)
    entry = view.checks[check]
    same(entry["adopted"], True, "adopted")
    same(entry["rating"], rating, "rating (%s)" % entry["reason"])


def uncovered():
    """Shipped checks that lack one of the three histories."""
    ids = [c["id"] for text in shipped("checks").values()
           for c in yaml.safe_load(text)["checks"]]
    have = {(c[0], c[1]) for c in CASES}
    return ["%s %s" % (i, name) for i in sorted(ids)
            for name in ("passes", "fails", "unknown")
            if (i, name) not in have] + [
                "no check %s" % c for c in sorted({c[0] for c in CASES})
                if c not in ids]


def main():
    ledgers = [("twin", twin)]
    recompute = recompute_or_none()
    if recompute:
        ledgers.append(("recompute", recompute))
    number = failed = 0

    def told(good, sentence, notes):
        nonlocal number, failed
        number += 1
        failed += not good
        print("%sok %d - %s" % ("" if good else "not ", number, sentence))
        for line in notes:
            print("# " + line, flush=True)

    lacking = uncovered()
    told(not lacking, "every shipped check has its three histories", lacking)
    for one in CASES:
        sentence = "%s %s" % (one[0], one[1])
        if sys.argv[1:] and not any(w in sentence for w in sys.argv[1:]):
            continue
        for name, ask in ledgers:
            try:
                judge(ask, *one)
                told(True, "%s: %s" % (name, sentence), [])
            except Exception:
                told(False, "%s: %s" % (name, sentence),
                     traceback.format_exc().splitlines())
    if not recompute:
        number += 1
        print("ok %d - recompute # skip the collector has none" % number)
    print("1..%d" % number)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
