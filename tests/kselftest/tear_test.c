// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A card torn at every single command of a walk through all its files: pulled
 * out, silent, answering nonsense, bouncing. And cards that come and go a
 * thousand times, which must leave nothing behind.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <time.h>

#include "ktap.h"
#include "mcard.h"
#include "vcard.h"

#define TIMEOUT_MS	"/sys/module/uicc_virt/parameters/timeout_ms"
#define SILENCE_MS	"300"
#define SLOW_MAX	30	/* walks done again because of a busy machine */
#define OPS_MAX		64
#define CYCLES		1000

static const char * const attributes[] = {
	"data", "fcp", "type", "record_length", "record_count", "read_access", "update_access",
};

#define N_ATTRIBUTES	(sizeof(attributes) / sizeof(attributes[0]))

/* What one walk has read: each attribute of each file, or its errno. */
struct walk {
	unsigned int n;
	int torn;		/* the read during which the card was torn, -1: none */
	struct {
		int result;	/* bytes or -errno */
		uint8_t bytes[700];
	} ops[OPS_MAX];
};

static void export_all(const struct mcard *c)
{
	char path[128];
	unsigned int i;

	snprintf(path, sizeof(path), "%s/export", c->dir);
	for (i = 0; i < chip_n_paths; i++)
		attr_write(path, chip_paths[i]);	/* the discovery files are there */
}

static void walk(struct mcard *c, struct walk *w)
{
	unsigned int i, k, torn;
	char path[256];

	memset(w, 0, sizeof(*w));
	w->torn = -1;
	torn = c->torn;
	for (i = 0; i < chip_n_paths; i++) {
		for (k = 0; k < N_ATTRIBUTES; k++) {
			snprintf(path, sizeof(path), "%s/ef-%s/%s", c->dir, chip_paths[i], attributes[k]);
			w->ops[w->n].result = attr_read(path, w->ops[w->n].bytes, sizeof(w->ops[0].bytes), 0);
			if (c->torn != torn && w->torn < 0)
				w->torn = w->n;
			w->n++;
		}
	}
}

static bool op_same(const struct walk *a, const struct walk *b, unsigned int i)
{
	return a->ops[i].result == b->ops[i].result &&
	       !memcmp(a->ops[i].bytes, b->ops[i].bytes, sizeof(a->ops[i].bytes));
}

static bool walk_same(const struct walk *a, const struct walk *b)
{
	unsigned int i;

	for (i = 0; i < a->n; i++) {
		if (op_same(a, b, i))
			continue;
		printf("# %s/%s: %d, not %d\n", chip_paths[i / N_ATTRIBUTES],
		       attributes[i % N_ATTRIBUTES], b->ops[i].result, a->ops[i].result);
		return false;
	}
	return true;
}

static int seq_of(const struct mcard *c)
{
	char path[128], text[24] = "";

	snprintf(path, sizeof(path), "%s/seq", c->dir);
	return attr_read(path, text, sizeof(text) - 1, 0) > 0 ? atoi(text) : 0;
}

/* Until the card that bounced is there again, with its files. */
static bool wait_seq(const struct mcard *c, int after)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	char last[128];
	int i;

	for (i = 0; i < 10000 && seq_of(c) <= after; i++)
		nanosleep(&ms, NULL);
	snprintf(last, sizeof(last), "%s/ef-3f00.7f50.5031/fcp", c->dir);
	return seq_of(c) > after && wait_path(last, true);
}

/* The errno of the ABI for what was done; what it was before or after is as ever. */
static bool allowed(enum mcard_tear tear, bool during, int result)
{
	switch (tear) {
	case MCARD_REMOVE:
	case MCARD_RESET:
		return result == -ENODEV || (!during && result == -ENOENT);
	case MCARD_MUTE:
		return result == -ETIMEDOUT;
	case MCARD_GARBAGE:
		return result == -EPROTO;
	case MCARD_NOISE:
		/* Its bytes may pass for an answer; no other errno may come of it. */
		return result >= 0 || result == -EPROTO || result == -ENOENT || result == -EOPNOTSUPP;
	}
	return false;
}

