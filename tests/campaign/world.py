# SPDX-License-Identifier: Apache-2.0
"""One world: a directory with some logs, an agent that reads them and is killed
now and then, and one clock that drives all of it."""
import heapq
import os
import random
import re
import shutil
import subprocess
import time

import lines
import logs
import oracle

HERE = os.path.dirname(os.path.abspath(__file__))
# A user who may not read everything, so that permissions mean something.
NOBODY = 65534


class Options:
    agent = None
    spoolcat = None
    seed = 1
    rotations = 250
    kills = 100
    pace = 3.0
    seconds = 240  # at most
    compressors = ("gz",)
    log_count = 10
    env = None  # more environment for the agent


class World:
    def __init__(self, base, options):
        self.base = base
        self.o = options
        self.rng = random.Random(options.seed)
        self.truth = lines.Truth()
        self.history = []
        self.pace = options.pace
        self.compressors = options.compressors
        self.began = time.monotonic()
        self.agent = None
        self.talk = os.path.join(base, "talk")
        self.kills = 0
        self.starts = 0
        self.life_us = 0
        self.failures = []
        self.logs = []
        self.tasks = []

    def note(self, who, what):
        self.history.append((lines.now_us(), who, what))

    # ---- the ground ----

    def lay(self):
        os.makedirs(os.path.join(self.base, "logs"))
        os.makedirs(os.path.join(self.base, "state"))
        shutil.copytree(os.path.join(HERE, "rules"),
                        os.path.join(self.base, "rules"))
        for name in ("plain", "own"):
            path = os.path.join(self.base, "rules", "app", name + ".yml")
            with open(path, encoding="utf-8") as file:
                text = file.read()
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace("/BASE/", self.base + "/"))
        self.make_logs()
        with open(os.path.join(self.base, "agent.yml"), "w",
                  encoding="utf-8") as file:
            file.write(f"state: {self.base}/state\nzone: UTC\n"
                       f"rules: [{self.base}/rules]\n"
                       "spool: {max_bytes: 16GiB}\nsources:\n")
            for log in self.logs:
                more = ", class: app" if log.kind in ("iso", "bsd") else ""
                file.write(f"  - {{file: '{log.dir}/log*'{more}, "
                           f"id: '{log.name}'}}\n")
        if os.getuid() == 0:
            os.chmod(self.base, 0o755)
            os.chown(os.path.join(self.base, "state"), NOBODY, NOBODY)

    def make_logs(self):
        """The first ones have what must not be missing, the others what comes."""
        rng = self.rng
        for number in range(self.o.log_count):
            kind = ("iso", "plain", "bsd", "own")[number % 4]
            log = logs.Log(self, f"{kind}{number}", kind,
                           rng.choice(("number", "number", "date")), number + 1)
            log.keep = rng.choice((1, 3, 6, 6, 6))
            log.append = number % 5 != 3
            log.linked = number % 5 == 2
            log.banner = (None, "plain", "stamped")[number // 2 % 3]
            if kind == "plain" and log.banner == "stamped":
                log.banner = None
            log.crlf = rng.random() < 0.2
            log.late = rng.random() < 0.2
            self.logs.append(log)

    # ---- the agent ----

    def start_agent(self):
        for log in self.logs:
            log.leave_deleted()
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} \
            if os.getuid() == 0 else {}
        with open(self.talk, "ab") as talk:
            self.agent = subprocess.Popen(
                [self.o.agent, "run", "--config", self.base + "/agent.yml"],
                stdout=subprocess.DEVNULL, stderr=talk,
                env={**os.environ, **(self.o.env or {})}, **user)
        self.starts += 1
        self.life_us = lines.now_us()

    def has_looked_since(self, us):
        """Has the agent that runs now looked at everything since then, and
        committed what it found? It looks each second and then writes its
        status; a commit takes less than a second more."""
        try:
            told_us = os.stat(self.base + "/state/status.json").st_mtime_ns \
                // 1000
        except FileNotFoundError:
            return False
        return told_us - max(us, self.life_us) >= 3500000

    def kill_agent(self):
        self.kills += 1
        if self.agent.poll() is not None:
            self.failures.append(f"the agent ended by itself with "
                                 f"{self.agent.returncode}, "
                                 f"start {self.starts}")
        self.agent.kill()
        self.agent.wait()
        self.note("agent", f"killed ({self.kills})")

    def keep_killing(self):
        """Mostly short lives; now and then one that sees something."""
        rng = self.rng
        yield 0.3
        while not self.is_enough():
            self.start_agent()
            self.note("agent", "started")
            long = rng.random() < 0.13 or self.kills >= self.o.kills
            yield rng.uniform(4.5, 7) if long else rng.uniform(0.02, 0.8)
            if self.kills >= self.o.kills:
                while not self.is_enough():
                    yield 0.2
                break
            self.kill_agent()
            yield rng.choice((0, 0, 0.1, 0.3, 1.5))
        if self.agent.poll() is not None:
            self.start_agent()

    def is_enough(self):
        return self.is_late() or (
            self.kills >= self.o.kills and
            sum(log.rotations for log in self.logs) >= self.o.rotations)

    def is_late(self):
        return time.monotonic() - self.began > self.o.seconds

    def finish_agent(self):
        """It sees what is there, is stopped in order, and reads the rest."""
        time.sleep(5)
        if self.agent.poll() is not None:
            self.failures.append("the agent ended by itself with "
                                 f"{self.agent.returncode}")
        self.agent.terminate()
        if self.agent.wait() != 0:
            self.failures.append(f"SIGTERM: exit {self.agent.returncode}")
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} \
            if os.getuid() == 0 else {}
        with open(self.talk, "ab") as talk:
            for _ in range(2):
                done = subprocess.run(
                    [self.o.agent, "run", "--once", "--config",
                     self.base + "/agent.yml"], stderr=talk, check=False,
                    env={**os.environ, **(self.o.env or {})}, **user)
                if done.returncode != 0:
                    self.failures.append(f"run --once: exit {done.returncode}")

    # ---- time ----

    def spawn(self, generator, after=0.0):
        heapq.heappush(self.tasks, (time.monotonic() + after,
                                    len(self.tasks) + self.rng.random(),
                                    generator))

    def run_tasks(self):
        enough = False
        while self.tasks:
            if not enough and self.is_enough():
                enough = True
                for log in self.logs:
                    log.stopping = True
            due, tie, generator = heapq.heappop(self.tasks)
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            try:
                again = next(generator)
            except StopIteration:
                continue
            heapq.heappush(self.tasks,
                           (time.monotonic() + again, tie, generator))

    def run(self):
        self.lay()
        self.spawn(self.keep_killing())
        for log in self.logs:
            self.spawn(log.write())
            self.spawn(log.administer())
        self.run_tasks()
        self.finish_agent()
        return self.judge()

    # ---- the verdict ----

    def judge(self):
        spool = oracle.Spool(self.o.spoolcat, self.base + "/state/spool",
                             self.truth)
        verdict = oracle.Verdict(self.truth, spool, lambda log: log)
        self.spool = spool
        verdict.counts["rotations"] = sum(l.rotations for l in self.logs)
        verdict.counts["kills"] = self.kills
        for log in self.logs:
            for what, count in log.counts.items():
                verdict.counts[what] = verdict.counts.get(what, 0) + count
        if self.kills < self.o.kills or \
                verdict.counts["rotations"] < self.o.rotations:
            self.failures.append("there was no time for all rotations and "
                                 "kills that were asked for")
        return verdict

    def tell(self, verdict, most=6):
        """What went wrong, with what was done to the log before."""
        out = list(self.failures)
        shown = {}
        for log, moment, text in verdict.problems:
            what = (log, text.split(":")[0])
            shown[what] = shown.get(what, 0) + 1
            if shown[what] > most:
                continue
            out.append(f"{log or '-'} {text}")
            if shown[what] == 1 and log:
                out += self.story(log, moment)
        for (log, what), count in shown.items():
            if count > most:
                out.append(f"{log or '-'} {what}: {count} in all")
        return out

    def story(self, log, moment):
        near = [(at, who, what) for at, who, what in self.history
                if who in (log, "agent") and
                moment - 8000000 < at < moment + 8000000]
        text = [f"    {oracle.clock(at)} {who} {what}" for at, who, what in near]
        text += [f"    gap {gap}" for gap in self.spool.gaps
                 if gap.source == log and
                 gap.from_us < moment + 20000000 and
                 gap.to_us > moment - 20000000]
        return text

    def write_history(self):
        with open(self.base + "/history", "w", encoding="utf-8") as file:
            for at, who, what in self.history:
                file.write(f"{oracle.clock(at)} {who} {what}\n")


def last_words(path, count=12):
    """The end of what the agent said, for a failing run."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return [re.sub(r"\s+$", "", line) for line in file.readlines()[-count:]]
