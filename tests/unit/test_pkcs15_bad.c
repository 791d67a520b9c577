// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * card/pkcs15 on cards that are odd, broken or hostile: where the directory is, what it
 * holds itself, circles, size, and each element of a good one broken in each way.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "card/indicator.h"
#include "fake_card.h"

#define AID "a000000063504b43532d3135"
#define ODF AID ".5031"
#define DODF AID ".6430"
#define ODF_HEX "A706 3004 0402 6430 FFFFFFFFFFFFFFFFFFFFFFFF"
#define BOOT "A122 3000 300E 0C0C 444D20426F6F747374726170 A10E 300C 0604672B0701 3004 0402 6431"
#define BOOT_OPAQUE "3020 300E 0C0C 444D20426F6F747374726170 3006 0604672B0701 A106 3004 0402 6431"
#define INDICATOR "A12A 3000 3007 0C05 444D2D5343 A11D 301B 0613 6996DDCF9CE5BDD28CA3A4B7D0F2DDB8BE9820 3004 0402 6433"
#define FOREIGN "A11B 3000 3000 A115 3013 060A 2A864886FC6B81480101 3005 0403 420042"
#define FF16 "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
#define FF64 FF16 FF16 FF16 FF16

struct fixture {
	struct fake_card card;
	struct card_reader rd;
	struct pkcs15_dir dir;
	struct pkcs15_oid oids[3];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->rd = fake_card_reader(&f->card);
	f->oids[0] = PKCS15_OID_DM_BOOTSTRAP;
	f->oids[1] = PKCS15_OID_INDICATOR;
	f->oids[2] = PKCS15_OID_LWM2M_BOOTSTRAP;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fake_card_free(&f->card);
	free(f);
	return 0;
}

static int find(struct fixture *f)
{
	f->card.reads = 0;
	return pkcs15_find(&f->rd, f->oids, 3, &f->dir);
}

static int find_in(struct fixture *f, const char *odf, const char *dodf)
{
	fake_card_free(&f->card);
	fake_card_add_hex(&f->card, ODF, odf);
	fake_card_add_hex(&f->card, DODF, dodf);
	return find(f);
}

/* --- where it is --------------------------------------------------------- */

#define USIM_RECORD "6109 4F07A0000000871002"
#define PKCS15_RECORD "6114 4F0CA000000063504B43532D3135 51043F005015"

static int find_dir(struct fixture *f, const char *dir, bool df5015, bool df7f50)
{
	fake_card_free(&f->card);
	if (dir)
		fake_card_add_hex(&f->card, "3f00.2f00", dir);
	if (df5015) {
		fake_card_add_hex(&f->card, "3f00.5015.5031", ODF_HEX);
		fake_card_add_hex(&f->card, "3f00.5015.6430", BOOT);
	}
	if (df7f50) {
		fake_card_add_hex(&f->card, "3f00.7f50.5031", ODF_HEX);
		fake_card_add_hex(&f->card, "3f00.7f50.6430", BOOT);
	}
	return find(f);
}

/* Rules: FIND-2 */
static void what_ef_dir_says_comes_before_7f50(void **state)
{
	struct fixture *f = *state;

	/* a 2G card has no applications: its EF(DIR), then DF 7F50 */
	assert_int_equal(find_dir(f, PKCS15_RECORD, true, true), 0);
	assert_string_equal(f->dir.obj[0].path, "3f00.5015.6431");
	assert_int_equal(find_dir(f, USIM_RECORD, true, true), 0);
	assert_string_equal(f->dir.obj[0].path, "3f00.7f50.6431");
	assert_int_equal(find_dir(f, NULL, false, true), 0);
	assert_string_equal(f->dir.obj[0].path, "3f00.7f50.6431");
	/* a relative path begins in the MF; the card's own number behind the AID */
	assert_int_equal(find_dir(f, "6114 4F0EA000000063504B43532D31350001 51025015", true, false), 0);
	assert_string_equal(f->dir.obj[0].path, "3f00.5015.6431");
	/* records of 100 bytes, each with its filling; the fourth is the one */
	assert_int_equal(find_dir(f, USIM_RECORD FF64 FF16 "FFFFFFFFFFFFFFFFFF"
				  USIM_RECORD FF64 FF16 "FFFFFFFFFFFFFFFFFF" FF64 FF16 FF16 "FFFFFFFF"
				  PKCS15_RECORD FF64, true, false), 0);
	assert_string_equal(f->dir.obj[0].path, "3f00.5015.6431");
}

