// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The crash test: a session of ten messages, cut at every operation on the disk,
 * with everything that a power cut may have left there. The store has to open,
 * to hold a state before or after some message, none older than the last answer
 * that left, and every status that left has to be true of it.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash.h"
#include "util/log.h"
#include "vfs.h"

struct options {
	unsigned int seeds;	/* random losses at each crash point */
	uint64_t seed;
	bool verbose, first_only;
};

static const char *const losses[] = { "nothing lost", "unsynced lost", "some lost" };
#define LOSSES (sizeof(losses) / sizeof(losses[0]))

struct tally {
	size_t points, images[LOSSES], older[LOSSES], newer[LOSSES], again, failures;
	char first[160];
};

int crash_open(const char *dir, struct store **s, struct dm_tree **t)
{
	int err = store_open(dir, STORE_WRITE, 0, s);

	if (err)
		return err;
	*t = dm_tree_new();
	err = *t ? store_tree_load(*s, *t) : -1;
	if (err) {
		dm_tree_free(*t);
		store_close(*s);
	}
	return err;
}

const char *judge(const struct history *h, struct disk *d, const struct range *r, size_t *state)
{
	const char *wrong = "the tree is that of no moment between the messages";
	struct dm_tree *t = NULL;
	struct store *s = NULL;
	char *text;

	vfs_use(d);
	if (crash_open(h->dir, &s, &t))
		return "the store does not open";
	text = dump_store(s, t);
	for (size_t i = h->nstates; i-- > 0; ) {
		if (strcmp(text, h->states[i].text) != 0)
			continue;
		*state = i;
		wrong = i < r->from ? "the store is older than what somebody was told" :
			i > r->to ? "the store is newer than what was written" :
			facts_broken(h->facts, h->nfacts,
				     h->states[i].message > r->message ? h->states[i].message :
				     r->message, t);
		break;
	}
	free(text);
	dm_tree_free(t);
	store_close(s);
	return wrong;
}

/* At crash point @p. */
static struct range bounds(const struct history *h, size_t p)
{
	struct range r = { .message = -1 };

	for (size_t i = 0; i < h->nsaids && h->saids[i].at <= p; i++) {
		r.from = h->saids[i].state;
		r.message = h->saids[i].message;
	}
	for (size_t i = 0; i < h->nstates && h->states[i].begun <= p; i++)
		r.to = i;
	return r;
}

struct cut {
	const struct history *h;
	const struct options *o;
	struct tally *t;
	size_t p;
	struct range range;
};

static void complain(const struct cut *c, const char *what, uint64_t seed, const char *wrong)
{
	if (!c->t->failures)
		snprintf(c->t->first, sizeof(c->t->first), "%s", wrong);
	if (c->t->failures++ < 10 && !c->o->first_only)
		printf("not ok cut at %zu, %s, seed %llu: %s\n", c->p, what, (unsigned long long)seed,
		       wrong);
}

/* Opening writes too: that is cut once more, anywhere. */
static void cut_again(const struct cut *c, const struct disk *d, uint64_t seed)
{
	size_t state = 0, n = disk_ops(d);
	struct disk_walk *w;
	const char *wrong;

	if (!n)
		return;
	w = disk_walk_new(d);
	disk_walk_to(w, disk_draw(&seed) % n);
	d = disk_found(w, DISK_LOSE_SOME, seed);
	wrong = judge(c->h, (struct disk *)d, &c->range, &state);
	if (wrong)
		complain(c, "and again while it was opened", seed, wrong);
	c->t->again++;
	disk_free((struct disk *)d);
	disk_walk_free(w);
}

static void one_cut(const struct cut *c, const struct disk_walk *w, enum disk_loss loss,
		    uint64_t seed)
{
	struct disk *d = disk_found(w, loss, seed);
	size_t state = 0;
	const char *wrong = judge(c->h, d, &c->range, &state);

	c->t->images[loss]++;
	if (wrong)
		complain(c, losses[loss], seed, wrong);
	else if (state < c->range.to)
		c->t->older[loss]++;
	else
		c->t->newer[loss]++;
	if (!wrong && seed % 4 == 0)
		cut_again(c, d, seed);
	disk_free(d);
}

