// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of the APDU layer. A scripted card states each command it expects
 * and fails the test on any other. The quirks are those of real cards: see
 * Documentation/testing.rst.
 */
#include <kunit/test.h>
#include <linux/slab.h>

#include "apdu.c"

/* One TPDU expected, and what the card answers; hexadecimal, spaces ignored. */
struct step {
	const char *cmd;
	const char *rsp;	/* NULL: @ret instead */
	int ret;
};

struct card {
	struct kunit *test;
	const struct step *steps;
	unsigned int n_steps;
	unsigned int at;
	struct uicc_apdu_io io;
	u8 cmd[4 + 3 + UICC_APDU_EXT_MAX + 2];
	u8 rsp[UICC_APDU_EXT_MAX + 2];
	u8 beyond[1024];	/* looks like success to whom reads behind @rsp */
	struct uicc_apdu apdu;
	struct uicc_rapdu r;
	u8 data[300];
	/* endless: answer every command with this, count them, keep the last */
	const char *always;
	unsigned int sent;
	u8 last[4 + 3 + UICC_APDU_EXT_MAX + 2];
	size_t last_len;
	char hex[2 * (270 + 2) + 1];	/* for @always */
};

static size_t unhex(struct kunit *test, const char *hex, u8 *out, size_t size)
{
	size_t n = 0;

	while (*hex) {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		KUNIT_ASSERT_LT(test, n, size);
		KUNIT_ASSERT_EQ(test, hex2bin(out + n, hex, 1), 0);
		n++;
		hex += 2;
	}
	return n;
}

static int card_transmit(void *ctx, const u8 *cmd, size_t cmd_len, u8 *rsp, size_t rsp_size)
{
	u8 want[5 + UICC_APDU_DATA_MAX + 1];
	struct card *card = ctx;
	const struct step *step;
	size_t n;

	card->sent++;
	KUNIT_ASSERT_LE(card->test, cmd_len, sizeof(card->last));
	memcpy(card->last, cmd, cmd_len);
	card->last_len = cmd_len;
	if (card->always)
		return unhex(card->test, card->always, rsp, rsp_size);
	if (card->at >= card->n_steps) {
		KUNIT_FAIL(card->test, "unexpected command %*ph", (int)cmd_len, cmd);
		return -EREMOTEIO;
	}
	step = &card->steps[card->at++];
	n = unhex(card->test, step->cmd, want, sizeof(want));
	if (n != cmd_len || memcmp(want, cmd, n)) {
		KUNIT_FAIL(card->test, "step %u: command %*ph, expected %s", card->at,
			   (int)cmd_len, cmd, step->cmd);
		return -EREMOTEIO;
	}
	return step->rsp ? unhex(card->test, step->rsp, rsp, rsp_size) : step->ret;
}

static int apdu_test_init(struct kunit *test)
{
	struct card *card = kunit_kzalloc(test, sizeof(*card), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, card);
	card->test = test;
	card->io.transmit = card_transmit;
	card->io.ctx = card;
	card->io.t0 = true;
	card->io.cmd = card->cmd;
	card->io.cmd_size = 5 + UICC_APDU_DATA_MAX + 1;
	card->io.rsp = card->rsp;
	card->io.rsp_size = 256 + 2;
	memset(card->beyond, 0x91, sizeof(card->beyond));
	card->r.data = card->data;
	card->r.size = 256;
	test->priv = card;
	return 0;
}

static int run_steps(struct kunit *test, const struct step *steps, unsigned int n)
{
	struct card *card = test->priv;
	int ret;

	card->steps = steps;
	card->n_steps = n;
	card->at = 0;
	memset(card->data, 0xee, sizeof(card->data));
	ret = uicc_apdu_command(&card->io, &card->apdu, &card->r);
	KUNIT_EXPECT_EQ_MSG(test, card->at, n, "commands that never came");
	KUNIT_EXPECT_LE(test, card->r.len, card->r.size);
	KUNIT_EXPECT_EQ_MSG(test, card->data[card->r.size], 0xee, "written behind the buffer");
	/* neither PIN nor content stays in the scratch buffers */
	KUNIT_EXPECT_NULL(test, memchr_inv(card->cmd, 0, sizeof(card->cmd)));
	KUNIT_EXPECT_NULL(test, memchr_inv(card->rsp, 0, sizeof(card->rsp)));
	return ret;
}

#define RUN(test, ...)								\
	run_steps(test, (const struct step[]){ __VA_ARGS__ },			\
		  ARRAY_SIZE(((const struct step[]){ __VA_ARGS__ })))

static void expect_data(struct kunit *test, const char *hex)
{
	struct card *card = test->priv;
	u8 want[300];
	size_t n = unhex(test, hex, want, sizeof(want));

	KUNIT_ASSERT_EQ(test, card->r.len, n);
	KUNIT_EXPECT_EQ(test, memcmp(card->data, want, n), 0);
}

#define SELECT_PKCS15	"00 A4 04 04 0C A000000063504B43532D3135"

