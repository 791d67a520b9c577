// SPDX-License-Identifier: GPL-2.0-or-later
/* The disk that can lose power; see the header. It knows nothing of databases. */
#include "disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 16
#define NAME_SIZE 64
#define SECTOR 512

struct bytes {
	uint8_t *p;
	size_t n, cap;
};

struct name {
	char text[NAME_SIZE];	/* "" = free */
	int file;
};

enum kind { CREATE, UNLINK, WRITE, TRUNCATE, SYNC, SYNC_DIR };

struct op {
	enum kind kind;
	int file;
	size_t at, n;
	uint8_t *data;
	char name[NAME_SIZE];
};

/* Files and the names that lead to them. */
struct content {
	struct name names[NAMES_MAX];
	struct bytes *files;
	int nfiles;
};

struct disk {
	struct content base, now;	/* before the first operation, and after the last */
	struct op *ops;
	size_t nops, cap;
};

struct disk_walk {
	const struct disk *d;
	struct content durable;
	size_t at;
	size_t *pending;		/* operations, in their order */
	size_t npending, cap;
};

static void *must(void *p)
{
	if (!p) {
		fputs("crash: out of memory\n", stderr);
		exit(2);
	}
	return p;
}

uint64_t disk_draw(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* --- content --- */

static void resize(struct bytes *b, size_t n, int fill)
{
	if (n > b->cap) {
		b->cap = n + n / 2 + 4096;
		b->p = must(realloc(b->p, b->cap));
	}
	if (n > b->n)
		memset(b->p + b->n, fill, n - b->n);
	b->n = n;
}

static void put(struct bytes *b, size_t at, const uint8_t *from, size_t n)
{
	if (at + n > b->n)
		resize(b, at + n, 0);
	memcpy(b->p + at, from, n);
}

static int new_file(struct content *c)
{
	c->files = must(realloc(c->files, (size_t)(c->nfiles + 1) * sizeof(*c->files)));
	c->files[c->nfiles] = (struct bytes){ 0 };
	return c->nfiles++;
}

static void content_fini(struct content *c)
{
	for (int i = 0; i < c->nfiles; i++)
		free(c->files[i].p);
	free(c->files);
}

static void content_copy(struct content *to, const struct content *from)
{
	memset(to, 0, sizeof(*to));
	memcpy(to->names, from->names, sizeof(to->names));
	for (int i = 0; i < from->nfiles; i++) {
		new_file(to);
		if (from->files[i].n)
			put(&to->files[i], 0, from->files[i].p, from->files[i].n);
	}
}

static struct name *find(struct content *c, const char *text)
{
	for (int i = 0; i < NAMES_MAX; i++)
		if (strcmp(c->names[i].text, text) == 0)
			return &c->names[i];
	return NULL;
}

static void name_put(struct content *c, const char *text, int file)
{
	struct name *n = find(c, text);

	if (!n)
		n = must(find(c, ""));
	snprintf(n->text, sizeof(n->text), "%s", text);
	n->file = file;
}

static void name_drop(struct content *c, const char *text)
{
	struct name *n = find(c, text);

	if (n)
		n->text[0] = '\0';
}

static void apply(struct content *c, const struct op *o)
{
	while (c->nfiles <= o->file)
		new_file(c);
	switch (o->kind) {
	case CREATE:
		name_put(c, o->name, o->file);
		break;
	case UNLINK:
		name_drop(c, o->name);
		break;
	case WRITE:
		put(&c->files[o->file], o->at, o->data, o->n);
		break;
	case TRUNCATE:
		resize(&c->files[o->file], o->n, 0);
		break;
	default:
		break;
	}
}

/* --- the running system's side --- */

struct disk *disk_new(void)
{
	return must(calloc(1, sizeof(struct disk)));
}

void disk_free(struct disk *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->nops; i++)
		free(d->ops[i].data);
	free(d->ops);
	content_fini(&d->base);
	content_fini(&d->now);
	free(d);
}