/* Rules: FIND-11 */
static void a_directory_that_may_be_there_is_not_absent(void **state)
{
	static const char *const doubtful[] = {
		PKCS15_RECORD,						/* there is no such DF */
		"610E 4F0CA000000063504B43532D3135",			/* no path */
		"6114 4F0CA000000063504B43532D3135 51033F0050",		/* no path either */
		"6112 4F0CA000000063504B43532D3135 51023F00",
		USIM_RECORD "61FF 4F07A0000000871002",			/* longer than the file */
		USIM_RECORD "6180 4F07A0000000871002 0000",
		"6109 4F17A0000000871002",				/* inner beyond outer */
	};
	struct fixture *f = *state;
	size_t i;

	assert_int_equal(find_dir(f, NULL, false, false), -ENOENT);
	assert_int_equal(find_dir(f, USIM_RECORD FF64, false, false), -ENOENT);
	assert_int_equal(find_dir(f, FF64 FF64, false, false), -ENOENT);
	for (i = 0; i < sizeof(doubtful) / sizeof(doubtful[0]); i++) {
		if (find_dir(f, doubtful[i], false, false) != -EBADMSG)
			fail_msg("absent: %s", doubtful[i]);
		/* what is there is found all the same */
		assert_int_equal(find_dir(f, doubtful[i], false, true), 0);
	}
	find_dir(f, NULL, false, false);
	fake_card_add_error(&f->card, "3f00.2f00", -EACCES);
	assert_int_equal(find(f), -EACCES);
	fake_card_add_hex(&f->card, "3f00.7f50.5031", ODF_HEX);
	fake_card_add_hex(&f->card, "3f00.7f50.6430", BOOT);
	assert_int_equal(find(f), 0);
	fake_card_free(&f->card);
	fake_card_add_error(&f->card, "3f00.2f00", -ENODEV);
	fake_card_add_hex(&f->card, "3f00.7f50.5031", ODF_HEX);
	assert_int_equal(find(f), -ENODEV);
}

/* --- what the directory holds itself ------------------------------------- */

static void read_object(struct fixture *f, unsigned int oid, const char *want)
{
	const struct pkcs15_object *o = pkcs15_object_get(&f->dir, oid);
	struct buf b = BUF_INIT;

	assert_non_null(o);
	assert_int_equal(pkcs15_object_read(&f->rd, o, 64, &b), 0);
	assert_true(slice_eq_str(buf_slice(&b), want));
	buf_fini(&b);
}

/* Rules: FIND-4 FIND-7 */
static void objects_and_values_in_the_directory(void **state)
{
	struct fixture *f = *state;

	/* A7 { A0 { objects } } in EF(ODF), before and behind a path to others: their order holds */
	assert_int_equal(find_in(f, "A724 A022 3020 300E 0C0C 444D20426F6F747374726170 3006 0604672B0701 A106 3004 0402 6439"
				 "A706 3004 0402 6430 A72E A02C" INDICATOR FF16, BOOT), 0);
	assert_int_equal(f->dir.n, 3);
	assert_int_equal(f->dir.incomplete, 0);
	assert_string_equal(f->dir.obj[0].path, AID ".6439");
	assert_string_equal(f->dir.obj[1].path, AID ".6431");
	assert_string_equal(f->dir.obj[2].path, AID ".6433");
	/* a value in EF(DODF): as an octet string, as it is, in both kinds of objects */
	assert_int_equal(find_in(f, ODF_HEX, FOREIGN
				 "A115 3000 3000 A10F 300D 0604672B0701 A005 0403 616263"
				 "3012 3000 3006 0604672B0901 A106 A004 64656667"), 0);
	assert_int_equal(f->dir.n, 2);
	assert_string_equal(f->dir.obj[0].path, DODF);
	read_object(f, 0, "abc");
	read_object(f, 2, "defg");
	/* and in EF(ODF) */
	assert_int_equal(find_in(f, "A717 A015 3013 3000 3006 0604672B0901 A107 A005 0403 616263", BOOT), 0);
	assert_string_equal(f->dir.obj[0].path, ODF);
	read_object(f, 2, "abc");
	/* an empty one, and another kind of value: wanted, but of no use */
	assert_int_equal(find_in(f, ODF_HEX, "3010 3000 3006 0604672B0901 A104 A002 0400" BOOT), 0);
	assert_int_equal(f->dir.n, 1);
	assert_int_equal(pkcs15_absence(&f->dir, 2), -EBADMSG);
	assert_int_equal(pkcs15_absence(&f->dir, 1), 0);	/* that says nothing of others */
	assert_int_equal(find_in(f, ODF_HEX, "300F 3000 3006 0604672B0901 A103 1301 61" BOOT), 0);
	assert_int_equal(pkcs15_absence(&f->dir, 2), -EBADMSG);
	/* broken inside */
	assert_int_equal(find_in(f, "A724 A022 3021 300E 0C0C 444D20426F6F747374726170 3006 0604672B0701 A106 3004 0402 6439"
				 "A706 3004 0402 6430", BOOT), 0);
	assert_int_equal(f->dir.n, 1);
	assert_int_equal(f->dir.incomplete, -EBADMSG);
}

