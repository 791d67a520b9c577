// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual card's command loop: classes, channels, keys, T=0, and its faults. */
#include <string.h>

#include "card_int.h"

void card_init(struct card *c, struct profile *p)
{
	uint8_t atr[ATR_MAX];

	memset(c, 0, sizeof(*c));
	c->p = p;
	for (int i = 0; i < PROFILE_KEYS; i++)
		c->tries[i] = p->keys[i].tries;
	card_reset(c, atr);
	c->stats.resets = 0;
}

static void channel_open(struct channel *ch)
{
	*ch = (struct channel){ .open = true, .dir = 0, .ef = -1, .adf = -1 };
}

size_t card_reset(struct card *c, uint8_t *atr)
{
	c->stats.resets++;
	memset(c->channels, 0, sizeof(c->channels));
	channel_open(&c->channels[0]);
	memset(c->verified, 0, sizeof(c->verified));
	c->waiting_len = 0;
	c->set.active = false;
	c->mode_known = false;
	c->gsm = false;
	c->since_reset = 0;
	return card_atr(c, atr);
}

size_t card_atr(const struct card *c, uint8_t *atr)
{
	memcpy(atr, c->p->atr, c->p->atr_len);
	return card_has_quirk(c, QUIRK_MUTE) ? 0 : c->p->atr_len;
}

bool card_has_quirk(const struct card *c, enum quirk_kind kind)
{
	return profile_quirk(c->p, kind) != NULL;
}

static bool quirk_hits(struct card *c, int i, const struct channel *ch)
{
	const struct quirk *q = &c->p->quirks[i];
	int ef = ch ? ch->ef : -1;

	if (q->on_fid >= 0 && (ef < 0 || c->p->files[ef].fid != q->on_fid))
		return false;
	c->hits[i]++;
	return c->hits[i] > q->after && (!q->times || c->hits[i] <= q->after + q->times);
}

const struct quirk *card_quirk(struct card *c, enum quirk_kind kind, const struct channel *ch)
{
	for (int i = 0; i < c->p->n_quirks; i++) {
		if (c->p->quirks[i].kind == kind && quirk_hits(c, i, ch))
			return &c->p->quirks[i];
	}
	return NULL;
}

/* Whether the command carries data to the card. */
static bool sends(const struct command *cmd)
{
	switch (cmd->ins) {
	case 0xA4: case 0x20: case 0xD6: case 0xDC: case 0xDB:
		return true;
	case 0xCB:
		return cmd->p2 & 0x80;	/* the first block names the tag */
	default:
		return false;
	}
}

static void set_le(struct command *cmd, size_t le, size_t max)
{
	cmd->any = !le;
	cmd->le = le ? le : max;
}

/* Splits a T=0 TPDU: P3 is Lc or Le by the direction of the INS. */
static unsigned int parse_tpdu(const uint8_t *in, size_t n, struct command *cmd)
{
	size_t p3 = n > 4 ? in[4] : 0;

	if (sends(cmd)) {
		cmd->lc = p3;
		cmd->data = in + 5;
		return n == (n > 4 ? 5 + p3 : 4) ? SW_OK : SW_LENGTH;
	}
	if (n > 5)
		return SW_LENGTH;
	if (n == 5)
		set_le(cmd, p3, LE_MAX);
	return SW_OK;
}

/* Splits an APDU of extended length: a 00, then Le, or Lc, data and maybe Le. */
static unsigned int parse_extended(const uint8_t *in, size_t n, struct command *cmd)
{
	size_t first = (size_t)(in[5] << 8 | in[6]);

	if (n == 7) {
		set_le(cmd, first, LE_EXT_MAX);
		return SW_OK;
	}
	cmd->lc = first;
	cmd->data = in + 7;
	if (!cmd->lc || (n != 7 + cmd->lc && n != 9 + cmd->lc))
		return SW_LENGTH;
	if (n == 9 + cmd->lc)
		set_le(cmd, (size_t)(in[n - 2] << 8 | in[n - 1]), LE_EXT_MAX);
	return SW_OK;
}

/* Splits an APDU of any of the four cases. */
static unsigned int parse_apdu(const struct card *c, const uint8_t *in, size_t n,
			       struct command *cmd)
{
	if (n == 4)
		return SW_OK;
	if (n == 5) {
		set_le(cmd, in[4], LE_MAX);
		return SW_OK;
	}
	if (!in[4] && n >= 7 && c->p->extended)
		return parse_extended(in, n, cmd);
	cmd->lc = in[4];
	cmd->data = in + 5;
	if (!cmd->lc || (n != 5 + cmd->lc && n != 6 + cmd->lc))
		return SW_LENGTH;
	if (n == 6 + cmd->lc)
		set_le(cmd, in[n - 1], LE_MAX);
	return SW_OK;
}

