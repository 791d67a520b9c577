// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cards over a suspend of the system: the same card stays, another one is a new
 * insertion, and nobody who reads fails for it. The system only tries to sleep
 * (/sys/power/pm_test) and wakes by itself; the card's program is frozen as all
 * others are.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "genl.h"
#include "ktap.h"
#include "vcard.h"

#define ICCID		"ef-3f00.2fe2/data"
#define DELAY		"/sys/module/suspend/parameters/pm_test_delay"
#define OTHER_ATR	"3B15020304050607"

static char old_delay[16];

/* Tries one suspend down to @level; returns 0 or -errno. */
static int sleep_once(const char *level, const char *state)
{
	int ret = attr_write("/sys/power/pm_test", level);

	ret = ret ?: attr_write("/sys/power/state", state);
	attr_write("/sys/power/pm_test", "none");
	return ret;
}

static int freeze(void)
{
	return sleep_once("freezer", "freeze");
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static int uevent_socket(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	return bind(fd, (void *)&addr, sizeof(addr)) ? -1 : fd;
}

/*
 * The "add" and "remove" uevents of cards since the last call, as "remove add ". They
 * come a little after what they tell of is seen in sysfs.
 */
static bool uevents_are(int fd, const char *want)
{
	char all[64] = "", buf[4096];
	ssize_t n;
	int i;

	for (i = 0; i < 5000 && (!i || strcmp(all, want)); i++) {
		usleep(1000);
		while ((n = recv(fd, buf, sizeof(buf) - 1, 0)) > 0) {
			buf[n] = '\0';
			if (strstr(buf, "uicc") && strstr(buf, ".card"))
				snprintf(all + strlen(all), sizeof(all) - strlen(all), "%.*s ",
					 (int)strcspn(buf, "@"), buf);
		}
	}
	if (!strcmp(all, want))
		return true;
	printf("# uevents are \"%s\", not \"%s\"\n", all, want);
	return false;
}

static bool slot_state(const struct vcard *c, const char *want)
{
	char path[64], text[16] = "";
	int i;

	snprintf(path, sizeof(path), "/sys/class/uicc/uicc%u/state", c->slot);
	for (i = 0; i < 5000; i++) {
		memset(text, 0, sizeof(text));
		attr_read(path, text, sizeof(text) - 1, 0);
		if (!strcmp(text, want))
			return true;
		usleep(1000);
	}
	printf("# state is %s", text);
	return false;
}

static bool seq_becomes(const struct vcard *c, const char *want)
{
	char text[16];
	int i;

	for (i = 0; i < 5000; i++) {
		memset(text, 0, sizeof(text));
		if (attr_read(card_path(c, "seq"), text, sizeof(text) - 1, 0) > 0 &&
		    !strcmp(text, want))
			return true;
		usleep(1000);
	}
	printf("# seq is %s", text);
	return false;
}

static bool count_becomes(const struct vcard *c, const char *name, const char *want)
{
	char attr[64], text[32];
	int i;

	snprintf(attr, sizeof(attr), "statistics/%s", name);
	for (i = 0; i < 5000; i++) {
		memset(text, 0, sizeof(text));
		attr_read(card_path(c, attr), text, sizeof(text) - 1, 0);
		if (!strcmp(text, want))
			return true;
		usleep(1000);
	}
	printf("# %s is %s", attr, text);
	return false;
}

static bool read_iccid(struct vcard *c, const char *answer, int len)
{
	char command[16], buf[16];

	snprintf(command, sizeof(command), "00B00000%02X", len);
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, command, answer);
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, len, 0), len);
	return true;
}

