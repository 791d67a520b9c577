// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A CCID reader by FunctionFS: what the reader does with the card in a slot. All is
 * done with the reader's lock held. See ucard.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ucard.h"

/* bError (CCID 6.2.6) */
enum {
	CMD_ABORTED = 0xff, ICC_MUTE = 0xfe, PROTOCOL_NOT_SUPPORTED = 0xf6, NOT_SUPPORTED = 0,
	BAD_LENGTH = 1, BAD_SLOT = 5, BAD_POWER = 7, BAD_LEVEL = 8,
};

static uint8_t icc(const struct ucard_slot *s)
{
	return !s->present ? 2 : !s->powered;
}

static void reply(struct ucard_slot *s, const struct ucard_message *m, uint8_t type,
		  const void *data, size_t len)
{
	const struct ucard_reply r = { .type = type, .status = icc(s), .data = data, .len = len };

	ucard_reply(s->u, m, &r);
}

static void fail(struct ucard_slot *s, const struct ucard_message *m, uint8_t type, uint8_t error)
{
	const struct ucard_reply r = { .type = type, .status = 0x40 | icc(s), .error = error };

	ucard_reply(s->u, m, &r);
}

/* No power, and what goes with it. */
void ucard_slot_reset(struct ucard_slot *s)
{
	s->powered = false;
	s->fresh = false;
	s->n_command = 0;
	s->n_answer = 0;
	s->at_answer = 0;
	s->speed = 0x11;
	s->reader_speed = 0x11;
	t1card_reset(&s->t1);
}

/* --- power and parameters ----------------------------------------------------------- */

static bool features(const struct ucard_slot *s, uint32_t bits)
{
	return s->u->desc.dwFeatures & bits;
}

/* The reader does what else the driver has to: rate and protocol as the ATR has them. */
static void settle(struct ucard_slot *s)
{
	if (features(s, CCID_AUTO_PPS | CCID_AUTO_NEGOTIATE)) {
		s->speed = s->ta1;
		s->reader_speed = s->ta1;
		s->reader_protocol = s->protocol;
	}
	if (features(s, CCID_AUTO_CONFIG))
		s->reader_protocol = s->protocol;
	/* TA2: the card is so from the start; the reader is told, or knows. */
	if (s->specific)
		s->speed = s->ta1;
}

static void default_parameters(struct ucard_slot *s)
{
	const uint8_t t0[7] = { 0x11, 0x00, 0, 10, 0 }, t1[7] = { 0x11, 0x10, 0, 0x4d, 0, 32, 0 };

	memcpy(s->parameters, s->reader_protocol ? t1 : t0, sizeof(s->parameters));
	s->parameters[0] = s->reader_speed;
}

static void power_on(struct ucard_slot *s, const struct ucard_message *m)
{
	static const uint8_t class_of[] = { 0, 1, 2, 4 };
	uint8_t select = m->p[0];

	if (s->power_ons < sizeof(s->power_selects))
		s->power_selects[s->power_ons] = select;
	s->power_ons++;
	if (m->len || m->p[1] || m->p[2])
		ucard_broken(s->u, "PowerOn with reserved bytes or data");
	if (select > 3 || (select && !(s->u->desc.bVoltageSupport & class_of[select])) ||
	    (!select && !features(s, CCID_AUTO_VOLTAGE))) {
		ucard_broken(s->u, "a voltage that the reader does not have");
		fail(s, m, CCID_IS_DATA, BAD_POWER);
		return;
	}
	ucard_slot_reset(s);
	if (!s->present || (select && !(s->classes & class_of[select]))) {
		fail(s, m, CCID_IS_DATA, ICC_MUTE);
		return;
	}
	s->powered = true;
	s->fresh = true;
	s->supply = select;
	s->protocol = s->first_protocol;
	s->reader_protocol = 0;
	settle(s);
	default_parameters(s);
	reply(s, m, CCID_IS_DATA, s->atr, s->n_atr);
}