/*
 * What each INS of a UICC demands of the class byte: 0X and 4X, or 8X and CX. With
 * GET RESPONSE it may also be that of the command before.
 */
static bool class_fits(const struct command *cmd)
{
	bool etsi = cmd->ins == 0xF2 || cmd->ins == 0xCB || cmd->ins == 0xDB;

	return cmd->ins == 0xC0 || etsi == !!(cmd->cla & 0x80);
}

/* The channel of a class byte, TS 102 221 table 10.3 and 10.4; -1 = no such class. */
static int class_channel(uint8_t cla)
{
	/* No secure messaging, no chaining. */
	if (cla & 0x40)
		return cla & 0x30 ? -1 : 4 + (cla & 0x0F);
	return cla & 0x3C ? -1 : cla & 3;
}

static unsigned int parse_class(struct card *c, struct command *cmd)
{
	bool gsm = cmd->cla == 0xA0;
	int channel;

	if (gsm ? !c->p->gsm : !c->p->uicc)
		return SW_CLA;
	if (c->mode_known && gsm != c->gsm)
		return SW_CLA;
	c->mode_known = true;
	c->gsm = gsm;
	if (gsm)
		return SW_OK;
	channel = class_channel(cmd->cla);
	if (channel < 0)
		return SW_CLA;
	if (!card_has_quirk(c, QUIRK_IGNORE_CHANNEL))
		cmd->channel = channel;
	return c->channels[cmd->channel].open ? SW_OK : SW_NO_CHANNEL;
}

/* VERIFY PIN, TS 102 221 11.1.9. */
static unsigned int cmd_verify(struct card *c, const struct command *cmd)
{
	struct card_key *key = NULL;
	int i;

	if (cmd->p1)
		return SW_P1P2;
	for (i = 0; i < PROFILE_KEYS; i++) {
		/* A 2G card counts its CHVs 1 and 2. */
		uint8_t ref = c->gsm && i == 1 ? 2 : key_reference(i);

		if (c->p->keys[i].present && cmd->p2 == ref) {
			key = &c->p->keys[i];
			break;
		}
	}
	if (!key)
		return SW_NO_REFERENCE;
	if (!cmd->lc) {
		if (!c->tries[i])
			return SW_BLOCKED;
		return c->verified[i] ? SW_OK : 0x63C0 | (unsigned int)c->tries[i];
	}
	if (cmd->lc != sizeof(key->value))
		return SW_LENGTH;
	if (key->disabled)
		return SW_NOT_USABLE;
	if (!c->tries[i])
		return SW_BLOCKED;
	if (memcmp(cmd->data, key->value, sizeof(key->value))) {
		c->verified[i] = false;
		c->tries[i]--;
		return 0x63C0 | (unsigned int)c->tries[i];
	}
	c->tries[i] = key->tries;
	c->verified[i] = true;
	return SW_OK;
}

/* MANAGE CHANNEL, TS 102 221 11.1.17. */
static unsigned int cmd_manage_channel(struct card *c, const struct command *cmd, struct answer *a)
{
	const struct quirk *q = profile_quirk(c->p, QUIRK_NO_CHANNELS);
	int i;

	if (q)
		return (unsigned int)(q->bytes[0] << 8 | q->bytes[1]);
	if (cmd->p1 == 0x80) {
		if (cmd->p2 >= CHANNELS_MAX || cmd->p2 == 0)
			return SW_P1P2;
		if (!c->channels[cmd->p2].open)
			return SW_NO_CHANNEL;
		c->channels[cmd->p2].open = false;
		return SW_OK;
	}
	if (cmd->p1 != 0 || cmd->p2 >= CHANNELS_MAX)
		return SW_P1P2;
	if (cmd->p2) {
		if (cmd->p2 >= c->p->channels || c->channels[cmd->p2].open)
			return SW_NOT_SUPPORTED;
		channel_open(&c->channels[cmd->p2]);
		return SW_OK;
	}
	for (i = 1; i < c->p->channels && c->channels[i].open; i++)
		;
	if (i == c->p->channels)
		return SW_NOT_SUPPORTED;
	if (!card_apdus(c) && cmd->le != 1)
		return 0x6C01;
	/* From another channel than 0 the new one inherits that one's place. */
	channel_open(&c->channels[i]);
	if (cmd->channel)
		c->channels[i] = c->channels[cmd->channel];
	c->channels[i].get.active = false;
	a->data[0] = (uint8_t)i;
	a->n = 1;
	return SW_OK;
}