static bool test_same(void)
{
	struct vcard *c = vcard_new("pm-same");
	int fd = uevent_socket();
	char buf[16];

	CHECK(vcard_insert(c));
	CHECK(read_iccid(c, "98 10 32 54 9000", 4));
	CHECK(uevents_are(fd, "add "));
	/* As much of it as was known is read again, and no more. */
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000004", "98 10 32 54 9000");
	CHECK_EQ(freeze(), 0);
	CHECK(count_becomes(c, "tpdus", "4\n"));
	CHECK_EQ(c->power_offs, 1);
	CHECK_EQ(c->resets, 1);
	CHECK(attr_is(card_path(c, "seq"), "1\n"));
	CHECK(attr_is(card_path(c, "statistics/resets"), "1\n"));
	/* What was read before is not believed any more. */
	vcard_expect(c, "00B0000004", "98 10 32 54 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 4, 0), 4);
	CHECK(vcard_played(c));
	CHECK(uevents_are(fd, ""));
	close(fd);
	vcard_free(c);
	return true;
}

/* Down to the devices, three times; a card of which nothing was read is only reset. */
static bool test_devices(void)
{
	struct vcard *c = vcard_new("pm-dev");
	int i;

	CHECK(vcard_insert(c));
	for (i = 1; i <= 3; i++) {
		char want[8];

		snprintf(want, sizeof(want), "%d\n", i);
		CHECK_EQ(sleep_once("devices", "mem"), 0);
		CHECK(count_becomes(c, "resets", want));
		CHECK_EQ(c->power_offs, i);
	}
	CHECK(attr_is(card_path(c, "seq"), "1\n"));
	CHECK_EQ(c->commands, 0);
	CHECK(read_iccid(c, "98 9000", 1));
	CHECK(vcard_played(c));
	vcard_free(c);
	return true;
}

/* Cards of one model: the same answer to reset, another number. */
static bool test_other_iccid(void)
{
	struct vcard *c = vcard_new("pm-iccid");
	int fd = uevent_socket();

	CHECK(vcard_insert(c));
	CHECK(read_iccid(c, "98 10 32 54 9000", 4));
	CHECK(uevents_are(fd, "add "));
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000004", "98 10 32 55 9000");
	CHECK_EQ(freeze(), 0);
	CHECK(seq_becomes(c, "2\n"));
	CHECK(vcard_played(c));
	CHECK(uevents_are(fd, "remove add "));
	CHECK(attr_is(card_path(c, "statistics/tpdus"), "0\n"));

	/* One that does not let it be read cannot be told either. */
	CHECK(read_iccid(c, "98 9000", 1));
	vcard_expect(c, "00A4080C022FE2", "6A82");
	vcard_expect(c, "00A4000C023F00", "9000");
	vcard_expect(c, "00A4000C022FE2", "6A82");
	CHECK_EQ(freeze(), 0);
	CHECK(seq_becomes(c, "3\n"));
	close(fd);
	vcard_free(c);
	return true;
}

static bool test_other_atr(void)
{
	struct vcard *c = vcard_new("pm-atr");
	int fd = uevent_socket();

	CHECK(vcard_insert(c));
	CHECK(uevents_are(fd, "add "));
	strcpy(c->atr, OTHER_ATR);
	CHECK_EQ(freeze(), 0);
	CHECK(seq_becomes(c, "2\n"));
	CHECK(attr_is(card_path(c, "atr"), OTHER_ATR "\n"));
	CHECK(uevents_are(fd, "remove add "));
	CHECK_EQ(c->commands, 0);
	close(fd);
	vcard_free(c);
	return true;
}

static void pull(struct vcard *c)
{
	c->on_power_off = NULL;
	vcard_send(c->fd, UICC_VIRT_REMOVE, 0, NULL, 0);
}

static void swap(struct vcard *c)
{
	c->on_power_off = NULL;
	vcard_insert_raw(c, c->atr);
}

static bool test_removed(void)
{
	struct vcard *c = vcard_new("pm-gone");
	int fd = uevent_socket();

	CHECK(vcard_insert(c));
	CHECK(uevents_are(fd, "add "));
	c->on_power_off = pull;
	CHECK_EQ(freeze(), 0);
	CHECK(slot_state(c, "empty\n"));
	CHECK(wait_path(c->dir, false));
	CHECK(uevents_are(fd, "remove "));
	CHECK(vcard_insert(c));
	CHECK(attr_is(card_path(c, "seq"), "2\n"));

	/* Swapped, and the reader noticed it. */
	CHECK(uevents_are(fd, "add "));
	c->on_power_off = swap;
	CHECK_EQ(freeze(), 0);
	CHECK(seq_becomes(c, "3\n"));
	CHECK(uevents_are(fd, "remove add "));
	/* The insertion brought the ATR; a busy machine may be asleep before it is asked for. */
	CHECK(c->resets <= 1);
	close(fd);
	vcard_free(c);
	return true;
}

static bool test_mute(void)
{
	struct vcard *c = vcard_new("pm-mute");

	CHECK(vcard_insert(c));
	c->mute = true;
	CHECK_EQ(freeze(), 0);
	CHECK(slot_state(c, "mute\n"));
	CHECK(wait_path(c->dir, false));
	/* It is tried again after the next sleep, as the same insertion. */
	c->mute = false;
	CHECK_EQ(freeze(), 0);
	CHECK(slot_state(c, "ready\n"));
	CHECK(seq_becomes(c, "1\n"));
	vcard_free(c);
	return true;
}

struct reader {
	pthread_t thread;
	char path[256];
	long off;
	int result;
	char byte;
};

static void *reader_thread(void *arg)
{
	struct reader *r = arg;

	r->result = attr_read(r->path, &r->byte, 1, r->off);
	return NULL;
}

static bool reader_start(struct reader *r, const struct vcard *c, const char *file, long off)
{
	snprintf(r->path, sizeof(r->path), "%s/%s", c->dir, file);
	r->off = off;
	return !pthread_create(&r->thread, NULL, reader_thread, r);
}

/* The card is silent, one reads and seven wait: the system sleeps all the same. */
static bool test_pending(void)
{
	struct vcard *c = vcard_new("pm-slow");
	struct reader r[8];
	double t;
	int i;

	CHECK(vcard_insert(c));
	vcard_expect(c, "00A4080C022FE2", "");
	CHECK(reader_start(&r[0], c, ICCID, 0));
	CHECK(vcard_wait_commands(c, 1));
	for (i = 1; i < 8; i++)
		CHECK(reader_start(&r[i], c, ICCID, 0));
	/* After the sleep one of them reads, the others find what it read. */
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000001", "98 9000");
	t = now();
	CHECK_EQ(freeze(), 0);
	CHECK(now() - t < 10);
	for (i = 0; i < 8; i++) {
		pthread_join(r[i].thread, NULL);
		CHECK_EQ(r[i].result, 1);
		CHECK_EQ((unsigned char)r[i].byte, 0x98);
	}
	CHECK(vcard_played(c));
	CHECK_EQ(c->cancels, 1);
	CHECK_EQ(c->resets, 1);
	CHECK(attr_is(card_path(c, "seq"), "1\n"));
	CHECK(attr_is(card_path(c, "statistics/errors"), "1\n"));
	vcard_free(c);
	return true;
}

/* The command in flight is answered in time: nothing is broken off. */
static bool test_in_flight(void)
{
	struct vcard *c = vcard_new("pm-flight");
	struct reader r;

	CHECK(vcard_insert(c));
	c->answer_ms = 500;
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000001", "98 9000");
	CHECK(reader_start(&r, c, ICCID, 0));
	CHECK(vcard_wait_commands(c, 1));
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000001", "98 9000");
	CHECK_EQ(freeze(), 0);
	pthread_join(r.thread, NULL);
	CHECK_EQ(r.result, 1);
	CHECK(count_becomes(c, "tpdus", "4\n"));
	CHECK(vcard_played(c));
	CHECK_EQ(c->cancels, 0);
	vcard_free(c);
	return true;
}

/* Who waits for the end of the sleep, or for the card, can be killed. */
static bool test_killed(void)
{
	struct vcard *c = vcard_new("pm-kill");
	int status;
	char byte;
	pid_t pid;

	CHECK(vcard_insert(c));
	vcard_expect(c, "00A4080C022FE2", "");
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(attr_read(card_path(c, ICCID), &byte, 1, 0));
	CHECK(vcard_wait_commands(c, 1));
	vcard_expect(c, "00A4080C022FE2", "");	/* silent after the sleep too */
	CHECK_EQ(freeze(), 0);
	CHECK(vcard_wait_commands(c, 2));
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status));
	CHECK(read_iccid(c, "98 9000", 1));
	CHECK(vcard_played(c));
	vcard_free(c);
	return true;
}

