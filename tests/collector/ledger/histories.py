#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Histories worked out by hand: what a person would say of each.

Every case builds an export and states its results as numbers found on paper,
never by running code. It is judged by the twin and by the collector's ledger
($ASSAY_JUDGE), a few by `recompute` ($ASSAY_COLLECTOR); the others must agree
with the twin byte for byte. A slot of a
job is named by the day it ends, one of never or each by its day. Prints TAP;
a name or a part of a sentence on the command line runs only those cases.
"""
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import traceback
from types import SimpleNamespace

import ledger_twin
from history import (DAY, HOUR, MINUTE, SECOND, History, at, frameworks,
                     stamp)

CASES = []

BACKUP = """\
- id: backup-daily
  control: A.8.13
  why: A backup that nobody misses is none.
  every: {event: backup.run, period: day, starts: "12:00", grace: 2h, unit: job}
  watch: [backup]
  trust: root
  default: rate
"""
MFA = """\
- id: login-has-second-factor
  control: A.8.5
  why: A password alone is stolen in silence.
  each: {event: auth.login, outcome: success, where: {remote: true}, \
needs: {any: [{event: auth.mfa, outcome: success, where: {service: sshd}}]}, \
by: [host, user], within: [-120s, 10s], unit: host}
  watch: [auth]
  trust: root
  default: show
"""
ROOT = """\
- id: no-direct-root-login
  control: A.8.2
  why: Who is root should first be somebody.
  never: {event: auth.login, outcome: success, where: {user: root}}
  watch: [auth]
  default: show
"""
LOSS = """\
- id: log-not-lost
  control: A.8.15
  why: What was lost cannot be looked at.
  never: {event: log.loss}
  watch: [auth, syslog]
  default: rate
"""
TAMPER = """\
- id: log-not-tampered
  control: A.8.15
  why: Evidence that was changed is none.
  never: {event: log.tamper}
  watch: [agent]
  fatal: true
  default: rate
"""
CLOCK = """\
- id: clock-synchronised
  control: A.8.17
  why: Times that differ cannot be put together.
  never: {event: clock.state, outcome: failure}
  watch: [agent]
  default: rate
"""
PATCH = """\
- id: patch-daily
  control: A.8.8
  why: An update helps only where it runs.
  every: {event: patch.run, period: day, unit: host}
  watch: [package]
  default: rate
"""
REVIEW = """\
- id: access-review
  control: A.5.18
  why: Rights outlive their reasons.
  every: {event: access.review, period: quarter, unit: organisation}
  watch: [syslog]
  default: rate
"""


def case(sentence, only=("twin", "ledger")):
    """Who judges the case: the twin, the C ledger, `recompute` itself."""
    def keep(function):
        CASES.append((sentence, function, only))
        return function
    return keep


# -------------------------------------------------------- asking for a verdict

class View:
    """One report and its slots; ask(form) gives the text of either."""

    def __init__(self, ask):
        self.report = json.loads(ask("--json"))
        self.lines = [json.loads(line) for line in ask("--slots").splitlines()]
        self.controls = {c["id"]: c for c in self.report["controls"]}
        self.checks = {k["id"]: k for c in self.report["controls"]
                       for k in c["checks"]}

    def slots(self, check, unit=None):
        return [s for s in self.lines if s["check"] == check
                and unit in (None, s["unit"])]

    def slot(self, check, unit, start):
        found = [s for s in self.slots(check, unit)
                 if s["start"] == stamp(start)]
        same(len(found), 1, "slots of %s that start %s" % (unit,
                                                           stamp(start)))
        return found[0]

    def states(self, check, unit=None, by="end"):
        """Day of the slot -> its state."""
        return {int(s[by][8:10]): s["state"]
                for s in self.slots(check, unit)}

    def count(self, check):
        """State -> how often, of counted slots."""
        out = {}
        for s in self.slots(check):
            if s["counted"]:
                out[s["state"]] = out.get(s["state"], 0) + 1
        return out


def twin(lines, as_of, known_at, form):
    ledger = ledger_twin.Ledger(lines, as_of, known_at)
    return ledger.slots() if form == "--slots" else ledger.report() + "\n"


class Recompute:
    """The collector's own ledger, run over an export."""

    def __init__(self, program):
        self.program = program

    def __call__(self, lines, as_of, known_at, form):
        with tempfile.NamedTemporaryFile(suffix=".ndjson") as f:
            f.write(b"".join(line + b"\n" for line in lines))
            f.flush()
            args = [self.program, "recompute", f.name, form, "--as-of",
                    stamp(as_of)]
            if known_at is not None:
                args += ["--known-at", str(known_at)]
            return subprocess.run(args, check=True,
                                  stdout=subprocess.PIPE).stdout.decode()


class Judge:
    """The same ledger behind one process that answers many exports.

    tests/support/judge.c has the protocol. `--grow` reads the records one by
    one, asks for reports on the way, and answers as `--json`.
    """

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def __call__(self, lines, as_of, known_at, form):
        with tempfile.NamedTemporaryFile(suffix=".ndjson") as f:
            f.write(b"".join(line + b"\n" for line in lines))
            f.flush()
            self.process.stdin.write(("%s %s %s %s\n" % (
                form.lstrip("-"), stamp(as_of),
                "all" if known_at is None else known_at, f.name)).encode())
            self.process.stdin.flush()
            answer = []
            while True:
                line = self.process.stdout.readline()
                if line == b".\n":
                    return b"".join(answer).decode()
                if not line or line.startswith(b"! "):
                    raise RuntimeError("judge: %s" % (line or b"it ended"))
                answer.append(line)


def program_or_none(name):
    program = os.environ.get(name)
    return program if program and os.access(program, os.X_OK) else None


