// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answer to Reset (ISO 7816-3 clause 8): bytes to facts.
 * It does not choose a protocol, a speed or a voltage; transports do.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/string.h>
#include <linux/uicc_atr.h>

#define ATR_TS_DIRECT	0x3b
#define ATR_TS_INVERSE	0x3f

#define ATR_HAS_TA	BIT(4)
#define ATR_HAS_TB	BIT(5)
#define ATR_HAS_TC	BIT(6)
#define ATR_HAS_TD	BIT(7)

#define ATR_T1		1
#define ATR_T_GLOBAL	15	/* not a protocol: interface bytes for all of them */

#define ATR_CATEGORY_STATUS	0x00	/* historical bytes: three of status at their end */
#define ATR_CATEGORY_TLV	0x80
#define ATR_TLV_CAPABILITIES	7

/* ISO 7816-3 table 7: Fi and the highest clock; 0 = reserved */
static const struct {
	u16 fi;
	u16 fmax_khz;
} atr_fi[16] = {
	{ 372, 4000 }, { 372, 5000 }, { 558, 6000 }, { 744, 8000 },
	{ 1116, 12000 }, { 1488, 16000 }, { 1860, 20000 }, { 0, 0 },
	{ 0, 0 }, { 512, 5000 }, { 768, 7500 }, { 1024, 10000 },
	{ 1536, 15000 }, { 2048, 20000 }, { 0, 0 }, { 0, 0 },
};

/* ISO 7816-3 table 8; 0 = reserved */
static const u8 atr_di[16] = { 0, 1, 2, 4, 8, 16, 32, 64, 12, 20, 0, 0, 0, 0, 0, 0 };

/* Where the parser stands: i of TAi .. TDi and what was seen before. */
struct atr_pos {
	u8 at;		/* next byte */
	u8 group;	/* i, from 1 */
	u8 y;		/* which bytes of the group are there */
	u8 t;		/* T of the TD before this group */
	bool seen_t1;	/* "first for T=1" is over */
	bool seen_global;
	bool need_tck;
};

static int atr_take(const struct uicc_atr *atr, struct atr_pos *pos, u8 *byte)
{
	if (pos->at >= atr->len)
		return -EPROTO;
	*byte = atr->raw[pos->at++];
	return 0;
}

static void atr_set_speed(struct uicc_atr *atr, u8 ta1)
{
	u16 fi = atr_fi[ta1 >> 4].fi;
	u8 di = atr_di[ta1 & 0x0f];

	atr->ta1 = ta1;
	if (!fi || !di) {
		atr->fd_reserved = true;
		return;
	}
	atr->fi = fi;
	atr->di = di;
	atr->fmax_khz = atr_fi[ta1 >> 4].fmax_khz;
}

static int atr_ta(struct uicc_atr *atr, struct atr_pos *pos, u8 ta)
{
	if (pos->group == 1) {
		atr_set_speed(atr, ta);
	} else if (pos->group == 2) {
		atr->specific = true;
		atr->specific_protocol = ta & 0x0f;
		atr->specific_implicit = ta & BIT(4);
		if (atr->specific_protocol == ATR_T_GLOBAL)
			return -EPROTO;
	} else if (pos->t == ATR_T1 && !pos->seen_t1) {
		if (ta == 0x00 || ta == 0xff)	/* ISO 7816-3 11.4.2: reserved */
			return -EPROTO;
		atr->ifsc = ta;
	} else if (pos->t == ATR_T_GLOBAL && !pos->seen_global) {
		atr->classes = ta & (UICC_ATR_CLASS_A | UICC_ATR_CLASS_B | UICC_ATR_CLASS_C);
	}
	return 0;
}

static int atr_tb(struct uicc_atr *atr, struct atr_pos *pos, u8 tb)
{
	/* TB1, TB2 name a programming voltage nobody makes any more. */
	if (pos->group > 2 && pos->t == ATR_T1 && !pos->seen_t1) {
		if (tb >> 4 > 9)		/* ISO 7816-3 11.4.3: reserved */
			return -EPROTO;
		atr->bwi = tb >> 4;
		atr->cwi = tb & 0x0f;
	}
	return 0;
}

static int atr_tc(struct uicc_atr *atr, struct atr_pos *pos, u8 tc)
{
	if (pos->group == 1)
		atr->tc1 = tc;
	else if (pos->group == 2)
		atr->wi = tc ?: atr->wi;	/* 0 is reserved: keep the default */
	else if (pos->t == ATR_T1 && !pos->seen_t1)
		atr->crc = tc & BIT(0);
	return 0;
}

