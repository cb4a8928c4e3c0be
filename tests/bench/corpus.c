/* SPDX-License-Identifier: Apache-2.0 */
/* corpus: log lines for the bench, the same bytes for the same arguments. Lines
 * are made from the templates below and from the lines that real programs wrote
 * (tests/rules/lines), with new stamps, addresses and pids. RFC 3164 and ISO
 * stamps take turns.
 *
 *   real   4 % of the lines are events, 3 % are known and ignored
 *   brute  60 % are events, of a brute force against sshd
 *   none   no program that a rule file names
 *
 * Usage: corpus real|brute|none BYTES SEED LINES-DIR >FILE */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/buf.h"
#include "assay/slice.h"
#include "assay/stamp.h"

#define POOL_MAX 4096
#define FILES_MAX 256
#define START_US INT64_C(1790812800000000) /* 2026-10-01 */

/* {a} address, {o} port, {p} pid, {u} user, {n} number, {h} hex digits, {w} a
 * word. What follows the host. These programs are none that a rule file names:
 * how much matches is what the corpora differ in. */
static const char *const chatter[] = {
    "runsvdir[1]: Started {w}.service - Daily {w} activities.",
    "runsvdir[1]: Starting {w}.service - Daily {w} activities...",
    "runsvdir[1]: {w}.service: Deactivated successfully.",
    "runsvdir[1]: {w}.service: Consumed {n}ms CPU time.",
    "runsvdir[1]: Finished {w}.service - Clean {w} session files.",
    "netconsole: [{n}.{n}] eth0: renamed from veth{h}",
    "netconsole: [{n}.{n}] br-{h}: port {n}(veth{h}) entered blocking state",
    "netconsole: [{n}.{n}] [UFW BLOCK] IN=eth0 OUT= MAC={h} SRC={a} "
    "DST={a} LEN=44 TOS=0x00 PREC=0x00 TTL=241 ID={n} PROTO=TCP SPT={o} "
    "DPT={o} WINDOW=1024 RES=0x00 SYN URGP=0",
    "postfix/smtpd[{p}]: connect from unknown[{a}]",
    "postfix/smtpd[{p}]: disconnect from unknown[{a}] ehlo=1 auth=0/1 "
    "quit=1 commands=2/3",
    "postfix/smtpd[{p}]: warning: unknown[{a}]: SASL LOGIN authentication "
    "failed: authentication failure",
    "postfix/qmgr[{p}]: {h}: from=<{u}@example.org>, size={n}, nrcpt=1 "
    "(queue active)",
    "postfix/smtp[{p}]: {h}: to=<{u}@example.com>, "
    "relay=mx.example.com[{a}]:25, delay=1.{n}, delays=0.0{n}/0/0.4/0.7, "
    "dsn=2.0.0, status=sent (250 2.0.0 OK {h})",
    "dovecot: imap-login: Disconnected (no auth attempts in {n} secs): "
    "user=<>, rip={a}, lip={a}, TLS, session=<{h}>",
    "named[{p}]: client @0x{h} {a}#{o} ({w}.example.org): query (cache) "
    "'{w}.example.org/A/IN' denied",
    "dhclient[{p}]: DHCPREQUEST for {a} on eth0 to {a} port 67",
    "dhclient[{p}]: bound to {a} -- renewal in {n} seconds.",
    "nginx[{p}]: {a} - - \"GET /{w}/{n} HTTP/1.1\" 200 {n} \"-\" "
    "\"Mozilla/5.0 (X11; Linux x86_64)\"",
    "dockerd[{p}]: time=\"{n}\" level=info msg=\"ignoring event\" "
    "container={h} module=libcontainerd namespace=moby topic=/tasks/delete",
    "containerd[{p}]: time=\"{n}\" level=info msg=\"shim disconnected\" "
    "id={h}",
    "NetworkManager[{p}]: <info>  [{n}.{n}] dhcp4 (eth0): state changed "
    "new lease, address={a}",
    "openntpd[{p}]: Selected source {a} (2.debian.pool.ntp.org)",
    "snmpd[{p}]: Connection from UDP: [{a}]:{o}->[{a}]:161",
    "haproxy[{p}]: {a}:{o} [{n}] https~ web/{w} 0/0/1/{n}/{n} 200 {n} - - "
    "---- 12/12/0/0/0 0/0 \"GET /{w} HTTP/1.1\"",
    "hddtemp[{p}]: Device: /dev/sda [SAT], SMART Usage Attribute: 194 "
    "Temperature_Celsius changed from {n} to {n}",
    "puppet-agent[{p}]: Applied catalog in {n}.{n} seconds",
    "zabbix_agentd[{p}]: active check configuration update from [{a}:{o}] "
    "started to fail",
    "mariadbd[{p}]: {n} [Warning] Aborted connection {n} to db: '{w}' user: "
    "'{u}' host: '{a}' (Got timeout reading communication packets)",
};

