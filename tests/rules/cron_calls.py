#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which messages can Debian's cron and anacron log?

    cron_calls.py list CRON ANACRON         every such call of two source trees,
                                            with a message made from it
    cron_calls.py compare CRON ANACRON TSV  exit 1 unless list and trees agree
    cron_calls.py lines TSV                 the messages as lines of a log
    cron_calls.py known TSV MATCHES         exit 1 unless each row's message
                                            became what the row says

A call is (tag, file, function, format): cron's log_it(), which writes `(WHO) WHAT
(DETAIL)`, and syslog(); anacron's explain(), complain(), die() and the forms of
them that add the error of a system call.
"""
import os
import re
import sys

from sshd_calls import (blank_comments, closing, compare, known, literal,
                        print_lines, split_arguments)

TAGS = {"crontab.c": "crontab", "do_command.c": "CRON", "popen.c": "CRON"}
ANACRON = r"(?:explain|complain|die)(?:_e)?"
SAMPLES = {
    "cronvar": "HOME", "retcode": "Authentication failure", "RealUser": "alice",
    "User": "alice", "usernm": "alice", "name": "alice", "u->name": "alice",
    "fname": "*system*job", "tabname": "/etc/cron.d/job", "x": "/bin/true",
    "s": "a;b", "fn": "job", "err_user": "alice", "SYSCRONTAB": "/etc/crontab",
    "SYSCRONDIR": "/etc/cron.d", "SPOOL_DIR": "crontabs", "MAX_TAB_LINES":
    "10000", "SENDMAIL": "/usr/sbin/sendmail", "RELEASE": "2.3", "anacrontab":
    "/etc/anacrontab", "jr->ident": "cron.daily", "m": " (mailing output)",
    "job_array": "cron.daily", "spooldir": "/var/spool/anacron", "file_name":
    "/dev/null", "njobs": "s",
}
# What the two buffers that cron builds its details in can hold: file and the
# name of the buffer.
DETAILS = {
    ("misc.c", "buf"): ["can't open or create /var/run/crond.pid: Invalid",
                        "can't lock /var/run/crond.pid, otherpid may be 7: "
                        "Invalid", "pidfile fd = 7"],
    ("do_command.c", "msg"): [
        "do_command:setgid(7) failed: Invalid",
        "do_command:initgroups(7) failed: Invalid",
        "do_command:setuid(7) failed: Invalid",
        "grandchild #7 failed with exit status 7",
        "grandchild #7 terminated by signal 7, dumped core"],
    ("do_command.c", "buf"): ["mailed 7 bytes of output but got status 0x0007 "
                              "from MTA"],
    ("popen.c", "msg"): ["popen:setgid(7) failed: Invalid",
                         "popen:initgroups(7) failed: Invalid",
                         "popen: setuid(7) failed: Invalid"],
}


def sample(argument):
    words = re.findall(r"[A-Za-z_][A-Za-z_0-9>-]*", argument)
    return next((SAMPLES[w] for w in words if w in SAMPLES), "7")


def filled(form, arguments):
    left = list(arguments)

    def one(found):
        argument = left.pop(0) if left else ""
        if found.group(0)[-1] == "d":
            return {"%04d": "2026", "%02d": "11"}.get(found.group(0), "7")
        if argument == "msg":
            return "bad minute"
        return sample(argument)
    form = re.sub(r"\{(\w+)\}",
                  lambda f: SAMPLES.get(f.group(1), "7"), form)
    return re.sub(r"%(?:0[24])?[sd]", one, form)


def text_of(argument):
    """A string literal, with the names of macros in braces, or the code."""
    argument = re.sub(r"Stringify\((\w+)\)", r"\1", argument)
    return literal(argument) or "(%s)" % re.sub(r"\s+", " ", argument)


def log_it(name, arguments):
    """The format of a log_it() and the messages it can give."""
    who, _, what, detail = arguments
    form = "(%s) %s (%s)" % tuple(map(text_of, (who, what, detail)))
    details = DETAILS.get((name, detail)) or [
        filled(text_of(detail), []) if literal(detail) or "Stringify" in detail
        else sample(detail)]
    if (name, what) == ("misc.c", '"DEATH"'):
        details = details[:2]
    elif (name, what) == ("misc.c", '"INFO"'):
        details = details[2:]
    for each in details:
        yield form, "(%s) %s (%s)" % (literal(who) or sample(who),
                                      text_of(what), each)


def calls_of(path, anacron):
    name = os.path.basename(path)
    tag = "anacron" if anacron else TAGS.get(name, "cron")
    with open(path, encoding="utf-8", errors="replace") as f:
        text = blank_comments(f.read())
    wanted = ANACRON if anacron else "log_it|syslog"
    for found in re.finditer(r"(?<![\w])(%s)\s*\(" % wanted, text):
        if found.start() == 0 or text[found.start() - 1] == "\n":
            continue            # a definition
        end = closing(text, found.end() - 1)
        arguments = split_arguments(text[found.end():end])
        function = found.group(1)
        if function == "log_it":
            for form, message in log_it(name, arguments):
                yield (tag, name, function, form, message)
            continue
        at = 1 if function == "syslog" else 0
        if at >= len(arguments) or name in ("log.c",) or (
                name == "misc.c" and function == "syslog"):
            continue            # log_it's and anacron's own
        form = text_of(arguments[at])
        message = filled(form, arguments[at + 1:])
        if function.endswith("_e"):
            form, message = form + ": {error}", message + ": Invalid argument"
        yield (tag, name, function, form, message)


def calls(cron, anacron):
    found = []
    for source, is_anacron in ((cron, False), (anacron, True)):
        for name in sorted(os.listdir(source)):
            if name.endswith(".c"):
                found += calls_of(os.path.join(source, name), is_anacron)
    return sorted(set(found))


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "list":
        for call in calls(*sys.argv[2:4]):
            print("\t".join(call[:4] + ("?", call[4])))
        return 0
    if len(sys.argv) == 5 and sys.argv[1] == "compare":
        return compare({call[:4] for call in calls(*sys.argv[2:4])},
                       sys.argv[4])
    if len(sys.argv) == 3 and sys.argv[1] == "lines":
        print_lines(sys.argv[2])
        return 0
    if len(sys.argv) == 4 and sys.argv[1] == "known":
        return 1 if known(sys.argv[2], sys.argv[3]) else 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
