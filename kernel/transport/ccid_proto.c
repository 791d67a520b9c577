// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages and descriptors of USB smart card readers ("CCID", revision 1.1): bytes to
 * facts and back. It knows neither USB nor a slot; waiting is somebody else's.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/uicc_atr.h>

#include "ccid_proto.h"

#define CCID_DESCRIPTOR_TYPE	0x21

/* bMessageType of the last answer there is, DataRateAndClockFrequency */
#define CCID_LAST_ANSWER	0x84

/* bStatus, CCID 6.2.6 */
#define STATUS_ICC_MASK		0x03
#define STATUS_COMMAND_SHIFT	6
#define STATUS_FAILED		1
#define STATUS_EXTENSION	2
#define STATUS_RESERVED		3

/* A reader that does not say how fast it clocks a card: the usual 4 MHz. */
#define CLOCK_DEFAULT_KHZ	4000
/* Faster than any card, ISO 7816-3 table 7. */
#define CLOCK_MAX_KHZ		20000

static u16 get_le16(const u8 *p)
{
	return p[0] | p[1] << 8;
}

static u32 get_le32(const u8 *p)
{
	return get_le16(p) | (u32)get_le16(p + 2) << 16;
}

/* CCID 5.1: the fields behind the first two bytes, by their offset. */
static int ccid_parse(struct ccid_desc *desc, const u8 *p)
{
	memset(desc, 0, sizeof(*desc));
	desc->bcd = get_le16(p + 2);
	desc->slots_claimed = p[4] + 1;
	desc->slots = min_t(u16, desc->slots_claimed, CCID_SLOTS_MAX);
	desc->voltages = p[5] & (CCID_VOLTAGE_5V | CCID_VOLTAGE_3V | CCID_VOLTAGE_1V8);
	desc->protocols = get_le32(p + 6) & 0x03;
	desc->clock_khz = get_le32(p + 10);
	if (!desc->clock_khz || desc->clock_khz > CLOCK_MAX_KHZ)
		desc->clock_khz = CLOCK_DEFAULT_KHZ;
	desc->rate = get_le32(p + 19);
	desc->rate_max = get_le32(p + 23);
	desc->n_rates = p[27];
	desc->ifsd_max = get_le32(p + 28);
	desc->features = get_le32(p + 40);
	desc->message_max = get_le32(p + 44);
	desc->busy_slots = p[53] ?: 1;

	switch (desc->features & CCID_LEVEL_MASK) {
	case 0:
		desc->level = CCID_LEVEL_CHARACTER;
		break;
	case BIT(16):
		desc->level = CCID_LEVEL_TPDU;
		break;
	case BIT(17):
		desc->level = CCID_LEVEL_SHORT;
		break;
	case BIT(18):
		desc->level = CCID_LEVEL_EXTENDED;
		break;
	default:
		return -EINVAL;
	}
	if (!desc->protocols || desc->message_max < CCID_MESSAGE_MIN)
		return -EINVAL;
	return desc->level == CCID_LEVEL_CHARACTER ? -EOPNOTSUPP : 0;
}

/**
 * uicc_ccid_find() - find and parse a reader's functional descriptor
 * @desc: result; set unless -ENOENT is returned
 * @extra: descriptors that stand between those USB knows, of an interface or endpoint
 * @len: their length
 *
 * Context: any.
 * Return: 0; -ENOENT when there is none; -EINVAL for one that makes no sense: without a
 * protocol, with several exchange levels, or with messages nothing fits into;
 * -EOPNOTSUPP for a reader of single characters.
 */
int uicc_ccid_find(struct ccid_desc *desc, const u8 *extra, size_t len)
{
	while (len >= 2 && extra[0] >= 2 && extra[0] <= len) {
		if (extra[1] == CCID_DESCRIPTOR_TYPE && extra[0] >= CCID_DESCRIPTOR_LEN)
			return ccid_parse(desc, extra);
		len -= extra[0];
		extra += extra[0];
	}
	return -ENOENT;
}

/**
 * uicc_ccid_header() - write the header of a command
 * @msg: CCID_HEADER_LEN bytes of room; its last three bytes become 0
 * @type: bMessageType
 * @len: bytes of data that follow
 * @slot: bSlot
 * @seq: bSeq
 *
 * Context: any.
 */
