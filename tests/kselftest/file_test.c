// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of a card in sysfs: which commands a read costs, what is cached, and
 * which errno each failure has.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ktap.h"
#include "vcard.h"

#define ICCID	"ef-3f00.2fe2/data"
#define DIR	"ef-3f00.2f00/data"
#define ODF	"ef-a000000063504b43532d3135.5031/data"
#define SEL_AID	"00A404 0C 0C A000000063504B43532D3135"

static char buf[5000];

static struct vcard *card(const char *name)
{
	struct vcard *c = vcard_new(name);

	return vcard_insert(c) ? c : NULL;
}

static bool test_transparent(void)
{
	struct vcard *c = card("ft-bin");

	CHECK(c);
	/* Only the asked range, without the FCP. */
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000004", "98010203 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 4, 0), 4);
	CHECK(!memcmp(buf, "\x98\x01\x02\x03", 4));
	/* A cached range does not touch the card; what is missing does. */
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 2, 1), 2);
	CHECK(!memcmp(buf, "\x01\x02", 2));
	CHECK(vcard_played(c));
	vcard_expect(c, "00B000041C", "6C06");
	vcard_expect(c, "00B0000406", "040506070809 9000");
	/* Perhaps the card gives six bytes at a time. */
	vcard_expect(c, "00B0000A16", "6B00");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 32, 0), 10);
	CHECK(!memcmp(buf, "\x98\x01\x02\x03\x04\x05\x06\x07\x08\x09", 10));
	/* The end is known now. */
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 100, 5), 5);
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 100, 10), 0);
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 100, 40000), 0);
	CHECK(vcard_played(c));
	vcard_free(c);
	return true;
}

/* A card that gives a file in parts: none is lost. */
static bool test_parts(void)
{
	struct vcard *c = card("ft-part");

	CHECK(c);
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000020", "6C04");
	vcard_expect(c, "00B0000004", "00010203 9000");
	vcard_expect(c, "00B000041C", "6C04");
	vcard_expect(c, "00B0000404", "04050607 9000");
	vcard_expect(c, "00B0000818", "6C02");
	vcard_expect(c, "00B0000802", "0809 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 32, 0), 10);
	CHECK(!memcmp(buf, "\0\1\2\3\4\5\6\7\10\11", 10));
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 32, 0), 10);
	CHECK(vcard_played(c));
	/* Of a file whose size is known no command is spent on the end. */
	CHECK_EQ(attr_write(card_path(c, "export"), "3f00.2f05"), 0);
	vcard_expect(c, "00A40804022F05", "610E");
	vcard_expect(c, "00C000000E", "620C 82024121 83022F05 80020004 9000");
	CHECK(attr_is(card_path(c, "ef-3f00.2f05/type"), "transparent\n"));
	vcard_expect(c, "00B0000004", "656E6465 9000");
	CHECK_EQ(attr_read(card_path(c, "ef-3f00.2f05/data"), buf, 32, 0), 4);
	CHECK(vcard_played(c));
	vcard_free(c);
	return true;
}

/* No byte at the start: an empty file, or a card that is broken. */
static bool test_empty(void)
{
	static const struct {
		const char *sw, *fcp;
		int want;
		const char *again;	/* what it says to a READ of what there is */
	} cases[] = {
		{ "6B00", "620C 82024121 83022FE2 80020000 9000", 0, NULL },
		{ "9000", "620C 82024121 83022FE2 80020000 9000", 0, NULL },
		{ "9000", "620C 82024121 83022FE2 8002000A 9000", -EPROTO, NULL },
		{ "6B00", "620C 82024121 83022FE2 8002000A 9000", -EPROTO, "6B00" },
		{ "6B00", "620C 82024121 83022FE2 8002000A 9000", 10,
		  "00010203040506070809 9000" },
		{ "9000", "9000", -EPROTO, NULL },
		{ "6282", "9000", 0, NULL },
	};
	struct vcard *c = card("ft-none");
	size_t i;

	CHECK(c);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		vcard_expect(c, "00A4080C022FE2", "9000");
		vcard_expect(c, "00B0000010", cases[i].sw);
		vcard_expect(c, "00A40804022FE2", "610E");
		vcard_expect(c, "00C000000E", cases[i].fcp);
		if (cases[i].again)
			vcard_expect(c, "00B000000A", cases[i].again);
		CHECK_EQ(attr_read(card_path(c, ICCID), buf, 16, 0), cases[i].want);
		CHECK(vcard_played(c));
		CHECK(vcard_remove(c));
		CHECK(vcard_insert(c));
	}
	vcard_free(c);
	return true;
}

