// SPDX-License-Identifier: GPL-2.0-or-later
/* The fake card of the card tests. */
#include <errno.h>
#include <stdio.h>

#include "fake_card.h"
#include "util/str.h"

static struct fake_file *next(struct fake_card *c, const char *path)
{
	if (c->n == FAKE_FILES) {
		fputs("fake card: too many files\n", stderr);
		abort();
	}
	c->file[c->n] = (struct fake_file){ .path = path };
	return &c->file[c->n++];
}

void fake_card_add(struct fake_card *c, const char *path, const void *data, size_t size)
{
	struct fake_file *f = next(c, path);
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	f->data = copy;
	f->size = size;
}

void fake_card_add_hex(struct fake_card *c, const char *path, const char *hex)
{
	struct buf text = BUF_INIT, raw = BUF_INIT;

	for (; *hex; hex++)
		if (*hex != ' ')
			buf_put_u8(&text, (uint8_t)*hex);
	if (hex_decode(&raw, buf_slice(&text))) {
		fputs("fake card: bad hex in a test\n", stderr);
		abort();
	}
	fake_card_add(c, path, raw.data, raw.len);
	buf_fini(&text);
	buf_fini(&raw);
}

void fake_card_add_error(struct fake_card *c, const char *path, int err)
{
	next(c, path)->err = err;
}

void fake_card_free(struct fake_card *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		free((void *)c->file[i].data);
	memset(c, 0, sizeof(*c));
}

static int fake_read(void *ctx, const char *path, size_t off, uint8_t *buf, size_t n)
{
	struct fake_card *c = ctx;
	size_t i;

	if (n == 0 || off + n > 0x8000) {
		fprintf(stderr, "fake card: read of %zu bytes at %zu\n", n, off);
		abort();
	}
	c->reads++;
	for (i = 0; i < c->n; i++) {
		const struct fake_file *f = &c->file[i];

		if (strcmp(f->path, path))
			continue;
		if (f->err)
			return f->err;
		if (off >= f->size)
			return 0;
		if (n > f->size - off)
			n = f->size - off;
		memcpy(buf, f->data + off, n);
		c->bytes += n;
		return (int)n;
	}
	return -ENOENT;
}

struct card_reader fake_card_reader(struct fake_card *c)
{
	return (struct card_reader){ fake_read, c };
}