/* A signal with a handler does not end a read that a sleep made begin anew. */
static void nothing(int sig)
{
	(void)sig;
}

static bool test_signal(void)
{
	const struct sigaction sa = { .sa_handler = nothing };	/* no SA_RESTART */
	struct vcard *c = vcard_new("pm-signal");
	struct reader r;

	sigaction(SIGUSR1, &sa, NULL);
	CHECK(vcard_insert(c));
	vcard_expect(c, "00A4080C022FE2", "");
	CHECK(reader_start(&r, c, ICCID, 0));
	CHECK(vcard_wait_commands(c, 1));
	pthread_kill(r.thread, SIGUSR1);
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000001", "98 9000");
	CHECK_EQ(freeze(), 0);
	pthread_join(r.thread, NULL);
	CHECK_EQ(r.result, 1);
	vcard_free(c);
	return true;
}

static void hang_up(struct vcard *c)
{
	c->on_power_off = NULL;
	close(c->fd);
	c->fd = open("/dev/null", O_RDWR | O_CLOEXEC);	/* vcard_free() closes it */
}

/* The reader goes on the way into sleep, with somebody reading. */
static bool test_reader_gone(void)
{
	struct vcard *c = vcard_new("pm-unplug"), *other = vcard_new("pm-stays");
	struct reader r;

	CHECK(vcard_insert(c));
	CHECK(vcard_insert(other));
	vcard_expect(c, "00A4080C022FE2", "");
	CHECK(reader_start(&r, c, ICCID, 0));
	CHECK(vcard_wait_commands(c, 1));
	c->on_power_off = hang_up;
	CHECK_EQ(freeze(), 0);
	pthread_join(r.thread, NULL);
	CHECK_EQ(r.result, -ENODEV);
	vcard_free(c);
	CHECK(count_becomes(other, "resets", "1\n"));
	CHECK(attr_is(card_path(other, "seq"), "1\n"));
	vcard_free(other);
	return true;
}

