// SPDX-License-Identifier: GPL-2.0-or-later
/* card/pkcs15: the walk ODF -> DODF -> objects, on the forms real cards have. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "fake_card.h"

#define AID "a000000063504b43532d3135"
#define ODF AID ".5031"
#define DODF AID ".6430"
#define ODF_HEX "A706 3004 0402 6430 FFFFFFFFFFFFFFFFFFFFFFFF"

#define BOOT_OID "A122 3000 300E 0C0C 444D20426F6F747374726170 A10E 300C 0604672B0701 3004 0402 6431"
#define BOOT_OPAQUE "3020 300E 0C0C 444D20426F6F747374726170 3006 0604672B0701 A106 3004 0402 6431"
#define INDICATOR "A12A 3000 3007 0C05 444D2D5343 A11D 301B 0613 6996DDCF9CE5BDD28CA3A4B7D0F2DDB8BE9820 3004 0402 6433"
#define LWM2M "A127 3000 3011 0C0F 4C774D324D20426F6F747374726170 A110 300E 0606 0604672B0901 3004 0402 6432"
/* GlobalPlatform access control: OID 1.2.840.114283.200.1.1 */
#define FOREIGN "A11B 3000 3000 A115 3013 060A 2A864886FC6B81480101 3005 0403 420042"

struct fixture {
	struct fake_card card;
	struct card_reader rd;
	struct pkcs15_dir dir;
	struct pkcs15_oid oids[2];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->rd = fake_card_reader(&f->card);
	f->oids[0] = PKCS15_OID_DM_BOOTSTRAP;
	f->oids[1] = PKCS15_OID_INDICATOR;
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
	return pkcs15_find(&f->rd, f->oids, 2, &f->dir);
}

static int find_in(struct fixture *f, const char *dodf)
{
	fake_card_add_hex(&f->card, ODF, ODF_HEX);
	fake_card_add_hex(&f->card, DODF, dodf);
	return find(f);
}

/* Rules: FIND-4 */
static void oid_and_opaque_objects(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find_in(f, BOOT_OPAQUE INDICATOR "FFFF"), 0);
	assert_int_equal(f->dir.n, 2);
	assert_int_equal(f->dir.incomplete, 0);
	assert_string_equal(pkcs15_object_get(&f->dir, 0)->path, AID ".6431");
	assert_true(pkcs15_object_get(&f->dir, 0)->opaque);
	assert_string_equal(pkcs15_object_get(&f->dir, 1)->path, AID ".6433");
	assert_false(pkcs15_object_get(&f->dir, 1)->opaque);
}

/* Rules: RD-16 FIND-12 */
static void fewest_reads(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find_in(f, BOOT_OID "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
				 "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"), 0);
	assert_int_equal(f->dir.n, 1);
	assert_int_equal(f->card.reads, 2);	/* 16 of EF(ODF), 64 of EF(DODF) */
	assert_int_equal(f->card.bytes, 16 + 64);
}

/* What a walk does at each object: reads it, or breaks off. */
struct seen {
	struct fixture *f;
	unsigned int n, reads;
	size_t bytes;
	int stop_at;		/* number of an object from 1; 0 = none */
	int err;
	struct buf content;
};

static int seen(void *ctx, const struct pkcs15_object *o)
{
	struct seen *s = ctx;

	s->n++;
	if (o->oid == 0) {
		s->err = pkcs15_object_read(&s->f->rd, o, 4 * CARD_READ_MAX, &s->content);
		s->reads = s->f->card.reads;
		s->bytes = s->f->card.bytes;
	}
	return s->err || (int)s->n == s->stop_at;
}

/* 54 + 36 bytes of objects, 16 of filling: an EF(DODF) of 106 bytes. */
#define OTHER "A134 3000 3000 A12E 302C 0608 2A864886FC6B8148 3020 041E " \
	"420042004200420042004200420042004200420042004200420042004200"
#define COLD OTHER BOOT_OID "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"

static void bootstrap_before_the_rest_of_the_directory(void **state)
{
	struct fixture *f = *state;
	struct seen s = { .f = f };
	uint8_t boot[600];

	memset(boot, 0x55, sizeof(boot));
	fake_card_add_hex(&f->card, ODF, ODF_HEX);
	fake_card_add_hex(&f->card, DODF, COLD);
	assert_int_equal(f->card.file[1].size, 106);
	fake_card_add(&f->card, AID ".6431", boot, sizeof(boot));
	buf_init(&s.content, 1024);
	assert_int_equal(pkcs15_walk(&f->rd, f->oids, 2, seen, &s, &f->dir), 0);
	assert_int_equal(s.content.len, sizeof(boot));
	assert_int_equal(s.reads, 4);	/* EF(ODF), EF(DODF) twice, and the file at once */
	assert_int_equal(s.bytes, 16 + 64 + 26 + 600);
	assert_int_equal(s.n, 1);
	assert_int_equal(f->dir.n, 1);
	assert_int_equal(f->dir.foreign, 1);
	assert_int_equal(f->dir.incomplete, 0);
	buf_fini(&s.content);
}

