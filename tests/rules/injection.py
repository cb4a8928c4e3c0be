#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lines as sshd, sudo, su, PAM, the account tools, login, cron, logind, logging
daemons, programs for packages and backups, second factors and sensors would write them for hostile names,
and a judge of what the agent reads in them.

    injection.py AGENT RULES [SEED [COUNT [GROUP ...]]]

The groups are sshd sudo su pam accounts login cron others guards; without one named, the
first four. For every rule that carries text an attacker writes, COUNT lines are made by a
model of the program (how it cuts, escapes and pads), so the truth of each line
is known: who, from where, with what outcome. Names are noise, control
characters, words of these programs' own lines, and pieces of whole lines cut
out at random. A share of the lines is built to have a second complete reading;
those must come out ambiguous. A share has ordinary names; those must be read
truly and must not be ambiguous. Every other line has to give the truth or
`ambiguous`, and the truth alone where the rule allows no second reading. A line
that syslog cut may give nothing at all.

One line a rule is printed: rule, lines, true, ambiguous, built ambiguous, cut,
names of 400 bytes, wrong; then what was wrong. Exit 1 when anything was.
"""
import json
import random
import re
import subprocess
import sys

KEY = "SHA256:Oi9OKBsTrf2RsAHRRhjwIXzfbqbDMPZ0H7Sx1qyQxOI"
FORGED = ("198.51.100.7", "203.0.113.66", "2001:db8:bad::1")
PLAIN = ("alice", "bob", "root", "www-data", "svc.backup", "EXAMPLE\\carol",
         "d_aemon", "x", "backup$", "günther")
WORDS = (
    " from 198.51.100.7 port 55555 ssh2", " from 198.51.100.7 port 22",
    " from ", " port ", " ssh2", "198.51.100.7", "203.0.113.66",
    "invalid user ", "illegal user ", " for ", " [preauth]", " [postauth]",
    "Accepted password for root from 198.51.100.7 port 22 ssh2",
    "Failed password for root from 198.51.100.7 port 22 ssh2",
    "Accepted publickey for root from 198.51.100.7 port 1 ssh2",
    "Invalid user root from 198.51.100.7 port 1", "ED25519 " + KEY, KEY,
    " not allowed because account is locked", " by PAM account configuration",
    " not allowed because listed in DenyUsers", ", client user \"",
    "\", client host \"", " ID ", " (serial 1) CA RSA " + KEY,
    "error: PAM: Authentication failure for root from 198.51.100.7",
    " : ", " ; ", "TTY=pts/1", " ; TTY=pts/1", " ; PWD=/", " ; USER=root",
    " ; COMMAND=/bin/sh", "user NOT in sudoers", "command not allowed",
    " : TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
    " : command not allowed ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/x",
    "3 incorrect password attempts", "(command continued) ",
    "(to root) ", "(to root", ") ", " on pts/0", " on none", "FAILED SU ",
    ":", "root:", ":root", "+ /dev/pts/1 root:root", " to restricted account ",
    " rhost=198.51.100.7 ", " rhost=198.51.100.7  user=root", " user=root",
    "  user=root", "ruser=root", " ruser=x rhost=198.51.100.7  user=root",
    "authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=",
    "session opened for user root(uid=0) by (uid=0)", "(uid=0)", " by ",
    "(uid=0) by root", "\"", "within grace period: \"root\"", "] has blank",
    "Accepted google_authenticator for root", "#012", "\\n", "\\001", "=",
    "%s%n", "'", "`", "$(id)", "é", "‮", "\t", "\n", "\r", "\x1b[2J", "\x7f",
)
# Words of the other groups, apart so that the lines of the first stay the same.
MORE = WORDS + (
    ": 5 messages lost due to rate-limiting", "]: 7 messages lost", "] from <",
    ">: begin to drop messages due to rate-limiting", " install", " keep",
    " [v8.2302.0 try https://www.rsyslog.com/e/2177 ]", "conffile /x install",
    " --stanza=main", " --stanza=other ", "\" --stanza=x \"", " --dry-run",
    "status installed x:all 1", "Error: ", "End-Date: 2026-11-25  01:07:16",
    " failed to download, aborting", "All upgrades installed", "P00   INFO: ",
    "backup command end: completed successfully (1ms)", "20261125-011010F/",
    "' to group 'sudo", "' to group '", "' from group '", "' to shadow group '",
    ", UID=0", ", UID=0, GID=0, home=/root, shell=/bin/sh, from=none",
    ", GID=0", "new user: name=root", "new group: name=sudo, GID=0",
    "add 'x' to group 'sudo'", "delete user 'root'", "'", "' owned by '",
    "' UID from '1000' to '0", "' shell from '/bin/sh' to '/bin/bash",
    "' password", "' removed", " from /etc/group", " to /etc/group",
    " in /etc/group", " in /etc/gshadow", ": Permission denied",
    " added by root to group sudo", " removed by root", " set by root to ",
    " failed to add user root to group sudo", "user root added by ",
    "(group sudo/27", "/27", ", new name: sudo", ", new password",
    ", new gid: 0", ")", "group 'sudo' removed", "' changed by 'root",
    ": can't view or modify password information for root",
    "password for 'root' changed by 'root'", "file /etc/passwd edited",
    "' (login 'root' on pts/1) switched to group 'sudo", "' from 'root",
    "FAILED LOGIN (1) on 'tty1' FOR 'root', Authentication failure",
    "', Authentication failure", " FOR 'root", "' from '198.51.100.7",
    " on 'tty1'", "' logged in  on 'tty1", "ROOT LOGIN  on 'tty1'", "UNKNOWN",
    " account temporarily locked", "root account temporarily locked",
    "Consecutive login failures for user root", ") CMD (", ") END (",
    ") REPLACE (", ") RELOAD (/etc/crontab", ") AUTH (crontab command not "
    "allowed", "(root) CMD (/bin/sh)", ") ORPHAN (no passwd entry", "[12] ",
    "New session 9 of user root.", " of user root.", "Removed session 9.",
    "\" of user \"root", "\" is idle, stopping.", " (UID: 0) on pts/0",
    " SSH_ORIGINAL_COMMAND=", " BY root", " FROM 198.51.100.7", "LOGIN ON ",
)


def vis(text):
    """strnvis(3) as sshd uses it for syslog."""
    names = {10: "\\n", 13: "\\r", 8: "\\b", 7: "\\a", 11: "\\v", 9: "\\t",
             12: "\\f", 92: "\\\\"}
    return "".join(
        names[c] if c in names else
        chr(c) if 32 <= c < 127 else "\\%03o" % c for c in text.encode())


def sysl(text):
    """Control characters as a syslog daemon writes them to its file."""
    return "".join("#%03o" % ord(c) if ord(c) < 32 else c for c in text)


def cut(text, size):
    """The first `size` bytes, without half a character."""
    return text.encode()[:size].decode(errors="ignore")


class Maker:
    """Names, addresses and numbers from one seed."""

    def __init__(self, seed, words=WORDS):
        self.r = random.Random(seed)
        self.words = words
        self.whole = []         # lines made so far, to cut names out of

    def pick(self, things):
        return self.r.choice(things)

    def ip(self):
        r = self.r
        if r.random() < 0.2:
            return "2001:db8::%x:%x" % (r.randrange(65536), r.randrange(65536))
        return "192.0.2.%d" % r.randrange(256)

    def port(self):
        return self.r.randrange(1024, 65536)

    def tty(self):
        return self.pick(("pts/0", "pts/17", "tty1", "/dev/pts/3"))

    def hostile(self, size):
        r = self.r
        kind = r.random()
        if kind < 0.10:         # noise
            text = "".join(chr(r.randrange(32, 127))
                           for _ in range(r.randrange(1, size)))
        elif kind < 0.13:       # nothing but what escapes to four bytes
            text = "".join(chr(r.choice((1, 2, 3, 25, 127)))
                           for _ in range(size))
        elif kind < 0.20:       # nothing but what must be escaped
            text = "".join(chr(r.choice((1, 2, 7, 9, 10, 13, 27, 127)))
                           for _ in range(r.choice((1, 3, 90, 99, size))))
        elif kind < 0.45 and self.whole:
            line = r.choice(self.whole)
            a = r.randrange(len(line))
            text = line[a:a + r.randrange(1, size)]
        else:
            text = "".join(r.choice(self.words) if r.random() < 0.8 else
                           r.choice(PLAIN) for _ in range(r.randrange(1, 8)))
        text = cut(text.replace("\0", ""), size)
        return text or "x"

    def remember(self, line):
        if len(self.whole) < 4000:
            self.whole.append(line)
        else:
            self.whole[self.r.randrange(4000)] = line


class Line:
    """What was written, and what is true of it."""

    def __init__(self, text, truth, built=False, plain=False, lost=False):
        self.text, self.truth = text, truth
        self.built, self.plain, self.lost = built, plain, lost


# --- sshd ---------------------------------------------------------------

def sshd_name(m, mode):
    if mode == "plain":
        return m.pick(PLAIN)
    name = m.hostile(100)
    if m.r.random() < 0.5:      # sshd ends the name at a colon
        name = name.split(":")[0] or "x"
    return name


def sshd(form, outcome, tails=None, relayed=0.0, valid=None, port=True,
         empty=False):
    """A maker of sshd lines. form has {user}, {ip}, {port} and {tail}. Sent by
    the confined child, a message is marked and often escaped twice."""
    def make(m, mode):
        name = "" if empty and m.r.random() < 0.01 else sshd_name(m, mode)
        ip, number = m.ip(), m.port()
        tail, built = "", False
        known = m.r.random() < 0.5 if valid is None else valid
        if tails:
            tail = m.pick(tails)
            if mode == "built":
                name = m.pick(PLAIN)
                built, tail = True, ": RSA " + KEY + \
                    ', client user "q from 198.51.100.7 port 9 ssh2: ' \
                    'client user "z", client host "h"'
            elif "%s" in tail:
                a, b = (cut(m.hostile(100), 100) for _ in "ab")
                tail = tail % ((a, b) if mode != "plain" else ("a", "b"))
        if known and name.startswith(("invalid user ", "illegal user ")):
            name = "x" + name   # no such account can exist
        text = form.format(user=name, ip=ip, port=number, tail=tail,
                           invalid="" if known else "invalid user ")
        twice = False
        if m.r.random() < relayed:
            twice = m.r.random() < 0.5
            text = (vis(text) if twice else text) + " [preauth]"
        text = vis(text)
        user = vis(vis(name)) if twice else vis(name)
        truth = {"user": user, "src_ip": ip}
        if "{ip}" not in form:
            del truth["src_ip"]
        if port:
            truth["src_port"] = number
        if valid is not None and outcome != "none":
            truth["valid"] = valid
        return Line(text[:500], (outcome, truth), built, mode == "plain",
                    len(text) >= 500)
    return make


KEYS = ("", ": ED25519 " + KEY, ": RSA " + KEY,
        ': RSA ' + KEY + ', client user "%s", client host "%s"')
REASONS = ("Authentication failure", "Permission denied",
           "Have exhausted maximum number of retries for service",
           "User not known to the underlying authentication module")


def any_of(makers):
    return lambda m, mode: m.pick(makers)(m, mode)


def pam_words(prefix, valid):
    return any_of([sshd("error: PAM: %s for %s{user} from {ip}" % (r, prefix),
                        "failure", port=False, valid=valid)
                   for r in REASONS])


SSHD = {
    "sshd.accepted": sshd(
        "Accepted hostbased for {user} from {ip} port {port} ssh2{tail}",
        "success", KEYS, valid=True),
    "sshd.failed": sshd(
        "Failed hostbased for {user} from {ip} port {port} ssh2{tail}",
        "failure", KEYS, valid=True),
    "sshd.failed_unknown": sshd(
        "Failed hostbased for invalid user {user} from {ip} port {port} "
        "ssh2{tail}", "failure", KEYS, valid=False, empty=True),
    "sshd.invalid_user": sshd("Invalid user {user} from {ip} port {port}",
                              "failure", valid=False, empty=True),
    "sshd.partial": sshd(
        "Partial hostbased for {user} from {ip} port {port} ssh2{tail}",
        "none", KEYS, valid=True),
    "sshd.pam_failed": pam_words("", True),
    "sshd.pam_failed_unknown": pam_words("illegal user ", False),
    "sshd.pam_account_denied": sshd(
        "fatal: Access denied for user {user} by PAM account configuration",
        "failure", relayed=0.7, valid=True, port=False),
    "sshd.user_not_allowed_from": any_of([sshd(
        "User {user} from {ip} not allowed because " + w, "failure",
        port=False, valid=False)
        for w in ("listed in DenyUsers", "not listed in AllowUsers",
                  "a group is listed in DenyGroups", "not in any group")]),
    "sshd.user_not_allowed": any_of([sshd(
        "User {user} not allowed because " + w, "failure", port=False,
        valid=False)
        for w in ("account is locked", "shell /bin/x does not exist",
                  "shell /bin/y is not executable")]),
    "sshd.administratively_refused": sshd(
        "administratively prohibited connection for {invalid}{user} from {ip} port "
        "{port}", "failure"),
    "sshd.touch_missing": sshd(
        "error: public key ED25519-SK " + KEY + " signature for {invalid}{user} "
        "from {ip} port {port} rejected: user verification requirement not met ",
        "failure", relayed=0.7),
    "sshd.max_attempts": sshd(
        "error: maximum authentication attempts exceeded for {user} from {ip} "
        "port {port} ssh2", "success", relayed=0.8, valid=True),
    "sshd.max_attempts_unknown": sshd(
        "error: maximum authentication attempts exceeded for invalid user "
        "{user} from {ip} port {port} ssh2", "success", relayed=0.8,
        valid=False),
}


# --- sudo ---------------------------------------------------------------

def sudo_name(m, mode):
    if mode == "plain":
        return m.pick(PLAIN)
    # No account's name begins or ends with a blank.
    return sysl(m.hostile(120)).strip() or "x"


def sudo(reason, outcome, command=True):
    """A maker of sudo lines: the directory, the environment and the arguments
    are the attacker's as well."""
    def make(m, mode):
        r = m.r
        if outcome == "none" and mode == "built":
            mode = "hostile"    # such a line has one reading, or no name
        by = sudo_name(m, mode)
        plain = mode == "plain"
        where = "/home/alice" if plain or r.random() < 0.5 else \
            "/" + sysl(m.hostile(120))
        what = "/usr/bin/id -u" if plain or r.random() < 0.5 else \
            "/bin/echo " + sysl(m.hostile(120))
        built = False
        if mode == "built":
            built = True
            by = "alice"
            where = "/tmp/x ; USER=bob ; COMMAND=/bin/ls"
        user = m.pick(("root", "postgres", "bob"))
        said = reason(m, mode) if callable(reason) else reason
        text = "%8s : " % by
        if said:
            text += said + " ; "
        if r.random() < 0.3:
            text += "HOST=web01 ; "
        if r.random() < 0.7:
            text += "TTY=%s ; " % m.tty()
        text += "PWD=%s ; USER=%s ; " % (where, user)
        if r.random() < 0.1:
            text += "TSID=00000A ; "
        if r.random() < 0.2:
            text += "ENV=A=%s ; " % ("1" if plain else sysl(m.hostile(60)))
        if command:
            text += "COMMAND=" + what
        truth = {"by": by}
        if outcome != "none":
            truth["user"] = user
        return Line(text, (outcome, truth), built, plain)
    return make


