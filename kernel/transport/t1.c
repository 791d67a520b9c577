// SPDX-License-Identifier: GPL-2.0-only
/*
 * T=1 (ISO 7816-3 clause 11): a command and its response as blocks, and what to do when one
 * is lost or damaged. How a block reaches the card, the callback knows.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "iso7816.h"

/* 11.3.2.2: the PCB */
#define T1_I_SEQUENCE	BIT(6)
#define T1_I_MORE	BIT(5)
#define T1_R		0x80
#define T1_R_SEQUENCE	BIT(4)
#define T1_S_REQUEST	0xc0
#define T1_S_RESPONSE	0xe0

enum t1_s {
	T1_RESYNCH,
	T1_IFS,
	T1_ABORT,
	T1_WTX,
};

/* What an R-block says of what came: error-free, EDC or parity, anything else. */
enum t1_reason {
	T1_GOOD,
	T1_EDC,
	T1_OTHER,
};

#define T1_PROLOGUE	3
/* 11.6.3.2: in a row that failed before we try S(RESYNCH), rule 7.4; that, rule 6.4 */
#define T1_RETRIES	3
#define T1_ATTEMPTS	3
/* Blocks of a command beyond one for each byte: what a card may ask for meanwhile. */
#define T1_BLOCKS	1024

/**
 * struct t1_xfer - a command on its way, and its response
 * @command: what is left of the command; its first bytes are in the I-block that is out
 * @len: length of @command; 0: the card has all, and the right to send
 * @cut: how many bytes of it the I-block that is out has
 * @response: room for the response
 * @size: its size
 * @got: bytes in it
 * @errors: in a row: nothing, or nothing valid came, or the card wants something again
 * @aborted: the card ended the chain: what it says next, if anything, is the response
 * @whole: the card may have the command's last block, and may have carried it out; or it gave
 *	it up: in either case it is not sent again
 */
struct t1_xfer {
	const u8 *command;
	size_t len;
	size_t cut;
	u8 *response;
	size_t size;
	size_t got;
	unsigned int errors;
	bool aborted;
	bool whole;
};

/* --- blocks ------------------------------------------------------------------ */

