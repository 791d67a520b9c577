// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hostile users: every netlink command with every attribute in every wrong size,
 * too often, missing, nested and broken; every file of the class read and written
 * with garbage at absurd offsets; as root and as nobody, alone and from eight
 * processes at once while cards come and go. Nothing may crash or hang, and the
 * only errors are those that are documented.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "genl.h"
#include "ktap.h"
#include "mcard.h"
#include "vcard.h"

#define CLASS		"/sys/class/uicc"
#define AGENT_GID_ATTR	CLASS "/agent_gid"
#define TIMEOUT_ATTR	"/sys/module/uicc_virt/parameters/timeout_ms"
#define PROCESSES	8
#define STORM_S		10
#define LIMIT_S		120	/* when something hangs */
#define CMD_MAX		(UICC_CMD_MAX + 3)
#define ATTR_MAX	(UICC_A_CONSENT_MAX + 3)

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* --- netlink --------------------------------------------------------------- */

/* Documentation/netlink/specs/uicc.yaml, and what every family answers. */
static bool documented(int ret)
{
	switch (ret) {
	case 1:
	case 0:
	case -EINVAL:
	case -ERANGE:
	case -EOPNOTSUPP:
	case -EPERM:
	case -ENODEV:
	case -ENOENT:
	case -EBUSY:
	case -EAGAIN:
	case -EALREADY:
	case -EMSGSIZE:		/* too long a message is refused by the sender's own socket */
		return true;
	}
	return false;
}

/* So that a run in which nothing got through is noticed. */
static unsigned int tried, taken;

static bool call_ok(struct genl *g, const char *what, int cmd, int attr, size_t len)
{
	int ret = genl_call(g);

	tried++;
	taken += ret >= 0;
	if (documented(ret))
		return true;
	printf("# %s: command %d attribute %d of %zu bytes: %d\n", what, cmd, attr, len, ret);
	return false;
}

/* What each command needs to be taken seriously; 0 ends it. */
static const struct {
	uint8_t cmd;
	uint16_t attrs[8];
} needs[] = {
	{ UICC_CMD_SLOT_GET, { UICC_A_SLOT_INDEX } },
	{ UICC_CMD_CARD_GET, { UICC_A_CARD_SLOT } },
	{ UICC_CMD_AGENT_REGISTER, { UICC_A_CONSENT_AGENT } },
	{ UICC_CMD_CONSENT_ASK, { UICC_A_CONSENT_SLOT, UICC_A_CONSENT_KIND, UICC_A_CONSENT_ORIGIN,
				  UICC_A_CONSENT_TEXT, UICC_A_CONSENT_SEQ,
				  UICC_A_CONSENT_TIMEOUT_MS } },
	{ UICC_CMD_CONSENT_ACCEPT, { UICC_A_CONSENT_ID } },
	{ UICC_CMD_CONSENT_DONE, { UICC_A_CONSENT_ID, UICC_A_CONSENT_OUTCOME,
				   UICC_A_CONSENT_VALUE, UICC_A_CONSENT_SELECTED } },
	{ UICC_CMD_CONSENT_WITHDRAW, { UICC_A_CONSENT_ID } },
	{ UICC_CMD_CONSENT_GET, { UICC_A_CONSENT_ID } },
	{ UICC_CMD_PIN_GET, { UICC_A_PIN_SLOT, UICC_A_PIN_KEY_REF, UICC_A_PIN_SEQ } },
	{ UICC_CMD_PIN_VERIFY, { UICC_A_PIN_SLOT, UICC_A_PIN_KEY_REF, UICC_A_PIN_VALUE } },
};

#define N_NEEDS	(sizeof(needs) / sizeof(needs[0]))

/* A value that will do for this attribute of this command. */
static void put_good(struct genl *g, uint8_t cmd, uint16_t attr, uint32_t slot)
{
	bool pin = cmd == UICC_CMD_PIN_GET || cmd == UICC_CMD_PIN_VERIFY;

	if (cmd == UICC_CMD_AGENT_REGISTER)
		genl_put_str(g, attr, "hostile");
	else if (pin && attr == UICC_A_PIN_VALUE)
		genl_put(g, attr, "1234", 4);
	else if (pin && attr == UICC_A_PIN_KEY_REF)
		genl_put_u8(g, attr, 1);
	else if (pin ? attr == UICC_A_PIN_SEQ :
		 cmd == UICC_CMD_CONSENT_ASK && attr == UICC_A_CONSENT_SEQ)
		genl_put_u64(g, attr, 0);
	else if (cmd == UICC_CMD_CONSENT_ASK &&
		 (attr == UICC_A_CONSENT_ORIGIN || attr == UICC_A_CONSENT_TEXT))
		genl_put_str(g, attr, "hostile");
	else if (cmd == UICC_CMD_CONSENT_DONE && attr == UICC_A_CONSENT_VALUE)
		genl_put_str(g, attr, "1234");
	else if (cmd == UICC_CMD_CONSENT_ASK && attr == UICC_A_CONSENT_KIND)
		genl_put_u32(g, attr, UICC_KIND_CONFIRM);
	else
		genl_put_u32(g, attr, slot);
}

