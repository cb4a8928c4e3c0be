# SPDX-License-Identifier: Apache-2.0
"""One log as servers keep it: a writer that appends, and an administrator who
rotates. Both are generators that do one step and yield how long they wait.

What is known of the log is kept in Files: which lines a file holds, as long as
a reader that starts now could find it by name. The line's last such file gone,
the line is destroyed: whoever has not read it (or holds the file open) never
will.

A file that came and went before anybody could look at it leaves no trace, and
nobody could tell of the loss. So what is destroyed here is only what the agent
has seen at least once: its first line was there while the agent looked, and
what it had read then is committed. What was added later may not be read. And no
writer goes on in a deleted file when an agent starts, which could not find it.
"""
import gzip
import lzma
import os
import subprocess

import lines

SUFFIX = {"gz": ".gz", "xz": ".xz", "zst": ".zst"}


def compress(how, data):
    if how == "gz":
        return gzip.compress(data, 3)
    if how == "xz":
        return lzma.compress(data, preset=0)
    return subprocess.run(["zstd", "-q", "-1", "-c"], input=data,
                          stdout=subprocess.PIPE, check=True).stdout


class File:
    """What a file holds: whole lines, and the line that was begun."""

    def __init__(self):
        self.lines = []
        self.named = True
        self.first_us = None  # when its first whole line was there
        self.seen = False  # the agent knows it
        self.begun = None  # a line whose LF is not there
        self.complete = False  # only its LF is not there

    def take(self, line, at_us):
        """The line is whole now, here."""
        line.whole = True
        if self.first_us is None:
            self.first_us = at_us
        if line.written_us is None:
            line.written_us = at_us
        if self.named:
            line.refs += 1
            self.lines.append(line)
        elif line.refs == 0:
            line.destroyed_us = at_us

    def copy(self):
        other = File()
        other.seen = self.seen
        at_us = lines.now_us()
        for line in self.lines:
            line.refs += 1
        other.lines = list(self.lines)
        if self.begun and self.complete:
            other.take(self.begun, at_us)
        return other

    def drop(self):
        """All that is here goes, but the begun line of a file that is only
        unlinked."""
        at_us = lines.now_us()
        for line in self.lines:
            line.refs -= 1
            if line.refs == 0:
                line.destroyed_us = at_us
        self.lines = []

    def unlink(self):
        self.drop()
        self.named = False

    def truncate(self):
        self.drop()
        self.first_us = None
        self.seen = False
        self.begun = None
        self.complete = False