static bool test_application(void)
{
	struct vcard *c = card("ft-app");

	CHECK(c);
	CHECK_EQ(attr_write(card_path(c, "export"), "a000000063504b43532d3135.5032"), 0);
	CHECK_EQ(attr_write(card_path(c, "export"), "a000000063504b43532d3135.7f01.4401\n"), 0);
	vcard_expect(c, SEL_AID, "9000");
	vcard_expect(c, "00A4000C025031", "9000");
	vcard_expect(c, "00B0000010", "A706300404024407 FFFFFFFFFFFFFFFF 9000");
	CHECK_EQ(attr_read(card_path(c, ODF), buf, 16, 0), 16);
	/* A neighbour costs no second SELECT of the application. */
	vcard_expect(c, "00A4000C025032", "9000");
	vcard_expect(c, "00B0000002", "3000 9102");
	CHECK_EQ(attr_read(card_path(c, "ef-a000000063504b43532d3135.5032/data"), buf, 2, 0), 2);
	/* A file further down: by path from the application. */
	vcard_expect(c, "00A4080C067FFF7F014401", "9000");
	vcard_expect(c, "00B0000001", "AA 9000");
	CHECK_EQ(attr_read(card_path(c, "ef-a000000063504b43532d3135.7f01.4401/data"), buf, 1, 0),
		 1);
	CHECK(vcard_played(c));
	vcard_free(c);
	return true;
}

