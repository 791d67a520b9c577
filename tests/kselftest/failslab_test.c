// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that is not there: every system call of an operation is repeated with
 * its first, second, third ... allocation failing, until it has no more; then
 * allocations fail at random wherever the modules run, in the kernel's own
 * threads too. Whatever fails says so, and what follows works. Needs a kernel
 * with fault injection; one with KASAN and kmemleak sees much more of it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "genl.h"
#include "ktap.h"
#include "vcard.h"

#define DEBUGFS		"/sys/kernel/debug"
#define ICCID		"ef-3f00.2fe2/data"
#define NTH_MAX		400	/* no operation here allocates so often */
#define ROUNDS		80
#define TIMES		1000000

static int fail_nth_fd = -1;
static unsigned int injected;

static void fail_nth(unsigned int n)
{
	char text[16];
	int len = sprintf(text, "%u", n);

	/* Copying this text can be what is made to fail; the number counts all the same. */
	if (pwrite(fail_nth_fd, text, len, 0) != len && errno != EFAULT)
		printf("# fail-nth: errno %d\n", errno);
}

/* Ends an injection: true when an allocation of the operation was made to fail. */
static bool fail_end(void)
{
	char text[16] = "";
	bool hit;

	/* Not hit, but next: then copying the answer is what fails. */
	hit = pread(fail_nth_fd, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;
	fail_nth(0);
	injected += hit;
	return hit;
}

/*
 * What a failure may be called: -ENOBUFS is how sockets say -ENOMEM, and the
 * kernel counts the copying of user memory among what can fail.
 */
static bool says_so(int ret)
{
	return ret >= 0 || ret == -ENOMEM || ret == -ENOBUFS || ret == -EFAULT;
}

/* Every file is there, and is one byte long. */
static const char *any_file(const char *command)
{
	if (strncmp(command + 2, "B0", 2))
		return "9000";
	return strcmp(command + 4, "000001") ? "6B00" : "98 9000";
}

static struct vcard *any_card(const char *name)
{
	struct vcard *c = vcard_new(name);

	c->answer = any_file;
	return c;
}

struct world {
	struct vcard *c;
	struct genl g;
	struct genl agent;
	uint32_t id;
};

/* One operation: what comes before, what is injected into, what comes after. */
struct op {
	const char *name;
	bool (*before)(struct world *w);
	int (*run)(struct world *w);
	bool (*after)(struct world *w, int ret);
};

/*
 * Runs the operation with its nth allocation failing, n from 1 on, until one run
 * has no nth allocation; that one has to succeed.
 */
static bool each_nth(struct world *w, const struct op *op)
{
	unsigned int n;
	bool hit;
	int ret;

	for (n = 1; n <= NTH_MAX; n++) {
		CHECK(!op->before || op->before(w));
		fail_nth(n);
		ret = op->run(w);
		hit = fail_end();
		if (!says_so(ret) || (!hit && ret < 0)) {
			printf("# %s: %d with allocation %u failing\n", op->name, ret, n);
			return false;
		}
		CHECK(!op->after || op->after(w, ret));
		if (!hit)
			break;
	}
	printf("# %s: %u allocations\n", op->name, n - 1);
	CHECK(n <= NTH_MAX);
	CHECK(n > 1);
	return true;
}

/* --- readers and cards ------------------------------------------------------ */

static int run_reader(struct world *w)
{
	struct uicc_virt_reader reader = { .name = "fs-new" };
	int dev = open("/dev/uicc-virt", O_RDWR | O_CLOEXEC);
	int fd;

	(void)w;
	if (dev < 0)
		return -errno;
	fd = ioctl(dev, UICC_VIRT_IOC_NEW_READER, &reader);
	if (fd < 0)
		fd = -errno;
	else
		close(fd);
	close(dev);
	return fd;
}

static const struct op op_reader = { "new reader", NULL, run_reader, NULL };

static bool test_reader(void)
{
	struct world w = { 0 };

	CHECK(each_nth(&w, &op_reader));
	w.c = vcard_new("fs-after");
	CHECK(vcard_insert(w.c));
	vcard_free(w.c);
	return true;
}

static int run_insert(struct world *w)
{
	return vcard_insert_raw(w->c, w->c->atr);
}

static bool after_insert(struct world *w, int ret)
{
	if (ret == 0)
		CHECK(wait_path(card_path(w->c, "ef-3f00.7f50.5031/fcp"), true));
	CHECK(vcard_remove(w->c));
	return true;
}

static int run_remove(struct world *w)
{
	return vcard_send(w->c->fd, UICC_VIRT_REMOVE, 0, NULL, 0);
}

static bool before_remove(struct world *w)
{
	return vcard_insert(w->c);
}

static bool after_remove(struct world *w, int ret)
{
	return ret < 0 ? vcard_remove(w->c) : wait_path(w->c->dir, false);
}

static const struct op op_insert = { "insert", NULL, run_insert, after_insert };
static const struct op op_remove = { "remove", before_remove, run_remove, after_remove };

static bool test_insert(void)
{
	struct world w = { .c = vcard_new("fs-ins") };

	CHECK(each_nth(&w, &op_insert));
	CHECK(each_nth(&w, &op_remove));
	vcard_free(w.c);
	return true;
}

/* --- files ------------------------------------------------------------------- */

static bool before_read(struct world *w)
{
	/* An insertion of its own each time: nothing is cached, nothing selected. */
	return vcard_insert(w->c);
}

static int run_read(struct world *w)
{
	char buf[4];

	return attr_read(card_path(w->c, ICCID), buf, 1, 0);
}

static bool after_read(struct world *w, int ret)
{
	char buf[4];

	/* What failed works when asked again. */
	if (ret < 0)
		CHECK_EQ(attr_read(card_path(w->c, ICCID), buf, 1, 0), 1);
	return vcard_remove(w->c);
}

static const struct op op_read = { "read", before_read, run_read, after_read };

static bool test_read(void)
{
	struct world w = { .c = any_card("fs-read") };

	CHECK(each_nth(&w, &op_read));
	vcard_free(w.c);
	return true;
}

static int run_export(struct world *w)
{
	return attr_write(card_path(w->c, "export"), "3f00.6f07");
}

static bool after_export(struct world *w, int ret)
{
	if (ret < 0)
		CHECK_EQ(attr_write(card_path(w->c, "export"), "3f00.6f07"), 0);
	CHECK(!access(card_path(w->c, "ef-3f00.6f07/data"), F_OK));
	CHECK_EQ(attr_write(card_path(w->c, "unexport"), "3f00.6f07"), 0);
	CHECK(access(card_path(w->c, "ef-3f00.6f07/data"), F_OK));
	return true;
}

static bool before_unexport(struct world *w)
{
	return attr_write(card_path(w->c, "export"), "3f00.6f07") == 0;
}

static int run_unexport(struct world *w)
{
	return attr_write(card_path(w->c, "unexport"), "3f00.6f07");
}

static bool after_unexport(struct world *w, int ret)
{
	if (ret < 0)
		CHECK_EQ(attr_write(card_path(w->c, "unexport"), "3f00.6f07"), 0);
	CHECK(access(card_path(w->c, "ef-3f00.6f07/data"), F_OK));
	return true;
}

static const struct op op_export = { "export", NULL, run_export, after_export };
static const struct op op_unexport = { "unexport", before_unexport, run_unexport, after_unexport };

static bool test_export(void)
{
	struct world w = { .c = vcard_new("fs-exp") };

	CHECK(vcard_insert(w.c));
	CHECK(each_nth(&w, &op_export));
	CHECK(each_nth(&w, &op_unexport));
	vcard_free(w.c);
	return true;
}

/* --- netlink ------------------------------------------------------------------ */

static bool before_register(struct world *w)
{
	genl_open(&w->agent);
	return genl_join(&w->agent, UICC_MCGRP_AGENTS);
}

static int run_register(struct world *w)
{
	genl_begin(&w->agent, UICC_CMD_AGENT_REGISTER, 0);
	return genl_call(&w->agent);
}

static bool after_register(struct world *w, int ret)
{
	(void)ret;
	genl_close(&w->agent);
	return true;
}

static bool before_ask(struct world *w)
{
	CHECK(before_register(w));
	CHECK_EQ(run_register(w), 0);
	genl_open(&w->g);
	return true;
}

static int run_ask(struct world *w)
{
	genl_begin(&w->g, UICC_CMD_CONSENT_ASK, 0);
	genl_put_u32(&w->g, UICC_A_CONSENT_SLOT, w->c->slot);
	genl_put_u32(&w->g, UICC_A_CONSENT_KIND, UICC_KIND_SINGLE_CHOICE);
	genl_put_str(&w->g, UICC_A_CONSENT_ORIGIN, "selftest");
	genl_put_str(&w->g, UICC_A_CONSENT_TEXT, "which?");
	genl_put_str(&w->g, UICC_A_CONSENT_CHOICE, "red");
	genl_put_str(&w->g, UICC_A_CONSENT_CHOICE, "green");
	return genl_call(&w->g);
}

static bool after_ask(struct world *w, int ret)
{
	(void)ret;
	genl_close(&w->g);	/* which withdraws the question, if there is one */
	genl_close(&w->agent);
	return true;
}

static bool before_accept(struct world *w)
{
	CHECK(before_ask(w));
	CHECK_EQ(run_ask(w), 1);
	w->id = genl_u32(&w->g, UICC_A_CONSENT_ID);
	return true;
}

static int run_accept(struct world *w)
{
	genl_begin(&w->agent, UICC_CMD_CONSENT_ACCEPT, 0);
	genl_put_u32(&w->agent, UICC_A_CONSENT_ID, w->id);
	return genl_call(&w->agent);
}

static bool before_done(struct world *w)
{
	CHECK(before_accept(w));
	CHECK_EQ(run_accept(w), 1);
	return true;
}

static int run_done(struct world *w)
{
	genl_begin(&w->agent, UICC_CMD_CONSENT_DONE, 0);
	genl_put_u32(&w->agent, UICC_A_CONSENT_ID, w->id);
	genl_put_u32(&w->agent, UICC_A_CONSENT_OUTCOME, UICC_OUTCOME_NO);
	return genl_call(&w->agent);
}

static int run_slots(struct world *w)
{
	return genl_dump(&w->g, UICC_CMD_SLOT_GET);
}

static int run_cards(struct world *w)
{
	return genl_dump(&w->g, UICC_CMD_CARD_GET);
}

static int run_questions(struct world *w)
{
	return genl_dump(&w->g, UICC_CMD_CONSENT_GET);
}

static const struct op netlink_ops[] = {
	{ "register", before_register, run_register, after_register },
	{ "ask", before_ask, run_ask, after_ask },
	{ "accept", before_accept, run_accept, after_ask },
	{ "done", before_done, run_done, after_ask },
	{ "dump of slots", before_ask, run_slots, after_ask },
	{ "dump of cards", before_ask, run_cards, after_ask },
	{ "dump of questions", before_accept, run_questions, after_ask },
};

static bool test_netlink(void)
{
	struct world w = { .c = vcard_new("fs-nl") };
	size_t i;

	CHECK(vcard_insert(w.c));
	for (i = 0; i < sizeof(netlink_ops) / sizeof(netlink_ops[0]); i++)
		CHECK(each_nth(&w, &netlink_ops[i]));
	/* After all that a question goes its whole way. */
	CHECK(before_done(&w));
	CHECK_EQ(run_done(&w), 0);
	after_ask(&w, 0);
	vcard_free(w.c);
	return true;
}

/* --- everywhere ---------------------------------------------------------------- */

static const char *const injectors[] = { "failslab", "fail_page_alloc" };

static bool set(const char *injector, const char *name, unsigned long long value)
{
	char path[128], text[32];
	int fd, len = sprintf(text, "%llu", value);
	bool ok;

	snprintf(path, sizeof(path), DEBUGFS "/%s/%s", injector, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, text, len) == len;	/* no pwrite() there */
	close(fd);
	return ok;
}

/* Where the modules are; false when that cannot be told. */
static bool modules_range(unsigned long long *start, unsigned long long *end)
{
	unsigned long long address;
	char line[512], name[64];
	unsigned int size, n = 0;
	FILE *f = fopen("/proc/modules", "r");

	*start = ~0ULL;
	*end = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %u %*u %*s %*s %llx", name, &size, &address) != 3 ||
		    strncmp(name, "uicc", 4) || !address)
			continue;
		*start = address < *start ? address : *start;
		*end = address + size > *end ? address + size : *end;
		n++;
	}
	if (f)
		fclose(f);
	return n >= 2;
}