def recompute_or_none():
    """`recompute`, when there is a collector that has it."""
    program = program_or_none("ASSAY_COLLECTOR")
    if not program:
        return None
    helped = subprocess.run([program, "--help"], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    return Recompute(program) if b"recompute" in helped.stdout else None


def judge_or_none():
    """The collector's ledger the quick way, else by `recompute`."""
    program = program_or_none("ASSAY_JUDGE")
    return Judge(program) if program else recompute_or_none()


class Bench:
    """What a case asks: judge(history, as_of) gives a View."""

    def __init__(self, ask):
        self.ask = ask

    def __call__(self, history, as_of, known_at=None):
        lines = history.lines() if isinstance(history, History) else history
        if isinstance(as_of, str):
            as_of = at(as_of)

        def ask(form):
            text = self.ask(lines, as_of, known_at, form)
            want = twin(lines, as_of, known_at, form)
            if text != want:
                raise AssertionError("it differs from the twin:\n"
                                     + first_difference(text, want))
            return text
        return View(ask)


def first_difference(got, want):
    for a, b in zip(got.splitlines() + [""], want.splitlines() + [""]):
        if a != b:
            i = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y),
                     min(len(a), len(b)))
            return "  got  ...%s\n  want ...%s" % (
                a[max(0, i - 300):i + 120], b[max(0, i - 300):i + 120])
    return "  one is longer"


def same(got, want, what):
    if got != want:
        raise AssertionError("%s:\n  got  %s\n  want %s" % (what, got, want))


def holds(truth, what):
    if not truth:
        raise AssertionError(what)


# ------------------------------------------------------------------- the words

def day(n, clock="00:00", month=5):
    return at("2026-%02d-01 %s" % (month, clock)) + (n - 1) * DAY


def run(agent, begin, outcome="success", minutes=15, job="restic-etc",
        **kw):
    """A backup of two lines: it starts, it ends."""
    kw.setdefault("program", "restic")
    agent.later(begin, "backup.run", "none", {"job": job}, phase="start", **kw)
    agent.later(begin + minutes * MINUTE, "backup.run", outcome, {"job": job},
                phase="end", **kw)


def nightly(agent, first, last, clock="02:10", missing=(), **kw):
    for n in range(first, last + 1):
        if n not in missing:
            run(agent, day(n, clock), **kw)


def login(agent, t, user="alice", factor=3, service="sshd", **kw):
    """A remote login, its second factor some seconds before (None: none)."""
    if factor is not None:
        agent.later(t - factor * SECOND, "auth.mfa", "success",
                    {"user": user, "service": service},
                    program="pam_google_authenticator", **kw)
    agent.later(t, "auth.login", "success",
                {"user": user, "remote": True, "src_ip": "192.0.2.7"},
                program="sshd", controls=["A.8.5"], **kw)


def seen_from(h, t, checks, isms=None, zone=None):
    """What the collector knows from t on."""
    h.collector.files("frameworks", t, {"iso27001-2022.yml": frameworks()})
    h.collector.checks(t, checks)
    if isms is not None:
        h.collector.isms(t, isms, zone)


ISMS = """\
scope: All servers of the shop
hosts: [{name: web01}]
jobs: [{id: nightly, name: restic-etc}]
adopts:
  - {check: %s, criterion: nothing missing, by: Ann, on: %s}
"""


def one_server(name, checks, isms=None, zone=None, begin=None, since=None,
               provides=("auth", "syslog", "backup", "package")):
    """A history with one agent that reads a journal."""
    h = History(name)
    begin = day(1) if begin is None else begin
    seen_from(h, begin, checks, isms, zone)
    web = h.agent("web01")
    web.source("journal", list(provides),
               since=begin if since is None else since)
    return h, web


# ---------------------------------------------------------- 1: a fresh server

@case("a_fresh_server_is_rated_on_its_backlog_and_no_better_than_partly",
      only=("twin", "ledger", "recompute"))
def fresh_server(judge):
    h, web = one_server("fresh", LOSS + TAMPER + CLOCK + MFA + BACKUP + PATCH,
                        begin=day(5, "10:00"), since=day(1, "06:00"))
    for n in (2, 3, 4):
        for hour in ("08:00", "12:00", "16:00"):
            login(web, day(n, hour), factor=None)
    for hour in ("07:00", "08:00", "09:00"):
        login(web, day(5, hour), factor=None)
    web.first(day(5, "10:00"), prev=None)
    web.watch(day(5, "11:00"), step=MINUTE)
    v = judge(h, day(5, "11:00"))

    same(v.states("log-not-lost", "web01", by="start"),
         {2: "pass", 3: "pass", 4: "pass", 5: "open"}, "log.loss")
    holds(all(s["retrospective"] for s in v.slots("log-not-lost")[:3]),
          "d2 to d4 are retrospective")
    c = v.controls["A.8.15"]
    same(c["rating"], "partly effective", "A.8.15")
    same(c["reason"], "log-not-lost: 3 of 3 slots, 3 of 90 days; at best "
         "partly: not adopted in the policy; population not declared; every "
         "slot began before assay watched", "A.8.15")
    same(v.checks["log-not-tampered"]["rating"], "unknown",
         "log.tamper alone")
    c = v.controls["A.8.17"]
    same((c["rating"], c["reason"]), (
        "unknown", "clock-synchronised: no slot closed yet, the first is due "
        "2026-05-07 01:00Z"), "A.8.17")
    c = v.controls["A.8.5"]
    same((c["rating"], c["reason"]), (
        "unknown", "login-has-second-factor: 12 auth.login seen, 0 with "
        "auth.mfa; not adopted in the policy"), "A.8.5")
    same(c["last_evidence"], "2026-05-05T09:00:00.000000Z", "last login")
    for control, check in (("A.8.13", "backup-daily"),
                           ("A.8.8", "patch-daily")):
        same(v.controls[control]["rating"], "unknown", control)
        holds("none declared, none seen" in v.controls[control]["reason"],
              control)
        same(v.slots(check), [], check)
        same(v.checks[check]["units"]["total"], 0, check)
    c = v.controls["A.6.3"]
    same((c["rating"], c["reason"]), (
        "not monitored", "logs cannot show this control; it needs a person's "
        "statement"), "A.6.3")
    same(v.controls["A.5.15"]["reason"], "no check speaks to this control yet",
         "A.5.15")


# --------------------------------------------------------- 2: nightly restic

def restic_month():
    h, web = one_server("restic", BACKUP, begin=day(5, "10:00"),
                        since=day(1))
    h.collector.isms(day(6, "09:00"), ISMS % ("backup-daily", "2026-05-06"))
    nightly(web, 1, 30, missing=[12])
    web.later(day(20, "02:25:10"), "backup.run", "warning", {},
              phase="note", program="restic")
    web.first(day(5, "10:00"), prev=None)
    web.watch(day(30, "16:00"))
    return h