void uicc_ccid_header(u8 *msg, u8 type, u32 len, u8 slot, u8 seq)
{
	msg[0] = type;
	msg[1] = len;
	msg[2] = len >> 8;
	msg[3] = len >> 16;
	msg[4] = len >> 24;
	msg[5] = slot;
	msg[6] = seq;
	msg[7] = 0;
	msg[8] = 0;
	msg[9] = 0;
}

/**
 * uicc_ccid_total() - how long a message is by its own account
 * @msg: its beginning
 * @len: how much of it is there
 *
 * Context: any.
 * Return: the length, header included, or 0 when the header is not complete.
 */
size_t uicc_ccid_total(const u8 *msg, size_t len)
{
	size_t data;

	if (len < CCID_HEADER_LEN)
		return 0;
	data = get_le32(msg + 1);
	return CCID_HEADER_LEN + min_t(size_t, data, 0x7fffffff);
}

/**
 * uicc_ccid_ours() - is it the beginning of an answer to our command?
 * @msg: a transfer
 * @len: its length
 * @slot: bSlot of the command
 * @seq: its bSeq
 *
 * Context: any.
 * Return: false for late answers, those for other slots, and what is no answer.
 */
bool uicc_ccid_ours(const u8 *msg, size_t len, u8 slot, u8 seq)
{
	return len >= CCID_HEADER_LEN && msg[0] >= CCID_DATA_BLOCK && msg[0] <= CCID_LAST_ANSWER &&
	       msg[5] == slot && msg[6] == seq;
}

static u8 ccid_expected(u8 command)
{
	switch (command) {
	case CCID_ICC_POWER_ON:
	case CCID_XFR_BLOCK:
		return CCID_DATA_BLOCK;
	case CCID_GET_PARAMETERS:
	case CCID_RESET_PARAMETERS:
	case CCID_SET_PARAMETERS:
		return CCID_PARAMETERS;
	default:
		return CCID_SLOT_STATUS;
	}
}

/**
 * uicc_ccid_judge() - what bytes from the reader are to the command that waits
 * @msg: what they say; set for CCID_ANSWER and CCID_EXTENSION
 * @command: bMessageType of the command
 * @slot: its bSlot
 * @seq: its bSeq
 * @buf: one transfer; @msg->data points into it
 * @len: its length
 *
 * A command that the reader does not know it may answer with a SlotStatus.
 *
 * Context: any.
 * Return: an enum ccid_verdict.
 */
enum ccid_verdict uicc_ccid_judge(struct ccid_msg *msg, u8 command, u8 slot, u8 seq,
				  const u8 *buf, size_t len)
{
	u8 expected = ccid_expected(command);
	u8 status;

	if (!uicc_ccid_ours(buf, len, slot, seq))
		return CCID_STALE;
	if (uicc_ccid_total(buf, len) != len)
		return CCID_BROKEN;

	msg->type = buf[0];
	msg->slot = slot;
	msg->seq = seq;
	msg->icc = buf[7] & STATUS_ICC_MASK;
	msg->error = buf[8];
	msg->param = buf[9];
	msg->data = buf + CCID_HEADER_LEN;
	msg->len = len - CCID_HEADER_LEN;
	status = buf[7] >> STATUS_COMMAND_SHIFT;
	msg->failed = status == STATUS_FAILED;

	if (status == STATUS_RESERVED || msg->icc == CCID_ICC_RESERVED)
		return CCID_BROKEN;
	if (msg->type != expected && !(msg->failed && msg->type == CCID_SLOT_STATUS))
		return CCID_BROKEN;
	return status == STATUS_EXTENSION ? CCID_EXTENSION : CCID_ANSWER;
}