static void a_walk_that_is_broken_off(void **state)
{
	struct fixture *f = *state;
	struct seen s = { .f = f, .stop_at = 1 };

	fake_card_add_hex(&f->card, ODF, "A706 3004 0402 6430 A706 3004 0402 4407");
	fake_card_add_hex(&f->card, DODF, INDICATOR BOOT_OID);
	fake_card_add_error(&f->card, AID ".4407", -EACCES);
	assert_int_equal(pkcs15_walk(&f->rd, f->oids, 2, seen, &s, &f->dir), -ECANCELED);
	assert_int_equal(s.n, 1);
	assert_int_equal(f->dir.n, 0);
	assert_int_equal(f->card.reads, 3);	/* EF(ODF) to its end, one piece of EF(DODF) */
	/* an error of what is read on the way ends it as well */
	s = (struct seen){ .f = f };
	buf_init(&s.content, 1024);
	assert_int_equal(pkcs15_walk(&f->rd, f->oids, 2, seen, &s, &f->dir), -ECANCELED);
	assert_int_equal(s.err, -ENOENT);
	assert_int_equal(s.n, 2);
	buf_fini(&s.content);
}

static void entry_longer_than_the_first_read(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find_in(f, LWM2M BOOT_OID INDICATOR), 0);
	assert_int_equal(f->dir.n, 2);
	assert_int_equal(f->dir.foreign, 1);
	assert_int_equal(f->dir.incomplete, 0);
}

/* Rules: FIND-5 FIND-6 */
static void foreign_objects_around_and_double_wrapped_oid(void **state)
{
	struct fixture *f = *state;

	f->oids[1] = (struct pkcs15_oid){ 4, { 0x67, 0x2b, 0x09, 0x01 } };
	assert_int_equal(find_in(f, FOREIGN BOOT_OID "A002 3000" LWM2M FOREIGN "0000"), 0);
	assert_int_equal(f->dir.n, 2);
	assert_int_equal(f->dir.foreign, 3);
	assert_string_equal(pkcs15_object_get(&f->dir, 1)->path, AID ".6432");
}

static void removed_entry_is_skipped(void **state)
{
	struct fixture *f = *state;

	/* its tag is 00, its length stays */
	assert_int_equal(find_in(f, "0004 A1A2A3A4" BOOT_OID "0000 0000"), 0);
	assert_int_equal(f->dir.n, 1);
	assert_int_equal(f->dir.incomplete, 0);
}

static void empty_directory(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find_in(f, "FFFFFFFFFFFFFFFFFFFFFFFF"), 0);
	assert_int_equal(f->dir.n, 0);
	assert_int_equal(f->dir.incomplete, 0);
	assert_null(pkcs15_object_get(&f->dir, 0));
}

/* Rules: FIND-3 */
static void several_dodfs_in_order(void **state)
{
	struct fixture *f = *state;

	/* an authentication entry between, a path given twice */
	fake_card_add_hex(&f->card, ODF, "A706 3004 0402 4407 A806 3004 0402 4404"
			  "A706 3004 0402 6430 A706 3004 0402 4407 FF");
	fake_card_add_hex(&f->card, AID ".4407", INDICATOR);
	fake_card_add_hex(&f->card, DODF, BOOT_OID);
	assert_int_equal(find(f), 0);
	assert_int_equal(f->dir.n, 2);
	assert_int_equal(f->dir.obj[0].oid, 1);
	assert_int_equal(f->dir.obj[1].oid, 0);
}

/* Rules: FIND-11 */
static void a_dodf_that_cannot_be_read_is_not_absent(void **state)
{
	struct fixture *f = *state;

	fake_card_add_hex(&f->card, ODF, "A706 3004 0402 4407 A706 3004 0402 6430");
	fake_card_add_error(&f->card, AID ".4407", -EACCES);
	fake_card_add_hex(&f->card, DODF, BOOT_OID);
	assert_int_equal(find(f), 0);
	assert_int_equal(f->dir.n, 1);
	assert_int_equal(f->dir.incomplete, -EACCES);
}