static const size_t sizes[] = {
	0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 32, 33, 255, 256, 257, 1024, 1025, 4096, 9000
};

#define N_SIZES	(sizeof(sizes) / sizeof(sizes[0]))

static void fill(uint8_t *buf, size_t len, unsigned int how)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = how % 4 == 0 ? 0 : how % 4 == 1 ? 0xff : how % 4 == 2 ? 'x' : random();
}

/* Every command with each attribute alone, in every size. */
static bool each_size(struct genl *g)
{
	uint8_t buf[9000];
	unsigned int cmd, attr, k;
	bool ok = true;

	for (cmd = 0; cmd <= CMD_MAX; cmd++) {
		for (attr = 0; attr <= ATTR_MAX; attr++) {
			for (k = 0; k < N_SIZES; k++) {
				fill(buf, sizes[k], cmd + attr + k);
				genl_begin(g, cmd, 0);
				genl_put(g, attr, buf, sizes[k]);
				ok &= call_ok(g, "size", cmd, attr, sizes[k]);
			}
		}
	}
	return ok;
}

/* Well-formed requests but for one attribute: missing, spoilt, doubled, nested. */
static bool one_wrong(struct genl *g, uint32_t slot, unsigned int n, unsigned int wrong,
		      unsigned int how)
{
	uint8_t buf[9000];
	size_t len = sizes[how % N_SIZES];
	unsigned int i, k, cmd = needs[n].cmd;
	uint16_t attr;

	genl_begin(g, cmd, 0);
	for (i = 0; i < 8 && needs[n].attrs[i]; i++) {
		attr = needs[n].attrs[i];
		if (i != wrong) {
			put_good(g, cmd, attr, slot);
			continue;
		}
		switch (how / N_SIZES) {
		case 0:		/* spoilt */
			fill(buf, len, how);
			genl_put(g, attr, buf, len);
			break;
		case 1:		/* many times */
			for (k = 0; k < 50; k++)
				put_good(g, cmd, attr, slot + (how & 1 ? k : 0));
			break;
		case 2:		/* marked as nested, with garbage inside */
			fill(buf, 64, 3);
			genl_put(g, attr | NLA_F_NESTED, buf, 4 + len % 60);
			break;
		case 3:		/* marked as of another byte order */
			put_good(g, cmd, attr | NLA_F_NET_BYTEORDER, slot);
			break;
		case 4:		/* missing */
			break;
		default:	/* nothing wrong at all */
			put_good(g, cmd, attr, slot);
		}
	}
	return call_ok(g, "one wrong", cmd, needs[n].attrs[wrong], len);
}

static bool each_wrong(struct genl *g, uint32_t slot)
{
	unsigned int n, wrong, how;
	bool ok = true;

	for (n = 0; n < N_NEEDS; n++)
		for (wrong = 0; wrong < 8 && needs[n].attrs[wrong]; wrong++)
			for (how = 0; how < 6 * N_SIZES; how += how < N_SIZES ? 1 : 7)
				ok &= one_wrong(g, slot, n, wrong, how);
	return ok;
}

/* Lengths that lie: of attributes and of the message itself; bytes left over. */
static bool each_lie(struct genl *g, uint32_t slot)
{
	static const uint16_t lies[] = { 0, 1, 3, 4, 5, 7, 9, 100, 0x7fff, 0xffff };
	struct nlattr *attr = (void *)(g->buf + NLMSG_HDRLEN + 4);
	unsigned int n, i, k;
	bool ok = true;

	for (n = 0; n < N_NEEDS; n++) {
		for (k = 0; k < sizeof(lies) / sizeof(lies[0]); k++) {
			genl_begin(g, needs[n].cmd, 0);
			for (i = 0; i < 8 && needs[n].attrs[i]; i++)
				put_good(g, needs[n].cmd, needs[n].attrs[i], slot);
			attr->nla_len = lies[k];
			ok &= call_ok(g, "lie", needs[n].cmd, needs[n].attrs[0], lies[k]);
			/* a tail too short for an attribute */
			genl_begin(g, needs[n].cmd, 0);
			put_good(g, needs[n].cmd, needs[n].attrs[0], slot);
			memset(g->buf + g->len, 0xff, 3);
			g->len += 1 + k % 3;
			ok &= call_ok(g, "tail", needs[n].cmd, needs[n].attrs[0], lies[k]);
		}
	}
	return ok;
}

