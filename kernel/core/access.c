// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may read and update a file (TS 102 221 clause 9, ISO 7816-4 5.4.3), and
 * which PINs a directory knows: from an FCP, a record of EF(ARR), or 2G bytes.
 * It only says what the card said: the card itself decides.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "access.h"
#include "tlv.h"

#define AM_BYTE			0x80	/* access mode: bits */
#define AM_COMMAND_MAX		0x8f	/* 81..8F: bytes of command headers */
#define AM_COMMAND_INS		BIT(2)	/* which bytes: CLA, INS, P1, P2 from b4 on */
#define AM_PROPRIETARY		0x9c
#define AM_READ			BIT(0)	/* of an EF */
#define AM_UPDATE		BIT(1)

#define SC_ALWAYS		0x90
#define SC_NEVER		0x97
#define SC_BYTE			0x9e
#define SC_OR			0xa0
#define SC_USER_AUTH		0xa4
#define SC_AND			0xa7
#define SC_NOT			0xaf

#define CRT_KEY_REF		0x83
#define CRT_USAGE		0x95
#define CRT_USAGE_PIN		BIT(3)

#define PS_ENABLED		0x90

/* Templates inside each other; real rules nest two. */
#define ACCESS_DEPTH_MAX	4

/* TS 51.011 9.3 */
#define ACCESS_2G_ALWAYS	0
#define ACCESS_2G_CHV2		2
#define ACCESS_2G_NEVER		15

static void condition_pin(struct uicc_condition *cond, u8 ref)
{
	*cond = (struct uicc_condition){ .kind = UICC_CONDITION_PINS, .n = 1, .refs = { ref } };
}

static void condition_set(struct uicc_condition *cond, enum uicc_condition_kind kind)
{
	*cond = (struct uicc_condition){ .kind = kind };
}

/*
 * *cond = *cond and @more, or *cond or @more. What does not fit in a list, a mixture
 * of the two say, is unknown.
 */
static void condition_join(struct uicc_condition *cond, const struct uicc_condition *more,
			   bool all)
{
	enum uicc_condition_kind neutral = all ? UICC_CONDITION_ALWAYS : UICC_CONDITION_NEVER;
	enum uicc_condition_kind decides = all ? UICC_CONDITION_NEVER : UICC_CONDITION_ALWAYS;
	unsigned int i;

	if (more->kind == neutral || cond->kind == decides)
		return;
	if (cond->kind == neutral || more->kind == decides) {
		*cond = *more;
		return;
	}
	if (cond->kind == UICC_CONDITION_UNKNOWN || more->kind == UICC_CONDITION_UNKNOWN ||
	    (cond->n > 1 && cond->all != all) || (more->n > 1 && more->all != all)) {
		condition_set(cond, UICC_CONDITION_UNKNOWN);
		return;
	}
	for (i = 0; i < more->n; i++) {
		if (memchr(cond->refs, more->refs[i], cond->n))
			continue;
		if (cond->n == UICC_CONDITION_REFS_MAX) {
			condition_set(cond, UICC_CONDITION_UNKNOWN);
			return;
		}
		cond->refs[cond->n++] = more->refs[i];
	}
	cond->all = all && cond->n > 1;
}

/* ISO 7816-4 table 20. Which PIN "user authentication" means, it does not say. */
static void condition_byte(struct uicc_condition *cond, u8 sc)
{
	condition_set(cond, sc == 0x00 ? UICC_CONDITION_ALWAYS :
			    sc == 0xff ? UICC_CONDITION_NEVER : UICC_CONDITION_UNKNOWN);
}

/* A control reference template: one key, used as a PIN or not. */
static int condition_crt(struct uicc_condition *cond, const struct uicc_tlv *crt)
{
	const u8 *p = crt->val, *end = p + crt->len;
	unsigned int keys = 0;
	bool is_pin = true;
	struct uicc_tlv tlv;
	int ret;

	condition_set(cond, UICC_CONDITION_UNKNOWN);
	while ((ret = uicc_tlv_next(&p, end, &tlv)) == 1) {
		if (tlv.tag == CRT_KEY_REF && tlv.len == 1) {
			condition_pin(cond, tlv.val[0]);
			keys++;
		} else if (tlv.tag == CRT_USAGE && tlv.len == 1) {
			is_pin = tlv.val[0] & CRT_USAGE_PIN;
		}
	}
	if (keys != 1 || !is_pin)
		condition_set(cond, UICC_CONDITION_UNKNOWN);
	return ret;
}

