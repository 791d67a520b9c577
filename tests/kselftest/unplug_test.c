// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cards and readers that go at the wrong moment: with a read pending, with the
 * program killed, with many at it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "genl.h"
#include "ktap.h"
#include "vcard.h"

#define ICCID	"ef-3f00.2fe2/data"

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

struct reader {
	pthread_t thread;
	char path[256];
	int result;
};

static void *reader_thread(void *arg)
{
	struct reader *r = arg;
	char buf[16];

	r->result = attr_read(r->path, buf, sizeof(buf), 0);
	return NULL;
}

static bool reader_start(struct reader *r, const struct vcard *c, const char *file)
{
	snprintf(r->path, sizeof(r->path), "%s/%s", c->dir, file);
	return !pthread_create(&r->thread, NULL, reader_thread, r);
}

static int reader_end(struct reader *r)
{
	pthread_join(r->thread, NULL);
	return r->result;
}

/* A reader that waits for a card which will not answer. */
static bool pending(struct vcard *c, struct reader *r)
{
	unsigned int before = c->commands;

	vcard_expect(c, "00A4080C022FE2", "");
	return vcard_insert(c) && reader_start(r, c, ICCID) &&
	       vcard_wait_commands(c, before + 1);
}

static bool test_remove_pending(void)
{
	struct vcard *c = vcard_new("ut-rem");
	struct reader r, second;
	double t;
	int i;

	for (i = 0; i < 10; i++) {
		CHECK(pending(c, &r));
		CHECK(reader_start(&second, c, "ef-3f00.2f00/data"));	/* waits for the first */
		t = now();
		CHECK(vcard_remove(c));
		CHECK_EQ(reader_end(&r), -ENODEV);
		reader_end(&second);
		CHECK(second.result == -ENODEV || second.result == -ENOENT);
		CHECK(now() - t < 1.0);
		CHECK(vcard_played(c));
	}
	vcard_free(c);
	return true;
}

/* A program that was told of a question finds none: it must not wait for the next. */
static bool test_taken_back(void)
{
	struct vcard *c = vcard_new("ut-back");
	struct reader r;

	CHECK(vcard_insert(c));
	c->late_ms = 500;
	CHECK(reader_start(&r, c, ICCID));
	usleep(200000);
	CHECK(vcard_remove(c));
	CHECK_EQ(reader_end(&r), -ENODEV);
	usleep(500000);
	CHECK_EQ(c->commands, 0);
	vcard_free(c);
	return true;
}

static bool test_swap_pending(void)
{
	struct vcard *c = vcard_new("ut-swap");
	struct reader r;
	char seq[16];

	CHECK(pending(c, &r));
	vcard_insert_raw(c, c->atr);	/* another card without a report of the removal */
	CHECK_EQ(reader_end(&r), -ENODEV);
	CHECK(vcard_played(c));
	do
		memset(seq, 0, sizeof(seq));
	while (attr_read(card_path(c, "seq"), seq, sizeof(seq) - 1, 0) < 0 || strcmp(seq, "2\n"));
	vcard_free(c);
	return true;
}

static bool test_close_pending(void)
{
	struct vcard *c = vcard_new("ut-close");
	struct reader r;
	double t;

	CHECK(pending(c, &r));
	t = now();
	vcard_free(c);		/* waits until the slot is gone */
	CHECK_EQ(reader_end(&r), -ENODEV);
	CHECK(now() - t < 1.0);
	return true;
}

/* The program behind the reader is killed with SIGKILL, card silent. */
static bool test_kill_program(void)
{
	char buf[8], slot[64];
	int pipes[2], status;
	struct reader r;
	double t;
	pid_t pid;

	CHECK(!pipe(pipes));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		struct vcard *c = vcard_new("ut-kill");

		vcard_expect(c, "00A4080C022FE2", "");
		if (!vcard_insert(c) || write(pipes[1], c->dir, sizeof(c->dir)) < 0)
			_exit(1);
		vcard_wait_commands(c, 1);
		if (write(pipes[1], "", 1) < 0)
			_exit(1);
		pause();
		_exit(0);
	}
	CHECK_EQ(read(pipes[0], slot, sizeof(slot)), 64);
	snprintf(r.path, sizeof(r.path), "%s/" ICCID, slot);
	CHECK(!pthread_create(&r.thread, NULL, reader_thread, &r));
	CHECK_EQ(read(pipes[0], buf, 1), 1);
	t = now();
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(reader_end(&r), -ENODEV);
	*strrchr(slot, '.') = '\0';
	CHECK(wait_path(slot, false));
	CHECK(now() - t < 2.0);
	close(pipes[0]);
	close(pipes[1]);
	return true;
}