static const u8 pkcs15_aid[] = {
	0xa0, 0x00, 0x00, 0x00, 0x63, 0x50, 0x4b, 0x43, 0x53, 0x2d, 0x31, 0x35,
};

/* --- the four cases ------------------------------------------------------- */

static void apdu_cases_t0(struct kunit *test)
{
	struct card *card = test->priv;

	KUNIT_ASSERT_EQ(test, uicc_apdu_channel_close(&card->apdu, 1), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 70 80 01 00", "9000" }), 0);
	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0x123, 3), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 01 23 03", "010203 9000" }), 0);
	expect_data(test, "010203");
	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x2fe2, false);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 0C 02 2FE2", "9000" }), 0);
	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x2fe2, true);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 04 02 2FE2", "6104" },
				  { "00 C0 00 00 04", "6202 8800 9000" }), 0);
	expect_data(test, "62028800");
	KUNIT_EXPECT_FALSE(test, card->r.truncated);
}

static void apdu_cases_t1(struct kunit *test)
{
	struct card *card = test->priv;

	card->io.t0 = false;
	KUNIT_ASSERT_EQ(test, uicc_apdu_channel_close(&card->apdu, 1), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 70 80 01", "9000" }), 0);
	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 255), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 FF", "01 9000" }), 0);
	expect_data(test, "01");
	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x3f00, false);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 0C 02 3F00", "9000" }), 0);
	KUNIT_ASSERT_EQ(test, uicc_apdu_select_aid(&card->apdu, pkcs15_aid, 12, true), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { SELECT_PKCS15 "00", "6200 9000" }), 0);
	expect_data(test, "6200");
	/* 61xx is followed in T=1 too */
	KUNIT_EXPECT_EQ(test, RUN(test, { SELECT_PKCS15 "00", "6102" },
				  { "00 C0 00 00 02", "6200 9000" }), 0);
	expect_data(test, "6200");
}

static void apdu_classes(struct kunit *test)
{
	struct card *card = test->priv;

	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 1), 0);
	card->io.channel = 1;
	KUNIT_EXPECT_EQ(test, RUN(test, { "01 B0 00 00 01", "AA 9000" }), 0);
	card->io.channel = 3;
	KUNIT_EXPECT_EQ(test, RUN(test, { "03 B0 00 00 01", "AA 9000" }), 0);
	card->io.channel = 4;
	KUNIT_EXPECT_EQ(test, RUN(test, { "40 B0 00 00 01", "AA 9000" }), 0);
	card->io.channel = 19;
	KUNIT_EXPECT_EQ(test, RUN(test, { "4F B0 00 00 01", "AA 9000" }), 0);
	uicc_apdu_status(&card->apdu, UICC_MODE_UICC, false);
	KUNIT_EXPECT_EQ(test, RUN(test, { "CF F2 00 0C 00", "9000" }), 0);
	/* GET RESPONSE stays on the channel */
	card->io.channel = 2;
	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x5031, true);
	KUNIT_EXPECT_EQ(test, RUN(test, { "02 A4 00 04 02 5031", "6101" },
				  { "02 C0 00 00 01", "62 9000" }), 0);
}

static void use_extended(struct card *card)
{
	card->io.t0 = false;
	card->io.extended = true;
	card->io.cmd_size = sizeof(card->cmd);
	card->io.rsp_size = sizeof(card->rsp);
	card->always = "9000";
}

/* ISO 7816-4 5.1: the extended form, and only where the short one will not do. */
static void apdu_extended(struct kunit *test)
{
	struct card *card = test->priv;
	struct uicc_apdu *apdu = &card->apdu;
	static const struct {
		u16 lc;
		u16 le;
		size_t len;
		const char *start;	/* up to the data */
		const char *end;
	} row[] = {
		{ 0, 0, 4, "00B00000", "" },
		{ 0, 256, 5, "00B00000", "00" },
		{ 0, 257, 7, "00B00000", "000101" },
		{ 0, 4096, 7, "00B00000", "001000" },
		{ 255, 0, 5 + 255, "00B00000FF", "AA" },
		{ 255, 256, 5 + 255 + 1, "00B00000FF", "AA00" },
		{ 256, 0, 7 + 256, "00B00000000100", "AA" },
		{ 4096, 0, 7 + 4096, "00B00000001000", "AA" },
		{ 1, 257, 7 + 1 + 2, "00B00000000001", "AA0101" },
		{ 256, 1, 7 + 256 + 2, "00B00000000100", "AA0001" },
		{ 4096, 4096, 7 + 4096 + 2, "00B00000001000", "AA1000" },
	};
	u8 want[16];
	size_t i, n;
	u8 *data;

	data = kunit_kzalloc(test, UICC_APDU_EXT_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, data);
	memset(data, 0xaa, UICC_APDU_EXT_MAX);
	use_extended(card);
	memset(apdu, 0, sizeof(*apdu));
	apdu->ins = 0xb0;
	apdu->data = data;
	for (i = 0; i < ARRAY_SIZE(row); i++) {
		apdu->lc = row[i].lc;
		apdu->le = row[i].le;
		KUNIT_ASSERT_EQ(test, uicc_apdu_command(&card->io, apdu, &card->r), 0);
		KUNIT_ASSERT_EQ(test, card->last_len, row[i].len);
		n = unhex(test, row[i].start, want, sizeof(want));
		KUNIT_EXPECT_EQ_MSG(test, memcmp(card->last, want, n), 0, "%zu", i);
		n = unhex(test, row[i].end, want, sizeof(want));
		KUNIT_EXPECT_EQ_MSG(test, memcmp(card->last + card->last_len - n, want, n), 0,
				    "%zu", i);
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(card->cmd, 0, sizeof(card->cmd)));
}

