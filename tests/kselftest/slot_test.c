// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Slots and cards over /dev/uicc-virt: the life of a reader, its messages, and
 * what sysfs and uevents say of it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "ktap.h"
#include "vcard.h"

static int new_reader(const struct uicc_virt_reader *reader)
{
	int dev = open("/dev/uicc-virt", O_RDWR | O_CLOEXEC);
	int fd = ioctl(dev, UICC_VIRT_IOC_NEW_READER, reader);
	int err = errno;

	close(dev);
	return fd < 0 ? -err : fd;
}

static bool test_bad_reader(void)
{
	struct uicc_virt_reader reader = { .name = "x" };

	reader.flags = 8;
	CHECK_EQ(new_reader(&reader), -EINVAL);
	reader.flags = 1U << 31 | UICC_VIRT_READER_APDU;
	CHECK_EQ(new_reader(&reader), -EINVAL);
	reader.flags = 0;
	reader.reserved = 1;
	CHECK_EQ(new_reader(&reader), -EINVAL);
	reader.reserved = 0;
	reader.name[0] = '\0';
	CHECK_EQ(new_reader(&reader), -EINVAL);
	memset(reader.name, 'x', sizeof(reader.name));
	CHECK_EQ(new_reader(&reader), -EINVAL);
	memset(reader.name, 0, sizeof(reader.name));
	strcpy(reader.name, "a b");
	CHECK_EQ(new_reader(&reader), -EINVAL);
	strcpy(reader.name, "a/b");
	CHECK_EQ(new_reader(&reader), -EINVAL);
	memset(reader.name, 0, sizeof(reader.name));
	reader.name[0] = 'a';
	reader.name[5] = 'b';
	CHECK_EQ(new_reader(&reader), -EINVAL);
	return true;
}

static bool test_reader_flags(void)
{
	static const uint32_t good[] = {
		UICC_VIRT_READER_APDU, UICC_VIRT_READER_SHARED, UICC_VIRT_READER_EXTENDED,
		UICC_VIRT_READER_EXTENDED | UICC_VIRT_READER_SHARED,
		UICC_VIRT_READER_APDU | UICC_VIRT_READER_EXTENDED,
		UICC_VIRT_READER_APDU | UICC_VIRT_READER_SHARED,
		UICC_VIRT_READER_APDU | UICC_VIRT_READER_EXTENDED | UICC_VIRT_READER_SHARED,
	};
	struct uicc_virt_reader reader = { .name = "st-flags" };
	uint8_t buf[UICC_VIRT_RESPONSE_EXT_MAX + 1] = { 0 };
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		bool extended = good[i] & UICC_VIRT_READER_EXTENDED;
		int max = extended ? UICC_VIRT_RESPONSE_EXT_MAX : UICC_VIRT_RESPONSE_MAX;
		int fd;

		reader.flags = good[i];
		fd = new_reader(&reader);
		CHECK(fd >= 0);
		CHECK_EQ(vcard_send(fd, UICC_VIRT_RESPONSE, 1, buf, max), 0);
		CHECK_EQ(vcard_send(fd, UICC_VIRT_RESPONSE, 1, buf, max + 1), -EINVAL);
		CHECK_EQ(vcard_send(fd, UICC_VIRT_INSERT, 0, buf, 34), -EINVAL);
		CHECK_EQ(vcard_send(fd, UICC_VIRT_INSERT, 0, buf, max), -EINVAL);
		close(fd);
	}
	return true;
}

static bool slot_is(const struct vcard *c, const char *attr, const char *want)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/uicc/uicc%u/%s", c->slot, attr);
	return attr_is(path, want);
}

static bool test_slot(void)
{
	struct vcard *c = vcard_new("st-slot");
	char path[128], text[512] = "";

	CHECK(slot_is(c, "transport", "virt\n"));
	CHECK(slot_is(c, "location", "st-slot\n"));
	CHECK(slot_is(c, "state", "empty\n"));
	CHECK(slot_is(c, "seq", "0\n"));
	CHECK(slot_is(c, "supply_class", "unknown\n"));
	CHECK(slot_is(c, "shared", "0\n"));
	snprintf(path, sizeof(path), "/sys/class/uicc/uicc%u/uevent", c->slot);
	CHECK(attr_read(path, text, sizeof(text) - 1, 0) > 0);
	CHECK(strstr(text, "DEVTYPE=uicc_slot\n"));
	CHECK(strstr(text, "UICC_TRANSPORT=virt\n"));
	CHECK(fcntl(c->fd, F_GETFD) & FD_CLOEXEC);
	vcard_free(c);
	return true;
}