/* As a dump, with odd flags, of other versions; whatever comes is thrown away. */
static bool each_flag(struct genl *g)
{
	static const uint16_t flags[] = {
		NLM_F_DUMP, NLM_F_DUMP | NLM_F_ACK, NLM_F_ROOT, NLM_F_MATCH, NLM_F_ATOMIC,
		NLM_F_ECHO, NLM_F_MULTI, NLM_F_DUMP_INTR, 0xffff & ~NLM_F_ACK,
	};
	struct nlmsghdr *head = (void *)g->buf;
	unsigned int cmd, k;
	uint8_t buf[32768];

	for (cmd = 0; cmd <= CMD_MAX; cmd++) {
		for (k = 0; k < sizeof(flags) / sizeof(flags[0]); k++) {
			genl_begin(g, cmd, flags[k]);
			genl_put_u32(g, 1, 0);
			g->buf[NLMSG_HDRLEN + 1] = k;	/* version */
			head->nlmsg_len = g->len;
			if (send(g->fd, g->buf, g->len, 0) < 0)
				return false;
			while (recv(g->fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
				;
		}
	}
	/* Not even a whole header. */
	for (k = 0; k < NLMSG_HDRLEN + 4; k++)
		send(g->fd, g->buf, k, 0);
	while (recv(g->fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	return true;
}

static bool netlink_all(uint32_t slot)
{
	struct genl g;
	bool ok;

	genl_open(&g);
	ok = each_size(&g) & each_wrong(&g, slot) & each_lie(&g, slot) & each_flag(&g);
	genl_close(&g);
	/* Whatever was asked by this socket is gone with it, and the family lives. */
	genl_open(&g);
	ok &= genl_dump(&g, UICC_CMD_SLOT_GET) >= 0 && genl_dump(&g, UICC_CMD_CONSENT_GET) == 0;
	genl_close(&g);
	printf("# %s: %u requests, %u of them taken\n", geteuid() ? "nobody" : "root", tried, taken);
	return ok && taken > (geteuid() ? 5 : 20);
}

/* --- files ------------------------------------------------------------------ */

/* Documentation/ABI/testing/sysfs-class-uicc, and what every file of sysfs answers. */
static bool file_documented(int ret)
{
	switch (ret) {
	case -EINVAL:
	case -EACCES:
	case -EPERM:
	case -ENOENT:
	case -ENODEV:
	case -EIO:
	case -EPROTO:
	case -ETIMEDOUT:
	case -EFBIG:
	case -EEXIST:
	case -ENOSPC:
	case -EOPNOTSUPP:
	case -ERANGE:
	case -EBUSY:
		return true;
	}
	return ret >= 0;
}

static const long long offsets[] = {
	0, 1, 9, 10, 4095, 4096, 32767, 32768, 65535, 1LL << 31, 1LL << 32, 1LL << 62,
	0x7fffffffffffffffLL
};

#define N_OFFSETS	(sizeof(offsets) / sizeof(offsets[0]))

static const char * const garbage[] = {
	"", "\n", "0", "1", "1\n", "-1", "2", "4294967296", "18446744073709551616", "y", "%s%n",
	"3f00", "3f00.", ".3f00", "3f00.6f07", "3f00.6f07\n", "3F00.6F07", "3f00.6f07.", "a000000063",
	"3f00.7f10.5f3a.4f09.0001.0002.0003.0004.0005.0006.0007", "../../../etc/passwd",
	"3f00.2fe2", "a000000063504b43532d3135.5031", "\xff\xfe",
};

#define N_GARBAGE	(sizeof(garbage) / sizeof(garbage[0]))

static bool file_one(const char *path, unsigned int round)
{
	static uint8_t buf[70000];
	const char *text = garbage[round % N_GARBAGE];
	long long off = offsets[round % N_OFFSETS];
	size_t len = sizes[round % N_SIZES];
	bool ok = true;
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0) {
		ret = pread(fd, buf, round % 7 ? len : sizeof(buf), off) < 0 ? -errno : 0;
		tried++;
		taken += !ret;
		if (!file_documented(ret)) {
			printf("# read %zu at %lld of %s: %d\n", len, off, path, ret);
			ok = false;
		}
		close(fd);
	}
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0) {
		fill(buf, len, round);
		if (round % 3)
			ret = pwrite(fd, text, strlen(text), round % 2 ? 0 : off);
		else
			ret = pwrite(fd, buf, len, off);
		ret = ret < 0 ? -errno : 0;
		tried++;
		taken += !ret;
		if (!file_documented(ret)) {
			printf("# write round %u to %s: %d\n", round, path, ret);
			ok = false;
		}
		close(fd);
	}
	return ok;
}

/* All files of the class's devices, which come and go meanwhile. */
static bool files_below(const char *dir, unsigned int round, unsigned int depth)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	char path[512];
	struct stat st;
	bool ok = true;

	while (d && (entry = readdir(d))) {
		/* "power" and "uevent" are the driver core's own. */
		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "power") ||
		    !strcmp(entry->d_name, "uevent") || !strcmp(entry->d_name, "device") ||
		    !strcmp(entry->d_name, "subsystem"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (depth ? lstat(path, &st) : stat(path, &st))
			continue;
		if (S_ISDIR(st.st_mode) && depth < 3)
			ok &= files_below(path, round, depth + 1);
		else if (S_ISREG(st.st_mode))
			ok &= file_one(path, round);
	}
	if (d)
		closedir(d);
	return ok;
}

/* --- who, and when ---------------------------------------------------------- */

static bool become_nobody(void)
{
	return !setresgid(65534, 65534, 65534) && !setresuid(65534, 65534, 65534);
}

static void child_begin(unsigned int seed)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(LIMIT_S);
	srandom(seed);
}