def sudo_continued(m, mode):
    by = sudo_name(m, mode)
    rest = "-l -a" if mode == "plain" else sysl(m.hostile(120))
    built = mode == "built"
    if built:
        by, rest = "alice", "x : (command continued) y"
    # The continuation is cut at a blank, which goes.
    rest = rest.lstrip(" ") or "x"
    return Line("%8s : (command continued) %s" % (by, rest),
                ("none", {"by": by}), built, mode == "plain")


def unknown_user(m, mode):
    name = "nobody2" if mode == "plain" else sysl(m.hostile(120))
    return "unknown user " + name


SUDO = {
    "sudo.command": sudo("", "success"),
    "sudo.denied": any_of([sudo(w, "failure") for w in (
        "user NOT in sudoers", "command not allowed", "a password is required",
        "user NOT authorized on host")]),
    "sudo.wrong_password": sudo("3 incorrect password attempts", "failure"),
    "sudo.notice": any_of([sudo(unknown_user, "none", command=False),
                           sudo("unable to resolve host web01 : Name or "
                                "service not known", "none")]),
    "sudo.continued": sudo_continued,
}


# --- su -----------------------------------------------------------------

def two_names(form, outcome, forged, twist=lambda name: name):
    """A maker of lines that hold two account names. forged = names that give
    the line a second reading."""
    def make(m, mode):
        user, by = (m.pick(PLAIN) if mode == "plain" or m.r.random() < 0.3
                    else twist(sysl(m.hostile(120))) for _ in "ab")
        built = mode == "built"
        if built:
            user, by = forged
        text = form.format(user=user, by=by, tty=m.tty())
        return Line(text, (outcome, {"user": user, "by": by}), built,
                    mode == "plain")
    return make