/* Reads TDi: which bytes the next group has, and for which protocol. */
static int atr_td(struct uicc_atr *atr, struct atr_pos *pos, u8 td)
{
	if (pos->group > 2 && pos->t == ATR_T1)
		pos->seen_t1 = true;
	if (pos->group > 2 && pos->t == ATR_T_GLOBAL)
		pos->seen_global = true;
	pos->y = td;
	pos->t = td & 0x0f;
	pos->need_tck |= pos->t != 0;
	if (pos->t != ATR_T_GLOBAL) {
		if (pos->group == 1)
			atr->first_protocol = pos->t;
		atr->protocols |= BIT(pos->t);
	} else if (pos->group == 1) {
		return -EPROTO;		/* ISO 7816-3 8.2.3: TD1 names a protocol */
	}
	pos->group++;
	return 0;
}

static int atr_interface_bytes(struct uicc_atr *atr, struct atr_pos *pos)
{
	static int (*const take[3])(struct uicc_atr *atr, struct atr_pos *pos, u8 byte) = {
		atr_ta, atr_tb, atr_tc,
	};
	bool more = true;
	u8 byte;
	int i, ret;

	/* Ends with the bytes: each turn but the last takes a TD. */
	while (more) {
		for (i = 0; i < 3; i++) {
			if (!(pos->y & (ATR_HAS_TA << i)))
				continue;
			ret = atr_take(atr, pos, &byte) ?: take[i](atr, pos, byte);
			if (ret)
				return ret;
		}
		more = pos->y & ATR_HAS_TD;
		if (more) {
			ret = atr_take(atr, pos, &byte) ?: atr_td(atr, pos, byte);
			if (ret)
				return ret;
		}
	}
	if (!atr->protocols)
		atr->protocols = BIT(0);	/* no TD1: T=0 alone */
	return 0;
}

static int atr_check_tck(const struct uicc_atr *atr)
{
	u8 sum = 0;
	int i;

	for (i = 1; i < atr->len; i++)
		sum ^= atr->raw[i];
	return sum ? -EPROTO : 0;
}

/*
 * Historical bytes (ISO 7816-4 8.1.1): category, then COMPACT-TLV objects, of which the
 * card capabilities matter here. Nonsense there makes no bad ATR, they are free.
 */
static void atr_historical_bytes(struct uicc_atr *atr)
{
	const u8 *p = atr->raw + atr->hist, *end = p + atr->hist_len;
	u8 tag, len;

	if (p == end || (*p != ATR_CATEGORY_STATUS && *p != ATR_CATEGORY_TLV))
		return;
	if (*p++ == ATR_CATEGORY_STATUS)
		end -= 3;	/* LCS, SW1, SW2 */
	while (p < end) {
		tag = *p >> 4;
		len = *p++ & 0x0f;
		if (len > end - p)
			return;
		if (tag == ATR_TLV_CAPABILITIES && len >= 1 && len <= sizeof(atr->caps)) {
			memcpy(atr->caps, p, len);
			atr->caps_len = len;
		}
		p += len;
	}
}

/**
 * uicc_atr_parse() - parse an Answer to Reset
 * @atr: result; its content is undefined on failure
 * @buf: the bytes, in direct convention, TS as 3B or 3F
 * @len: number of bytes; exactly the ATR, nothing before or after
 *
 * Context: any.
 * Return: 0, or -EPROTO: too short or too long, wrong TS, bytes missing or left
 * over, wrong TCK, or a value that ISO 7816-3 reserves and nobody can work with.
 */
int uicc_atr_parse(struct uicc_atr *atr, const u8 *buf, size_t len)
{
	struct atr_pos pos = { .at = 2, .group = 1 };
	int ret;

	memset(atr, 0, sizeof(*atr));
	if (len < UICC_ATR_MIN || len > UICC_ATR_MAX)
		return -EPROTO;
	if (buf[0] != ATR_TS_DIRECT && buf[0] != ATR_TS_INVERSE)
		return -EPROTO;

	memcpy(atr->raw, buf, len);
	atr->len = len;
	atr->inverse = buf[0] == ATR_TS_INVERSE;
	atr->hist_len = buf[1] & 0x0f;
	atr->wi = 10;
	atr->ifsc = 32;
	atr->bwi = 4;
	atr->cwi = 13;
	atr->fi = 372;
	atr->di = 1;
	atr->fmax_khz = 5000;
	atr->ta1 = 0x11;

	pos.y = buf[1];
	ret = atr_interface_bytes(atr, &pos);
	if (ret)
		return ret;

	atr->hist = pos.at;
	if (pos.at + atr->hist_len + pos.need_tck != len)
		return -EPROTO;
	ret = pos.need_tck ? atr_check_tck(atr) : 0;
	if (!ret)
		atr_historical_bytes(atr);
	return ret;
}
EXPORT_SYMBOL_GPL(uicc_atr_parse);
