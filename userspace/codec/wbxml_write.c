// SPDX-License-Identifier: GPL-2.0-or-later
/* Elements as WBXML 1.2 tokens, texts inline: no string table is built. */
#include <errno.h>
#include "codec/tags.h"
#include "codec/wbxml.h"
#include "codec/write.h"
#include "util/str.h"

#define MAX_MB 5u	/* bytes of an mb_u_int32 */

static uint8_t *put_tag(struct codec_writer *w, uint8_t *p, unsigned int tag, unsigned int bits)
{
	unsigned int page = codec_tag_page(tag);

	if (page != w->page) {
		*p++ = WBXML_SWITCH_PAGE;
		*p++ = (uint8_t)page;
		w->page = page;
	}
	*p++ = (uint8_t)(codec_tag_token(tag) | bits);
	return p;
}

static uint8_t *put_mb(uint8_t *p, uint32_t v)
{
	for (unsigned int shift = 28; shift; shift -= 7) {
		if (v >> shift)
			*p++ = (uint8_t)(0x80 | (v >> shift & 0x7f));
	}
	*p++ = (uint8_t)(v & 0x7f);
	return p;
}

static void advance(struct codec_writer *w, const uint8_t *end)
{
	w->out->len = (size_t)(end - w->out->data);
	w->out->data[w->out->len] = '\0';
}

static void wb_open(struct codec_writer *w, unsigned int tag)
{
	uint8_t *p = buf_room(w->out, 3);

	if (p)
		advance(w, put_tag(w, p, tag, WBXML_TAG_CONTENT));
}

static void wb_close(struct codec_writer *w, unsigned int tag)
{
	buf_put_u8(w->out, WBXML_END);
}

static void wb_empty(struct codec_writer *w, unsigned int tag)
{
	uint8_t *p = buf_room(w->out, 3);

	if (p)
		advance(w, put_tag(w, p, tag, 0));
}

/* What STR_I can carry in a UTF-8 document. */
static bool is_string(struct slice s)
{
	return str_plain(s) || (!memchr(s.p, 0, s.n) && str_utf8_valid(s));
}

static inline void put_string(struct codec_writer *w, unsigned int tag, struct slice s)
{
	uint8_t *p = buf_room(w->out, 3 + 1 + s.n + 2);

	if (!p)
		return;
	p = put_tag(w, p, tag, WBXML_TAG_CONTENT);
	*p++ = WBXML_STR_I;
	memcpy(p, s.p, s.n);
	p += s.n;
	*p++ = 0;
	*p++ = WBXML_END;
	advance(w, p);
}

static void put_opaque(struct codec_writer *w, unsigned int tag, struct slice s)
{
	uint8_t *p;

	if (s.n > UINT32_MAX) {
		codec_write_fail(w, -EMSGSIZE);
		return;
	}
	p = buf_room(w->out, 3 + 1 + MAX_MB + s.n + 1);
	if (!p)
		return;
	p = put_tag(w, p, tag, WBXML_TAG_CONTENT);
	*p++ = WBXML_OPAQUE;
	p = put_mb(p, (uint32_t)s.n);
	memcpy(p, s.p, s.n);
	p += s.n;
	*p++ = WBXML_END;
	advance(w, p);
}

static void wb_text(struct codec_writer *w, unsigned int tag, struct slice s)
{
	if (s.n == 0)
		wb_empty(w, tag);
	else if (is_string(s))
		put_string(w, tag, s);
	else
		codec_write_fail(w, -EILSEQ);
}

static void wb_data(struct codec_writer *w, unsigned int tag, struct slice s, bool opaque)
{
	if (s.n == 0)
		wb_empty(w, tag);
	else if (!opaque && is_string(s))
		put_string(w, tag, s);
	else
		put_opaque(w, tag, s);
}

static void wb_prolog(struct codec_writer *w)
{
	uint8_t *p = buf_room(w->out, 4 + MAX_MB);

	if (!p)
		return;
	*p++ = WBXML_VERSION_1_2;
	p = put_mb(p, WBXML_ID_SYNCML_1_2);
	*p++ = WBXML_UTF_8;
	*p++ = 0;	/* string table length */
	advance(w, p);
}

/* No number is registered for DM DDF: its public identifier goes into the string table. */
static void wb_tnds_prolog(struct codec_writer *w)
{
	static const char fpi[] = WBXML_FPI_DDF_1_2;
	uint8_t *p = buf_room(w->out, 5 + sizeof(fpi));

	if (!p)
		return;
	*p++ = WBXML_VERSION_1_2;
	*p++ = 0;	/* public identifier: string table ... */
	*p++ = 0;	/* ... index 0 */
	*p++ = WBXML_UTF_8;
	*p++ = sizeof(fpi);
	memcpy(p, fpi, sizeof(fpi));
	advance(w, p + sizeof(fpi));
}

static void wb_settle(struct codec_writer *w)
{
	uint8_t *p;

	if (w->page == CODEC_PAGE_SYNCML)
		return;
	p = buf_room(w->out, 2);
	if (!p)
		return;
	*p++ = WBXML_SWITCH_PAGE;
	*p++ = CODEC_PAGE_SYNCML;
	w->page = CODEC_PAGE_SYNCML;
	advance(w, p);
}

const struct codec_syntax codec_wbxml_syntax = {
	.prolog = wb_prolog,
	.tnds_prolog = wb_tnds_prolog,
	.open = wb_open,
	.close = wb_close,
	.empty = wb_empty,
	.text = wb_text,
	.data = wb_data,
	.settle = wb_settle,
};