@case("a_month_of_nightly_backups_with_one_missing_is_effective",
      only=("twin", "ledger", "recompute"))
def restic_whole(judge):
    v = judge(restic_month(), day(30, "15:00"))
    want = {n: "pass" for n in range(2, 31)}
    want.update({12: "missed", 20: "warn", 31: "open"})
    same(v.states("backup-daily", "nightly"), want, "slots by end")
    same([s["end"][8:10] for s in v.slots("backup-daily")
          if s["retrospective"]], ["02", "03", "04", "05"], "retrospective")
    same(v.count("backup-daily"), {"pass": 23, "warn": 1, "missed": 1},
         "counted")
    k = v.checks["backup-daily"]
    same((k["rating"], k["n"], k["open"], k["units"]["total"]),
         ("effective", 25, 1, 1), "rating")
    same(k["reason"], "24 of 25 slots, 25 of 90 days", "reason")
    same((k["adopted"], k["criterion"]), (True, "nothing missing"), "policy")
    same(v.controls["A.8.13"]["reason"],
         "backup-daily: 24 of 25 slots, 25 of 90 days", "control")
    same(v.slot("backup-daily", "nightly", day(11, "12:00"))["reason"],
         "nightly: no backup.run from 2026-05-11 12:00Z to 2026-05-12 14:00Z, "
         "watched throughout", "d12")
    same(v.slot("backup-daily", "nightly", day(19, "12:00"))["reason"],
         "nightly: backup.run begun 2026-05-20 02:10Z ended with a warning",
         "d20")
    same(v.slot("backup-daily", "nightly", day(10, "12:00"))["reason"],
         "nightly: backup.run begun 2026-05-11 02:10Z succeeded", "d11")


@case("one_missing_backup_makes_it_partly_until_twenty_slots_closed")
def restic_days(judge):
    h = restic_month()
    for n in range(11, 31):
        rating = ("effective" if n < 12 or n >= 25 else "partly effective")
        k = judge(h, day(n, "15:00")).checks["backup-daily"]
        same((n, k["n"], k["rating"]), (n, n - 5, rating), "as of d%d" % n)
    v = judge(h, day(12, "13:59"))
    same(v.states("backup-daily")[12], "open", "a minute before due")
    v = judge(h, day(12, "14:00"))
    same(v.states("backup-daily")[12], "missed", "when due")
    same(v.checks["backup-daily"]["reason"], "1 of 7 slots deviate, 0 "
         "unknown; nightly: no backup.run from 2026-05-11 12:00Z to "
         "2026-05-12 14:00Z, watched throughout", "d12")


# ---------------------------------------------------- 3: the log writer died

def dead_writer():
    h = History("dead writer")
    begin = day(0, "20:00")
    seen_from(h, begin, ROOT + LOSS,
              ISMS % ("no-direct-root-login", "2026-04-30")
              + "  - {check: log-not-lost, criterion: none, by: Ann}\n")
    web = h.agent("web01")
    web.source("authlog", ["auth"], since=begin)
    web.source("syslog", ["syslog"], since=begin)
    web.first(begin, prev=None)
    web.watch(day(8, "06:00"))
    stands = day(8, "06:15")            # the last mark + 15 min
    web.watch(day(9, "12:00"), stuck={"authlog": stands, "syslog": stands})
    for source, c in (("authlog", "auth"), ("syslog", "syslog")):
        web.gap(day(9, "12:00"), source, [c], stands, day(9, "12:00"),
                "silent")
    web.watch(day(31, "02:00"), also=("authlog", "syslog"))
    web.watch(day(91, "02:00"), step=6 * HOUR)
    return h


@case("a_dead_log_writer_leaves_two_days_unknown_and_two_failed")
def dead_writer_month(judge):
    v = judge(dead_writer(), day(31, "01:00"))
    want = {n: "pass" for n in range(1, 31)}
    want.update({8: "unknown", 9: "unknown", 31: "open"})
    same(v.states("no-direct-root-login", by="start"), want, "never")
    k = v.checks["no-direct-root-login"]
    same((k["rating"], k["pass"], k["unknown"]), ("unknown", 28, 2), "never")
    gap = "2026-05-08 06:15Z to 2026-05-09 00:00Z"
    same(k["reason"], "2 of 30 slots unknown, 0 deviate; web01: no auth.login "
         "among what was seen, but class auth of web01 not covered " + gap,
         "reason")
    same(v.slot("no-direct-root-login", "web01", day(9))["reason"],
         "web01: no auth.login among what was seen, but class auth of web01 "
         "not covered 2026-05-09 00:00Z to 2026-05-09 12:00Z", "d9")
    want.update({8: "fail", 9: "fail"})
    same(v.states("log-not-lost", by="start"), want, "log.loss")
    k = v.checks["log-not-lost"]
    same((k["rating"], k["fail"], k["n"]), ("partly effective", 2, 30),
         "log.loss")
    same(v.controls["A.8.15"]["rating"], "partly effective", "A.8.15")
    same(v.slot("log-not-lost", "web01", day(9))["reason"],
         "web01: 2 log.loss, first 2026-05-08 06:15Z", "d9")


@case("two_unknown_days_of_ninety_are_partly_effective")
def dead_writer_quarter(judge):
    v = judge(dead_writer(), day(91, "01:00"))
    k = v.checks["no-direct-root-login"]
    same((k["rating"], k["pass"], k["unknown"], k["n"]),
         ("partly effective", 88, 2, 88), "never")
    same(k["reason"], "0 of 90 slots deviate, 2 unknown; web01: no auth.login "
         "among what was seen, but class auth of web01 not covered 2026-05-08 "
         "06:15Z to 2026-05-09 00:00Z", "reason")


# ------------------------------------------------------ 4: a torn tail