static void apdu_extended_answer(struct kunit *test)
{
	struct card *card = test->priv;
	size_t i;

	use_extended(card);
	card->always = NULL;
	card->r.size = 280;
	/* the Le that the card names fits a short command */
	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 300), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 00 01 2C", "6C02" },
				  { "00 B0 00 00 02", "ABCD 9000" }), 0);
	expect_data(test, "ABCD");
	/* an answer in pieces all the same */
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 00 01 2C", "AB 6101" },
				  { "00 C0 00 00 01", "CD 9000" }), 0);
	expect_data(test, "ABCD");
	/* wrong Le of a case 4 command: it goes out again whole */
	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x2f00, true);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 04 02 2F00 00", "6C02" },
				  { "00 A4 00 04 02 2F00 02", "6200 9000" }), 0);
	/* longer than a short answer */
	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 270), 0);
	card->steps = NULL;
	card->n_steps = 0;
	for (i = 0; i < 270; i++)
		memcpy(card->hex + 2 * i, "5a", 2);
	strcpy(card->hex + 540, "9000");
	card->always = card->hex;
	KUNIT_EXPECT_EQ(test, uicc_apdu_command(&card->io, &card->apdu, &card->r), 0);
	KUNIT_EXPECT_EQ(test, card->r.len, 270);
	KUNIT_EXPECT_FALSE(test, card->r.truncated);
	/* one byte more than asked for */
	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 269), 0);
	KUNIT_EXPECT_EQ(test, uicc_apdu_command(&card->io, &card->apdu, &card->r), 0);
	KUNIT_EXPECT_EQ(test, card->r.len, 269);
	KUNIT_EXPECT_TRUE(test, card->r.truncated);
}

/* What does not fit is not sent. */
static void apdu_not_sendable(struct kunit *test)
{
	static const u8 data[UICC_APDU_EXT_MAX + 1];
	struct card *card = test->priv;
	struct uicc_apdu *apdu = &card->apdu;

#define EXPECT_REFUSED() \
	KUNIT_EXPECT_EQ(test, uicc_apdu_exchange(&card->io, apdu, &card->r), -EINVAL)

	memset(apdu, 0, sizeof(*apdu));
	apdu->data = data;
	card->io.channel = UICC_CHANNEL_MAX + 1;
	EXPECT_REFUSED();
	card->io.channel = 0;
	apdu->le = 257;
	EXPECT_REFUSED();
	apdu->le = 0;
	apdu->lc = 256;
	EXPECT_REFUSED();
	/* never with TPDUs, whatever the card says */
	use_extended(card);
	card->io.t0 = true;
	EXPECT_REFUSED();
	card->io.t0 = false;
	apdu->lc = UICC_APDU_EXT_MAX + 1;
	EXPECT_REFUSED();
	apdu->lc = UICC_APDU_EXT_MAX;
	card->io.cmd_size--;
	EXPECT_REFUSED();
	apdu->lc = 0;
	apdu->le = UICC_APDU_EXT_MAX + 1;
	EXPECT_REFUSED();
	apdu->le = UICC_APDU_EXT_MAX;
	card->io.rsp_size--;
	EXPECT_REFUSED();
	/* more than a builder can have made */
	apdu->le = 0;
	apdu->data = NULL;
	apdu->lc = sizeof(apdu->built) + 1;
	EXPECT_REFUSED();
	KUNIT_EXPECT_EQ(test, card->sent, 0);
#undef EXPECT_REFUSED
}

static void apdu_2g(struct kunit *test)
{
	struct card *card = test->priv;

	card->io.mode = UICC_MODE_SIM2G;
	card->io.channel = 1;		/* there are none in 2G */
	uicc_apdu_select_fid(&card->apdu, UICC_MODE_SIM2G, 0x7f50, true);
	KUNIT_EXPECT_EQ(test, RUN(test, { "A0 A4 00 00 02 7F50", "9F03" },
				  { "A0 C0 00 00 03", "010203 9000" }), 0);
	expect_data(test, "010203");
	uicc_apdu_select_fid(&card->apdu, UICC_MODE_SIM2G, 0x7f50, false);
	KUNIT_EXPECT_EQ(test, RUN(test, { "A0 A4 00 00 02 7F50", "9F16" }), 0);
	uicc_apdu_status(&card->apdu, UICC_MODE_SIM2G, true);
	KUNIT_EXPECT_EQ(test, RUN(test, { "A0 F2 00 00 16", "01 9000" }), 0);
	KUNIT_ASSERT_EQ(test, uicc_apdu_read_record(&card->apdu, 0, 2, 14), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "A0 B2 02 04 0E", "9402" }), -ERANGE);
	uicc_apdu_select_fid(&card->apdu, UICC_MODE_SIM2G, 0x6f00, false);
	KUNIT_EXPECT_EQ(test, RUN(test, { "A0 A4 00 00 02 6F00", "9404" }), -ENOENT);
	KUNIT_EXPECT_EQ(test, RUN(test, { "A0 A4 00 00 02 6F00", "9240" }), -EIO);
}