/* Rules: FIND-1 FIND-2 OPEN-13 */
static void falls_back_to_7f50_and_dir(void **state)
{
	struct fixture *f = *state;

	fake_card_add_hex(&f->card, "3f00.7f50.5031", ODF_HEX);
	fake_card_add_hex(&f->card, "3f00.7f50.6430", BOOT_OID);
	assert_int_equal(find(f), 0);
	assert_string_equal(f->dir.obj[0].path, "3f00.7f50.6431");

	fake_card_free(&f->card);
	/* two records of EF(DIR), the first a USIM, FF behind each */
	fake_card_add_hex(&f->card, "3f00.2f00", "6109 4F07A0000000871002 FFFFFF"
			  "6114 4F0CA000000063504B43532D3135 51043F005015 FFFFFF");
	fake_card_add_hex(&f->card, "3f00.5015.5031", ODF_HEX);
	fake_card_add_hex(&f->card, "3f00.5015.6430", BOOT_OID);
	assert_int_equal(find(f), 0);
	assert_string_equal(f->dir.obj[0].path, "3f00.5015.6431");
}

static void errors_of_the_card(void **state)
{
	static const int errors[] = { -EACCES, -ENODEV, -ETIMEDOUT, -EPROTO };
	struct fixture *f = *state;
	size_t i;

	assert_int_equal(find(f), -ENOENT);	/* no PKCS#15 at all */
	for (i = 0; i < 4; i++) {
		fake_card_free(&f->card);
		fake_card_add_error(&f->card, ODF, errors[i]);
		assert_int_equal(find(f), errors[i]);
	}
	fake_card_free(&f->card);
	fake_card_add_hex(&f->card, ODF, ODF_HEX);
	fake_card_add_error(&f->card, DODF, -ENODEV);
	assert_int_equal(find(f), -ENODEV);
}

/* Rules: FIND-7 */
static void paths(void **state)
{
	static const struct {
		const char *path_seq;	/* the Path SEQUENCE, hex */
		const char *want;	/* NULL: the object is dropped */
		size_t off, len;
	} cases[] = {
		{ "3006 0404 3F006431", "3f00.6431", 0, 0 },
		{ "3008 0406 3F007F506431", "3f00.7f50.6431", 0, 0 },
		{ "3006 0404 3FFF6431", AID ".6431", 0, 0 },
		{ "3006 0404 7FFF6431", AID ".6431", 0, 0 },
		{ "3006 0404 50206431", AID ".5020.6431", 0, 0 },
		{ "300C 0402 6431 0202 0100 8002 0064", AID ".6431", 256, 100 },
		{ "3004 0402 3F00", NULL, 0, 0 },
		{ "3005 0403 3F0064", NULL, 0, 0 },
		{ "3003 0401 64", NULL, 0, 0 },
		{ "3010 040E 3F00111122223333444455556666", NULL, 0, 0 },
		{ "3007 0402 6431 0201 80", NULL, 0, 0 },
		{ "300A 0402 6431 0204 7FFFFFFF", NULL, 0, 0 },
	};
	struct fixture *f = *state;
	char hex[256];
	size_t i, n;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_card_free(&f->card);
		n = strtoul((char[]){ cases[i].path_seq[2], cases[i].path_seq[3], 0 }, NULL, 16) + 2;
		snprintf(hex, sizeof(hex), "A1%02zX 3000 3000 A1%02zX 30%02zX 0604672B0701 %s",
			 n + 14, n + 8, n + 6, cases[i].path_seq);
		assert_int_equal(find_in(f, hex), 0);
		if (!cases[i].want) {
			assert_int_equal(f->dir.n, 0);
			assert_int_equal(f->dir.dropped, 1);
			continue;
		}
		assert_int_equal(f->dir.n, 1);
		assert_string_equal(f->dir.obj[0].path, cases[i].want);
		assert_int_equal(f->dir.obj[0].off, cases[i].off);
		assert_int_equal(f->dir.obj[0].len, cases[i].len);
	}
}

/* Rules: FIND-10 */
static void private_flag(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find_in(f, "A119 3007 0C01 41 0302 0780 3000 A10C 300A 0604672B0701 3002 0400"), 0);
	assert_int_equal(f->dir.dropped, 1);	/* an empty path */
	fake_card_free(&f->card);
	assert_int_equal(find_in(f, "A11B 3007 0C01 41 0302 0780 3000 A10E 300C 0604672B0701 3004 0402 6431"), 0);
	assert_int_equal(f->dir.n, 1);
	assert_true(f->dir.obj[0].is_private);
}

