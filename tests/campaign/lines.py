# SPDX-License-Identifier: Apache-2.0
"""Lines that can be told apart, and what is known of each.

A line carries its writer, its serial and the CRC of its text, and ends with a
word that no part of it has, so that a piece of a line is never taken for a
whole one. Truth keeps every line that was begun.
"""
import time
import zlib

KEPT = 8192  # bytes of a line that a record keeps
# Lines of at most this many bytes are read to their last byte.
WHOLE = 7800


class Line:
    """One line: `text` is without its end; `refs` counts the files that hold
    it; `destroyed` is when the last of them went."""
    __slots__ = ("key", "log", "text", "size", "stamp_us", "written_us",
                 "whole", "refs", "destroyed_us", "place")

    def __init__(self, key, log, text, size, stamp_us):
        self.key = key
        self.log = log
        self.text = text  # what a record keeps of it
        self.size = size
        self.stamp_us = stamp_us
        self.written_us = None  # when its last byte was there
        self.whole = False
        self.refs = 0
        self.destroyed_us = None
        self.place = ""


class Truth:
    def __init__(self):
        self.lines = {}

    def add(self, line):
        self.lines[line.key] = line

    def whole(self):
        return (line for line in self.lines.values() if line.whole)


def now_us():
    return time.time_ns() // 1000


def stamp(kind, us):
    """How a line of this kind begins. Kinds: iso, bsd (syslog headers), own (a
    bare stamp), plain (nothing)."""
    seconds, part = divmod(us, 1000000)
    if kind == "iso":
        at = time.gmtime(seconds)
        return time.strftime("%Y-%m-%dT%H:%M:%S", at).encode() + \
            b".%06d+00:00 web01 campaign[7]: " % part
    if kind == "bsd":
        at = time.gmtime(seconds)
        return b"%s %2d %s web01 campaign[7]: " % (
            time.strftime("%b", at).encode(), at.tm_mday,
            time.strftime("%H:%M:%S", at).encode())
    if kind == "own":
        return time.strftime("%Y-%m-%d %H:%M:%S ", time.gmtime(seconds)).encode()
    return b""


PRINTABLE = bytes(range(0x21, 0x7f))


def filling(rng, size):
    """Bytes without LF, CR and without a blank, so no ` end`."""
    piece = bytes(rng.choices(PRINTABLE, k=min(size, 64)))
    return (piece * (size // len(piece) + 1))[:size]


def make(rng, log, key, kind, size, odd=False, crlf=False):
    """A line of about `size` bytes. odd: with NULs and bytes that are no
    UTF-8."""
    us = now_us()
    fill = filling(rng, max(1, size))
    if odd:
        at = rng.randrange(len(fill))
        fill = fill[:at] + b"\0\0\xff\xfe\0\xc3" + fill[at:]
    crc = zlib.crc32(fill) & 0xffffffff
    writer, serial = key
    if size <= WHOLE:
        text = b"w=%d s=%d c=%08x %s end" % (writer, serial, crc, fill)
    else:
        text = b"W=%d S=%d C=%08x %s" % (writer, serial, crc, fill)
    text = stamp(kind, us) + text + (b"\r" if crlf else b"")
    line = Line(key, log, text[:KEPT], len(text), us)
    return line, text