/* bError of a failed command, CCID 6.2.6 table 6.2-2; the first that fits counts. */
static const struct {
	u8 first;
	u8 last;
	int ret;
} ccid_errors[] = {
	{ 0xff, 0xff, -ECANCELED },	/* aborted by the host */
	{ 0xfe, 0xfe, -ETIMEDOUT },	/* card mute */
	{ 0xfd, 0xfd, -EBADMSG },	/* parity */
	{ 0xfc, 0xfc, -EBADMSG },	/* overrun */
	{ 0xfb, 0xfb, -EIO },		/* hardware */
	{ 0xf8, 0xf8, -EPROTO },	/* TS of the answer to reset */
	{ 0xf7, 0xf7, -EPROTO },	/* TCK of the answer to reset */
	{ 0xf6, 0xf6, -EPROTONOSUPPORT },	/* protocol of the card */
	{ 0xf5, 0xf5, -EPROTONOSUPPORT },	/* class of the card */
	{ 0xf4, 0xf4, -EPROTO },	/* procedure byte that means nothing */
	{ 0xf3, 0xf3, -EPROTONOSUPPORT },	/* deactivated protocol */
	{ 0xf2, 0xf2, -EBUSY },		/* busy with an automatic sequence */
	{ 0xf0, 0xf0, -ETIMEDOUT },	/* PIN pad: time over */
	{ 0xef, 0xef, -ECANCELED },	/* PIN pad: cancelled */
	{ 0xe0, 0xe0, -EBUSY },		/* slot busy */
	{ 0x81, 0xc0, -EIO },		/* the vendor's own */
	{ 0x00, 0x00, -EOPNOTSUPP },	/* command not supported */
	{ 0x05, 0x05, -ENXIO },		/* no such slot */
	{ 0x01, 0x7f, -EINVAL },	/* this byte of the message is bad */
	{ 0x80, 0xfa, -EPROTO },	/* reserved */
};

/**
 * uicc_ccid_errno() - what became of a command
 * @msg: its answer
 *
 * Context: any.
 * Return: 0; -ENODEV without a card; -ETIMEDOUT when the card is mute; -EBUSY when it
 * is worth to try again; -EOPNOTSUPP when the reader does not know the command;
 * -EINVAL for a parameter it does not want; -EBADMSG for bytes that came damaged;
 * -ECANCELED, -EPROTONOSUPPORT, -ENXIO, -EIO, -EPROTO.
 */
int uicc_ccid_errno(const struct ccid_msg *msg)
{
	const typeof(ccid_errors[0]) *e;

	if (!msg->failed)
		return 0;
	if (msg->icc == CCID_ICC_ABSENT)
		return -ENODEV;
	for (e = ccid_errors; msg->error < e->first || msg->error > e->last;)
		e++;	/* the table leaves no value out */
	return e->ret;
}

/**
 * uicc_ccid_slot_change() - one slot of a NotifySlotChange
 * @buf: the message
 * @len: its length
 * @slot: the slot
 * @changed: out: a card was put in or pulled out since the last message
 *
 * Context: any.
 * Return: whether a card is there, or -EPROTO when the message does not say.
 */
int uicc_ccid_slot_change(const u8 *buf, size_t len, u8 slot, bool *changed)
{
	u8 bits;

	if (len < 2 || buf[0] != CCID_NOTIFY_SLOT_CHANGE || slot / 4 >= len - 1)
		return -EPROTO;
	bits = buf[1 + slot / 4] >> (slot % 4 * 2);
	*changed = bits & BIT(1);
	return bits & BIT(0);
}

/**
 * uicc_ccid_chain_next() - what the next XfrBlock carries
 * @chain: the APDU and its answer
 * @data: out: the bytes
 * @level: out: wLevelParameter
 *
 * Context: any.
 * Return: number of bytes, 0 to ask for more of the answer.
 */
size_t uicc_ccid_chain_next(struct ccid_chain *chain, const u8 **data, u16 *level)
{
	size_t left = chain->cmd_len - chain->cmd_off;
	size_t n = min_t(size_t, left, chain->room);

	*data = chain->cmd + chain->cmd_off;
	if (chain->answering)
		*level = CCID_CHAIN_GO_ON;
	else if (n == left)
		*level = chain->cmd_off ? CCID_CHAIN_LAST : CCID_CHAIN_WHOLE;
	else
		*level = chain->cmd_off ? CCID_CHAIN_MIDDLE : CCID_CHAIN_FIRST;
	chain->cmd_off += n;
	return n;
}