/* A directory cut anywhere: no crash, no object made of half an entry, and never "all was read". */
static void truncated_everywhere(void **state)
{
	struct fixture *f = *state;
	struct fake_card whole = { 0 };
	size_t i, size;

	fake_card_add_hex(&whole, DODF, BOOT_OID INDICATOR);
	size = whole.file[0].size;
	for (i = 1; i < size; i++) {
		fake_card_free(&f->card);
		fake_card_add_hex(&f->card, ODF, ODF_HEX);
		fake_card_add(&f->card, DODF, whole.file[0].data, i);
		assert_int_equal(find(f), 0);
		assert_int_equal(f->dir.n, i >= 0x24 ? 1 : 0);
		assert_int_equal(f->dir.incomplete, i == 0x24 ? 0 : -EBADMSG);
	}
	fake_card_free(&whole);
}

/* Rules: FIND-11 */
static void malformed_entry_between_good_ones(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find_in(f, BOOT_OID "A104 30FF 0000" INDICATOR), 0);
	assert_int_equal(f->dir.n, 2);
	assert_int_equal(f->dir.incomplete, -EBADMSG);
}

static void odf_without_use(void **state)
{
	struct fixture *f = *state;

	fake_card_add_hex(&f->card, ODF, "A7FF");
	assert_int_equal(find(f), -EBADMSG);
	fake_card_free(&f->card);
	fake_card_add_hex(&f->card, ODF, "A806 3004 0402 4404 FF");
	assert_int_equal(find(f), 0);
	assert_int_equal(f->dir.n, 0);
}

/* Rules: FIND-12 */
static void thousand_objects(void **state)
{
	struct fixture *f = *state;
	struct fake_card one = { 0 };
	uint8_t *all;
	size_t i, n;

	fake_card_add_hex(&one, DODF, "A118 3000 3004 0C024142 A10E 300C 0604672B0701 3004 0402 6431");
	n = one.file[0].size;
	all = malloc(1000 * n);
	for (i = 0; i < 1000; i++)
		memcpy(all + i * n, one.file[0].data, n);
	fake_card_add_hex(&f->card, ODF, ODF_HEX);
	fake_card_add(&f->card, DODF, all, 1000 * n);
	assert_int_equal(find(f), 0);
	assert_int_equal(f->dir.n, PKCS15_OBJECTS_MAX);
	assert_int_equal(f->dir.dropped, 1000 - PKCS15_OBJECTS_MAX);
	free(all);
	fake_card_free(&one);
}

/* Rules: FIND-7 FIND-9 FIND-13 */
static void reads_the_range_of_an_object(void **state)
{
	struct fixture *f = *state;
	struct pkcs15_object o = { .path = "3f00.6431" };
	uint8_t data[700];
	struct buf b;
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	fake_card_add(&f->card, "3f00.6431", data, sizeof(data));
	buf_init(&b, 1024);
	assert_int_equal(pkcs15_object_read(&f->rd, &o, 256, &b), 0);
	assert_true(slice_eq(buf_slice(&b), slice_of(data, sizeof(data))));
	assert_int_equal(f->card.reads, 2);
	buf_reset(&b);
	o.off = 10;
	o.len = 300;
	assert_int_equal(pkcs15_object_read(&f->rd, &o, 256, &b), 0);
	assert_true(slice_eq(buf_slice(&b), slice_of(data + 10, 300)));
	buf_reset(&b);
	o.len = 691;	/* one more than there is */
	assert_int_equal(pkcs15_object_read(&f->rd, &o, 256, &b), -ENODATA);
	assert_int_equal(b.len, 690);
	buf_fini(&b);
	buf_init(&b, 699);
	o.off = o.len = 0;
	assert_int_equal(pkcs15_object_read(&f->rd, &o, 256, &b), -EMSGSIZE);
	buf_fini(&b);
	buf_init(&b, 700);
	assert_int_equal(pkcs15_object_read(&f->rd, &o, 256, &b), 0);
	assert_int_equal(b.len, 700);
	buf_fini(&b);
}