/* --- wrong lengths, chains --------------------------------------------------------------- */

static void apdu_wrong_le(struct kunit *test)
{
	struct card *card = test->priv;

	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 0xff), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 FF", "6C02" },
				  { "00 B0 00 00 02", "ABCD 9000" }), 0);
	expect_data(test, "ABCD");
	/* wrong Le of GET RESPONSE */
	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x2f00, true);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 04 02 2F00", "6110" },
				  { "00 C0 00 00 10", "6C02" },
				  { "00 C0 00 00 02", "6200 9000" }), 0);
	expect_data(test, "6200");
	/* data beside 6Cxx is no answer */
	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 0xff), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 FF", "99 6C01" },
				  { "00 B0 00 00 01", "AB 9000" }), 0);
	expect_data(test, "AB");
	/* the card names more than we want: it is read, what we want is kept */
	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 01", "6C03" },
				  { "00 B0 00 00 03", "ABCDEF 9000" }), 0);
	expect_data(test, "AB");
	KUNIT_EXPECT_TRUE(test, card->r.truncated);
}

/* READ at the end of a file: 6C00, then 9000 without data; or 6C00 without end. */
static void quirk_eof_6c00(struct kunit *test)
{
	struct card *card = test->priv;

	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0x20, 0xff), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 20 FF", "6C00" },
				  { "00 B0 00 20 00", "9000" }), 0);
	KUNIT_EXPECT_EQ(test, card->r.len, 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 20 FF", "6C00" },
				  { "00 B0 00 20 00", "6C00" },
				  { "00 B0 00 20 00", "6C00" }), -EPROTO);
}

/* TS 51.011 9.4.6: of a 2G card 67xx names the right P3, of a UICC nothing does. */
static void apdu_wrong_le_2g(struct kunit *test)
{
	struct card *card = test->priv;

	card->io.mode = UICC_MODE_SIM2G;
	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 4, 255), 0);
	KUNIT_EXPECT_EQ(test, RUN(test,
				  { "A0 B0 00 04 FF", "6706" },
				  { "A0 B0 00 04 06", "010203040506 9000" }), 0);
	expect_data(test, "010203040506");
	uicc_apdu_select_fid(&card->apdu, UICC_MODE_SIM2G, 0x2fe2, true);
	KUNIT_EXPECT_EQ(test, RUN(test,
				  { "A0 A4 00 00 02 2FE2", "9F20" },
				  { "A0 C0 00 00 20", "670F" },
				  { "A0 C0 00 00 0F", "0000000A2FE204 00FFFFFF01020000 9000" }), 0);
	expect_data(test, "0000000A2FE204 00FFFFFF01020000");
	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 2), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "A0 B0 00 00 02", "6700" }), -EPROTO);
	card->io.mode = UICC_MODE_UICC;
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 02", "6706" }), -EPROTO);
}

static void apdu_wrong_le_for_ever(struct kunit *test)
{
	struct card *card = test->priv;

	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 0xff), 0);
	card->always = "6C00";
	KUNIT_EXPECT_EQ(test, uicc_apdu_command(&card->io, &card->apdu, &card->r), -EPROTO);
	KUNIT_EXPECT_EQ(test, card->sent, 1 + RESEND_MAX);
	KUNIT_EXPECT_EQ(test, card->r.sw, 0x6c00);
}

static void apdu_get_response_for_ever(struct kunit *test)
{
	struct card *card = test->priv;

	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x2f00, true);
	card->always = "6110";
	KUNIT_EXPECT_EQ(test, uicc_apdu_command(&card->io, &card->apdu, &card->r), -EPROTO);
	KUNIT_EXPECT_EQ(test, card->sent, 1 + UICC_GET_RESPONSE_MAX);
	/* with data in each, the buffer is full first */
	card->sent = 0;
	card->always = "00112233445566778899AABBCCDDEEFF 6110";
	KUNIT_EXPECT_EQ(test, uicc_apdu_command(&card->io, &card->apdu, &card->r), 0);
	KUNIT_EXPECT_EQ(test, card->r.len, 256);
	KUNIT_EXPECT_TRUE(test, card->r.truncated);
	KUNIT_EXPECT_EQ(test, card->sent, 16);
}