static bool run_as(bool root, bool (*what)(uint32_t), uint32_t slot)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		bool ok;

		child_begin(4711);
		ok = (root || become_nobody()) && what(slot);
		fflush(stdout);
		_exit(!ok);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	return true;
}

static bool files_all(uint32_t slot)
{
	unsigned int round;
	bool ok = true;

	(void)slot;
	for (round = 0; round < 2 * N_OFFSETS + N_GARBAGE; round++)
		ok &= files_below(CLASS, round, 0);
	printf("# %s: %u reads and writes, %u of them taken\n", geteuid() ? "nobody" : "root", tried,
	       taken);
	return ok && taken > 100;
}

static bool each(bool (*what)(uint32_t), const char *name)
{
	struct mcard *c = mcard_new(name);
	struct vcard *calm;

	CHECK(mcard_insert(c));
	CHECK(run_as(true, what, c->slot));
	CHECK(run_as(false, what, c->slot));
	CHECK_EQ(attr_write(AGENT_GID_ATTR, "-1"), 0);
	CHECK(mcard_remove(c));
	mcard_free(c);
	/* and the class works as before */
	calm = vcard_new("ht-calm");
	CHECK(vcard_insert(calm));
	vcard_expect(calm, "00A4080C022FE2", "6A82");
	CHECK_EQ(attr_read(card_path(calm, "ef-3f00.2fe2/data"), (char[4]){ 0 }, 1, 0), -ENOENT);
	CHECK(vcard_played(calm));
	vcard_free(calm);
	return true;
}

static bool test_netlink(void)
{
	return each(netlink_all, "ht-nl");
}

static bool test_files(void)
{
	return each(files_all, "ht-files");
}

static void storm_child(unsigned int seed, uint32_t slot)
{
	struct genl g;
	bool ok = true;
	double end = now() + STORM_S;
	unsigned int n, i;

	child_begin(seed);
	if (seed % 4 == 3 && !become_nobody())
		_exit(2);
	while (now() < end && ok) {
		if (random() % 2) {
			ok &= files_below(CLASS, random(), 0);
			continue;
		}
		genl_open(&g);
		for (n = 0; n < 200; n++) {
			i = random() % N_NEEDS;
			ok &= one_wrong(&g, slot, i, random() % 8, random() % (6 * N_SIZES));
		}
		genl_close(&g);
	}
	_exit(!ok);
}

static bool test_storm(void)
{
	struct mcard *c = mcard_new("ht-storm");
	pid_t pids[PROCESSES];
	unsigned int i, cards = 0, ended = 0;
	bool ok = true;
	int status;
	double t = now();

	CHECK_EQ(attr_write(TIMEOUT_ATTR, "1000"), 0);
	CHECK(mcard_insert(c));
	fflush(stdout);
	for (i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (!pids[i])
			storm_child(i, c->slot);
	}
	while (ended < PROCESSES && now() - t < LIMIT_S) {
		usleep(50000);
		if (cards % 2)
			ok &= mcard_remove(c);
		else
			ok &= mcard_insert(c);
		cards++;
		for (i = 0; i < PROCESSES; i++) {
			if (!pids[i] || waitpid(pids[i], &status, WNOHANG) != pids[i])
				continue;
			pids[i] = 0;
			ended++;
			if (status) {
				printf("# process %u ended with %#x\n", i, status);
				ok = false;
			}
		}
	}
	CHECK_EQ(ended, PROCESSES);
	printf("# %u changes of cards\n", cards);
	CHECK_EQ(attr_write(TIMEOUT_ATTR, "10000"), 0);
	CHECK_EQ(attr_write(AGENT_GID_ATTR, "-1"), 0);
	CHECK(ok);
	mcard_free(c);
	return true;
}

static const struct ktap_test tests[] = {
	{ "every netlink command, spoilt in every way", test_netlink },
	{ "every file of the class, with garbage", test_files },
	{ "both at once from eight processes, with cards that come and go", test_storm },
};

KTAP_MAIN(tests)
