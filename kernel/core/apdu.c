// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command and response APDUs (TS 102 221 clauses 7.3 and 10, TS 51.011 clause 9):
 * the procedure above the transport, and status words. It knows no device and no
 * file cache; bytes go through a callback.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "apdu.h"

#define INS_GET_RESPONSE	0xc0
#define INS_UPDATE_BINARY	0xd6
#define INS_SET_DATA		0xdb
#define INS_UPDATE_RECORD	0xdc

#define CLA_2G			0xa0

/* A card that answers "wrong length" to the very Le it named is asked no third time. */
#define RESEND_MAX		2

/* One exchange in progress. */
struct apdu_run {
	struct uicc_apdu_io *io;
	struct uicc_rapdu *r;
	size_t cap;	/* most bytes of answer to keep */
	unsigned int rounds;	/* GET RESPONSE, repeats for a wrong Le not counted */
};

/* TS 102 221 10.1.1 */
static u8 apdu_class(const struct uicc_apdu_io *io, u8 cla)
{
	if (io->mode == UICC_MODE_SIM2G)
		return CLA_2G;
	if (io->channel <= 3)
		return cla | io->channel;
	return cla | 0x40 | (io->channel - 4);
}

/* The right Le is SW2: 6Cxx, and of a 2G card also 67xx but 6700 (TS 51.011 9.4.6). */
static bool sw_wrong_le(u16 sw, enum uicc_mode mode)
{
	return sw >> 8 == 0x6c || (mode == UICC_MODE_SIM2G && sw >> 8 == 0x67 && (sw & 0xff));
}

/* Sends io->cmd; keeps data and status word of the answer. */
static int apdu_transmit(struct apdu_run *run, size_t cmd_len)
{
	struct uicc_apdu_io *io = run->io;
	struct uicc_rapdu *r = run->r;
	size_t data, keep;
	u8 sw1;
	int n;

	n = io->transmit(io->ctx, io->cmd, cmd_len, io->rsp, io->rsp_size);
	if (n < 0)
		return n;
	if (n < 2 || n > io->rsp_size)
		return -EPROTO;
	data = n - 2;
	sw1 = io->rsp[data];
	/* ISO 7816-3 10.3.3: SW1 is 6X or 9X, and 60 is no status */
	if (((sw1 & 0xf0) != 0x60 && (sw1 & 0xf0) != 0x90) || sw1 == 0x60)
		return -EPROTO;
	r->sw = sw1 << 8 | io->rsp[data + 1];
	if (sw_wrong_le(r->sw, io->mode))
		return 0;	/* what comes with "wrong length" is no answer */

	keep = min_t(size_t, data, run->cap - r->len);
	if (keep) {
		memcpy(r->data + r->len, io->rsp, keep);
		r->len += keep;
	}
	if (keep < data)
		r->truncated = true;
	return 0;
}

/* Writes @apdu with this Le to io->cmd as TPDU or APDU; returns its length. */
static size_t apdu_put(struct uicc_apdu_io *io, const struct uicc_apdu *apdu, u16 le)
{
	bool extended = apdu->lc > UICC_APDU_DATA_MAX || le > 256;
	u8 *p = io->cmd;

	*p++ = apdu_class(io, apdu->cla);
	*p++ = apdu->ins;
	*p++ = apdu->p1;
	*p++ = apdu->p2;
	/* ISO 7816-4 5.1: Lc in one byte, or in three of which the first is 0 */
	if (apdu->lc) {
		if (extended) {
			*p++ = 0;
			*p++ = apdu->lc >> 8;
		}
		*p++ = apdu->lc;
		memcpy(p, apdu->data ?: apdu->built, apdu->lc);
		p += apdu->lc;
	}
	if (io->t0) {
		/* P3 is always there; case 4 is sent as case 3, GET RESPONSE follows. */
		if (!apdu->lc)
			*p++ = le;	/* 256 is sent as 00 */
	} else if (le) {
		if (extended) {
			if (!apdu->lc)
				*p++ = 0;
			*p++ = le >> 8;
		}
		*p++ = le;
	}
	return p - io->cmd;
}

/* Sends @apdu, again with the Le the card names. */
static int apdu_send(struct apdu_run *run, const struct uicc_apdu *apdu)
{
	struct uicc_apdu_io *io = run->io;
	unsigned int resend;
	u16 le = apdu->le;
	int ret;

	ret = apdu_transmit(run, apdu_put(io, apdu, le));
	if (!le || (io->t0 && apdu->lc))
		return ret;	/* no Le was sent */
	for (resend = 0; !ret && sw_wrong_le(run->r->sw, io->mode) && resend < RESEND_MAX;
	     resend++) {
		le = (run->r->sw & 0xff) ?: 256;
		ret = apdu_transmit(run, apdu_put(io, apdu, le));
	}
	return ret;
}

static bool sw_more(u16 sw)
{
	return sw >> 8 == 0x61 || sw >> 8 == 0x9f;
}

static bool sw_warning(u16 sw)
{
	return sw >> 8 == 0x62 || sw >> 8 == 0x63;
}