static bool test_allow_update(void)
{
	struct vcard *c = vcard_new("st-allow");
	static const char *const bad[] = { "2", "-1", "yes", "", "1 1", "99999999999999999999" };
	char path[128];
	struct stat st;
	size_t i;

	snprintf(path, sizeof(path), "/sys/class/uicc/uicc%u/allow_update", c->slot);
	CHECK(!stat(path, &st));
	CHECK_EQ(st.st_mode & 07777, 0644);
	CHECK(attr_is(path, "0\n"));
	CHECK_EQ(attr_write(path, "1\n"), 0);
	CHECK(attr_is(path, "1\n"));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int ret = attr_write(path, bad[i]);

		/* Nothing written is no call of the attribute at all. */
		CHECK(ret == (bad[i][0] ? -EINVAL : 0) || ret == -ERANGE);
		CHECK(attr_is(path, "1\n"));
	}
	/* It is the slot's: another card finds it as it was. */
	CHECK(vcard_insert(c));
	CHECK(vcard_remove(c));
	CHECK(attr_is(path, "1\n"));
	CHECK_EQ(attr_write(path, "0"), 0);
	CHECK(attr_is(path, "0\n"));
	vcard_free(c);
	return true;
}

/* tpdus, bytes_sent, bytes_received, resets, errors of a slot or card */
static bool counts_are(const char *dir, const char *want)
{
	static const char *const names[] = { "tpdus", "bytes_sent", "bytes_received", "resets",
					     "errors" };
	char path[160], text[32], all[256] = "";
	size_t i, at = 0;
	int n;

	for (i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "%s/statistics/%s", dir, names[i]);
		n = attr_read(path, text, sizeof(text) - 1, 0);
		CHECK(n > 1 && text[n - 1] == '\n');
		text[n - 1] = '\0';
		at += snprintf(all + at, sizeof(all) - at, "%s%s", i ? " " : "", text);
	}
	if (!strcmp(all, want))
		return true;
	printf("# %s counts \"%s\", not \"%s\"\n", dir, all, want);
	return false;
}

#define ICCID	"ef-3f00.2fe2/data"

static bool test_counters(void)
{
	struct vcard *c = vcard_new("st-count");
	char slot[64], buf[16];
	int status;
	pid_t pid;

	snprintf(slot, sizeof(slot), "/sys/class/uicc/uicc%u", c->slot);
	CHECK(counts_are(slot, "0 0 0 0 0"));
	CHECK(vcard_insert(c));
	CHECK(counts_are(slot, "0 0 0 0 0"));
	CHECK(counts_are(c->dir, "0 0 0 0 0"));
	CHECK(attr_is(card_path(c, "mode"), "unknown\n"));
	CHECK(attr_is(card_path(c, "channel"), "0\n"));
	CHECK(attr_is(card_path(c, "supply_classes"), "ABC\n"));

	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000004", "98 10 32 54 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 4, 0), 4);
	CHECK(counts_are(c->dir, "2 12 8 0 0"));
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 4, 0), 4);	/* cached */
	CHECK(counts_are(c->dir, "2 12 8 0 0"));
	CHECK(attr_is(card_path(c, "mode"), "uicc\n"));

	/* A status word is an answer, and a repetition is a command. */
	vcard_expect(c, "00A4080C047F505031", "6A82");
	vcard_expect(c, "00A4000C023F00", "9000");
	vcard_expect(c, "00A4000C027F50", "6A82");
	CHECK_EQ(attr_read(card_path(c, "ef-3f00.7f50.5031/data"), buf, 4, 0), -ENOENT);
	CHECK(counts_are(c->dir, "5 35 14 0 0"));

	/* Broken off: no answer, and a reset before the next. */
	vcard_expect(c, "", "");
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(attr_read(card_path(c, ICCID), buf, 1, 4));
	CHECK(vcard_wait_commands(c, 6));
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(counts_are(c->dir, "6 42 14 0 1"));
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000401", "6C 02");
	vcard_expect(c, "00B0000402", "76 98 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 1, 4), 1);
	CHECK(vcard_played(c));
	CHECK(counts_are(c->dir, "9 59 22 1 1"));
	CHECK(counts_are(slot, "9 59 22 1 1"));

	/* The next card begins anew, the slot does not. */
	CHECK(vcard_remove(c));
	CHECK(vcard_insert(c));
	CHECK(counts_are(c->dir, "0 0 0 0 0"));
	CHECK(counts_are(slot, "9 59 22 1 1"));
	vcard_free(c);
	return true;
}