/* --- filling and removed entries ----------------------------------------- */

/* Rules: FIND-8 */
static void filling_before_and_between(void **state)
{
	struct fixture *f = *state;

	/* nothing is absent because a file begins with filling */
	assert_int_equal(find_in(f, FF64 ODF_HEX, FF64 FF64 "0000" BOOT), 0);
	assert_int_equal(f->dir.n, 1);
	/* a removed entry over the end of what was read first, and one of more than 127 bytes */
	assert_int_equal(find_in(f, ODF_HEX, "002A 3000 3007 0C05 444D2D5343 A11D 301B 0613 6996DDCF9CE5BDD28CA3A4B7D0F2DDB8BE9820 3004 0402 6433"
				 "0022 3000 300E 0C0C 444D20426F6F747374726170 A10E 300C 0604672B0701 3004 0402 6431" BOOT), 0);
	assert_int_equal(f->dir.n, 1);
	assert_int_equal(f->dir.incomplete, 0);
	assert_int_equal(find_in(f, ODF_HEX, "008180" FF64 FF64 BOOT), 0);
	assert_int_equal(f->dir.n, 1);
	assert_int_equal(f->dir.incomplete, 0);
	/* its tag is the last byte of the first 64 */
	assert_int_equal(find_in(f, ODF_HEX, FOREIGN BOOT_OPAQUE "0001 00" FOREIGN), 0);
	assert_int_equal(f->dir.foreign, 2);
	/* one that goes beyond the file */
	assert_int_equal(find_in(f, ODF_HEX, BOOT "0020 A1"), 0);
	assert_int_equal(f->dir.n, 1);
	assert_int_equal(f->dir.incomplete, -EBADMSG);
}

/* --- circles and size ---------------------------------------------------- */

/* Rules: FIND-12 */
static void circles_end(void **state)
{
	struct fixture *f = *state;
	char many[100 * 16 + 1];
	int i;

	/* EF(ODF) names itself, and EF(DODF) often */
	assert_int_equal(find_in(f, "A706 3004 0402 5031 A706 3004 0402 6430 A706 3004 0402 5031", BOOT), 0);
	assert_int_equal(f->dir.n, 1);
	assert_int_equal(f->dir.foreign, 3);
	assert_in_range(f->card.reads, 1, 8);
	for (i = 0; i < 100; i++)
		memcpy(many + 16 * i, "A706300404026430", 17);
	assert_int_equal(find_in(f, many, BOOT), 0);
	assert_int_equal(f->dir.n, 1);
	assert_int_equal(f->dir.incomplete, 0);
	/* an object in EF(DODF) that is EF(DODF), or EF(ODF): a file like others */
	assert_int_equal(find_in(f, ODF_HEX, "A10F 3000 3000 A109 3007 0604672B0701" BOOT), 0);
	assert_int_equal(find_in(f, ODF_HEX, "A116 3000 3000 A110 300C 0604672B0701 3004 0402 6430 0000"), 0);
	assert_int_equal(f->dir.n, 1);
	assert_string_equal(f->dir.obj[0].path, DODF);
	/* more directories than are followed */
	for (i = 0; i < PKCS15_DODF_MAX + 1; i++)
		snprintf(many + 16 * i, 17, "A70630040402643%X", i);
	assert_int_equal(find_in(f, many, BOOT), 0);
	assert_int_equal(f->dir.n, 1);
	assert_true(f->dir.incomplete != 0);
	assert_in_range(f->card.reads, 9, PKCS15_READS_MAX);
}