static int apdu_get_response(struct apdu_run *run, u16 le)
{
	const struct uicc_apdu apdu = { .ins = INS_GET_RESPONSE, .le = le };

	if (++run->rounds > UICC_GET_RESPONSE_MAX)
		return -EPROTO;
	return apdu_send(run, &apdu);
}

/* Fetches what 61xx, 9Fxx or a warning announced (TS 102 221 7.3.1.1.4). */
static int apdu_fetch(struct apdu_run *run, const struct uicc_apdu *apdu)
{
	struct uicc_rapdu *r = run->r;
	u16 warning = 0;
	int ret;

	if (sw_warning(r->sw) && !r->len && run->io->t0 && apdu->lc) {
		/* The answer waits behind the warning. */
		warning = r->sw;
		ret = apdu_get_response(run, 256);
		if (ret)
			return ret;
	}
	while (sw_more(r->sw)) {
		if (r->len == run->cap) {
			r->truncated = true;
			return 0;
		}
		ret = apdu_get_response(run, (r->sw & 0xff) ?: 256);
		if (ret)
			return ret;
	}
	/* It says more than the plain success, or the refusal, of GET RESPONSE. */
	if (warning && (!r->len || r->sw == 0x9000))
		r->sw = warning;
	return 0;
}

static bool apdu_sendable(const struct uicc_apdu_io *io, const struct uicc_apdu *apdu)
{
	bool extended = io->extended && !io->t0;

	return io->channel <= UICC_CHANNEL_MAX &&
	       apdu->lc <= (extended ? UICC_APDU_EXT_MAX : UICC_APDU_DATA_MAX) &&
	       apdu->le <= (extended ? UICC_APDU_EXT_MAX : 256) &&
	       (apdu->data || apdu->lc <= sizeof(apdu->built)) &&
	       apdu->lc + (extended ? 9 : 6) <= io->cmd_size && apdu->le + 2 <= io->rsp_size;
}

/**
 * uicc_apdu_exchange() - send one command and collect its whole answer
 * @io: the way to the card; its scratch buffers are used, so one exchange at a time
 * @apdu: the command
 * @r: the answer; the caller sets @data and @size, the rest is set here
 *
 * Does the procedure of T=0 (case 4 as case 3 and GET RESPONSE) and, for any
 * protocol, follows 61xx, 9Fxx and 6Cxx (of a 2G card 67xx). Where APDUs go out, the
 * extended form (ISO 7816-4 5.1) is taken only when @lc or @le need it. The number of
 * commands sent is bounded by 3 * (UICC_GET_RESPONSE_MAX + 1), whatever the card does.
 * An answer longer than asked is cut, see struct uicc_rapdu. @r->sw is what the card
 * said last, not judged: see uicc_apdu_errno().
 *
 * Context: what @io->transmit needs; process context for every transport.
 * Return: 0 when there is a status word; -EINVAL for a command that cannot be
 * sent; -EPROTO for an answer without a status word or a chain without end;
 * else what @io->transmit returned (-ENODEV, -ETIMEDOUT, -EINTR ...).
 */
int uicc_apdu_exchange(struct uicc_apdu_io *io, const struct uicc_apdu *apdu,
		       struct uicc_rapdu *r)
{
	struct apdu_run run = { .io = io, .r = r };
	int ret;

	r->len = 0;
	r->sw = 0;
	r->truncated = false;
	if (!apdu_sendable(io, apdu))
		return -EINVAL;
	/* Le = 256 means "all there is", which a chain of 61xx may make longer. */
	run.cap = apdu->le != 256 ? min_t(size_t, apdu->le, r->size) : r->size;

	ret = apdu_send(&run, apdu);
	if (!ret && apdu->le)
		ret = apdu_fetch(&run, apdu);

	memzero_explicit(io->cmd, io->cmd_size);	/* a PIN in, file content out */
	memzero_explicit(io->rsp, io->rsp_size);
	return ret;
}

static int sw_success(u16 sw, enum uicc_mode mode)
{
	switch (sw >> 8) {
	case 0x90:
		return sw == 0x9000 ? 0 : -EPROTO;
	case 0x61:
	case 0x91:	/* a proactive command waits: not our business */
	case 0x9f:
		return 0;
	case 0x92:	/* TS 102 221: transfer information; TS 51.011: 9240 memory problem */
		return mode == UICC_MODE_SIM2G && sw == 0x9240 ? -EIO : 0;
	case 0x62:	/* the data is there; 6281: but may be corrupted */
		return sw == 0x6281 ? -EIO : 0;
	case 0x63:	/* 63F1, 63F2: SET DATA expects the next block */
		return uicc_sw_more_blocks(sw) ? 0 : 1;
	default:
		return 1;
	}
}