/* A long answer in several pieces. */
static void apdu_get_response_chain(struct kunit *test)
{
	struct card *card = test->priv;

	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x2f00, true);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 04 02 2F00", "6100" },
				  { "00 C0 00 00 00", "0102 6102" },
				  { "00 C0 00 00 02", "0304 9000" }), 0);
	expect_data(test, "01020304");
	KUNIT_EXPECT_FALSE(test, card->r.truncated);
}

/* GET RESPONSE may return more than Le: kept as far as there is room. */
static void quirk_get_response_longer(struct kunit *test)
{
	struct card *card = test->priv;

	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x2f00, true);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 04 02 2F00", "6102" },
				  { "00 C0 00 00 02", "62028800 9000" }), 0);
	expect_data(test, "62028800");
	card->r.size = 3;
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 04 02 2F00", "6102" },
				  { "00 C0 00 00 02", "62028800 9000" }), 0);
	expect_data(test, "620288");
	KUNIT_EXPECT_TRUE(test, card->r.truncated);
}

/* READ answered with more than asked: never more than asked is believed. */
static void apdu_read_longer(struct kunit *test)
{
	struct card *card = test->priv;

	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 2), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 02", "01020304 9000" }), 0);
	expect_data(test, "0102");
	KUNIT_EXPECT_TRUE(test, card->r.truncated);
	/* data nobody asked for */
	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x2f00, false);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 0C 02 2F00", "6202 9000" }), 0);
	KUNIT_EXPECT_EQ(test, card->r.len, 0);
}

/* READ with P3 = 00 answered by nothing: so no builder asks that way. */
static void quirk_read_p3_zero(struct kunit *test)
{
	struct card *card = test->priv;

	KUNIT_EXPECT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 256), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_binary_sfi(&card->apdu, 1, 0, 256), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_record(&card->apdu, 0, 1, 256), -EINVAL);
	KUNIT_EXPECT_EQ(test, uicc_apdu_read_max(&card->io, 256), 255);
	card->apdu = (struct uicc_apdu){ .ins = 0xb0, .le = 256 };
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 00", "9000" }), 0);
	KUNIT_EXPECT_EQ(test, card->r.len, 0);
}

/* ACK, then 6Cxx or 9000 and no data: the transport gives the status alone. */
static void quirk_ack_then_status(struct kunit *test)
{
	struct card *card = test->priv;

	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 0x10), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 10", "9000" }), 0);
	KUNIT_EXPECT_EQ(test, card->r.len, 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 10", "6C04" },
				  { "00 B0 00 00 04", "9000" }), 0);
	KUNIT_EXPECT_EQ(test, card->r.len, 0);
	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x2f00, true);
	/* announced, but not given */
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 04 02 2F00", "6120" },
				  { "00 C0 00 00 20", "9000" }), 0);
	KUNIT_EXPECT_EQ(test, card->r.len, 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 04 02 2F00", "6120" },
				  { "00 C0 00 00 20", "6F00" }), -EPROTO);
	/* 6Cxx to command data names no Le: the command is not sent again */
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 04 02 2F00", "6C20" }), -EPROTO);
}

/* SELECT with P2 = 00 or 04: refused with 6B00, or 9000 and no FCP. */
static void quirk_select_p2(struct kunit *test)
{
	struct card *card = test->priv;

	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x2f00, true);
	card->apdu.p2 = 0x00;
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 00 02 2F00", "6B00" }), -ERANGE);
	KUNIT_EXPECT_EQ(test, card->r.sw, 0x6b00);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 00 02 2F00", "9000" }), 0);
	KUNIT_EXPECT_EQ(test, card->r.len, 0);
	card->apdu.p2 = 0x04;
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 04 02 2F00", "9000" }), 0);
	KUNIT_EXPECT_EQ(test, card->r.len, 0);
}

/* 91xx is success wherever 9000 is: after data, of GET RESPONSE, of a write, at the end. */
static void quirk_success_91xx(struct kunit *test)
{
	struct card *card = test->priv;

	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x2f00, true);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 04 02 2F00", "6102" },
				  { "00 C0 00 00 02", "6200 910F" }), 0);
	expect_data(test, "6200");
	KUNIT_EXPECT_EQ(test, card->r.sw, 0x910f);
	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x2f00, false);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 0C 02 2F00", "9120" }), 0);
	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 01", "AA 9100" }), 0);
	expect_data(test, "AA");
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 01", "9120" }), 0);
	KUNIT_EXPECT_EQ(test, card->r.len, 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 01", "6C02" },
				  { "00 B0 00 00 02", "AABB 9120" }), 0);
	KUNIT_ASSERT_EQ(test, uicc_apdu_update_binary(&card->apdu, 0, "\x05", 1), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 D6 00 00 01 05", "9120" }), 0);
	card->io.mode = UICC_MODE_SIM2G;
	KUNIT_EXPECT_EQ(test, RUN(test, { "A0 D6 00 00 01 05", "9120" }), 0);
}