static void record(struct disk *d, struct op o)
{
	if (d->nops == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 256;
		d->ops = must(realloc(d->ops, d->cap * sizeof(*d->ops)));
	}
	apply(&d->now, &o);
	d->ops[d->nops++] = o;
}

int disk_lookup(const struct disk *d, const char *name)
{
	for (int i = 0; i < NAMES_MAX; i++)
		if (d->now.names[i].text[0] && strcmp(d->now.names[i].text, name) == 0)
			return d->now.names[i].file;
	return -1;
}

int disk_create(struct disk *d, const char *name)
{
	struct op o = { .kind = CREATE, .file = d->now.nfiles };

	snprintf(o.name, sizeof(o.name), "%s", name);
	record(d, o);
	return o.file;
}

void disk_unlink(struct disk *d, const char *name)
{
	struct op o = { .kind = UNLINK };

	snprintf(o.name, sizeof(o.name), "%s", name);
	record(d, o);
}

size_t disk_size(const struct disk *d, int file)
{
	return d->now.files[file].n;
}

size_t disk_read(const struct disk *d, int file, size_t at, void *to, size_t n)
{
	const struct bytes *b = &d->now.files[file];

	if (at >= b->n)
		return 0;
	if (n > b->n - at)
		n = b->n - at;
	memcpy(to, b->p + at, n);
	return n;
}

void disk_write(struct disk *d, int file, size_t at, const void *from, size_t n)
{
	struct op o = { .kind = WRITE, .file = file, .at = at, .n = n, .data = must(malloc(n + 1)) };

	memcpy(o.data, from, n);
	record(d, o);
}

void disk_truncate(struct disk *d, int file, size_t size)
{
	record(d, (struct op){ .kind = TRUNCATE, .file = file, .n = size });
}

void disk_sync(struct disk *d, int file)
{
	record(d, (struct op){ .kind = SYNC, .file = file });
}

void disk_sync_dir(struct disk *d)
{
	record(d, (struct op){ .kind = SYNC_DIR });
}

size_t disk_ops(const struct disk *d)
{
	return d->nops;
}

/* --- what may be found after a power cut --- */

struct disk_walk *disk_walk_new(const struct disk *d)
{
	struct disk_walk *w = must(calloc(1, sizeof(*w)));

	w->d = d;
	content_copy(&w->durable, &d->base);
	return w;
}

void disk_walk_free(struct disk_walk *w)
{
	if (!w)
		return;
	content_fini(&w->durable);
	free(w->pending);
	free(w);
}

static bool of_directory(const struct op *o)
{
	return o->kind == CREATE || o->kind == UNLINK;
}

/* What @sync makes durable is no longer pending. */
static void settle(struct disk_walk *w, const struct op *sync)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->npending; i++) {
		const struct op *o = &w->d->ops[w->pending[i]];
		bool done = sync->kind == SYNC_DIR ? of_directory(o)
						   : !of_directory(o) && o->file == sync->file;

		if (done)
			apply(&w->durable, o);
		else
			w->pending[kept++] = w->pending[i];
	}
	w->npending = kept;
}

void disk_walk_to(struct disk_walk *w, size_t p)
{
	for (; w->at < p; w->at++) {
		const struct op *o = &w->d->ops[w->at];

		if (o->kind == SYNC || o->kind == SYNC_DIR) {
			settle(w, o);
			continue;
		}
		if (w->npending == w->cap) {
			w->cap = w->cap ? w->cap * 2 : 256;
			w->pending = must(realloc(w->pending, w->cap * sizeof(*w->pending)));
		}
		w->pending[w->npending++] = w->at;
	}
}

size_t disk_walk_pending(const struct disk_walk *w)
{
	return w->npending;
}