static void oid_texts(void **state)
{
	struct pkcs15_oid o;

	assert_int_equal(pkcs15_oid_parse(SLICE_LIT("06 13 69 96 DD CF 9C E5 BD D2 8C A3 A4 B7 D0 F2 DD B8 BE 98 20"), &o), 0);
	assert_int_equal(o.len, PKCS15_OID_INDICATOR.len);
	assert_memory_equal(o.v, PKCS15_OID_INDICATOR.v, o.len);
	assert_int_equal(pkcs15_oid_parse(SLICE_LIT("0604672b0701"), &o), 0);
	assert_memory_equal(o.v, PKCS15_OID_DM_BOOTSTRAP.v, 4);
	assert_int_equal(pkcs15_oid_parse(SLICE_LIT("0604672b07"), &o), -EINVAL);
	assert_int_equal(pkcs15_oid_parse(SLICE_LIT("0504672b0701"), &o), -EINVAL);
	assert_int_equal(pkcs15_oid_parse(SLICE_LIT("0600"), &o), -EINVAL);
	assert_int_equal(pkcs15_oid_parse(SLICE_LIT("0604672b070"), &o), -EINVAL);
	assert_int_equal(pkcs15_oid_parse(SLICE_LIT("zz"), &o), -EINVAL);
}

/* Every entry as one line: file, offset, tag, what it came to, label, length of the OID, where to. */
static void note_entry(void *ctx, const struct pkcs15_entry *e)
{
	buf_printf(ctx, "%s@%zu %02x %d '%.*s' %zu%s%s%s %s+%zu,%zu\n", strrchr(e->file, '.') + 1,
		   e->off, e->tag, e->err, (int)e->label.n, (const char *)e->label.p, e->oid.n,
		   e->twice ? " twice" : "", e->opaque ? " opaque" : "",
		   e->is_private ? " private" : "", e->path[0] ? strrchr(e->path, '.') + 1 : "-",
		   e->pos, e->len);
}

static void every_entry_is_told(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;

	fake_card_add_hex(&f->card, ODF, "A506 3004 0402 4404" ODF_HEX);
	fake_card_add_hex(&f->card, DODF,
			  "FFFF" FOREIGN
			  "A12B 3009 0C03414243 03020780 300E 0C0C 444D20426F6F747374726170 A10E 300C 0604672B0701 3004 0402 6431"
			  "3027 300E 0C0C 444D20426F6F747374726170 3006 0604672B0701 A10D 300B 0402 6431 020110 80020100"
			  LWM2M "A112 3000 3000 A10C 300A 0604672B0701 3002 0400" "A105 3000 FFFFFF" "A1847FFFFFFF");
	assert_int_equal(pkcs15_explain(&f->rd, f->oids, 2, note_entry, &b, &f->dir), 0);
	assert_string_equal(buf_cstr(&b),
		"5031@0 a5 -2 '' 0 -+0,0\n"
		"5031@8 a7 0 '' 0 6430+0,0\n"
		"6430@2 a1 -2 '' 10 -+0,0\n"
		"6430@31 a1 0 'ABC' 4 private 6431+0,0\n"
		"6430@76 30 0 'DM Bootstrap' 4 opaque 6431+16,256\n"
		"6430@117 a1 -2 'LwM2M Bootstrap' 4 twice 6432+0,0\n"
		"6430@158 a1 -22 '' 4 -+0,0\n"
		"6430@178 a1 -74 '' 0 -+0,0\n"
		"6430@185 00 -74 '' 0 -+0,0\n");
	assert_int_equal(f->dir.n, 2);
	buf_fini(&b);
}

/* What the walk finds does not depend on whether somebody looks on. */
static void looking_on_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct pkcs15_dir again;
	struct buf b = BUF_INIT;

	assert_int_equal(find_in(f, BOOT_OPAQUE FOREIGN INDICATOR "A103"), 0);
	assert_int_equal(f->dir.incomplete, -EBADMSG);
	assert_int_equal(pkcs15_explain(&f->rd, f->oids, 2, note_entry, &b, &again), 0);
	assert_memory_equal(&again, &f->dir, sizeof(again));
	buf_fini(&b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(oid_and_opaque_objects), T(fewest_reads),
		T(bootstrap_before_the_rest_of_the_directory), T(a_walk_that_is_broken_off),
		T(entry_longer_than_the_first_read),
		T(foreign_objects_around_and_double_wrapped_oid), T(removed_entry_is_skipped),
		T(empty_directory), T(several_dodfs_in_order),
		T(a_dodf_that_cannot_be_read_is_not_absent), T(falls_back_to_7f50_and_dir),
		T(errors_of_the_card), T(paths), T(private_flag), T(truncated_everywhere),
		T(malformed_entry_between_good_ones), T(odf_without_use), T(thousand_objects),
		T(reads_the_range_of_an_object), T(oid_texts),
		T(every_entry_is_told), T(looking_on_changes_nothing),
	};

	return cmocka_run_group_tests_name("pkcs15", tests, NULL, NULL);
}