static bool test_fallbacks(void)
{
	struct vcard *c = card("ft-fall");

	CHECK(c);
	/* No "no data" here, and no paths either. */
	vcard_expect(c, "00A4080C022FE2", "6A86");
	vcard_expect(c, "00A40800022FE2", "6A86");
	vcard_expect(c, "00A40804022FE2", "6A86");
	vcard_expect(c, "00A4000C023F00", "6B00");
	vcard_expect(c, "00A40000023F00", "9000");
	vcard_expect(c, "00A40000022FE2", "9000");
	vcard_expect(c, "00B0000002", "9801 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 2, 0), 2);
	/* The card is not asked again what it refused. */
	vcard_expect(c, "00A40000023F00", "9000");
	vcard_expect(c, "00A40000027F50", "6112");
	vcard_expect(c, "00A40000025031", "6112");
	vcard_expect(c, "00B0000001", "A7 9000");
	CHECK_EQ(attr_read(card_path(c, "ef-3f00.7f50.5031/data"), buf, 1, 0), 1);
	CHECK(vcard_played(c));
	vcard_free(c);
	return true;
}

static bool test_records(void)
{
	struct vcard *c = card("ft-rec");

	CHECK(c);
	/* EF(DIR) is known to have records. */
	vcard_expect(c, "00A40804022F00", "6114");
	vcard_expect(c, "00C0000014", "6212 82054221000803 83022F00 8A0105 80020018 9000");
	vcard_expect(c, "00B2010408", "6106 4F0411223344 9000");
	vcard_expect(c, "00B2020408", "6106 4F0455667788 9000");
	vcard_expect(c, "00B2030408", "FFFFFFFFFFFFFFFF 9000");
	CHECK_EQ(attr_read(card_path(c, DIR), buf, 20, 0), 20);
	CHECK(!memcmp(buf + 8, "\x61\x06\x4f\x04\x55", 5));
	CHECK(!memcmp(buf + 16, "\xff\xff\xff\xff", 4));
	CHECK_EQ(attr_read(card_path(c, DIR), buf, 4096, 0), 24);
	CHECK(attr_is(card_path(c, "ef-3f00.2f00/type"), "linear-fixed\n"));
	CHECK(attr_is(card_path(c, "ef-3f00.2f00/record_length"), "8\n"));
	CHECK(attr_is(card_path(c, "ef-3f00.2f00/record_count"), "3\n"));
	CHECK_EQ(attr_read(card_path(c, "ef-3f00.2f00/fcp"), buf, 100, 0), 20);
	CHECK_EQ((unsigned char)buf[0], 0x62);
	CHECK(vcard_played(c));
	/* Of another file the card has to say so. */
	CHECK_EQ(attr_write(card_path(c, "export"), "3f00.2f06"), 0);
	vcard_expect(c, "00A4080C022F06", "9000");
	vcard_expect(c, "00B0000004", "6981");
	vcard_expect(c, "00A40804022F06", "6110");
	vcard_expect(c, "00C0000010", "620E 82054221000400 83022F06 8A0105 9000");
	vcard_expect(c, "00B2010404", "01020304 9000");
	CHECK_EQ(attr_read(card_path(c, "ef-3f00.2f06/data"), buf, 4, 0), 4);
	/* The card does not say how many: until there is no further one. */
	vcard_expect(c, "00B2020404", "6A83");
	CHECK_EQ(attr_read(card_path(c, "ef-3f00.2f06/data"), buf, 100, 0), 4);
	CHECK_EQ(attr_read(card_path(c, "ef-3f00.2f06/data"), buf, 100, 4), 0);
	CHECK(vcard_played(c));
	vcard_free(c);
	return true;
}

static bool test_type(void)
{
	struct vcard *c = card("ft-type");

	CHECK(c);
	vcard_expect(c, "00A40804022FE2", "6116");
	vcard_expect(c, "00C0000016", "6214 82024121 83022FE2 8A0105 8B032F0602 8002000A 9000");
	CHECK(attr_is(card_path(c, "ef-3f00.2fe2/type"), "transparent\n"));
	CHECK(attr_is(card_path(c, "ef-3f00.2fe2/record_length"), "0\n"));
	/* The SELECT for the FCP has selected the file. */
	vcard_expect(c, "00B0000001", "98 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 1, 0), 1);
	CHECK(vcard_played(c));
	vcard_free(c);
	return true;
}

/* Who may read and update: from the FCP and the record of EF(ARR) it names. */
static bool test_access(void)
{
	struct vcard *c = card("ft-acc");

	CHECK(c);
	vcard_expect(c, "00A40804022FE2", "6113");
	vcard_expect(c, "00C0000013", "6211 82024121 83022FE2 8B032F0602 8002000A 9000");
	vcard_expect(c, "00A4080C022F06", "9000");
	vcard_expect(c, "00B20204FF", "6C12");
	vcard_expect(c, "00B2020412", "800101 9000 800102 A406 83010A 950108 FF 9000");
	CHECK(attr_is(card_path(c, "ef-3f00.2fe2/read_access"), "always\n"));
	CHECK(attr_is(card_path(c, "ef-3f00.2fe2/update_access"), "pin 0a\n"));
	CHECK(vcard_played(c));
	/* In a directory: its own EF(ARR), then the ones above it. */
	vcard_expect(c, "00A40804047F505031", "6115");
	vcard_expect(c, "00C0000015", "6213 82024121 83025031 8B036F0601 8002000A 8800 9000");
	vcard_expect(c, "00A4000C026F06", "6A82");
	vcard_expect(c, "00A4080C026F06", "9000");
	vcard_expect(c, "00B20104FF", "800101 A010 A406830101950108 A40683010A950108"
		     " 800102 9700 9000");
	CHECK(attr_is(card_path(c, "ef-3f00.7f50.5031/update_access"), "never\n"));
	CHECK(attr_is(card_path(c, "ef-3f00.7f50.5031/read_access"), "pin 01 or 0a\n"));
	CHECK(vcard_played(c));
	/* No rule, or none that is there: the card does not say. */
	vcard_expect(c, SEL_AID, "9000");
	vcard_expect(c, "00A40004025031", "6111");
	vcard_expect(c, "00C0000011", "620F 82024121 83025031 8B036F0607 8800 9000");
	vcard_expect(c, "00A4000C026F06", "6A82");
	vcard_expect(c, "00A4080C026F06", "6A82");
	CHECK(attr_is(card_path(c, "ef-a000000063504b43532d3135.5031/read_access"), "unknown\n"));
	CHECK(attr_is(card_path(c, "ef-a000000063504b43532d3135.5031/update_access"),
		      "unknown\n"));
	CHECK(vcard_played(c));
	vcard_expect(c, "00A40804022F00", "6A82");
	CHECK_EQ(attr_read(card_path(c, "ef-3f00.2f00/read_access"), buf, 10, 0), -ENOENT);
	CHECK(vcard_played(c));
	vcard_free(c);
	return true;
}

static bool error_is(struct vcard *c, const char *sw, int want)
{
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000001", sw);
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 1, 0), want);
	/* What failed is tried anew, and the selection is not trusted after it. */
	CHECK(vcard_played(c));
	CHECK(vcard_remove(c));
	CHECK(vcard_insert(c));
	return true;
}