/* 92xx is success of a UICC; of a 2G card 9240 is a memory that failed. */
static void apdu_success_92xx(struct kunit *test)
{
	struct card *card = test->priv;

	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 01", "AA 9240" }), 0);
	expect_data(test, "AA");
	KUNIT_ASSERT_EQ(test, uicc_apdu_update_binary(&card->apdu, 0, "\x05", 1), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 D6 00 00 01 05", "9201" }), 0);
	card->io.mode = UICC_MODE_SIM2G;
	KUNIT_EXPECT_EQ(test, RUN(test, { "A0 D6 00 00 01 05", "9202" }), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "A0 D6 00 00 01 05", "9240" }), -EIO);
}

/* A warning to case 4: the answer waits behind it (TS 102 221 7.3.1.1.4). */
static void apdu_warning(struct kunit *test)
{
	struct card *card = test->priv;

	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x2f00, true);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 04 02 2F00", "6283" },
				  { "00 C0 00 00 00", "6C02" },
				  { "00 C0 00 00 02", "6200 9000" }), 0);
	expect_data(test, "6200");
	/* there was none after all: the warning is the result */
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 04 02 2F00", "6283" },
				  { "00 C0 00 00 00", "6D00" }), 0);
	KUNIT_EXPECT_EQ(test, card->r.sw, 0x6283);
	/* the plain success of GET RESPONSE does not hide what the warning said */
	KUNIT_ASSERT_EQ(test, uicc_apdu_retrieve_data(&card->apdu, 0xa1, true), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "80 CB 00 80 01 A1", "62F1" },
				  { "00 C0 00 00 00", "6C02" },
				  { "00 C0 00 00 02", "A180 9000" }), 0);
	expect_data(test, "A180");
	KUNIT_EXPECT_TRUE(test, uicc_sw_more_blocks(card->r.sw));
	/* "end of file before Le" comes with data and is no error */
	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 4), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 04", "0102 6282" }), 0);
	expect_data(test, "0102");
}

/* A large object, block by block, either way. */
static void apdu_blocks(struct kunit *test)
{
	struct card *card = test->priv;

	KUNIT_ASSERT_EQ(test, uicc_apdu_retrieve_data(&card->apdu, 0xa1, true), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "80 CB 00 80 01 A1", "6103" },
				  { "00 C0 00 00 03", "A10201 62F1" }), 0);
	KUNIT_EXPECT_TRUE(test, uicc_sw_more_blocks(card->r.sw));
	KUNIT_ASSERT_EQ(test, uicc_apdu_retrieve_data(&card->apdu, 0xa1, false), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "80 CB 00 00 FF", "6C01" },
				  { "80 CB 00 00 01", "02 9000" }), 0);
	KUNIT_EXPECT_FALSE(test, uicc_sw_more_blocks(card->r.sw));
	KUNIT_ASSERT_EQ(test, uicc_apdu_set_data(&card->apdu, "\xa1\x02\x01", 3, true), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "80 DB 00 80 03 A10201", "63F1" }), 0);
	KUNIT_EXPECT_TRUE(test, uicc_sw_more_blocks(card->r.sw));
	KUNIT_ASSERT_EQ(test, uicc_apdu_set_data(&card->apdu, "\x02", 1, false), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "80 DB 00 00 01 02", "9000" }), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "80 DB 00 00 01 02", "6A84" }), -ENOSPC);
	KUNIT_ASSERT_EQ(test, uicc_apdu_retrieve_data(&card->apdu, 0xa2, true), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "80 CB 00 80 01 A2", "6A88" }), -ENOENT);
}

/* 63Cx: written at the x-th try, or a wrong PIN. The PIN goes out padded, then is forgotten. */
static void apdu_tries(struct kunit *test)
{
	struct card *card = test->priv;

	KUNIT_ASSERT_EQ(test, uicc_apdu_update_record(&card->apdu, 0, 1, "\x05", 1), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 DC 01 04 01 05", "63C2" }), 0);
	KUNIT_ASSERT_EQ(test, uicc_apdu_update_binary(&card->apdu, 0, "\x05", 1), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 D6 00 00 01 05", "63C1" }), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 D6 00 00 01 05", "6300" }), -EACCES);
	KUNIT_ASSERT_EQ(test, uicc_apdu_verify(&card->apdu, 0x01, "1234", 4), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 20 00 01 08 31323334FFFFFFFF", "63C2" }), -EACCES);
	KUNIT_EXPECT_EQ(test, uicc_sw_pin_tries(card->r.sw), 2);
	KUNIT_ASSERT_EQ(test, uicc_apdu_pin_status(&card->apdu, 0x81), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 20 00 81 00", "63C3" }), -EACCES);
	KUNIT_EXPECT_EQ(test, uicc_sw_pin_tries(card->r.sw), 3);
	card->io.t0 = false;
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 20 00 81", "9000" }), 0);
	KUNIT_EXPECT_EQ(test, uicc_sw_pin_tries(0x9000), -ENODATA);
	KUNIT_EXPECT_EQ(test, uicc_sw_pin_tries(0x63c0), 0);
	KUNIT_EXPECT_EQ(test, uicc_sw_pin_tries(0x6983), 0);
	KUNIT_EXPECT_EQ(test, uicc_sw_pin_tries(0x9840), 0);
	KUNIT_EXPECT_EQ(test, uicc_sw_pin_tries(0x6982), -ENODATA);
}

/* No such application: 6A82, or 6A88. */
static void quirk_unknown_aid(struct kunit *test)
{
	struct card *card = test->priv;

	KUNIT_ASSERT_EQ(test, uicc_apdu_select_aid(&card->apdu, pkcs15_aid, 12, true), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { SELECT_PKCS15, "6A82" }), -ENOENT);
	KUNIT_EXPECT_EQ(test, RUN(test, { SELECT_PKCS15, "6A88" }), -ENOENT);
}