static void parameters(struct ucard_slot *s, const struct ucard_message *m)
{
	struct ucard_reply r = { .type = CCID_IS_PARAMETERS, .status = icc(s),
				 .data = s->parameters };
	uint8_t protocol = m->p[0];

	if (m->type == CCID_SET_PARAMETERS) {
		s->set_parameters++;
		if (m->len != (protocol == 0 ? 5 : 7) || protocol > 1) {
			ucard_broken(s->u, "SetParameters of a wrong length or protocol");
			fail(s, m, CCID_IS_PARAMETERS, BAD_LENGTH);
			return;
		}
		if ((m->data[1] & ~(protocol ? 0x03 : 0x02)) != (protocol ? 0x10 : 0x00))
			ucard_broken(s->u, "bmTCCKS");
		if (protocol && (!m->data[5] || m->data[5] == 255))
			ucard_broken(s->u, "bIFSC");
		if (!s->powered) {
			fail(s, m, CCID_IS_PARAMETERS, ICC_MUTE);
			return;
		}
		memcpy(s->parameters, m->data, m->len);
		s->reader_protocol = protocol;
		s->reader_speed = m->data[0];
	} else if (m->type == CCID_RESET_PARAMETERS) {
		s->reader_speed = 0x11;
		s->reader_protocol = 0;
		default_parameters(s);
	}
	r.param = s->reader_protocol;
	r.len = s->reader_protocol ? 7 : 5;
	ucard_reply(s->u, m, &r);
}

/* --- blocks ---------------------------------------------------------------------------- */

/* As the card takes it (ISO 7816-3 clause 9); 0: it says nothing. */
static size_t pps(struct ucard_slot *s, const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t check = 0;
	size_t i;

	for (i = 0; i < len; i++)
		check ^= in[i];
	s->pps++;
	if (check || !s->fresh || s->specific || (in[1] & 0x80)) {
		ucard_broken(s->u, "a PPS that is none, or out of place");
		return 0;
	}
	if (s->pps_answer == 1)
		return 0;
	memcpy(out, in, len);
	if (!(in[1] & 0x10))
		goto done;
	if (s->pps_answer == 3) {
		out[1] &= ~0x10;
		memmove(out + 2, in + 3, len - 3);
		out[len - 2] = in[len - 1] ^ 0x10 ^ in[2];
		len--;
		goto done;
	}
	if (s->pps_answer == 2) {
		out[2] ^= 0x05;
		out[len - 1] ^= 0x05;
	}
	s->speed = out[2];
done:
	s->protocol = in[1] & 0xf;
	return len;
}

/* One TPDU or block; returns the answer's length or -bError. */
static int exchange_tpdu(struct ucard_slot *s, const uint8_t *in, size_t len, uint8_t *out)
{
	bool is_pps = len >= 3 && len <= 6 && in[0] == 0xff;
	size_t n;

	if (is_pps) {
		n = pps(s, in, len, out);
		s->fresh = false;
		return n ? (int)n : -ICC_MUTE;
	}
	s->fresh = false;
	/* Reader and card do not hear each other. */
	if (s->reader_speed != s->speed || s->reader_protocol != s->protocol) {
		printf("# ucard: reader T=%u at %02X, card T=%u at %02X\n", s->reader_protocol,
		       s->reader_speed, s->protocol, s->speed);
		return -ICC_MUTE;
	}
	if (s->protocol == 1) {
		n = t1card_block(&s->t1, in, len, out);
		return n ? (int)n : -ICC_MUTE;
	}
	if (len < 5)
		ucard_broken(s->u, "a TPDU without P3");
	return chip_tpdu(&s->chip, in, len, out);
}

static int exchange(struct ucard_slot *s, const uint8_t *in, size_t len, uint8_t *out)
{
	switch (s->u->desc.dwFeatures & CCID_LEVEL) {
	case CCID_TPDU:
		return exchange_tpdu(s, in, len, out);
	case CCID_SHORT:
		if (len > 261)
			ucard_broken(s->u, "an extended APDU for a reader of short ones");
		break;
	}
	s->fresh = false;
	if (s->reader_protocol != s->protocol)
		return -PROTOCOL_NOT_SUPPORTED;
	return chip_apdu(&s->chip, in, len, out);
}

/* The next part of an answer that may be longer than a message. */
static void answer_part(struct ucard_slot *s, const struct ucard_message *m)
{
	size_t fits = s->u->desc.dwMaxCCIDMessageLength - 10, left = s->n_answer - s->at_answer;
	size_t most = s->part_max && s->part_max < fits ? s->part_max : fits;
	bool first = !s->at_answer, last = left <= most;
	struct ucard_reply r = {
		.type = CCID_IS_DATA, .status = icc(s), .data = s->answer + s->at_answer,
		.len = last ? left : most,
		.param = first ? (last ? 0 : 1) : last ? 2 : 3,
	};

	s->at_answer += r.len;
	if (last)
		s->n_answer = 0;
	ucard_reply(s->u, m, &r);
}