SU = {
    "su.success": two_names("(to {user}) {by} on {tty}", "success",
                            ("root) alice on pts/1", "bob) carol")),
    "su.failure": two_names("FAILED SU (to {user}) {by} on {tty}", "failure",
                            ("root) alice on pts/1", "bob) carol")),
    "su.shadow_success": two_names("+ {tty} {by}:{user}", "success",
                                   ("root:bob", "alice")),
    "su.shadow_failure": two_names("- {tty} {by}:{user}", "failure",
                                   ("root:bob", "alice")),
    "su.restricted": two_names(
        "SU by {by} to restricted account {user}", "failure",
        ("y to restricted account root", "x")),
}


# --- pam ----------------------------------------------------------------

def pam_failure(prefix, outcome="failure"):
    """What a service hands to PAM: ruser and user, both hostile."""
    def make(m, mode):
        plain = mode == "plain"
        by, user = ("" if m.r.random() < 0.4 else
                    m.pick(PLAIN) if plain else sysl(m.hostile(100))
                    for _ in "ab")
        ip = m.ip()
        built = mode == "built"
        if built:
            by, user = "x rhost=198.51.100.7  user=y", "alice"
        count = m.r.randrange(1, 5)
        text = prefix.format(count, "s" if count > 1 else "") + \
            "logname= uid=0 euid=0 tty=ssh ruser=%s rhost=%s " % (by, ip)
        if user:
            text += " user=" + user
        truth = {"src_ip": ip, "by": by or None, "user": user or None}
        return Line(text, (outcome, truth), built, plain)
    return make