/* One security condition that is no template. */
static int condition_take(struct uicc_condition *cond, const struct uicc_tlv *tlv)
{
	condition_set(cond, UICC_CONDITION_UNKNOWN);
	switch (tlv->tag) {
	case SC_ALWAYS:
		condition_set(cond, UICC_CONDITION_ALWAYS);
		return 0;
	case SC_NEVER:
		condition_set(cond, UICC_CONDITION_NEVER);
		return 0;
	case SC_BYTE:
		if (tlv->len == 1)
			condition_byte(cond, tlv->val[0]);
		return 0;
	case SC_USER_AUTH:
		return condition_crt(cond, tlv);
	default:
		return 0;	/* secure messaging and the like */
	}
}

static bool tag_is_am(u32 tag)
{
	return (tag >= AM_BYTE && tag <= AM_COMMAND_MAX) || tag == AM_PROPRIETARY;
}

/* A template that is being read; the lowest stands for the rule itself. */
struct access_level {
	const u8 *end;
	u8 tag;
	unsigned int members;
	struct uicc_condition cond;
};

static void level_join(struct access_level *level, const struct uicc_condition *more)
{
	condition_join(&level->cond, more, level->tag == SC_AND);
	level->members++;
}

static void level_open(struct access_level *level, u8 tag, const u8 *end)
{
	level->end = end;
	level->tag = tag;
	level->members = 0;
	condition_set(&level->cond, tag == SC_AND ? UICC_CONDITION_ALWAYS : UICC_CONDITION_NEVER);
}

/* What a template that ended says. */
static void level_close(struct access_level *level)
{
	enum uicc_condition_kind kind = level->cond.kind;

	if (!level->members)
		condition_set(&level->cond, UICC_CONDITION_UNKNOWN);
	else if (level->tag == SC_NOT)
		condition_set(&level->cond, kind == UICC_CONDITION_ALWAYS ? UICC_CONDITION_NEVER :
					    kind == UICC_CONDITION_NEVER ? UICC_CONDITION_ALWAYS :
									   UICC_CONDITION_UNKNOWN);
}

/*
 * The conditions behind an access mode, up to the next one: several without a
 * template are alternatives. No recursion: the card made the nesting.
 */
static int access_conditions(const u8 **p, const u8 *end, struct uicc_condition *cond)
{
	struct access_level level[ACCESS_DEPTH_MAX], *top = level;
	struct uicc_condition one;
	struct uicc_tlv tlv;
	const u8 *at;
	int ret;

	level_open(top, SC_OR, end);
	for (;;) {
		at = *p;
		ret = uicc_tlv_next(p, top->end, &tlv);
		if (ret < 0)
			return ret;
		if (ret && top == level && tag_is_am(tlv.tag)) {
			*p = at;
			ret = 0;
		}
		if (!ret) {
			level_close(top);
			if (top == level)
				break;
			top--;
			level_join(top, &top[1].cond);
		} else if (tlv.tag != SC_OR && tlv.tag != SC_AND && tlv.tag != SC_NOT) {
			ret = condition_take(&one, &tlv);
			if (ret)
				return ret;
			level_join(top, &one);
		} else if (top == level + ACCESS_DEPTH_MAX - 1) {
			condition_set(&one, UICC_CONDITION_UNKNOWN);
			level_join(top, &one);
		} else {
			level_open(++top, tlv.tag, tlv.val + tlv.len);
			*p = tlv.val;
		}
	}
	*cond = level[0].cond;
	return 0;
}

static u8 am_of_ins(u8 ins)
{
	switch (ins & 0xfe) {
	case 0xb0:	/* READ BINARY */
	case 0xb2:	/* READ RECORD */
	case 0xca:	/* RETRIEVE DATA is CB */
		return AM_READ;
	case 0xd6:	/* UPDATE BINARY */
	case 0xdc:	/* UPDATE RECORD */
	case 0xda:	/* SET DATA is DB */
		return AM_UPDATE;
	default:
		return 0;
	}
}

/* Which of reading and updating an access mode speaks of; @some: of a part of them. */
static int access_mode(const struct uicc_tlv *tlv, u8 *am, bool *some)
{
	size_t i, step = 0;
	unsigned int bit;

	*am = 0;
	*some = false;
	if (tlv->tag == AM_PROPRIETARY)
		return 0;
	if (!tlv->len)
		return -EPROTO;
	if (tlv->tag == AM_BYTE) {
		*am = tlv->val[0] & (AM_READ | AM_UPDATE);
		return 0;
	}
	/* Headers, each with the bytes that the tag's low bits name. */
	*some = tlv->tag & 0x0f & ~AM_COMMAND_INS;
	if (!(tlv->tag & AM_COMMAND_INS)) {
		*am = AM_READ | AM_UPDATE;
		return 0;
	}
	for (bit = 0; bit < 4; bit++)
		step += !!(tlv->tag & BIT(bit));
	for (i = !!(tlv->tag & BIT(3)); i < tlv->len; i += step)
		*am |= am_of_ins(tlv->val[i]);
	return 0;
}

