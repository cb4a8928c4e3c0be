# SPDX-License-Identifier: Apache-2.0
"""Builds exports as agents and a collector would have written them.

A History holds one collector and any number of agents. Writers keep epoch,
sequence, chain and key, so every record is hashed and sealed for real. Times
are microseconds UTC; at("2026-05-12 02:10") makes one.

    h = History("demo")
    h.collector.files("checks", at("2026-05-01 00:00"), {"a.yml": "..."})
    web = h.agent("web01")
    web.source("journal", ["auth", "backup"], since=at("2026-05-01 00:00"))
    web.later(at("2026-05-02 02:10"), "backup.run", "success")
    web.start(at("2026-05-01 10:00"))
    web.watch(at("2026-05-09 00:00"), step=HOUR)
    h.export("demo.ndjson")

watch() writes what later() planned, a heartbeat each step and a seal after
each heartbeat. Randomness comes from the seed alone, so a history always has
the same bytes.
"""
import base64
import copy
import hashlib
import json
import random
import struct
import uuid
import zoneinfo
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from io import BytesIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey)
from cryptography.hazmat.primitives.serialization import (Encoding,
                                                          PublicFormat)

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1)
ZEROS = bytes(32)
RECORD_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:assay:record")

# kind, outcomes, fields, limit of a run: the vocabulary of these histories
KINDS = [
    ("auth.login", "success, failure", "user: string, src_ip: ip, src_port: "
     "int, remote: bool, service: string", None),
    ("auth.mfa", "success, failure", "user: string, service: string", None),
    ("privilege.use", "success, failure", "user: string, by: string, "
     "src_ip: ip, count: int", None),
    ("access.review", "success, failure, none", "review: string, system: "
     "string, user: string, role: string, done: bool, rows: int", None),
    ("backup.run", "success, warning, failure, none", "job: string, repo: "
     "string, duration: duration", "24h"),
    ("backup.verify", "success, warning, failure, none", "job: string, "
     "duration: duration", "30m"),
    ("patch.run", "success, warning, failure", "job: string, count: int, "
     "duration: duration", None),
    ("log.loss", "warning, failure", "source: string, reason: string", None),
    ("log.tamper", "failure", "agent: string, reason: string", None),
    ("log.fork", "failure", "agent: string, reason: string", None),
    ("clock.state", "success, failure", "synced: bool", None),
]
EVENTS = "events:\n" + "".join(
    "  - event: %s\n    about: Seen in these histories.\n    outcomes: [%s]\n"
    "    fields: {%s}\n%s" % (kind, outcomes, fields, limit and
                             "    run: {limit: %s, outcome: worst}\n" % limit
                             or "")
    for kind, outcomes, fields, limit in KINDS)

# id, title, theme, mode: enough of Annex A for these histories.
CONTROLS = [
    ("A.5.15", "Access control", "organizational", "joined"),
    ("A.5.18", "Access rights", "organizational", "joined"),
    ("A.6.3", "Information security awareness, education and training",
     "people", "attest"),
    ("A.8.2", "Privileged access rights", "technological", "joined"),
    ("A.8.5", "Secure authentication", "technological", "joined"),
    ("A.8.7", "Protection against malware", "technological", "facet"),
    ("A.8.8", "Management of technical vulnerabilities", "technological",
     "joined"),
    ("A.8.13", "Information backup", "technological", "joined"),
    ("A.8.15", "Logging", "technological", "direct"),
    ("A.8.17", "Clock synchronization", "technological", "direct"),
]


def at(text):
    """Microseconds of `2026-05-12 02:10[:33]` in UTC."""
    form = "%Y-%m-%d %H:%M:%S" if text.count(":") == 2 else "%Y-%m-%d %H:%M"
    return (datetime.strptime(text, form) - EPOCH) // timedelta(
        microseconds=1)


def stamp(us):
    d = EPOCH + timedelta(microseconds=us)
    return d.isoformat(timespec="microseconds") + "Z"