/* No READ without a PIN: 6982, 6900, or 9804. */
static void quirk_protected(struct kunit *test)
{
	struct card *card = test->priv;

	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 4), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 04", "6982" }), -EACCES);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 04", "6900" }), -EACCES);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 04", "9804" }), -EACCES);
}

/* No such record: 6A83, or 6A84. */
static void quirk_missing_record(struct kunit *test)
{
	static const char * const answers[] = { "6A83", "6A84" };
	struct card *card = test->priv;
	size_t i;

	KUNIT_ASSERT_EQ(test, uicc_apdu_read_record(&card->apdu, 0, 3, 4), 0);
	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		KUNIT_EXPECT_EQ(test, RUN(test, { "00 B2 03 04 04", answers[i] }), -ENOENT);
		KUNIT_EXPECT_TRUE(test, uicc_sw_ends_file(card->r.sw));
	}
}

/* A path from the MF that leads into an application: 6A82. Another way is the core's. */
static void quirk_path_into_application(struct kunit *test)
{
	struct card *card = test->priv;

	KUNIT_ASSERT_EQ(test, uicc_apdu_select_path(&card->apdu, (u16[]){ 0x7fff, 0x5031 }, 2,
						    false), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 08 0C 04 7FFF5031", "6A82" }), -ENOENT);
}

/* No channel to be had: 6D00, 6881, 6A81. The basic one then is the core's choice. */
static void quirk_no_channel(struct kunit *test)
{
	static const char * const answers[] = { "6D00", "6881", "6A81" };
	struct card *card = test->priv;
	size_t i;

	uicc_apdu_channel_open(&card->apdu);
	for (i = 0; i < ARRAY_SIZE(answers); i++)
		KUNIT_EXPECT_EQ(test, RUN(test, { "00 70 00 00 01", answers[i] }), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 70 00 00 01", "01 9000" }), 0);
	expect_data(test, "01");
}

static void apdu_broken_transport(struct kunit *test)
{
	struct card *card = test->priv;

	KUNIT_ASSERT_EQ(test, uicc_apdu_read_binary(&card->apdu, 0, 4), 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 04", "" }), -EPROTO);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 04", "90" }), -EPROTO);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 04", "6090" }), -EPROTO);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 04", "B000" }), -EPROTO);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 04", NULL, 1000 }), -EPROTO);
	KUNIT_EXPECT_EQ(test, card->r.sw, 0);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 04", NULL, -ENODEV }), -ENODEV);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 B0 00 00 04", NULL, -ETIMEDOUT }), -ETIMEDOUT);
	uicc_apdu_select_fid(&card->apdu, UICC_MODE_UICC, 0x2f00, true);
	KUNIT_EXPECT_EQ(test, RUN(test, { "00 A4 00 04 02 2F00", "6102" },
				  { "00 C0 00 00 02", NULL, -ENODEV }), -ENODEV);
}

/* --- status words --------------------------------------------------------- */