/* What the ATR says of voltages, and the class of commands once one was answered. */
static bool test_facts(void)
{
	static const struct { const char *atr, *classes; } cards[] = {
		{ "3B80811F415F", "A\n" },	/* TD1 81, TD2 1F, TA3 41: also clock stop */
		{ "3B80811F0618", "BC\n" },
		{ "3B80811F405E", "unknown\n" },
		{ "3B15020304050607", "unknown\n" },
	};
	size_t i;
	struct vcard *c = vcard_new("st-facts");
	char buf[4];

	for (i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
		snprintf(c->atr, sizeof(c->atr), "%s", cards[i].atr);
		CHECK(vcard_insert(c));
		CHECK(attr_is(card_path(c, "supply_classes"), cards[i].classes));
		if (i < 3)
			CHECK(vcard_remove(c));
	}
	vcard_expect(c, "00A4080C022FE2", "6E00");
	vcard_expect(c, "A0A40000023F00", "9000");
	vcard_expect(c, "A0A40000022FE2", "9000");
	vcard_expect(c, "A0B0000001", "98 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 1, 0), 1);
	CHECK(vcard_played(c));
	CHECK_EQ(c->resets, 1);
	CHECK(attr_is(card_path(c, "mode"), "2g\n"));
	CHECK(vcard_remove(c));
	CHECK(vcard_insert(c));
	CHECK(attr_is(card_path(c, "mode"), "unknown\n"));
	vcard_free(c);
	return true;
}

static int uevent_socket(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	struct timeval limit = { .tv_sec = 20 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return bind(fd, (void *)&addr, sizeof(addr)) ? -1 : fd;
}

#define TRACING	"/sys/kernel/tracing/"

/* Each of @want is in @text, behind the one before. */
static bool in_order(const char *text, const char *const *want)
{
	for (; *want; want++) {
		const char *at = strstr(text, *want);

		if (!at) {
			printf("# no \"%s\" (any more) in the trace\n", *want);
			return false;
		}
		text = at + strlen(*want);
	}
	return true;
}

static bool test_trace(void)
{
	static char text[65536];
	static const char *const want[] = {
		"uicc_insert: ", "seq=1 result=22",
		"uicc_transmit: ", "sent=7 got=2 sw=9000 result=0",
		"uicc_transmit: ", "sent=5 got=6 sw=9000 result=0",
		"uicc_transmit: ", "sent=5 got=0 sw=0000 result=-4",
		"uicc_reset: ", "seq=1 result=22",
		"uicc_remove: ", "seq=1 result=0", NULL
	};
	static const char *const secrets[] = { "98103254", "00a4080c", "00A4080C", "2fe2", "2FE2",
					       "3B9F95", "3b9f95" };
	struct vcard *c;
	int fd, n, status;
	size_t i;
	pid_t pid;
	char buf[8];

	if (access(TRACING "events", F_OK))
		mount("tracefs", TRACING, "tracefs", 0, NULL);
	if (access(TRACING "events/uicc", F_OK)) {
		ktap_skip = "the kernel has no trace events";
		return true;
	}
	CHECK_EQ(attr_write(TRACING "trace", "\n"), 0);
	CHECK_EQ(attr_write(TRACING "events/uicc/enable", "1"), 0);
	c = vcard_new("st-trace");
	CHECK(vcard_insert(c));
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000004", "98 10 32 54 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 4, 0), 4);
	vcard_expect(c, "", "");
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(attr_read(card_path(c, ICCID), buf, 1, 4));
	CHECK(vcard_wait_commands(c, 3));
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	vcard_expect(c, "00A4080C022FE2", "6A82");
	vcard_expect(c, "00A4000C023F00", "9000");
	vcard_expect(c, "00A4000C022FE2", "6A82");
	attr_read(card_path(c, ICCID), buf, 1, 4);
	vcard_free(c);
	CHECK_EQ(attr_write(TRACING "events/uicc/enable", "0"), 0);

	fd = open(TRACING "trace", O_RDONLY | O_CLOEXEC);
	for (i = 0; (n = read(fd, text + i, sizeof(text) - 1 - i)) > 0;)
		i += n;
	close(fd);
	CHECK(in_order(text, want));
	for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		CHECK(!strstr(text, secrets[i]));
	return true;
}