/* Parts of a command that is longer than a message. True: it is whole now. */
static bool command_part(struct ucard_slot *s, const struct ucard_message *m, uint16_t level)
{
	struct ucard_reply more = { .type = CCID_IS_DATA, .status = icc(s), .param = 0x10 };

	if (level == 0 || level == 1)
		s->n_command = 0;
	else if (!s->n_command)
		ucard_broken(s->u, "a command that goes on and did not begin");
	if (s->n_command + m->len > sizeof(s->command)) {
		ucard_broken(s->u, "a command longer than any");
		return false;
	}
	memcpy(s->command + s->n_command, m->data, m->len);
	s->n_command += m->len;
	if (level == 0 || level == 2)
		return true;
	ucard_reply(s->u, m, &more);
	return false;
}

static void xfr_block(struct ucard_slot *s, const struct ucard_message *m)
{
	bool extended = features(s, CCID_EXTENDED);
	uint16_t level = m->p[1] | m->p[2] << 8;
	int n;

	s->xfrs++;
	if (!s->present || !s->powered) {
		fail(s, m, CCID_IS_DATA, ICC_MUTE);
		return;
	}
	if (level && !extended) {
		ucard_broken(s->u, "wLevelParameter");
		fail(s, m, CCID_IS_DATA, BAD_LEVEL);
		return;
	}
	if (extended && level == 0x10) {
		if (m->len || !s->n_answer) {
			ucard_broken(s->u, "asks for more where there is none");
			fail(s, m, CCID_IS_DATA, BAD_LEVEL);
			return;
		}
		answer_part(s, m);
		return;
	}
	if (!command_part(s, m, level))
		return;
	n = exchange(s, s->command, s->n_command, s->answer);
	s->n_command = 0;
	if (n < 0) {
		fail(s, m, CCID_IS_DATA, -n);
		return;
	}
	s->n_answer = n;
	s->at_answer = 0;
	answer_part(s, m);
}

/* --- messages ----------------------------------------------------------------------------- */

static uint8_t type_of_answer(uint8_t type)
{
	switch (type) {
	case CCID_POWER_ON:
	case CCID_XFR_BLOCK:
	case CCID_SECURE:
		return CCID_IS_DATA;
	case CCID_GET_PARAMETERS:
	case CCID_SET_PARAMETERS:
	case CCID_RESET_PARAMETERS:
		return CCID_IS_PARAMETERS;
	case CCID_ESCAPE:
		return CCID_IS_ESCAPE;
	case CCID_SET_RATE:
		return CCID_IS_RATE;
	}
	return CCID_IS_STATUS;
}

void ucard_slot_message(struct ucard_slot *s, const struct ucard_message *m)
{
	/* Between the two halves of an abort everything fails (CCID 5.3.1). */
	if (s->aborting && m->type != CCID_ABORT) {
		fail(s, m, type_of_answer(m->type), CMD_ABORTED);
		return;
	}
	switch (m->type) {
	case CCID_POWER_ON:
		power_on(s, m);
		return;
	case CCID_POWER_OFF:
		s->power_offs++;
		ucard_slot_reset(s);
		reply(s, m, CCID_IS_STATUS, NULL, 0);
		return;
	case CCID_SLOT_STATUS:
		reply(s, m, CCID_IS_STATUS, NULL, 0);
		return;
	case CCID_GET_PARAMETERS:
	case CCID_SET_PARAMETERS:
	case CCID_RESET_PARAMETERS:
		parameters(s, m);
		return;
	case CCID_XFR_BLOCK:
		xfr_block(s, m);
		return;
	case CCID_ABORT:
		s->aborts++;
		s->n_command = 0;
		s->n_answer = 0;
		if (!s->aborting || s->abort_seq != m->seq) {
			ucard_broken(s->u, "an abort without its control request");
			fail(s, m, CCID_IS_STATUS, NOT_SUPPORTED);
			return;
		}
		s->aborting = false;
		reply(s, m, CCID_IS_STATUS, NULL, 0);
		return;
	}
	fail(s, m, type_of_answer(m->type), NOT_SUPPORTED);
}
