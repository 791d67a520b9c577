// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The transport that Documentation/porting-a-transport.rst leads to, and what that
 * page says one has to prove of one's own.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "ktap.h"
#include "vcard.h"

#define CARD	"/sys/module/uicc_sample/parameters/card"
#define OUT	"0"
#define IN	"1"
#define SILENT	"2"

static char slot[64], dir[80], iccid[160];

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static unsigned int slots(bool seen[64])
{
	char path[64];
	unsigned int i, n = 0;

	for (i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/sys/class/uicc/uicc%u", i);
		seen[i] = !access(path, F_OK);
		n += seen[i];
	}
	return n;
}

static bool load(void)
{
	bool before[64], after[64];
	unsigned int i, n = slots(before);

	CHECK(!system("modprobe uicc_sample"));
	CHECK_EQ(slots(after), n + 1);
	for (i = 0; i < 64; i++) {
		if (!after[i] || before[i])
			continue;
		snprintf(slot, sizeof(slot), "/sys/class/uicc/uicc%u", i);
		snprintf(dir, sizeof(dir), "%s.card", slot);
		snprintf(iccid, sizeof(iccid), "%s/ef-3f00.2fe2/data", dir);
	}
	return true;
}

static bool insert(void)
{
	char last[160];

	snprintf(last, sizeof(last), "%s/ef-3f00.7f50.5031/fcp", dir);
	return !attr_write(CARD, IN) && wait_path(last, true);
}

static bool take_out(void)
{
	return !attr_write(CARD, OUT) && wait_path(dir, false);
}

static bool slot_is(const char *state)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/state", slot);
	return attr_is(path, state);
}

struct reader {
	pthread_t thread;
	int result;
	double took;
};

static void *reader_thread(void *arg)
{
	struct reader *r = arg;
	double begin = now();
	char buf[16];

	r->result = attr_read(iccid, buf, sizeof(buf), 0);
	r->took = now() - begin;
	return NULL;
}

static bool test_card(void)
{
	static const uint8_t want[] = { 0x98, 0x94, 0x01, 0x32, 0x54, 0x76, 0x98, 0x10, 0x32, 0x74 };
	uint8_t is[16];

	CHECK(load());
	CHECK(slot_is("empty\n"));
	CHECK(insert());
	CHECK(slot_is("ready\n"));
	CHECK_EQ(attr_read(iccid, is, sizeof(is), 0), sizeof(want));
	CHECK(!memcmp(is, want, sizeof(want)));
	CHECK(take_out());
	CHECK(slot_is("empty\n"));
	CHECK_EQ(attr_write(CARD, "3"), -EINVAL);
	CHECK_EQ(attr_write(CARD, "card"), -EINVAL);
	return true;
}

static bool test_pulled_out(void)
{
	struct reader r;
	double begin;

	CHECK(insert());
	CHECK_EQ(attr_write(CARD, SILENT), 0);
	CHECK(!pthread_create(&r.thread, NULL, reader_thread, &r));
	usleep(200000);
	begin = now();
	CHECK(take_out());
	pthread_join(r.thread, NULL);
	CHECK_EQ(r.result, -ENODEV);
	CHECK(now() - begin < 1.0);
	return true;
}

/* It waits for the answer, and for the one to a reset. */
static bool test_silent(void)
{
	struct reader r;

	CHECK(insert());
	CHECK_EQ(attr_write(CARD, SILENT), 0);
	reader_thread(&r);
	CHECK_EQ(r.result, -ETIMEDOUT);
	CHECK(r.took < 11.0);
	CHECK(take_out());
	return true;
}

static bool test_killed(void)
{
	struct reader r;
	double begin;
	int status;
	pid_t pid;

	CHECK(insert());
	CHECK_EQ(attr_write(CARD, SILENT), 0);
	pid = fork();
	if (!pid) {
		reader_thread(&r);
		_exit(0);
	}
	usleep(200000);
	begin = now();
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status));
	CHECK(now() - begin < 1.0);
	CHECK(take_out());
	return true;
}

static bool test_swapped(void)
{
	char path[96], before[16] = "", after[16] = "";
	struct reader r;
	int i;

	snprintf(path, sizeof(path), "%s/seq", slot);
	CHECK(insert());
	CHECK(attr_read(path, before, sizeof(before) - 1, 0) > 0);
	CHECK_EQ(attr_write(CARD, SILENT), 0);
	CHECK(!pthread_create(&r.thread, NULL, reader_thread, &r));
	usleep(200000);
	CHECK_EQ(attr_write(CARD, IN), 0);
	pthread_join(r.thread, NULL);
	CHECK_EQ(r.result, -ENODEV);
	CHECK(attr_read(path, after, sizeof(after) - 1, 0) > 0);
	CHECK_EQ(atoi(after), atoi(before) + 1);
	/* The other card is there, and answers. */
	for (i = 0; i < 100 && attr_read(iccid, after, 10, 0) != 10; i++)
		usleep(100000);
	CHECK(i < 100);
	return true;
}

static bool test_unloaded(void)
{
	struct reader r;
	double begin;

	/* Another card: what was read of the last one is known. */
	CHECK(take_out());
	CHECK(insert());
	CHECK_EQ(attr_write(CARD, SILENT), 0);
	CHECK(!pthread_create(&r.thread, NULL, reader_thread, &r));
	usleep(200000);
	begin = now();
	CHECK(!system("rmmod uicc_sample"));
	pthread_join(r.thread, NULL);
	CHECK_EQ(r.result, -ENODEV);
	CHECK(now() - begin < 2.0);
	CHECK(access(slot, F_OK));
	return true;
}

static const struct ktap_test tests[] = {
	{ "a card comes, is read and goes", test_card },
	{ "pulled out with a read pending: -ENODEV within a second", test_pulled_out },
	{ "a silent card costs a bounded time", test_silent },
	{ "a program that waits for it can be killed", test_killed },
	{ "a card that is swapped while it is read", test_swapped },
	{ "unloaded with a read pending", test_unloaded },
};

int main(void)
{
	ktap_need_root();
	if (system("modinfo uicc_sample >/dev/null 2>&1")) {
		printf("1..0 # SKIP no module uicc_sample\n");
		return KSFT_SKIP;
	}
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