static const char *const attack[] = {
    "sshd[{p}]: Failed password for root from {a} port {o} ssh2",
    "sshd[{p}]: Failed password for invalid user {u} from {a} port {o} ssh2",
    "sshd[{p}]: Invalid user {u} from {a} port {o}",
    "sshd[{p}]: pam_unix(sshd:auth): authentication failure; logname= uid=0 "
    "euid=0 tty=ssh ruser= rhost={a}  user=root",
    "sshd[{p}]: pam_unix(sshd:auth): authentication failure; logname= uid=0 "
    "euid=0 tty=ssh ruser= rhost={a} ",
    "sshd[{p}]: error: maximum authentication attempts exceeded for root "
    "from {a} port {o} ssh2 [preauth]",
};

/* What comes with it and is known, and no event. */
static const char *const beside[] = {
    "sshd[{p}]: Received disconnect from {a} port {o}:11: Bye Bye [preauth]",
    "sshd[{p}]: Disconnected from authenticating user root {a} port {o} "
    "[preauth]",
    "sshd[{p}]: Connection closed by authenticating user root {a} port {o} "
    "[preauth]",
    "sshd[{p}]: Connection closed by {a} port {o} [preauth]",
};

static const char *const users[] = {"admin", "test", "ubuntu", "oracle",
    "postgres", "git", "deploy", "user1", "ftpuser", "nagios", "support", "pi",
    "hadoop", "jenkins", "minecraft", "steam", "www", "alice", "bob",
    "backup-operator"};
static const char *const words[] = {"apt-daily", "logrotate", "man-db",
    "fstrim", "phpsessionclean", "motd-news", "e2scrub_all", "systemd-tmpfiles",
    "certbot", "images", "api", "static", "orders", "shop", "report",
    "dpkg-db-backup"};

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* Lines of real programs: what follows the host. */
struct pool {
	char *lines[POOL_MAX];
	size_t count;
};

struct corpus {
	uint64_t state;
	struct buf out;
	struct pool events;
	struct pool ignored;
	int64_t time_us;
	size_t line;
};

static uint64_t
draw(struct corpus *c)
{
	c->state ^= c->state >> 12;
	c->state ^= c->state << 25;
	c->state ^= c->state >> 27;
	return c->state * UINT64_C(2685821657736338717) >> 32;
}

static void
put_address(struct corpus *c)
{
	uint64_t r = draw(c);

	buf_printf(&c->out, "%u.%u.%u.%u", (unsigned)(1 + r % 223),
	    (unsigned)(r >> 8 & 255), (unsigned)(r >> 16 & 255),
	    (unsigned)(1 + (r >> 24) % 254));
}

static void
put_value(struct corpus *c, char what)
{
	struct buf *b = &c->out;

	switch (what) {
	case 'a':
		put_address(c);
		break;
	case 'o':
		buf_printf(b, "%u", (unsigned)(1024 + draw(c) % 64000));
		break;
	case 'p':
		buf_printf(b, "%u", (unsigned)(300 + draw(c) % 4000000));
		break;
	case 'u':
		buf_puts(b, users[draw(c) % COUNT(users)]);
		break;
	case 'n':
		buf_printf(b, "%u", (unsigned)(draw(c) % 100000));
		break;
	case 'h':
		buf_printf(b, "%06x%06x", (unsigned)(draw(c) & 0xffffff),
		    (unsigned)(draw(c) & 0xffffff));
		break;
	default:
		buf_puts(b, words[draw(c) % COUNT(words)]);
	}
}

static void
put_template(struct corpus *c, const char *text)
{
	for (; *text; text++) {
		if (*text == '{' && text[1] && text[2] == '}') {
			put_value(c, text[1]);
			text += 2;
		} else {
			buf_putc(&c->out, *text);
		}
	}
}

/* A line as a real program wrote it, with another pid and other addresses. */
static void
put_real(struct corpus *c, const char *text)
{
	static const char *const made_up[] = {"192.0.2.9", "198.51.100.7"};
	size_t tag = strcspn(text, "[: ");

	if (text[tag] == '[') {
		buf_put(&c->out, (struct slice){text, tag + 1});
		put_value(c, 'p');
		text += tag + strcspn(text + tag, "]");
	}
	while (*text) {
		size_t i = 0;

		while (i < COUNT(made_up) &&
		       strncmp(text, made_up[i], strlen(made_up[i])) != 0)
			i++;
		if (i < COUNT(made_up)) {
			put_address(c);
			text += strlen(made_up[i]);
		} else {
			buf_putc(&c->out, *text++);
		}
	}
}