static void access_never(struct uicc_access *acc)
{
	/* TS 102 221 annex E.1: what no rule speaks of is not allowed. */
	condition_set(&acc->read, UICC_CONDITION_NEVER);
	condition_set(&acc->update, UICC_CONDITION_NEVER);
}

static void access_unknown(struct uicc_access *acc)
{
	condition_set(&acc->read, UICC_CONDITION_UNKNOWN);
	condition_set(&acc->update, UICC_CONDITION_UNKNOWN);
}

static void access_join(struct uicc_access *acc, u8 am, const struct uicc_condition *cond)
{
	if (am & AM_READ)
		condition_join(&acc->read, cond, false);
	if (am & AM_UPDATE)
		condition_join(&acc->update, cond, false);
}

static int access_expanded(struct uicc_access *acc, const u8 *p, const u8 *end)
{
	struct uicc_condition cond;
	unsigned int rules = 0;
	struct uicc_tlv tlv;
	bool some;
	int ret;
	u8 am;

	access_never(acc);
	while ((ret = uicc_tlv_next(&p, end, &tlv)) == 1) {
		if (!tag_is_am(tlv.tag))
			return -EPROTO;
		ret = access_mode(&tlv, &am, &some) ?: access_conditions(&p, end, &cond);
		if (ret)
			return ret;
		if (some)
			condition_set(&cond, UICC_CONDITION_UNKNOWN);
		access_join(acc, am, &cond);
		rules++;
	}
	return ret ?: rules ? 0 : -ENODATA;
}

/* ISO 7816-4 5.4.3.1: an access mode byte, then a condition for each of its bits. */
static int access_compact(struct uicc_access *acc, const u8 *p, const u8 *end)
{
	struct uicc_condition cond;
	int bit;
	u8 am;

	if (p == end)
		return -ENODATA;
	access_never(acc);
	while (p < end) {
		am = *p++;
		for (bit = 6; bit >= 0; bit--) {
			if (!(am & BIT(bit)))
				continue;
			if (p == end)
				return -EPROTO;
			condition_byte(&cond, *p++);
			access_join(acc, BIT(bit), &cond);
		}
	}
	return 0;
}

/* The keys of levels 4 to 14 are the issuer's own business (TS 51.011 11.6). */
static void condition_2g(struct uicc_condition *cond, u8 nibble)
{
	if (nibble == ACCESS_2G_ALWAYS)
		condition_set(cond, UICC_CONDITION_ALWAYS);
	else if (nibble <= ACCESS_2G_CHV2)
		condition_pin(cond, nibble);
	else
		condition_set(cond, nibble == ACCESS_2G_NEVER ? UICC_CONDITION_NEVER :
								UICC_CONDITION_UNKNOWN);
}

/**
 * uicc_access_rules() - read access rules in expanded format
 * @acc: result; all unknown on failure
 * @rules: a record of EF(ARR), with its padding
 * @len: bytes of @rules
 *
 * Context: any.
 * Return: 0; -ENODATA when there is no rule; -EPROTO when this is none.
 */
int uicc_access_rules(struct uicc_access *acc, const u8 *rules, size_t len)
{
	int ret = access_expanded(acc, rules, rules + len);

	if (ret)
		access_unknown(acc);
	return ret;
}

static bool fcp_part_good(const struct uicc_fcp_part *part, size_t len)
{
	return part->len && part->at <= len && part->len <= len - part->at;
}

/**
 * uicc_access_fcp() - who may read and update a file, as its FCP says
 * @acc: result; all unknown unless 0 is returned
 * @fcp: what uicc_fcp_parse() or uicc_fcp_parse_2g() made of @raw
 * @raw: the FCP as the card gave it
 * @len: bytes of @raw
 *
 * Context: any.
 * Return: 0; 1 when record @fcp->arr_record of EF(ARR) @fcp->arr_fid says it, for
 * uicc_access_rules(); -ENODATA when the FCP does not say; -EPROTO when it says nonsense.
 */