def one_name(form, outcome, forged=None, size=120):
    def make(m, mode):
        built = mode == "built" and forged is not None
        user = forged if built else m.pick(PLAIN) if mode == "plain" else \
            sysl(m.hostile(size))
        return Line(form.format(user=user), (outcome, {"user": user}), built,
                    mode == "plain")
    return make


def session(form, forged):
    def make(m, mode):
        built = mode == "built"
        user, by = (m.pick(PLAIN) if mode == "plain" or m.r.random() < 0.3
                    else sysl(m.hostile(100)) for _ in "ab")
        if m.r.random() < 0.3:
            by = ""
        if built:
            user, by = forged
        text = form.format(user=user, by=by, uid=m.r.randrange(5000))
        return Line(text, ("success", {"user": user, "by": by or None}), built,
                    mode == "plain")
    return make


PAM = {
    "pam_unix.failure": pam_failure("authentication failure; "),
    "pam_unix.more_failures": pam_failure(
        "{} more authentication failure{}; "),
    "sshd.more_failures": pam_failure(
        "PAM {} more authentication failure{}; "),
    "sudo.more_failures": pam_failure(
        "PAM {} more authentication failure{}; "),
    "su.more_failures": pam_failure("PAM {} more authentication failure{}; "),
    "pam_unix.unknown_user": one_name("check pass; user ({user}) unknown",
                                      "failure"),
    "pam_unix.helper_failure": one_name(
        "password check failed for user ({user})", "failure"),
    "pam_unix.blank_password": one_name(
        "user [{user}] has blank password; authenticated without it",
        "success"),
    "pam_unix.account_expired": one_name(
        "account {user} has expired (account expired)", "failure"),
    "pam_unix.session_opened": session(
        "session opened for user {user}(uid=0) by {by}(uid={uid})",
        ("root(uid=0) by x", "alice")),
    "pam_unix.session_closed": one_name("session closed for user {user}",
                                        "success"),
    "pam_unix.password_changed": one_name("password changed for {user}",
                                          "success"),
    "pam_unix.password_not_changed": one_name(
        "password not changed for {user} on nis1", "failure"),
    "google_authenticator.accepted": one_name(
        "Accepted google_authenticator for {user}", "success"),
    "google_authenticator.wrong_code": one_name(
        "Invalid verification code for {user}", "failure"),
    "google_authenticator.grace_period": one_name(
        'within grace period: "{user}"', "success"),
}


# --- account tools, login, cron, logind ---------------------------------

def value(m, mode, kind):
    """One thing that a line holds. Names: `any` as --badname or a directory
    allows them, `name` as tools create them; a colon is in neither."""
    r = m.r
    plain = mode == "plain" or r.random() < 0.2
    if kind == "uid":
        return r.randrange(70000)
    if kind == "tty":
        return m.tty()
    if kind == "ip":
        return m.ip()
    if kind == "session":
        return r.choice(("", "c")) + str(r.randrange(1, 9999))
    if kind == "path":
        text = "/srv/x" if plain else "/" + sysl(m.hostile(100))
    elif plain:
        text = m.pick(PLAIN)
    else:
        text = sysl(m.hostile(120 if kind == "text" else 64))
    if kind in ("any", "path", "name", "own"):
        text = text.replace(":", "")
    if kind == "name":
        text = "".join(c for c in text if c not in " ,")
    if kind == "command":
        text = text.lstrip(" ")
    if kind == "own":
        text = text.lstrip("`")
    if kind == "stranger" and text == "root":
        text = "toor"
    # What a program writes where it has no name is no name.
    return text if text not in ("", "UNKNOWN", "(unknown)") else "x"


def form(text, outcome, forged=None, unsaid=(), **kinds):
    """A maker of lines of one shape. kinds = what each of its parts is; forged =
    parts that give a second reading; unsaid = parts that are no field."""
    def make(m, mode):
        built = mode == "built" and forged is not None
        parts = {k: value(m, mode, kind) for k, kind in kinds.items()}
        if built:
            parts.update(forged)
        truth = {k: v for k, v in parts.items() if k not in unsaid}
        return Line(text.format(**parts), (outcome, truth), built,
                    mode == "plain")
    return make


def two(text, outcome, a, b, between):
    """A form of two names where the first can hold what stands between them."""
    return form(text, outcome, {a: "x" + between + "y", b: "z"},
                **{a: "any", b: "any"})