/* A modem's card keeps its power; our channel is given back and taken anew. */
static bool test_shared(void)
{
	struct vcard *c = vcard_new_flags("pm-shared", UICC_VIRT_READER_SHARED);
	char path[64], buf[4];

	snprintf(path, sizeof(path), "/sys/class/uicc/uicc%u/shared", c->slot);
	CHECK(attr_is(path, "1\n"));
	CHECK(vcard_insert(c));
	vcard_expect(c, "0070000001", "02 9000");
	vcard_expect(c, "02A4080C022FE2", "9000");
	vcard_expect(c, "02B0000001", "98 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 1, 0), 1);
	CHECK(attr_is(card_path(c, "channel"), "2\n"));
	vcard_expect(c, "0270800200", "9000");
	vcard_expect(c, "0070000001", "03 9000");
	vcard_expect(c, "03A4080C022FE2", "9000");
	vcard_expect(c, "03B0000001", "98 9000");
	CHECK_EQ(freeze(), 0);
	CHECK(count_becomes(c, "tpdus", "7\n"));
	CHECK(attr_is(card_path(c, "channel"), "3\n"));
	CHECK(attr_is(card_path(c, "seq"), "1\n"));
	CHECK_EQ(c->power_offs, 0);
	CHECK(vcard_played(c));
	vcard_free(c);
	return true;
}

static bool answered(struct genl *asker, uint32_t id, uint32_t outcome)
{
	CHECK_EQ(genl_next(asker, 10000), 0);
	CHECK_EQ(asker->cmd, UICC_CMD_CONSENT_COMPLETED);
	CHECK_EQ(genl_u32(asker, UICC_A_CONSENT_ID), id);
	CHECK_EQ(genl_u32(asker, UICC_A_CONSENT_OUTCOME), outcome);
	return true;
}

/* A question about the card outlives the sleep when the card is the same. */
static bool test_question(void)
{
	struct vcard *c = vcard_new("pm-ask");
	struct genl asker;
	uint32_t id;

	CHECK(vcard_insert(c));
	genl_open(&asker);
	genl_begin(&asker, UICC_CMD_CONSENT_ASK, 0);
	genl_put_u32(&asker, UICC_A_CONSENT_SLOT, c->slot);
	genl_put_u32(&asker, UICC_A_CONSENT_KIND, UICC_KIND_CONFIRM);
	genl_put_str(&asker, UICC_A_CONSENT_ORIGIN, "selftest");
	genl_put_str(&asker, UICC_A_CONSENT_TEXT, "may I?");
	CHECK_EQ(genl_call(&asker), 1);
	id = genl_u32(&asker, UICC_A_CONSENT_ID);

	CHECK_EQ(freeze(), 0);
	CHECK(count_becomes(c, "resets", "1\n"));
	CHECK_EQ(genl_next(&asker, 200), -ETIMEDOUT);
	strcpy(c->atr, OTHER_ATR);
	CHECK_EQ(freeze(), 0);
	CHECK(answered(&asker, id, UICC_OUTCOME_WITHDRAWN));
	genl_close(&asker);
	vcard_free(c);
	return true;
}

static bool verify(struct genl *g, const struct vcard *c)
{
	genl_begin(g, UICC_CMD_PIN_VERIFY, 0);
	genl_put_u32(g, UICC_A_PIN_SLOT, c->slot);
	genl_put_u8(g, UICC_A_PIN_KEY_REF, 1);
	genl_put(g, UICC_A_PIN_VALUE, "1234", 4);
	CHECK_EQ(genl_call(g), 1);
	return true;
}

static bool timed_out(struct genl *g)
{
	CHECK_EQ(genl_next(g, 10000), 0);
	CHECK_EQ(g->cmd, UICC_CMD_PIN_COMPLETED);
	CHECK_EQ(genl_u32(g, UICC_A_PIN_RESULT), UICC_PIN_RESULT_TIMEOUT);
	return true;
}

/* Neither is a PIN presented twice, nor does it wait in memory for the end of the sleep. */
static bool test_pin(void)
{
	struct vcard *c = vcard_new("pm-pin");
	struct genl g;

	CHECK(vcard_insert(c));
	genl_open(&g);
	CHECK(read_iccid(c, "98 9000", 1));
	CHECK(vcard_played(c));
	vcard_expect(c, "002000010831323334FFFFFFFF", "");
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000001", "98 9000");
	CHECK(verify(&g, c));
	CHECK(vcard_wait_commands(c, 3));
	CHECK(verify(&g, c));		/* waits behind the first */
	CHECK_EQ(freeze(), 0);
	CHECK(timed_out(&g));
	CHECK(timed_out(&g));
	CHECK(count_becomes(c, "tpdus", "5\n"));
	CHECK(vcard_played(c));
	genl_close(&g);
	vcard_free(c);
	return true;
}

static const struct ktap_test tests[] = {
	{ "the same card stays, without a uevent, and is reset", test_same },
	{ "three times down to the devices", test_devices },
	{ "another EF(ICCID) behind the same ATR is a new insertion", test_other_iccid },
	{ "another ATR is a new insertion", test_other_atr },
	{ "a card pulled out or swapped while asleep", test_removed },
	{ "a card that is mute after the sleep is removed", test_mute },
	{ "eight readers of a silent card sleep, and read afterwards", test_pending },
	{ "a command in flight is answered before the sleep", test_in_flight },
	{ "a reader that a sleep interrupted can be killed", test_killed },
	{ "a signal does not end a read that a sleep interrupted", test_signal },
	{ "a reader that goes on the way into sleep", test_reader_gone },
	{ "a shared card keeps its power, and gets another channel", test_shared },
	{ "a PIN is not presented again after the sleep", test_pin },
	{ "a question outlives the sleep as long as the card does", test_question },
};

static void skip(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(KSFT_SKIP);
}

/* Whatever a test left behind, no later suspend of this machine is only tried. */
static void restore(void)
{
	attr_write("/sys/power/pm_test", "none");
	if (old_delay[0])
		attr_write(DELAY, old_delay);
}

int main(void)
{
	char text[128] = "";

	ktap_need_root();
	if (attr_read("/sys/power/state", text, sizeof(text) - 1, 0) < 0 ||
	    !strstr(text, "freeze") || !strstr(text, "mem"))
		skip("the kernel has no suspend (CONFIG_SUSPEND)");
	if (access("/sys/power/pm_test", W_OK))
		skip("the kernel cannot try to suspend (CONFIG_PM_DEBUG)");
	attr_read(DELAY, old_delay, sizeof(old_delay) - 1, 0);
	attr_write(DELAY, "0");
	atexit(restore);
	if (freeze())
		skip("this machine does not get as far as freezing its processes");
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
