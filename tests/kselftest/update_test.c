// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing to files of a card: what is allowed, what is refused before the card is
 * asked, that a card which does not do as it says is noticed, and that a reader
 * never sees what is not on the card.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>

#include "fcard.h"
#include "ktap.h"

#define DATA	"ef-3f00.2fe2/data"

static uint8_t buf[70000], text[5000];

static struct vcard *writable(struct fcard *f, const char *name, uint32_t flags)
{
	struct vcard *c = fcard_insert(f, name, flags);
	char path[80];
	size_t i;

	snprintf(path, sizeof(path), "/sys/class/uicc/uicc%u/allow_update", c->slot);
	if (attr_write(path, "1\n"))
		printf("# allow_update cannot be written\n");
	for (i = 0; i < sizeof(text); i++)
		text[i] = 0xff - i * 3;
	return c;
}

/* Removes the reader too. */
static bool finish(struct vcard *c)
{
	struct fcard *f = c->priv;

	vcard_free(c);
	free(f);
	return true;
}

static int put(struct vcard *c, const void *data, size_t len, long off)
{
	return attr_write_at(card_path(c, DATA), data, len, off);
}

/* The file in sysfs is what is on the card. */
static bool same(struct vcard *c)
{
	struct fcard *f = c->priv;
	size_t off = 0;
	int n;

	while ((n = attr_read(card_path(c, DATA), buf + off, 4096, off)) > 0)
		off += n;
	CHECK_EQ(n, 0);
	CHECK_EQ(off, f->size);
	CHECK(!memcmp(buf, f->data, off));
	return true;
}