def usermod_changed(m, mode):
    what = m.pick(("UID", "GID", "home", "shell", "inactive", "expiration"))
    built = mode == "built"
    user, old, new = (value(m, mode, "any" if i == 0 else "path")
                      for i in range(3))
    if built:
        user, old, new = "x", "/", "/y"
        user = "x' %s from '1' to '0" % what
    return Line("change user '%s' %s from '%s' to '%s'" %
                (user, what, old, new), ("success", {
                    "user": user, "change": what, "old": old, "new": new}),
                built, mode == "plain")


def suffixed(make, *ends):
    """What the maker makes, with an end that is not always there."""
    def maker(m, mode):
        line = make(m, mode)
        line.text += m.pick(ends)
        return line
    return maker


ACCOUNTS = {
    "useradd.created": form(
        "new user: name={user}, UID={uid}, GID={gid}, home={home}, "
        "shell=/bin/sh, from=none", "success",
        {"user": "m, UID=0, GID=0, home=/, shell=/bin/sh"},
        user="any", uid="uid", gid="uid", home="path"),
    "useradd.failed": form("failed adding user '{user}', exit code: 9",
                           "failure", user="any"),
    "useradd.group_created": form("new group: name={group}, GID={gid}",
                                  "success", group="any", gid="uid"),
    "useradd.member_added": two("add '{user}' to group '{group}'", "success",
                                "user", "group", "' to group '"),
    "usermod.member_removed": two(
        "delete '{user}' from group '{group}'", "success", "user", "group",
        "' from group '"),
    "usermod.member_renamed": form(
        "change '{user}' to '{new}' in group '{group}'", "success",
        {"user": "x' to 'y"}, user="any", new="any", group="any"),
    "usermod.renamed": two("change user name '{user}' to '{new}'", "success",
                           "user", "new", "' to '"),
    "usermod.changed": usermod_changed,
    "usermod.locked": form("lock user '{user}' password", "success",
                           user="any"),
    "usermod.unlocked": form("unlock user '{user}' password", "success",
                             user="any"),
    "usermod.password": form("change user '{user}' password", "success",
                             user="any"),
    "userdel.deleted": form("delete user '{user}'", "success", user="any"),
    "userdel.group_deleted": two(
        "removed group '{group}' owned by '{user}'", "success", "group", "user",
        "' owned by '"),
    "groupadd.created": form("new group: name={group}, GID={gid}", "success",
                             group="any", gid="uid"),
    "groupadd.failed": form("failed to add group {group}", "failure",
                            group="name"),
    "groupmod.renamed": form(
        "group changed in /etc/group (group {group}/{gid}, new name: {new})",
        "success", group="name", gid="uid", new="name"),
    "groupmod.gid": form(
        "group changed in /etc/group (group {group}/{gid}, new gid: 7)",
        "success", group="name", gid="uid"),
    "groupmod.password": form(
        "group changed in /etc/group (group {group}/{gid}, new password)",
        "success", group="name", gid="uid"),
    "groupdel.deleted": form("group '{group}' removed", "success",
                             group="any"),
    "groupdel.failed": form("failed to remove group {group}", "failure",
                            group="name"),
    "gpasswd.member_added": form(
        "user {user} added by {by} to group {group}", "success",
        {"user": "x added by root to group sudo"},
        user="any", by="any", group="any"),
    "gpasswd.member_removed": form(
        "user {user} removed by {by} from group {group}", "success",
        {"user": "x removed by root from group sudo"},
        user="any", by="any", group="any"),
    "gpasswd.members_set": form(
        "members of group {group} set by {by} to {new}", "success",
        {"by": "y to z set by root"}, group="any", by="any", new="any"),
    "gpasswd.administrators_set": form(
        "administrators of group {group} set by {by} to {new}", "success",
        {"by": "y to z set by root"}, group="any", by="any", new="any"),
    "gpasswd.password_removed": two(
        "password of group {group} removed by {by}", "success", "group", "by",
        " removed by "),
    "gpasswd.password_changed": two(
        "password of group {group} changed by {by}", "success", "group", "by",
        " changed by "),
    "gpasswd.restricted": two(
        "access to group {group} restricted by {by}", "success", "group", "by",
        " restricted by "),
    "gpasswd.member_failed": suffixed(form(
        "{by} failed to add user {user} to group {group}", "failure",
        {"user": "y to group sudo"}, user="any", by="any", group="any"),
        "", ": Permission denied"),
    "gpasswd.failed": suffixed(two(
        "{by} failed to change password of group {group}", "failure", "by",
        "group", " failed to change password of group "),
        "", ": Permission denied"),
    "gpasswd.set_failed": suffixed(form(
        "{by} failed to set the members of group {group} to {new}", "failure",
        {"group": "sudo to y"}, by="any", group="any", new="any"),
        "", ": Permission denied"),
    "passwd.changed": two("password for '{user}' changed by '{by}'", "success",
                          "user", "by", "' changed by '"),
    "passwd.refused": form(
        "{own}: can't view or modify password information for {user}",
        "failure", unsaid=("own",), own="text", user="any"),
    "passwd.incorrect": form("incorrect password for {user}", "failure",
                             user="own"),
    "chage.changed": form("changed password expiry for {user}", "success",
                          user="any"),
    "chfn.changed": form("changed user '{user}' information", "success",
                         user="any"),
    "chsh.changed": two("changed user '{user}' shell to '{new}'", "success",
                        "user", "new", "' shell to '"),
    "chsh.refused": form("can't change shell for '{user}'", "failure",
                         user="any"),
    "grpck.member_deleted": two("delete member '{user}' from group '{group}'",
                                "success", "user", "group", "' from group '"),
    "newgrp.switched": form(
        "user '{by}' (login '{login}' on {tty}) switched to group '{group}'",
        "none", {"by": "x' (login 'y' on z) switched to group 'a"},
        unsaid=("login",), by="any", login="any", tty="tty", group="any"),
    "newgrp.wrong_password": two(
        "Invalid password for group '{group}' from '{by}'", "failure", "group",
        "by", "' from '"),
    "nologin.refused": form(
        "Attempted login by {user} (UID: {uid}) on {tty}"
        " SSH_ORIGINAL_COMMAND={command}", "failure", unsaid=("command",),
        user="name", uid="uid", tty="tty", command="text"),
}
LOGIN = {
    "login.root_remote": form("ROOT LOGIN  on '{tty}' from '{src_ip}'",
                              "success", tty="tty", src_ip="ip"),
    "login.accepted": form("'{user}' logged in  on '{tty}'", "success",
                           user="text", tty="tty"),
    "login.failed": form(
        "FAILED LOGIN (1) on '{tty}' from '{src_ip}' FOR '{user}', "
        "Authentication failure", "failure", tty="tty", src_ip="ip",
        user="text"),
    "login.too_many": form(
        "TOO MANY LOGIN TRIES (5) on '{tty}' from '{src_ip}' FOR '{user}'",
        "success", unsaid=("tty",), tty="tty", src_ip="ip", user="text"),
    "login.limit": form(
        "exceeded failure limit for `{user}'  on '{tty}' from '{src_ip}'",
        "success", unsaid=("tty",), tty="tty", src_ip="ip", user="text"),
    "login.ul_failed": form(
        "FAILED LOGIN 1 FROM {src_ip} FOR {user}, Authentication failure",
        "failure", src_ip="ip", user="text"),
    "login.ul_too_many": form(
        "TOO MANY LOGIN TRIES (3) FROM {src_ip} FOR {user}, Have exhausted "
        "maximum number of retries for service", "success", src_ip="ip",
        user="text"),
    "login.accepted_remote": form(
        "'{user}' logged in  on '{tty}' from '{src_ip}'", "success",
        user="text", tty="tty", src_ip="ip"),
    "login.ul_accepted": form("LOGIN ON {tty} BY {user}", "success", tty="tty",
                              user="name"),
    "login.ul_accepted_remote": form("LOGIN ON {tty} BY {user} FROM {src_ip}",
                              "success", tty="tty", user="name", src_ip="ip"),
    "login.more_failures": pam_failure("PAM {} more authentication failure{}; "),
    "pam_faillock.locked": form(
        "Consecutive login failures for user {user} account temporarily "
        "locked", "success", user="stranger"),
    "logind.session_opened": form("New session {session} of user {user}.",
                                  "success", session="session", user="text"),
    "logind.session_idle": form(
        'Session "{session}" of user "{user}" is idle, stopping.', "success",
        session="session", user="text"),
}
CRON = {
    "cron.job": form("({user}) CMD ({command})", "none",
                     {"command": "[12] x"}, user="name", command="command"),
    "cron.job_ended": form("({user}) END ({command})", "none",
                           {"command": "[12] x"}, user="name",
                           command="command"),
    "crontab.changed": form("({by}) REPLACE ({object})", "success", by="name",
                            object="name"),
    "crontab.refused": form("({by}) AUTH (crontab command not allowed)",
                            "failure", by="name"),
    "cron.reloaded": form("({object}) RELOAD ({path})", "success",
                          object="name", path="path"),
    "cron.crontab_left_out": form("({object}) ORPHAN ({path})", "failure",
                                  object="name", path="path"),
}
# --- what daemons say of themselves, packages, backups -------------------