def compact(value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("\x7f", "\\u007f").encode()


def frameworks(controls=CONTROLS):
    themes = [c[2] for c in controls]
    return ("framework: iso27001-2022\nedition: \"2022\"\n"
            "title: Some controls\nthemes:\n" + "".join(
                "  - {theme: %s, title: Of its kind, controls: %d}\n"
                % (t, themes.count(t)) for t in sorted(set(themes)))
            + "controls:\n" + "".join(
                "  - {id: %s, title: \"%s\", theme: %s, new: true, mode: %s, "
                "types: [preventive], properties: [C, I, A], concepts: "
                "[identify], capabilities: [governance], was_2013: []}\n" % c
                for c in controls))


# ------------------------------------------------------------------- the zone

def tzif(transitions, types, footer):
    """A TZif file, version 2: [(instant_s, type)], [(offset_s, dst, name)]."""
    names = b"".join(n.encode() + b"\0" for _, _, n in types)
    head = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0,
                       len(transitions), len(types), len(names))
    body = b"".join(struct.pack(">q", t) for t, _ in transitions)
    body += bytes(i for _, i in transitions)
    where = 0
    for offset, dst, name in types:
        body += struct.pack(">lbb", offset, dst, where)
        where += len(name) + 1
    empty = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, 0, 1, 4)
    empty += struct.pack(">lbb", 0, 0, 0) + b"UTC\0"
    return empty + head + body + names + b"\n" + footer.encode() + b"\n"


ZONES = {
    "Europe/Berlin": "CET-1CEST,M3.5.0,M10.5.0/3",
    "America/New_York": "EST5EDT,M3.2.0,M11.1.0",
    "Australia/Lord_Howe": "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "Asia/Kolkata": "IST-5:30",
}


@lru_cache(maxsize=None)
def zone_bytes(name):
    """Table up to the middle of 2026, the rule of the footer after it."""
    footer = ZONES[name]
    rule = zoneinfo.ZoneInfo.from_file(BytesIO(
        tzif([], [(0, 0, "UTC")], footer)))

    def kind(s):
        d = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=s)
        local = d.astimezone(rule)
        return (int(local.utcoffset().total_seconds()),
                1 if local.dst() else 0, local.tzname())

    t, end = at("2025-01-01 00:00") // SECOND, at("2026-07-01 00:00") // SECOND
    types, transitions = [kind(t)], []
    while t < end:
        if kind(t) != kind(t + 3600):
            low, high = t, t + 3600
            while high - low > 1:
                middle = (low + high) // 2
                low, high = ((middle, high) if kind(middle) == kind(t)
                             else (low, middle))
            if kind(high) not in types:
                types.append(kind(high))
            transitions.append((high, types.index(kind(high))))
        t += 3600
    return tzif(transitions, types, footer)


# -------------------------------------------------------------------- writers

class Writer:
    """Whoever appends records: epoch, sequence, chain, key, seals."""

    role = None

    def __init__(self, history, host, host_id):
        self.history = history
        self.random = history.random
        self.uuid = self.new_uuid()
        self.host = {"name": host, "id": host_id or self.new_uuid()}
        self.key = Ed25519PrivateKey.from_private_bytes(
            self.random.randbytes(32))
        self.public = self.key.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.key_id = hashlib.sha256(self.public).digest()[:16].hex()
        self.epoch = None

    def new_uuid(self):
        return str(uuid.UUID(bytes=self.random.randbytes(16), version=4))

    def begin(self):
        """A new epoch."""
        self.epoch = self.random.randbytes(16).hex()
        self.sequence = 0
        self.c = ZEROS
        self.sealed = 0             # last sequence of the last seal's range
        self.sealed_head = ZEROS
        self.unsealed = 0           # records after it, seals not counted

    def put(self, kind, time, data, readtime=None, identity=None):
        """Appends one record; returns its entry."""
        self.sequence += 1
        number = "%020d" % self.sequence
        if identity is None:
            identity = str(uuid.uuid5(RECORD_NAMESPACE,
                                      self.epoch + "\n" + number))
        record = {"specversion": "1.0", "type": "assay.%s.v1" % kind,
                  "source": "urn:assay:%s:%s" % (self.role, self.uuid),
                  "id": identity}
        if time is not None:
            record["time"] = stamp(time)
        readtime = time if readtime is None else readtime
        record.update({
            "datacontenttype": "application/json", "agent": self.uuid,
            "epoch": self.epoch, "sequence": number,
            "readtime": stamp(readtime),
            "salt": self.random.randbytes(16).hex(), "data": data})
        line = compact(record)
        leaf = hashlib.sha256(b"\0" + line).digest()
        self.c = hashlib.sha256(b"\2" + self.c + leaf).digest()
        self.unsealed += kind != "seal"
        return self.history.add(readtime, self, kind, line)

    def seal(self, time, **change):
        """Vouches for everything since the last seal."""
        if not self.unsealed:
            return None
        first, last = self.sealed + 1, self.sequence
        data = {"host": self.host, "first": "%020d" % first,
                "last": "%020d" % last, "prev": self.sealed_head.hex(),
                "head": self.c.hex(), "key": self.key_id, "alg": "ed25519"}
        key = change.pop("with_key", self.key)
        data.update(change)
        text = "".join(x + "\n" for x in (
            "assay seal v1", self.uuid, self.epoch, data["first"],
            data["last"], data["prev"], data["head"], data["key"],
            stamp(time)))
        data["sig"] = base64.b64encode(key.sign(text.encode())).decode()
        self.sealed, self.sealed_head, self.unsealed = last, self.c, 0
        return self.put("seal", time, data)

    def start(self, time, prev="last", reason=None, simulated=False):
        """A new epoch; prev: "last", None, or (epoch, last, head)."""
        if prev == "last":
            prev = self.tip()
        self.begin()
        data = {"host": self.host, "version": "0.1.0", "zone": "Etc/UTC",
                "key": {"id": self.key_id, "alg": "ed25519",
                        "public": base64.b64encode(self.public).decode()},
                "files": {}, "prev": prev and {
                    "epoch": prev[0], "last": "%020d" % prev[1],
                    "head": prev[2].hex()}}
        if prev is None:
            data["reason"] = reason or "first start"
        if simulated:
            data["simulated"] = True
        return self.put("start", time, data)

    def tip(self):
        """What the next start names: (epoch, last, head) or None."""
        return self.epoch and (self.epoch, self.sequence, self.c)


