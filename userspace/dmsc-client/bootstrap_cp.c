// SPDX-License-Identifier: GPL-2.0-or-later
/* Provisioning documents on their way into a bootstrap: recognised, decoded, mapped by mo/cp. */
#include <errno.h>
#include <stdlib.h>

#include "card/filling.h"
#include "codec/prov.h"
#include "dm/bootstrap.h"
#include "dmsc-client/bootstrap.h"
#include "dmsc-client/client.h"
#include "mo/cp.h"
#include "util/log.h"
#include "util/str.h"

#define ROOT_TAG "<wap-provisioningdoc"
#define FPI "-//WAPFORUM//DTD PROV"
#define PUBLIC_ID 0x0b

/* --- what it is ---------------------------------------------------------- */

/* A number of seven bits a byte (WBXML 5.1); false when there is none. */
static bool take_number(struct slice *s, uint32_t *out)
{
	*out = 0;
	for (unsigned int i = 0; i < 5 && s->n; i++) {
		uint8_t c = s->p[0];

		*out = *out << 7 | (c & 0x7f);
		*s = slice_of(s->p + 1, s->n - 1);
		if (!(c & 0x80))
			return true;
	}
	return false;
}

static bool is_wbxml_prov(struct slice s)
{
	uint32_t id, at, charset, table;

	if (!s.n || s.p[0] > 3)
		return false;
	s = slice_of(s.p + 1, s.n - 1);
	if (!take_number(&s, &id))
		return false;
	if (id)
		return id == PUBLIC_ID;
	/* The identifier as a text of the string table. */
	if (!take_number(&s, &at) || !take_number(&s, &charset) || !take_number(&s, &table))
		return false;
	return at < s.n && str_starts(slice_of(s.p + at, s.n - at), FPI);
}

/* Behind the next @end of @s, which begins with @begin; false when it does not, or has none. */
static bool pass_over(struct slice *s, const char *begin, const char *end)
{
	const uint8_t *p;

	if (!str_starts(*s, begin))
		return false;
	p = memmem(s->p, s->n, end, strlen(end));
	if (!p)
		return false;
	p += strlen(end);
	*s = slice_of(p, (size_t)(s->p + s->n - p));
	return true;
}

/*
 * The root element of an XML document: declaration, comments and a document
 * type that names an external file, none of which is looked at, are left out.
 */
static struct slice xml_root(struct slice s)
{
	const uint8_t *internal;
	struct slice type;

	if (str_starts(s, "\xef\xbb\xbf"))
		s = slice_of(s.p + 3, s.n - 3);
	for (;;) {
		s = str_trim(s);
		if (pass_over(&s, "<?", "?>") || pass_over(&s, "<!--", "-->"))
			continue;
		type = s;
		if (!pass_over(&s, "<!DOCTYPE", ">"))
			return s;
		internal = memchr(type.p, '[', type.n - s.n);
		if (internal)
			return type;	/* the parser says no */
	}
}

enum client_profile client_bootstrap_profile(struct slice bytes)
{
	bool cp;

	if (codec_guess(SLICE_NONE, bytes) == CODEC_WBXML)
		cp = is_wbxml_prov(bytes);
	else
		cp = str_starts(xml_root(bytes), ROOT_TAG);
	return cp ? CLIENT_PROFILE_CP : CLIENT_PROFILE_DM;
}

/* --- into the tree -------------------------------------------------------- */

struct client_cp {
	size_t n, max;
	struct codec_prov **decoded;
	const struct dm_prov **docs;
	struct cp_map *map;
};

struct client_cp *client_cp_new(size_t ndocs)
{
	struct client_cp *cp = calloc(1, sizeof(*cp));

	if (!cp)
		return NULL;
	cp->max = ndocs;
	cp->decoded = calloc(ndocs + 1, sizeof(*cp->decoded));
	cp->docs = calloc(ndocs + 1, sizeof(*cp->docs));
	if (cp->decoded && cp->docs)
		return cp;
	client_cp_free(cp);
	return NULL;
}

struct slice client_cp_document(struct slice bytes, enum codec_format *format)
{
	*format = codec_guess(SLICE_NONE, bytes);
	return *format == CODEC_XML ? xml_root(filling_cut(bytes)) : bytes;
}

int client_cp_add(struct client_cp *cp, struct slice bytes, char *reason, size_t size)
{
	static const struct codec_limits limits = { .message = CLIENT_BOOTSTRAP_MAX,
						    .allow_padding = true };
	enum codec_format f;
	struct slice doc = client_cp_document(bytes, &f);
	struct codec_error e = { .text = "" };
	int err;

	if (cp->n == cp->max)
		return -E2BIG;
	err = codec_prov_decode(f, doc, &limits, &cp->decoded[cp->n], &e);
	if (err) {
		client_reason(reason, size, "bad provisioning document at byte %zu: %s",
			      e.offset + (size_t)(doc.p - bytes.p), e.text);
		return err;
	}
	cp->docs[cp->n] = codec_prov_get(cp->decoded[cp->n]);
	cp->n++;
	return 0;
}

int client_cp_finish(struct client_cp *cp, struct dm_bootstrap *b, char *reason, size_t size)
{
	struct dm_item item = { .target = SLICE_LIT("./Inbox") };
	const struct dm_cmd add = { .kind = DM_CMD_ADD, .items = &item, .nitems = 1 };
	int err;

	if (!cp->n)
		return 0;
	err = cp_map_new(cp->docs, cp->n, &cp->map, reason, size);
	if (err)
		return err;
	if (cp_map_ignored(cp->map))
		log_info("%zu parts of the provisioning documents are not understood and were left out",
			 cp_map_ignored(cp->map));
	item.tnds = cp_map_tnds(cp->map);
	/* Nothing for the tree: what follows says that there is neither account nor connectivity. */
	return item.tnds->n ? dm_bootstrap_sink()->command(b, &add) : 0;
}

bool client_cp_init(const struct client_cp *cp, const char *server)
{
	return cp->map && cp_map_init(cp->map, slice_str(server));
}

void client_cp_free(struct client_cp *cp)
{
	if (!cp)
		return;
	cp_map_free(cp->map);
	for (size_t i = 0; i < cp->n; i++)
		codec_prov_free(cp->decoded[i]);
	free(cp->decoded);
	free(cp->docs);
	free(cp);
}