static bool judge(const struct walk *is, const struct walk *want, enum mcard_tear tear)
{
	unsigned int i;

	for (i = 0; i < is->n; i++) {
		if (op_same(is, want, i) && ((int)i != is->torn || tear == MCARD_NOISE))
			continue;
		if ((int)i >= is->torn && allowed(tear, (int)i == is->torn, is->ops[i].result))
			continue;
		printf("# %s/%s: %d (torn at read %d, this is %u)\n", chip_paths[i / N_ATTRIBUTES],
		       attributes[i % N_ATTRIBUTES], is->ops[i].result, is->torn, i);
		return false;
	}
	return true;
}

/* The card works as ever: the same one, or the one that came after it. */
static bool recovers(struct mcard *c, enum mcard_tear tear, int seq, const struct walk *want)
{
	const struct timespec tick = { .tv_nsec = 50000000 };
	static struct walk now;
	int i;

	switch (tear) {
	case MCARD_REMOVE:
		if (!wait_path(c->dir, false) || !mcard_insert(c))
			return false;
		break;
	case MCARD_RESET:
		if (!wait_seq(c, seq))
			return false;
		break;
	case MCARD_NOISE:	/* taken for content, it stays so until the card goes */
		if (!mcard_remove(c) || !mcard_insert(c))
			return false;
		break;
	default:
		break;
	}
	mcard_arm(c, MCARD_REMOVE, -1);
	export_all(c);
	/* A card that was silent is left alone for a moment. */
	for (i = 0; i < 200; i++) {
		walk(c, &now);
		if (tear != MCARD_MUTE || now.ops[0].result != -ETIMEDOUT)
			break;
		nanosleep(&tick, NULL);
	}
	return walk_same(want, &now);
}

/*
 * The walk in which the card is torn. One that falls silent is not waited for as
 * long as ever; a card that works is, for a busy machine may keep it waiting.
 */
static bool torn_walk(struct mcard *c, enum mcard_tear tear, struct walk *is)
{
	char before[16] = "";

	if (tear != MCARD_MUTE) {
		walk(c, is);
		return true;
	}
	CHECK(attr_read(TIMEOUT_MS, before, sizeof(before) - 1, 0) > 0);
	CHECK_EQ(attr_write(TIMEOUT_MS, SILENCE_MS), 0);
	walk(c, is);
	CHECK_EQ(attr_write(TIMEOUT_MS, before), 0);
	return true;
}

/* Did a card that works take longer than a silent one is waited for? The machine is busy. */
static bool was_slow(const struct walk *is, enum mcard_tear tear)
{
	int i;

	for (i = 0; tear == MCARD_MUTE && i < is->torn; i++)
		if (is->ops[i].result == -ETIMEDOUT)
			return true;
	return tear == MCARD_MUTE && is->torn < 0;
}

static bool tear_all(enum mcard_tear tear)
{
	static struct walk want, is;
	struct mcard *c = mcard_new("tear");
	unsigned int i, n, slow = 0;
	int seq;

	CHECK(mcard_insert(c));
	export_all(c);
	mcard_arm(c, tear, -1);
	walk(c, &want);
	n = c->commands;
	CHECK(want.n == chip_n_paths * N_ATTRIBUTES && want.n <= OPS_MAX);
	CHECK(n >= 20);
	CHECK_EQ(want.ops[0].result, 32);
	/* Objects and access rules are in the walk too, in files that are there. */
	CHECK_EQ(want.ops[6 * N_ATTRIBUTES].result, 9);
	CHECK(!memcmp(want.ops[6 * N_ATTRIBUTES + 6].bytes, "never\n", 6));
	for (i = 0; i < n; i++) {
		CHECK(mcard_remove(c));
		CHECK(mcard_insert(c));
		export_all(c);
		seq = seq_of(c);
		mcard_arm(c, tear, i);
		if (!torn_walk(c, tear, &is)) {
			mcard_free(c);
			return false;
		}
		if (was_slow(&is, tear) && slow++ < SLOW_MAX) {
			i--;
			continue;
		}
		if (is.torn < 0 || !judge(&is, &want, tear) || !recovers(c, tear, seq, &want)) {
			printf("# torn at command %u of %u\n", i, n);
			mcard_free(c);
			return false;
		}
	}
	printf("# torn at each of %u commands\n", n);
	mcard_free(c);
	return true;
}

