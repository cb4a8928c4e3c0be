#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random histories: the ledger and the twin must give the same bytes.

    random_histories.py [--first N] [--count N] [--jobs N]
    random_histories.py --seed N [--keep FILE]      one history, in words

Each seed makes one history: hosts, jobs and people under checks of all four
kinds, with whatever goes wrong: records lost, changed, never sealed, agents
killed, cloned, reinstalled, sources that stand still, files edited midway.
Per seed the report and the slots of both ledgers are compared, the report of
the same records in another arrival order with duplicates, fed one by one to a
ledger that is asked on the way, and the report of what was known earlier. At the end the
tables of LEDGER.md are read: each of their codes must have occurred, or the
histories were too dull to prove anything.
"""
import argparse
import json
import multiprocessing
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter

import ledger_twin
from histories import (first_difference, judge_or_none,
                       recompute_or_none)
from history import (CONTROLS, DAY, HOUR, MINUTE, SECOND, History, at,
                     frameworks, stamp, zone_bytes)

HERE = os.path.dirname(os.path.abspath(__file__))
LEDGER_MD = os.path.join(HERE, "../../../collector/ledger/LEDGER.md")
RELAY = "00000000-0000-4000-8000-000000000000"
CAPS = {
    "cap unit ineffective": r"unit \S+ alone is ineffective",
    "cap unit unknown": r"unit \S+ alone is unknown",
    "cap twice": r"deviates or is unknown twice in a row",
    "cap warn": r"slots warn or are unknown",
    "cap unadopted": r"partly: (.*; )?not adopted in the policy",
    "cap population": r"population not declared",
    "cap facet": r"logs show only a facet",
    "cap below": r"\d+ slots pass on evidence any local",
    "cap retrospective": r"every slot began before assay watched",
}
CONTROL_REASONS = {
    "control not applicable": r"^statement of applicability: ",
    "control attest": r"^logs cannot show this control",
    "control without check": r"^no check speaks to this control",
}


# ------------------------------------------------------------ what people wrote

class Paper:
    """Checks and isms of a history, as lists of rows that get edited."""

    def __init__(self, r, era, begin, hosts, steady):
        self.r = r
        self.era = era
        self.steady = steady
        self.tidy = steady or r.random() < 0.35
        self.begin = begin
        self.hosts = hosts
        self.made = 0
        self.checks = [self.check(kind) for kind in self.choice_of_checks()]
        self.gone = []
        self.isms = self.first_isms()

    def date(self, low=-3, high=10):
        return stamp(self.begin + self.r.randint(low, high)
                     * self.era.stride)[:10]

    def choice_of_checks(self):
        r = self.r
        if self.steady:
            return ["hourly"]
        kinds = ["job", "job", "patch", "login", "root", "loss", "share",
                 "verify"]
        kinds += {"minutes": ["tamper", "clock", "clock_seen", "tamper",
                              "clock"],
                  "hours": ["patch", "patch", "patch", "user", "share"],
                  "days": ["tamper", "use", "use_needs", "user", "review",
                           "rows", "failed", "share_job"],
                  "months": ["review", "rows", "review", "rows", "use"]
                  }[self.era.name]
        return r.sample(kinds, r.randint(2, 5))

    def period(self):
        return self.r.choice(self.era.periods)

    def starts(self):
        return self.r.choice(["00:00", "00:00", "12:00", "02:30", "18:00",
                              "06:15"])

    def grace(self):
        return self.r.choice(["1h", "2h", "30m", "6h", "0s", "1h"])

    def schedule(self, unit):
        spec = {"period": self.period(), "unit": unit}
        if self.r.random() < 0.6:
            spec["starts"] = self.starts()
        if self.r.random() < 0.6:
            spec["grace"] = self.grace()
        return spec

    def where(self):
        return self.r.choice([
            {"user": "root"}, {"user": ["root", "carol"]},
            {"src_ip": {"cidr": "192.0.2.0/25"}},
            {"src_ip": {"cidr": ["198.51.100.0/24", "2001:db8::/32"]}},
            {"count": {"range": [3, 7]}}, {"by": {"exists": False}},
            {"by": {"exists": True}}, {"user": {"not": ["alice", "bob"]}},
            {"user": {"in": "register:leavers"}},
            {"user": {"not": {"in": "register:entitlements"}}},
            {"host": self.r.choice(self.hosts)},
            {"program": {"not": "sudo"}, "user": "root"},
            {"src_ip": {"not": {"cidr": "192.0.2.0/24"}}}])

    def check(self, kind):
        r = self.r
        self.made += 1
        every = {"job": ("backup.run", "job", ["backup"], "A.8.13"),
                 "verify": ("backup.verify", r.choice(["job", "host"]),
                            ["backup"], "A.8.7"),
                 "patch": ("patch.run", r.choice(["host", "host", "job"]),
                           ["package"], "A.8.8"),
                 "hourly": ("patch.run", "host", ["package"], "A.8.8"),
                 "user": ("auth.login", "user", ["auth"], "A.5.15"),
                 "review": ("access.review", "organisation", ["app"],
                            "A.5.18"),
                 "rows": ("access.review",
                          {"register": "entitlements",
                           "key": ["system", "user", "role"]}, ["app"],
                          "A.5.18"),
                 "clock_seen": ("clock.state", "host", ["agent"], "A.8.17")}
        never = {"root": ("auth.login", {"user": "root"}, ["auth"], "A.8.2"),
                 "loss": ("log.loss", None, r.choice(
                     [["auth", "syslog"], ["auth"], ["backup", "auth"]]),
                     "A.8.15"),
                 "tamper": ("log.tamper", None, ["agent"], "A.8.15"),
                 "clock": ("clock.state", None, ["agent"], "A.8.17"),
                 "use": ("privilege.use", self.where(), ["auth"], "A.8.2"),
                 "failed": ("backup.run", None, ["backup"], "A.8.13")}
        out = {"id": "%s-%d" % (kind.replace("_", "-"), self.made)}
        if kind in every:
            event, unit, out["watch"], out["control"] = every[kind]
            spec = {"event": event, **self.schedule(unit)}
            if kind in ("user", "clock_seen") or r.random() < 0.2:
                spec["outcome"] = "success"
            if kind == "job" and r.random() < 0.2:
                spec["where"] = {"repo": {"not": "b"}}
            if kind == "hourly":
                spec.update({"period": "hour", "starts": "00:00",
                             "grace": "1h"})
                spec.pop("outcome", None)
            if kind == "review" and r.random() < 0.2:
                spec["where"] = {"done": True}
            out["every"] = spec
        elif kind in never:
            event, where, out["watch"], out["control"] = never[kind]
            spec = {"event": event}
            if where:
                spec["where"] = where
            if kind in ("clock", "failed"):
                spec["outcome"] = "failure"
            if kind == "failed":
                spec["unit"] = "job"
            if kind == "use" and r.random() < 0.3:
                spec["unit"] = "user"
            if r.random() < 0.2:
                spec["grace"] = self.grace()
            out["never"] = spec
        elif kind.startswith("share"):
            unit, event = (("job", "backup.run") if kind == "share_job"
                           else ("host", "patch.run"))
            out["share"] = {"of": {"event": event},
                            "good": {"outcome": "success"},
                            "at_least": r.choice([0.95, 0.5, 1, 0.875]),
                            **self.schedule(unit)}
            if r.random() < 0.3:
                out["share"]["good"]["where"] = {"count": {"range": [1, 8]}} \
                    if unit == "host" else {"repo": ["a", "b"]}
            out["watch"] = ["backup" if kind == "share_job" else "package"]
            out["control"] = r.choice(["A.8.8", "A.8.7"])
        else:
            self.each(kind, out)
        if ("each" in out or kind in ("root", "use")) and r.random() < 0.2:
            # Nobody reads that: what is seen belongs to no unit of hosts.
            out["watch"] = out["watch"] + ["audit"]
        out["why"] = "It was made up."
        out["trust"] = r.choice(["root", "local", "kernel", "local", "root"])
        out["default"] = r.choice(["rate", "rate", "show"])
        if r.random() < 0.15 and not self.steady:
            out["key"] = True
        if kind == "tamper":
            out["fatal"] = True
        return out

    def each(self, kind, out):
        r = self.r
        need = {"event": "auth.mfa", "outcome": "success",
                "where": {"service": "sshd"}}
        needs = [need]
        if kind == "login":
            spec = {"event": "auth.login", "outcome": "success",
                    "where": {"remote": True}, "by": ["host", "user"]}
        else:
            spec = {"event": "privilege.use", "by": ["user"]}
            needs = [{"event": "auth.login"}, need]
        out["each"] = {**spec, "needs": {"any": needs},
                       "within": r.choice([["-120s", "10s"], ["-1h", "0s"],
                                           ["-5m", "5m"]]),
                       "unit": r.choice(["host", "host", "user"])}
        out["watch"], out["control"] = ["auth"], "A.8.5"

    def first_isms(self):
        r = self.r
        isms = {}
        if self.tidy:
            isms = {"scope": "All of it", "organisation": "Example",
                    "hosts": [{"name": h} for h in self.hosts
                              if h not in self.era.late],
                    "jobs": [{"id": "J0", "name": self.era.jobs[0]}],
                    "adopts": [dict(self.adopt(c), on=self.date(-9, -8))
                               for c in self.checks]}
            for row in isms["adopts"]:
                row.pop("where", None)
                if self.steady:
                    row.pop("set", None)
            return isms
        if r.random() < 0.7:
            isms["scope"] = "Everything with a plug"
            isms["organisation"] = "Example"
        if r.random() < 0.7:
            isms["hosts"] = [self.host(h) for h in self.hosts
                             if r.random() < 0.9]
        if r.random() < 0.7:
            isms["jobs"] = [self.job(n) for n in range(r.randint(1, 3))]
        isms["adopts"] = [self.adopt(c) for c in self.checks
                          if r.random() < 0.7]
        if r.random() < 0.85:
            isms["entitlements"] = [
                {"system": s, "user": u, "role": "admin", **self.fromto()}
                for s in ("erp", "crm") for u in ("alice", "bob")
                if r.random() < 0.7]
        if r.random() < 0.85:
            isms["leavers"] = [{"user": u, **self.fromto()}
                               for u in ("carol", "root", "bob")
                               if r.random() < 0.6]
        if r.random() < 0.4:
            isms["exceptions"] = [self.exception() for _ in range(2)]
        if r.random() < 0.3:
            isms["relays"] = ["relay1"]
        if r.random() < 0.4:
            isms["soa"] = [{"control": c[0], "applicable": r.random() < 0.6,
                            "reason": "it is so"} for c in CONTROLS
                           if r.random() < 0.2]
        return isms

    def fromto(self):
        out = {}
        if self.r.random() < 0.3:
            out["from"] = self.date(-3, 5)
        if self.r.random() < 0.2:
            out["to"] = self.date(4, 12)
        return out

    def host(self, name):
        out = {"name": name, **self.fromto()}
        if self.r.random() < 0.2:
            out["id"] = self.era.ids[name]
        return out

    def job(self, n):
        r = self.r
        out = {"id": "J%d" % n, "name": r.choice(self.era.jobs),
               **self.fromto()}
        if r.random() < 0.3:
            out["host"] = r.choice(self.hosts)
        if r.random() < 0.25:
            out["match"] = r.choice([
                {"program": "borg"}, {"program": "restic", "fields": {
                    "repo": "a"}}, {"host": r.choice(self.hosts)},
                {"fields": {"job": r.choice(self.era.jobs)}}])
        if r.random() < 0.25:
            out["starts"] = self.starts()
        if r.random() < 0.2:
            out["was"] = r.choice(self.era.jobs)
        if r.random() < 0.3:
            out["event"] = r.choice(["backup.verify", "patch.run",
                                     "backup.run"])
        return out

    def adopt(self, check):
        r = self.r
        out = {"check": check["id"], "criterion": "as it is", "by": "Ann"}
        if r.random() < 0.6:
            out["on"] = self.date(-5, 6)
        change = {}
        if r.random() < 0.2:
            change["grace"] = self.grace()
        if r.random() < 0.2 and ("every" in check or "share" in check):
            change["starts"] = self.starts()
        if r.random() < 0.2:
            change["trust"] = r.choice(["root", "local", "net"])
        if r.random() < 0.3 and "share" in check:
            change["at_least"] = r.choice(["0.5", "0.99"])
        if change:
            out["set"] = change
        if r.random() < 0.2:
            out["where"] = {"host": r.choice(self.hosts)}
        if r.random() < 0.3:
            out["at"] = r.sample(self.hosts, 1)
        return out

    def exception(self):
        r = self.r
        first = r.randint(-1, 6)
        out = {"check": r.choice(self.checks)["id"],
               "from": self.date(first, first),
               "to": self.date(first + 1, first + r.choice([2, 3, 20])),
               "by": "Bob", "reason": "moving house"}
        if r.random() < 0.6:
            out["unit"] = r.choice(self.hosts + ["J0", "organisation"])
        return out

    # ------------------------------------------------------------------ edits

    def edit_checks(self):
        r = self.r
        what = r.random()
        if what < 0.3 and len(self.checks) > 1:
            self.gone.append(self.checks.pop(r.randrange(len(self.checks))))
        elif what < 0.5 and self.gone:
            self.checks.append(self.gone.pop())
        else:
            i = r.randrange(len(self.checks))
            c = self.checks[i] = json.loads(json.dumps(self.checks[i]))
            spec = next(c[k] for k in ("every", "never", "each", "share")
                        if k in c)
            if "period" in spec and r.random() < 0.7:
                spec["starts"] = self.starts()
                if r.random() < 0.4:
                    spec["period"] = self.period()
            elif "period" in spec:
                spec["grace"] = self.grace()
            elif r.random() < 0.5 and spec["event"] == "privilege.use":
                spec["where"] = self.where()
            else:
                c["trust"] = r.choice(["root", "local"])

    def edit_isms(self):
        r = self.r
        names = [n for n in self.isms if n not in ("scope", "organisation")]
        name = r.choice(names + ["jobs", "hosts", "jobs", "adopts"])
        rows = self.isms.setdefault(name, [])
        if rows and r.random() < 0.2:
            del self.isms[name]
        elif name == "jobs" and rows and r.random() < 0.5:
            i = r.randrange(len(rows))
            old = rows[i]
            new = dict(old, name=r.choice(self.era.jobs))
            if r.random() < 0.5:
                new["was"] = old["name"]
            rows[i] = new
        elif rows and r.random() < 0.5:
            rows.pop(r.randrange(len(rows)))
        elif name == "jobs":
            rows.append(self.job(r.randint(0, 4)))
        elif name == "hosts":
            rows.append(self.host(r.choice(self.hosts)))
        elif name == "adopts":
            rows.append(self.adopt(r.choice(self.checks)))
        elif name == "exceptions":
            rows.append(self.exception())
        self.isms = {k: list(v) if isinstance(v, list) else v
                     for k, v in self.isms.items()}

    def isms_text(self):
        return "".join("%s: %s\n" % (k, json.dumps(v))
                       for k, v in self.isms.items())

    def checks_text(self):
        return "".join("- %s\n" % json.dumps(c) for c in self.checks)


class Era:
    """How long a history is and how closely it is looked at."""

    def __init__(self, r, name, hosts):
        self.name = name
        self.jobs = ["restic-etc", "restic-home", "borg-db"]
        self.ids = {}           # of the hosts
        self.late = []          # hosts that joined near the end
        if name == "minutes":
            self.stride, self.length = DAY, r.choice([26, 50]) * HOUR
            self.step = r.choice([2, 3, 3]) * MINUTE
            self.periods = ["hour", "day", "hour"]
            self.begins = ["2026-05-03 21:00", "2026-03-28 20:00"]
        elif name == "hours":
            self.stride = DAY
            self.length = r.choice([3, 4, 5]) * DAY
            self.step = r.choice([30, 60, 120]) * MINUTE
            self.periods = ["hour", "hour", "hour", "day"]
            self.begins = ["2026-05-03 20:00", "2026-10-23 09:30",
                           "2026-03-27 00:00"]
        elif name == "days":
            self.stride = DAY
            self.length = r.choice([3, 6, 10, 14, 24]) * DAY
            self.step = r.choice([1, 3, 6, 6]) * HOUR
            self.periods = (["hour", "day", "day", "week"]
                            if self.length < 7 * DAY
                            else ["day", "day", "day", "week"])
            self.begins = ["2026-05-03 20:00", "2026-03-26 09:30",
                           "2026-10-20 23:00", "2026-10-30 00:00"]
        else:
            self.stride = 15 * DAY
            self.length = r.choice([100, 200, 420]) * DAY
            self.step = r.choice([3, 5, 9]) * DAY
            self.periods = ["month", "quarter", "month", "week", "year"]
            self.begins = ["2025-12-20 10:00", "2026-01-31 00:00",
                           "2026-03-01 12:00"]


# ------------------------------------------------------------ what happened

class Story:
    """One random history: self.lines in the order they were made."""

    def __init__(self, seed):
        r = self.r = random.Random("story %d" % seed)
        self.hosts = ["web01", "db01", "app01"][:r.choice([1, 2, 2, 3])]
        name = r.choice(["minutes"] + ["hours"] * 3 + ["days"] * 7
                        + ["months"] * 3)
        self.steady = r.random() < 0.06
        if self.steady:         # nearly all is well, on many slots
            self.hosts, name = ["web01", "db01", "app01"], "hours"
        if name == "minutes":
            self.hosts = self.hosts[:1]
        era = self.era = Era(r, name, self.hosts)
        self.noise = r.choice([0, 0, 0, 0.01, 0.03, 0.1])
        self.warns = r.choice([0, 0.05, 0.1, 0.3])
        self.local = r.choice([0, 0, 0.2, 1])
        self.begin = at(r.choice(era.begins))
        self.end = self.begin + era.length
        self.h = History(seed)
        self.agents = []
        for host in self.hosts:
            a = self.h.agent(host)
            era.ids[host] = a.host["id"]
            a.late = (host != self.hosts[0] and r.random()
                      < (0.4 if name == "hours" else 0.1))
            if a.late:
                era.late.append(host)
            self.agents.append(a)
        self.zone = r.choice([None, None, "Europe/Berlin", "Europe/Berlin",
                              "America/New_York", "Australia/Lord_Howe",
                              "Asia/Kolkata"])
        self.paper = Paper(r, era, self.begin, self.hosts, self.steady)
        if self.steady:
            self.noise = self.local = 0
            self.warns = r.choice([0, 0.06])
        elif self.paper.tidy:
            self.local = self.local if r.random() < 0.3 else 0
        self.write_paper()
        for a in self.agents:
            self.live(a)
        self.collector_says()
        entries = self.spoil(self.h.log())
        self.lines = [e.line for e in entries]
        self.entries = entries
        self.choose_moments()

    # ------------------------------------------------------------ collector

    def moment(self, low=0.0, high=1.0):
        """A random time, often a round one."""
        t = self.begin + int((self.end - self.begin)
                             * self.r.uniform(low, high))
        return t - t % self.r.choice([SECOND, MINUTE, HOUR, HOUR, DAY])

    def write_paper(self):
        r, c, paper = self.r, self.h.collector, self.paper
        c.start(self.begin - 5 * DAY)
        c.files("frameworks", self.begin, {
            "iso27001-2022.yml": frameworks()}, parts=1)
        edits = [(self.begin if r.random() < 0.7 else self.moment(0, 0.5),
                  "first")]
        edits += [(self.moment(0, 0.9), r.choice(["checks", "isms", "isms"]))
                  for _ in range(0 if self.steady
                                 else r.choice([0, 0, 1, 2, 4]))]
        edits.sort()
        for n, (t, what) in enumerate(edits):
            if what == "checks":
                paper.edit_checks()
            elif what == "isms":
                paper.edit_isms()
            if n == 0 or what == "checks":
                c.files("checks", t, {"checks.yml":
                                      "framework: iso27001-2022\nchecks:\n"
                                      + paper.checks_text()},
                        parts=r.choice([1, 1, 2]))
            if n == 0 or what == "isms":
                files = {"isms.yml": paper.isms_text()}
                if self.zone:
                    files["zone"] = zone_bytes(self.zone)
                c.files("isms", t, files, parts=r.choice([1, 1, 2]))
            if r.random() < 0.5:
                c.seal(t)

    def collector_says(self):
        r = self.r
        if r.random() < 0.15 + self.noise:
            for _ in range(r.randint(1, 2)):
                agent = r.choice(self.agents)
                self.h.collector.says(
                    self.moment(), r.choice(["log.tamper", "log.fork"]),
                    agent.host, agent=agent.uuid, reason="it was so")
        if r.random() < 0.3:
            self.h.collector.act(self.moment(), "finding", "Ann", "a check")
        self.h.collector.seal(self.end)

    # ------------------------------------------------------------ agents

    def live(self, a):
        r = self.r
        backlog = r.choice([0, 0, 0, r.randint(1, 4) * self.era.stride])
        if self.steady:
            backlog = 0
        born = self.begin if self.steady or r.random() < 0.75 else self.moment(0, 0.9)
        if a.late:
            born = self.moment(0.85, 0.98)
        since = born - backlog
        classes = ["auth", "syslog", "backup", "package", "app"]
        if r.random() < 0.6:
            a.source("journal", classes, since)
        else:
            a.source("authlog", ["auth"], since)
            a.source("syslog", classes[1:], since)
        if r.random() < 0.3:
            a.source("borglog", ["backup"], since, program="borg")
            a.borg = True
        self.plan(a, since)
        a.first(born, prev=None, simulated=r.random() < 0.1)
        until = self.end - r.choice([0, 0, 0, not self.steady]) * r.randint(
            0, max(1, self.era.length // HOUR // 2)) * HOUR
        while a.now < until:
            self.advance(a, until)
        if r.random() < 0.5:
            a.stop(a.now + MINUTE)

    def advance(self, a, until):
        """One stretch of an agent's life."""
        r = self.r
        steps = r.randint(1, 12)
        if self.steady or (r.random() > self.noise * 12 / steps
                           and r.random() > 0.03):
            self.beat(a, min(until, a.now + steps * self.era.step))
            return
        trouble = r.choice(
            [self.restart, self.crash, self.down, self.gap, self.gap,
             self.stuck, self.stuck, self.bad_seal, self.clone, self.reborn,
             self.forgetful, self.sources, self.closed, self.closed,
             self.unsynced, self.unsealed])
        trouble(a, until)

    def beat(self, a, until, **kw):
        if a.now < until:
            kw.setdefault("seal", 0.4)
            a.watch(until, step=self.era.step, **kw)

    def pause(self):
        return self.r.randint(1, 8) * self.era.step // 2

    def restart(self, a, until):
        a.stop(a.now + SECOND)
        a.first(a.now + self.r.choice([SECOND, MINUTE]))

    def crash(self, a, until):
        self.beat(a, min(until, a.now + 2 * self.era.step), seal=0)
        a.first(a.now + MINUTE)

    def down(self, a, until):
        a.stop(a.now + SECOND)
        a.first(a.now + self.pause())
        if self.r.random() < 0.5:
            self.gap(a, until)

    def gap(self, a, until):
        r = self.r
        end = a.now - r.choice([0, 0, HOUR])
        begin = end - r.choice([0, 1, MINUTE, HOUR, 3 * HOUR, 12 * HOUR])
        name = r.choice(list(a.sources) + ["elsewhere"])
        classes = (a.sources[name]["provides"] if name in a.sources
                   else [r.choice(["auth", "backup"])])
        a.gap(a.now, name, classes, begin, end,
              r.choice(["silent", "dropped", "truncated", "vacuumed",
                        "deleted", "unreadable", "agent"]),
              recovered=r.random() < 0.3)
        if r.random() < 0.5:
            a.event(begin, "auth.login", "success",
                    {"user": "alice", "remote": True}, program="sshd")

    def stuck(self, a, until):
        r = self.r
        names = r.sample(list(a.sources), 1)
        stands = a.now + r.choice([0, MINUTE])
        self.beat(a, min(until, a.now + self.pause()),
                  stuck={n: stands for n in names})
        if r.random() < 0.5 and a.now > stands:
            a.gap(a.now, names[0], a.sources[names[0]]["provides"], stands,
                  a.now, "silent")

    def bad_seal(self, a, until):
        r = self.r
        if not a.unsealed:
            a.heartbeat(a.now + SECOND)
        other = self.h.agent("forger")
        a.seal(a.now + SECOND, **r.choice([
            {"with_key": other.key}, {"alg": "rsa"},
            {"head": "00" * 32}, {"prev": "11" * 32}]))

    def clone(self, a, until):
        r = self.r
        kind = r.random()
        copy = a.clone(host="copy01" if kind < 0.25 else None,
                       host_id="f" * 8 + a.host["id"][8:]
                       if 0.25 < kind < 0.4 else None)
        if r.random() < 0.5:
            a.first(a.now + MINUTE)
        born = a.now + r.randint(1, 3) * self.era.step
        copy.now = born
        copy.first(born)
        for _ in range(r.randint(0, 2)):
            self.backup(copy, copy.now + MINUTE)
            self.beat(copy, copy.now + r.randint(1, 4) * self.era.step)

    def reborn(self, a, until):
        """The state was lost: another agent on the same host."""
        new = self.h.agent(a.host["name"], a.host["id"])
        for name in ("uuid", "key", "public", "key_id"):
            setattr(a, name, getattr(new, name))
        t = a.now + self.pause()
        for s in a.sources.values():
            s["from"] = stamp(t)
        a.epoch = None
        a.first(t, prev=None, reason="state was lost")

    def forgetful(self, a, until):
        t = a.now + self.pause()
        if self.r.random() < 0.5:
            for s in a.sources.values():
                s["from"] = stamp(t)
        prev = None
        if self.r.random() < 0.5 and a.sequence > 3:
            prev = (a.epoch, a.sequence - 2, b"\7" * 32)
        a.first(t, prev=prev)

    def sources(self, a, until):
        r = self.r
        if "extra" in a.sources:
            del a.sources["extra"]
            a.heartbeat(a.now + SECOND, complete=True)
        else:
            a.source("extra", [r.choice(["auth", "backup"])],
                     a.now - r.choice([0, HOUR]))
            a.heartbeat(a.now + SECOND, also=("extra",),
                        complete=r.random() < 0.3)
        a.seal(a.now + SECOND)

    def closed(self, a, until):
        r = self.r
        a.heartbeat(a.now + SECOND, unknown=[{
            "program": p, "class": r.choice(["auth", "auth", "syslog"]),
            "closed": r.random() < 0.8, "lines": r.randint(1, 9),
            "from": stamp(a.now - HOUR), "through": stamp(a.now)}
            for p in r.sample(["sshd", "sudo", "su"], r.randint(1, 2))])

    def unsynced(self, a, until):
        self.beat(a, min(until, a.now + self.era.step), synced=False)

    def unsealed(self, a, until):
        self.beat(a, min(until, a.now + self.pause()), seal=0)

    # ------------------------------------------------------------ events

    def plan(self, a, since):
        """What happens on a host, day by day."""
        r, stride = self.r, self.era.stride
        hourly = (r.random() < 0.5 if self.era.length < 7 * DAY
                  else False) or self.era.name == "hours"
        n, days = 0, (self.end - since) // stride + 1
        rename = r.randint(0, days * 2)
        job = self.era.jobs[0 if self.paper.tidy else r.randrange(3)]
        other = r.choice([job, self.era.jobs[1]])
        program = r.choice(["restic", "borg"])
        hour = r.randint(0, 23) * HOUR
        lapse = r.choice([0.02, 0.1]) if self.noise or r.random() < 0.3 else 0
        if self.steady:
            lapse = 0
        lapse = 0.6 if a.late else lapse
        stops = r.choice([r.randint(1, days), days, days, days])
        while n < days:
            t = since + n * stride + hour
            n += 1
            if r.random() > lapse and n <= stops:
                self.backup(a, t + r.choice([0, 0, 10 * MINUTE]),
                            job if n < rename else other, program)
            if r.random() > lapse and not hourly:
                self.patch(a, t + 3 * HOUR)
            if r.random() < 0.5:
                self.verify(a, t + 5 * HOUR)
            for _ in range(r.choice([0, 1, 2])):
                self.login(a, t + r.randint(0, 12) * HOUR
                           + r.choice([0, 1, MINUTE]))
            if r.random() < 0.4:
                self.use(a, t + r.randint(0, 20) * HOUR)
            if r.random() < 0.25:
                self.review(a, t + 7 * HOUR, n)
        if hourly:
            hours = (self.end - since) // HOUR
            out = r.randrange(hours) if r.random() < 0.5 else -2
            for n in range(hours):
                if r.random() > (lapse if self.steady else lapse / 4) and n not in (out, out + 1):
                    self.patch(a, since + n * HOUR + 7 * MINUTE)

    def quality(self):
        """trust, ambiguity and doubt of one event."""
        r = self.r
        out = {"trust": "root"}
        if r.random() < self.local:
            out["trust"] = r.choice(["local", "local", "tls"])
        if r.random() < self.noise:
            out.update(r.choice([
                {"ambiguous": True}, {"doubtful": True}, {"trust": "net"},
                {"trust": "net", "observer": {
                    "name": "relay1", "id": RELAY}},
                {"timeless": True}, {"trust": "kernel"}]))
        return out

    def outcome(self):
        r = self.r
        if r.random() < self.warns:
            return "warning"
        if r.random() < self.noise:
            return r.choice(["failure", "failure", "none"])
        return "success"

    def from_where(self, a, program):
        """Journal by unit, a program's own file, or plain syslog."""
        r = self.r
        if program == "borg" and "borglog" in a.sources:
            return {"source": "borglog", "path": "/var/log/borg-db.log.1"}
        source = "syslog" if "syslog" in a.sources else "journal"
        out = {"source": source}
        if r.random() < 0.2:
            out["pid"] = r.choice([1, 2])
        return out

    def lines_of(self, a, kind, t, program, fields, outcome, took):
        """A run: start, notes, end; or one line for all of it."""
        r = self.r
        kw = {"program": program, "controls": ["A.8.13"],
              **self.from_where(a, program), **self.quality()}
        shape = r.random()
        if shape < 0.25:
            more = dict(fields, duration=took) if shape < 0.15 else fields
            a.later(t + took, kind, outcome, more, **kw)
            return
        if shape < 0.93:
            a.later(t, kind, "none", fields, phase="start", **kw)
        if r.random() < 0.3:
            a.later(t + took // 2, kind, "none", {"repo": "c"}, phase="note",
                    **kw)
        if r.random() > self.noise:
            a.later(t + took, kind, outcome, fields, phase="end", **kw)
            if r.random() < self.warns:
                a.later(t + took + r.choice([10, 60, 61]) * SECOND, kind,
                        "warning", {}, phase="note", **kw)

    def backup(self, a, t, job=None, program="restic"):
        r = self.r
        job = job or r.choice(self.era.jobs)
        fields = {"job": job, "repo": r.choice(["a", "a", "b"])}
        if program == "borg" or r.random() < 0.2:
            del fields["job"]
        took = r.choice([10 * MINUTE, 15 * MINUTE, HOUR])
        if r.random() < 0.02 + self.noise:
            took = r.choice([5, 20, 26]) * HOUR
        self.lines_of(a, "backup.run", t, program, fields, self.outcome(),
                      took)

    def verify(self, a, t):
        self.lines_of(a, "backup.verify", t, "restic", {},
                      self.outcome(), self.r.choice([5, 29, 31]) * MINUTE)

    def patch(self, a, t):
        r = self.r
        fields = {"count": r.randint(0, 9)}
        if r.random() < 0.5 and not self.steady:
            fields["duration"] = r.choice([5, 90]) * MINUTE
        if r.random() < 0.3:
            fields["job"] = "apt-daily"
        outcome = self.outcome()
        kw = {"ambiguous": True} if r.random() < self.noise else {}
        self.h_event(a, t, "patch.run", "success" if outcome == "none"
                     else outcome, fields, program="apt",
                     systemd=r.choice([None, "apt-daily.service"]), **kw)

    def h_event(self, a, t, kind, outcome, fields, **kw):
        kw = {**self.quality(), **kw}
        kw.setdefault("controls", [])
        if self.r.random() < self.noise:
            kw["host"] = {"name": self.r.choice(self.hosts + ["relayed"]),
                          "id": a.host["id"]}
            if kw["host"]["name"] in self.era.ids:
                kw["host"]["id"] = self.era.ids[kw["host"]["name"]]
            kw["observer"] = {"name": a.host["name"], "id": a.host["id"]}
        a.later(t, kind, outcome, fields, **kw)

    def login(self, a, t):
        r = self.r
        user = r.choice(["alice", "bob", "carol", "root"
                         if r.random() < 3 * self.noise else "alice"])
        fields = {"user": user, "remote": r.random() < 0.9}
        if r.random() > self.noise:
            self.h_event(a, t - r.choice([0, 1, 5, 120]) * SECOND, "auth.mfa",
                         "success", {"user": user, "service": "sshd"},
                         program="pam_google_authenticator")
        self.h_event(a, t, "auth.login", "failure" if r.random() < 0.1
                     else "success", fields, program="sshd",
                     controls=["A.8.5", "A.8.2"])

    def use(self, a, t):
        r = self.r
        fields = {"user": r.choice(["alice", "bob", "carol", "root"])}
        if r.random() < 0.5:
            fields["by"] = "ann"
        if r.random() < 0.7:
            fields["src_ip"] = r.choice(["192.0.2.7", "192.0.2.200",
                                         "198.51.100.3", "2001:db8::9"])
        if r.random() < 0.5:
            fields["count"] = r.randint(1, 9)
        self.h_event(a, t, "privilege.use", "success", fields,
                     program=r.choice(["sudo", "su"]))

    def review(self, a, t, n):
        r = self.r
        rows = [(s, u) for s in ("erp", "crm") for u in ("alice", "bob")
                if r.random() < 0.8]
        for i, (system, user) in enumerate(rows):
            self.h_event(a, t + i * SECOND, "access.review", "success", {
                "review": "r%d" % n, "system": system, "user": user,
                "role": "admin"}, program="access-review")
        said = len(rows) + (r.random() < 2 * self.noise)
        if r.random() > self.noise:
            self.h_event(a, t + MINUTE, "access.review", "success",
                         {"review": "r%d" % n, "done": True, "rows": said},
                         program="access-review")

    # ------------------------------------------------------------ the log

    def spoil(self, entries):
        """Records lost, changed, repeated with other bytes, replayed."""
        r = self.r
        if self.noise == 0:
            return entries
        agents = [i for i, e in enumerate(entries)
                  if e.writer.role == "agent"]
        for _ in range(r.choice([0, 0, 1, 2])):
            i = r.choice(agents)
            what = r.random()
            e = entries[i]
            if e.line is None or what < 0.5:    # lost
                e.line = None
            else:                       # changed on the way
                changed = re.sub(b'"salt":"....', b'"salt":"0000', e.line)
                changed = changed.replace(b'"success"', b'"failure"', 1)
                if what < 0.75:
                    e.line = changed
                elif changed != e.line:
                    other = type(e)(e.time, e.writer, e.kind, changed)
                    other.epoch, other.sequence = e.epoch, e.sequence
                    entries.append(other)
        return [e for e in entries if e.line]

    def choose_moments(self):
        r = self.r
        end = self.end + r.choice([0, 0, HOUR, 3 * HOUR, 2 * DAY])
        self.as_of = end if r.random() < 0.7 else self.moment(0.3, 1.0)
        counted = len({(e.writer.uuid, e.epoch, e.sequence)
                       for e in self.entries
                       if not (e.kind in ("seal", "rating")
                               and e.writer.role == "collector")})
        self.known = r.randint(1, counted)

    def other_order(self, n):
        """The same records as they might have arrived, with repeats."""
        r = random.Random("order %d" % n)
        entries = list(self.entries)
        if n % 2:
            r.shuffle(entries)
        else:                           # each writer's own order is kept
            lanes = {}
            for e in entries:
                lanes.setdefault(e.writer.uuid, []).append(e)
            late = r.choice(list(lanes))
            turns = [u for u, lane in lanes.items() for _ in lane
                     if u != late]
            r.shuffle(turns)
            turns += [late] * len(lanes[late])
            lanes = {u: iter(lane) for u, lane in lanes.items()}
            entries = [next(lanes[u]) for u in turns]
        # of two records with one number the first stands: keep who is first
        first = {}
        for e in self.entries:
            first.setdefault((e.writer.uuid, e.epoch, e.sequence), e)
        out = []
        for e in entries:
            kept = first[e.writer.uuid, e.epoch, e.sequence]
            out.append(kept.line)
            if e is not kept:
                out.append(e.line)
            if r.random() < 0.02:
                out.append(r.choice(out))
        return out