/* How one power cut behaves. */
struct mood {
	uint64_t seed;
	int kind;
	size_t chosen;		/* an operation among the pending ones */
	unsigned int keep;	/* of 256: how likely an operation survives whole */
	unsigned int tear;	/* of 256: how likely one that does survives in part */
	int fill;		/* what a file grew by without having been written; -1 = anything */
};

enum { EACH_BY_CHANCE, ONE_ALONE, ALL_BUT_ONE, UP_TO_ONE, KINDS };

static struct mood mood_of(uint64_t seed, size_t pending)
{
	static const unsigned int likely[] = { 26, 128, 230 };
	static const int fills[] = { 0, 0xff, -1 };
	struct mood m = { .seed = seed };

	m.kind = (int)(disk_draw(&m.seed) % KINDS);
	m.chosen = pending ? disk_draw(&m.seed) % pending : 0;
	m.keep = likely[disk_draw(&m.seed) % 3];
	m.tear = disk_draw(&m.seed) % 2 ? 100 : 0;
	m.fill = fills[disk_draw(&m.seed) % 3];
	return m;
}

static bool survives(struct mood *m, size_t i)
{
	switch (m->kind) {
	case ONE_ALONE:
		return i == m->chosen;
	case ALL_BUT_ONE:
		return i != m->chosen;
	case UP_TO_ONE:
		return i <= m->chosen;
	default:
		return disk_draw(&m->seed) % 256 < m->keep;
	}
}

/* The file is as long as if it had been written, its content is not that. */
static void grow(struct mood *m, struct bytes *b, size_t n)
{
	size_t from = b->n;

	if (n <= from || disk_draw(&m->seed) % 2)
		return;
	resize(b, n, m->fill < 0 ? 0 : m->fill);
	for (size_t i = from; m->fill < 0 && i < n; i++)
		b->p[i] = (uint8_t)disk_draw(&m->seed);
}

/* Some of the sectors that a write touches: the first ones, or any. */
static void tear(struct mood *m, struct bytes *b, const struct op *o)
{
	bool front = disk_draw(&m->seed) % 2;
	size_t end = o->at + o->n, at = o->at;
	size_t stop = front ? o->at + disk_draw(&m->seed) % (o->n + 1) : end;

	stop -= stop < end ? stop % SECTOR : 0;
	grow(m, b, end);
	while (at < stop) {
		size_t next = (at / SECTOR + 1) * SECTOR;

		if (next > end)
			next = end;
		if (front || disk_draw(&m->seed) % 2)
			put(b, at, o->data + (at - o->at), next - at);
		at = next;
	}
}

static void lose_some(struct content *c, const struct disk_walk *w, uint64_t seed)
{
	struct mood m = mood_of(seed, w->npending);

	for (size_t i = 0; i < w->npending; i++) {
		const struct op *o = &w->d->ops[w->pending[i]];
		bool kept = survives(&m, i);

		while (c->nfiles <= o->file)
			new_file(c);
		if (o->kind == WRITE && kept && disk_draw(&m.seed) % 256 < m.tear)
			tear(&m, &c->files[o->file], o);
		else if (kept)
			apply(c, o);
		else if (o->kind == WRITE)
			grow(&m, &c->files[o->file], o->at + o->n);
	}
}

struct disk *disk_found(const struct disk_walk *w, enum disk_loss loss, uint64_t seed)
{
	struct disk *d = disk_new();

	content_copy(&d->now, &w->durable);
	if (loss == DISK_LOSE_SOME)
		lose_some(&d->now, w, seed);
	for (size_t i = 0; i < w->npending && loss == DISK_LOSE_NOTHING; i++)
		apply(&d->now, &w->d->ops[w->pending[i]]);
	/* Names lead to files that were never written, too. */
	for (int i = 0; i < NAMES_MAX; i++)
		while (d->now.names[i].text[0] && d->now.nfiles <= d->now.names[i].file)
			new_file(&d->now);
	content_copy(&d->base, &d->now);
	return d;
}
