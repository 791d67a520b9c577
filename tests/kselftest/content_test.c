// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Content of files of every structure and size: that it is whole, and how many
 * commands it costs.
 */
#define _GNU_SOURCE
#include "fcard.h"
#include "ktap.h"

#define DATA	"ef-3f00.2fe2/data"

static uint8_t buf[70000];

static bool finish(struct vcard *c)
{
	struct fcard *f = c->priv;

	vcard_free(c);
	free(f);
	return true;
}

/* All of the file, read in pieces of @piece; its length or an errno. */
static int slurp(struct vcard *c, size_t piece)
{
	size_t off = 0;
	int n;

	while ((n = attr_read(card_path(c, DATA), buf + off, piece, off)) > 0)
		off += n;
	return n < 0 ? n : (int)off;
}

static bool whole(struct vcard *c, size_t piece)
{
	struct fcard *f = c->priv;

	memset(buf, 0xee, sizeof(buf));
	CHECK_EQ(slurp(c, piece), (int)f->size);
	CHECK(!memcmp(buf, f->data, f->size));
	return true;
}

/* 600 bytes in one read(2): SELECT, 255, 255, and twice for the last part. */
static bool test_600(void)
{
	struct fcard *f = fcard_new(FCARD_TRANSPARENT, 600, 0);
	struct vcard *c = fcard_insert(f, "ct-600", 0);

	CHECK_EQ(attr_read(card_path(c, DATA), buf, 4096, 0), 600);
	CHECK(!memcmp(buf, f->data, 600));
	CHECK_EQ(c->commands, 1 + 4);
	CHECK(whole(c, 100));
	CHECK_EQ(c->commands, 1 + 4);
	/* Of known size: no command too many. */
	CHECK(vcard_remove(c));
	CHECK(vcard_insert(c));
	c->commands = 0;
	CHECK(attr_is(card_path(c, "ef-3f00.2fe2/type"), "transparent\n"));
	CHECK_EQ(c->commands, 2);
	CHECK(whole(c, 600));
	CHECK_EQ(c->commands, 2 + 3);
	CHECK(vcard_remove(c));
	CHECK(vcard_insert(c));
	CHECK(attr_is(card_path(c, "ef-3f00.2fe2/type"), "transparent\n"));
	c->commands = 0;
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 4096, 0), 600);
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 4096, 600), 0);
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 4096, 6000), 0);
	CHECK_EQ(c->commands, 3);
	return finish(c);
}

static bool test_32k(void)
{
	struct fcard *f = fcard_new(FCARD_TRANSPARENT, 32768, 0);
	struct vcard *c = fcard_insert(f, "ct-32k", 0);

	CHECK(whole(c, 4096));
	/* 17 READs for each 4096 bytes; that it ends there, the offset says. */
	CHECK_EQ(c->commands, 1 + 8 * 17);
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 1, 32768), 0);
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 1, 1L << 40), 0);
	CHECK_EQ(c->commands, 1 + 8 * 17);
	/* A card of which more is true than a READ can reach. */
	CHECK(vcard_remove(c));
	f->size = 40000;
	CHECK(vcard_insert(c));
	CHECK_EQ(slurp(c, 4096), 32768);
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 100, 32760), 8);
	return finish(c);
}

static bool test_extended(void)
{
	struct fcard *f = fcard_new(FCARD_TRANSPARENT, 20000, 0);
	struct vcard *c = fcard_insert(f, "ct-ext",
				       UICC_VIRT_READER_APDU | UICC_VIRT_READER_EXTENDED);

	CHECK(whole(c, 4096));
	/* SELECT, 4 whole ones, the rest; fewer than ever before, so it is the end. */
	CHECK_EQ(c->commands, 1 + 5);
	CHECK_EQ(f->longest, 4096);
	return finish(c);
}

/* The reader takes APDUs, but not such of extended length. */
static bool test_apdu(void)
{
	struct fcard *f = fcard_new(FCARD_TRANSPARENT, 600, 0);
	struct vcard *c = fcard_insert(f, "ct-apdu", UICC_VIRT_READER_APDU);

	CHECK(attr_is(card_path(c, "ef-3f00.2fe2/type"), "transparent\n"));
	CHECK(whole(c, 4096));
	CHECK_EQ(c->commands, 1 + 3);
	CHECK_EQ(f->longest, 255);
	return finish(c);
}

static bool records(uint8_t type, size_t size, size_t record, bool no_size)
{
	struct fcard *f = fcard_new(type, size, record);
	struct vcard *c = fcard_insert(f, "ct-rec", 0);
	char want[20];

	f->no_size = no_size;
	snprintf(want, sizeof(want), "%zu\n", record);
	CHECK(attr_is(card_path(c, "ef-3f00.2fe2/record_length"), want));
	snprintf(want, sizeof(want), "%zu\n", size / record);
	CHECK(attr_is(card_path(c, "ef-3f00.2fe2/record_count"), no_size ? "0\n" : want));
	CHECK(attr_is(card_path(c, "ef-3f00.2fe2/type"),
		      type == FCARD_CYCLIC ? "cyclic\n" : "linear-fixed\n"));
	c->commands = 0;
	CHECK(whole(c, 4096));
	/* One for each, and one for the end where nobody said it. */
	CHECK_EQ(c->commands, size / record + (no_size && size / record < 254));
	CHECK(attr_is(card_path(c, "ef-3f00.2fe2/record_count"), want));
	CHECK_EQ(attr_read(card_path(c, DATA), buf, record, size - record), (int)record);
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 100, size), 0);
	return finish(c);
}