def free(form, outcome, truth, size=400, forged=None, plain="x", twist=sysl):
    """A maker of lines with one hostile text {text}, and with {n}, a number.
    truth: fields, with {text} and {n} in their values; an int is a number."""
    def make(m, mode):
        built = mode == "built" and forged is not None
        text = forged if built else plain if mode == "plain" else \
            twist(m.hostile(size))
        n = m.r.randrange(1, 100000)
        fields = {k: n if v == "{n}" else v.format(text=text, n=n)
                  if isinstance(v, str) else v for k, v in truth.items()}
        return Line(form.format(text=text, n=n), (outcome, fields), built,
                    mode == "plain")
    return make


def comm(name):
    """The name of a process: 15 bytes, and no line feed in a log."""
    return cut(sysl(name), 15) or "x"


def option(m, mode):
    """What an administrator may write behind an option, in quotes."""
    built = mode == "built"
    text = "x --stanza=forged y" if built else \
        "/srv/repo" if mode == "plain" else sysl(m.hostile(120))
    # A stanza of another name in the text makes it two lines in one.
    built = built or any(x != "main" for x in re.findall(
        r" --stanza=([A-Za-z0-9_.-]{1,64})(?= )", text))
    line = 'P00   INFO: backup command begin 2.45: --repo1-path="%s" ' \
        "--stanza=main" % text
    return Line(line, ("none", {"job": "main"}), built, mode == "plain")


