#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which messages can the programs of the shadow suite log?

    shadow_calls.py list SOURCE         every such call of a source tree, with a
                                        message made from it
    shadow_calls.py compare SOURCE TSV  exit 1 unless the list and the tree agree
    shadow_calls.py lines TSV           the messages as lines of a log
    shadow_calls.py known TSV MATCHES   exit 1 unless each row's message became
                                        what the row says; MATCHES is what
                                        `assay-agent match --json --why` printed

A call is (tag, file, level, format): SYSLOG() of the tree, and syslog() where a
program calls it itself. The tag is the program's own; what programs share is
listed once for each rule file that must know it. su of the suite is in no
package of Debian's and has rules of its own (su.yml); sulogin and logoutd are
not installed either.
"""
import os
import re
import sys

from sshd_calls import (blank_comments, closing, compare, known, literal,
                        print_lines, split_arguments)

LEFT_OUT = {"su.c", "suauth.c", "sulogin.c", "logoutd.c", "sulog.c"}
EVERY = ("useradd", "groupadd", "gpasswd", "passwd", "vipw", "newgrp", "login")
SHARED = {
    "getdef.c": EVERY,
    "selinux.c": ("useradd", "passwd", "vipw"),
    "sssd.c": ("useradd", "groupadd", "gpasswd", "passwd", "vipw"),
    "cleanup_group.c": ("groupadd", "gpasswd"),
    "cleanup_user.c": ("groupmod",),
    "find_new_gid.c": ("groupadd", "useradd"),
    "find_new_uid.c": ("useradd",),
    "find_new_sub_gids.c": ("useradd",),
    "find_new_sub_uids.c": ("useradd",),
    "pwdcheck.c": ("chsh",),
    "chowntty.c": ("login",), "failure.c": ("login",), "limits.c": ("login",),
    "log.c": ("login",), "login_nopam.c": ("login",), "setugid.c": ("login",),
    "setupenv.c": ("login",), "sub.c": ("login",),
}
# Of cleanup_group.c, what gpasswd can come to.
ONLY = {("gpasswd", "cleanup_group.c"): "failed to unlock"}
# Formats that are not written out where they are used.
NAMED = {
    "MSG_SSSD_FLUSH_CACHE_FAILED": ["%s: Failed to flush the sssd cache."],
    "BAD_SUBROOT2": ["invalid root `%s' for user `%s'"],
    "NO_SUBROOT2": ["no subsystem root `%s' for user `%s'"],
    "fmt_syslog": ["delete member '%s' from group '%s'",
                   "delete admin '%s' from shadow group '%s'",
                   "delete member '%s' from shadow group '%s'"],
}
# What stands for an argument in a message; else %s is `alice`, a number 7.
SAMPLES = {
    "gr_dbname": "/etc/group", "sgr_dbname": "/etc/gshadow",
    "pw_dbname": "/etc/passwd", "spw_dbname": "/etc/shadow",
    "sub_uid_dbname": "/etc/subuid", "sub_gid_dbname": "/etc/subgid",
    "pam_strerror": "Authentication failure", "strerror": "Invalid argument",
    "fromhost": " on 'tty1'", "suffix": "", "group": "ops", "mailfile":
    "/var/mail/alice", "info_group.action": "group ops/7",
    "info_gshadow.action": "group ops", "info_passwd.action": "group ops/7",
    "info->action": "group ops/7, new gid: 8", "grp_file": "/etc/group",
    "sgr_file": "/etc/gshadow", "fileeditname": "/etc/passwd",
    "SHADOW": "/etc/shadow", "PASSWD_FILE": "/etc/passwd-",
    "SGROUP_FILE": "/etc/gshadow",
    "prefix_user_home": "/home/alice", "TABLE": "/etc/login.access",
    "user_home": "/home/alice", "ssh_origcmd": "", "tty": "tty1",
    "FAILLOG_FILE": "/var/log/faillog", "LASTLOG_FILE": "/var/log/lastlog",
}


def tags_of(name):
    return SHARED.get(name, (name[:-2],))


def message_of(form, arguments):
    """The format with its arguments put in."""
    left = list(arguments)

    def sample(found):
        argument = left.pop(0) if left else ""
        if found.group(0)[-1] in "udx":
            return "7"
        if "ssh_origcmd" in argument:
            return ""
        words = re.findall(r"[A-Za-z_0-9.>-]+", argument)
        return next((SAMPLES[w] for w in words if w in SAMPLES), "alice")
    form = form.replace("\\n", "").replace('\\"', '"')
    return re.sub(r"%(?:lu|ld|[sdux])", sample, form)


def calls_of(path):
    name = os.path.basename(path)
    with open(path, encoding="utf-8", errors="replace") as f:
        text = blank_comments(f.read())
    for found in re.finditer(r"\bSYSLOG\s*\(\(|(?<![a-zA-Z_])syslog \((?!\()",
                             text):
        end = closing(text, found.end() - 1)
        level, form, *arguments = split_arguments(text[found.end():end])
        forms = NAMED.get(form) or [literal(form)]
        for each in forms:
            for tag in tags_of(name):
                if each.startswith(ONLY.get((tag, name), "")):
                    yield (tag, name, re.sub(r"\s+", " ", level), each,
                           message_of(each, arguments))


def calls(source):
    found = {}
    for folder in ("lib", "libmisc", "src"):
        for name in sorted(os.listdir(os.path.join(source, folder))):
            if name.endswith(".c") and name not in LEFT_OUT:
                for *call, message in calls_of(
                        os.path.join(source, folder, name)):
                    found.setdefault(tuple(call), message)
    return found


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "list":
        for call, message in sorted(calls(sys.argv[2]).items()):
            print("\t".join(call + ("?", message)))
        return 0
    if len(sys.argv) == 4 and sys.argv[1] == "compare":
        return compare(set(calls(sys.argv[2])),
                       sys.argv[3])
    if len(sys.argv) == 3 and sys.argv[1] == "lines":
        print_lines(sys.argv[2])
        return 0
    if len(sys.argv) == 4 and sys.argv[1] == "known":
        return 1 if known(sys.argv[2], sys.argv[3]) else 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