def torn_tail(prev="last"):
    """Epoch A: 500 records, sealed to 480; then epoch B."""
    h, web = one_server("torn", ROOT + BACKUP, begin=day(1))
    web.first(day(1), prev=None)
    web.watch(day(3))
    while web.sequence < 479:
        web.event(day(3, "00:30") + web.sequence * SECOND, "privilege.use",
                  "success", {"user": "root", "by": "ann"})
    web.heartbeat(day(3, "01:00"))
    same(web.sequence, 480, "records before the last seal")
    web.seal(day(3, "01:00"))
    web.heartbeat(day(3, "02:00"))
    while web.sequence < 497:
        web.event(day(3, "02:00") + web.sequence * SECOND, "privilege.use",
                  "success", {"user": "root", "by": "ann"})
    for minute, phase, outcome in ((10, "start", "none"),
                                   (25, "end", "success")):
        web.event(day(3, "02:%02d" % minute), "backup.run", outcome,
                  {"job": "restic-etc"}, phase=phase, program="restic")
    web.heartbeat(day(3, "03:00"))
    same(web.sequence, 500, "committed records")
    if prev == "last":
        web.start(day(3, "06:00"))
    else:
        web.start(day(3, "06:00"), prev=prev)
        web.sources["journal"]["from"] = stamp(day(3, "06:00"))
    # lines after the last commit are read again: new records, new ids
    web.event(day(3, "05:00"), "backup.run", "success", {"job": "later"},
              readtime=day(3, "06:00"), program="restic")
    web.now = day(3, "06:00")
    web.heartbeat(web.now, complete=True)
    return h, web


@case("a_killed_agents_committed_tail_counts_once_the_next_start_is_sealed")
def torn_tail_counts(judge):
    h, web = torn_tail()
    before = len(h.log())
    web.seal(day(3, "06:00:05"))
    web.watch(day(5, "02:00"))
    v = judge(h, day(5, "01:30"))
    same(v.slot("no-direct-root-login", "web01", day(3))["state"], "pass",
         "coverage is joined by prev")
    same(v.checks["backup-daily"]["units"]["total"], 2, "both jobs are seen")
    # without B's first seal nothing after 480 counts
    v = judge(h.lines()[:before], day(5, "01:30"))
    same(v.slot("no-direct-root-login", "web01", day(3))["state"], "unknown",
         "nothing covers after the last sealed heartbeat")
    same(v.checks["backup-daily"]["units"]["total"], 0, "the tail is unsealed")


@case("a_start_that_forgot_its_last_epoch_loses_the_tail_and_its_coverage")
def torn_tail_forgotten(judge):
    h, web = torn_tail(prev=None)
    web.seal(day(3, "06:00:05"))
    web.watch(day(5, "02:00"))
    v = judge(h, day(5, "01:30"))
    # the job of the tail was never vouched for; what was read again was
    same(v.checks["backup-daily"]["units"]["total"], 1, "units")
    same([s["unit"] for s in v.slots("backup-daily")][:1], ["later@web01"],
         "the unit")
    same(v.slot("no-direct-root-login", "web01", day(3))["state"], "unknown",
         "01:00 to 06:00 is a hole")


# ------------------------------------------------------ 5: a cloned machine

def image(name):
    """Epoch A up to sequence 900, on web01."""
    h, web = one_server(name, ROOT + TAMPER, begin=day(1),
                        isms=ISMS % ("no-direct-root-login", "2026-05-01"))
    web.first(day(1), prev=None)
    web.watch(day(3))
    while web.sequence < 899:
        web.event(day(3) + web.sequence * SECOND, "privilege.use", "success",
                  {"user": "root", "by": "ann"})
    web.heartbeat(day(3, "01:00"))
    web.now = day(3, "01:00")
    same(web.sequence, 900, "records in the image")
    return h, web


def clone_runs(web, original, name=None):
    """The original goes on or restarts; the clone runs d4 06:00 to 12:00."""
    copy = web.clone(host=name)
    if original == "goes on":
        web.seal(day(3, "01:00:05"))
    else:
        web.first(day(3, "02:00"))
    web.watch(day(7, "02:00"))
    copy.first(day(4, "06:00"))
    copy.watch(day(4, "12:00"))
    return copy


def forked(judge, original):
    h, web = image("clone " + original)
    clone_runs(web, original)
    v = judge(h, day(7, "01:30"))
    same(v.states("no-direct-root-login", "web01", by="start"),
         {1: "pass", 2: "pass", 3: "pass", 4: "unknown", 5: "pass",
          6: "pass", 7: "open"}, "states")
    s = v.slot("no-direct-root-login", "web01", day(4))
    same((s["code"], s["reason"]), (
        "fork", "web01: two copies of web01 ran together 2026-05-04 06:00Z "
        "to 2026-05-04 12:00Z"), "d4")
    same(v.count("log-not-tampered").get("fail"), None, "no log.tamper")


@case("a_clone_beside_an_original_that_goes_on_is_a_fork_not_tampering")
def clone_goes_on(judge):
    forked(judge, "goes on")


@case("a_clone_beside_an_original_that_restarts_is_a_fork_not_tampering")
def clone_restarts(judge):
    forked(judge, "restarts")


@case("a_clone_with_another_name_is_another_host")
def clone_renamed(judge):
    h, web = image("clone renamed")
    clone_runs(web, "restarts", name="web02")
    v = judge(h, day(7, "01:30"))
    holds("unknown" not in v.states("no-direct-root-login", "web01",
                                    by="start").values(), "web01 stands")
    holds(v.slots("no-direct-root-login", "web02"), "web02 is a unit")
    holds(all(s["code"] != "fork" for s in v.lines), "no fork")


@case("a_clone_with_another_machine_id_takes_a_new_identity_and_is_no_fork")
def clone_other_machine(judge):
    h, web = image("clone id")
    web.first(day(3, "02:00"))
    web.watch(day(7, "02:00"))
    other = h.agent("web02")
    other.source("journal", ["auth", "syslog"], since=day(4, "06:00"))
    other.first(day(4, "06:00"), prev=None)
    other.watch(day(4, "12:00"))
    v = judge(h, day(7, "01:30"))
    holds(all(s["code"] != "fork" for s in v.lines), "no fork")
    same(v.states("no-direct-root-login", "web02", by="start"),
         {5: "unknown", 6: "unknown", 7: "open"}, "web02 fell silent")


# ------------------------------------- seen, and no host was ever watched