OTHERS = {
    "rsyslogd.drops": any_of([
        free("imuxsock[pid: {n}, name: {text}] from <web01:kernel>: begin to "
             "drop messages due to rate-limiting", "failure", {"begins": True},
             twist=comm),
        free("imuxsock[pid: {n}, name: python3] from <web01:{text}>: begin to "
             "drop messages due to rate-limiting", "failure", {"begins": True},
             size=60)]),
    "rsyslogd.dropped": free(
        "imuxsock[pid: 7, name: {text}]: {n} messages lost due to "
        "rate-limiting (200 allowed within 5 seconds)", "failure",
        {"lines": "{n}"}, twist=comm),
    "rsyslogd.message_lost": free(
        "Error: one message could not be processed by any parser, message is "
        "being discarded (start of raw msg: '{text}') [v8.2302.0 try "
        "https://www.rsyslog.com/e/2157 ]", "failure", {"lines": 1}, size=60),
    "rsyslogd.write_error": free(
        "file '/srv/log/{text}.log'[14] write error - see "
        "https://www.rsyslog.com/solving-rsyslog-write-errors/ for help OS "
        "error: No space left on device [v8.2302.0 try "
        "https://www.rsyslog.com/e/2027 ]", "failure",
        {"reason": "/srv/log/{text}.log"},
        forged="x'[1] write error - see https://www.rsyslog.com/solving-"
        "rsyslog-write-errors/ for help OS error: y"),
    "dpkg.conffile_replaced": free(
        "conffile /etc/{text} install", "success", {"path": "/etc/{text}"}),
    "apt.command": free(
        "Commandline: apt-get install {text}x", "none",
        {"command": "apt-get install {text}x"}, size=120),
    "apt.error": free("Error: {text}", "failure", {"reason": "{text}"}),
    "unattended_upgrades.failed": free(
        "ERROR The URI http://deb.example.org/{text} failed to download, "
        "aborting", "failure",
        {"reason": "The URI http://deb.example.org/{text} failed to download, "
         "aborting"}),
    "unattended_upgrades.error_message": free(
        "ERROR error message: {text}", "failure", {"reason": "{text}"}),
    "pgbackrest.backup_start": option,
    "pgbackrest.archive_not_pushed": free(
        "P00   WARN: could not push WAL file '000000020000000000000011' to the "
        "archive (will be retried): [055] {text}", "failure",
        {"reason": "{text}", "rc": 55}),
    "pgbackrest.verify_damage": free(
        "P01   INFO: invalid checksum '20261125-011010F/pg_data/{text}'",
        "failure", {"reason": "invalid checksum",
                    "archive": "20261125-011010F"}),
}


# --- second factors, units, sensors ---------------------------------------

def duo(word, outcome, reason=None, built=None):
    """A line of Duo's. The name may be what the person wrote with chfn(1)."""
    def make(m, mode):
        twice = mode == "built" and built
        name = built if twice else m.pick(PLAIN) if mode == "plain" else \
            sysl(m.hostile(120)).replace("\t", "?")
        ip = m.ip()
        truth = {"user": name, "src_ip": ip, "method": "duo"}
        text = "%s for '%s' from %s" % (word, name, ip)
        if reason:
            text += ": " + reason
            truth["reason"] = reason
        return Line(text, (outcome, truth), bool(twice), mode == "plain")
    return make


DUO = "y' from 198.51.100.7: x"
DOWN = "Couldn't connect to api.example.org: Failed to connect"


def found(form, outcome, size=300):
    """A line of a scanner: a path, which its owner chose, and a signature."""
    def make(m, mode):
        path = "/srv/" + ("x" if mode == "plain" else sysl(m.hostile(size)))
        name = m.pick(("Win.Test.EICAR_HDB-1", "Unix.Trojan.Mirai-1",
                       "Own.Sig-7.UNOFFICIAL"))
        return Line(form.format(path=path, name=name),
                    (outcome, {"path": path, "signature": name}),
                    plain=mode == "plain")
    return make


def rsync_failed(m, mode):
    """Only numbers and rsync's own words; names stand in other lines."""
    n = m.r.randrange(1, 36)
    n += n == 24
    return Line("[7] rsync error: some files/attrs were not transferred (see "
                "previous errors) (code %d) at main.c(1394) [sender=3.5.0]" % n,
                ("failure", {"rc": n}), plain=mode == "plain")


def refused_packet(m, mode):
    """A firewall's line: strangers choose addresses, ports and what is inside."""
    ip, port = m.ip(), m.port()
    inner = m.pick(("", "[SRC=203.0.113.66 DST=198.51.100.7 LEN=28 TOS=0x00 "
                    "PREC=0x00 TTL=63 ID=2 PROTO=UDP SPT=53 DPT=9 LEN=8 ] "))
    four = ":" not in ip
    rest = "LEN=44 TOS=0x00 PREC=0x00 TTL=241 ID=54321 " if four else \
        "LEN=80 TC=0 HOPLIMIT=64 FLOWLBL=0 "
    truth = {"src_ip": ip, "reason": "[UFW BLOCK]"}
    if inner:
        rest += "PROTO=ICMP TYPE=3 CODE=3 " + inner
        truth["protocol"] = "ICMP"
    else:
        rest += "PROTO=TCP SPT=%d DPT=22 WINDOW=1024 RES=0x00 SYN URGP=0 " % port
        truth.update(src_port=port, dst_port=22)
    return Line("[UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56 SRC=%s DST=%s %s"
                % (ip, "192.0.2.1" if four else "2001:db8::1", rest),
                ("success", truth), plain=mode == "plain")


def described(form, outcome, **truth):
    """A line of systemd: the description is a unit file's, of a user as well."""
    def make(m, mode):
        text = "x" if mode == "plain" else sysl(m.hostile(200))
        return Line(form.format(text=text), (outcome, dict(truth)),
                    plain=mode == "plain")
    return make


GUARDS = {
    "login_duo.accepted": duo("Successful Duo login", "success"),
    "login_duo.failed": duo("Failed Duo login", "failure",
                            "51: Login request denied.", DUO),
    "login_duo.failsafe": duo("Failsafe Duo login", "success", DOWN, DUO),
    "login_duo.skipped": duo("Skipped Duo login", "success",
                             "Allowed unknown user", DUO),
    "login_duo.group": form("User {user} bypassed Duo 2FA due to user's UNIX "
                            "group", "success", user="any"),
    "systemd.started": described("Started x.service - {text}.", "success",
                                 service="x.service", state="Started"),
    "systemd.start_failed": described(
        "Failed to start x.service - {text}.", "failure", service="x.service",
        reason="Failed to start"),
    "netfilter.blocked": refused_packet,
    "clamd.found": found("{path}: {name} FOUND", "success"),
    "clamscan.found": found("{path}: {name} FOUND", "success"),
    "certbot.one_failed": free(
        "ERROR:certbot._internal.renewal:Failed to renew certificate ex with "
        "error: {text}", "none", {"name": "ex", "reason": "{text}"}),
    "aide.failed": free("ERROR: {text}", "failure", {"reason": "{text}"}),
    "rsnapshot.warning": free("WARNING: {text}", "warning",
                              {"reason": "{text}"}),
    "rsync.failed": rsync_failed,
}