static void
put_stamp(struct corpus *c)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[STAMP_LEN + 1];
	int month, day;

	c->time_us += (int64_t)(draw(c) % 600000);
	stamp_format(text, c->time_us);
	if (c->line++ % 2 == 0) {
		buf_put(&c->out, (struct slice){text, STAMP_LEN - 1});
		buf_puts(&c->out, "+00:00");
	} else {
		month = (text[5] - '0') * 10 + text[6] - '0';
		day = (text[8] - '0') * 10 + text[9] - '0';
		buf_printf(&c->out, "%.3s %2d %.8s", months + 3 * (month - 1),
		    day, text + 11);
	}
	buf_puts(&c->out, " web01 ");
}

static void
put_line(struct corpus *c, const char *kind)
{
	unsigned luck = (unsigned)(draw(c) % 1000);

	put_stamp(c);
	if (!strcmp(kind, "brute") && luck < 600)
		put_template(c, attack[draw(c) % COUNT(attack)]);
	else if (!strcmp(kind, "brute") && luck < 750)
		put_template(c, beside[draw(c) % COUNT(beside)]);
	else if (!strcmp(kind, "real") && luck < 40)
		put_real(c, c->events.lines[draw(c) % c->events.count]);
	else if (!strcmp(kind, "real") && luck < 70)
		put_real(c, c->ignored.lines[draw(c) % c->ignored.count]);
	else
		put_template(c, chatter[draw(c) % COUNT(chatter)]);
	buf_putc(&c->out, '\n');
}

static void
keep(struct pool *p, char *line)
{
	char *text = strchr(line, ' ');

	text = text ? strchr(text + 1, ' ') : NULL;
	if (!text || p->count == POOL_MAX)
		return;
	text[strcspn(text, "\n")] = '\0';
	p->lines[p->count++] = strdup(text + 1);
}

/* X.log holds lines, X.json what each of them is. */
static int
read_lines(struct corpus *c, const char *dir, const char *name)
{
	char path[4096], log[8192], json[65536];
	FILE *lines, *kinds;
	size_t len = strlen(name) - strlen(".log");

	snprintf(path, sizeof path, "%s/%s", dir, name);
	lines = fopen(path, "r");
	snprintf(path, sizeof path, "%s/%.*s.json", dir, (int)len, name);
	kinds = fopen(path, "r");
	while (lines && kinds && fgets(log, sizeof log, lines) &&
	       fgets(json, sizeof json, kinds)) {
		if (strstr(json, "\"kind\":\"event\""))
			keep(&c->events, log);
		else if (strstr(json, "\"kind\":\"ignored\""))
			keep(&c->ignored, log);
	}
	if (lines)
		fclose(lines);
	if (kinds)
		fclose(kinds);
	return lines && kinds ? 0 : -1;
}

static int
is_log(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 4 && !strcmp(e->d_name + len - 4, ".log");
}

static int
read_dir(struct corpus *c, const char *dir)
{
	struct dirent **names;
	int count = scandir(dir, &names, is_log, alphasort);

	for (int i = 0; i < count; i++) {
		if (read_lines(c, dir, names[i]->d_name) != 0)
			fprintf(stderr, "corpus: no .json beside %s/%s\n", dir,
			    names[i]->d_name);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	return c->events.count && c->ignored.count ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct corpus *c = calloc(1, sizeof *c);
	unsigned long long bytes, written = 0;

	if (argc != 5 || !c || read_dir(c, argv[4]) != 0) {
		fprintf(stderr,
		    "usage: corpus real|brute|none BYTES SEED LINES-DIR\n");
		return 2;
	}
	bytes = strtoull(argv[2], NULL, 10);
	c->state = strtoull(argv[3], NULL, 10) * 2 + 1;
	c->time_us = START_US;
	for (int i = 0; i < 16; i++)
		draw(c);
	while (written < bytes) {
		put_line(c, argv[1]);
		if (c->out.len < 65536 && written + c->out.len < bytes)
			continue;
		if (fwrite(c->out.ptr, 1, c->out.len, stdout) != c->out.len)
			return 1;
		written += c->out.len;
		buf_reset(&c->out);
	}
	buf_clear(&c->out);
	for (size_t i = 0; i < c->events.count; i++)
		free(c->events.lines[i]);
	for (size_t i = 0; i < c->ignored.count; i++)
		free(c->ignored.lines[i]);
	free(c);
	return fflush(stdout) == 0 ? 0 : 1;
}