@case("what_was_seen_is_said_although_no_host_was_ever_watched")
def seen_unwatched(judge):
    h, web = one_server("unwatched", MFA + ROOT, provides=("app",))
    for n in range(12):
        login(web, day(3, "08:00") + n * HOUR, factor=3 if n == 5 else None)
    login(web, day(3, "21:00"), user="root", factor=None)
    web.first(day(1), prev=None)
    web.watch(day(4, "10:00"))
    v = judge(h, day(4, "10:00"))

    for check, reason in (
            ("login-has-second-factor", "13 auth.login seen, 1 with auth.mfa; "
             "no host was watched"),
            ("no-direct-root-login", "1 auth.login seen; no host was watched")):
        same(v.slots(check), [], check)
        same((v.checks[check]["rating"], v.checks[check]["reason"]),
             ("unknown", reason), check)
    # Before the first of them there was nothing to say.
    v = judge(h, day(3, "07:59"))
    for check in ("login-has-second-factor", "no-direct-root-login"):
        holds("none declared, none seen" in v.checks[check]["reason"], check)


# ------------------------------------------------------ 6: second factors

def factors():
    begin = day(0, "20:00")
    h, web = one_server(
        "factors", MFA, begin=begin,
        isms=ISMS % ("login-has-second-factor", "2026-04-30"))
    for n in range(1, 31):
        for i, user in enumerate(("alice", "bob", "carol")):
            without = n == 15 and user == "bob"
            kw = {}
            if n == 20:                 # the agent is down 10:00 to 16:00
                kw = {"readtime": day(20, "16:00")} if i == 1 else {}
            login(web, day(n, ("08:00", "12:30", "17:00")[i]), user,
                  factor=None if without else 1 + (n + i) % 4, **kw)
    web.first(begin, prev=None)
    web.watch(day(20, "10:00"))
    web.stop(day(20, "10:00"))
    web.first(day(20, "16:00"))
    web.watch(day(31, "02:00"))
    return h


@case("one_login_of_ninety_without_second_factor_is_partly_effective")
def factors_month(judge):
    v = judge(factors(), day(31, "01:00"))
    want = {n: "pass" for n in range(1, 31)}
    want.update({15: "fail", 31: "open"})
    same(v.states("login-has-second-factor", by="start"), want, "states")
    k = m = 0
    for s in v.slots("login-has-second-factor"):
        if s["counted"]:
            found = re.match(r"web01: (\d+) of (\d+) ", s["reason"])
            k, m = k + int(found.group(1)), m + int(found.group(2))
    same((k, m), (89, 90), "k of m")
    row = v.checks["login-has-second-factor"]
    same((row["rating"], row["fail"], row["n"]), ("partly effective", 1, 30),
         "rating")
    same(row["reason"], "1 of 30 slots deviate, 0 unknown; web01: 2 of 3 "
         "auth.login with auth.mfa, first without 2026-05-15 12:30Z",
         "reason")
    same(row["coverage"], {"covered_s": 30 * 86400, "period_s": 30 * 86400},
         "d20 is covered")


@case("one_factor_never_serves_two_logins_nor_another_service")
def factors_shared(judge):
    h, web = one_server(
        "shared factor", MFA,
        isms=ISMS % ("login-has-second-factor", "2026-05-01"))
    login(web, day(2, "09:00:10"), factor=5)
    login(web, day(2, "09:00:40"), factor=None)
    login(web, day(3, "09:00:10"), factor=5, service="sudo")
    login(web, day(4, "09:00:10"), factor=120)
    login(web, day(5, "09:00:10"), factor=121)
    login(web, day(6, "09:00:10"), factor=-10)
    login(web, day(7, "09:00:10"), factor=-11)
    web.first(day(1), prev=None)
    web.watch(day(9))
    v = judge(h, day(8, "12:00"))
    same(v.states("login-has-second-factor", by="start"),
         {1: "none", 2: "fail", 3: "fail", 4: "pass", 5: "fail", 6: "pass",
          7: "fail", 8: "open"}, "states")
    same(v.slot("login-has-second-factor", "web01", day(2))["reason"],
         "web01: 1 of 2 auth.login with auth.mfa, first without 2026-05-02 "
         "09:00Z", "the earlier took it")
    same(v.slot("login-has-second-factor", "web01", day(1))["reason"],
         "web01: no auth.login to judge from 2026-05-01 00:00Z to 2026-05-02 "
         "00:00Z, watched throughout", "d1")


# ------------------------------------------------------ 7: random arrival

def three_agents():
    h = History("arrival")
    seen_from(h, day(1), ROOT + LOSS + BACKUP + MFA)
    for n, name in enumerate(("web01", "db01", "mail01")):
        a = h.agent(name)
        a.source("journal", ["auth", "syslog", "backup"], since=day(1))
        for d in (1, 2, 3, 4):
            run(a, day(d, "02:%02d" % (10 + n)), job="job-" + name)
            login(a, day(d, "09:00"), "user%d" % n,
                  factor=None if d == n + 1 else 2)
        a.first(day(1), prev=None)
        a.watch(day(2, "12:00"), step=6 * HOUR)
        a.first(day(2, "13:00"))        # a restart
        a.event(at("2026-05-02 02:00"), "auth.login", "success",
                {"user": "root", "remote": True}, program="sshd",
                readtime=day(2, "13:00"))
        again = json.loads(h.entries[-1].line)
        a.watch(day(3), step=6 * HOUR)
        a.event(at("2026-05-02 02:00"), "auth.login", "success",
                {"user": "root", "remote": True}, program="sshd",
                readtime=day(3), identity=again["id"])
        a.watch(day(5, "04:00"), step=6 * HOUR)
    return h


@case("a_thousand_arrival_orders_give_one_report")
def arrival(judge):
    h = three_agents()
    lines = h.lines()
    v = judge(lines, day(5, "02:00"))
    same(v.states("no-direct-root-login", "db01", by="start"),
         {1: "pass", 2: "fail", 3: "pass", 4: "pass", 5: "open"}, "db01")
    same(v.slot("no-direct-root-login", "db01", day(2))["reason"],
         "db01: 1 auth.login, first 2026-05-02 02:00Z", "one id, one event")
    known = len(lines) * 2 // 3         # before a late day
    first, last = lines[:known], lines[known:]
    rng = random.Random(7)
    want_part = judge.ask(lines, day(5, "02:00"), known, "--json")
    want_all = judge.ask(lines, day(5, "02:00"), None, "--json")
    for n in range(1000):
        a, b = list(first), list(last)
        rng.shuffle(a)
        rng.shuffle(b)
        b += rng.sample(lines, 5)       # duplicates
        known_at = known if n % 2 else None
        same(judge.ask(a + b, day(5, "02:00"), known_at, "--json"),
             want_part if n % 2 else want_all, "order %d" % n)