/* ISO/IEC 13239: x^16 + x^12 + x^5 + 1, from all ones, least significant bit first */
static u16 t1_crc(const u8 *bytes, size_t len)
{
	u16 crc = 0xffff;
	int i;

	while (len--) {
		crc ^= *bytes++;
		for (i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ 0x8408 : crc >> 1;
	}
	return crc;
}

/* Writes the EDC of a block of @len bytes behind it; returns its length. */
static size_t t1_edc(const struct iso7816_t1 *t1, const u8 *block, size_t len, u8 *edc)
{
	size_t i;
	u16 crc;

	if (t1->crc) {
		crc = t1_crc(block, len);
		edc[0] = crc >> 8;
		edc[1] = crc;
		return 2;
	}
	edc[0] = 0;
	for (i = 0; i < len; i++)
		edc[0] ^= block[i];
	return 1;
}

/* Makes the block that goes out next. */
static void t1_make(struct iso7816_t1 *t1, u8 pcb, const u8 *inf, u8 len)
{
	t1->out[0] = 0;		/* NAD: one card, one program */
	t1->out[1] = pcb;
	t1->out[2] = len;
	if (len)
		memcpy(t1->out + T1_PROLOGUE, inf, len);
	t1->out_len = T1_PROLOGUE + len;
	t1->out_len += t1_edc(t1, t1->out, t1->out_len, t1->out + t1->out_len);
}

static void t1_make_i(struct iso7816_t1 *t1, struct t1_xfer *x)
{
	x->cut = min_t(size_t, x->len, t1->ifsc);
	t1_make(t1, (t1->ns ? T1_I_SEQUENCE : 0) | (x->cut < x->len ? T1_I_MORE : 0),
		x->command, x->cut);
	x->whole |= x->cut == x->len;
}

static void t1_make_r(struct iso7816_t1 *t1, enum t1_reason reason)
{
	t1_make(t1, T1_R | (t1->nr ? T1_R_SEQUENCE : 0) | reason, NULL, 0);
}

static bool t1_is_i(u8 pcb)
{
	return !(pcb & 0x80);
}

static bool t1_is_r(u8 pcb)
{
	return (pcb & 0xc0) == T1_R;
}

static bool t1_is_s(u8 pcb, u8 base)
{
	return (pcb & 0xe0) == base;
}

/* Is what came a block that somebody could have meant? Sets in_len. */
static enum t1_reason t1_check(struct iso7816_t1 *t1, size_t len)
{
	const u8 *in = t1->in;
	u8 pcb = in[1], edc[2];
	size_t edc_len = t1->crc ? 2 : 1;

	if (len < T1_PROLOGUE + edc_len || in[2] > ISO7816_IFS_MAX)
		return T1_OTHER;
	if (len != T1_PROLOGUE + in[2] + edc_len)
		return T1_OTHER;
	t1_edc(t1, in, len - edc_len, edc);
	if (memcmp(edc, in + len - edc_len, edc_len))
		return T1_EDC;
	t1->in_len = in[2];
	if (in[0])
		return T1_OTHER;
	if (t1_is_i(pcb))
		return pcb & 0x1f || in[2] > t1->ifsd ? T1_OTHER : T1_GOOD;
	if (t1_is_r(pcb))
		return pcb & 0x2c || in[2] ? T1_OTHER : T1_GOOD;
	switch (pcb & 0x1f) {
	case T1_RESYNCH:
		/* 11.6.2.3: nobody but we may ask */
		return in[2] || pcb == T1_S_REQUEST ? T1_OTHER : T1_GOOD;
	case T1_ABORT:
		return in[2] ? T1_OTHER : T1_GOOD;
	case T1_IFS:
		return in[2] != 1 || !in[3] || in[3] > ISO7816_IFS_MAX ? T1_OTHER : T1_GOOD;
	case T1_WTX:
		return in[2] != 1 ? T1_OTHER : T1_GOOD;
	default:
		return T1_OTHER;
	}
}

/*
 * Sends the block that is made and receives one. Returns T1_GOOD, how bad it is that came, or
 * an errno that ends it all.
 */
static int t1_exchange(struct iso7816_t1 *t1)
{
	u8 wtx = t1->wtx;
	int ret;

	t1->wtx = 1;
	if (!t1->blocks)
		return -EPROTO;
	t1->blocks--;
	if (t1->ops->now_ms(t1->ctx) >= t1->deadline_ms)
		return -ETIMEDOUT;
	ret = t1->ops->block(t1->ctx, t1->out, t1->out_len, t1->in, sizeof(t1->in), wtx);
	if (ret == -EBADMSG)
		return T1_EDC;
	if (ret == -ETIMEDOUT)
		return T1_OTHER;
	return ret < 0 ? ret : t1_check(t1, ret);
}

/* --- requests of ours ---------------------------------------------------------- */

/* Returns 0, -EIO when the card never gave the answer, or an errno that ends it all. */
static int t1_request(struct iso7816_t1 *t1, enum t1_s what, u8 value)
{
	u8 len = what == T1_IFS;
	int i, ret;

	for (i = 0; i < T1_ATTEMPTS; i++) {
		t1_make(t1, T1_S_REQUEST | what, &value, len);
		ret = t1_exchange(t1);
		if (ret < 0)
			return ret;
		if (ret == T1_GOOD && t1->in[1] == (T1_S_RESPONSE | what) &&
		    (!len || t1->in[T1_PROLOGUE] == value))
			return 0;
	}
	return -EIO;
}

/* 11.6.3.2, rule 6.3: both sides begin again, as after the reset. */
static int t1_resynch(struct iso7816_t1 *t1)
{
	int ret;

	ret = t1_request(t1, T1_RESYNCH, 0);
	if (ret)
		return ret;
	t1->lost = false;
	t1->ns = 0;
	t1->nr = 0;
	t1->ifsc = t1->ifsc_initial;
	if (!t1->ifsd_known) {
		t1->ifsd = ISO7816_IFS_DEFAULT;
		t1->announced = false;
	}
	return 0;
}

/* Tells the card how long its blocks may be; a card that does not listen keeps to 32. */
static int t1_announce(struct iso7816_t1 *t1)
{
	int ret;

	if (t1->announced)
		return 0;
	ret = t1_request(t1, T1_IFS, t1->ifsd_max);
	if (ret == -EIO)
		ret = t1_resynch(t1);
	else if (!ret)
		t1->ifsd = t1->ifsd_max;
	t1->announced = true;
	return ret;
}

/* --- a command ------------------------------------------------------------------- */

/* The card answers an S-request of its own with what we send next. */
static void t1_answer(struct iso7816_t1 *t1, struct t1_xfer *x)
{
	u8 what = t1->in[1] & 0x1f, value = t1->in[T1_PROLOGUE];

	if (what == T1_IFS)
		t1->ifsc = value;
	if (what == T1_WTX)
		t1->wtx = value ?: 1;
	if (what == T1_ABORT && !x->aborted) {
		/* Of a chain of ours it has the block that it answers (Annex A, scenario 27). */
		if (x->len)
			t1->ns ^= 1;
		x->aborted = true;
		x->whole = true;
		x->len = 0;
		x->got = 0;
	}
	x->errors = 0;
	t1_make(t1, T1_S_RESPONSE | what, &value, t1->in_len);
}

/* What came was no good: 11.6.3.2, rules 7.1 to 7.3. Returns 0 or -EIO. */
static int t1_again(struct iso7816_t1 *t1, struct t1_xfer *x, enum t1_reason reason)
{
	if (++x->errors > T1_RETRIES)
		return -EIO;
	if (!t1_is_r(t1->out[1]))
		t1_make_r(t1, reason);
	return 0;
}

/* The card acknowledges a block, or wants one again. Returns 1 when the command is over. */
static int t1_got_r(struct iso7816_t1 *t1, struct t1_xfer *x)
{
	u8 nr = !!(t1->in[1] & T1_R_SEQUENCE);

	if (x->aborted) {
		t1->ns = nr;
		return 1;
	}
	if (!x->len)			/* we receive: it has not understood our R-block */
		return t1_again(t1, x, T1_OTHER);
	if (nr == t1->ns) {
		if (++x->errors > T1_RETRIES)
			return -EIO;
		t1_make_i(t1, x);
		return 0;
	}
	if (x->cut == x->len)		/* to the last block, a response is the answer */
		return t1_again(t1, x, T1_OTHER);
	x->errors = 0;
	x->command += x->cut;
	x->len -= x->cut;
	t1->ns ^= 1;
	t1_make_i(t1, x);
	return 0;
}

/* Returns 1 when the command is over, -EMSGSIZE when the response is too long. */
static int t1_got_i(struct iso7816_t1 *t1, struct t1_xfer *x)
{
	u8 ns = !!(t1->in[1] & T1_I_SEQUENCE);

	if (ns != t1->nr || (x->len && x->cut < x->len))
		return t1_again(t1, x, T1_OTHER);
	if (x->len) {
		t1->ns ^= 1;
		x->len = 0;
	}
	x->errors = 0;
	t1->nr ^= 1;
	if (t1->in_len > x->size - x->got)
		return -EMSGSIZE;
	memcpy(x->response + x->got, t1->in + T1_PROLOGUE, t1->in_len);
	x->got += t1->in_len;
	if (!(t1->in[1] & T1_I_MORE))
		return 1;
	t1_make_r(t1, T1_GOOD);
	return 0;
}

/* Returns 0, or an errno. -EIO: nothing helped but S(RESYNCH), which is still to be tried. */
static int t1_run(struct iso7816_t1 *t1, struct t1_xfer *x)
{
	u8 pcb;
	int ret;

	t1_make_i(t1, x);
	do {
		ret = t1_exchange(t1);
		if (ret < 0)
			return ret;
		pcb = t1->in[1];
		if (ret != T1_GOOD) {
			ret = t1_again(t1, x, ret);
		} else if (t1_is_i(pcb)) {
			ret = t1_got_i(t1, x);
		} else if (t1_is_r(pcb)) {
			ret = t1_got_r(t1, x);
		} else if (t1_is_s(pcb, T1_S_REQUEST)) {
			t1_answer(t1, x);
			ret = 0;
		} else {
			ret = t1_again(t1, x, T1_OTHER);
		}
	} while (!ret);
	return ret < 0 ? ret : 0;
}

/**
 * iso7816_t1_init() - begin T=1 with a card that was just reset
 * @t1: to be filled
 * @atr: its ATR
 * @ops: callbacks
 * @ctx: what they get
 *
 * Context: any.
 */
void iso7816_t1_init(struct iso7816_t1 *t1, const struct uicc_atr *atr,
		     const struct iso7816_t1_ops *ops, void *ctx)
{
	memset(t1, 0, sizeof(*t1));
	t1->ops = ops;
	t1->ctx = ctx;
	t1->ifsd_max = ISO7816_IFS_MAX;
	t1->crc = atr->crc;
	t1->ifsc_initial = atr->ifsc;
	t1->ifsc = atr->ifsc;
	t1->ifsd = ISO7816_IFS_DEFAULT;
	t1->wtx = 1;
}
EXPORT_SYMBOL_GPL(iso7816_t1_init);

/**
 * iso7816_t1_transmit() - send a command and receive its response
 * @t1: the card's T=1
 * @command: an APDU
 * @len: its length
 * @response: room for the response
 * @size: its size
 *
 * A command that the card may have carried out is not sent a second time: where its response
 * is lost for good, the error is the answer, and the next command finds both sides in step.
 *
 * Context: process context, sleeps.
 * Return: length of the response, SW1 SW2 included; -EINVAL: this is no APDU; -EIO: the card
 * could not be understood; -ECONNABORTED: it gave the command up (S(ABORT)); -EMSGSIZE: the
 * response is longer than @size; -EPROTO: it is none, or the card has no end; -ETIMEDOUT: all
 * took longer than the limit; or what the callbacks return.
 */
int iso7816_t1_transmit(struct iso7816_t1 *t1, const u8 *command, size_t len,
			u8 *response, size_t size)
{
	struct t1_xfer x = {
		.response = response,
		.size = size,
	};
	bool again = true;
	int ret;

	if (len < 4 || size < 2)
		return -EINVAL;
	t1->deadline_ms = t1->ops->now_ms(t1->ctx) + (t1->limit_ms ?: ISO7816_LIMIT_MS);
	t1->blocks = len + size + T1_BLOCKS;
	if (t1->ifsd_known) {
		t1->announced = true;
		t1->ifsd = t1->ifsd_max;
	}
	ret = t1->lost ? t1_resynch(t1) : 0;
	do {
		ret = ret ?: t1_announce(t1);
		if (ret)
			break;
		x.command = command;
		x.len = len;
		x.errors = 0;
		ret = t1_run(t1, &x);
		if (ret != -EIO)
			break;
		ret = t1_resynch(t1);
		if (!ret && (x.whole || !again))
			return -EIO;
		again = false;
	} while (!ret);

	if (ret == -EMSGSIZE && !t1_request(t1, T1_ABORT, 0))
		return -EMSGSIZE;
	if (ret) {
		t1->lost = true;
		return ret;
	}
	if (x.aborted && !x.got)
		return -ECONNABORTED;
	return x.got >= 2 ? (int)x.got : -EPROTO;
}
EXPORT_SYMBOL_GPL(iso7816_t1_transmit);
