# SPDX-License-Identifier: Apache-2.0
"""The long campaign: round after round, each with a seed of its own, on every
file system this machine can give, and a report of all of them."""
import datetime
import os
import shutil
import subprocess
import sys
import tempfile
import time

import oracle

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
INSIDE = "CAMPAIGN_MOUNTS"


def said(*command):
    return subprocess.run(command, check=True, capture_output=True,
                          text=True).stdout.strip()


def mount(base, name, *command):
    """A directory of the file system, or None."""
    path = os.path.join(base, name)
    os.makedirs(path)
    done = subprocess.run([*command, path], capture_output=True, check=False)
    if done.returncode == 0:
        os.chmod(path, 0o755)
        return path
    return None


def grounds(base):
    """Directories on as many file systems as there are: where base is, memory,
    overlay, XFS and ext4 on images (these need root)."""
    found = [os.path.join(base, "here")]
    os.mkdir(found[0])
    if os.environ.get(INSIDE):
        found.append(mount(base, "tmpfs", "mount", "-t", "tmpfs", "tmpfs"))
        for part in ("lower", "upper", "work"):
            os.mkdir(os.path.join(base, part))
        found.append(mount(
            base, "overlay", "mount", "-t", "overlay", "-o",
            f"lowerdir={base}/lower,upperdir={base}/upper,"
            f"workdir={base}/work", "overlay"))
        if shutil.which("mkfs.xfs"):
            image = os.path.join(base, "image")
            said("truncate", "-s", "3G", image)
            said("mkfs.xfs", "-q", image)
            found.append(mount(base, "xfs", "mount", "-o", "loop", image))
    return [path for path in found if path]


def in_namespace():
    """Mounts are nobody else's business: go on in a namespace of our own."""
    if os.getuid() == 0 and not os.environ.get(INSIDE) and \
            shutil.which("unshare"):
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private",
                              sys.executable, *sys.argv])


class Report:
    def __init__(self, args, began):
        self.args = args
        self.began = began
        self.rounds = 0
        self.failed = []
        self.by_ground = {}  # file system: counts

    def add(self, file_system, seed, bad, counts, told):
        total = self.by_ground.setdefault(file_system, {})
        total["worlds"] = total.get("worlds", 0) + self.args.worlds
        for what, count in counts.items():
            total[what] = total.get(what, 0) + count
        if bad:
            self.failed.append((file_system, seed, told))

    def total(self, what):
        return sum(c.get(what, 0) for c in self.by_ground.values())

    def text(self):
        args = self.args
        minutes = (time.time() - self.began) / 60
        at = datetime.datetime.fromtimestamp(self.began, datetime.timezone.utc)
        commit = said("git", "-C", SOURCE, "rev-parse", "HEAD")
        dirty = said("git", "-C", SOURCE, "status", "--porcelain", "agent",
                     "lib", "include", "tests/campaign",
                     ":!tests/campaign/reports")
        verdict = "nothing was lost, repeated, made up or left without a gap" \
            if not self.failed else f"{len(self.failed)} rounds FAILED"
        names = list(self.by_ground)
        first = ["worlds", "rotations", "kills", "written", "read",
                 *oracle.MUST_BE_NONE, "destroyed", "explained", "before",
                 "gaps", "gaps where nothing is missing"]
        rest = sorted({what for c in self.by_ground.values() for what in c}
                      - set(first))
        lines = [
            f"# Rotation campaign, {minutes:.0f} minutes: {verdict}", "",
            f"- begun {at:%Y-%m-%d %H:%M} UTC, commit {commit}"
            + (" with changes that are not committed" if dirty else ""),
            f"- seeds {args.seed} to {args.seed + self.rounds - 1}, "
            f"{self.rounds} rounds of {args.worlds} worlds with {args.logs} "
            f"logs each, compression {args.compress}",
            f"- kernel {os.uname().release.split('-')[0]}, {os.cpu_count()} processors",
            f"- events wrong: {sum(self.total(w) for w in oracle.MUST_BE_NONE)}"
            f" of {self.total('written')} lines; with none in "
            f"{self.total('rotations')} rotations and {self.total('kills')} "
            f"kills the 95 % bound is "
            f"{3 / max(1, self.total('rotations')):.1e} a rotation and "
            f"{3 / max(1, self.total('kills')):.1e} a kill", "",
            "What the words mean is told by tests/campaign/oracle.py.", "",
            "| | " + " | ".join(names) + " | all |",
            "|---|" + "---:|" * (len(names) + 1)]
        for what in first + rest:
            lines.append(f"| {what} | " + " | ".join(
                str(self.by_ground[n].get(what, 0)) for n in names)
                + f" | {self.total(what)} |")
        for file_system, seed, told in self.failed:
            lines += ["", f"## Seed {seed} on {file_system}", "", "```",
                      *told[:200], "```"]
        return "\n".join(lines) + "\n"

    def write(self):
        directory = os.path.join(HERE, "reports")
        os.makedirs(directory, exist_ok=True)
        at = datetime.datetime.fromtimestamp(self.began, datetime.timezone.utc)
        path = os.path.join(
            directory, f"{at:%Y-%m-%d-%H%M}-seed-{self.args.seed}.md")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.text())
        return path


def long_run(args, began, one_round, file_system):
    in_namespace()
    base = tempfile.mkdtemp(prefix="campaign-",
                            dir=args.dir[0] if args.dir else None)
    os.chmod(base, 0o755)
    places = grounds(base)
    report = Report(args, began)
    path = None
    while time.time() - began < args.minutes * 60 or not path:
        place = places[report.rounds % len(places)]
        args.dir = [place]
        seed = args.seed + report.rounds
        bad, counts, told = one_round(args, seed)
        name = file_system(place).replace("ext2/ext3", "ext4")
        report.rounds += 1
        report.add(name, seed, bad, counts, told)
        path = report.write()
        wrong = {w: counts[w] for w in oracle.MUST_BE_NONE if counts.get(w)}
        print(f"{(time.time() - began) / 60:6.1f} min seed {seed} on {name}: "
              f"{'FAILED ' + str(wrong) if bad else 'well'}", flush=True)
        if bad:
            print("\n".join(told[:40]), flush=True)
    for what in places[1:]:
        subprocess.run(["umount", what], check=False)
    if not report.failed:
        shutil.rmtree(base)
    print(path)
    return 1 if report.failed else 0
