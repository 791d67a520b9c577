// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of client provisioning documents: the input is the document,
 * in either notation. What was read is written as XML and must read alike.
 */
#include <errno.h>
#include <stdlib.h>

#include "codec/prov.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything that attribute values may hold, tabs and line ends included. */
static void put_value(struct buf *out, const char *attr, struct slice s)
{
	if (!slice_present(s))
		return;
	buf_printf(out, " %s=\"", attr);
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("<>&\"\t\n\r", s.p[i]))
			buf_printf(out, "&#%u;", s.p[i]);
		else
			buf_put_u8(out, s.p[i]);
	}
	buf_put_u8(out, '"');
}

static void write_xml(struct buf *out, const struct dm_prov *p)
{
	unsigned int open = 0;

	buf_put_str(out, "<wap-provisioningdoc");
	put_value(out, "version", p->version);
	buf_put_u8(out, '>');
	for (size_t i = 0; i < p->n; i++) {
		const struct dm_prov_item *it = &p->items[i];
		bool parm = it->kind == DM_PROV_PARM;

		/* Depths grow by one at most, and below a characteristic alone. */
		if (it->depth > open || !slice_present(it->name))
			abort();
		for (; open > it->depth; open--)
			buf_put_str(out, "</characteristic>");
		buf_put_str(out, parm ? "<parm" : "<characteristic");
		put_value(out, parm ? "name" : "type", it->name);
		put_value(out, "value", it->value);
		buf_put_str(out, parm ? "/>" : ">");
		open += !parm;
	}
	for (; open; open--)
		buf_put_str(out, "</characteristic>");
	buf_put_str(out, "</wap-provisioningdoc>");
}

/* XML has no way to write these. */
static bool has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < 0x20 && !strchr("\t\n\r", s.p[i]))
			return true;
		if (i + 2 < s.n && s.p[i] == 0xef && s.p[i + 1] == 0xbf && s.p[i + 2] >= 0xbe)
			return true;
	}
	return false;
}

static bool writable(const struct dm_prov *p, const struct buf *xml)
{
	bool good = !has_control(p->version) && xml->len < 16384;

	for (size_t i = 0; i < p->n; i++)
		good = good && !has_control(p->items[i].name) && !has_control(p->items[i].value);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct codec_limits lim = { .allow_padding = size && data[size - 1] != 0x01 };
	struct slice doc = slice_of(data, size);
	struct buf xml = BUF_INIT, xml2 = BUF_INIT;
	struct codec_prov *p, *again;
	int ret = codec_prov_decode(codec_guess(SLICE_NONE, doc), doc, &lim, &p, NULL);

	if (ret && ret != -EBADMSG && ret != -E2BIG && ret != -ENOMEM)
		abort();
	if (ret)
		return 0;
	write_xml(&xml, codec_prov_get(p));
	if (writable(codec_prov_get(p), &xml)) {
		if (codec_prov_decode(CODEC_XML, buf_slice(&xml), NULL, &again, NULL))
			abort();
		write_xml(&xml2, codec_prov_get(again));
		if (!slice_eq(buf_slice(&xml), buf_slice(&xml2)))
			abort();
		codec_prov_free(again);
	}
	codec_prov_free(p);
	buf_fini(&xml);
	buf_fini(&xml2);
	return 0;
}