static bool test_allowed(void)
{
	struct fcard *f = fcard_new(FCARD_TRANSPARENT, 100, 0);
	struct vcard *c = fcard_insert(f, "up-allow", 0);
	char allow[80];
	struct stat st;

	snprintf(allow, sizeof(allow), "/sys/class/uicc/uicc%u/allow_update", c->slot);
	CHECK_EQ(stat(card_path(c, DATA), &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	CHECK_EQ(st.st_uid, 0);
	CHECK_EQ(stat(card_path(c, "ef-3f00.2fe2/fcp"), &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0400);
	CHECK(attr_is(allow, "0\n"));
	CHECK_EQ(put(c, text, 10, 0), -EPERM);
	CHECK_EQ(c->commands, 0);
	CHECK_EQ(attr_write(allow, "1"), 0);
	CHECK_EQ(put(c, text, 10, 0), 10);
	CHECK_EQ(f->updates, 1);
	/* At each write, not when the file is opened. */
	CHECK_EQ(attr_write(allow, "0"), 0);
	CHECK_EQ(put(c, text, 10, 0), -EPERM);
	CHECK_EQ(f->updates, 1);
	/* For the slot, so for the next card too. */
	CHECK_EQ(attr_write(allow, "1"), 0);
	CHECK(vcard_remove(c));
	CHECK(vcard_insert(c));
	CHECK_EQ(put(c, text + 1, 10, 0), 10);
	CHECK(same(c));
	return finish(c);
}

static bool test_binary(void)
{
	struct fcard *f = fcard_new(FCARD_TRANSPARENT, 600, 0);
	struct vcard *c = writable(f, "up-bin", 0);
	unsigned int commands;

	CHECK(c);
	CHECK(same(c));
	commands = c->commands;
	CHECK_EQ(put(c, text, 300, 10), 300);
	CHECK(!memcmp(f->data + 10, text, 300));
	CHECK_EQ(f->updates, 2);
	/* SELECT for the FCP and GET RESPONSE, twice UPDATE and READ. */
	CHECK_EQ(c->commands - commands, 6);
	/* What was written and read back is not read again. */
	commands = c->commands;
	CHECK(same(c));
	CHECK_EQ(c->commands, commands);
	/* One byte; and the last ones. */
	CHECK_EQ(put(c, text, 1, 599), 1);
	CHECK_EQ(put(c, text, 600, 0), 600);
	CHECK_EQ(c->commands - commands, 2 + 6);
	CHECK(same(c));
	CHECK_EQ(c->commands - commands, 2 + 6);
	/* A file that was never read. */
	CHECK(vcard_remove(c));
	CHECK(vcard_insert(c));
	CHECK_EQ(put(c, text + 7, 20, 500), 20);
	CHECK(same(c));
	return finish(c);
}

static bool test_bounds(void)
{
	struct fcard *f = fcard_new(FCARD_TRANSPARENT, 8192, 0);
	struct vcard *c = writable(f, "up-bound", 0);
	long page = sysconf(_SC_PAGESIZE);

	CHECK(c);
	CHECK_EQ(put(c, text, 2, 8191), -ENOSPC);
	CHECK_EQ(put(c, text, 1, 8192), -ENOSPC);
	CHECK_EQ(put(c, text, 1, 40000), -ENOSPC);
	CHECK_EQ(put(c, text, 1, 70000), -ENOSPC);
	CHECK_EQ(put(c, text, 1, 0x7fffffff), -ENOSPC);
	CHECK_EQ(put(c, text, 4096, 4097), -ENOSPC);
	CHECK_EQ(f->updates, 0);
	CHECK_EQ(put(c, text, 4096, 4096), 4096);
	CHECK_EQ(f->updates, 17);
	/* sysfs hands over a page at a time: the rest is the next write's. */
	CHECK_EQ(put(c, text, 5000, 0), page > 4096 ? -EFBIG : 4096);
	CHECK(same(c));
	CHECK_EQ(put(c, text, 0, 0), 0);
	return finish(c);
}

/* The card says 9000 and does nothing, or something in between fails. */
static bool test_failures(void)
{
	static const struct {
		uint16_t sw;
		int want;
	} cases[] = {
		{ 0x6581, -EIO }, { 0x6400, -EIO }, { 0x6982, -EACCES }, { 0x6985, -EACCES },
		{ 0x6a84, -ENOSPC }, { 0x6b00, -ENOSPC }, { 0x6d00, -EOPNOTSUPP },
		{ 0x6981, -EOPNOTSUPP }, { 0x6f00, -EPROTO }, { 0x1234, -EPROTO },
	};
	struct fcard *f = fcard_new(FCARD_TRANSPARENT, 600, 0);
	struct vcard *c = writable(f, "up-fail", 0);
	size_t i;

	CHECK(c);
	CHECK(same(c));
	f->forgets = true;
	CHECK_EQ(put(c, text, 300, 0), -EIO);
	CHECK_EQ(f->updates, 1);
	CHECK(same(c));
	f->forgets = false;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK(same(c));
		f->updates = 0;
		f->fail_at = 2;
		f->fail_sw = cases[i].sw;
		/* The first part is on the card: that is what a reader sees. */
		CHECK_EQ(put(c, text + i, 600, 0), cases[i].want);
		CHECK_EQ(f->updates, 2);
		CHECK(!memcmp(f->data, text + i, 255));
		CHECK(same(c));
	}
	/* The update is done, and reading it back fails. */
	f->fail_at = 0;
	f->reads = 0;
	f->fail_read = 1;
	f->fail_sw = 0x6982;
	CHECK_EQ(put(c, text + 50, 10, 100), -EIO);
	f->fail_read = 0;
	CHECK(same(c));
	/* Done at the second try of the card's own: TS 102 221 10.2.1.3. */
	f->update_sw = 0x63c1;
	CHECK_EQ(put(c, text + 60, 10, 100), 10);
	f->update_sw = 0x9107;
	CHECK_EQ(put(c, text + 70, 10, 100), 10);
	CHECK(same(c));
	return finish(c);
}

static bool test_silent(void)
{
	const char *param = "/sys/module/uicc_virt/parameters/timeout_ms";
	struct fcard *f = fcard_new(FCARD_TRANSPARENT, 600, 0);
	struct vcard *c = writable(f, "up-mute", 0);

	CHECK(c);
	CHECK(same(c));
	CHECK_EQ(attr_write(param, "300"), 0);
	f->fail_at = 1;
	CHECK_EQ(put(c, text, 300, 0), -ETIMEDOUT);
	CHECK_EQ(attr_write(param, "10000"), 0);
	CHECK(same(c));
	CHECK_EQ(put(c, text, 300, 0), 300);
	CHECK(same(c));
	return finish(c);
}

static bool test_linear(void)
{
	struct fcard *f = fcard_new(FCARD_LINEAR, 60, 20);
	struct vcard *c = writable(f, "up-lin", 0);

	CHECK(c);
	CHECK_EQ(put(c, text, 19, 0), -EINVAL);
	CHECK_EQ(put(c, text, 21, 0), -EINVAL);
	CHECK_EQ(put(c, text, 20, 1), -EINVAL);
	CHECK_EQ(put(c, text, 20, 60), -ENOSPC);
	CHECK_EQ(put(c, text, 40, 40), -ENOSPC);
	CHECK_EQ(f->updates, 0);
	CHECK_EQ(put(c, text, 20, 20), 20);
	CHECK_EQ(f->updates, 1);
	CHECK(same(c));
	CHECK_EQ(put(c, text + 5, 60, 0), 60);
	CHECK_EQ(f->updates, 4);
	CHECK(!memcmp(f->data, text + 5, 60));
	CHECK(same(c));
	f->forgets = true;
	CHECK_EQ(put(c, text, 20, 40), -EIO);
	CHECK(same(c));
	/* Of a file whose end is not said, the card is asked. */
	CHECK(vcard_remove(c));
	f->no_size = true;
	f->forgets = false;
	CHECK(vcard_insert(c));
	CHECK_EQ(put(c, text, 20, 60), -ENOSPC);
	CHECK_EQ(put(c, text, 40, 40), -ENOSPC);
	CHECK(same(c));
	return finish(c);
}

static bool test_cyclic(void)
{
	struct fcard *f = fcard_new(FCARD_CYCLIC, 40, 10);
	struct vcard *c = writable(f, "up-cyc", 0);
	uint8_t second[10];

	CHECK(c);
	CHECK(same(c));
	memcpy(second, f->data, 10);
	CHECK_EQ(put(c, text, 10, 10), -EINVAL);
	CHECK_EQ(put(c, text, 20, 0), -EINVAL);
	CHECK_EQ(put(c, text, 9, 0), -EINVAL);
	CHECK_EQ(f->updates, 0);
	CHECK_EQ(put(c, text, 10, 0), 10);
	CHECK(!memcmp(f->data, text, 10));
	CHECK(!memcmp(f->data + 10, second, 10));
	/* All records have another number now. */
	CHECK(same(c));
	f->forgets = true;
	CHECK_EQ(put(c, text + 1, 10, 0), -EIO);
	CHECK(same(c));
	return finish(c);
}

static bool test_2g(void)
{
	static const uint8_t types[] = { FCARD_TRANSPARENT, FCARD_LINEAR, FCARD_CYCLIC };
	struct fcard *f;
	struct vcard *c;
	size_t i;

	for (i = 0; i < 3; i++) {
		f = fcard_new(types[i], 60, i ? 20 : 0);
		f->sim2g = true;
		c = writable(f, "up-2g", 0);
		CHECK(c);
		CHECK_EQ(put(c, text, 20, 60), i == 2 ? -EINVAL : -ENOSPC);
		CHECK_EQ(put(c, text, 20, 0), 20);
		CHECK(!memcmp(f->data, text, 20));
		CHECK(same(c));
		f->update_sw = 0x9240;
		CHECK_EQ(put(c, text, 20, 0), -EIO);
		f->update_sw = 0;
		f->updates = 0;
		f->fail_at = 1;
		f->fail_sw = 0x9804;
		CHECK_EQ(put(c, text, 20, 0), -EACCES);
		CHECK(same(c));
		finish(c);
	}
	return true;
}

static bool test_extended(void)
{
	struct fcard *f = fcard_new(FCARD_TRANSPARENT, 8192, 0);
	struct vcard *c = writable(f, "up-ext",
				   UICC_VIRT_READER_APDU | UICC_VIRT_READER_EXTENDED);

	CHECK(c);
	CHECK_EQ(put(c, text, 4096, 100), 4096);
	CHECK_EQ(f->updates, 1);
	CHECK_EQ(f->reads, 1);
	CHECK(!memcmp(f->data + 100, text, 4096));
	CHECK(same(c));
	return finish(c);
}

static bool test_object(void)
{
	struct fcard *f = fcard_new(FCARD_BER_TLV, 0, 0);
	struct vcard *c = writable(f, "up-tlv", 0);
	uint8_t object[4200];
	size_t first, second, n;

	CHECK(c);
	first = fcard_object(f, 0x80, 10, 0x11);
	second = fcard_object(f, 0x81, 300, 0x22);
	fcard_object(f, 0x9f40, 5, 0x33);
	CHECK(same(c));
	/* Same tag, where the old one begins, whole, not empty: else nothing happens. */
	n = fcard_put_object(object, 0x81, 20, 0x44);
	CHECK_EQ(put(c, object, n, 0), -EINVAL);
	CHECK_EQ(put(c, object, n, first + 1), -EINVAL);
	CHECK_EQ(put(c, object, n, first + second), -EINVAL);
	CHECK_EQ(put(c, object, n, f->size), -EINVAL);
	CHECK_EQ(put(c, object, n, 40000), -EINVAL);
	CHECK_EQ(put(c, object, n - 1, first), -EINVAL);
	CHECK_EQ(put(c, object, n + 1, first), -EINVAL);
	CHECK_EQ(put(c, object, 1, first), -EINVAL);
	CHECK_EQ(put(c, "\x81\x00", 2, first), -EINVAL);
	CHECK_EQ(put(c, "\x00\x00", 2, first), -EINVAL);
	CHECK_EQ(f->updates, 0);
	/* Another length: what is behind it moves. The card puts it last, sysfs does not. */
	CHECK_EQ(put(c, object, n, first), (int)n);
	CHECK_EQ(f->updates, 1);
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 4096, 0), (int)f->size);
	CHECK(!memcmp(buf + first, object, n));
	CHECK(!memcmp(buf + first + n, "\x9f\x40\x05\x33", 4));
	/* In several blocks. */
	n = fcard_put_object(object, 0x81, 1000, 0x55);
	CHECK_EQ(put(c, object, n, first), (int)n);
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 4096, 0), (int)f->size);
	CHECK(!memcmp(buf + first, object, n));
	n = fcard_put_object(object, 0x9f40, 3, 0x66);
	CHECK_EQ(put(c, object, n, first + 1004), (int)n);
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 4096, 0), (int)f->size);
	CHECK(!memcmp(buf + first + 1004, object, n));
	f->forgets = true;
	n = fcard_put_object(object, 0x80, 10, 0x77);
	CHECK_EQ(put(c, object, n, 0), -EIO);
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 3, 0), 3);
	CHECK_EQ(buf[2], 0x11);
	f->updates = 0;
	f->fail_at = 1;
	f->fail_sw = 0x6a84;
	CHECK_EQ(put(c, object, n, 0), -ENOSPC);
	return finish(c);
}

static const struct ktap_test tests[] = {
	{ "root has to allow it, and can forbid it again", test_allowed },
	{ "a transparent file: written, read back, cached", test_binary },
	{ "never behind the end, a page at a time", test_bounds },
	{ "each failure has its errno, and leaves nothing stale", test_failures },
	{ "a card that goes silent in an update", test_silent },
	{ "a linear fixed file: whole records", test_linear },
	{ "a cyclic file: one record, which becomes the first", test_cyclic },
	{ "a card of the 2G class", test_2g },
	{ "4096 bytes in one command of extended length", test_extended },
	{ "a BER-TLV file: one object for another", test_object },
};

KTAP_MAIN(tests)