# ------------------------------------------------------------ comparing

class Differ(Exception):
    pass


class Trial:
    """Both ledgers on one story."""

    def __init__(self):
        self.judge = judge_or_none()
        self.recompute = recompute_or_none()
        self.seen = Counter()

    def run(self, seed):
        story = Story(seed)
        if not story.lines:
            return
        ledger = ledger_twin.Ledger(story.lines, story.as_of)
        report, slots = ledger.report() + "\n", ledger.slots()
        self.note(ledger)
        lines = story.lines
        self.compare(seed, story, lines, None, "--json", report)
        self.compare(seed, story, lines, None, "--slots", slots)
        self.compare(seed, story, story.other_order(seed), None,
                     "--grow" if self.grows() else "--json", report)
        part = ledger_twin.Ledger(lines, story.as_of, story.known)
        self.note(part)
        self.compare(seed, story, lines, story.known, "--json",
                     part.report() + "\n")
        if seed % 50 == 0 and self.recompute:
            self.same(seed, story, lines, "recompute", self.recompute(
                lines, story.as_of, None, "--json"), report)
        if seed % 5 == 0 or not self.judge:
            other = story.other_order(seed + 1)
            again = ledger_twin.Ledger(other, story.as_of)
            self.same(seed, story, other, "the twin in another order",
                      again.report() + "\n", report)
            self.same(seed, story, other, "slots of the twin in another "
                      "order", again.slots(), slots)

    def grows(self):
        return self.judge is not self.recompute and self.judge

    def note(self, ledger):
        """What occurred: codes of slots and checks, caps, reasons."""
        for judge in ledger.judged.values():
            for s in judge.slots:
                self.seen["state " + s.state] += 1
                self.seen[s.code] += 1
            self.seen["rating " + judge.rating] += 1
            self.seen[judge.code] += 1
            for name, pattern in CAPS.items():
                if judge.code == "check.effective" and re.search(
                        pattern, judge.reason):
                    self.seen["caps"] += 1
                    self.seen[name] += 1
        for c in json.loads(ledger.report())["controls"]:
            self.seen["control " + c["rating"]] += 1
            for name, pattern in CONTROL_REASONS.items():
                if re.search(pattern, c["reason"]):
                    self.seen[name] += 1

    def compare(self, seed, story, lines, known_at, form, want):
        if not self.judge:
            return
        what = "ledger %s, %s known" % (form, "all" if known_at is None
                                        else known_at)
        try:
            got = self.judge(lines, story.as_of, known_at, form)
        except Exception as problem:
            got = "it failed: %s\n" % problem
            self.judge = judge_or_none()
        self.same(seed, story, lines, what, got, want)

    def same(self, seed, story, lines, what, got, want):
        if got == want:
            return
        kept = os.path.join(tempfile.gettempdir(),
                            "assay-random-%d.ndjson" % seed)
        with open(kept, "wb") as f:
            f.write(b"".join(line + b"\n" for line in lines))
        raise Differ("seed %d: %s differs from the twin; kept as %s, as of "
                     "%s\n%s" % (seed, what, kept, stamp(story.as_of),
                                 first_difference(got, want)))