class Agent(Writer):
    role = "agent"

    def __init__(self, history, host, host_id=None):
        super().__init__(history, host, host_id)
        self.sources = {}
        self.plan = []
        self.now = None
        self.lines = 0

    def source(self, name, provides, since, program=None):
        """A source the agent reads from now on."""
        s = {"id": name, "provides": provides}
        if program:
            s["program"] = program
        s["from"] = stamp(since)
        self.sources[name] = s
        return name

    def heartbeat(self, time, through=None, complete=False, stuck=None,
                  synced=True, unknown=(), also=(), changed=()):
        """stuck: {source: standing} of those behind; also: listed as well."""
        stuck = stuck or {}
        through = time if through is None else through
        listed = []
        for name, s in self.sources.items():
            if complete or name in stuck or name in also or name in changed:
                known = self.random.randrange(50)
                row = dict(s)
                row.update({"through": stamp(stuck.get(name, through)),
                            "lines": known + 3, "known": known, "ignored": 2,
                            "unknown": 1, "lag_us": 0})
                listed.append(row)
        return self.put("heartbeat", time, {
            "host": self.host, "through": stamp(through),
            "complete": complete, "sources": listed,
            "unknown": list(unknown),
            "clock": {"synced": synced, "offset_us": 120,
                      "maxerror_us": 16000},
            "spool": {"bytes": 4096, "unsent": 0}, "refused": {}})

    def event(self, time, kind, outcome, fields=None, source=None,
              readtime=None, trust="root", program="program", rule=None,
              phase=None, pid=None, systemd=None, path=None, host=None,
              observer=None, ambiguous=False, doubtful=False, controls=(),
              identity=None, timeless=False):
        source = source or next(iter(self.sources))
        self.lines += 1
        data = {"host": host or self.host}
        if observer:
            data["observer"] = observer
        data.update({"event": kind, "outcome": outcome,
                     "rule": rule or program + "." + kind.split(".")[1],
                     "controls": ["iso27001-2022:" + c for c in controls]})
        if phase:
            data["phase"] = phase
        data["program"] = program
        if pid is not None:
            data["pid"] = pid
        if systemd:
            data["systemd_unit"] = systemd
        origin = {"source": "file" if path else "journal"}
        if path:
            origin["path"] = path
        origin.update({"id": source,
                       "class": self.sources[source]["provides"][0],
                       "trust": trust})
        data.update({"fields": fields or {}, "count": 1, "origin": origin,
                     "clock": {"precision": "us", "inferred": [],
                               "doubtful": doubtful},
                     "ambiguous": ambiguous})
        if identity is None:
            identity = str(uuid.uuid5(uuid.UUID(self.host["id"]), "%s\n%s\n%d"
                                      % (kind, source, self.lines)))
        if readtime is None:
            readtime = max(time, self.now or time)
        if timeless:
            time = None
        return self.put("event", time, data, readtime, identity)

    def gap(self, time, source, classes, begin, end, reason, recovered=False,
            lines=None):
        data = {"host": self.host, "source": source, "classes": classes,
                "from": stamp(begin), "to": stamp(end), "what": {},
                "reason": reason}
        if recovered:
            data["recovered"] = True
        data["lines"] = lines
        return self.put("gap", time, data)

    # ------------------------------------------------------- whole stretches

    def later(self, time, *args, **kw):
        """Plans an event that watch() writes when it is read."""
        read = kw.get("readtime", time)
        self.plan.append((read, len(self.plan), time, args, kw))

    def first(self, time, **kw):
        """A start, its complete heartbeat, and a seal over both."""
        self.start(time, **kw)
        self.write_due(time)
        self.heartbeat(time, complete=True)
        self.seal(time + 5 * SECOND)
        self.now = time

    def write_due(self, time):
        self.plan.sort(key=lambda p: p[:2])
        while self.plan and self.plan[0][0] <= time:
            read, _, when, args, kw = self.plan.pop(0)
            kw["readtime"] = max(read, self.now or read)
            self.event(when, *args, **kw)

    def watch(self, until, step=HOUR, stuck=None, seal=1, **kw):
        """Heartbeats from now to `until`, planned events, seals.

        seal: the share of heartbeats that a seal follows.
        """
        while self.now < until:
            time = min(self.now + step, until)
            self.write_due(time)
            self.heartbeat(time, stuck=stuck, **kw)
            if seal == 1 or self.random.random() < seal:
                self.seal(time + 5 * SECOND)
            self.now = time

    def stop(self, time):
        """A last heartbeat and a last seal."""
        self.write_due(time)
        self.heartbeat(time)
        self.seal(time)
        self.now = time

    def clone(self, host=None, host_id=None):
        """The image of this machine, started elsewhere."""
        other = copy.copy(self)
        other.sources = {k: dict(v) for k, v in self.sources.items()}
        other.plan = []
        other.host = dict(self.host)
        if host:
            other.host["name"] = host
        if host_id:
            other.host["id"] = host_id
        return other