/* Until something is seen to be wrong, when that is what is looked for. */
static bool enough(const struct options *o, const struct tally *t)
{
	return o->first_only && t->failures;
}

static void all_cuts(const struct history *h, const struct options *o, struct tally *t)
{
	struct disk_walk *w = disk_walk_new(h->disk);
	struct cut c = { .h = h, .o = o, .t = t };

	for (c.p = 0; c.p <= disk_ops(h->disk) && !enough(o, t); c.p++) {
		disk_walk_to(w, c.p);
		c.range = bounds(h, c.p);
		one_cut(&c, w, DISK_LOSE_NOTHING, 1);
		one_cut(&c, w, DISK_LOSE_UNSYNCED, 1);
		for (unsigned int i = 0; i < o->seeds && disk_walk_pending(w); i++)
			one_cut(&c, w, DISK_LOSE_SOME, o->seed + c.p * 1000 + i);
		t->points++;
	}
	disk_walk_free(w);
}

static void report(const char *name, const struct tally *t)
{
	printf("%s: %zu crash points\n", name, t->points);
	for (size_t i = 0; i < LOSSES; i++)
		printf("  %-14s %6zu disks: %zu before the message in hand, %zu after it\n", losses[i],
		       t->images[i], t->older[i], t->newer[i]);
	printf("  cut again while it was opened: %zu disks\n", t->again);
}

static bool run(const char *name, int checkpoint, const struct options *o)
{
	struct history *h = history_make(HARM_NONE, checkpoint);
	struct tally t = { 0 };
	size_t wrong;

	all_cuts(h, o, &t);
	report(name, &t);
	wrong = failing_disk(h, o->verbose);
	printf("%s %s: %zu operations on the disk, %zu states, %zu wrong\n",
	       t.failures + wrong ? "not ok" : "ok", name, disk_ops(h->disk), h->nstates,
	       t.failures + wrong);
	history_free(h);
	return !t.failures && !wrong;
}

/* The test has to notice a store that keeps its word less well. */
static bool notices(enum harm harm, const struct options *o)
{
	struct options quiet = *o;
	struct history *h = history_make(harm, harm == HARM_NO_JOURNAL ? 6 : 0);
	struct tally t = { 0 };

	quiet.first_only = true;
	all_cuts(h, &quiet, &t);
	printf("%s harm %s: %s%s after %zu crash points\n", t.failures ? "ok" : "not ok",
	       harm_name(harm), t.failures ? "noticed, " : "not noticed", t.failures ? t.first : "",
	       t.points);
	history_free(h);
	return t.failures > 0;
}

static bool migrates(const struct options *o, bool split)
{
	struct history *h = history_make(HARM_NONE, 0);
	bool ok = migration(h, split ? 0 : o->seeds, split);

	history_free(h);
	return ok;
}

int main(int argc, char **argv)
{
	struct options o = { .seeds = 16, .seed = 1 };
	int passed = 0, failed = 0, c;

	while ((c = getopt(argc, argv, "n:s:v")) != -1) {
		if (c == 'n')
			o.seeds = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 's')
			o.seed = strtoull(optarg, NULL, 10);
		else if (c == 'v')
			o.verbose = true;
		else
			return 1;
	}
	log_init("crash", o.verbose ? LOG_LVL_ERR : 0);
	if (vfs_register() < 0)
		return 2;
	run("as it is", 0, &o) ? passed++ : failed++;
	run("many checkpoints", 6, &o) ? passed++ : failed++;
	migrates(&o, false) ? passed++ : failed++;
	migrates(&o, true) ? passed++ : failed++;
	for (enum harm h = HARM_NONE + 1; h < HARMS; h++)
		notices(h, &o) ? passed++ : failed++;
	printf("%d passed, %d failed\n", passed, failed);
	return failed ? 1 : 0;
}