def run_some(job):
    first, last, step = job
    trial = Trial()
    failures = []
    for seed in range(first, last, step):
        try:
            trial.run(seed)
        except Differ as problem:
            failures.append(str(problem))
        except Exception as problem:
            failures.append("seed %d: %r" % (seed, problem))
        if len(failures) >= 50:
            break
    return trial.seen, failures


def codes_of_tables():
    """The first cells of LEDGER.md's tables of sentences."""
    with open(LEDGER_MD) as f:
        found = re.findall(r"^\| ([a-z]+(?:\.[a-z]+)?) \| \S", f.read(), re.M)
    return [code for code in found if code != "code"]


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--first", type=int, default=1)
    p.add_argument("--count", type=int, default=1000)
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--seed", type=int)
    p.add_argument("--keep")
    args = p.parse_args()
    if args.seed is not None:
        one(args)
        return
    began = time.time()
    jobs = [(args.first + n, args.first + args.count, args.jobs)
            for n in range(args.jobs)]
    with multiprocessing.Pool(args.jobs) as pool:
        answers = pool.map(run_some, jobs, chunksize=1)
    seen = sum((a[0] for a in answers), Counter())
    failures = [f for a in answers for f in a[1]]
    verdict(args, seen, failures, time.time() - began)


def verdict(args, seen, failures, took):
    who = ("the ledger and the twin" if judge_or_none()
           else "the twin in every order")
    for failure in failures:
        for line in failure.splitlines():
            print("# " + line)
    print("%s 1 - %d_random_histories_give_one_report # %s"
          % ("not ok" if failures else "ok", args.count, who))
    wanted = codes_of_tables() + list(CAPS) + list(CONTROL_REASONS)
    dull = [code for code in wanted if not seen[code]]
    for code in sorted(seen):
        print("# %7d %s" % (seen[code], code))
    print("# %d s" % took)
    if dull:
        print("# never seen: " + " ".join(dull))
    print("%s 2 - every_code_of_the_tables_occurred"
          % ("not ok" if dull else "ok"))
    print("1..2")
    sys.exit(bool(failures or dull))


def one(args):
    story = Story(args.seed)
    if args.keep:
        with open(args.keep, "wb") as f:
            f.write(b"".join(line + b"\n" for line in story.lines))
    print("%s %s, %d hosts, noise %s, zone %s, %d records, as of %s" % (
        story.era.name, stamp(story.begin), len(story.hosts), story.noise,
        story.zone, len(story.lines), stamp(story.as_of)))
    print(story.paper.checks_text() + story.paper.isms_text())
    trial = Trial()
    trial.run(args.seed)
    for code in sorted(trial.seen):
        print("%7d %s" % (trial.seen[code], code))


if __name__ == "__main__":
    main()
