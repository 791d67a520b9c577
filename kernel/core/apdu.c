// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command and response APDUs (TS 102 221 clauses 7.3 and 10, TS 51.011 clause 9):
 * building, the T=0 procedure above the transport, and status words.
 * It knows no device and no file cache; bytes go through a callback.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "apdu.h"

#define INS_MANAGE_CHANNEL	0x70
#define INS_SELECT		0xa4
#define INS_READ_BINARY		0xb0
#define INS_READ_RECORD		0xb2
#define INS_GET_RESPONSE	0xc0
#define INS_STATUS		0xf2

#define CLA_2G			0xa0
#define CLA_ETSI		0x80

#define SELECT_BY_FID		0x00
#define SELECT_BY_AID		0x04
#define SELECT_BY_PATH_MF	0x08
#define SELECT_P2_FCP		0x04	/* TS 102 221 table 11.2 */
#define SELECT_P2_NO_DATA	0x0c
#define RECORD_ABSOLUTE		0x04

/* A card that answers "wrong length" to the very Le it named is asked no third time. */
#define RESEND_MAX		2

/* One exchange in progress. */
struct apdu_run {
	struct uicc_apdu_io *io;
	const struct uicc_apdu *apdu;
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

	n = io->transmit(io->ctx, io->cmd, cmd_len, io->rsp, sizeof(io->rsp));
	if (n < 0)
		return n;
	if (n < 2 || n > sizeof(io->rsp))
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

/* Sends the header in io->cmd with P3 = @le, again with the Le the card names. */
static int apdu_transmit_le(struct apdu_run *run, u16 le)
{
	struct uicc_apdu_io *io = run->io;
	unsigned int resend;
	int ret;

	io->cmd[4] = le;	/* 256 is sent as 00 */
	ret = apdu_transmit(run, 5);
	for (resend = 0; !ret && sw_wrong_le(run->r->sw, io->mode) && resend < RESEND_MAX;
	     resend++) {
		io->cmd[4] = run->r->sw;
		ret = apdu_transmit(run, 5);
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

/* Fetches what 61xx, 9Fxx or a warning announced (TS 102 221 7.3.1.1.4). */
static int apdu_get_response(struct apdu_run *run, u16 le)
{
	struct uicc_apdu_io *io = run->io;

	if (++run->rounds > UICC_GET_RESPONSE_MAX)
		return -EPROTO;
	io->cmd[0] = apdu_class(io, 0x00);
	io->cmd[1] = INS_GET_RESPONSE;
	io->cmd[2] = 0;
	io->cmd[3] = 0;
	return apdu_transmit_le(run, le);
}

static int apdu_fetch(struct apdu_run *run)
{
	struct uicc_rapdu *r = run->r;
	u16 le, warning;
	int ret;

	if (sw_warning(r->sw) && !r->len && run->io->t0 && run->apdu->lc) {
		/* The answer waits behind the warning; keep the warning if it does not. */
		warning = r->sw;
		ret = apdu_get_response(run, 256);
		if (ret)
			return ret;
		if (!r->len && !sw_more(r->sw))
			r->sw = warning;
	}
	while (sw_more(r->sw)) {
		if (r->len == run->cap) {
			r->truncated = true;
			return 0;
		}
		le = (r->sw & 0xff) ?: 256;
		ret = apdu_get_response(run, le);
		if (ret)
			return ret;
	}
	return 0;
}

static size_t apdu_put_body(struct uicc_apdu_io *io, const struct uicc_apdu *apdu)
{
	size_t n = 4;

	if (apdu->lc) {
		io->cmd[n++] = apdu->lc;
		memcpy(io->cmd + n, apdu->data, apdu->lc);
		n += apdu->lc;
		/* T=0: case 4 goes out as case 3, GET RESPONSE fetches the answer. */
		if (apdu->le && !io->t0)
			io->cmd[n++] = apdu->le;
	} else if (io->t0) {
		io->cmd[n++] = 0;	/* case 1: P3 = 0 */
	}
	return n;
}

/**
 * uicc_apdu_exchange() - send one command and collect its whole answer
 * @io: the way to the card; its scratch buffers are used, so one exchange at a time
 * @apdu: the command
 * @r: the answer; the caller sets @data and @size, the rest is set here
 *
 * Does the procedure of T=0 (case 4 as case 3 and GET RESPONSE) and, for any
 * protocol, follows 61xx, 9Fxx and 6Cxx (of a 2G card 67xx). The number of TPDUs is bounded by
 * 3 * (UICC_GET_RESPONSE_MAX + 1), whatever the card does. An answer longer than
 * asked is cut, see struct uicc_rapdu. @r->sw is what the card said last, not
 * judged: see uicc_sw_to_errno().
 *
 * Context: what @io->transmit needs; process context for every transport.
 * Return: 0 when there is a status word; -EINVAL for a command that cannot be
 * sent; -EPROTO for an answer without a status word or a chain without end;
 * else what @io->transmit returned (-ENODEV, -ETIMEDOUT, -EINTR ...).
 */
int uicc_apdu_exchange(struct uicc_apdu_io *io, const struct uicc_apdu *apdu,
		       struct uicc_rapdu *r)
{
	struct apdu_run run = { .io = io, .apdu = apdu, .r = r };
	int ret;

	r->len = 0;
	r->sw = 0;
	r->truncated = false;
	if (apdu->le > 256 || io->channel > UICC_CHANNEL_MAX)
		return -EINVAL;
	/* Le = 256 means "all there is", which a chain of 61xx may make longer. */
	run.cap = apdu->le < 256 ? min_t(size_t, apdu->le, r->size) : r->size;

	io->cmd[0] = apdu_class(io, apdu->cla);
	io->cmd[1] = apdu->ins;
	io->cmd[2] = apdu->p1;
	io->cmd[3] = apdu->p2;
	if (apdu->le && !apdu->lc)
		ret = apdu_transmit_le(&run, apdu->le);
	else
		ret = apdu_transmit(&run, apdu_put_body(io, apdu));
	if (!ret && apdu->le)
		ret = apdu_fetch(&run);

	memzero_explicit(io->cmd, sizeof(io->cmd));	/* a PIN in, file content out */
	memzero_explicit(io->rsp, sizeof(io->rsp));
	return ret;
}

/**
 * uicc_apdu_command() - uicc_apdu_exchange() and judge the status word
 * @io: the way to the card
 * @apdu: the command
 * @r: the answer, valid whatever is returned
 *
 * Context: as uicc_apdu_exchange().
 * Return: as uicc_apdu_exchange(), then as uicc_sw_to_errno().
 */
int uicc_apdu_command(struct uicc_apdu_io *io, const struct uicc_apdu *apdu,
		      struct uicc_rapdu *r)
{
	int ret = uicc_apdu_exchange(io, apdu, r);

	return ret ?: uicc_sw_to_errno(r->sw, io->mode);
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
	default:
		return 1;
	}
}

/**
 * uicc_sw_to_errno() - what a status word means to a reader of files
 * @sw: status word
 * @mode: mode of the card
 *
 * Context: any.
 * Return: 0 for success (91xx in both modes, 62xx warnings and 92xx included);
 * -ENOENT no such file, application or record; -EACCES not without a PIN or not
 * at all; -ERANGE offset outside of the file; -EOPNOTSUPP command, class, channel
 * or file structure not supported; -EBUSY; -EIO the card's memory; -EPROTO for
 * everything that no reader expects.
 */
int uicc_sw_to_errno(u16 sw, enum uicc_mode mode)
{
	int ret = sw_success(sw, mode);

	if (ret <= 0)
		return ret;
	switch (sw) {
	case 0x6a82:	/* file or application */
	case 0x6a83:	/* record */
	case 0x6a84:	/* seen in place of 6A83 and of 6A82 */
	case 0x6a88:	/* seen in place of 6A82 for an unknown AID */
	case 0x6999:	/* application cannot be selected */
	case 0x9404:
		return -ENOENT;
	case 0x6900:	/* seen in place of 6982 */
	case 0x6982:
	case 0x6983:
	case 0x6984:
	case 0x6985:
	case 0x9802:
	case 0x9804:
	case 0x9808:
	case 0x9810:
	case 0x9840:
		return -EACCES;
	case 0x9402:
		return -ERANGE;
	case 0x6981:
	case 0x6a81:
	case 0x6a86:
	case 0x6881:
	case 0x6882:
	case 0x9408:
		return -EOPNOTSUPP;
	case 0x6400:
	case 0x6581:
		return -EIO;
	}
	switch (sw >> 8) {
	case 0x63:	/* 63Cx: wrong PIN, x tries left */
		return -EACCES;
	case 0x6b:
		return -ERANGE;
	case 0x6d:
	case 0x6e:
		return -EOPNOTSUPP;
	case 0x93:
		return -EBUSY;
	default:
		return -EPROTO;
	}
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

static void apdu_header(struct uicc_apdu *apdu, u8 cla, u8 ins, u8 p1, u8 p2, u16 le)
{
	apdu->cla = cla;
	apdu->ins = ins;
	apdu->p1 = p1;
	apdu->p2 = p2;
	apdu->lc = 0;
	apdu->le = le;
}

static void apdu_select(struct uicc_apdu *apdu, u8 p1, bool want_fcp)
{
	apdu_header(apdu, 0x00, INS_SELECT, p1, want_fcp ? SELECT_P2_FCP : SELECT_P2_NO_DATA,
		    want_fcp ? 256 : 0);
}

/**
 * uicc_apdu_select_fid() - build SELECT by file identifier
 * @apdu: the command
 * @mode: mode of the card; a 2G card has no "no data" and is just not asked for it
 * @fid: file identifier
 * @want_fcp: ask for the FCP
 *
 * Context: any.
 */
void uicc_apdu_select_fid(struct uicc_apdu *apdu, enum uicc_mode mode, u16 fid, bool want_fcp)
{
	apdu_select(apdu, SELECT_BY_FID, want_fcp);
	if (mode == UICC_MODE_SIM2G)
		apdu->p2 = 0;
	apdu->lc = 2;
	apdu->data[0] = fid >> 8;
	apdu->data[1] = fid;
}

/**
 * uicc_apdu_select_aid() - build SELECT by DF name, first or only occurrence
 * @apdu: the command
 * @aid: application identifier, may be cut on the right
 * @aid_len: UICC_AID_MIN..UICC_AID_MAX bytes
 * @want_fcp: ask for the FCP
 *
 * Context: any.
 * Return: 0, or -EINVAL for a wrong length.
 */
int uicc_apdu_select_aid(struct uicc_apdu *apdu, const u8 *aid, size_t aid_len, bool want_fcp)
{
	if (aid_len < UICC_AID_MIN || aid_len > UICC_AID_MAX)
		return -EINVAL;
	apdu_select(apdu, SELECT_BY_AID, want_fcp);
	apdu->lc = aid_len;
	memcpy(apdu->data, aid, aid_len);
	return 0;
}

/**
 * uicc_apdu_select_path() - build SELECT by path from the MF
 * @apdu: the command
 * @fids: the path without 3F00; 7FFF first for the current application
 * @n: 1..UICC_PATH_MAX file identifiers
 * @want_fcp: ask for the FCP
 *
 * Context: any.
 * Return: 0, or -EINVAL for a wrong length.
 */
int uicc_apdu_select_path(struct uicc_apdu *apdu, const u16 *fids, size_t n, bool want_fcp)
{
	size_t i;

	if (!n || n > UICC_PATH_MAX)
		return -EINVAL;
	apdu_select(apdu, SELECT_BY_PATH_MF, want_fcp);
	apdu->lc = 2 * n;
	for (i = 0; i < n; i++) {
		apdu->data[2 * i] = fids[i] >> 8;
		apdu->data[2 * i + 1] = fids[i];
	}
	return 0;
}

/**
 * uicc_apdu_read_binary() - build READ BINARY of the selected file
 * @apdu: the command
 * @offset: 0..7FFF
 * @le: 1..255. Not 256: some cards take P3 = 00 as "nothing" and answer 9000
 *
 * Context: any.
 * Return: 0, or -EINVAL outside of these limits.
 */
int uicc_apdu_read_binary(struct uicc_apdu *apdu, u32 offset, u16 le)
{
	if (offset > 0x7fff || !le || le > 255)
		return -EINVAL;
	apdu_header(apdu, 0x00, INS_READ_BINARY, offset >> 8, offset, le);
	return 0;
}

/**
 * uicc_apdu_read_binary_sfi() - build READ BINARY by short file identifier
 * @apdu: the command
 * @sfi: 1..30, from an FCP
 * @offset: 0..255
 * @le: 1..255
 *
 * Context: any.
 * Return: 0, or -EINVAL outside of these limits.
 */
int uicc_apdu_read_binary_sfi(struct uicc_apdu *apdu, u8 sfi, u8 offset, u16 le)
{
	if (!sfi || sfi > 30 || !le || le > 255)
		return -EINVAL;
	apdu_header(apdu, 0x00, INS_READ_BINARY, BIT(7) | sfi, offset, le);
	return 0;
}

/**
 * uicc_apdu_read_record() - build READ RECORD, absolute
 * @apdu: the command
 * @sfi: short file identifier 1..30, or 0 for the selected file
 * @record: 1..254
 * @le: 1..255, the record length
 *
 * Context: any.
 * Return: 0, or -EINVAL outside of these limits.
 */
int uicc_apdu_read_record(struct uicc_apdu *apdu, u8 sfi, u8 record, u16 le)
{
	if (sfi > 30 || !record || record > 254 || !le || le > 255)
		return -EINVAL;
	apdu_header(apdu, 0x00, INS_READ_RECORD, record, sfi << 3 | RECORD_ABSOLUTE, le);
	return 0;
}

/**
 * uicc_apdu_status() - build STATUS of the current directory
 * @apdu: the command
 * @mode: mode of the card
 * @want_fcp: ask for the FCP; without it, it only asks whether the card is there
 *
 * Context: any.
 */
void uicc_apdu_status(struct uicc_apdu *apdu, enum uicc_mode mode, bool want_fcp)
{
	u8 p2 = want_fcp || mode == UICC_MODE_SIM2G ? 0x00 : SELECT_P2_NO_DATA;
	/* TS 51.011 9.2.2: 22 bytes are always there; TS 102 221: all of it */
	u16 le = mode == UICC_MODE_SIM2G ? 22 : 256;

	apdu_header(apdu, CLA_ETSI, INS_STATUS, 0x00, p2, want_fcp ? le : 0);
}

/**
 * uicc_apdu_channel_open() - build MANAGE CHANNEL that opens a channel
 * @apdu: the command; the answer is one byte, the channel, which the caller checks
 *
 * Context: any.
 */
void uicc_apdu_channel_open(struct uicc_apdu *apdu)
{
	apdu_header(apdu, 0x00, INS_MANAGE_CHANNEL, 0x00, 0x00, 1);
}

/**
 * uicc_apdu_channel_close() - build MANAGE CHANNEL that closes a channel
 * @apdu: the command
 * @channel: 1..UICC_CHANNEL_MAX
 *
 * Context: any.
 * Return: 0, or -EINVAL for another channel.
 */
int uicc_apdu_channel_close(struct uicc_apdu *apdu, u8 channel)
{
	if (!channel || channel > UICC_CHANNEL_MAX)
		return -EINVAL;
	apdu_header(apdu, 0x00, INS_MANAGE_CHANNEL, 0x80, channel, 0);
	return 0;
}
