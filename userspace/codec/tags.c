// SPDX-License-Identifier: GPL-2.0-or-later
/* Lookup in the tables of codec/tags.h, both ways. */
#include "codec/tags.h"

#define NAME_MAX_LEN 16u
#define SLOTS 512u	/* three times the number of names: short probes */

#define TAG_COUNT (CODEC_PAGES * CODEC_PAGE_TAGS)

static const struct slice names[TAG_COUNT] = {
#define X(token, sym, name) [TAG_##sym] = { (const uint8_t *)(name), sizeof(name) - 1 },
	CODEC_TAGS_SYNCML(X)
	CODEC_TAGS_METINF(X)
	CODEC_TAGS_DDF(X)
#undef X
};

/* Open addressing over names[]; filled once before main() and then only read. */
static uint8_t slots[SLOTS];

static unsigned int hash(enum codec_page page, const uint8_t *s, size_t n)
{
	return (unsigned int)n * 67u + s[0] * 5u + s[n / 2] * 11u + s[n - 1] * 29u + page * 173u;
}

static void __attribute__((constructor)) index_names(void)
{
	for (unsigned int tag = 1; tag < TAG_COUNT; tag++) {
		unsigned int h;

		if (!names[tag].p)
			continue;
		h = hash(codec_tag_page(tag), names[tag].p, names[tag].n);
		while (slots[h % SLOTS])
			h++;
		slots[h % SLOTS] = (uint8_t)tag;
	}
}

struct slice codec_tag_name(unsigned int tag)
{
	return tag < TAG_COUNT ? names[tag] : SLICE_NONE;
}

unsigned int codec_tag_find(enum codec_page page, const void *name, size_t n)
{
	unsigned int h, tag;

	if (n == 0 || n > NAME_MAX_LEN)
		return TAG_NONE;
	h = hash(page, name, n);
	while ((tag = slots[h % SLOTS])) {
		if (codec_tag_page(tag) == page && names[tag].n == n &&
		    memcmp(names[tag].p, name, n) == 0)
			return tag;
		h++;
	}
	return TAG_NONE;
}