static bool test_errors(void)
{
	struct vcard *c = card("ft-err");

	CHECK(c);
	vcard_expect(c, "00A4080C022FE2", "6A82");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 1, 0), -ENOENT);
	vcard_expect(c, SEL_AID, "6A88");
	CHECK_EQ(attr_read(card_path(c, ODF), buf, 1, 0), -ENOENT);
	CHECK(vcard_played(c));
	CHECK(error_is(c, "6982", -EACCES));
	CHECK(error_is(c, "6900", -EACCES));
	CHECK(error_is(c, "9804", -EACCES));
	CHECK(error_is(c, "6F00", -EPROTO));
	CHECK(error_is(c, "1234", -EPROTO));
	vcard_free(c);
	return true;
}

static bool test_silent(void)
{
	const char *param = "/sys/module/uicc_virt/parameters/timeout_ms";
	struct vcard *c = card("ft-mute");

	CHECK(c);
	CHECK_EQ(attr_write(param, "300"), 0);
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000001", "");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 1, 0), -ETIMEDOUT);
	CHECK_EQ(attr_write(param, "10000"), 0);
	CHECK(vcard_played(c));
	CHECK_EQ(c->resets, 0);
	/* It is reset before it is talked to again, and selects anew. */
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000001", "98 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 1, 0), 1);
	CHECK_EQ(c->resets, 1);
	CHECK_EQ(c->cancels, 1);
	CHECK(vcard_played(c));
	vcard_free(c);
	return true;
}

/* What udevadm info -a does: each attribute of each file, one after the other. */
static bool read_all(struct vcard *c, int want)
{
	static const char *const files[] = {
		"ef-3f00.2f00", "ef-3f00.2fe2", "ef-3f00.7f50.5031",
		"ef-a000000063504b43532d3135.5031",
	};
	static const char *const attrs[] = {
		"data", "fcp", "type", "record_length", "record_count", "read_access",
		"update_access",
	};
	char name[100];
	size_t i, j;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		for (j = 0; j < sizeof(attrs) / sizeof(attrs[0]); j++) {
			snprintf(name, sizeof(name), "%s/%s", files[i], attrs[j]);
			CHECK_EQ(attr_read(card_path(c, name), buf, 16, 0), want);
		}
	return true;
}

/* A card that stays silent is not waited for once for each attribute. */
static bool test_silent_walk(void)
{
	const char *param = "/sys/module/uicc_virt/parameters/timeout_ms";
	struct vcard *c = card("ft-mute2");

	CHECK(c);
	CHECK_EQ(attr_write(param, "300"), 0);
	vcard_expect(c, "", "");
	vcard_expect(c, "", "");
	CHECK(read_all(c, -ETIMEDOUT));
	CHECK(vcard_played(c));
	CHECK_EQ(c->resets, 1);
	/* Not for ever: a while later it is asked again, once when it is mute. */
	sleep(6);
	c->mute = true;
	CHECK(read_all(c, -ETIMEDOUT));
	CHECK_EQ(c->resets, 2);
	CHECK_EQ(c->commands, 2);
	sleep(6);
	c->mute = false;
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000001", "98 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 1, 0), 1);
	CHECK_EQ(c->resets, 3);
	CHECK(vcard_played(c));
	/* The next card has nothing to do with it. */
	vcard_expect(c, "", "");
	vcard_expect(c, "", "");
	CHECK_EQ(attr_read(card_path(c, DIR), buf, 1, 0), -ETIMEDOUT);
	CHECK_EQ(attr_read(card_path(c, DIR), buf, 1, 0), -ETIMEDOUT);
	CHECK(vcard_played(c));
	CHECK(vcard_remove(c));
	CHECK(vcard_insert(c));
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000001", "98 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 1, 0), 1);
	CHECK(vcard_played(c));
	CHECK_EQ(attr_write(param, "10000"), 0);
	vcard_free(c);
	return true;
}

