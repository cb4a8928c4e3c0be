#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The ledger once more, written from LEDGER.md alone.

It shares no code with collector/ledger; where both print the same bytes,
both probably mean what the document says. Plain before quick: every report
is made from scratch.

    ledger_twin.py EXPORT [--as-of T] [--known-at N] [--slots]
    ledger_twin.py --batch     lines `EXPORT AS_OF KNOWN_AT report|slots`
                               on stdin (`-` = default), one answer each

The numbers in the comments are the sections of LEDGER.md.
"""
import argparse
import base64
import bisect
import hashlib
import io
import ipaddress
import json
import re
import sys
import zoneinfo
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_der_public_key

YAML = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FOREVER = 1 << 62
EPOCH = datetime(1970, 1, 1)
ZEROS = bytes(32)

TRUST = ["kernel", "root", "local", "tls", "net"]
WORST = ["failure", "warning", "success", "none"]
LOSSES = ("silent", "dropped", "truncated", "vacuumed", "deleted")
BUILT_IN = ("log.loss", "log.tamper", "log.fork", "clock.state")
LONG = ("week", "month", "quarter", "year")
NOMINAL_DAYS = {"hour": 0, "day": 1, "week": 7, "month": 31, "quarter": 92,
                "year": 366}
FRAMEWORK = "iso27001-2022"


# ---------------------------------------------------------------- times, text

@lru_cache(maxsize=None)
def parse_stamp(text):
    """RFC 3339 with six digits and Z, in microseconds; None when absent."""
    if text is None:
        return None
    d = datetime(int(text[0:4]), int(text[5:7]), int(text[8:10]),
                 int(text[11:13]), int(text[14:16]), int(text[17:19]))
    return int((d - EPOCH) // timedelta(seconds=1)) * SECOND + int(text[20:26])


def stamp(us):
    d = EPOCH + timedelta(microseconds=us)
    return d.isoformat(timespec="microseconds") + "Z"


def minute(us):
    d = EPOCH + timedelta(microseconds=us)
    return d.isoformat(" ", "minutes") + "Z"


def duration(text):
    m = re.fullmatch(r"(-?\d+)(s|m|h|d)", text)
    unit = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}[m.group(2)]
    return int(m.group(1)) * unit


def dumps(value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("\x7f", "\\u007f")


# ------------------------------------------------- sets of half open intervals

def union(spans):
    out = []
    for a, b in sorted(s for s in spans if s[0] < s[1]):
        if out and a <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], b))
        else:
            out.append((a, b))
    return out


def minus(spans, holes):
    """Both are results of union()."""
    out = []
    for a, b in spans:
        i = bisect.bisect_left(holes, (a, a))
        if i > 0 and holes[i - 1][1] > a:
            i -= 1
        while i < len(holes) and holes[i][0] < b:
            if holes[i][0] > a:
                out.append((a, holes[i][0]))
            a = max(a, holes[i][1])
            i += 1
        if a < b:
            out.append((a, b))
    return out


def common(xs, ys):
    return minus(xs, minus(xs, ys))


def length(spans):
    return sum(b - a for a, b in spans)


# -------------------------------------------------------------------- the log

class Record:
    def __init__(self, line):
        r = json.loads(line)
        self.line = line
        self.type = r["type"]
        self.collector = r["source"].startswith("urn:assay:collector:")
        self.id = r["id"]
        self.time = parse_stamp(r.get("time"))
        self.agent = r["agent"]
        self.epoch = r["epoch"]
        self.sequence = int(r["sequence"])
        self.readtime = parse_stamp(r["readtime"])
        self.data = r["data"]
        self.wire_time = r.get("time")

    def order(self):
        return (self.time, self.agent, self.epoch, self.sequence)

    def counted(self):
        return not (self.collector and self.type in
                    ("assay.seal.v1", "assay.rating.v1"))


@lru_cache(maxsize=20000)
def read_record(line):
    return Record(line)


def link(c, record):
    leaf = hashlib.sha256(b"\0" + record.line).digest()
    return hashlib.sha256(b"\2" + c + leaf).digest()


class Log:
    """The prefix seen, what of it counts and how its epochs hang together (1).

    epochs: (agent, epoch) -> sequence -> record
    chain:  (agent, epoch) -> sequence -> c[sequence], of sealed records only
    """

    def __init__(self, lines, known_at):
        self.known_at = 0
        self.epochs = defaultdict(dict)
        for line in lines:
            record = read_record(line)
            key = (record.agent, record.epoch)
            if record.sequence in self.epochs.get(key, ()):
                continue
            if record.counted():
                if known_at is not None and self.known_at == known_at:
                    break
                self.known_at += 1
            self.epochs[key][record.sequence] = record
        self.find_keys()
        self.chain = defaultdict(dict)
        self.apply_seals()
        self.apply_starts()
        self.counting = [r for key, numbers in self.epochs.items()
                         for r in numbers.values()
                         if r.collector or r.sequence in self.chain[key]]
        self.counting.sort(key=lambda r: (r.agent, r.epoch, r.sequence))
        self.starts = {(r.agent, r.epoch): r for r in self.counting
                       if r.type == "assay.start.v1" and r.sequence == 1
                       and not r.collector}

    def find_keys(self):
        first = {}
        for (agent, epoch), numbers in self.epochs.items():
            r = numbers.get(1)
            if r and r.type == "assay.start.v1":
                rank = (r.time, epoch)
                if agent not in first or rank < first[agent][0]:
                    first[agent] = (rank, r.data["key"]["public"])
        self.keys = {a: base64.b64decode(k) for a, (_, k) in first.items()}

    def apply_seals(self):
        """What agents signed: values c[sequence] of their chains."""
        self.signed = defaultdict(set)          # key -> (sequence, c)
        for key, numbers in self.epochs.items():
            self.signed[key].add((0, ZEROS))
            for r in numbers.values():
                if r.type == "assay.seal.v1" and not r.collector:
                    self.apply_seal(key, r)
            self.vouch(key)

    def apply_seal(self, key, r):
        d = r.data
        public = self.keys.get(r.agent)
        if public is None or d["alg"] != "ed25519":
            return
        text = "".join(x + "\n" for x in (
            "assay seal v1", r.agent, r.epoch, d["first"], d["last"],
            d["prev"], d["head"], d["key"], r.wire_time))
        if is_signed(public, text, d["sig"]):
            self.signed[key].update([
                (int(d["first"]) - 1, bytes.fromhex(d["prev"])),
                (int(d["last"]), bytes.fromhex(d["head"]))])

    def vouch(self, key):
        """Seals the records on the chain from one signed value to another."""
        numbers, signed = self.epochs[key], self.signed[key]
        for sequence, c in signed:
            made = {}
            while sequence + 1 in numbers:
                sequence += 1
                c = made[sequence] = link(c, numbers[sequence])
                if (sequence, c) in signed:
                    self.chain[key].update(made)
                    break

    def apply_starts(self):
        """A sealed start signs a value of the epoch it names."""
        grown = True
        while grown:
            grown = False
            for key, numbers in list(self.epochs.items()):
                r = numbers.get(1)
                if 1 not in self.chain[key] or r.type != "assay.start.v1":
                    continue
                prev = r.data.get("prev")
                before = prev and (r.agent, prev["epoch"])
                if not prev or before not in self.epochs:
                    continue
                value = (int(prev["last"]), bytes.fromhex(prev["head"]))
                if value not in self.signed[before]:
                    self.signed[before].add(value)
                    self.vouch(before)
                    grown = True

    def good_prev(self, key):
        """The epoch that `key` goes on from without a hole, or None (4.1)."""
        start = self.starts.get(key)
        prev = start.data.get("prev") if start else None
        if not prev:
            return None
        before = (start.agent, prev["epoch"])
        if before not in self.epochs or before == key:
            return None
        last = int(prev["last"])
        c = self.chain[before].get(last)
        if last != max(self.epochs[before]) or c is None:
            return None
        return before if c.hex() == prev["head"] else None


@lru_cache(maxsize=20000)
def is_signed(public, text, signature):
    try:
        load_key(public).verify(base64.b64decode(signature), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=None)
def load_key(der):
    return load_der_public_key(der)


# ------------------------------------------------------------------- the zone

class Zone:
    """Local times of the organisation; boundaries of periods (7)."""

    def __init__(self, tzif):
        self.zone = (zoneinfo.ZoneInfo.from_file(io.BytesIO(tzif))
                     if tzif else timezone.utc)
        self.instants = {}
        self.nexts = {}

    def offset(self, us):
        d = EPOCH + timedelta(microseconds=us)
        local = d.replace(tzinfo=timezone.utc).astimezone(self.zone)
        return local.utcoffset() // timedelta(microseconds=1)

    def local(self, us):
        return EPOCH + timedelta(microseconds=us + self.offset(us))

    def instant(self, local):
        """In a gap the first instant after it, in an overlap the first."""
        if local not in self.instants:
            self.instants[local] = self.find_instant(local)
        return self.instants[local]

    def find_instant(self, local):
        wall = int((local - EPOCH) / timedelta(microseconds=1))
        aware = local.replace(tzinfo=self.zone, fold=0)
        early = wall - aware.utcoffset() // timedelta(microseconds=1)
        if early + self.offset(early) == wall:
            return early
        aware = aware.replace(fold=1)
        low = wall - aware.utcoffset() // timedelta(microseconds=1)
        high = early                    # low is before the gap, high after it
        old = self.offset(low)
        while high - low > 1:
            middle = (low + high) // 2
            if self.offset(middle) == old:
                low = middle
            else:
                high = middle
        return high

    def date(self, text):
        return self.instant(datetime.strptime(text, "%Y-%m-%d"))

    def next(self, alignment, us):
        """The first boundary after us."""
        key = (alignment, us)
        if key not in self.nexts:
            step = -2
            while True:
                t = self.instant(self.nth(alignment, us, step))
                if t > us:
                    break
                step += 1
            self.nexts[key] = t
        return self.nexts[key]

    def nth(self, alignment, us, step):
        """The step-th local boundary counted from the one near us."""
        period, starts = alignment
        hour, minutes = (int(x) for x in starts.split(":"))
        local = self.local(us)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        if period == "hour":
            base = local.replace(minute=minutes, second=0, microsecond=0)
            return base + timedelta(hours=step)
        at = timedelta(hours=hour, minutes=minutes)
        if period == "day":
            return midnight + timedelta(days=step) + at
        if period == "week":
            monday = midnight - timedelta(days=midnight.weekday())
            return monday + timedelta(days=7 * step) + at
        months = {"month": 1, "quarter": 3, "year": 12}[period]
        n = midnight.year * 12 + midnight.month - 1
        n = n - n % months + step * months
        return datetime(n // 12, n % 12 + 1, 1) + at


# --------------------------------------------------- files and their timelines

@lru_cache(maxsize=4096)
def parse_yaml(text):
    try:
        return yaml.load(text, Loader=YAML) or {}
    except yaml.YAMLError:
        return {}


class Version:
    """One set of files from the time of its last part on."""

    def __init__(self, time, files, texts):
        self.time = time
        self.bytes = {}
        for path in sorted(files):
            self.bytes[path] = texts.get(files[path]["sha256"], b"")
        self.yaml = {p: parse_yaml(b.decode()) for p, b in self.bytes.items()
                     if p.endswith(".yml")}


class Isms(Version):
    def __init__(self, *args):
        super().__init__(*args)
        self.registers = {}
        self.top = {}
        for tree in self.yaml.values():
            for key, value in tree.items():
                if isinstance(value, list):
                    self.registers[key] = self.registers.get(key, []) + value
                else:
                    self.top.setdefault(key, value)
        self.hosts = self.once("hosts", "name")
        self.jobs = self.once("jobs", "id")
        self.adopts = {a["check"]: a for a in reversed(self.rows("adopts"))}
        self.soa = {s["control"]: s for s in reversed(self.rows("soa"))}
        self.relays = set(self.rows("relays"))

    def rows(self, name):
        return self.registers.get(name, [])

    def once(self, name, key):
        out = {}
        for row in self.rows(name):
            out.setdefault(row[key], row)
        return out


class Checks(Version):
    def __init__(self, *args):
        super().__init__(*args)
        self.entries = {}
        for path, tree in self.yaml.items():
            if path != "events.yml":
                for entry in tree.get("checks", []):
                    self.entries.setdefault(entry["id"], entry)
        self.limits = {}
        for event in self.yaml.get("events.yml", {}).get("events", []):
            if "run" in event:
                self.limits[event["event"]] = duration(event["run"]["limit"])


class Timeline:
    """The versions that as_of can see; before the first the first holds (5).

    Of versions with one time only the last was ever in force.
    """

    def __init__(self, versions, as_of):
        versions = list({v.time: v for v in versions}.values())
        self.versions = ([v for v in versions if v.time <= as_of]
                         or versions[:1])
        self.times = [v.time for v in self.versions]

    def index(self, t):
        return max(bisect.bisect_right(self.times, t) - 1, 0)

    def at(self, t):
        return self.versions[self.index(t)] if self.versions else None


def file_bytes(f):
    text = f.get("text", "")
    return (base64.b64decode(text) if f.get("enc") == "base64"
            else text.encode())


def read_sets(counting):
    """set name -> [(time, files)] in order of force, and bytes by hash."""
    texts, sets, pending = {}, defaultdict(list), {}
    records = [r for r in counting
               if r.collector and r.type == "assay.files.v1"]
    records.sort(key=Record.order)
    for r in records:
        for f in r.data["files"]:
            raw = file_bytes(f)
            if hashlib.sha256(raw).hexdigest() == f["sha256"]:
                texts[f["sha256"]] = raw
        key = (r.agent, r.data["set"])
        want = (r.data["hash"], r.data["parts"])
        if key not in pending or pending[key][0] != want:
            pending[key] = (want, {})
        parts = pending[key][1]
        parts[r.data["part"]] = r.data["files"]
        if len(parts) == r.data["parts"]:
            files = {f["path"]: f for part in parts.values() for f in part}
            sets[r.data["set"]].append((r.time, files))
            del pending[key]
    return sets, texts


# -------------------------------------------------------- events, runs, reviews

class Event:
    """One event, or (made by fold) one run."""

    def __init__(self, record, kind, outcome, host, time):
        self.record = record
        self.kind = kind
        self.outcome = outcome
        self.host = host
        self.time = time
        self.order = (time, record.agent, record.epoch, record.sequence)
        self.fields = {}
        self.program = self.rule = self.job = None
        self.path = self.systemd = self.pid = ""
        self.trust = "root"
        self.usable = True
        self.phase = None
        self.controls = []
        self.source = None              # (agent, id)
        self.until = time + 1           # log.loss: end of what was lost
        self.classes = None             # log.loss: what was lost
        self.start = time
        self.run = False
        self.end = time
        self.last = None                # of a run: its last line

    def get(self, name):
        value = self.fields.get(name)
        if value is None:
            value = {"host": self.host, "program": self.program,
                     "rule": self.rule, "job": self.job,
                     "outcome": self.outcome}.get(name)
        return as_text(value)


def as_text(value):
    if value is None or isinstance(value, (list, dict, float)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def fold(events, limit, as_of):
    """The runs of one kind (6)."""
    runs, opened, ended = [], {}, {}

    def begin(e, key):
        e.run, e.end = True, None
        e.left = False
        e.fields = dict(e.fields)
        runs.append(e)
        return e

    def join(run, e):
        for name, value in e.fields.items():
            run.fields.setdefault(name, value)
        run.outcome = min(run.outcome, e.outcome, key=WORST.index)
        run.trust = max(run.trust, e.trust, key=TRUST.index)
        run.usable = run.usable and e.usable

    for e in events:
        key = (e.host, e.program or "", e.path, e.systemd, e.pid)
        run, before = opened.get(key), ended.get(key)
        fresh = run is not None and e.time <= run.time + limit
        near = before is not None and e.time <= before.end + 60 * SECOND
        if e.phase == "start":
            if run is not None:
                run.left = True
            opened[key] = begin(e, key)
        elif e.phase == "note":
            if fresh:
                join(run, e)
            elif near:
                join(before, e)
            else:
                if run is not None:
                    run.left = True
                opened[key] = begin(e, key)
        elif e.phase == "end" and fresh:
            join(run, e)
            run.end = e.time
            ended[key] = run
            del opened[key]
        elif e.phase == "end" and near:
            join(before, e)
        else:
            ended[key] = begin(e, key)
            e.end = e.time
    for run in runs:
        if run.end is None and (run.left or as_of >= run.time + limit):
            run.outcome = "failure"
    return runs


def judge_reviews(events):
    """Rows of reviews that are whole; closings, failed when not whole (6)."""
    rows, closings = defaultdict(list), defaultdict(list)
    for e in events:
        key = (e.host, as_text(e.fields.get("review")))
        (closings if e.fields.get("done") is True else rows)[key].append(e)
    whole = defaultdict(list)
    for key, ends in closings.items():
        for e in ends:
            seen = {tuple(as_text(r.fields.get(x))
                          for x in ("system", "user", "role"))
                    for r in rows[key] if r.time <= e.time}
            if len(seen) == e.fields.get("rows"):
                whole[key].append(e.time)
            else:
                e.outcome = "failure"
    return [e for e in events if e.fields.get("done") is True or any(
        e.time <= t for t in whole[e.host, as_text(e.fields.get("review"))])]


# ------------------------------------------------------------------- coverage

class Coverage:
    """What was watched, per host (4), and when two copies of it ran (1.8)."""

    def __init__(self, log, host_of):
        self.log = log
        self.host_of = host_of
        self.spans = defaultdict(list)       # (host, agent, source) -> spans
        self.agent_spans = defaultdict(list)  # host -> spans of class agent
        self.provides = {}                   # (host, agent, source) -> classes
        self.program = {}                    # same -> is a program's own file
        self.walked = defaultdict(list)      # (agent, host) -> heartbeats
        self.hosts = set()
        self.first_seen = defaultdict(dict)  # host -> class -> time
        self.closed = defaultdict(list)      # host -> (from, program, entry)
        self.classes = {}
        self.forks = self.find_forks()
        self.walk()
        self.designated = self.designate()
        self.take_away()

    def walk(self):
        heartbeats = defaultdict(list)
        for r in self.log.counting:
            if r.type == "assay.heartbeat.v1" and not r.collector:
                heartbeats[r.agent, r.epoch].append(r)
        self.ends, self.heartbeats = {}, heartbeats
        for key in list(self.log.epochs):
            self.walk_epoch(key, set())

    def walk_epoch(self, key, above):
        """The state after the epoch: (a heartbeat was, unbroken, known)."""
        if key in self.ends:
            return self.ends[key]
        before = self.log.good_prev(key)
        if before is None or before in above:
            state = (None, True, {})
        else:
            state = self.walk_epoch(before, above | {key})
        last, unbroken, known = state
        chain = self.log.chain[key]
        sequence = 0
        for r in self.heartbeats.get(key, []):
            unbroken = unbroken and all(
                s in chain for s in range(sequence + 1, r.sequence + 1))
            known = self.step(r, last, unbroken, known)
            last, unbroken, sequence = r, True, r.sequence
        unbroken = unbroken and all(
            s in chain for s in range(sequence + 1,
                                      max(self.log.epochs[key]) + 1))
        self.ends[key] = (last, unbroken, known)
        return self.ends[key]

    def step(self, r, last, unbroken, known):
        d, host = r.data, self.host_of(r)
        self.hosts.add(host)
        listed = {s["id"]: s for s in d["sources"]}
        through = self.through(d, r.time)
        now = {} if d["complete"] else {s: through for s in known}
        now.update((s, self.through(x, through)) for s, x in listed.items())
        for s, standing in now.items():
            if s not in known:
                span = (self.begins(listed[s], standing), standing)
            elif last is not None and unbroken:
                span = (known[s], standing)
            else:
                continue
            self.spans[host, r.agent, s].append(span)
        if last is not None and unbroken and r.time - last.time <= 180 * SECOND:
            self.agent_spans[host].append((last.time, r.time))
        for s, x in listed.items():
            for c in x["provides"]:
                self.see(host, c, r.time)
        self.see(host, "agent", r.time)
        for entry in d["unknown"]:
            if entry.get("closed"):
                self.closed[host].append(entry)
        self.walked[r.agent, host].append((r, listed, now))
        return now

    @staticmethod
    def through(d, otherwise):
        return parse_stamp(d["through"]) if "through" in d else otherwise

    @staticmethod
    def begins(x, standing):
        return parse_stamp(x["from"]) if "from" in x else standing

    def see(self, host, c, t):
        self.first_seen[host][c] = min(t, self.first_seen[host].get(c, t))

    def designate(self):
        """(host, agent, source) -> spans in which it must cover (4.6)."""
        out = defaultdict(list)
        lives = defaultdict(list)       # host -> first and last heartbeats
        for (agent, host), beats in self.walked.items():
            beats.sort(key=lambda b: b[0].order())
            lives[host].append((beats[0][0].time, beats[-1][0].time))
        for (agent, host), beats in self.walked.items():
            succeeded = any(first > beats[-1][0].time
                            for first, _ in lives[host])
            opened, standing = {}, {}
            for r, listed, now in beats:
                if r.data["complete"]:
                    for s in [s for s in opened if s not in listed]:
                        out[host, agent, s].append((opened.pop(s),
                                                    standing[s]))
                for s, x in listed.items():
                    opened.setdefault(s, self.begins(x, now[s]))
                    self.provides[host, agent, s] = x["provides"]
                    self.program[host, agent, s] = "program" in x
                standing.update(now)
            for s, t in opened.items():
                end = standing[s] if succeeded else FOREVER
                out[host, agent, s].append((t, end))
        return out

    def take_away(self):
        holes = defaultdict(list)
        for r in self.log.counting:
            if r.type != "assay.gap.v1":
                continue
            host, d = self.host_of(r), r.data
            a, b = parse_stamp(d["from"]), parse_stamp(d["to"])
            key = (host, r.agent, d["source"])
            keys = [key] if key in self.provides else [
                k for k, classes in self.provides.items()
                if k[0] == host and set(classes) & set(d["classes"])]
            for k in keys:
                holes[k].append((a, max(b, a + 1)))
        for key, spans in self.spans.items():
            away = union(holes[key] + self.forks.get(key[0], []))
            self.spans[key] = minus(union(spans), away)
        for host, spans in self.agent_spans.items():
            self.agent_spans[host] = minus(union(spans),
                                           self.forks.get(host, []))

    def of_class(self, host, c):
        if (host, c) not in self.classes:
            self.classes[host, c] = self.find_class(host, c)
        return self.classes[host, c]

    def find_class(self, host, c):
        if c == "agent":
            return union(self.agent_spans.get(host, []))
        must, lacks = [], []
        for key, spans in self.designated.items():
            if key[0] != host or self.program[key]:
                continue
            if c not in self.provides[key]:
                continue
            spans = union(spans)
            must += spans
            lacks += minus(spans, self.spans.get(key, []))
        return minus(union(must), union(lacks))

    def of_need(self, need):
        kind, host, x = need
        if kind == "class":
            return self.of_class(host, x)
        if kind == "source":
            return self.spans.get((host,) + x, [])
        return []                       # no host to watch

    def uncovered(self, needs, a, b):
        if not needs:
            needs = [("nothing", None, None)]
        return union(s for n in needs
                     for s in minus([(a, b)], self.of_need(n)))

    def hole(self, needs, a, b):
        """The sentence that names the first stretch not watched (9)."""
        best = None
        for kind, host, x in needs:
            spans = minus([(a, b)], self.of_need((kind, host, x)))
            if spans and (best is None or spans[0][0] < best[0][0]):
                best = (spans[0], kind, host, x)
        if best is None:
            return "no host to watch"
        (a, b), kind, host, x = best
        what = "class " + x if kind == "class" else "source " + x[1]
        return "%s of %s not covered %s to %s" % (what, host, minute(a),
                                                  minute(b))

    # ------------------------------------------------------------ forks (1.8)

    def find_forks(self):
        made = defaultdict(list)        # (agent, epoch) -> records with a time
        for r in self.log.counting:
            if not r.collector and r.type != "assay.event.v1":
                made[r.agent, r.epoch].append(r)
        children = defaultdict(list)    # (agent, epoch or None) -> keys
        for key, start in self.log.starts.items():
            prev = start.data.get("prev")
            children[key[0], prev["epoch"] if prev else None].append(key)

        def tree(keys):
            seen, todo = set(), list(keys)
            while todo:
                key = todo.pop()
                if key not in seen:
                    seen.add(key)
                    todo += children.get(key, [])
            return [r for key in seen for r in made[key]]

        spans = defaultdict(list)

        def together(x, xs, y, ys):
            ours, theirs = self.root_host(x, made), self.root_host(y, made)
            if not ours or not theirs or ours[0] != theirs[0]:
                return
            xs, ys = [r.time for r in xs], [r.time for r in ys]
            if xs and ys:
                spans[ours[1]].append(
                    (max(min(xs), min(ys)), min(max(xs), max(ys))))

        for (agent, epoch), keys in children.items():
            for i, x in enumerate(keys):
                for y in keys[:i]:
                    together(x, tree([x]), y, tree([y]))
                if epoch is None:
                    continue
                last = int(self.log.starts[x].data["prev"]["last"])
                on = [r for r in made[agent, epoch] if r.sequence > last]
                if not on:
                    continue
                beside = [y for y in keys if int(
                    self.log.starts[y].data["prev"]["last"]) > last]
                together((agent, epoch), on + tree(beside), x, tree([x]))
        for r in self.log.counting:
            if (r.collector and r.type == "assay.event.v1"
                    and r.data["event"] == "log.fork" and r.time is not None):
                spans[self.host_of(r)].append((r.time, r.time + SECOND))
        return {h: union(s) for h, s in spans.items() if union(s)}

    def root_host(self, key, made):
        """(name, id) that an epoch is of, and its unit; None."""
        start = self.log.starts.get(key)
        for r in [start] if start else made[key]:
            if "host" in r.data:
                h = r.data["host"]
                return (h["name"], h.get("id")), self.host_of(r)
        return None


# ---------------------------------------------------------------- definitions

class Definition:
    """A check's entry, changed by the policy's row (5)."""

    def __init__(self, entry, row):
        self.id = entry["id"]
        self.control = entry["control"]
        self.kind = next(k for k in ("every", "never", "each", "share")
                         if k in entry)
        spec = entry[self.kind]
        what = spec["of"] if self.kind == "share" else spec
        row = row or {}
        change = row.get("set") or {}
        self.event = what["event"]
        self.outcome = what.get("outcome")
        self.wheres = [w for w in (what.get("where"), row.get("where")) if w]
        self.period = spec.get("period", "day")
        self.starts = change.get("starts", spec.get("starts", "00:00"))
        self.grace = duration(change.get("grace", spec.get("grace", "1h")))
        unit = spec.get("unit", "host")
        self.register = self.key = None
        if isinstance(unit, dict):
            self.register, self.key = unit["register"], unit["key"]
            unit = "row"
        self.unit = unit
        self.watch = entry["watch"]
        self.trust = change.get("trust", entry.get("trust", "local"))
        self.show = entry.get("default", "rate") == "show"
        self.key_check = entry.get("key") == "true"
        self.fatal = entry.get("fatal") == "true"
        self.at = row.get("at")
        self.at_least = change.get("at_least", spec.get("at_least"))
        self.good = spec.get("good")
        self.needs = spec["needs"]["any"] if self.kind == "each" else []
        self.by = spec.get("by", [])
        self.within = [duration(x) for x in spec.get("within", [])]
        if self.kind in ("never", "each"):
            self.period = "day"

    def alignment(self, job):
        starts = (job or {}).get("starts", self.starts)
        return (self.period, starts)

    def names_done(self):
        return any("done" in w for w in self.wheres)

    def registers(self):
        wheres = self.wheres + [n.get("where") or {} for n in self.needs]
        wheres.append((self.good or {}).get("where") or {})
        names = {n for w in wheres for c in w.values() for n in named(c)}
        if self.register:
            names.add(self.register)
        return names


def named(condition):
    if not isinstance(condition, dict):
        return []
    if "not" in condition:
        return named(condition["not"])
    return [condition["in"].split(":", 1)[1]] if "in" in condition else []


class When(NamedTuple):
    """What registers hold: the rows of `version` in force at `instant`."""

    version: int
    instant: int


def then(e):
    return When(e.time, e.time)


class Slot:
    def __init__(self, unit, start, end, definition):
        self.unit = unit
        self.start = start
        self.end = end
        self.when = When(end, end - 1)
        self.d = definition
        self.due = end + definition.grace
        self.state = self.code = self.reason = None
        self.m = self.k = 0
        self.takes = None       # what came late for it
        self.below = False      # passes on evidence below the trust asked
        self.retrospective = self.counted = False


class Unit:
    def __init__(self, name, host=None, job=None):
        self.name = name
        self.host = host        # of host, user and observed job units
        self.job = job          # id of a declared job
        self.spells = []
        self.slots = []
        self.upcoming = None    # due of the first slot not begun yet


# ------------------------------------------------------------------ the ledger

class Ledger:
    def __init__(self, lines, as_of=None, known_at=None):
        self.log = Log(lines, known_at)
        counting = self.log.counting
        if as_of is None:
            as_of = max((r.readtime for r in counting), default=0)
        self.as_of = as_of
        sets, texts = read_sets(counting)
        self.checks = Timeline([Checks(t, f, texts)
                                for t, f in sets["checks"]], as_of)
        self.isms = Timeline([Isms(t, f, texts)
                              for t, f in sets["isms"]], as_of)
        frameworks = Timeline([Version(t, f, texts)
                               for t, f in sets["frameworks"]], as_of)
        now = frameworks.at(as_of)
        self.controls = (now.yaml.get(FRAMEWORK + ".yml", {})
                         .get("controls", []) if now else [])
        self.now = self.isms.at(as_of) or Isms(0, {}, {})
        self.zone = Zone(self.now.bytes.get("zone"))
        self.name_hosts(counting)
        self.coverage = Coverage(self.log, self.host_of)
        self.read_events(counting)
        self.changes = sorted(set(self.checks.times + self.isms.times))
        self.definitions = {}
        ids = {i for v in self.checks.versions for i in v.entries}
        self.judged = {i: Judge(self, i) for i in sorted(ids)}

    # ------------------------------------------------------------- hosts (2)

    def name_hosts(self, counting):
        self.ids = defaultdict(set)
        for r in counting:
            h = r.data.get("host")
            if not r.collector and h and h.get("id"):
                self.ids[h["name"]].add(h["id"])
        self.by_id, self.by_name = {}, set()
        for row in self.now.hosts.values():
            if "id" in row:
                self.by_id.setdefault(row["id"], row["name"])
            else:
                self.by_name.add(row["name"])

    def host_of(self, record):
        h = record.data["host"]
        name, i = h["name"], h.get("id")
        if i in self.by_id:
            return self.by_id[i]
        if name in self.by_name or len(self.ids[name]) < 2 or not i:
            return name
        return name + "#" + i[:8]

    # --------------------------------------------------- events (1, 3, 6)

    def read_events(self, counting):
        best = {}
        made = []
        for r in counting:
            if r.type == "assay.event.v1":
                rank = (r.readtime, r.agent, r.epoch, r.sequence)
                if r.id not in best or rank < best[r.id][0]:
                    best[r.id] = (rank, r)
            elif r.type == "assay.gap.v1":
                made += self.loss(r)
            elif r.type == "assay.heartbeat.v1" and not r.collector:
                synced = r.data["clock"]["synced"]
                e = Event(r, "clock.state", "success" if synced else "failure",
                          self.host_of(r), r.time)
                e.fields = {"synced": synced}
                made.append(e)
        for _, r in best.values():
            if r.time is not None:
                made += self.event(r)
        made = [e for e in made if e.time <= self.as_of]
        made.sort(key=lambda e: e.order)
        self.events = made
        now = self.checks.at(self.as_of)
        limits = now.limits if now else {}
        kinds = defaultdict(list)
        for e in made:
            kinds[e.kind].append(e)
        self.occurrences = {}
        for kind, events in kinds.items():
            if kind in limits:
                events = fold(events, limits[kind], self.as_of)
            elif kind == "access.review":
                events = judge_reviews(events)
            for e in events:
                self.place(e)
            self.occurrences[kind] = events

    def loss(self, r):
        d = r.data
        if d["reason"] not in LOSSES:
            return []
        a, b = parse_stamp(d["from"]), parse_stamp(d["to"])
        e = Event(r, "log.loss", "warning" if d.get("recovered") else "failure",
                  self.host_of(r), a)
        e.until = max(b, a + 1)
        e.classes = d["classes"]
        e.fields = {"source": d["source"], "reason": d["reason"]}
        return [e]

    def event(self, r):
        d = r.data
        built_in = d["event"] in BUILT_IN
        if built_in and not r.collector:
            return []
        e = Event(r, d["event"], d["outcome"], self.host_of(r), r.time)
        e.fields = d["fields"]
        e.rule, e.program = d.get("rule"), d.get("program")
        e.phase = d.get("phase")
        e.controls = d["controls"]
        origin = d["origin"]
        e.path = origin.get("path", "")
        e.systemd = d.get("systemd_unit", "")
        e.pid = d.get("pid", "")
        e.source = (r.agent, origin.get("id"))
        if not built_in:
            e.trust = origin["trust"]
            observer = d.get("observer", {}).get("name")
            if e.trust == "net" and observer in self.now.relays:
                e.trust = "tls"
            e.usable = not (d["ambiguous"] or d["clock"]["doubtful"]
                            or e.trust == "net")
        return [e]

    def place(self, e):
        """Start and job of an occurrence."""
        took = e.fields.get("duration")
        if e.phase is None and type(took) is int and took >= 0:
            e.start = e.time - took
        key = (e.host,) + e.source if e.source else None
        if as_text(e.fields.get("job")) is not None:
            e.job = as_text(e.fields["job"])
        elif e.systemd:
            e.job = e.systemd
        elif e.path and self.coverage.program.get(key):
            e.job = e.path.rsplit("/", 1)[-1].split(".", 1)[0]

    # -------------------------------------------------------- definitions (5)

    def definition(self, check, t):
        c, i = self.checks.index(t), self.isms.index(t)
        key = (check, c, i)
        if key not in self.definitions:
            entry = self.checks.versions[c].entries.get(check)
            isms = self.isms.at(t)
            row = isms.adopts.get(check) if isms else None
            self.definitions[key] = Definition(entry, row) if entry else None
        return self.definitions[key]

    def adopted_since(self, check):
        """The instant of adoption as of now, or None."""
        if check not in self.now.adopts:
            return None
        first = None
        for version in reversed(self.isms.versions):
            if check not in version.adopts:
                break
            first = version.time
        on = self.now.adopts[check].get("on")
        since = max(first, self.zone.date(on)) if on else first
        return since if self.as_of >= since else None

    # ------------------------------------------------------------- where (5)

    def holds(self, wheres, e, when):
        return all(self.condition(c, e.get(name), name, when)
                   for where in wheres for name, c in where.items())

    def condition(self, c, value, name, when):
        if not isinstance(c, dict):
            return value is not None and value in (
                c if isinstance(c, list) else [c])
        if "exists" in c:
            return (value is not None) == (c["exists"] == "true")
        if "not" in c:
            return value is None or not self.condition(c["not"], value, name,
                                                       when)
        if value is None:
            return False
        if "range" in c:
            if not re.fullmatch(r"-?\d+", value):
                return False
            return int(c["range"][0]) <= int(value) <= int(c["range"][1])
        if "cidr" in c:
            nets = c["cidr"] if isinstance(c["cidr"], list) else [c["cidr"]]
            try:
                ip = ipaddress.ip_address(value)
            except ValueError:
                return False
            return any(ip in ipaddress.ip_network(n, strict=False)
                       for n in nets)
        rows = self.register(c["in"].split(":", 1)[1], when)
        return any(row.get(name) == value for row in rows)

    def register(self, name, when):
        """The rows of a register in force."""
        isms = self.isms.at(when.version)
        return [row for row in (isms.rows(name) if isms else [])
                if (not row.get("from")
                    or self.zone.date(row["from"]) <= when.instant)
                and (not row.get("to")
                     or when.instant < self.zone.date(row["to"]))]

    # ------------------------------------------------------------ report (10)

    def report(self):
        controls = [self.rate_control(c) for c in self.controls]
        return dumps({
            "as_of": stamp(self.as_of), "known_at": self.log.known_at,
            "period": {"from": stamp(self.as_of - 90 * DAY),
                       "to": stamp(self.as_of)},
            "framework": FRAMEWORK, "ledger": 1, "controls": controls,
            "sources": self.sources()})

    def rate_control(self, c):
        judges = [j for j in self.judged.values()
                  if j.d.control == c["id"] and (j.current or j.counted)]
        answers = [j.answer() for j in judges]
        rating, reason = self.control_rating(c, judges)
        name = FRAMEWORK + ":" + c["id"]
        last = max((e.time for e in self.events if name in e.controls),
                   default=None)
        return {"id": c["id"], "title": c["title"], "theme": c["theme"],
                "mode": c["mode"], "rating": rating, "reason": reason,
                "last_evidence": None if last is None else stamp(last),
                "checks": answers}

    def control_rating(self, c, judges):
        soa = self.now.soa.get(c["id"])
        if soa and soa.get("applicable") == "false":
            return "not applicable", "statement of applicability: " + \
                soa.get("reason", "")
        if not judges:
            return "not monitored", (
                "logs cannot show this control; it needs a person's statement"
                if c["mode"] == "attest" else "no check speaks to this "
                "control yet")
        heard = [j for j in judges if j.code not in
                 ("check.unclosed", "check.unwatched", "check.idle")
                 and (j.adopted or not j.d.show)] or judges
        for rating in ("ineffective", "unknown", "partly effective",
                       "effective", "not exercised"):
            for j in heard:
                if j.rating == rating:
                    return rating, "%s: %s" % (j.id, j.reason)
        raise AssertionError("a check without rating")

    def sources(self):
        simulated = {key[0] for key, r in self.log.starts.items()
                     if r.data.get("simulated")}
        out = {}
        beats = sorted((r.order(), host, r, listed, now)
                       for (_, host), walked in self.coverage.walked.items()
                       for r, listed, now in walked)
        for _, host, r, listed, now in beats:
            for s, standing in now.items():
                key = (host, s, r.agent)
                row = out.setdefault(key, {
                    "host": host, "source": s, "provides": [],
                    "from": FOREVER, "through": standing, "lines": 0,
                    "known": 0, "ignored": 0, "unknown": 0,
                    "simulated": r.agent in simulated})
                row["through"] = max(row["through"], standing)
                if s in listed:
                    x = listed[s]
                    row["provides"] = x["provides"]
                    row["from"] = min(row["from"],
                                      self.coverage.begins(x, standing))
                    for name in ("lines", "known", "ignored", "unknown"):
                        row[name] += x[name]
        for row in out.values():
            row["from"] = stamp(row["from"])
            row["through"] = stamp(row["through"])
        return [out[key] for key in sorted(out)]

    def slots(self):
        lines = []
        for check, judge in self.judged.items():
            for s in sorted(judge.slots, key=lambda s: (s.unit.name, s.start)):
                lines.append(dumps({
                    "check": check, "unit": s.unit.name,
                    "start": stamp(s.start), "end": stamp(s.end),
                    "due": stamp(s.due), "state": s.state, "code": s.code,
                    "reason": s.reason, "retrospective": s.retrospective,
                    "counted": s.counted}) + "\n")
        return "".join(lines)


class Judge:
    """One check: its units, their slots, its rating."""

    def __init__(self, ledger, check):
        self.ledger = ledger
        self.id = check
        self.as_of = ledger.as_of
        self.current = check in ledger.checks.at(self.as_of).entries
        holding = [v for v in ledger.checks.versions if check in v.entries]
        self.first_version = holding[0].time
        self.d = ledger.definition(check, self.as_of if self.current
                                   else holding[-1].time)
        self.adopted_at = ledger.adopted_since(check)
        self.adopted = self.adopted_at is not None
        self.occurrences = [e for e in ledger.occurrences.get(self.d.event, [])
                            if self.wanted(e)]
        self.units = self.find_units()
        self.slots = []
        for unit in self.units:
            for origin, limit in unit.spells:
                self.walk(unit, origin, limit)
            self.slots += unit.slots
        self.deal()
        for unit in self.units:
            self.judge_unit(unit)
        self.count()
        self.rate()

    def wanted(self, e):
        if e.kind == "log.loss":
            return bool(set(e.classes) & set(self.d.watch))
        if e.kind == "access.review" and not self.d.names_done():
            done = e.fields.get("done") is True
            return done != (self.d.unit == "row")
        return True

    def fits(self, e, d, when):
        return (e.kind == d.event and d.outcome in (None, e.outcome)
                and self.ledger.holds(d.wheres, e, when))

    # ------------------------------------------------------------- units (7)

    def find_units(self):
        if self.d.unit == "job":
            return self.find_jobs()
        units = {}

        def unit(name, host=None):
            return units.setdefault(name, Unit(name, host))

        declared = self.declared()
        for name in declared:
            unit(name, name if self.d.unit == "host" else None)
        seen = defaultdict(list)
        if self.by_coverage():
            for host in self.ledger.coverage.hosts:
                unit(host, host)
        elif self.d.unit != "row":
            for e in self.observable():
                name = self.unit_of(e)
                if name is not None:
                    unit(name, e.host)
                    seen[name].append(e)
        for u in units.values():
            u.spells = self.spells(declared.get(u.name, []),
                                   self.origins(u, seen[u.name]))
        return sorted((u for u in units.values() if u.spells),
                      key=lambda u: u.name)

    def by_coverage(self):
        return self.d.unit == "host" and (self.d.kind in ("never", "each")
                                          or self.d.event in BUILT_IN)

    def observable(self):
        """Occurrences that fit at their own time, no failed logins."""
        for e in self.occurrences:
            d = self.ledger.definition(self.id, e.time)
            if d is None or not self.fits(e, d, then(e)):
                continue
            if e.kind.startswith("auth.") and e.outcome == "failure":
                continue
            yield e

    def unit_of(self, e):
        if self.d.unit == "host":
            return e.host
        if self.d.unit == "user":
            user = as_text(e.fields.get("user"))
            return None if user is None else user + "@" + e.host
        if self.d.unit == "row":
            values = [e.get(k) for k in self.d.key]
            return None if None in values else "/".join(values)
        if self.d.unit == "organisation":
            return "organisation"
        name = e.job if e.job is not None else e.program
        return None if name is None else name + "@" + e.host

    def origins(self, unit, seen):
        """A function: the observed origin at or after t (None: at all)."""
        if not self.by_coverage():
            def first(t):
                for e in seen:
                    if t is None or e.time >= t:
                        return e.start
                return None
            return first
        spans = self.all_watched(unit.host)

        def covered(t):
            for a, b in spans:
                if t is None or b > t:
                    return a if t is None else max(a, t)
            return None
        return covered

    def all_watched(self, host):
        """Where every class is covered that the definition then watches."""
        times = [-FOREVER] + self.ledger.changes + [FOREVER]
        out = []
        for a, b in zip(times, times[1:]):
            d = self.ledger.definition(self.id, a)
            if d is not None:
                spans = [(a, b)]
                for c in d.watch:
                    spans = common(spans,
                                   self.ledger.coverage.of_class(host, c))
                out += spans
        return union(out)

    def declared(self):
        """unit -> [(origin, limit, ended by a version at or None)]."""
        d, ledger = self.d, self.ledger
        if d.unit == "organisation":
            if self.adopted:
                return {"organisation": [(self.adopted_at, FOREVER, None)]}
            return {}
        if d.unit == "user":
            return {}
        return self.runs([self.declared_rows(v) for v in ledger.isms.versions])

    def declared_rows(self, version):
        if self.d.unit == "host":
            return version.hosts
        if self.d.unit == "job":
            return {i: row for i, row in version.jobs.items()
                    if row.get("event", "backup.run") == self.d.event}
        out = {}
        for row in version.rows(self.d.register):
            values = [row.get(k) for k in self.d.key]
            if None not in values:
                out.setdefault("/".join(values), row)
        return out

    def runs(self, rows):
        """The unbroken runs of versions that hold a unit."""
        zone, versions = self.ledger.zone, self.ledger.isms.versions
        out = {}
        for name in {n for held in rows for n in held}:
            out[name] = []
            i = 0
            while i < len(rows):
                if name not in rows[i]:
                    i += 1
                    continue
                first = i
                while i < len(rows) and name in rows[i]:
                    i += 1
                row = rows[i - 1][name]
                ended = versions[i].time if i < len(rows) else None
                limit = FOREVER if ended is None else ended
                if row.get("to"):
                    limit = min(limit, zone.date(row["to"]))
                origin = (zone.date(row["from"]) if row.get("from")
                          else versions[first].time)
                out[name].append((origin, limit, ended))
        return out

    def spells(self, runs, observed):
        """Origins and limits; what begins after as_of does not exist yet."""
        return [s for s in self.all_spells(runs, observed)
                if s[0] <= self.as_of]

    def all_spells(self, runs, observed):
        out, after = [], None
        for origin, limit, ended in runs:
            seen = observed(after)
            if seen is not None:
                origin = min(origin, seen)
            if after is not None:
                origin = max(origin, after)
            out.append((origin, limit))
            after = ended
        if not runs or after is not None:
            seen = observed(after)
            if seen is not None:
                out.append((seen if after is None else max(seen, after),
                            FOREVER))
        return out

    # -------------------------------------------------------------- jobs (7)

    def find_jobs(self):
        ledger = self.ledger
        self.rows = [self.declared_rows(v) for v in ledger.isms.versions]
        declared = self.runs(self.rows)
        taken, seen, hosts = defaultdict(list), defaultdict(list), {}
        self.taken = set()
        for e in self.occurrences:
            if self.takers(e):
                self.taken.add(e)
        for e in self.observable():
            for job in self.takers(e):
                taken[job].append(e)
            if e not in self.taken:
                name = self.unit_of(e)
                if name is not None:
                    seen[name].append(e)
                    hosts[name] = e.host
        units = []
        for job, runs in declared.items():
            u = Unit(job, job=job)
            u.spells = self.spells(runs, self.origins(u, taken[job]))
            if u.spells:
                units.append(u)
        for name, events in seen.items():
            u = Unit(name, host=hosts[name])
            u.spells = self.spells([], self.origins(u, events))
            units.append(u)
        return sorted(units, key=lambda u: u.name)

    def takers(self, e):
        """Jobs whose row at the event's time or later matches it."""
        first = self.ledger.isms.index(e.time) if self.rows else 0
        return sorted({job for held in self.rows[first:]
                       for job, row in held.items() if self.is_of(e, row)})

    def is_of(self, e, row):
        if "match" not in row:
            return (e.job is not None
                    and e.job in (row.get("name", row["id"]), row.get("was"))
                    and row.get("host", e.host) == e.host)
        match = row["match"]
        return (match.get("program", e.program) == e.program
                and match.get("host", e.host) == e.host
                and all(self.ledger.condition(c, e.get(n), n,
                                              then(e))
                        for n, c in (match.get("fields") or {}).items()))

    def job_row(self, unit, t):
        if unit.job is None:
            return None
        first = self.ledger.isms.index(t)
        for held in self.rows[first:]:
            if unit.job in held:
                return held[unit.job]
        return None

    # ------------------------------------------------------- walk slots (7)

    def alignment(self, unit, t):
        """By the definition at t, else the last before, else the first."""
        versions = self.ledger.checks.versions
        at = self.ledger.checks.index(t)
        order = list(range(at, -1, -1)) + list(range(at + 1, len(versions)))
        d = self.ledger.definition(self.id, t)
        if d is None:
            n = next(n for n in order if self.id in versions[n].entries)
            d = self.last_in_force(n, t)
        return d.alignment(self.job_row(unit, t))

    def last_in_force(self, n, t):
        """The definition at the last instant of version n, if before t."""
        ledger = self.ledger
        times = ledger.checks.times
        if n < ledger.checks.index(t):
            return ledger.definition(self.id, times[n + 1] - 1)
        return ledger.definition(self.id, times[n])

    def end_after(self, unit, c):
        zone = self.ledger.zone
        alignment = self.alignment(unit, c)
        e = zone.next(alignment, c)
        for t in self.ledger.changes:
            if c < t <= e and self.alignment(unit, t) != alignment:
                alignment = self.alignment(unit, t)
                e = zone.next(alignment, t)
        return e

    def in_force(self, c, e):
        d = self.ledger.definition(self.id, e)
        if d is not None:
            return d
        for t in [t for t in self.ledger.changes if c < t < e][::-1] + [c]:
            d = self.ledger.definition(self.id, t)
            if d is not None:
                return d
        return None

    def walk(self, unit, origin, limit):
        c = self.ledger.zone.next(self.alignment(unit, origin), origin - 1)
        while True:
            e = self.end_after(unit, c)
            if e > limit:
                return
            d = self.in_force(c, e)
            if d is not None and d.unit != self.d.unit:
                d = None                # another kind of unit was asked for
            if c >= self.as_of:
                if d is not None:
                    due = e + d.grace
                    unit.upcoming = min(due, unit.upcoming or due)
                return
            if d is not None:
                unit.slots.append(Slot(unit, c, e, d))
            c = e

    # ---------------------------------------------------------- judging (8)

    def belongs(self, e, unit, t):
        if self.d.unit == "job":
            if unit.job is None:
                return e not in self.taken and self.unit_of(e) == unit.name
            row = self.job_row(unit, t)
            return row is not None and self.is_of(e, row)
        return self.unit_of(e) == unit.name

    def deal(self):
        """To every slot the occurrences it holds."""
        self.by_start = sorted(self.occurrences,
                               key=lambda e: (e.start, e.order))
        starts = [e.start for e in self.by_start]
        times = [e.time for e in self.occurrences]
        self.dealt = {}
        self.need = {}
        for s in self.slots:
            if s.d.event == "log.loss" and s.d.kind == "never":
                held = [e for e in self.occurrences
                        if e.time < s.end and e.until > s.start]
            elif s.d.kind == "never":
                held = self.occurrences[bisect.bisect_left(times, s.start):
                                        bisect.bisect_left(times, s.end)]
            else:
                held = self.by_start[bisect.bisect_left(starts, s.start):
                                     bisect.bisect_left(starts, s.end)]
            held = [e for e in held if self.belongs(e, s.unit, s.end)]
            s.held = sorted((e for e in held if self.fits(e, s.d, s.when)),
                            key=lambda e: e.order)
            self.dealt.update((e, s) for e in held)
        if self.d.kind == "each":
            self.take_needs()

    def take_needs(self):
        """One to one over the whole history, occurrences in order."""
        taken = set()
        for e in self.occurrences:
            s = self.dealt.get(e)
            d = s.d if s else self.ledger.definition(self.id, e.time)
            when = s.when if s else then(e)
            if d is None or not self.fits(e, d, when):
                continue
            low, high = (e.time + w for w in d.within)
            for n in self.needs_between(d, low, high):
                if n not in taken and n.usable and n is not e \
                        and self.serves(n, e, d, when):
                    taken.add(n)
                    self.need[e] = n
                    break

    def needs_between(self, d, low, high):
        out = set()
        for kind in {n["event"] for n in d.needs}:
            found = self.ledger.occurrences.get(kind, [])
            i = bisect.bisect_left(found, low, key=lambda e: e.time)
            while i < len(found) and found[i].time <= high:
                out.add(found[i])
                i += 1
        return sorted(out, key=lambda e: e.order)

    def serves(self, n, e, d, when):
        for name in d.by:
            if e.get(name) is None or e.get(name) != n.get(name):
                return False
        return any(n.kind == x["event"] and x.get("outcome") in
                   (None, n.outcome) and self.ledger.holds(
                       [x["where"]] if x.get("where") else [], n, when)
                   for x in d.needs)

    def needed(self, s):
        """(what must be covered, hosts of the slot)."""
        ledger, unit, d = self.ledger, s.unit, s.d
        if self.d.unit in ("host", "user"):
            hosts = [unit.host]
        elif self.d.unit == "job":
            last = None
            for e in self.occurrences:
                if e.time < s.end and self.belongs(e, unit, s.end) \
                        and self.fits(e, d, s.when):
                    last = e
            if last is not None:
                key = (last.host,) + last.source
                if ledger.coverage.program.get(key):
                    return [("source", last.host, last.source)], [last.host]
                hosts = [last.host]
            elif unit.host is not None:
                hosts = [unit.host]
            else:
                row = self.job_row(unit, s.end) or {}
                host = row.get("host", (row.get("match") or {}).get("host"))
                hosts = [] if host is None else [host]
        elif d.at:
            hosts = sorted(set(d.at))
        else:
            hosts = sorted({e.host for e in self.occurrences
                            if e.time < s.end and self.fits(e, d, s.when)})
            isms = ledger.isms.at(s.end)
            if not hosts and isms:
                hosts = sorted(isms.hosts)
        return [("class", h, c) for h in hosts for c in d.watch], hosts

    def judge_unit(self, unit):
        self.late = set()
        for s in sorted(unit.slots, key=lambda s: s.start):
            needs, hosts = self.needed(s)
            s.needs, s.hosts = needs, hosts
            first = min((t for h in hosts for c, t in
                         self.ledger.coverage.first_seen.get(h, {}).items()
                         if c in s.d.watch), default=FOREVER)
            s.retrospective = s.start < max(first, self.first_version)
            self.judge(s)
            s.reason = unit.name + ": " + s.reason
            if s.state in ("fail", "late", "missed", "unknown", "warn"):
                self.except_(s)

    def judge(self, s):
        kind = {"every": self.every, "never": self.never, "each": self.each,
                "share": self.share}[s.d.kind]
        verdict = kind(s)               # also counts m and k
        gone = self.missing_register(s)
        forked = [(a, b, h) for h in s.hosts
                  for a, b in self.ledger.coverage.forks.get(h, [])
                  if a < s.end and b > s.start]
        if self.as_of < s.due:
            verdict = ("open", "open", "open, due %s" % minute(s.due))
        elif forked:
            a, b, h = min(forked)
            verdict = ("unknown", "fork",
                       "two copies of %s ran together %s to %s"
                       % (h, minute(a), minute(b)))
        elif gone:
            verdict = ("unknown", "register",
                       "register %s is missing" % gone)
        s.state, s.code, s.reason = verdict
        if s.state == "late":
            self.late.add(s.takes)

    def missing_register(self, s):
        isms = self.ledger.isms.at(s.end)
        held = isms.registers if isms else {}
        return min((n for n in s.d.registers() if n not in held),
                   default=None)

    def except_(self, s):
        zone = self.ledger.zone
        for row in self.ledger.now.rows("exceptions"):
            if row["check"] != self.id or row.get("unit",
                                                  s.unit.name) != s.unit.name:
                continue
            if row.get("from") and zone.date(row["from"]) > s.start:
                continue
            if row.get("to") and zone.date(row["to"]) < s.end:
                continue
            s.reason = "%s: excepted by %s: %s (was: %s)" % (
                s.unit.name, row.get("by", ""), row.get("reason", ""), s.state)
            s.state = s.code = "excepted"
            return

    def unwatched(self, s, a, b):
        return self.ledger.coverage.uncovered(s.needs, a, b)

    def hole(self, s, a, b):
        return self.ledger.coverage.hole(s.needs, a, b)

    def poor(self, e, d):
        return TRUST.index(e.trust) > TRUST.index(d.trust)

    def every(self, s):
        d = s.d
        held = sorted((e for e in s.held if e not in self.late),
                      key=lambda e: (e.start, e.order))
        s.m = len(held)
        said = defaultdict(list)
        for e in held:
            said[self.weigh(e, s)].append(e)
        word = "%s begun %s " % (d.event, "%s")
        if said["pass"]:
            e = said["pass"][0]
            begun = word % minute(e.start)
            if all(self.poor(x, d) for x in said["pass"]):
                s.below = True
                return "pass", "every.below", begun + (
                    "succeeded, but only %s vouches for it: any local user "
                    "could have written it" % e.trust)
            return "pass", "every.pass", begun + "succeeded"
        if said["warn"]:
            e = said["warn"][0]
            begun = word % minute(e.start)
            if e.run and e.end > s.due:
                return "warn", "every.overdue", begun + (
                    "ended %s, after it was due %s"
                    % (minute(e.end), minute(s.due)))
            return "warn", "every.warn", begun + "ended with a warning"
        if said["fail"]:
            e = said["fail"][0]
            begun = word % minute(e.start)
            if e.run and e.end is None:
                return "fail", "every.unended", begun + (
                    "had no end by %s" % minute(s.due))
            return "fail", "every.fail", begun + "failed"
        if said["doubtful"]:
            return "unknown", "every.doubtful", (
                "%d %s, first %s, none that can be relied on"
                % (len(said["doubtful"]), d.event,
                   minute(said["doubtful"][0].start)))
        return self.every_none(s)

    def weigh(self, e, s):
        if not e.usable:
            return "doubtful"
        if e.run and e.end is None:
            return "fail"
        word = {"success": "pass", "warning": "warn", "failure": "fail",
                "none": "nothing"}[e.outcome]
        if word == "pass" and e.run and e.end > s.due:
            return "warn"
        return word

    def every_none(self, s):
        d = s.d
        if d.period in ("month", "quarter", "year"):
            limit = s.end + (s.end - s.start) // 4
            for e in self.by_start:
                if (s.end <= e.start < limit and e.usable
                        and e.outcome == "success" and e not in self.late
                        and not (e.run and e.end is None)
                        and self.belongs(e, s.unit, s.end)
                        and self.fits(e, d, s.when)):
                    s.takes = e
                    return "late", "every.late", (
                        "%s begun %s came after the period ended %s"
                        % (d.event, minute(e.start), minute(s.end)))
        holes = self.unwatched(s, s.start, s.due)
        lost = length(holes)
        none = "no %s from %s to %s, watched " % (d.event, minute(s.start),
                                                  minute(s.due))
        if not lost:
            return "missed", "every.missed", none + "throughout"
        if d.period in LONG and lost * 100 <= s.due - s.start:
            return "missed", "every.mostly", none + "but for %d min: %s" % (
                -(-lost // MINUTE), self.hole(s, s.start, s.due))
        return "unknown", "every.unknown", "no %s seen, but %s" % (
            d.event, self.hole(s, s.start, s.due))

    def never(self, s):
        d = s.d
        s.m = len(s.held)
        bad = [e for e in s.held if e.usable and e.outcome != "warning"]
        warn = [e for e in s.held if e.usable and e.outcome == "warning"]
        if bad:
            return "fail", "never.fail", "%d %s, first %s" % (
                len(bad), d.event, minute(bad[0].time))
        if warn:
            return "warn", "never.warn", "%d %s with a warning, first %s" % (
                len(warn), d.event, minute(warn[0].time))
        if s.held:
            return "unknown", "never.doubtful", (
                "%d %s, first %s, none that can be relied on"
                % (len(s.held), d.event, minute(s.held[0].time)))
        entries = sorted(
            (parse_stamp(x["from"]), x["program"], x["lines"])
            for h in s.hosts for x in self.ledger.coverage.closed.get(h, [])
            if x["class"] in d.watch and parse_stamp(x["from"]) < s.end
            and parse_stamp(x["through"]) >= s.start)
        if entries:
            t, program, lines = entries[0]
            return "unknown", "never.closed", (
                "%d lines of %s not understood, first %s"
                % (lines, program, minute(t)))
        if not self.unwatched(s, s.start, s.end):
            return "pass", "never.pass", (
                "no %s from %s to %s, watched throughout"
                % (d.event, minute(s.start), minute(s.end)))
        return "unknown", "never.unknown", (
            "no %s among what was seen, but %s"
            % (d.event, self.hole(s, s.start, s.end)))

    def each(self, s):
        d, coverage = s.d, self.ledger.coverage
        low, high = d.within
        s.m = len(s.held)
        s.k = sum(e in self.need for e in s.held)
        need = " or ".join(dict.fromkeys(n["event"] for n in d.needs))
        met = "%d of %d %s with %s" % (s.k, s.m, d.event, need)
        blind = None
        for e in s.held:
            if e in self.need or not e.usable:
                continue
            classes = [("class", e.host, c) for c in d.watch]
            a, b = e.time + low, e.time + high + 1
            if not coverage.uncovered(classes, a, b):
                return "fail", "each.fail", "%s, first without %s" % (
                    met, minute(e.time))
            blind = blind or (e, classes, a, b)
        if blind:
            e, classes, a, b = blind
            return "unknown", "each.window", "%s, but around %s %s" % (
                met, minute(e.time), coverage.hole(classes, a, b))
        doubtful = sum(not e.usable for e in s.held)
        if doubtful:
            return "unknown", "each.doubtful", (
                "%s, %d that cannot be relied on" % (met, doubtful))
        if self.unwatched(s, s.start, s.end):
            return "unknown", "each.unknown", (
                "%s among what was seen, but %s"
                % (met, self.hole(s, s.start, s.end)))
        if not s.m:
            return "none", "each.none", (
                "no %s to judge from %s to %s, watched throughout"
                % (d.event, minute(s.start), minute(s.end)))
        poor = [x for e in s.held for x in (e, self.need[e])
                if self.poor(x, d)]
        if poor:
            s.below = True
            return "pass", "each.below", (
                "%s, but only %s vouches for it: any local user could have "
                "written it" % (met, self.lowest(poor)))
        return "pass", "each.pass", met

    def lowest(self, events):
        return max((e.trust for e in events), key=TRUST.index)

    def share(self, s):
        d = s.d
        s.m = len(s.held)
        good = [e for e in s.held if self.is_good(e, s)]
        sure = [e for e in good if e.usable]
        s.k = len(sure)
        doubtful = len(good) - s.k
        ratio = "%d of %d %s good" % (s.k, s.m, d.event)
        asked = ", at least %s asked" % d.at_least
        if s.m and self.falls_short(s.k + doubtful, s.m, d):
            return "fail", "share.fail", ratio + (
                ", below the %s asked" % d.at_least)
        if s.m and self.falls_short(s.k, s.m, d):
            return "unknown", "share.doubtful", ratio + (
                ", %d that cannot be relied on" % doubtful) + asked
        if self.unwatched(s, s.start, s.end):
            return "unknown", "share.unknown", ratio + (
                " among what was seen, but %s"
                % self.hole(s, s.start, s.end))
        if not s.m:
            return "none", "share.none", (
                "no %s to rate from %s to %s, watched throughout"
                % (d.event, minute(s.start), minute(s.end)))
        poor = [e for e in sure if self.poor(e, d)]
        if poor:
            s.below = True
            return "pass", "share.below", ratio + asked + (
                ", but only %s vouches for it: any local user could have "
                "written it" % self.lowest(poor))
        return "pass", "share.pass", ratio + asked

    def is_good(self, e, s):
        good = s.d.good
        if e.run and (e.end is None or e.end > s.due):
            return False
        return good.get("outcome") in (None, e.outcome) and self.ledger.holds(
            [good["where"]] if good.get("where") else [], e, s.when)

    @staticmethod
    def falls_short(k, m, d):
        whole, _, decimals = d.at_least.partition(".")
        return k * 10 ** len(decimals) < int(whole + decimals) * m

    # ----------------------------------------------------------- rating (10)

    def count(self):
        self.span = max(90, 4 * NOMINAL_DAYS[self.d.period])
        low = self.as_of - self.span * DAY
        for unit in self.units:
            closed = [s for s in unit.slots if s.state != "open"]
            live = any(not s.retrospective for s in closed)
            for s in closed:
                s.counted = (low < s.end <= self.as_of
                             and not (live and s.retrospective))
        self.counted = [s for s in self.slots if s.counted]
        self.counted.sort(key=lambda s: (s.start, s.unit.name))
        self.open = [s for s in self.slots if s.state == "open"]

    def tally(self, slots):
        n = defaultdict(int)
        for s in slots:
            n[s.state] += 1
        n["F"] = n["fail"] + n["late"] + n["missed"]
        n["U"] = n["unknown"]
        n["n"] = n["pass"] + n["warn"] + n["F"]
        n["N"] = n["n"] + n["U"]
        return n

    def arithmetic(self, n):
        """Rows 3 to 6."""
        t = 5 if self.d.kind == "every" and not self.d.key_check else 0
        f, u, N = n["F"], n["U"], n["N"]
        if f * 100 > 15 * n["n"] or (self.d.fatal and n["fail"]):
            return "ineffective"
        if (f + u) * 100 <= t * N:
            return "effective"
        if (f + u) * 100 <= 5 * N or (f * 100 > t * N
                                      and (f + u) * 100 <= 15 * N):
            return "partly effective"
        return "unknown"

    def rate(self):
        self.unit_ratings = {}
        for unit in self.units:
            n = self.tally(s for s in unit.slots if s.counted)
            self.unit_ratings[unit.name] = (self.arithmetic(n), n["U"])
        self.n = n = self.tally(self.counted)
        dues = [s.due for s in self.open] + [
            u.upcoming for u in self.units if u.upcoming is not None]
        if not self.units and self.d.event in BUILT_IN:
            self.say("unknown", "check.unwatched",
                     "no agent had watched any host by then")
        elif not self.units and self.loose():
            self.say("unknown", "check.uncovered",
                     self.seen(len(self.loose()), sum(
                         e in self.need for e in self.loose()))
                     + "; no host was watched")
        elif not self.units:
            self.say("unknown", "check.empty", "none declared, none seen: "
                     "`assay-collector init --from-observed` writes a first "
                     "inventory")
        elif not self.counted and dues:
            self.say("unknown", "check.unclosed",
                     "no slot closed yet, the first is due %s"
                     % minute(min(dues)))
        elif self.counted and not self.adopted and self.d.show:
            self.say("unknown", "check.unadopted", self.unadopted())
        elif n["N"] == 0:
            self.say("not exercised", "check.idle", "nothing was due in %d "
                     "slots" % (n["none"] + n["excepted"]))
        else:
            self.rate_counted(n)

    def say(self, rating, code, reason):
        self.rating, self.code, self.reason = rating, code, reason

    def unadopted(self):
        slots = self.counted + self.open
        m, k = sum(s.m for s in slots), sum(s.k for s in slots)
        return self.seen(m, k) + "; not adopted in the policy"

    def seen(self, m, k):
        seen = "%d %s seen" % (m, self.d.event)
        if self.d.kind == "each":
            need = " or ".join(dict.fromkeys(n["event"]
                                             for n in self.d.needs))
            seen += ", %d with %s" % (k, need)
        return seen

    def loose(self):
        """What fits although there is no unit it could belong to."""
        if self.d.unit != "host" or self.d.kind not in ("never", "each"):
            return []
        low = self.as_of - self.span * DAY
        then_in_force = [(e, self.ledger.definition(self.id, e.time))
                         for e in self.occurrences if e.time > low]
        return [e for e, d in then_in_force
                if d is not None and self.fits(e, d, then(e))]

    def first(self, *states):
        return next(s.reason for s in self.counted if s.state in states)

    def rate_counted(self, n):
        bad = ("fail", "late", "missed")
        rating = self.arithmetic(n)
        if rating == "ineffective":
            self.say(rating, "check.deviations",
                     "%d of %d slots deviate (%d failed, %d late, %d missed); "
                     "%s" % (n["F"], n["n"], n["fail"], n["late"],
                             n["missed"], self.first(*bad)))
        elif rating == "partly effective":
            self.say(rating, "check.partly",
                     "%d of %d slots deviate, %d unknown; %s"
                     % (n["F"], n["N"], n["U"], self.first("unknown", *bad)))
        elif rating == "unknown":
            self.say(rating, "check.unknown",
                     "%d of %d slots unknown, %d deviate; %s"
                     % (n["U"], n["N"], n["F"], self.first("unknown")))
        else:
            days = (self.as_of - self.counted[0].start) // DAY
            text = "%d of %d slots, %d of %d days" % (
                n["pass"] + n["warn"], n["N"], min(days, self.span),
                self.span)
            caps = self.caps(n)
            if caps:
                text += "; at best partly: " + "; ".join(caps)
                rating = "partly effective"
            self.say(rating, "check.effective", text)

    def caps(self, n):
        out = []
        for word in ("ineffective", "unknown"):
            named = [u for u, (r, _) in sorted(self.unit_ratings.items())
                     if r == word]
            if named:
                out.append("unit %s alone is %s" % (named[0], word))
        twice = self.twice()
        if twice:
            out.append("%s deviates or is unknown twice in a row, %s"
                       % (twice[1], minute(twice[0])))
        if (n["warn"] + n["U"]) * 100 > 5 * n["N"]:
            out.append("%d of %d slots warn or are unknown"
                       % (n["warn"] + n["U"], n["N"]))
        if not self.adopted:
            out.append("not adopted in the policy")
        if not self.population():
            out.append("population not declared")
        mode = next((c["mode"] for c in self.ledger.controls
                     if c["id"] == self.d.control), None)
        if mode == "facet":
            out.append("logs show only a facet of this control")
        below = sum(s.below and s.state == "pass" for s in self.counted)
        if below:
            out.append("%d slots pass on evidence any local user could have "
                       "written" % below)
        if all(s.retrospective for s in self.counted):
            out.append("every slot began before assay watched")
        return out

    def twice(self):
        found = []
        for unit in self.units:
            before = False
            for s in sorted(unit.slots, key=lambda s: s.start):
                if not s.counted or s.state in ("none", "excepted"):
                    continue
                now = s.state in ("fail", "late", "missed", "unknown")
                if before and now:
                    found.append((s.start, unit.name))
                    break
                before = now
        return min(found, default=None)

    def population(self):
        now = self.ledger.now
        if self.d.unit in ("host", "user"):
            return bool(now.hosts)
        if self.d.unit == "job":
            return bool(now.jobs)
        if self.d.unit == "organisation":
            return bool(now.top.get("scope"))
        return self.d.register in now.registers

    def answer(self):
        n = self.n
        row = self.ledger.now.adopts.get(self.id)
        ratings = list(self.unit_ratings.values())
        watched = length_of = 0
        for s in self.counted:
            length_of += s.end - s.start
            watched += s.end - s.start - length(
                self.unwatched(s, s.start, s.end))
        return {
            "id": self.id, "kind": self.d.kind, "adopted": self.adopted,
            "criterion": row.get("criterion") if self.adopted else None,
            "rating": self.rating, "reason": self.reason, "n": n["n"],
            "pass": n["pass"], "warn": n["warn"], "fail": n["fail"],
            "late": n["late"], "missed": n["missed"],
            "unknown": n["unknown"], "open": len(self.open),
            "none": n["none"], "excepted": n["excepted"],
            "units": {"total": len(self.units),
                      "ineffective": sum(r == "ineffective"
                                         for r, _ in ratings),
                      "unknown": sum(r == "unknown" and u > 0
                                     for r, u in ratings)},
            "coverage": {"covered_s": watched // SECOND,
                         "period_s": length_of // SECOND}}


# --------------------------------------------------------------- command line

def read_export(path):
    with open(path, "rb") as f:
        return [line for line in f.read().split(b"\n") if line]


def batch():
    for line in sys.stdin:
        path, as_of, known_at, form = line.split()
        ledger = Ledger(read_export(path),
                        None if as_of == "-" else parse_stamp(as_of),
                        None if known_at == "-" else int(known_at))
        print(ledger.report() if form == "report" else
              dumps(ledger.slots()), flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("export", nargs="?")
    p.add_argument("--as-of")
    p.add_argument("--known-at", type=int)
    p.add_argument("--slots", action="store_true")
    p.add_argument("--batch", action="store_true")
    args = p.parse_args()
    if args.batch:
        batch()
        return
    ledger = Ledger(read_export(args.export), parse_stamp(args.as_of),
                    args.known_at)
    sys.stdout.write(ledger.slots() if args.slots else ledger.report() + "\n")


if __name__ == "__main__":
    main()