/* How many lines about cards of this slot's number the log has, whoever had it before. */
static int log_lines(const struct vcard *c)
{
	static char log[1 << 18];
	ssize_t n = klogctl(3, log, sizeof(log) - 1);	/* SYSLOG_ACTION_READ_ALL */
	char want[32], *at = log;
	int lines = 0;

	if (n < 0)
		return -1;
	log[n] = '\0';
	snprintf(want, sizeof(want), "uicc%u: card ", c->slot);
	for (; (at = strstr(at, want)); at++)
		lines++;
	return lines;
}

/* A reader that reports 5,000 insertions at once: the last card counts, others are few. */
static bool test_storm(void)
{
	struct vcard *c = vcard_new("st-storm");
	int i, adds = 0, uevents = uevent_socket(), room = 8 << 20;
	const struct timespec ms = { .tv_nsec = 1000000 };
	char want[64], buf[4096], text[16];
	time_t start = time(NULL);
	int lines;
	ssize_t n;

	setsockopt(uevents, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	for (i = 0; i < 5000; i++)
		CHECK_EQ(vcard_insert_raw(c, c->atr), 0);
	for (i = 0; i < 10000; i++) {
		memset(text, 0, sizeof(text));
		attr_read(card_path(c, "seq"), text, sizeof(text) - 1, 0);
		if (!strcmp(text, "5000\n"))
			break;
		nanosleep(&ms, NULL);
	}
	CHECK(!strcmp(text, "5000\n"));
	while ((n = recv(uevents, buf, sizeof(buf) - 1, MSG_DONTWAIT)) > 0) {
		buf[n] = '\0';
		adds += !strncmp(buf, "add@", 4) && strstr(buf, ".card");
	}
	CHECK(adds >= 1);
	CHECK(adds <= 200 * (time(NULL) - start + 2));
	close(uevents);

	/* The same of cards that are none: the log stays readable. */
	lines = log_lines(c);
	CHECK(lines >= 0);
	for (i = 0; i < 5000; i++)
		CHECK_EQ(vcard_insert_raw(c, "0000"), 0);
	for (i = 0; i < 5000; i++) {
		snprintf(want, sizeof(want), "/sys/class/uicc/uicc%u/state", c->slot);
		memset(text, 0, sizeof(text));
		attr_read(want, text, sizeof(text) - 1, 0);
		if (!strcmp(text, "mute\n"))
			break;
		nanosleep(&ms, NULL);
	}
	CHECK(slot_is(c, "state", "mute\n"));
	lines = log_lines(c) - lines;
	CHECK(lines > 0);
	CHECK(lines <= 10 * (int)(time(NULL) - start + 5) / 5);
	vcard_free(c);
	return true;
}

static bool test_messages(void)
{
	struct uicc_virt_reader reader = { .name = "st-msg" };
	struct uicc_virt_msg bad = { .type = UICC_VIRT_REMOVE, .reserved = 1 };
	struct { struct uicc_virt_msg head; uint32_t slot; } first;
	uint8_t buf[300] = { 0 };
	struct pollfd poll_fd;
	int fd = new_reader(&reader);

	CHECK(fd >= 0);
	poll_fd = (struct pollfd){ fd, POLLIN, 0 };
	CHECK_EQ(poll(&poll_fd, 1, 5000), 1);
	CHECK_EQ(read(fd, buf, 8), -1);
	CHECK_EQ(errno, EMSGSIZE);
	CHECK_EQ(syscall(SYS_read, fd, 8L, 100L), -1);
	CHECK_EQ(errno, EFAULT);
	CHECK_EQ(read(fd, &first, sizeof(first)), 16);
	CHECK_EQ(first.head.type, UICC_VIRT_REGISTERED);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	CHECK_EQ(read(fd, buf, sizeof(buf)), -1);
	CHECK_EQ(errno, EAGAIN);

	CHECK_EQ(write(fd, &bad, 5), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(write(fd, &bad, sizeof(bad)), -1);
	CHECK_EQ(errno, EINVAL);
	bad.reserved = 0;
	bad.len = 1;
	CHECK_EQ(write(fd, &bad, sizeof(bad)), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(vcard_send(fd, UICC_VIRT_REMOVE, 0, "x", 1), -EINVAL);
	CHECK_EQ(vcard_send(fd, UICC_VIRT_REMOVE, 1, "", 0), -EINVAL);
	CHECK_EQ(vcard_send(fd, UICC_VIRT_INSERT, 0, buf, 1), -EINVAL);
	CHECK_EQ(vcard_send(fd, UICC_VIRT_INSERT, 0, buf, 34), -EINVAL);
	CHECK_EQ(vcard_send(fd, UICC_VIRT_ATR, 1, buf, 1), -EINVAL);
	CHECK_EQ(vcard_send(fd, UICC_VIRT_RESPONSE, 1, buf, 1), -EINVAL);
	CHECK_EQ(vcard_send(fd, UICC_VIRT_RESPONSE, 1, buf, 259), -EINVAL);
	CHECK_EQ(vcard_send(fd, UICC_VIRT_COMMAND, 1, buf, 5), -EINVAL);
	CHECK_EQ(vcard_send(fd, 77, 0, "", 0), -EINVAL);
	/* Nobody asked: taken and ignored. */
	CHECK_EQ(vcard_send(fd, UICC_VIRT_RESPONSE, 1, buf, 2), 0);
	CHECK_EQ(vcard_send(fd, UICC_VIRT_REMOVE, 0, "", 0), 0);
	close(fd);
	return true;
}

/* Waits for the next uevent of the card and requires each key of @want. */
static bool uevent_is(int fd, const char *head, const char *const *want)
{
	char buf[4096];
	ssize_t n;
	char *p;

	do {
		n = recv(fd, buf, sizeof(buf) - 1, 0);
		CHECK(n > 0);
		buf[n] = '\0';
	} while (strncmp(buf, head, strlen(head)) || !strstr(buf, ".card"));
	for (; *want; want++) {
		for (p = buf; p < buf + n && strcmp(p, *want); p += strlen(p) + 1)
			;
		if (p >= buf + n) {
			printf("# no %s in the uevent\n", *want);
			return false;
		}
	}
	return true;
}

static bool test_card(void)
{
	struct vcard *c = vcard_new("st-card");
	int uevents = uevent_socket();
	char slot[32], seq[32], text[512] = "";
	const char *keys[] = { "SUBSYSTEM=uicc", "DEVTYPE=uicc_card", slot, "UICC_TRANSPORT=virt",
			       "UICC_PROTOCOL=T=0", "UICC_ATR=3B15020304050607", seq, NULL };
	static const char *const groups[] = {
		"ef-3f00.2f00", "ef-3f00.2fe2", "ef-a000000063504b43532d3135.5031",
		"ef-3f00.7f50.5031"
	};
	size_t i;

	CHECK(uevents >= 0);
	snprintf(slot, sizeof(slot), "UICC_SLOT=uicc%u", c->slot);
	strcpy(c->atr, "3B15020304050607");	/* TA1 and five historical bytes */
	strcpy(seq, "UICC_SEQ=1");
	CHECK(vcard_insert(c));
	CHECK(uevent_is(uevents, "add@", keys));
	for (i = 0; i < 4; i++)
		CHECK_EQ(access(card_path(c, groups[i]), F_OK), 0);
	CHECK(attr_is(card_path(c, "atr"), "3B15020304050607\n"));
	CHECK(attr_is(card_path(c, "protocol"), "T=0\n"));
	CHECK(attr_is(card_path(c, "seq"), "1\n"));
	CHECK(slot_is(c, "state", "ready\n"));
	CHECK(attr_read(card_path(c, "uevent"), text, sizeof(text) - 1, 0) > 0);
	CHECK(strstr(text, "UICC_SEQ=1\n"));
	CHECK(vcard_remove(c));
	CHECK(uevent_is(uevents, "remove@", keys));
	CHECK(slot_is(c, "state", "empty\n"));
	CHECK(slot_is(c, "seq", "1\n"));
	CHECK(vcard_insert(c));
	strcpy(seq, "UICC_SEQ=2");
	CHECK(uevent_is(uevents, "add@", keys));
	CHECK_EQ(c->commands, 0);	/* nothing is asked of a card by itself */
	CHECK_EQ(c->resets, 0);		/* INSERT was the answer to the first reset */
	close(uevents);
	vcard_free(c);
	return true;
}

static bool test_mute(void)
{
	struct vcard *c = vcard_new("st-mute");
	int i;

	CHECK_EQ(vcard_insert_raw(c, "0000"), 0);	/* no TS */
	for (i = 0; i < 1000; i++) {
		char path[64], text[16] = "";

		snprintf(path, sizeof(path), "/sys/class/uicc/uicc%u/state", c->slot);
		attr_read(path, text, sizeof(text) - 1, 0);
		if (!strcmp(text, "mute\n"))
			break;
		usleep(1000);
	}
	CHECK(slot_is(c, "state", "mute\n"));
	CHECK(access(c->dir, F_OK));
	CHECK(vcard_insert(c));
	CHECK(slot_is(c, "state", "ready\n"));
	vcard_free(c);
	return true;
}

/* 100 swaps 10 ms apart: the last card is there, and no other. */
static bool test_swaps(void)
{
	struct vcard *c = vcard_new("st-swap");
	char path[64], last[16];
	int i;

	for (i = 0; i < 100; i++) {
		CHECK_EQ(vcard_insert_raw(c, c->atr), 0);
		usleep(5000);
		if (i % 3)	/* a third of them without a report of the removal */
			CHECK_EQ(vcard_send(c->fd, UICC_VIRT_REMOVE, 0, NULL, 0), 0);
		usleep(5000);
	}
	CHECK_EQ(vcard_insert_raw(c, c->atr), 0);
	snprintf(last, sizeof(last), "%d\n", 101);
	for (i = 0; i < 2000; i++) {
		char text[16] = "";

		attr_read(card_path(c, "seq"), text, sizeof(text) - 1, 0);
		if (!strcmp(text, last))
			break;
		usleep(1000);
	}
	CHECK(attr_is(card_path(c, "seq"), last));
	snprintf(path, sizeof(path), "/sys/class/uicc/uicc%u/state", c->slot);
	CHECK(attr_is(path, "ready\n"));
	vcard_free(c);
	return true;
}

static bool test_many(void)
{
	struct vcard *c[16];
	int i, j;

	for (i = 0; i < 16; i++) {
		c[i] = vcard_new("st-many");
		CHECK(vcard_insert(c[i]));
		for (j = 0; j < i; j++)
			CHECK(c[i]->slot != c[j]->slot);
	}
	for (i = 0; i < 16; i++)
		vcard_free(c[i]);
	return true;
}

static const struct ktap_test tests[] = {
	{ "a reader of a bad name or bad flags is refused", test_bad_reader },
	{ "what a reader's flags allow it to answer", test_reader_flags },
	{ "a slot shows its transport, location, state and seq", test_slot },
	{ "allow_update takes 0 and 1, and is the slot's", test_allow_update },
	{ "counters of card and slot are exact", test_counters },
	{ "supply classes and mode of a card", test_facts },
	{ "trace events tell lengths and status words alone", test_trace },
	{ "messages are whole and well-formed, or refused", test_messages },
	{ "a card comes and goes with its uevents and discovery files", test_card },
	{ "a card without an ATR leaves the slot mute", test_mute },
	{ "100 swaps never lose the last card", test_swaps },
	{ "5,000 insertions at once make few devices and few lines", test_storm },
	{ "sixteen readers at a time", test_many },
};

KTAP_MAIN(tests)