/* @n entries of @hex in EF(DODF); at most @size bytes of them. */
static int find_many(struct fixture *f, const char *hex, size_t n, size_t size)
{
	struct fake_card one = { 0 };
	size_t len, i;
	uint8_t *all;
	int r;

	fake_card_add_hex(&one, DODF, hex);
	len = one.file[0].size;
	all = malloc(n * len);
	for (i = 0; i < n; i++)
		memcpy(all + i * len, one.file[0].data, len);
	fake_card_free(&f->card);
	fake_card_add_hex(&f->card, ODF, ODF_HEX);
	fake_card_add(&f->card, DODF, all, n * len < size ? n * len : size);
	r = find(f);
	free(all);
	fake_card_free(&one);
	return r;
}

/* Rules: FIND-12 */
static void a_thousand_objects_cost_few_reads(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find_many(f, FOREIGN, 1000, SIZE_MAX), 0);
	assert_int_equal(f->dir.foreign, 1000);
	assert_int_equal(f->dir.incomplete, 0);
	assert_in_range(f->card.reads, 20, 1 + DIRFILE_READS_MAX);
	assert_int_equal(find_many(f, BOOT, 900, SIZE_MAX), 0);
	assert_int_equal(f->dir.n, PKCS15_OBJECTS_MAX);
	assert_int_equal(f->dir.dropped, 900 - PKCS15_OBJECTS_MAX);
	assert_int_equal(pkcs15_absence(&f->dir, 0), -EBADMSG);
	assert_int_equal(pkcs15_absence(&f->dir, 1), 0);
	/* as small as they can be: too many to look at */
	assert_int_equal(find_many(f, "A000", 16384, SIZE_MAX), 0);
	assert_int_equal(f->dir.incomplete, -EBADMSG);
	assert_in_range(f->card.reads, 1, 1 + DIRFILE_READS_MAX);
	/* nothing but filling, to the largest size; removed entries; a file cut at that size */
	assert_int_equal(find_many(f, "FF", CARD_EF_MAX, SIZE_MAX), 0);
	assert_int_equal(f->dir.incomplete, 0);
	assert_in_range(f->card.reads, 30, 1 + DIRFILE_READS_MAX);
	assert_int_equal(find_many(f, "0001 00", 10922, SIZE_MAX), 0);
	assert_in_range(f->card.reads, 30, 1 + DIRFILE_READS_MAX);
	assert_int_equal(find_many(f, "A17F" FF64 FF16 FF16 FF16 "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", 300, CARD_EF_MAX), 0);
	assert_int_equal(f->dir.incomplete, -EBADMSG);
	assert_in_range(f->card.reads, 30, 1 + DIRFILE_READS_MAX);
}

/* --- every element broken in every way ----------------------------------- */

/* A good element as a tree; at most one of a tree is broken. */
struct node {
	uint8_t tag;
	struct node *child[8];
	size_t nchild;
	uint8_t bytes[64];	/* of a primitive one */
	size_t len;
};

static struct node nodes[256];
static size_t nnodes;

static struct node *parse(struct slice *in)
{
	struct node *n = &nodes[nnodes++];
	struct tlv t = { 0 };

	assert_in_range(nnodes, 1, 256);
	assert_int_equal(tlv_next(in, TLV_BER, &t), 1);
	*n = (struct node){ .tag = (uint8_t)t.tag };
	if (t.tag & 0x20) {
		while (t.value.n)
			n->child[n->nchild++] = parse(&t.value);
	} else {
		n->len = t.value.n;
		memcpy(n->bytes, t.value.p, t.value.n);
	}
	return n;
}

enum how {
	GOOD, LESS, MORE, NONE, HUGE1, HUGE4, INDEFINITE, LONG_FORM, TAG_TYPE, TAG_KIND, TAG_ZERO,
	REMOVED, DOUBLED, NESTED, EMPTIED, CUT, GROWN, HOWS
};