# ------------------------------------------------------ 8: summer time

@case("the_day_summer_time_begins_has_23_hours_and_the_day_it_ends_25")
def summer_time(judge):
    begin = at("2026-03-20 00:00")
    h, web = one_server("summer", BACKUP, begin=begin, zone="Europe/Berlin",
                        isms=ISMS % ("backup-daily", "2026-03-20"))
    run(web, at("2026-03-20 12:00"))
    run(web, at("2026-03-29 01:10"))    # 03:10 local; 02:30 does not exist
    run(web, at("2026-10-25 01:30"))    # the second 02:30 local
    web.first(begin, prev=None)
    web.watch(at("2026-03-31 00:00"))
    web.watch(at("2026-10-20 00:00"), step=5 * DAY)
    web.watch(at("2026-10-27 00:00"))
    v = judge(h, "2026-10-26 12:00")
    for start, end, due in (
            ("2026-03-27 11:00", "2026-03-28 11:00", "2026-03-28 13:00"),
            ("2026-03-28 11:00", "2026-03-29 10:00", "2026-03-29 12:00"),
            ("2026-03-29 10:00", "2026-03-30 10:00", "2026-03-30 12:00"),
            ("2026-10-24 10:00", "2026-10-25 11:00", "2026-10-25 13:00")):
        s = v.slot("backup-daily", "nightly", at(start))
        same((s["end"], s["due"]), (stamp(at(end)), stamp(at(due))), start)
        same(s["state"], "pass" if end[5:10] in ("03-29", "10-25")
             else "missed", start)


# ------------------------------------------------------ 9: a renamed job

RENAME = """\
scope: All servers
hosts: [{name: web01}]
jobs: [%s]
adopts:
  - {check: backup-daily, criterion: nothing missing, by: Ann, on: 2026-05-01}
"""


def renamed(name, jobs_before, jobs_after, days=21, missing=()):
    h, web = one_server(name, BACKUP, isms=RENAME % jobs_before)
    if jobs_after:
        h.collector.isms(day(15, "09:00"), RENAME % jobs_after)
    nightly(web, 1, 14, missing=missing, job="restic-etc")
    nightly(web, 15, days, missing=missing, job="restic-new")
    web.first(day(1), prev=None)
    web.watch(day(days, "16:00"))
    return h


@case("a_job_renamed_with_was_stays_one_unit_without_a_missed_slot")
def renamed_with_was(judge):
    h = renamed("was", "{id: nightly, name: restic-etc}",
                "{id: nightly, name: restic-new, was: restic-etc}")
    v = judge(h, day(21, "15:00"))
    want = {n: "pass" for n in range(2, 22)}
    want[22] = "open"
    same(v.states("backup-daily"), want, "states")
    same({s["unit"] for s in v.slots("backup-daily")}, {"nightly"}, "units")


@case("two_in_a_row_counts_across_a_rename")
def renamed_twice_in_a_row(judge):
    h = renamed("row", "{id: nightly, name: restic-etc}",
                "{id: nightly, name: restic-new, was: restic-etc}", days=52,
                missing=(14, 15))
    v = judge(h, day(52, "15:00"))
    k = v.checks["backup-daily"]
    same((k["missed"], k["n"], k["rating"]), (2, 51, "partly effective"),
         "rating")
    same(k["reason"], "49 of 51 slots, 51 of 90 days; at best partly: nightly "
         "deviates or is unknown twice in a row, 2026-05-14 12:00Z", "cap")


@case("a_job_renamed_without_was_ends_and_another_begins")
def renamed_without_was(judge):
    h = renamed("no was", "{id: nightly, name: restic-etc}",
                "{id: nightly, name: restic-etc, to: 2026-05-15}, "
                "{id: nightly2, name: restic-new, from: 2026-05-15}")
    v = judge(h, day(21, "15:00"))
    same(v.states("backup-daily", "nightly"),
         {n: "pass" for n in range(2, 15)}, "the old one")
    want = {n: "pass" for n in range(16, 22)}
    want[22] = "open"
    same(v.states("backup-daily", "nightly2"), want, "the new one")


@case("a_job_renamed_and_not_declared_is_missed_until_someone_says")
def renamed_unsaid(judge):
    h = renamed("unsaid", "{id: nightly, name: restic-etc}", None)
    v = judge(h, day(21, "15:00"))
    want = {n: "pass" for n in range(2, 15)}
    want.update({n: "missed" for n in range(15, 22)})
    want[22] = "open"
    same(v.states("backup-daily", "nightly"), want, "the old one")
    want = {n: "pass" for n in range(16, 22)}
    want[22] = "open"
    same(v.states("backup-daily", "restic-new@web01"), want, "observed")


# ------------------------------------------------------ 10: an edited check

def edited():
    h, web = one_server("edited", BACKUP,
                        isms=ISMS % ("backup-daily", "2026-05-01"))
    later = BACKUP.replace("12:00", "18:00").replace("2h", "4h")
    h.collector.checks(day(15, "09:00"), later)
    h.collector.checks(day(20, "17:30"), MFA)   # removed around a slot's end
    h.collector.checks(day(20, "18:30"), later)
    nightly(web, 1, 25)
    web.first(day(1), prev=None)
    web.watch(day(26))
    return h


@case("an_edited_check_leaves_neither_a_double_slot_nor_a_hole")
def edited_alignment(judge):
    v = judge(edited(), day(24, "23:00"))
    slots = v.slots("backup-daily", "nightly")
    same([(s["start"], s["end"]) for s in slots],
         [(stamp(day(n, "12:00")), stamp(day(n + 1, "12:00")))
          for n in range(1, 14)]
         + [(stamp(day(14, "12:00")), stamp(day(15, "18:00")))]
         + [(stamp(day(n, "18:00")), stamp(day(n + 1, "18:00")))
            for n in range(15, 25)], "slots")
    same([s["due"] for s in slots if s["end"][8:10] in ("14", "15", "20")],
         [stamp(day(14, "14:00")), stamp(day(15, "22:00")),
          stamp(day(20, "22:00"))], "due")
    same({s["state"] for s in slots[:-1]}, {"pass"}, "states")