GROUPS = {"sshd": SSHD, "sudo": SUDO, "su": SU, "pam": PAM,
          "accounts": ACCOUNTS, "login": LOGIN, "cron": CRON,
          "others": OTHERS, "guards": GUARDS}
OLD = ("sshd", "sudo", "su", "pam")


# In these no name, whatever it holds, makes a second reading.
ONE_READING = set(SSHD) | set(PAM)
ONE_READING -= {
    "sshd.accepted", "sshd.failed", "sshd.failed_unknown", "sshd.partial",
    "sshd.user_not_allowed", "pam_unix.failure", "pam_unix.more_failures",
    "sshd.more_failures", "sudo.more_failures", "su.more_failures",
    "pam_unix.session_opened"}
ONE_READING |= {
    "useradd.failed", "useradd.group_created", "usermod.locked",
    "usermod.unlocked", "usermod.password", "userdel.deleted",
    "groupadd.created", "groupadd.failed", "groupmod.renamed", "groupmod.gid",
    "groupmod.password", "groupdel.deleted", "groupdel.failed",
    "passwd.refused", "passwd.incorrect", "chage.changed", "chfn.changed",
    "chsh.refused", "nologin.refused", "crontab.changed", "crontab.refused",
    "cron.reloaded", "cron.crontab_left_out"} | set(LOGIN)
ONE_READING |= set(OTHERS) | set(GUARDS)
ONE_READING -= {"login.more_failures", "rsyslogd.write_error",
                "pgbackrest.backup_start", "login_duo.failed",
                "login_duo.failsafe", "login_duo.skipped"}


def program_of(rule):
    """The tag and what stands before the message."""
    module = rule.split(".")[0]
    if module == "pam_unix":
        return "login", "pam_unix(login:auth): "
    if module == "pam_faillock":
        return "login", "pam_faillock(login:auth): "
    if module in ("logind", "cron"):
        return {"logind": "systemd-logind", "cron": "CRON"}[module], ""
    if module == "google_authenticator":
        return "sshd(pam_google_authenticator)", ""
    if module == "netfilter":
        return "kernel", ""
    if module == "unattended_upgrades":
        return "unattended-upgrades", ""
    return module, ""


def judge(line, answer, rule):
    """'true', 'ambiguous', 'cut', or what is wrong."""
    outcome, truth = line.truth
    events = answer["events"]
    if not events:
        return "cut" if line.lost else "nothing was read"
    seen = "true"
    for e in events:
        if e["ambiguous"]:
            seen = "ambiguous"
            continue
        if e["rule"] != rule:
            return "read as " + e["rule"]
        if e["outcome"] != outcome:
            return "outcome " + e["outcome"]
        for name, value in truth.items():
            got = e["fields"].get(name)
            if got != value and not (got is None and rule == "sudo.notice"):
                return "%s is %r, not %r" % (name, e["fields"].get(name),
                                             value)
    return seen


def made(m, make, count):
    lines = []
    for i in range(count):
        mode = "plain" if i % 20 == 0 else "built" if i % 16 == 1 else "hostile"
        line = make(m, mode)
        m.remember(line.text)
        lines.append(line)
    return lines


def report(rule, lines, answers):
    """Print what became of one rule's lines; how many were wrong."""
    counts = {"true": 0, "ambiguous": 0, "built": 0, "cut": 0, "long": 0,
              "wrong": 0}
    wrong = []
    for line, answer in zip(lines, answers):
        said = judge(line, answer, rule)
        if line.built and said != "ambiguous":
            said = "two readings, but " + said
        elif line.plain and said != "true":
            said = "an ordinary name, but " + said
        elif said == "ambiguous" and rule in ONE_READING:
            said = "one reading, but ambiguous"
        counts["long"] += len(line.truth[1].get("user") or "") == 400
        if said in counts:
            counts[said] += 1
            counts["built"] += line.built
        else:
            counts["wrong"] += 1
            wrong.append((said, line.text))
    print(rule, len(lines), *counts.values(), flush=True)
    for said, text in wrong[:3]:
        print("# %s: %s: %s" % (rule, said,
                                text.encode("unicode_escape").decode()))
    return counts["wrong"]


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    agent, rules = sys.argv[1:3]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 10000
    print("# seed %d, %d lines a rule" % (seed, count))
    bad = 0
    for name in sys.argv[5:] or OLD:
        words = WORDS if name in OLD else MORE
        everything = {rule: made(Maker("%d %s" % (seed, rule), words), make,
                                 count)
                      for rule, make in GROUPS[name].items()}
        text = []
        for rule, lines in everything.items():
            tag, prefix = program_of(rule)
            head = "2026-11-24T22:00:00+00:00 web01 %s[7]: %s" % (tag, prefix)
            text += [head + line.text + "\n" for line in lines]
        out = subprocess.run([agent, "match", "--json", "--rules", rules, "-"],
                             input="".join(text).encode(), check=True,
                             stdout=subprocess.PIPE).stdout.splitlines()
        if len(out) != len(text):
            print("# %d lines, %d answers" % (len(text), len(out)))
            return 1
        answers = map(json.loads, out)
        for rule, lines in everything.items():
            bad += report(rule, lines, answers)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
