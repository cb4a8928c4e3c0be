#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which messages can OpenSSH's server programs log at INFO or above?

    sshd_calls.py list SOURCE       every such call of a source tree
    sshd_calls.py compare SOURCE TSV
                                    exit 1 unless the list and the tree agree
    sshd_calls.py known TSV MATCHES exit 1 unless each row's message became what
                                    the row says; MATCHES is what
                                    `assay-agent match --json --why` printed

A call is (file, function, level, format). The files are those that the tree's
own Makefile.in links into sshd, sshd-session and sshd-auth, less the ones
named in ELSEWHERE, which compile to nothing on Linux or log under another
name. verbose() and debug() are below INFO; a call whose level is a variable is
listed, as it may be INFO. Calls that log through another function (packet
disconnects, messages to the peer that are logged as well) count like the
logging functions themselves.
"""
import json
import os
import re
import sys

PROGRAMS = ("SSHDOBJS", "SSHD_SESSION_OBJS", "SSHD_AUTH_OBJS", "LIBSSH_OBJS")
ELSEWHERE = {
    "auth-bsdauth.c": "BSD only",
    "auth-sia.c": "Tru64 only",
    "audit-bsm.c": "BSM audit only",
    "moduli.c": "called by ssh-keygen alone",
    "port-aix.c": "AIX only",
    "port-irix.c": "IRIX only",
    "port-prngd.c": "only where the kernel gives no random numbers",
    "port-solaris.c": "Solaris only",
    "port-uw.c": "UnixWare only",
    "sandbox-capsicum.c": "FreeBSD only",
    "sandbox-darwin.c": "macOS only",
    "sandbox-solaris.c": "Solaris only",
    "sftp-server.c": "logs as sftp-server or internal-sftp",
    "sftp-common.c": "logs as sftp-server or internal-sftp",
}
LEVELS = {
    "logit": "info", "error": "error", "fatal": "fatal", "logdie": "info",
    "sigdie": "fatal",
}
VARIABLE = ("do_log2", "sshlog", "sshlogdirect")
# function: (level, index of its format, whether a result code ends the line)
THROUGH = {
    "ssh_packet_disconnect": ("disconnect", 1, False),
    "sshpkt_fatal": ("pktfatal", 2, True),
}


def split_arguments(text):
    """The arguments of a call, cut at its top-level commas."""
    out, depth, start, i = [], 0, 0, 0
    while i < len(text):
        c = text[i]
        if c in "\"'":
            i += 1
            while text[i] != c:
                i += 2 if text[i] == "\\" else 1
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            out.append(text[start:i].strip())
            start = i + 1
        i += 1
    out.append(text[start:].strip())
    return out


def closing(text, at):
    """The index of the parenthesis that closes the one at `at`."""
    depth = 0
    i = at
    while i < len(text):
        c = text[i]
        if c in "\"'":
            i += 1
            while text[i] != c:
                i += 2 if text[i] == "\\" else 1
        elif c == "(":
            depth += 1
        elif c == ")":
            depth -= 1
            if depth == 0:
                return i
        i += 1
    raise ValueError("no closing parenthesis")


def blank_comments(text):
    """The same text with comments as blanks; lines keep their numbers."""
    def blank(found):
        piece = found.group(0)
        if piece.startswith("/"):
            return re.sub(r"[^\n]", " ", piece)
        return piece
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'
                  r"'(?:\\.|[^'\\\n])*'", blank, text, flags=re.S)


def literal(argument):
    """The text of a string literal expression, or None when it is none."""
    parts = re.findall(r'"((?:\\.|[^"\\])*)"|([A-Za-z_0-9]+)', argument)
    rest = re.sub(r'"(?:\\.|[^"\\])*"|[A-Za-z_0-9]+|\s', "", argument)
    if rest or not any(text for text, _ in parts):
        return None
    return "".join(text if text or not name else "{%s}" % name
                   for text, name in parts)


def function_at(lines, number):
    """The function that holds line `number` (the tree's style: a function's
    name begins a line)."""
    for line in reversed(lines[:number + 1]):
        found = re.match(r"([A-Za-z_][A-Za-z0-9_]*)\(", line)
        if found and found.group(1) not in ("if", "for", "while", "switch"):
            return found.group(1)
    return "-"


def calls_of(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        text = blank_comments(f.read())
    lines = text.split("\n")
    names = "|".join(list(LEVELS) + list(VARIABLE) + list(THROUGH))
    for found in re.finditer(r"\b(%s)(_f|_r|_fr)?\s*\(" % names, text):
        name, kind = found.group(1), found.group(2) or ""
        if found.start() == 0 or text[found.start() - 1] == "\n":
            continue            # a definition
        line_start = text.rfind("\n", 0, found.start()) + 1
        if re.match(r"\s*#\s*define", text[line_start:found.start()]):
            continue
        end = closing(text, found.end() - 1)
        arguments = split_arguments(text[found.end():end])
        number = text.count("\n", 0, found.start())
        function = function_at(lines, number)
        suffix = "r" in kind
        if name in THROUGH:
            level, index, suffix = THROUGH[name]
        elif name in VARIABLE:
            index = 0
            if name == "sshlog":
                index = 4
            if suffix:
                index += 1
            level = arguments[index] if index < len(arguments) else "?"
            index += 2 if name in ("sshlog", "sshlogdirect") else 1
            if re.fullmatch(r"SYSLOG_LEVEL_(VERBOSE|DEBUG\d)", level):
                continue
            level = re.sub(r"SYSLOG_LEVEL_", "", level).lower()
            if level not in ("info", "error", "fatal"):
                level = "variable"
        else:
            level, index = LEVELS[name], 1 if suffix else 0
        if index >= len(arguments):
            continue            # a prototype
        form = literal(arguments[index])
        if form is None:
            form = "(%s)" % re.sub(r"\s+", " ", arguments[index])
        if "f" in kind:
            form = function + ": " + form
        if suffix:
            form += ": {result}"
        yield (os.path.basename(path), function, level, form)


def linked_files(source):
    with open(os.path.join(source, "Makefile.in"), encoding="utf-8") as f:
        make = f.read().replace("\\\n", " ")
    lists = dict(re.findall(r"^([A-Z0-9_]+)\s*=\s*(.*)$", make, re.M))

    def objects(name):
        for word in lists.get(name, "").split():
            inner = re.fullmatch(r"\$[({]([A-Z0-9_]+)[)}]", word)
            if inner:
                yield from objects(inner.group(1))
            elif word.endswith(".o"):
                yield word[:-2] + ".c"
    files = {f for name in PROGRAMS for f in objects(name)}
    compat = os.path.join(source, "openbsd-compat")
    paths = [os.path.join(source, f) for f in files]
    paths += [os.path.join(compat, f) for f in os.listdir(compat)
              if f.endswith(".c")]
    return sorted(p for p in paths if os.path.exists(p)
                  and os.path.basename(p) not in ELSEWHERE)


def calls(source):
    return sorted({c for path in linked_files(source) for c in calls_of(path)})


def rows(tsv):
    with open(tsv, encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#"):
                yield tuple(line.rstrip("\n").split("\t"))


def compare(want, tsv):
    """1 unless the calls and the rows are the same, and there are some."""
    have = {row[:4] for row in rows(tsv)}
    for call in sorted(want - have):
        print("no row for the call: " + "\t".join(call))
    for call in sorted(have - want):
        print("no call for the row: " + "\t".join(call))
    print("%d calls, %d rows" % (len(want), len(have)))
    return 0 if want == have and want else 1


def print_lines(tsv):
    """The messages of a list whose first column is the tag, as a log."""
    for row in rows(tsv):
        print("2026-11-24T22:00:00+00:00 web01 %s[7]: %s" % (row[0], row[5]))


def known(tsv, matches):
    """How many rows' messages are not what the row says."""
    wrong = 0
    with open(matches, encoding="utf-8") as f:
        answers = [json.loads(line) for line in f]
    table = list(rows(tsv))
    if len(answers) != len(table):
        print("%d messages, %d answers" % (len(table), len(answers)))
        return 1
    for row, answer in zip(table, answers):
        got = [e["rule"] for e in answer["events"]] or [answer["kind"]]
        want = "ignored" if row[4] == "ignore" else row[4]
        if got != [want]:
            print("%s, not %s: %s" % ("+".join(got), want, row[5]))
            wrong += 1
    return wrong


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "list":
        for call in calls(sys.argv[2]):
            print("\t".join(call))
        return 0
    if len(sys.argv) == 4 and sys.argv[1] == "compare":
        return compare(set(calls(sys.argv[2])), sys.argv[3])
    if len(sys.argv) == 4 and sys.argv[1] == "known":
        return 1 if known(sys.argv[2], sys.argv[3]) else 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