/*
 * Lets each @interval-th allocation fail that comes from the modules, in whatever
 * thread; 0 for none.
 */
static bool fail_each(unsigned int interval)
{
	unsigned long long start, end;
	size_t i;

	CHECK(modules_range(&start, &end));
	for (i = 0; i < sizeof(injectors) / sizeof(injectors[0]); i++) {
		CHECK(set(injectors[i], "probability", 0));
		CHECK(set(injectors[i], "stacktrace-depth", 32));
		CHECK(set(injectors[i], "require-start", start));
		CHECK(set(injectors[i], "require-end", end));
		if (!interval)
			continue;
		CHECK(set(injectors[i], "interval", interval));
		CHECK(set(injectors[i], "times", TIMES));
		CHECK(set(injectors[i], "probability", 100));
	}
	return true;
}

/* How many allocations were made to fail. */
static unsigned int failures(void)
{
	char path[128], text[32];
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < sizeof(injectors) / sizeof(injectors[0]); i++) {
		int fd, len;

		snprintf(path, sizeof(path), DEBUGFS "/%s/times", injectors[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		len = read(fd, text, sizeof(text) - 1);	/* no pread() there */
		close(fd);
		if (len <= 0)
			continue;
		text[len] = '\0';
		n += TIMES - atoi(text);
	}
	return n;
}

/* All that can be done to a card, whatever comes of it. */
static bool use_card(struct world *w)
{
	char buf[64];
	int i;

	for (i = 0; i < 100 && access(card_path(w->c, "ef-3f00.2fe2"), F_OK); i++)
		usleep(1000);
	attr_read(card_path(w->c, ICCID), buf, 1, 0);
	attr_read(card_path(w->c, "ef-3f00.2f00/type"), buf, sizeof(buf), 0);
	attr_write(card_path(w->c, "export"), "3f00.6f07");
	attr_write(card_path(w->c, "unexport"), "3f00.6f07");
	run_ask(w);
	run_slots(w);
	return i < 100;
}

static bool test_everywhere(void)
{
	struct world w = { .c = any_card("fs-all") };
	unsigned int round, readers = 0, cards = 0;

	genl_open(&w.g);
	for (round = 0; round < ROUNDS; round++) {
		CHECK(fail_each(1 + 7 * round));
		readers += run_reader(&w) >= 0;
		vcard_insert_raw(w.c, w.c->atr);
		cards += use_card(&w);
		vcard_send(w.c->fd, UICC_VIRT_REMOVE, 0, NULL, 0);
		injected += failures();
		CHECK(fail_each(0));
		CHECK(vcard_remove(w.c));
		CHECK(vcard_insert(w.c));
		CHECK(vcard_remove(w.c));
	}
	printf("# %u readers and %u cards in %u rounds\n", readers, cards, round);
	CHECK(readers > 0 && readers < round);
	CHECK(cards > 0 && cards < round);
	genl_close(&w.g);
	vcard_free(w.c);
	return true;
}

static bool test_injected(void)
{
	printf("# %u allocations failed\n", injected);
	CHECK(injected > 100);
	return true;
}

static const struct ktap_test tests[] = {
	{ "a new reader, each allocation failing", test_reader },
	{ "insertion and removal, each allocation failing", test_insert },
	{ "a read, each allocation failing", test_read },
	{ "export and unexport, each allocation failing", test_export },
	{ "netlink, each allocation failing", test_netlink },
	{ "the modules' allocations failing at random, in every thread", test_everywhere },
	{ "allocations did fail", test_injected },
};

int main(void)
{
	char path[64];
	size_t i;

	ktap_need_root();
	snprintf(path, sizeof(path), "/proc/self/task/%ld/fail-nth", (long)syscall(SYS_gettid));
	fail_nth_fd = open(path, O_RDWR | O_CLOEXEC);
	if (fail_nth_fd < 0 || access(DEBUGFS "/failslab/require-start", F_OK)) {
		printf("1..0 # SKIP no fault injection with a filter by stack\n");
		return KSFT_SKIP;
	}
	/* Of an error that was made to happen the log needs to say nothing. */
	set("fail_usercopy", "verbose", 0);
	for (i = 0; i < sizeof(injectors) / sizeof(injectors[0]); i++) {
		set(injectors[i], "verbose", 0);
		/* Allocations that may sleep too, which are nearly all. */
		set(injectors[i], "ignore-gfp-wait", 0);
	}
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