class Collector(Writer):
    role = "collector"

    def files(self, name, time, files, parts=1):
        """A set of files in force from `time`; values are text or bytes."""
        if self.epoch is None:
            self.start(time)
        if name == "checks":
            files = {"events.yml": EVENTS, **files}
        rows = []
        for path in sorted(files):
            body = files[path]
            raw = body if isinstance(body, bytes) else body.encode()
            row = {"path": path, "sha256": hashlib.sha256(raw).hexdigest()}
            if isinstance(body, bytes):
                row.update({"text": base64.b64encode(raw).decode(),
                            "enc": "base64"})
            else:
                row["text"] = body
            rows.append(row)
        listing = "".join("%s  %s\n" % (r["sha256"], r["path"]) for r in rows)
        whole = hashlib.sha256(listing.encode()).hexdigest()
        for part in range(1, parts + 1):
            self.put("files", time, {
                "host": self.host, "set": name, "hash": whole, "part": part,
                "parts": parts, "files": rows[part - 1::parts]})

    def checks(self, time, text):
        self.files("checks", time, {"checks.yml": "framework: iso27001-2022\n"
                                    "checks:\n" + text})

    def isms(self, time, text, zone=None):
        """One file with every top key; the zone's bytes beside it."""
        files = {"isms.yml": text}
        if zone:
            files["zone"] = zone_bytes(zone)
        self.files("isms", time, files)

    def says(self, time, event, host, **fields):
        """log.tamper or log.fork about a host."""
        self.put("event", time, {
            "host": host, "event": event, "outcome": "failure",
            "rule": event, "controls": [], "program": "assay-collector",
            "fields": fields, "count": 1,
            "origin": {"source": "collector", "id": "collector", "class": "agent",
                       "trust": "root"},
            "clock": {"precision": "us", "inferred": [], "doubtful": False},
            "ambiguous": False})

    def act(self, time, kind, actor, reason, **body):
        self.put("act", time, {"kind": kind, "actor": actor,
                               "at": stamp(time), "reason": reason,
                               "body": body})


class Entry:
    """A record in the log: bytes, and who wrote them when."""

    __slots__ = ("time", "writer", "kind", "line", "epoch", "sequence")

    def __init__(self, time, writer, kind, line):
        self.time = time
        self.writer = writer
        self.kind = kind
        self.line = line
        self.epoch = writer.epoch
        self.sequence = writer.sequence


class History:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.entries = []
        self.collector = Collector(self, "collector", None)

    def agent(self, host, host_id=None):
        return Agent(self, host, host_id)

    def add(self, time, writer, kind, line):
        entry = Entry(time, writer, kind, line)
        self.entries.append(entry)
        return entry

    def log(self):
        """Every record, in the order of the times they were made."""
        return sorted(self.entries, key=lambda e: e.time)

    def lines(self):
        return [e.line for e in self.log()]

    def export(self, path):
        with open(path, "wb") as f:
            f.write(b"".join(line + b"\n" for line in self.lines()))
