// SPDX-License-Identifier: GPL-2.0-or-later
/* The stack of open elements and the text of the innermost: what both document types share. */
#include "codec/build.h"

#include <errno.h>
#include <stdlib.h>
#include "codec/tags.h"
#include "util/str.h"

const struct codec_limits codec_limits_default = {
	.message = 16u << 20,
	.memory = 32u << 20,
	.depth = 128,
	.containers = 16,
	.elements = 4000000,
	.items = 1024,
	.nodes = 65536,
};

static const uint8_t nothing[1];

int codec_fail(struct codec_error *err, int ret, const char *text)
{
	if (err && !err->text[0]) {
		size_t n = strlen(text);

		if (n >= sizeof(err->text))
			n = sizeof(err->text) - 1;
		memcpy(err->text, text, n);
		err->text[n] = '\0';
	}
	return ret;
}

void build_init(struct build *b, const struct codec_limits *limits, const struct dm_sink *sink,
		void *ctx, struct codec_error *err)
{
	const struct codec_limits *def = &codec_limits_default;

	memset(b, 0, offsetof(struct build, frames));
	b->lim = limits ? *limits : *def;
#define DEFAULT(field) \
	do { \
		if (!b->lim.field) \
			b->lim.field = def->field; \
	} while (0)
	DEFAULT(message);
	DEFAULT(memory);
	DEFAULT(depth);
	DEFAULT(containers);
	DEFAULT(elements);
	DEFAULT(items);
	DEFAULT(nodes);
#undef DEFAULT
	if (b->lim.depth > BUILD_MAX_DEPTH)
		b->lim.depth = BUILD_MAX_DEPTH;
	b->sink = sink;
	b->ctx = ctx;
	b->err = err;
	arena_init(&b->arena, b->lim.memory);
	b->frames[0] = (struct build_frame){ .scope = SC_DOC };
}

void build_fini(struct build *b)
{
	arena_fini(&b->arena);
	free(b->items);
	free(b->nodes);
	free(b->trees);
	b->items = NULL;
	b->trees = NULL;
	b->nodes = NULL;
}

/* --- texts ------------------------------------------------------------------ */

int build_text_into(struct build *b, struct slice *dest, bool *opaque_dest)
{
	if (slice_present(*dest))
		return SC_SKIP;
	b->text = (struct build_text){
		.dest = dest,
		.opaque_dest = opaque_dest,
		.trim = !opaque_dest,
	};
	return SC_TEXT;
}

static int text_append(struct build *b, struct slice s, unsigned int flags)
{
	struct build_text *t = &b->text;
	size_t keep;	/* borrowed bytes that now need a copy */
	int ret = 0;
	uint8_t *p;

	/* White space beside bytes is layout, some encoders write it. */
	if (t->opaque && !(flags & CODEC_TEXT_OPAQUE) && str_trim(s).n == 0)
		return 0;
	if (flags & CODEC_TEXT_OPAQUE) {
		if (!t->opaque && str_trim(t->s).n == 0) {
			t->s = SLICE_NONE;
			t->own = NULL;
		}
		t->opaque = true;
	}
	keep = t->own ? 0 : t->s.n;
	if (!slice_present(t->s) && (flags & CODEC_TEXT_STABLE) && b->borrow) {
		t->s = s;
		return 0;
	}
	p = arena_grow(&b->arena, t->own, t->own ? t->s.n : 0, keep + s.n, &ret);
	if (!p)
		return codec_fail(b->err, ret, "too much data for one command");
	if (keep)
		memcpy(p, t->s.p, keep);
	if (s.n)
		memcpy(p + t->s.n, s.p, s.n);
	t->own = p;
	t->s = slice_of(p, t->s.n + s.n);
	return 0;
}