/**
 * uicc_ccid_chain_take() - take the answer to an XfrBlock
 * @chain: the APDU and its answer
 * @msg: a DataBlock
 *
 * Each part of an answer has to bring something, so a chain ends with the room for it.
 *
 * Context: any.
 * Return: 0 when the answer is complete; 1 when another XfrBlock is to follow; -EPROTO
 * for a part that is none, or for more than there is room.
 */
int uicc_ccid_chain_take(struct ccid_chain *chain, const struct ccid_msg *msg)
{
	bool sent = chain->cmd_off == chain->cmd_len;
	u8 param = chain->chained ? msg->param : CCID_CHAIN_WHOLE;
	bool more = param == CCID_CHAIN_FIRST || param == CCID_CHAIN_MIDDLE;
	bool first = param == CCID_CHAIN_FIRST || param == CCID_CHAIN_WHOLE;

	if (!sent)
		return param == CCID_CHAIN_GO_ON && !msg->len ? 1 : -EPROTO;
	if (param > CCID_CHAIN_MIDDLE || first == chain->answering)
		return -EPROTO;
	if (msg->len > chain->rsp_size - chain->rsp_len || (more && !msg->len))
		return -EPROTO;
	if (msg->len)
		memcpy(chain->rsp + chain->rsp_len, msg->data, msg->len);
	chain->rsp_len += msg->len;
	chain->answering = true;
	return more;
}

/**
 * uicc_ccid_put_parameters() - protocol data structure of SetParameters
 * @data: CCID_PARAMETERS_MAX bytes of room
 * @atr: the card's answer to reset
 * @protocol: 0 or 1
 * @fd: Fi and Di in use, coded as TA1
 *
 * Context: any.
 * Return: number of bytes.
 */
size_t uicc_ccid_put_parameters(u8 *data, const struct uicc_atr *atr, u8 protocol, u8 fd)
{
	data[0] = fd;
	data[1] = atr->inverse ? 0x02 : 0x00;
	data[2] = atr->tc1;
	data[4] = 0;	/* the clock is not to be stopped */
	if (protocol == 0) {
		data[3] = atr->wi;
		return 5;
	}
	data[1] |= 0x10 | (atr->crc ? 0x01 : 0x00);
	data[3] = atr->bwi << 4 | atr->cwi;
	data[5] = atr->ifsc;
	data[6] = 0;	/* NAD */
	return 7;
}

/**
 * uicc_ccid_parameters() - the speed that a reader uses
 * @msg: an answer of type CCID_PARAMETERS that did not fail
 * @protocol: the protocol the card speaks
 *
 * Context: any.
 * Return: Fi and Di, coded as TA1, or -EPROTO when they are those of another protocol.
 */
int uicc_ccid_parameters(const struct ccid_msg *msg, u8 protocol)
{
	if (msg->param != protocol || msg->len < (protocol ? 7 : 5))
		return -EPROTO;
	return msg->data[0];
}

/**
 * uicc_ccid_rates() - the list of data rates of a reader
 * @rates: CCID_RATES_MAX of room
 * @buf: answer to GET_DATA_RATES
 * @len: its length
 *
 * Context: any.
 * Return: number of rates.
 */
size_t uicc_ccid_rates(u32 *rates, const u8 *buf, size_t len)
{
	size_t n;

	for (n = 0; n < CCID_RATES_MAX && len - n * 4 >= 4 && len >= n * 4; n++)
		rates[n] = get_le32(buf + n * 4);
	return n;
}

/**
 * uicc_ccid_rate_ok() - can the reader do this speed?
 * @desc: the reader
 * @rates: the rates it knows
 * @n: their number; 0: all up to the fastest
 * @baud: bits per second
 *
 * Context: any.
 * Return: whether it can.
 */
bool uicc_ccid_rate_ok(const struct ccid_desc *desc, const u32 *rates, size_t n, u32 baud)
{
	/* Readers round up, down or to a hundred. */
	u32 about = baud / 64;
	size_t i;

	if (baud > desc->rate_max && baud - desc->rate_max > about)
		return false;
	for (i = 0; i < n; i++)
		if ((rates[i] > baud ? rates[i] - baud : baud - rates[i]) <= about)
			return true;
	return !n;
}