/* GET RESPONSE: the second half of a case 4 command. */
static unsigned int cmd_get_response(struct card *c, const struct command *cmd, struct answer *a)
{
	size_t n = c->waiting_len;

	if (!n || cmd->channel != c->waiting_channel)
		return SW_CONDITIONS;
	if (cmd->p1 || cmd->p2)
		return SW_P1P2;
	if (cmd->le > n && !(card_apdus(c) && cmd->any))
		return 0x6C00 | (n & 0xFF);
	if (cmd->le < n)
		n = cmd->le;
	memcpy(a->data, c->waiting, n);
	a->n = n;
	if (c->gsm)
		return SW_OK;	/* may be asked again, whole or in part */
	c->waiting_len -= n;
	memmove(c->waiting, c->waiting + n, c->waiting_len);
	return c->waiting_len ? 0x6100 | (c->waiting_len & 0xFF) : c->waiting_sw;
}

/* An answer of fixed length meets Le: T=0 wants the exact value, T=1 enough room. */
static unsigned int meet_le(struct card *c, const struct command *cmd, struct answer *a)
{
	if (!a->n)
		return a->sw;
	if (cmd->lc && !cmd->le) {
		memcpy(c->waiting, a->data, a->n);
		c->waiting_len = a->n;
		c->waiting_sw = a->sw;
		c->waiting_channel = cmd->channel;
		a->n = 0;
		return 0x6100 | (c->waiting_len & 0xFF);
	}
	if (cmd->le == a->n || (card_apdus(c) && (cmd->any || a->shorter)))
		return a->sw;
	return 0x6C00 | (a->n & 0xFF);
}

static void run(struct card *c, const struct command *cmd, struct answer *a)
{
	struct channel *ch = &c->channels[cmd->channel];

	if (cmd->ins == 0xC0) {
		a->sw = cmd_get_response(c, cmd, a);
		return;
	}
	c->waiting_len = 0;
	/* Any other command ends a transfer in blocks (TS 102 221 11.3.1.1, 11.3.2.1). */
	if (cmd->ins != 0xCB)
		ch->get.active = false;
	if (cmd->ins != 0xDB && c->set.channel == cmd->channel)
		c->set.active = false;
	switch (cmd->ins) {
	case 0xA4:
		a->sw = cmd_select(c, ch, cmd, a);
		break;
	case 0xF2:
		a->sw = cmd_status(c, ch, cmd, a);
		break;
	case 0xB0:
		a->sw = cmd_read_binary(c, ch, cmd, a);
		break;
	case 0xB2:
		a->sw = cmd_read_record(c, ch, cmd, a);
		break;
	case 0xD6:
		a->sw = cmd_update_binary(c, ch, cmd);
		break;
	case 0xDC:
		a->sw = cmd_update_record(c, ch, cmd);
		break;
	case 0xCB:
		a->sw = c->gsm ? SW_INS : cmd_retrieve_data(c, ch, cmd, a);
		break;
	case 0xDB:
		a->sw = c->gsm ? SW_INS : cmd_set_data(c, ch, cmd);
		break;
	case 0x20:
		a->sw = cmd_verify(c, cmd);
		break;
	case 0x70:
		a->sw = c->gsm ? SW_INS : cmd_manage_channel(c, cmd, a);
		break;
	default:
		a->sw = SW_INS;
		break;
	}
	a->sw = meet_le(c, cmd, a);
	if ((a->sw >> 8) == 0x6C)
		a->n = 0;
}

/* The same facts in the words of TS 51.011 9.4. */
static unsigned int gsm_status(unsigned int sw)
{
	if (sw >> 8 == 0x61)
		return 0x9F00 | (sw & 0xFF);
	if (sw >> 8 == 0x6C)
		return 0x6700 | (sw & 0xFF);
	if (sw >> 4 == 0x63C)
		return sw & 0xF ? 0x9804 : 0x9840;
	switch (sw) {
	case SW_NOT_FOUND:
		return 0x9404;
	case SW_NO_RECORD:
	case SW_OFFSET:
		return 0x9402;
	case SW_NO_EF:
		return 0x9400;
	case SW_STRUCTURE:
		return 0x9408;
	case SW_SECURITY:
		return 0x9804;
	case SW_BLOCKED:
		return 0x9840;
	case SW_NO_REFERENCE:
		return 0x9802;
	case SW_NOT_USABLE:
		return 0x9808;
	case SW_DEACTIVATED:
	case SW_CONDITIONS:
		return 0x9810;
	case SW_P1P2:
		return 0x6B00;
	default:
		return sw;
	}
}

