# SPDX-License-Identifier: Apache-2.0
"""What was written and what the agent's spool says, compared line by line.

    lost         a file still held the line at the end, and it is no event
    unexplained  no file held it any more, it is no event, and lies in no gap
    explained    the same, but in a gap of its log
    before       the same, and it went before the agent had read anything of its
                 log: no coverage is claimed for that time
    repeated     an event of one line more than once, under different ids
    replayed     more than once under one id
    forged       an event that is no line that was written
    torn         an event of the beginning of a line, where its file was cut,
                 and which says that it has no end
    disorder     an event of one generation before one of a smaller offset

All but `explained` and `before` must be 0. A gap explains a line when the line's stamp, or
the moment it was written, is not outside of it.
"""
import base64
import calendar
import json
import subprocess
import time

MUST_BE_NONE = ("lost", "unexplained", "repeated", "replayed", "forged",
                "disorder", "unsealed")


def us_of(text):
    at = time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
    return calendar.timegm(at) * 1000000 + int(text[20:26])


class Gap:
    def __init__(self, data):
        self.source = data["source"]
        self.from_us = us_of(data["from"])
        self.to_us = us_of(data["to"])
        self.reason = data["reason"]
        self.what = data["what"]
        self.recovered = data.get("recovered", False)
        self.missing = 0

    def __str__(self):
        return (f"{self.reason}{' recovered' if self.recovered else ''} "
                f"{clock(self.from_us)} to {clock(self.to_us)} {self.what}")

    def holds(self, line):
        return self.from_us <= line.stamp_us <= self.to_us or \
            self.from_us <= line.written_us <= self.to_us


def clock(us):
    return time.strftime("%H:%M:%S", time.gmtime(us // 1000000)) + \
        f".{us % 1000000:06d}"


def kept(raw):
    if raw.get("enc") == "base64":
        return base64.b64decode(raw["text"])
    return raw["text"].encode()


def is_torn(raw, line):
    return line is not None and raw.get("eol") is False and \
        raw["len"] < line.size and line.text.startswith(kept(raw))


def difference(raw, line):
    text = kept(raw)
    if line is None:
        return f"nobody wrote {text[:120]}"
    if text != line.text:
        return f"{len(text)} bytes {text[:120]} for {line.text[:120]}"
    return f"length {raw['len']} for {line.size}"


class Spool:
    """The records of a spool that matter here."""

    def __init__(self, spoolcat, directory, truth):
        self.seen = {}  # key: [(id, place)]
        self.gaps = []
        self.from_us = {}  # source: where its coverage begins
        self.forged = []
        self.torn = 0
        self.disorder = []
        self.starts = 0
        self.events = 0
        last = {}
        cat = subprocess.Popen([spoolcat, directory], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        for text in cat.stdout:
            if b'"type":"assay.event.v1"' in text:
                self.event(json.loads(text), truth, last)
            elif b'"type":"assay.gap.v1"' in text:
                self.gaps.append(Gap(json.loads(text)["data"]))
            elif b'"type":"assay.heartbeat.v1"' in text:
                for source in json.loads(text)["data"]["sources"]:
                    self.from_us.setdefault(source["id"],
                                            us_of(source["from"]))
            elif b'"type":"assay.start.v1"' in text:
                self.starts += 1
        self.findings = cat.stderr.read().decode(errors="replace").splitlines()
        cat.stderr.close()
        if cat.wait() != 0 and not self.findings:
            self.findings.append(f"spoolcat: exit {cat.returncode}")

    def event(self, record, truth, last):
        data = record["data"]
        fields, origin = data["fields"], data["origin"]
        key = (fields["writer"], fields["serial"])
        place = (origin["gen"], origin["offset"])
        line = truth.lines.get(key)
        self.events += 1
        if line is None or kept(data["raw"]) != line.text or \
                data["raw"]["len"] != line.size:
            if is_torn(data["raw"], line):
                self.torn += 1
                return
            self.forged.append((key, place, difference(data["raw"], line)))
            return
        at = (origin["id"], origin["gen"])
        if last.get(at, -1) >= origin["offset"]:
            self.disorder.append((key, place))
        last[at] = origin["offset"]
        self.seen.setdefault(key, []).append((record["id"], place))


class Verdict:
    """counts, and for what is wrong: problems, a list of (log, moment, text)."""

    def __init__(self, truth, spool, stem_of):
        self.counts = dict.fromkeys(MUST_BE_NONE, 0)
        self.counts.update(written=0, read=spool.events, destroyed=0,
                           explained=0, before=0, torn=spool.torn,
                           gaps=len(spool.gaps))
        self.problems = []
        gaps = {}
        for gap in spool.gaps:
            gaps.setdefault(gap.source, []).append(gap)
        for line in truth.whole():
            self.judge(line, spool.seen.get(line.key, ()),
                       gaps.get(stem_of(line.log), ()),
                       spool.from_us.get(stem_of(line.log), 0))
        for key, place, raw in spool.forged:
            self.wrong("forged", truth.lines.get(key),
                       f"{key} at {place}: {raw}")
        for key, place in spool.disorder:
            self.wrong("disorder", truth.lines[key], f"{key} at {place}")
        for text in spool.findings:
            self.wrong("unsealed", None, text)
        self.counts["gaps where nothing is missing"] = \
            sum(not gap.missing for gap in spool.gaps)
        for gap in spool.gaps:
            name = f"gaps {gap.reason}" + \
                (" recovered" if gap.recovered else "")
            self.counts[name] = self.counts.get(name, 0) + 1

    def wrong(self, what, line, text):
        self.counts[what] += 1
        self.problems.append((line.log if line else None,
                              line.written_us or line.stamp_us
                              if line else None,
                              f"{what}: {text}"))

    def judge(self, line, seen, gaps, from_us):
        c = self.counts
        c["written"] += 1
        c["destroyed"] += line.destroyed_us is not None
        if seen:
            if len(seen) > 1:
                same = len(set(i for i, _ in seen)) == 1
                self.wrong("replayed" if same else "repeated", line,
                           f"{line.key} {line.place} {len(seen)} times: {seen[:3]}")
            return
        told = f"{line.key} {line.place} written {clock(line.written_us)}"
        if line.destroyed_us is None:
            self.wrong("lost", line, told)
            return
        told += f" destroyed {clock(line.destroyed_us)}"
        holding = [gap for gap in gaps if gap.holds(line)]
        for gap in holding:
            gap.missing += 1
        if holding:
            c["explained"] += 1
        elif line.destroyed_us < from_us:
            c["before"] += 1
        else:
            self.wrong("unexplained", line, told)

    def bad(self):
        return any(self.counts[what] for what in MUST_BE_NONE)