static bool test_2g(void)
{
	struct vcard *c = card("ft-2g");

	CHECK(c);
	vcard_expect(c, "00A4080C022FE2", "6E00");
	vcard_expect(c, "A0A40000023F00", "9F16");
	vcard_expect(c, "A0A40000022FE2", "9F0F");
	vcard_expect(c, "A0C000000F", "0000000A2FE204 00FFFFFF01020000 9000");
	vcard_expect(c, "A0B0000002", "9801 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 2, 0), 2);
	CHECK_EQ(c->resets, 1);
	/* Never beyond the end, which the answer to SELECT told. */
	vcard_expect(c, "A0B0000208", "0203040506070809 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 4096, 0), 10);
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 4096, 10), 0);
	CHECK(attr_is(card_path(c, "ef-3f00.2fe2/type"), "transparent\n"));
	CHECK_EQ(attr_read(card_path(c, ODF), buf, 2, 0), -ENOENT);
	vcard_expect(c, "A0A40000023F00", "9F16");
	vcard_expect(c, "A0A40000027F50", "9404");
	CHECK_EQ(attr_read(card_path(c, "ef-3f00.7f50.5031/data"), buf, 2, 0), -ENOENT);
	CHECK(vcard_played(c));
	vcard_free(c);
	return true;
}

static bool test_export(void)
{
	static const char *const bad[] = {
		"", "\n", "3f00", "3f00.", ".2fe2", "3F00.2FE2", "3f00.2fe", "3f00.2fe2.",
		"3f01.2fe2", "3f00.3f00", "3f00.7fff", "a0000000.5031", "3f00.2fe2 ", "3f00..2fe2",
		"3f00.2fe2\n\n",
		"a000000063504b43532d313500112233aa.5031", "3f00.1.2", "../../3f00.2fe2",
		"3f00.1111.2222.3333.4444.5555.6666.7777.8888.9999",
	};
	struct vcard *c = card("ft-exp");
	char name[64];
	size_t i;

	CHECK(c);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int ret = attr_write(card_path(c, "export"), bad[i]);

		/* A write of nothing does not reach the kernel's attribute. */
		if (ret != (bad[i][0] ? -EINVAL : 0)) {
			printf("# export of \"%s\" gives %d\n", bad[i], ret);
			return false;
		}
	}
	CHECK_EQ(attr_write(card_path(c, "export"), "3f00.2fe2"), -EEXIST);
	CHECK_EQ(attr_write(card_path(c, "export"), "3f00.6f07"), 0);
	CHECK_EQ(attr_write(card_path(c, "export"), "3f00.6f07"), -EEXIST);
	CHECK_EQ(access(card_path(c, "ef-3f00.6f07/data"), F_OK), 0);
	CHECK_EQ(attr_write(card_path(c, "unexport"), "3f00.6f07"), 0);
	CHECK(access(card_path(c, "ef-3f00.6f07"), F_OK));
	CHECK_EQ(attr_write(card_path(c, "unexport"), "3f00.6f07"), -ENOENT);
	CHECK_EQ(attr_write(card_path(c, "unexport"), "3f00.2fe2"), -EPERM);
	CHECK_EQ(attr_write(card_path(c, "unexport"), "x"), -EINVAL);
	for (i = 4; i < 64; i++) {
		snprintf(name, sizeof(name), "3f00.7f20.%04zx", 0x6f00 + i);
		CHECK_EQ(attr_write(card_path(c, "export"), name), 0);
	}
	CHECK_EQ(attr_write(card_path(c, "export"), "3f00.7f20.6fff"), -ENOSPC);
	CHECK_EQ(c->commands, 0);
	vcard_free(c);
	return true;
}