static bool quirk_names(const struct quirk *q, uint8_t ins)
{
	if (q->ins == INS_ANY)
		return true;
	if (q->ins == INS_READ)
		return ins == 0xB0 || ins == 0xB2;
	return q->ins == ins;
}

/* Applies one fault to the finished answer; false = the card stays silent. */
static bool quirk_spoil(const struct quirk *q, struct answer *a, size_t max,
			unsigned int *delay_ms)
{
	unsigned int sw = (unsigned int)(q->bytes[0] << 8 | q->bytes[1]);

	switch (q->kind) {
	case QUIRK_SILENT:
		return false;
	case QUIRK_SW:
		a->n = 0;
		a->sw = sw;
		break;
	case QUIRK_REPLY:
		a->n = q->n_bytes - 2;
		memcpy(a->data, q->bytes, a->n);
		a->sw = (unsigned int)(q->bytes[a->n] << 8 | q->bytes[a->n + 1]);
		break;
	case QUIRK_TRUNCATE:
		a->n -= q->number < a->n ? q->number : a->n;
		break;
	case QUIRK_EXTRA:
		for (unsigned int i = 0; i < q->number && a->n < max; i++)
			a->data[a->n++] = 0xA5;
		break;
	case QUIRK_DELAY:
		*delay_ms = q->number;
		break;
	case QUIRK_MAP:
		a->sw = (unsigned int)(q->bytes[2] << 8 | q->bytes[3]);
		break;
	default:
		break;
	}
	return true;
}

static bool spoil(struct card *c, const struct command *cmd, struct answer *a,
		  unsigned int *delay_ms)
{
	size_t max = c->p->extended ? DATA_MAX : LE_MAX;

	for (int i = 0; i < c->p->n_quirks; i++) {
		const struct quirk *q = &c->p->quirks[i];

		if (q->kind < QUIRK_SILENT || q->kind > QUIRK_MAP || !quirk_names(q, cmd->ins))
			continue;
		if (q->kind == QUIRK_MAP && a->sw != (unsigned int)(q->bytes[0] << 8 | q->bytes[1]))
			continue;
		/* The bytes of an answer are spoiled only where there are some. */
		if ((q->kind == QUIRK_TRUNCATE || q->kind == QUIRK_EXTRA) && !a->n)
			continue;
		if (quirk_hits(c, i, &c->channels[cmd->channel]) &&
		    !quirk_spoil(q, a, max, delay_ms))
			return false;
	}
	return true;
}

size_t card_command(struct card *c, const uint8_t *in, size_t n, uint8_t *out,
		    unsigned int *delay_ms)
{
	const struct quirk *limit = profile_quirk(c->p, QUIRK_SILENT_AFTER);
	struct command cmd = { 0 };
	struct answer a = { .n = 0 };

	*delay_ms = 0;
	c->stats.commands++;
	c->stats.bytes_in += n;
	if (card_has_quirk(c, QUIRK_MUTE) || n < 4 ||
	    (limit && c->since_reset >= limit->number)) {
		c->stats.silent++;
		return 0;
	}
	c->since_reset++;
	cmd.cla = in[0];
	cmd.ins = in[1];
	cmd.p1 = in[2];
	cmd.p2 = in[3];
	c->stats.ins[cmd.ins]++;
	a.sw = parse_class(c, &cmd);
	if (a.sw == SW_OK)
		a.sw = card_apdus(c) ? parse_apdu(c, in, n, &cmd) : parse_tpdu(in, n, &cmd);
	if (a.sw == SW_OK) {
		if (!c->gsm && !class_fits(&cmd))
			a.sw = ins_name(cmd.ins) ? SW_CLA : SW_INS;
		else
			run(c, &cmd, &a);
	}
	if (c->gsm)
		a.sw = gsm_status(a.sw);
	if (!spoil(c, &cmd, &a, delay_ms)) {
		c->stats.silent++;
		return 0;
	}
	memcpy(out, a.data, a.n);
	out[a.n] = (uint8_t)(a.sw >> 8);
	out[a.n + 1] = (uint8_t)a.sw;
	c->stats.bytes_out += a.n + 2;
	return a.n + 2;
}