static bool test_records(void)
{
	CHECK(records(FCARD_LINEAR, 30, 10, false));
	CHECK(records(FCARD_LINEAR, 30, 10, true));
	CHECK(records(FCARD_CYCLIC, 200, 20, false));
	CHECK(records(FCARD_CYCLIC, 20, 20, true));
	CHECK(records(FCARD_LINEAR, 254, 1, true));
	/* The largest there can be: more than 15 bits of offset. */
	CHECK(records(FCARD_LINEAR, 254 * 255, 255, false));
	CHECK(records(FCARD_LINEAR, 254 * 255, 255, true));
	return true;
}

/* The first read of a record file is far behind what READ BINARY reaches. */
static bool test_far_record(void)
{
	struct fcard *f = fcard_new(FCARD_LINEAR, 254 * 255, 255);
	struct vcard *c = fcard_insert(f, "ct-far", 0);

	CHECK_EQ(attr_read(card_path(c, DATA), buf, 300, 253 * 255 + 1), 254);
	CHECK(!memcmp(buf, f->data + 253 * 255 + 1, 254));
	CHECK_EQ(f->reads, 1);
	return finish(c);
}

static bool test_objects(void)
{
	struct fcard *f = fcard_new(FCARD_BER_TLV, 0, 0);
	struct vcard *c = fcard_insert(f, "ct-tlv", 0);
	uint8_t want[2000];
	size_t n = 0;
	unsigned int commands;

	/* The card has them in another order. */
	fcard_object(f, 0x9f40, 5, 0x33);
	fcard_object(f, 0x81, 1000, 0x22);
	fcard_object(f, 0x80, 0, 0);
	fcard_object(f, 0xdf8101, 130, 0x44);
	n += fcard_put_object(want + n, 0x80, 0, 0);
	n += fcard_put_object(want + n, 0x81, 1000, 0x22);
	n += fcard_put_object(want + n, 0x9f40, 5, 0x33);
	n += fcard_put_object(want + n, 0xdf8101, 130, 0x44);
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 4096, 0), (int)n);
	CHECK(!memcmp(buf, want, n));
	CHECK(attr_is(card_path(c, "ef-3f00.2fe2/type"), "ber-tlv\n"));
	CHECK(attr_is(card_path(c, "ef-3f00.2fe2/record_count"), "0\n"));
	commands = c->commands;
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 10, 1000), 10);
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 10, n), 0);
	CHECK_EQ(c->commands, commands);
	/* A part: no more objects than it takes. */
	CHECK(vcard_remove(c));
	CHECK(vcard_insert(c));
	f->reads = 0;
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 1, 0), 1);
	CHECK_EQ(f->reads, 2);		/* the list, one object */
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 10, 900), 10);
	CHECK_EQ(f->reads, 2 + 6);
	return finish(c);
}

static bool test_objects_bounds(void)
{
	struct fcard *f = fcard_new(FCARD_BER_TLV, 0, 0);
	struct vcard *c = fcard_insert(f, "ct-tlv2", 0);
	int i;

	/* None at all. */
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 4096, 0), 0);
	/* Ten of 4000 bytes: what fits is there, the rest cannot be had. */
	CHECK(vcard_remove(c));
	for (i = 0; i < 10; i++)
		fcard_object(f, 0x80 + i, 4000, i);
	CHECK(vcard_insert(c));
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 4096, 0), 4096);
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 4004, 7 * 4004), 4004);
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 4096, 8 * 4004), -EFBIG);
	/* 200 objects. */
	CHECK(vcard_remove(c));
	f->size = 0;
	for (i = 0; i < 200; i++)
		fcard_object(f, (i % 2 ? 0x9f01 : 0xbf01) + i / 2, 3, i);
	CHECK(vcard_insert(c));
	CHECK_EQ(slurp(c, 4096), (int)f->size);
	CHECK_EQ(buf[3], 1);
	CHECK_EQ(buf[100 * 6 + 3], 0);
	return finish(c);
}

static const struct ktap_test tests[] = {
	{ "600 bytes cost four READs, three when the size is known", test_600 },
	{ "32 KiB, and not a byte more", test_32k },
	{ "commands of extended length", test_extended },
	{ "a reader that takes APDUs", test_apdu },
	{ "files of records, up to 254 of 255 bytes", test_records },
	{ "a record far behind the start, first", test_far_record },
	{ "a BER-TLV file: objects by tag", test_objects },
	{ "a BER-TLV file: empty, too large, many objects", test_objects_bounds },
};

KTAP_MAIN(tests)