class Log:
    ROTATIONS = ("rename", "rename", "rename", "burst", "copytruncate",
                 "copytruncate", "truncate", "delete", "replace")
    LINKED = ("swap", "swap", "swap", "copytruncate", "truncate")

    def __init__(self, world, name, kind, style, number):
        self.world = world
        self.rng = world.rng
        self.name = name
        self.kind = kind
        self.style = style  # of rotated names: number, date
        self.dir = os.path.join(world.base, "logs", name)
        self.path = os.path.join(self.dir, "log")
        self.targets = os.path.join(self.dir, "files")
        self.writer_id = number
        self.serial = 0
        self.append = True
        self.crlf = False
        self.banner = False
        self.linked = False
        self.late = False  # its directory comes later
        self.rotated = []  # [path, File, compressed], newest first
        self.keep = 6
        self.fd = -1
        self.at = None  # File the writer writes to
        self.here = None  # File that has the name
        self.hup_us = 0  # when the writer opens its file again
        self.rotations = 0
        self.dated = 0
        self.counts = {}
        self.stopping = False
        self.target_number = 0

    # ---- what was done ----

    def note(self, what):
        self.world.note(self.name, what)

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def rotation(self, what, more=""):
        self.rotations += 1
        self.count(what)
        self.note(f"{what} {more}".rstrip())

    # ---- the writer ----

    def open(self):
        """Open the log by its name, as a writer that was told to."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if self.append else 0)
        path = self.path
        fresh = not os.path.exists(path)
        if fresh and self.linked:
            self.new_target()
        self.fd = os.open(path, flags, 0o644)
        os.fchmod(self.fd, 0o644)
        if not self.append:
            os.lseek(self.fd, 0, os.SEEK_END)
        if self.here is None:
            self.here = File()
        self.at = self.here
        self.hup_us = 0
        if os.fstat(self.fd).st_size == 0:
            self.head()

    def leave_deleted(self):
        """An agent that starts cannot find a file without a name: who writes to
        one has been told by now."""
        if self.fd >= 0 and not self.at.named:
            self.finish()
            self.note("reopen, the agent starts")
            self.open()

    def head(self):
        """What some programs write first, the same each time."""
        if self.banner == "plain":
            os.write(self.fd, b"# this file is written by the campaign\n" * 130)
        elif self.banner == "stamped":
            us = lines.now_us()
            os.write(self.fd, lines.stamp(self.kind, us) + b"log opened\n")

    def new_target(self):
        self.target_number += 1
        target = os.path.join(self.targets, f"t{self.target_number}")
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT, 0o644))
        os.symlink(target, self.path + ".new")
        os.rename(self.path + ".new", self.path)

    def make_line(self, size=None):
        rng = self.rng
        if size is None:
            size = rng.choice((1, 20, 60, 60, 60, 100, 100, 200))
            if rng.random() < 0.02:
                size = rng.choice((900, 1024, 3000, 4096, 7000))
            elif rng.random() < 0.004:
                size = rng.choice((9000, 20000, 70000, 270000, 700000))
        self.serial += 1
        line, text = lines.make(rng, self.name, (self.writer_id, self.serial),
                                self.kind, size, rng.random() < 0.03, self.crlf)
        self.world.truth.add(line)
        return line, text

    def put(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self.fd, view):]

    def write_lines(self, count, size=None):
        """Whole lines, in one write. Finishes the begun line first."""
        data = bytearray()
        done = []
        self.finish()
        for _ in range(count):
            line, text = self.make_line(size)
            data += text + b"\n"
            done.append(line)
        self.put(data)
        at_us = lines.now_us()
        for line in done:
            line.place = f"{self.name}#{id(self.at) & 0xffff:x}"
            self.at.take(line, at_us)

    def noise(self):
        """Lines that are nobody's."""
        self.finish()
        self.put(self.rng.choice((
            b"\n", b"\r\n", b"\n\n\n", b"\0\0\0\n", b"\xff\xfe\n", b"end\n",
            b"w=1 s=\n", lines.stamp("iso", lines.now_us()) + b"\n",
            b"x" * 9000 + b"\n")))

    def begin(self):
        """The first part of a line."""
        self.finish()
        line, text = self.make_line()
        cut = len(text) if self.rng.random() < 0.2 else \
            self.rng.randrange(1, len(text))
        self.put(text[:cut])
        self.at.begun = line
        self.at.complete = cut == len(text)
        self.at.rest = text[cut:] + b"\n"
        self.at.begun_us = lines.now_us()

    def finish(self):
        """The rest of the line that was begun in this file."""
        if not self.at.begun:
            return
        line = self.at.begun
        self.put(self.at.rest)
        at_us = lines.now_us()
        late = at_us - self.at.begun_us > 2000000 and self.at is not self.here
        self.at.begun = None
        if late and not self.at.complete:
            # Nobody waits that long for the end of a line in a file that has
            # been rotated: it is not demanded.
            self.count("late halves")
            return
        line.place = f"{self.name}#{id(self.at) & 0xffff:x}"
        self.at.take(line, at_us)

    def write(self):
        """The writer: one step a time."""
        rng = self.rng
        yield rng.random() * (3.0 if self.late else 0.2)
        if self.late:
            self.note("mkdir")
        os.makedirs(self.dir, exist_ok=True)
        os.makedirs(self.targets, exist_ok=True)
        self.open()
        while not self.stopping:
            if self.hup_us and lines.now_us() >= self.hup_us:
                self.finish()
                self.note("reopen")
                self.open()
            what = rng.random()
            if what < 0.72:
                self.write_lines(rng.choice((1, 1, 2, 3, 8, 20)))
            elif what < 0.82:
                self.begin()
            elif what < 0.88:
                self.noise()
            elif what < 0.885:
                self.write_lines(rng.choice((300, 1500)))
            yield rng.choice((0, 0.01, 0.05, 0.1, 0.3, 0.6))
        if self.hup_us:
            yield max(0, (self.hup_us - lines.now_us()) / 1e6)
        self.finish()
        if self.hup_us:
            self.open()

    # ---- the administrator ----

    def is_seen(self, file):
        file.seen = file.seen or file.first_us is not None and \
            self.world.has_looked_since(file.first_us)
        return file.seen

    def until_seen(self):
        for _ in range(40):
            if self.stopping or self.is_seen(self.here):
                return
            yield 0.25

    def shift(self):
        """log.1 to log.2 and so on; the oldest goes."""
        while len(self.rotated) >= self.keep and \
                self.is_seen(self.rotated[-1][1]):
            path, file, _ = self.rotated.pop()
            os.unlink(path)
            file.unlink()
        if self.style == "number":
            for i in range(len(self.rotated) - 1, -1, -1):
                path = self.rotated[i][0]
                ext = self.rotated[i][2]
                to = f"{self.path}.{i + 2}{SUFFIX.get(ext, '')}"
                os.rename(path, to)
                self.rotated[i][0] = to

    def rotated_name(self):
        if self.style == "number":
            return self.path + ".1"
        self.dated += 1
        return f"{self.path}-20261125-{self.dated:06d}"

    def there(self):
        return self.here is not None and os.path.lexists(self.path)

    def hup(self):
        """When the writer is told to open its file again."""
        wait = self.rng.choice((0, 0, 0.02, 0.3, 1.0, 2.0, 4.5))
        self.hup_us = lines.now_us() + int(wait * 1e6)
        return f"reopen in {wait}"

    def rename(self, what="rename"):
        rng = self.rng
        told = self.hup()
        self.rotation(what, told)
        self.shift()
        to = self.rotated_name()
        os.rename(self.path, to)
        self.rotated.insert(0, [to, self.here, None])
        self.here = None
        if rng.random() < 0.6 and not self.linked:
            # logrotate's create: for a moment nobody may read it.
            fd = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o200)
            os.fchmod(fd, 0o200)
            self.here = File()
            yield rng.choice((0, 0, 0.02, 0.8))
            os.fchmod(fd, 0o644)
            os.close(fd)

    def burst(self):
        """Several rotations between two looks."""
        for _ in range(self.rng.randrange(2, 4)):
            if not self.there():
                return
            yield from self.rename("burst")
            if self.rng.random() < 0.8:
                self.finish()
                self.open()
                self.write_lines(self.rng.choice((1, 1, 5, 40)))
            yield self.rng.choice((0, 0, 0.05))

    def copytruncate(self):
        rng = self.rng
        source = self.here
        self.shift()
        to = self.rotated_name()
        with open(self.path, "rb") as file:
            data = file.read()
        copy = source.copy()
        size = len(data)
        with open(to, "wb") as file:
            half = rng.randrange(size + 1) if rng.random() < 0.3 else size
            file.write(data[:half])
            file.flush()
            if half < size:
                yield rng.choice((0, 0.01, 0.3))
                file.write(data[half:])
        self.rotated.insert(0, [to, copy, None])
        window = rng.choice((0, 0, 0, 0.001, 0.02, 0.2))
        yield window
        self.empty("copytruncate", f"window {window} ")

    def empty(self, what, more=""):
        """Cut the log to nothing; sometimes it is at once as long as before, or
        longer."""
        rng = self.rng
        refill = rng.choice(("no", "no", "same", "more"))
        size = os.stat(self.path).st_size
        self.rotation(what, f"{more}at {size} refill {refill}")
        os.truncate(self.path, 0)
        self.here.truncate()
        if not self.append or self.at is not self.here or refill == "no" or \
                size > 200000:
            return
        while os.fstat(self.fd).st_size < size - 400:
            self.write_lines(1 + int((size - os.fstat(self.fd).st_size) // 900))
        left = size - os.fstat(self.fd).st_size
        if refill == "same" and left > 120:
            self.exactly(left)
        elif refill == "more":
            self.write_lines(rng.choice((1, 10, 60)), 200)

    def exactly(self, left):
        """One line of `left` bytes with its end."""
        self.finish()
        probe = self.serial
        line, text = self.make_line(left)
        self.serial = probe
        del self.world.truth.lines[line.key]
        over = len(text) + 1 - left
        if left - over < 1:
            return
        line, text = lines.make(self.rng, self.name,
                                (self.writer_id, self.serial + 1), self.kind,
                                left - over, False, self.crlf)
        if len(text) + 1 != left:
            return
        self.serial += 1
        self.world.truth.add(line)
        self.put(text + b"\n")
        self.at.take(line, lines.now_us())

    def delete(self):
        self.rotation("delete", self.hup())
        os.unlink(self.path)
        self.here.unlink()
        self.here = None

    def replace(self):
        """mv new log."""
        new = self.path + ".new" if self.rng.random() < 0.5 else \
            os.path.join(self.targets, "new")
        self.rotation("replace", self.hup() + " by " + os.path.basename(new))
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        file = File()
        was = self.fd, self.at
        self.fd, self.at = fd, file
        self.write_lines(self.rng.choice((1, 1, 4)))
        self.fd, self.at = was
        os.close(fd)
        yield self.rng.choice((0, 0, 0.3))
        os.rename(new, self.path)
        self.here.unlink()
        self.here = file

    def swap(self):
        """The link leads to another file."""
        self.rotation("swap", self.hup())
        self.here.unlink()
        self.new_target()
        self.here = File()

    def chmod(self):
        wait = self.rng.choice((0.01, 0.3, 1.5, 3.0))
        self.count("chmod")
        self.note(f"chmod away for {wait}")
        os.chmod(self.path, 0o200)
        yield wait
        if os.path.exists(self.path):
            os.chmod(self.path, 0o644)
        for path, _, _ in self.rotated:
            os.chmod(path, 0o644)

    def compress(self):
        """A rotated file that nobody writes to any more."""
        rng = self.rng
        found = [r for r in self.rotated if not r[2] and r[1] is not self.at]
        if not found:
            return
        entry = rng.choice(found)
        how = rng.choice(self.world.compressors)
        path = entry[0]
        self.count(how)
        self.note(f"{how} {os.path.basename(path)}")
        with open(path, "rb") as file:
            data = compress(how, file.read())
        with open(path + SUFFIX[how], "wb") as file:
            half = rng.randrange(len(data) + 1) if rng.random() < 0.4 \
                else len(data)
            file.write(data[:half])
            file.flush()
            if half < len(data):
                yield rng.choice((0, 0.05, 0.6, 1.5))
                file.write(data[half:])
        yield rng.choice((0, 0, 0.02))
        os.unlink(path)
        entry[0] = path + SUFFIX[how]
        entry[2] = how

    def administer(self):
        rng = self.rng
        yield 1 + rng.random() * 2
        while not self.stopping:
            yield rng.expovariate(1) * self.world.pace
            if not self.there() or self.fd < 0 or self.stopping:
                continue
            what = rng.random()
            if what < 0.2:
                yield from self.compress()
            elif what < 0.25:
                yield from self.chmod()
            else:
                how = rng.choice(self.LINKED if self.linked else self.ROTATIONS)
                if how not in ("rename", "burst"):
                    yield from self.until_seen()
                    if self.stopping or not self.there():
                        continue
                    if not self.is_seen(self.here):
                        if self.linked:
                            continue
                        how = "rename"
                if how == "truncate":
                    self.empty(how)
                elif how in ("delete", "swap"):
                    getattr(self, how)()
                else:
                    yield from getattr(self, how)()
