#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A fleet nobody declared: what `init --from-observed` writes of it, and what
the ledger says once a person has filled that in. Prints TAP.

The nights of May 2026: web01 and db01 run restic as a systemd unit, web01
also borg without any name. In the second history db01 misses ten nights.
"""
import os
import re
import subprocess
import sys
import tempfile

SOURCE = os.environ["ASSAY_SOURCE"]
COLLECTOR = os.environ["ASSAY_COLLECTOR"]
sys.path.insert(0, os.path.join(SOURCE, "tests/collector/ledger"))

from check_histories import read, shipped  # noqa: E402
from histories import Bench, day, recompute_or_none, twin  # noqa: E402
from history import HOUR, MINUTE, History  # noqa: E402

count = failed = 0


def is_(sentence, got, want):
    global count, failed
    count += 1
    good = got == want
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, sentence))
    if not good:
        for line in ("got  %s\nwant %s" % (got, want)).splitlines():
            print("# " + line, flush=True)


def backup(agent, begin, program, **kw):
    agent.later(begin, "backup.run", "none", {}, phase="start",
                program=program, **kw)
    agent.later(begin + 15 * MINUTE, "backup.run", "success", {}, phase="end",
                program=program, **kw)


def fleet(missing=()):
    h = History("fleet %d" % len(missing))
    h.collector.files("frameworks", day(1) - 12 * HOUR, shipped("frameworks"))
    h.collector.files("checks", day(1) - 12 * HOUR,
                      {**shipped("checks"), "events.yml": read("events.yml")})
    for name in ("web01", "db01"):
        agent = h.agent(name)
        agent.source("journal", ["auth", "syslog", "backup", "package"],
                     since=day(1) - HOUR)
        agent.first(day(1) - HOUR, prev=None)
        for n in range(1, 32):
            if name == "web01" or n not in missing:
                backup(agent, day(n, "02:10"), "restic",
                       systemd="restic-etc.service")
            if name == "web01":
                backup(agent, day(n, "03:10"), "borg")
        agent.watch(day(32), step=6 * HOUR)
    return h


def command(*args):
    done = subprocess.run([COLLECTOR, *args], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode()


def options(directory):
    open(os.path.join(directory, "collector.yml"), "a").close()
    return ["--config", os.path.join(directory, "collector.yml"), "--rules",
            os.path.join(SOURCE, "rules"), "--isms",
            os.path.join(directory, "etc/isms")]


def texts(directory):
    isms = os.path.join(directory, "etc/isms")
    out = {}
    for name in sorted(os.listdir(isms)):
        with open(os.path.join(isms, name), encoding="utf-8") as f:
            out[name] = f.read()
    return out


def fill_in(directory):
    """What a person does with the draft: names it, adopts backup-daily."""
    isms = os.path.join(directory, "etc/isms")
    scope = texts(directory)["scope.yml"]
    scope = scope.replace("organisation:", "organisation: Example Ltd")
    scope = scope.replace("scope:", "scope: The shop")
    policy, done = re.subn(
        r"  #(- check: backup-daily)\n  #(  criterion: .*)\n  #(  by:)\n"
        r"  #(  on:)\n",
        r"  \1\n  \2\n  \3 Ann\n  \4 2026-05-01\n",
        texts(directory)["policy.yml"])
    is_("the policy holds backup-daily ready to be adopted", done, 1)
    for name, text in (("scope.yml", scope), ("policy.yml", policy)):
        with open(os.path.join(isms, name), "w", encoding="utf-8") as f:
            f.write(text)


def draft(history, directory):
    export = os.path.join(directory, "export.ndjson")
    history.export(export)
    code, out = command("init", "--from-observed", export,
                        *options(directory))
    is_("init writes four files", (code, out.count(" written\n")), (0, 4))


def adopted(missing):
    """Draft, fill in, put in force; the report's entry of backup-daily."""
    h = fleet(missing)
    with tempfile.TemporaryDirectory() as directory:
        draft(h, directory)
        fill_in(directory)
        is_("what was filled in has nothing wrong",
            command("check", *options(directory), "--strict")[0], 0)
        h.collector.files("isms", day(31), texts(directory))
    ledgers = [twin] + [r for r in [recompute_or_none()] if r]
    return [Bench(ask)(h, day(31, "20:00")).checks["backup-daily"]
            for ask in ledgers]


def shipped_checks():
    return sum(len(re.findall(r"^  - id: ", text, re.M))
               for text in shipped("checks").values())


def main():
    with tempfile.TemporaryDirectory() as directory:
        draft(fleet(), directory)
        wrote = texts(directory)
        is_("the hosts that were seen are there",
            re.findall(r"^  - name: (\S+)", wrote["inventory.yml"], re.M),
            ["db01", "web01"])
        is_("so are the jobs, each under an id of its own",
            re.findall(r"^  - id: (\S+)", wrote["inventory.yml"], re.M),
            ["restic-etc-db01", "borg", "restic-etc-web01"])
        is_("the statement of applicability has 93 rows nobody decided",
            (wrote["soa.yml"].count("- control: A."),
             wrote["soa.yml"].count("applicable:\n")), (93, 93))
        is_("every shipped check is in the policy, and none adopted",
            (wrote["policy.yml"].count("\n  #- check: "),
             wrote["policy.yml"].count("\n  - check: ")), (shipped_checks(), 0))
        code, out = command("check", *options(directory))
        is_("check asks for what only people can say, and for nothing else",
            (code, re.findall(r"warning: (.*?)(?:: |\n)", out)),
            (0, ["'adopts' lists nothing", "'organisation' is not filled in",
                 "'scope' is not filled in"]))
        with open(os.path.join(directory, "etc/isms", "soa.yml"), "w",
                  encoding="utf-8") as f:
            f.write("soa: []\n")
        os.unlink(os.path.join(directory, "etc/isms", "scope.yml"))
        code, out = command("init", *options(directory))
        is_("a file that is there stays as it is",
            (code, out.count(" written\n"), texts(directory)["soa.yml"]),
            (0, 1, "soa: []\n"))
        is_("nothing to write is said with exit code 1",
            command("init", *options(directory))[0], 1)
        is_("evidence that is not there is said with exit code 4",
            command("init", "--from-observed", "/nonexistent",
                    *options(directory))[0], 4)
        is_("nothing else is left in the directory",
            sorted(os.listdir(os.path.join(directory, "etc/isms"))),
            ["inventory.yml", "policy.yml", "scope.yml", "soa.yml"])

    for entry in adopted(()):
        is_("a full history of an adopted draft is effective",
            (entry["rating"], entry["adopted"], entry["pass"],
             entry["units"]["total"]), ("effective", True, 90, 3))
    for entry in adopted(range(10, 20)):
        is_("one with a hole is not",
            (entry["rating"], entry["missed"]),
            ("partly effective", 10))
    print("1..%d" % count)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