int uicc_access_fcp(struct uicc_access *acc, const struct uicc_fcp *fcp, const u8 *raw,
		    size_t len)
{
	const u8 *rules = raw + fcp->rules.at;
	int ret = -ENODATA;

	access_unknown(acc);
	switch (fcp->security) {
	case UICC_SECURITY_ARR:
		return fcp->arr_fid && fcp->arr_record ? 1 : -ENODATA;
	case UICC_SECURITY_COMPACT:
		if (fcp_part_good(&fcp->rules, len))
			ret = access_compact(acc, rules, rules + fcp->rules.len);
		break;
	case UICC_SECURITY_EXPANDED:
		if (fcp_part_good(&fcp->rules, len))
			ret = access_expanded(acc, rules, rules + fcp->rules.len);
		break;
	case UICC_SECURITY_2G:
		condition_2g(&acc->read, fcp->access[0] >> 4);
		condition_2g(&acc->update, fcp->access[0] & 0x0f);
		return 0;
	case UICC_SECURITY_NONE:
		break;
	}
	if (ret)
		access_unknown(acc);
	return ret;
}

/**
 * uicc_condition_print() - a condition as a short text
 * @cond: the condition
 * @text: out: "always", "never", "pin 01", "pin 01 or 0a", "pin 01 and 81" or "unknown", and a
 *	NUL; UICC_CONDITION_TEXT_MAX bytes of room
 *
 * Context: any.
 */
void uicc_condition_print(const struct uicc_condition *cond, char *text)
{
	unsigned int i;

	switch (cond->kind) {
	case UICC_CONDITION_ALWAYS:
		strcpy(text, "always");
		break;
	case UICC_CONDITION_NEVER:
		strcpy(text, "never");
		break;
	case UICC_CONDITION_PINS:
		text += sprintf(text, "pin %02x", cond->refs[0]);
		for (i = 1; i < cond->n; i++)
			text += sprintf(text, " %s %02x", cond->all ? "and" : "or", cond->refs[i]);
		break;
	default:
		strcpy(text, "unknown");
		break;
	}
}

/**
 * uicc_pins_fcp() - the PINs that the FCP of a directory names
 * @pins: result; its content is undefined on failure
 * @fcp: what uicc_fcp_parse() made of @raw
 * @raw: the FCP as the card gave it
 * @len: bytes of @raw
 *
 * More than UICC_PINS_MAX are not kept.
 *
 * Context: any.
 * Return: 0; -ENODATA when there is no PIN status template; -EPROTO when it is none.
 */
int uicc_pins_fcp(struct uicc_pins *pins, const struct uicc_fcp *fcp, const u8 *raw, size_t len)
{
	const u8 *p = raw + fcp->pins.at, *end = p + fcp->pins.len;
	struct uicc_tlv tlv, enabled = { 0 };
	u8 usage = CRT_USAGE_PIN;
	int ret;

	pins->n = 0;
	if (!fcp_part_good(&fcp->pins, len))
		return -ENODATA;
	while ((ret = uicc_tlv_next(&p, end, &tlv)) == 1 && pins->n < UICC_PINS_MAX) {
		if (tlv.tag == PS_ENABLED) {
			enabled = tlv;
		} else if (tlv.tag == CRT_USAGE && tlv.len == 1) {
			usage = tlv.val[0];	/* of the key that follows */
		} else if (tlv.tag == CRT_KEY_REF && tlv.len == 1) {
			struct uicc_pin *pin = &pins->pin[pins->n];

			/* TS 102 221 9.5.2: b8 of the first byte is the first key's. */
			pin->ref = tlv.val[0];
			pin->enabled = pins->n / 8 < enabled.len &&
				       enabled.val[pins->n / 8] & (0x80 >> pins->n % 8);
			pin->usage = usage;
			pin->tries = UICC_FCP_TRIES_UNKNOWN;
			usage = CRT_USAGE_PIN;
			pins->n++;
		}
	}
	return ret < 0 ? ret : 0;
}

static void pins_add_2g(struct uicc_pins *pins, u8 ref, bool enabled, u8 status)
{
	/* TS 51.011 9.3: b8 set: initialised; b4-b1: tries left */
	if (!(status & 0x80))
		return;
	pins->pin[pins->n++] = (struct uicc_pin){
		.ref = ref, .enabled = enabled, .usage = CRT_USAGE_PIN, .tries = status & 0x0f,
	};
}

/**
 * uicc_pins_2g() - the PINs that the answer of a 2G card to SELECT or STATUS of a directory names
 * @pins: result: CHV1 as key reference 01, CHV2 as 02, as far as they are initialised
 * @buf: the answer without status word
 * @len: bytes of @buf
 *
 * Context: any.
 * Return: 0; -ENODATA when it is not the answer for a directory, or too short.
 */
int uicc_pins_2g(struct uicc_pins *pins, const u8 *buf, size_t len)
{
	pins->n = 0;
	if (len < 19 || (buf[6] != 0x01 && buf[6] != 0x02))
		return -ENODATA;
	pins_add_2g(pins, 0x01, !(buf[13] & 0x80), buf[18]);
	if (len >= 21)
		pins_add_2g(pins, 0x02, true, buf[20]);
	return 0;
}