/* The first that fits counts. */
static const struct {
	u16 sw;
	u16 mask;
	int ret;
} sw_errno[] = {
	{ 0x6a82, 0xffff, -ENOENT },	/* file or application */
	{ 0x6a83, 0xffff, -ENOENT },	/* record */
	{ 0x6a84, 0xffff, -ENOENT },	/* seen in place of 6A83 and of 6A82 */
	{ 0x6a88, 0xffff, -ENOENT },	/* seen in place of 6A82 for an unknown AID */
	{ 0x6999, 0xffff, -ENOENT },	/* application cannot be selected */
	{ 0x9404, 0xffff, -ENOENT },
	{ 0x6900, 0xffff, -EACCES },	/* seen in place of 6982 */
	{ 0x6982, 0xffff, -EACCES },
	{ 0x6983, 0xffff, -EACCES },
	{ 0x6984, 0xffff, -EACCES },
	{ 0x6985, 0xffff, -EACCES },
	{ 0x9802, 0xffff, -EACCES },
	{ 0x9804, 0xffff, -EACCES },
	{ 0x9808, 0xffff, -EACCES },
	{ 0x9810, 0xffff, -EACCES },
	{ 0x9840, 0xffff, -EACCES },
	{ 0x6300, 0xff00, -EACCES },	/* 63Cx: wrong PIN, x tries left */
	{ 0x9402, 0xffff, -ERANGE },
	{ 0x6b00, 0xff00, -ERANGE },
	{ 0x6981, 0xffff, -EOPNOTSUPP },
	{ 0x6a81, 0xffff, -EOPNOTSUPP },
	{ 0x6a86, 0xffff, -EOPNOTSUPP },
	{ 0x6881, 0xffff, -EOPNOTSUPP },
	{ 0x6882, 0xffff, -EOPNOTSUPP },
	{ 0x9408, 0xffff, -EOPNOTSUPP },
	{ 0x6d00, 0xff00, -EOPNOTSUPP },
	{ 0x6e00, 0xff00, -EOPNOTSUPP },
	{ 0x6400, 0xffff, -EIO },
	{ 0x6581, 0xffff, -EIO },
	{ 0x9300, 0xff00, -EBUSY },
};

/**
 * uicc_sw_to_errno() - what a status word means, whatever the command was
 * @sw: status word
 * @mode: mode of the card
 *
 * Context: any.
 * Return: 0 for success (91xx in both modes, 92xx, and warnings but 63Cx included);
 * -ENOENT no such file, application or record; -EACCES not without a PIN or not
 * at all; -ERANGE offset outside of the file; -EOPNOTSUPP command, class, channel
 * or file structure not supported; -EBUSY; -EIO the card's memory; -EPROTO for
 * everything that no reader expects.
 */
int uicc_sw_to_errno(u16 sw, enum uicc_mode mode)
{
	int ret = sw_success(sw, mode);
	size_t i;

	if (ret <= 0)
		return ret;
	for (i = 0; i < ARRAY_SIZE(sw_errno); i++)
		if ((sw & sw_errno[i].mask) == sw_errno[i].sw)
			return sw_errno[i].ret;
	return -EPROTO;
}

/**
 * uicc_apdu_errno() - what a status word means as the answer to a command
 * @apdu: the command
 * @sw: status word
 * @mode: mode of the card
 *
 * To a command that writes, 63Cx says "done at the x-th try", not "x tries left",
 * and 6A84 "no memory left", not "no such record".
 *
 * Context: any.
 * Return: as uicc_sw_to_errno(), and -ENOSPC.
 */
int uicc_apdu_errno(const struct uicc_apdu *apdu, u16 sw, enum uicc_mode mode)
{
	switch (apdu->ins) {
	case INS_UPDATE_BINARY:
	case INS_UPDATE_RECORD:
	case INS_SET_DATA:
		if ((sw & 0xfff0) == 0x63c0)
			return 0;
		if (sw == 0x6a84)
			return -ENOSPC;
	}
	return uicc_sw_to_errno(sw, mode);
}

/**
 * uicc_sw_ends_file() - does a READ answered by this status word mark the end?
 * @sw: status word of READ BINARY or READ RECORD
 *
 * Context: any.
 * Return: true for "end before Le", "offset outside of the file" and "no such
 * record" in all their spellings.
 */
bool uicc_sw_ends_file(u16 sw)
{
	return sw == 0x6282 || sw >> 8 == 0x6b || sw == 0x6a83 || sw == 0x6a84 || sw == 0x9402;
}

/**
 * uicc_sw_more_blocks() - does the object go on behind this block?
 * @sw: status word of RETRIEVE DATA or SET DATA
 *
 * Context: any.
 * Return: true for "more data available" and "more data expected", also with a
 * proactive command waiting (TS 102 221 10.2.1.2).
 */
bool uicc_sw_more_blocks(u16 sw)
{
	return sw == 0x62f1 || sw == 0x62f2 || sw == 0x63f1 || sw == 0x63f2;
}

/**
 * uicc_sw_pin_tries() - tries left for a PIN
 * @sw: status word of VERIFY, with a PIN or without
 *
 * Context: any.
 * Return: 0..15; 0 also for "blocked" in all its spellings; -ENODATA when the
 * status word says nothing about it.
 */
int uicc_sw_pin_tries(u16 sw)
{
	if ((sw & 0xfff0) == 0x63c0)
		return sw & 0x0f;
	return sw == 0x6983 || sw == 0x9840 ? 0 : -ENODATA;
}