static int text_end(struct build *b)
{
	struct build_text *t = &b->text;

	if (!slice_present(t->s))
		t->s = slice_of(nothing, 0);
	/* Bytes where only text can stand have to be one. */
	if (t->opaque && !t->opaque_dest && memchr(t->s.p, 0, t->s.n))
		return codec_fail(b->err, -EBADMSG, "NUL in a text");
	if (b->check_utf8 && !(t->opaque && t->opaque_dest) && !str_utf8_valid(t->s)) {
		/* As data it can only be bytes, whatever the peer called it. */
		if (!t->opaque_dest)
			return codec_fail(b->err, -EBADMSG, "text is not UTF-8");
		t->opaque = true;
	}
	if (t->opaque_dest)
		*t->opaque_dest = t->opaque;
	*t->dest = t->trim ? str_trim(t->s) : t->s;
	t->dest = NULL;
	return 0;
}

/* --- events -------------------------------------------------------------------- */

#define NO_PAGE (CODEC_EVENT_PAGES - 1)	/* nothing is known there */

static unsigned int on_page(void *ctx)
{
	const struct build *b = ctx;

	switch (b->frames[b->top].scope) {
	case SC_SKIP:
	case SC_TEXT:
		return NO_PAGE;
	case SC_META:
		return CODEC_PAGE_METINF;
	case SC_DOC:
		return b->sink ? CODEC_PAGE_SYNCML : CODEC_PAGE_DDF;
	case SC_DATA:
	case SC_MGMT:
	case SC_NODE:
	case SC_RT:
	case SC_FORMAT:
	case SC_TYPE:
		return CODEC_PAGE_DDF;
	default:
		return CODEC_PAGE_SYNCML;
	}
}

static unsigned int on_find(unsigned int page, const void *name, size_t n)
{
	return page == NO_PAGE ? TAG_NONE : codec_tag_find((enum codec_page)page, name, n);
}

static int on_start(void *ctx, unsigned int tag)
{
	struct build *b = ctx;
	struct build_frame *parent = &b->frames[b->top], *frame = parent + 1;
	int scope;

	if (b->top >= b->lim.depth)
		return codec_fail(b->err, -E2BIG, "elements are nested too deep");
	if (++b->elements > b->lim.elements)
		return codec_fail(b->err, -E2BIG, "too many elements");
	if (tag && tag < CODEC_PAGE_TAGS)
		tag += b->shift;
	frame->tag = (uint8_t)tag;
	frame->begun = false;
	scope = build_child(b, parent, tag, frame);
	if (scope < 0)
		return b->stopped ? b->stopped : scope;
	frame->scope = (uint8_t)scope;
	b->top++;
	return 0;
}

static int on_text(void *ctx, struct slice s, unsigned int flags)
{
	struct build *b = ctx;

	switch (b->frames[b->top].scope) {
	case SC_TEXT:
	case SC_DATA:
	case SC_FORMAT:
		return b->text.dest ? text_append(b, s, flags) : 0;
	default:
		return 0;
	}
}

static int on_end(void *ctx)
{
	struct build *b = ctx;
	struct build_frame *f = &b->frames[b->top--];
	bool number;
	int ret;

	switch (f->scope) {
	case SC_HDR:
		return build_hdr_end(b);
	case SC_CMD:
		return build_command_end(b, f);
	case SC_DATA:
		return b->text.dest ? text_end(b) : 0;
	case SC_TEXT:
		number = b->text.dest == &b->number;
		ret = text_end(b);
		if (!ret && number)
			build_number_end(b, f->tag);
		return ret;
	case SC_FORMAT:
		ret = b->text.dest ? text_end(b) : 0;
		if (!ret)
			build_tnds_end(b, f);
		return ret;
	case SC_MGMT:
		build_tnds_end(b, f);
		return 0;
	case SC_NODE:
		b->node_depth--;
		return 0;
	default:
		return 0;
	}
}

const struct codec_events build_events = {
	.page = on_page,
	.find = on_find,
	.start = on_start,
	.text = on_text,
	.end = on_end,
};

int build_finish(struct build *b)
{
	int ret;

	if (!b->sink)
		return 0;
	if (!b->saw_hdr)
		return codec_fail(b->err, -EBADMSG, "no SyncHdr");
	if (!b->saw_body)
		return codec_fail(b->err, -EBADMSG, "no SyncBody");
	ret = b->sink->end ? b->sink->end(b->ctx, b->final) : 0;
	return ret ? codec_fail(b->err, ret, "stopped by the receiver") : 0;
}