static bool test_permissions(void)
{
	static const char *const files[] = {
		"data", "fcp", "type", "record_length", "record_count", "read_access",
		"update_access",
	};
	struct vcard *c = card("ft-perm");
	char name[64];
	struct stat st;
	int status = 0;
	size_t i;
	pid_t pid;

	CHECK(c);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(name, sizeof(name), "ef-3f00.2fe2/%s", files[i]);
		CHECK_EQ(stat(card_path(c, name), &st), 0);
		CHECK_EQ(st.st_mode & 0777, i ? 0400 : 0600);
		CHECK_EQ(st.st_uid, 0);
	}
	CHECK_EQ(stat(card_path(c, "export"), &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0200);
	pid = fork();
	if (!pid) {
		if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
			_exit(2);
		_exit(open(card_path(c, ICCID), O_RDONLY) >= 0 || errno != EACCES ||
		      open("/dev/uicc-virt", O_RDWR) >= 0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(c->commands, 0);
	vcard_free(c);
	return true;
}

/* 600 bytes, as a helper reads them: what it costs in commands. */
static bool test_long(void)
{
	struct vcard *c = card("ft-long");
	char answer[600];
	int i;

	CHECK(c);
	vcard_expect(c, "00A4080C022FE2", "9000");
	for (i = 0; i < 255; i++)
		sprintf(answer + 2 * i, "%02X", i);
	strcpy(answer + 510, "9000");
	vcard_expect(c, "00B00000FF", answer);
	vcard_expect(c, "00B000FFFF", answer);
	strcpy(answer + 2 * 90, "9000");
	vcard_expect(c, "00B001FE5A", answer);
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 600, 0), 600);
	CHECK_EQ((unsigned char)buf[254], 254);
	CHECK_EQ((unsigned char)buf[599], 89);
	CHECK(vcard_played(c));
	/* To the end: 6B00 there is the end, not an error, if the FCP says so too. */
	vcard_expect(c, "00B00258FF", "6B00");
	vcard_expect(c, "00A40804022FE2", "610E");
	vcard_expect(c, "00C000000E", "620C 82024121 83022FE2 80020258 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 4096, 0), 600);
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 4096, 0), 600);
	CHECK(vcard_played(c));
	vcard_free(c);
	return true;
}

/* Tracepoints tell lengths and status words, and nothing that was read. */
static bool test_trace(void)
{
	static char trace[65536];
	const char *dir = "/sys/kernel/tracing";
	struct vcard *c;
	int n;

	if (access("/sys/kernel/tracing/events", F_OK))
		CHECK_EQ(mount("nodev", dir, "tracefs", 0, NULL), 0);
	CHECK_EQ(attr_write("/sys/kernel/tracing/trace", "\n"), 0);
	CHECK_EQ(attr_write("/sys/kernel/tracing/events/uicc/enable", "1"), 0);
	c = card("ft-trace");
	CHECK(c);
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000004", "9876ABCD 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 4, 0), 4);
	CHECK(vcard_remove(c));
	vcard_free(c);
	CHECK_EQ(attr_write("/sys/kernel/tracing/events/uicc/enable", "0"), 0);
	n = attr_read("/sys/kernel/tracing/trace", trace, sizeof(trace) - 1, 0);
	CHECK(n > 0);
	trace[n] = '\0';
	CHECK(strstr(trace, "uicc_insert: uicc"));
	CHECK(strstr(trace, "sent=7 got=2 sw=9000 result=0"));
	CHECK(strstr(trace, "sent=5 got=6 sw=9000 result=0"));
	CHECK(strstr(trace, "uicc_remove: uicc"));
	CHECK(!strcasestr(trace, "9876abcd") && !strcasestr(trace, "98 76 ab cd"));
	return true;
}

static const struct ktap_test tests[] = {
	{ "a transparent file: asked range only, cached, end known", test_transparent },
	{ "a file that the card gives in parts: nothing is lost", test_parts },
	{ "no byte at the start: empty, or -EPROTO", test_empty },
	{ "files of an application: selected once", test_application },
	{ "a card that refuses P2=0C and paths", test_fallbacks },
	{ "a linear fixed file: records concatenated", test_records },
	{ "type and FCP are fetched when asked for", test_type },
	{ "access conditions: FCP and EF(ARR)", test_access },
	{ "each failure has its errno", test_errors },
	{ "a silent card: -ETIMEDOUT, then a reset", test_silent },
	{ "a card that stays silent: left alone for a while", test_silent_walk },
	{ "a card of the 2G class", test_2g },
	{ "export and unexport", test_export },
	{ "nobody but root reads", test_permissions },
	{ "traces carry no content", test_trace },
	{ "600 bytes cost three READ BINARY", test_long },
};

KTAP_MAIN(tests)