static void write_node(struct buf *out, const struct node *n, const struct node *bad, enum how how);

static void write_body(struct buf *out, const struct node *n, const struct node *bad, enum how how)
{
	size_t i;

	for (i = 0; i < n->nchild; i++)
		write_node(out, n->child[i], bad, how);
	buf_put(out, n->bytes, n->len);
}

static void write_header(struct buf *out, uint8_t tag, size_t len, enum how how)
{
	if (how == TAG_TYPE)
		tag ^= 0x01;
	else if (how == TAG_KIND)
		tag ^= 0x80;
	else if (how == TAG_ZERO)
		tag = 0;
	buf_put_u8(out, tag);
	switch (how) {
	case LESS:
		len--;
		break;
	case MORE:
		len++;
		break;
	case NONE:
		len = 0;
		break;
	case HUGE1:
		len = 0xff;
		break;
	case HUGE4:
		buf_put(out, "\x84\xff\xff\xff", 4);
		len = 0xff;
		break;
	case INDEFINITE:
		len = 0x80;
		break;
	case LONG_FORM:
		buf_put(out, "\x83\x00\x00", 3);
		break;
	default:
		break;
	}
	buf_put_u8(out, (uint8_t)len);
}

/* Lengths around the broken one are right: it alone is. */
static void write_node(struct buf *out, const struct node *n, const struct node *bad, enum how how)
{
	struct buf body = BUF_INIT, again = BUF_INIT;
	enum how here = n == bad ? how : GOOD;

	if (here == REMOVED)
		return;
	if (here != EMPTIED)
		write_body(&body, n, bad, how);
	if (here == CUT && body.len)
		body.len--;
	if (here == GROWN)
		buf_put_u8(&body, 0x5a);
	write_header(&again, n->tag, body.len, here);
	buf_put_slice(&again, buf_slice(&body));
	if (here == NESTED)
		write_header(out, n->tag, again.len, GOOD);
	buf_put_slice(out, buf_slice(&again));
	if (here == DOUBLED)
		buf_put_slice(out, buf_slice(&again));
	buf_fini(&body);
	buf_fini(&again);
}

/* A directory as a list of entries. */
struct entries {
	const char *path;
	struct node *top[8];
	size_t n;
};

static void entries_parse(struct entries *e, const char *path, const char *hex)
{
	struct fake_card c = { 0 };
	struct slice in;

	*e = (struct entries){ .path = path };
	fake_card_add_hex(&c, path, hex);
	in = slice_of(c.file[0].data, c.file[0].size);
	while (in.n)
		e->top[e->n++] = parse(&in);
	fake_card_free(&c);
}

static void entries_add(struct fake_card *c, const struct entries *e, const struct node *bad, enum how how)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < e->n; i++)
		write_node(&b, e->top[i], bad, how);
	buf_put(&b, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	fake_card_add(c, e->path, b.data, b.len);
	buf_fini(&b);
}

static bool contains(const struct node *n, const struct node *x)
{
	size_t i;

	if (n == x)
		return true;
	for (i = 0; i < n->nchild; i++)
		if (contains(n->child[i], x))
			return true;
	return false;
}

/* The objects of the good card. */
static const struct {
	unsigned int oid;
	const char *path;
	int dodf, top;		/* where it stands */
} good[] = {
	{ 2, AID ".6432", 1, 1 }, { 1, AID ".6433", 1, 3 }, { 0, AID ".6431", 2, 1 },
};

static bool found(const struct fixture *f, size_t i)
{
	size_t k;

	for (k = 0; k < f->dir.n; k++)
		if (f->dir.obj[k].oid == good[i].oid && !strcmp(f->dir.obj[k].path, good[i].path))
			return true;
	return false;
}

/* What the walk says is used as by a client: nothing of it may break a bound. */
static void use(struct fixture *f)
{
	struct indicator ind;
	struct buf b;
	size_t i;

	for (i = 0; i < f->dir.n; i++) {
		buf_init(&b, 1024);
		if (pkcs15_object_read(&f->rd, &f->dir.obj[i], 64, &b) > 0)
			fail_msg("no error, and no success");
		assert_in_range(b.len, 0, 1024);
		buf_fini(&b);
		assert_in_range(-indicator_read(&f->rd, &f->dir.obj[i], &ind), 0, 133);
	}
}