static bool test_mute(void) { return tear_all(MCARD_MUTE); }
static bool test_remove(void) { return tear_all(MCARD_REMOVE); }
static bool test_garbage(void) { return tear_all(MCARD_GARBAGE); }
static bool test_noise(void) { return tear_all(MCARD_NOISE); }
static bool test_bounce(void) { return tear_all(MCARD_RESET); }

static unsigned int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/*
 * Objects in use in all slab caches that the class could leave something in; -1
 * where the kernel does not tell. What the kernel keeps for speed is let go first.
 */
static long slab_objects(void)
{
	static const char * const caches[] = { "kmalloc", "kernfs_node", "dma-kmalloc", "skbuff_head" };
	FILE *f;
	char line[512], name[64];
	long sum = -1, active;
	unsigned int i;

	attr_write("/proc/sys/vm/drop_caches", "3");
	f = fopen("/proc/slabinfo", "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %ld", name, &active) != 2)
			continue;
		for (i = 0; i < sizeof(caches) / sizeof(caches[0]); i++)
			if (!strncmp(name, caches[i], strlen(caches[i])))
				sum = (sum < 0 ? 0 : sum) + active;
	}
	if (f)
		fclose(f);
	return sum;
}

/*
 * What is counted here does see cards. Many, as the kernel counts free places of
 * a processor's own slabs as used.
 */
static bool sees_cards(void)
{
	long before = slab_objects(), with;
	struct mcard *cards[20];
	unsigned int i;
	char name[16];

	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "tear-see%u", i);
		cards[i] = mcard_new(name);
		if (!mcard_insert(cards[i]))
			return false;
	}
	with = slab_objects();
	for (i = 0; i < 20; i++)
		mcard_free(cards[i]);
	return before > 0 && with - before > CYCLES / 2;
}

/*
 * An insertion makes more than a hundred objects: one of them leaked at every other
 * insertion shows. What a processor keeps in its own slabs makes some hundred less
 * or more from one look to the next. Under kmemleak each single one is found.
 */
static bool test_thousand(void)
{
	const struct timespec second = { .tv_sec = 1 };
	struct mcard *c = mcard_new("tear-1000");
	unsigned int i, fds;
	char path[256];
	uint8_t iccid[16];
	long before, after = 0;

	snprintf(path, sizeof(path), "%s/ef-3f00.2fe2/data", c->dir);
	CHECK(sees_cards());
	for (i = 0; i < 50; i++)
		CHECK(mcard_insert(c) && mcard_remove(c));
	nanosleep(&second, NULL);
	before = slab_objects();
	fds = open_files();
	for (i = 0; i < CYCLES; i++) {
		CHECK(mcard_insert(c));
		/* Every tenth is read too, so that caches come and go. */
		if (i % 10 == 0)
			CHECK_EQ(attr_read(path, iccid, sizeof(iccid), 0), 10);
		CHECK(mcard_remove(c));
	}
	CHECK_EQ(open_files(), fds);
	/* Releases may be late, on purpose where kobjects are checked. */
	for (i = 0; i < 20; i++) {
		after = slab_objects();
		if (after - before < CYCLES / 2)
			break;
		nanosleep(&second, NULL);
	}
	printf("# %ld objects before, %ld after %u cards\n", before, after, CYCLES);
	mcard_free(c);
	CHECK(after - before < CYCLES / 2);
	return true;
}

static const struct ktap_test tests[] = {
	{ "torn: pulled out", test_remove },
	{ "torn: silent", test_mute },
	{ "torn: no status word", test_garbage },
	{ "torn: noise", test_noise },
	{ "torn: bounced", test_bounce },
	{ "a thousand cards", test_thousand },
};

KTAP_MAIN(tests)