@case("tolerance_and_criterion_are_those_at_as_of")
def edited_tolerance(judge):
    h, web = one_server("tolerance", BACKUP,
                        isms=ISMS % ("backup-daily", "2026-05-01"))
    nightly(web, 1, 24, missing=[10])
    h.collector.checks(day(24), BACKUP.replace("  default", "  key: true\n"
                                               "  default"))
    h.collector.isms(day(24), (ISMS % ("backup-daily", "2026-05-01"))
                     .replace("nothing missing", "not one"))
    web.first(day(1), prev=None)
    web.watch(day(25))
    k = judge(h, day(23, "15:00")).checks["backup-daily"]
    same((k["missed"], k["n"], k["rating"], k["criterion"]),
         (1, 22, "effective", "nothing missing"), "before")
    k = judge(h, day(24, "15:00")).checks["backup-daily"]
    same((k["missed"], k["n"], k["rating"], k["criterion"]),
         (1, 23, "partly effective", "not one"), "after")


# ------------------------------------------------------ small cases

@case("a_job_at_half_past_noon_that_skips_day_six_misses_exactly_one_slot")
def half_past_noon(judge):
    h, web = one_server("noon", BACKUP,
                        isms=ISMS % ("backup-daily", "2026-05-01"))
    nightly(web, 1, 12, clock="12:30", missing=[6])
    web.first(day(1), prev=None)
    web.watch(day(13))
    v = judge(h, day(12, "15:00"))
    same([n for n, state in v.states("backup-daily").items()
          if state == "missed"], [7], "d6 12:00 to d7 12:00")
    same(v.count("backup-daily"), {"pass": 10, "missed": 1}, "counted")


@case("an_hour_without_its_event_is_missed_and_never_late")
def hourly(judge):
    check = PATCH.replace("period: day", "period: hour, grace: 30m")
    h, web = one_server("hourly", check, provides=["package"],
                        isms="hosts: [{name: web01}]\n")
    for n in range(24):
        if n != 13:
            web.later(day(1) + n * HOUR + 5 * MINUTE, "patch.run", "success")
    web.first(day(1), prev=None)
    web.watch(day(2), step=10 * MINUTE)
    v = judge(h, day(2))
    same([s["start"][11:16] for s in v.slots("patch-daily")
          if s["state"] == "missed"], ["13:00"], "missed")
    same(v.count("patch-daily"), {"pass": 22, "missed": 1}, "no late")
    same(v.checks["patch-daily"]["open"], 1, "23:00 is due at 00:30")


def quarterly(name, reviewed):
    """Reviews by the organisation; the second quarter ends on 1 July."""
    begin = at("2026-03-20 00:00")
    h, web = one_server(
        name, REVIEW, begin=begin,
        isms="scope: all\nhosts: [{name: web01}]\nadopts:\n  - {check: "
        "access-review, criterion: each quarter, by: Ann, at: [web01]}\n")
    if reviewed:
        for n, user in enumerate(("ann", "bob")):
            web.later(reviewed + n * SECOND, "access.review", "success",
                      {"review": "q2", "system": "erp", "user": user,
                       "role": "admin"})
        web.later(reviewed + MINUTE, "access.review", "success",
                  {"review": "q2", "done": True, "rows": 2})
    web.first(begin, prev=None)
    web.watch(at("2026-08-01 00:00"), step=12 * HOUR)
    return h


@case("a_quarterly_review_five_days_late_is_late_not_missed")
def review_late(judge):
    h = quarterly("late", at("2026-07-06 09:00"))
    v = judge(h, "2026-07-10 00:00")
    s = v.slot("access-review", "organisation", at("2026-04-01 00:00"))
    same((s["state"], s["reason"]), (
        "late", "organisation: access.review begun 2026-07-06 09:01Z came "
        "after the period ended 2026-07-01 00:00Z"), "second quarter")
    v = judge(h, "2026-07-02 00:00")
    same(v.slot("access-review", "organisation",
                at("2026-04-01 00:00"))["state"], "missed", "until it came")


@case("a_quarterly_review_that_never_comes_is_missed_when_due")
def review_missed(judge):
    h = quarterly("never", None)
    start = at("2026-04-01 00:00")
    v = judge(h, "2026-07-01 00:59")
    same(v.slot("access-review", "organisation", start)["state"], "open",
         "before due")
    v = judge(h, "2026-07-01 01:00")
    same(v.slot("access-review", "organisation", start)["state"], "missed",
         "when due")


@case("a_review_that_does_not_count_all_its_rows_is_no_success")
def review_partial(judge):
    h = quarterly("partial", None)
    web = h.agent("web01", h.entries[-1].writer.host["id"])
    web.source("reviews", ["app"], since=at("2026-05-20 00:00"))
    web.first(at("2026-05-20 00:00"), prev=None)
    web.event(at("2026-05-20 09:00"), "access.review", "success",
              {"review": "q2", "system": "erp", "user": "ann",
               "role": "admin"}, readtime=at("2026-05-20 09:00"))
    web.event(at("2026-05-20 09:01"), "access.review", "success",
              {"review": "q2", "done": True, "rows": 2},
              readtime=at("2026-05-20 09:01"))
    web.seal(at("2026-05-20 09:02"))
    v = judge(h, "2026-07-02 00:00")
    s = v.slot("access-review", "organisation", at("2026-04-01 00:00"))
    same((s["state"], s["reason"]), (
        "fail", "organisation: access.review begun 2026-05-20 09:01Z failed"),
        "1 of 2 rows")


def weekly(name, lost):
    check = PATCH.replace("period: day", "period: week")
    h, web = one_server(name, check, provides=["package"],
                        isms="hosts: [{name: web01}]\n")
    begin = day(6, "03:20")             # within the week of Monday, 4 May
    web.first(day(1), prev=None)
    web.watch(day(7))
    web.gap(day(7), "journal", ["package"], begin, begin + lost, "unreadable")
    web.watch(day(12))
    return h