static void apdu_status_words(struct kunit *test)
{
	static const struct {
		u16 sw;
		int uicc;
		int sim;
	} row[] = {
		{ 0x9000, 0, 0 }, { 0x9001, -EPROTO, -EPROTO }, { 0x9100, 0, 0 },
		{ 0x91ff, 0, 0 }, { 0x9200, 0, 0 }, { 0x9240, 0, -EIO }, { 0x9300, -EBUSY, -EBUSY },
		{ 0x6105, 0, 0 }, { 0x9f05, 0, 0 }, { 0x6200, 0, 0 }, { 0x6281, -EIO, -EIO },
		{ 0x6282, 0, 0 }, { 0x6283, 0, 0 }, { 0x63c2, -EACCES, -EACCES },
		{ 0x62f1, 0, 0 }, { 0x62f2, 0, 0 }, { 0x62f3, 0, 0 }, { 0x63f1, 0, 0 },
		{ 0x63f2, 0, 0 }, { 0x63f3, -EACCES, -EACCES }, { 0x6400, -EIO, -EIO },
		{ 0x6581, -EIO, -EIO }, { 0x6700, -EPROTO, -EPROTO },
		{ 0x6881, -EOPNOTSUPP, -EOPNOTSUPP }, { 0x6900, -EACCES, -EACCES },
		{ 0x6981, -EOPNOTSUPP, -EOPNOTSUPP }, { 0x6982, -EACCES, -EACCES },
		{ 0x6983, -EACCES, -EACCES }, { 0x6985, -EACCES, -EACCES },
		{ 0x6986, -EPROTO, -EPROTO }, { 0x6999, -ENOENT, -ENOENT },
		{ 0x6a81, -EOPNOTSUPP, -EOPNOTSUPP }, { 0x6a82, -ENOENT, -ENOENT },
		{ 0x6a83, -ENOENT, -ENOENT }, { 0x6a84, -ENOENT, -ENOENT },
		{ 0x6a88, -ENOENT, -ENOENT }, { 0x6b00, -ERANGE, -ERANGE },
		{ 0x6c10, -EPROTO, -EPROTO }, { 0x6d00, -EOPNOTSUPP, -EOPNOTSUPP },
		{ 0x6e00, -EOPNOTSUPP, -EOPNOTSUPP }, { 0x6f00, -EPROTO, -EPROTO },
		{ 0x9402, -ERANGE, -ERANGE }, { 0x9404, -ENOENT, -ENOENT },
		{ 0x9408, -EOPNOTSUPP, -EOPNOTSUPP }, { 0x9804, -EACCES, -EACCES },
		{ 0x9840, -EACCES, -EACCES }, { 0x0000, -EPROTO, -EPROTO },
		{ 0x6984, -EACCES, -EACCES }, { 0x9802, -EACCES, -EACCES },
		{ 0x9808, -EACCES, -EACCES }, { 0x9810, -EACCES, -EACCES },
		{ 0x6882, -EOPNOTSUPP, -EOPNOTSUPP }, { 0x6a86, -EOPNOTSUPP, -EOPNOTSUPP },
		{ 0x6a87, -EPROTO, -EPROTO }, { 0x6dff, -EOPNOTSUPP, -EOPNOTSUPP },
		{ 0x9400, -EPROTO, -EPROTO }, { 0x6980, -EPROTO, -EPROTO },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		KUNIT_EXPECT_EQ_MSG(test, uicc_sw_to_errno(row[i].sw, UICC_MODE_UICC),
				    row[i].uicc, "%04x", row[i].sw);
		KUNIT_EXPECT_EQ_MSG(test, uicc_sw_to_errno(row[i].sw, UICC_MODE_SIM2G),
				    row[i].sim, "%04x", row[i].sw);
	}
}

static void apdu_end_of_file(struct kunit *test)
{
	static const u16 end[] = { 0x6282, 0x6b00, 0x6b10, 0x6a83, 0x6a84, 0x9402 };
	static const u16 other[] = { 0x9000, 0x6982, 0x6a82, 0x9404, 0x6281, 0x6d00 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(end); i++)
		KUNIT_EXPECT_TRUE(test, uicc_sw_ends_file(end[i]));
	for (i = 0; i < ARRAY_SIZE(other); i++)
		KUNIT_EXPECT_FALSE(test, uicc_sw_ends_file(other[i]));
}

static struct kunit_case apdu_cases[] = {
	KUNIT_CASE(apdu_cases_t0),
	KUNIT_CASE(apdu_cases_t1),
	KUNIT_CASE(apdu_classes),
	KUNIT_CASE(apdu_extended),
	KUNIT_CASE(apdu_extended_answer),
	KUNIT_CASE(apdu_not_sendable),
	KUNIT_CASE(apdu_2g),
	KUNIT_CASE(apdu_wrong_le),
	KUNIT_CASE(quirk_eof_6c00),
	KUNIT_CASE(apdu_wrong_le_2g),
	KUNIT_CASE(apdu_wrong_le_for_ever),
	KUNIT_CASE(apdu_get_response_for_ever),
	KUNIT_CASE(apdu_get_response_chain),
	KUNIT_CASE(quirk_get_response_longer),
	KUNIT_CASE(apdu_read_longer),
	KUNIT_CASE(quirk_read_p3_zero),
	KUNIT_CASE(quirk_ack_then_status),
	KUNIT_CASE(quirk_select_p2),
	KUNIT_CASE(quirk_success_91xx),
	KUNIT_CASE(apdu_success_92xx),
	KUNIT_CASE(apdu_warning),
	KUNIT_CASE(apdu_blocks),
	KUNIT_CASE(apdu_tries),
	KUNIT_CASE(quirk_unknown_aid),
	KUNIT_CASE(quirk_protected),
	KUNIT_CASE(quirk_missing_record),
	KUNIT_CASE(quirk_path_into_application),
	KUNIT_CASE(quirk_no_channel),
	KUNIT_CASE(apdu_broken_transport),
	KUNIT_CASE(apdu_status_words),
	KUNIT_CASE(apdu_end_of_file),
	{}
};

static struct kunit_suite apdu_suite = {
	.name = "uicc_apdu",
	.init = apdu_test_init,
	.test_cases = apdu_cases,
};

kunit_test_suite(apdu_suite);
