// SPDX-License-Identifier: GPL-2.0-or-later
/* The block of a description that says what EF(LwM2M_Bootstrap) holds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "desc_int.h"
#include "util/text.h"

static int put_integer(struct desc_reader *r, int at, struct desc_resource *out)
{
	long long v;
	size_t n = 1;
	char *end;

	if (at >= r->r.n_words)
		return reader_fail(&r->r, "a number expected");
	errno = 0;
	v = strtoll(r->r.words[at].s, &end, 10);
	if (end == r->r.words[at].s || *end || errno)
		return reader_fail(&r->r, "\"%s\" is no number of 64 bits", r->r.words[at].s);
	/* One, two, four or eight bytes: the fewest that hold it (LwM2M Core, plain and TLV integers). */
	while (n < 8 && (v < -(1LL << (8 * n - 1)) || v >= 1LL << (8 * n - 1)))
		n *= 2;
	for (size_t i = 0; i < n; i++)
		out->value[i] = (uint8_t)((unsigned long long)v >> 8 * (n - 1 - i));
	out->len = n;
	return desc_no_more(r, at + 1);
}

static int put_bytes(struct desc_reader *r, int at, bool text, struct desc_resource *out)
{
	const struct word *w = &r->r.words[at];

	if (at >= r->r.n_words || !w->quoted)
		return reader_fail(&r->r, "a \"quoted string\" expected");
	if (w->n > DESC_VALUE_MAX)
		return reader_fail(&r->r, "a value of more than %d bytes", DESC_VALUE_MAX);
	if (text && !text_is_printable(slice_of(w->s, w->n)))
		return reader_fail(&r->r, "the string holds what cannot be printed");
	memcpy(out->value, w->s, w->n);
	out->len = w->n;
	return desc_no_more(r, at + 1);
}

static int put_boolean(struct desc_reader *r, int at, struct desc_resource *out)
{
	static const char *const names[] = { "false", "true", NULL };
	int v = 0, err = desc_choice(r, at, names, &v);

	out->value[0] = (uint8_t)v;
	out->len = 1;
	return err ? err : desc_no_more(r, at + 1);
}

/* resource N string "TEXT" | integer N | boolean true|false | opaque "BYTES" */
static int do_resource(struct desc_reader *r, void *what)
{
	static const char *const kinds[] = {
		[DESC_STRING] = "string", [DESC_INTEGER] = "integer", [DESC_BOOLEAN] = "boolean",
		[DESC_OPAQUE] = "opaque", NULL };
	struct desc_lwm2m *l = what;
	struct desc_resource *out = &l->r[l->n];
	unsigned int id;
	int kind = 0, err;

	if (l->n == DESC_RESOURCES_MAX)
		return reader_fail(&r->r, "more than %d resources", DESC_RESOURCES_MAX);
	if (!r->has_instance && !l->headless)
		return reader_fail(&r->r, "a resource stands in an instance");
	err = word_number(&r->r, 1, 0, 65534, &id);
	if (!err)
		err = desc_choice(r, 2, kinds, &kind);
	if (err)
		return err;
	*out = (struct desc_resource){ .object = r->object, .instance = r->instance,
				       .id = (uint16_t)id };
	for (size_t i = 0; i < l->n; i++)
		if (l->r[i].object == out->object && l->r[i].instance == out->instance &&
		    l->r[i].id == out->id)
			return reader_fail(&r->r, "a second resource %u", id);
	l->n++;
	r->d->secrets = true;	/* which of them are keys, a client knows */
	switch (kind) {
	case DESC_INTEGER:
		return put_integer(r, 3, out);
	case DESC_BOOLEAN:
		return put_boolean(r, 3, out);
	default:
		return put_bytes(r, 3, kind == DESC_STRING, out);
	}
}

static int do_object(struct desc_reader *r, void *what)
{
	unsigned int n;
	int err = word_number(&r->r, 1, 0, 65534, &n);

	if (err)
		return err;
	for (size_t i = 0; i < r->d->lwm2m.n; i++)
		if (r->d->lwm2m.r[i].object == n)
			return reader_fail(&r->r, "a second object %u", n);
	r->object = (uint16_t)n;
	r->has_object = true;
	r->has_instance = false;
	return desc_no_more(r, 2);
}

static int do_instance(struct desc_reader *r, void *what)
{
	unsigned int n;
	int err = word_number(&r->r, 1, 0, 65534, &n);

	if (err)
		return err;
	if (!r->has_object)
		return reader_fail(&r->r, "an instance stands in an object");
	for (size_t i = 0; i < r->d->lwm2m.n; i++)
		if (r->d->lwm2m.r[i].object == r->object && r->d->lwm2m.r[i].instance == n)
			return reader_fail(&r->r, "a second instance %u", n);
	r->instance = (uint16_t)n;
	r->has_instance = true;
	return desc_no_more(r, 2);
}

static int end_lwm2m(struct desc_reader *r, void *what)
{
	if (!r->d->lwm2m.n)
		return reader_fail(&r->r, "lwm2m has no resource");
	return 0;
}

static const struct desc_key keys[] = {
	{ "object", KEY_CALL, .run = do_object },
	{ "instance", KEY_CALL, .run = do_instance },
	{ "resource", KEY_CALL, .run = do_resource },
};

static const struct desc_block block = { "lwm2m", keys, COUNT(keys), end_lwm2m };

/* lwm2m [without-header] */
int desc_open_lwm2m(struct desc_reader *r, void *what)
{
	int at = 1;

	r->d->lwm2m.present = true;
	if (desc_word_is(r, at, "without-header")) {
		r->d->lwm2m.headless = true;
		at++;
	}
	r->block = &block;
	r->what = &r->d->lwm2m;
	r->block_line = desc_line_now(r);
	r->seen = 0;
	return desc_no_more(r, at);
}