/* The one who reads is killed: the card stays, and is reset for the next. */
static bool test_kill_reader(void)
{
	struct vcard *c = vcard_new("ut-killr");
	unsigned int before = c->commands;
	int status;
	pid_t pid;
	char buf[4];

	vcard_expect(c, "00A4080C022FE2", "");
	CHECK(vcard_insert(c));
	pid = fork();
	if (!pid)
		_exit(attr_read(card_path(c, ICCID), buf, 1, 0));
	CHECK(vcard_wait_commands(c, before + 1));
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status));
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000001", "98 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 1, 0), 1);
	CHECK_EQ(c->resets, 1);
	CHECK(vcard_played(c));
	vcard_free(c);
	return true;
}

/* While a card is silent nothing else waits. */
static bool test_others_go_on(void)
{
	struct vcard *c = vcard_new("ut-silent"), *other = vcard_new("ut-other");
	struct reader r;
	struct genl g;
	char buf[4];
	double t;

	CHECK(pending(c, &r));
	CHECK(vcard_insert(other));
	t = now();
	genl_open(&g);
	CHECK(genl_dump(&g, UICC_CMD_SLOT_GET) >= 2);
	CHECK(genl_dump(&g, UICC_CMD_CARD_GET) >= 2);
	CHECK(attr_is(card_path(c, "seq"), "1\n"));
	CHECK_EQ(attr_write(card_path(c, "export"), "3f00.6f07"), 0);
	CHECK_EQ(attr_write(card_path(c, "unexport"), "3f00.6f07"), 0);
	vcard_expect(other, "00A4080C022FE2", "9000");
	vcard_expect(other, "00B0000001", "98 9000");
	CHECK_EQ(attr_read(card_path(other, ICCID), buf, 1, 0), 1);
	CHECK(now() - t < 2.0);
	vcard_free(other);
	vcard_free(c);
	CHECK_EQ(reader_end(&r), -ENODEV);
	genl_close(&g);
	return true;
}

static volatile bool storm_over;

static void *storm_thread(void *arg)
{
	const struct vcard *c = arg;
	char path[256], buf[64];
	unsigned int n = 0;

	while (!storm_over) {
		snprintf(path, sizeof(path), "%s/%s", c->dir,
			 n % 3 ? "ef-3f00.2fe2/data" : "ef-3f00.2f00/type");
		attr_read(path, buf, 1 + n % 60, n % 7);
		snprintf(path, sizeof(path), "%s/%s", c->dir, n % 2 ? "export" : "unexport");
		attr_write(path, "3f00.6f07");
		n++;
	}
	return NULL;
}

static bool test_storm(void)
{
	struct vcard *c = vcard_new("ut-storm");
	pthread_t threads[4];
	int i, round;

	for (i = 0; i < VCARD_STEPS; i++)
		vcard_expect(c, "", i % 7 ? (i % 3 ? "9000" : "98 9000") : "6F00");
	for (i = 0; i < 4; i++)
		CHECK(!pthread_create(&threads[i], NULL, storm_thread, c));
	for (round = 0; round < 40; round++) {
		vcard_insert_raw(c, c->atr);
		usleep(8000);
		if (round % 2)
			vcard_send(c->fd, UICC_VIRT_REMOVE, 0, NULL, 0);
		usleep(1000);
		pthread_mutex_lock(&c->lock);
		c->next = 0;
		pthread_mutex_unlock(&c->lock);
	}
	storm_over = true;
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK(vcard_remove(c));
	vcard_free(c);
	return true;
}

static const struct ktap_test tests[] = {
	{ "a card removed with a read pending: -ENODEV within a second", test_remove_pending },
	{ "a question taken back before it was read", test_taken_back },
	{ "a card swapped with a read pending", test_swap_pending },
	{ "a reader closed with a read pending", test_close_pending },
	{ "the card's program killed with a read pending", test_kill_program },
	{ "the one who reads killed", test_kill_reader },
	{ "a silent card holds up nobody else", test_others_go_on },
	{ "reads, exports and removals at once", test_storm },
};

KTAP_MAIN(tests)