/*
 * Is "there is no such object" the truth after this? When the entry, its OID, or what
 * holds the OID in a class attribute is no longer what it was, it is another object.
 */
static bool another_object(const struct node *entry, const struct node *bad)
{
	const struct node *cls = entry->child[1];

	return bad == entry || bad->tag == 0x06 || (entry->tag == 0x30 && contains(cls, bad));
}

static void broken(struct fixture *f, const struct entries *e, const struct node *bad, enum how how)
{
	bool whole = false;	/* all of one entry: what is behind it may be swallowed */
	size_t i, k;
	int file, r;

	fake_card_free(&f->card);
	for (file = 0; file < 3; file++)
		entries_add(&f->card, &e[file], bad, how);
	fake_card_add_hex(&f->card, AID ".6431", "030B6A00");
	fake_card_add_hex(&f->card, AID ".6432", "C10101FF");
	fake_card_add_hex(&f->card, AID ".6433", "E106C00101C10101");
	r = find(f);
	assert_in_range(f->card.reads, 1, PKCS15_READS_MAX);
	assert_in_range(-r, 0, EBADMSG);
	use(f);
	for (file = 0; file < 3; file++)
		for (k = 0; k < e[file].n; k++)
			whole |= e[file].top[k] == bad;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct node *entry = e[good[i].dodf].top[good[i].top];
		bool odf = false, own = contains(entry, bad);

		for (k = 0; k < e[0].n; k++)
			odf |= contains(e[0].top[k], bad);
		if (found(f, i))
			continue;
		/* A neighbour's damage hides nothing while its length is right. */
		if (!odf && !own && (!whole || how >= TAG_TYPE))
			fail_msg("%s %02x, %d: hides object %zu", e->path, bad->tag, how, i);
		/* Not found, and said to be absent: only when that is so. */
		if (!r && !pkcs15_absence(&f->dir, good[i].oid) &&
		    !pkcs15_object_get(&f->dir, good[i].oid) &&
		    !(own && another_object(entry, bad)) &&
		    !(odf && whole && (how == REMOVED || how == TAG_ZERO || how == TAG_TYPE)))
			fail_msg("%02x, %d: object %zu passes for absent", bad->tag, how, i);
	}
}

static void each(struct fixture *f, const struct entries *e, const struct node *n, size_t *count)
{
	size_t i;
	int how;

	for (how = LESS; how < HOWS; how++, (*count)++)
		broken(f, e, n, how);
	for (i = 0; i < n->nchild; i++)
		each(f, e, n->child[i], count);
}

/* Rules: FIND-11 FIND-12 FIND-13 */
static void every_element_broken_in_every_way(void **state)
{
	struct fixture *f = *state;
	struct entries e[3];
	size_t i, k, count = 0;

	nnodes = 0;
	entries_parse(&e[0], ODF, "A506 3004 0402 4404 A706 3004 0402 4407 A706 3004 0402 6430");
	entries_parse(&e[1], AID ".4407", FOREIGN
		      "A127 3000 3011 0C0F 4C774D324D20426F6F747374726170 A110 300E 0606 0604672B0901 3004 0402 6432"
		      "A002 3000" INDICATOR FOREIGN);
	entries_parse(&e[2], DODF, FOREIGN
		      "3032300C0C034142430302078002010130140C0C444D20426F6F7473747261700604672B0701A10C300A04026431020100800104" FOREIGN);
	broken(f, e, NULL, GOOD);
	for (i = 0; i < 3; i++)
		assert_true(found(f, i));
	assert_int_equal(f->dir.incomplete, 0);
	for (i = 0; i < 3; i++)
		for (k = 0; k < e[i].n; k++)
			each(f, e, e[i].top[k], &count);
	assert_in_range(count, 1000, 5000);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_ef_dir_says_comes_before_7f50), T(a_directory_that_may_be_there_is_not_absent),
		T(objects_and_values_in_the_directory), T(filling_before_and_between),
		T(circles_end), T(a_thousand_objects_cost_few_reads),
		T(every_element_broken_in_every_way),
	};

	return cmocka_run_group_tests_name("pkcs15_bad", tests, NULL, NULL);
}