@case("a_week_with_one_minute_unwatched_is_missed_and_names_the_minute")
def week_mostly(judge):
    v = judge(weekly("minute", MINUTE), day(12))
    s = v.slot("patch-daily", "web01", day(4))
    same((s["state"], s["code"], s["reason"]), (
        "missed", "every.mostly",
        "web01: no patch.run from 2026-05-04 00:00Z to 2026-05-11 01:00Z, "
        "watched but for 1 min: class package of web01 not covered 2026-05-06 "
        "03:20Z to 2026-05-06 03:21Z"), "the week")


@case("a_week_with_three_percent_unwatched_is_unknown")
def week_unknown(judge):
    lost = (7 * DAY + HOUR) * 3 // 100
    v = judge(weekly("percent", lost), day(12))
    s = v.slot("patch-daily", "web01", day(4))
    same((s["state"], s["code"]), ("unknown", "every.unknown"), "the week")


@case("a_fleet_of_twenty_is_not_capped_by_a_host_that_joined_an_hour_ago")
def fleet(judge):
    h = History("fleet")
    names = ["h%02d" % n for n in range(1, 21)]
    begin = day(0, "20:00")
    seen_from(h, begin, ROOT, "hosts: [%s]\nadopts:\n  - {check: "
              "no-direct-root-login, criterion: none, by: Ann, on: "
              "2026-04-30}\n" % ", ".join(
                  "{name: %s, from: 2026-04-%02d}" % (n, 20)
                  if n != "h20" else "{name: h20, from: 2026-05-11}"
                  for n in names))
    for name in names[:-1]:
        a = h.agent(name)
        a.source("journal", ["auth"], since=begin)
        a.first(begin, prev=None)
        a.watch(day(11, "02:00"), step=8 * HOUR)
    new = h.agent("h20")
    new.source("journal", ["auth"], since=day(11, "01:00"))
    new.first(day(11, "01:00"), prev=None)
    new.watch(day(11, "02:00"), step=10 * MINUTE)
    k = judge(h, day(11, "02:00")).checks["no-direct-root-login"]
    # nineteen hosts, the ten days from d1; the days before are retrospective
    same((k["rating"], k["n"], k["units"]), (
        "effective", 190, {"total": 20, "ineffective": 0, "unknown": 0}),
        "rating")
    same(k["reason"], "190 of 190 slots, 10 of 90 days", "reason")


@case("evidence_any_local_user_could_have_written_is_at_best_partly")
def below_trust(judge):
    h, web = one_server("below", BACKUP,
                        isms=ISMS % ("backup-daily", "2026-05-01"))
    nightly(web, 1, 10, trust="local")
    web.first(day(1), prev=None)
    web.watch(day(11))
    v = judge(h, day(10, "15:00"))
    k = v.checks["backup-daily"]
    same((k["pass"], k["rating"]), (9, "partly effective"), "rating")
    same(k["reason"], "9 of 9 slots, 9 of 90 days; at best partly: 9 slots "
         "pass on evidence any local user could have written", "reason")
    same(v.slot("backup-daily", "nightly", day(2, "12:00"))["reason"],
         "nightly: backup.run begun 2026-05-03 02:10Z succeeded, but only "
         "local vouches for it: any local user could have written it", "d3")


@case("silence_never_improves_a_rating", only=("twin",))
def silence(judge):
    """All states of up to six slots of one unit, by the twin's arithmetic."""
    rank = ["ineffective", "unknown", "partly effective", "effective"]
    words = ("pass", "warn", "fail", "missed", "unknown", "none")
    seen = better = 0
    for kind in ("every", "never"):
        ratings = {}
        sequences = [()]
        for _ in range(6):
            sequences = [s + (w,) for s in sequences for w in words]
            ratings.update((s, rating_of(s, kind)) for s in sequences)
        for states, before in ratings.items():
            for i, state in enumerate(states):
                if state in ("unknown", "none"):
                    continue
                after = ratings[states[:i] + ("unknown",) + states[i + 1:]]
                seen += 1
                if (before, after) == ("ineffective", "unknown"):
                    better += 1         # the one thing silence can do
                    continue
                holds(rank.index(after) <= rank.index(before),
                      "%s: %s became %s when slot %d fell silent"
                      % (states, before, after, i))
    holds(seen > 400000 and better > 1000, "%d cases, %d" % (seen, better))


def rating_of(states, kind):
    """What the twin says of one unit's slots, all adopted and declared."""
    unit = ledger_twin.Unit("web01")
    judge = ledger_twin.Judge.__new__(ledger_twin.Judge)
    judge.d = SimpleNamespace(kind=kind, key_check=False, fatal=False,
                              show=False, unit="host", control="A.8.2",
                              event="patch.run")
    judge.ledger = SimpleNamespace(
        now=SimpleNamespace(hosts={"web01": {}}), controls=[])
    judge.adopted, judge.as_of, judge.span = True, 10 * DAY, 90
    for n, state in enumerate(states):
        unit.slots.append(SimpleNamespace(
            unit=unit, start=n * DAY, state=state, counted=True, below=False,
            retrospective=False, reason="", due=0))
    judge.units, judge.open = [unit], []
    judge.counted = judge.slots = unit.slots
    judge.rate()
    return "effective" if judge.rating == "not exercised" else judge.rating


# ------------------------------------------------------------------------ TAP

def main():
    wanted = sys.argv[1:]
    ledgers = [("twin", twin)]
    judge = judge_or_none()
    if judge:
        ledgers.append(("ledger", judge))
    if recompute_or_none():
        ledgers.append(("recompute", recompute_or_none()))
    number = failed = 0
    for sentence, function, only in CASES:
        if wanted and not any(w in sentence for w in wanted):
            continue
        for name, ask in ledgers:
            if name not in only:
                continue
            number += 1
            try:
                function(Bench(ask))
                print("ok %d - %s: %s" % (number, name, sentence), flush=True)
            except Exception:
                failed += 1
                print("not ok %d - %s: %s" % (number, name, sentence))
                for line in traceback.format_exc().splitlines():
                    print("# " + line, flush=True)
    if not judge:
        number += 1
        print("ok %d - ledger # skip neither ASSAY_JUDGE nor ASSAY_COLLECTOR"
              % number)
    print("1..%d" % number)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
