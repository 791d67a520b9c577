// SPDX-License-Identifier: GPL-2.0-only
/*
 * File control parameters (TS 102 221 11.1.1.3) and the 2G answer to SELECT
 * (TS 51.011 9.2.1): bytes to facts. Access rights and PINs, access.c reads.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "fcp.h"
#include "tlv.h"

#define FCP_TAG_TEMPLATE	0x62
#define FCP_TAG_FCI		0x6f	/* ISO 7816-4 7.4.3: an FCP, or the like, inside */
#define FCP_TAG_SIZE		0x80
#define FCP_TAG_DESCRIPTOR	0x82
#define FCP_TAG_FID		0x83
#define FCP_TAG_DF_NAME		0x84
#define FCP_TAG_SFI		0x88
#define FCP_TAG_LCSI		0x8a
#define FCP_TAG_SEC_ARR		0x8b
#define FCP_TAG_SEC_COMPACT	0x8c
#define FCP_TAG_SEC_EXPANDED	0xab
#define FCP_TAG_PIN_STATUS	0xc6

#define FCP_SE_PIN_ENABLED	0x01

/* TS 102 221 11.1.1.4.3 */
static enum uicc_file_type fcp_type(u8 descriptor)
{
	if (descriptor & BIT(7))
		return UICC_FILE_UNKNOWN;
	switch (descriptor & 0x3f) {	/* without "shareable" */
	case 0x38:
		return UICC_FILE_DF;
	case 0x39:
		return UICC_FILE_BER_TLV;
	}
	if ((descriptor & 0x38) > 0x08)	/* neither a working nor an internal EF */
		return UICC_FILE_UNKNOWN;
	switch (descriptor & 0x07) {
	case 1:
		return UICC_FILE_TRANSPARENT;
	case 2:
		return UICC_FILE_LINEAR_FIXED;
	case 6:
		return UICC_FILE_CYCLIC;
	default:
		return UICC_FILE_UNKNOWN;
	}
}

static bool fcp_has_records(const struct uicc_fcp *fcp)
{
	return fcp->type == UICC_FILE_LINEAR_FIXED || fcp->type == UICC_FILE_CYCLIC;
}

static int fcp_descriptor(struct uicc_fcp *fcp, const struct uicc_tlv *tlv)
{
	if (!tlv->len)
		return -EPROTO;
	fcp->type = fcp_type(tlv->val[0]);
	fcp->internal = (tlv->val[0] & 0xb8) == 0x08;
	/* A card may say it twice: nothing of the first time stays. */
	fcp->record_length = 0;
	fcp->record_count = 0;
	if (!fcp_has_records(fcp))
		return 0;
	/* descriptor, data coding, record length in two bytes, count in one */
	if (tlv->len < 4)
		return -EPROTO;
	fcp->record_length = tlv->val[2] << 8 | tlv->val[3];
	if (!fcp->record_length || fcp->record_length > 255)
		return -EPROTO;
	fcp->record_count = tlv->len > 4 ? tlv->val[4] : 0;
	return 0;
}

static int fcp_size(struct uicc_fcp *fcp, const struct uicc_tlv *tlv)
{
	size_t i;

	if (!tlv->len || tlv->len > 4)
		return -EPROTO;
	fcp->size = 0;
	for (i = 0; i < tlv->len; i++)
		fcp->size = fcp->size << 8 | tlv->val[i];
	fcp->has_size = true;
	return 0;
}

static int fcp_df_name(struct uicc_fcp *fcp, const struct uicc_tlv *tlv)
{
	if (tlv->len > UICC_AID_MAX)
		return -EPROTO;
	memcpy(fcp->df_name, tlv->val, tlv->len);
	fcp->df_name_len = tlv->len;
	return 0;
}

/*
 * TS 102 221 9.2.7: a record in EF(ARR), in an EF(ARR) known otherwise, or one for
 * each security environment: 01 is in force as long as the PIN is not disabled.
 */
static void fcp_sec_arr(struct uicc_fcp *fcp, const struct uicc_tlv *tlv)
{
	size_t i;

	fcp->security = UICC_SECURITY_ARR;
	fcp->arr_fid = tlv->len >= 3 ? tlv->val[0] << 8 | tlv->val[1] : 0;
	fcp->arr_record = 0;
	if (tlv->len == 1)
		fcp->arr_record = tlv->val[0];
	else if (tlv->len == 3)
		fcp->arr_record = tlv->val[2];
	for (i = 2; tlv->len >= 4 && i + 1 < tlv->len; i += 2)
		if (i == 2 || tlv->val[i] == FCP_SE_PIN_ENABLED)
			fcp->arr_record = tlv->val[i + 1];
}

static int fcp_take(struct uicc_fcp *fcp, const struct uicc_tlv *tlv)
{
	switch (tlv->tag) {
	case FCP_TAG_SIZE:
		return fcp_size(fcp, tlv);
	case FCP_TAG_DESCRIPTOR:
		return fcp_descriptor(fcp, tlv);
	case FCP_TAG_FID:
		if (tlv->len != 2)
			return -EPROTO;
		fcp->fid = tlv->val[0] << 8 | tlv->val[1];
		fcp->has_fid = true;
		return 0;
	case FCP_TAG_DF_NAME:
		return fcp_df_name(fcp, tlv);
	case FCP_TAG_SFI:
		/* TS 102 221 11.1.1.4.8: b8-b4; of length 0: the file has none */
		if (tlv->len > 1)
			return -EPROTO;
		fcp->sfi = tlv->len ? tlv->val[0] >> 3 : 0;
		if (fcp->sfi == 31)
			fcp->sfi = 0;
		return 0;
	case FCP_TAG_LCSI:
		if (tlv->len != 1)
			return -EPROTO;
		fcp->lcsi = tlv->val[0];
		fcp->has_lcsi = true;
		return 0;
	case FCP_TAG_SEC_ARR:
		fcp_sec_arr(fcp, tlv);
		return 0;
	case FCP_TAG_SEC_COMPACT:
		fcp->security = UICC_SECURITY_COMPACT;
		return 0;
	case FCP_TAG_SEC_EXPANDED:
		fcp->security = UICC_SECURITY_EXPANDED;
		return 0;
	default:
		return 0;	/* unknown tags are skipped */
	}
}

/* What access.c looks into. */
static void fcp_note_part(struct uicc_fcp *fcp, const u8 *buf, const struct uicc_tlv *tlv)
{
	struct uicc_fcp_part part = { .at = tlv->val - buf, .len = tlv->len };

	if (tlv->tag == FCP_TAG_SEC_COMPACT || tlv->tag == FCP_TAG_SEC_EXPANDED)
		fcp->rules = part;
	else if (tlv->tag == FCP_TAG_PIN_STATUS)
		fcp->pins = part;
}

/**
 * uicc_fcp_parse() - parse the answer to SELECT or STATUS of a UICC
 * @fcp: result; its content is undefined on failure
 * @buf: the answer without status word: template 62 (or 6F around or instead of it)
 * @len: its length
 *
 * Tags may come in any order, unknown ones are skipped. Bytes after the template
 * are not looked at: some cards return more than they announced. A record count
 * that is not said is worked out from the size.
 * Context: any.
 * Return: 0; -ENODATA when @len is 0 (a card may answer 9000 alone); -EPROTO when
 * this is no FCP, a length lies, or a value makes no sense.
 */
int uicc_fcp_parse(struct uicc_fcp *fcp, const u8 *buf, size_t len)
{
	const u8 *p = buf, *end = buf + len;
	struct uicc_tlv tlv;
	int ret;

	memset(fcp, 0, sizeof(*fcp));
	if (!len)
		return -ENODATA;

	ret = uicc_tlv_next(&p, end, &tlv);
	if (ret != 1 || (tlv.tag != FCP_TAG_TEMPLATE && tlv.tag != FCP_TAG_FCI))
		return -EPROTO;
	p = tlv.val;
	end = tlv.val + tlv.len;
	if (tlv.tag == FCP_TAG_FCI && tlv.len && *p == FCP_TAG_TEMPLATE) {
		if (uicc_tlv_next(&p, end, &tlv) != 1)
			return -EPROTO;
		p = tlv.val;
		end = tlv.val + tlv.len;
	}

	while ((ret = uicc_tlv_next(&p, end, &tlv)) == 1) {
		ret = fcp_take(fcp, &tlv);
		if (ret)
			return ret;
		fcp_note_part(fcp, buf, &tlv);
	}
	if (ret)
		return ret;

	if (fcp_has_records(fcp) && !fcp->record_count && fcp->has_size)
		fcp->record_count = min_t(u32, fcp->size / fcp->record_length, 254);
	return 0;
}

/**
 * uicc_fcp_parse_2g() - parse the answer to SELECT or STATUS of a 2G SIM
 * @fcp: result; its content is undefined on failure
 * @buf: the answer without status word
 * @len: its length; bytes beyond those defined are ignored
 *
 * Context: any.
 * Return: 0; -ENODATA when @len is 0; -EPROTO when the answer is too short for
 * what it says it is, or says nothing sensible.
 */
int uicc_fcp_parse_2g(struct uicc_fcp *fcp, const u8 *buf, size_t len)
{
	memset(fcp, 0, sizeof(*fcp));
	if (!len)
		return -ENODATA;
	if (len < 7)
		return -EPROTO;
	fcp->fid = buf[4] << 8 | buf[5];
	fcp->has_fid = true;
	if (buf[6] == 0x01 || buf[6] == 0x02) {
		fcp->type = UICC_FILE_DF;
		return 0;
	}
	if (buf[6] != 0x04 || len < 14)
		return -EPROTO;

	fcp->size = buf[2] << 8 | buf[3];
	fcp->has_size = true;
	memcpy(fcp->access, buf + 8, sizeof(fcp->access));
	fcp->security = UICC_SECURITY_2G;
	switch (buf[13]) {		/* TS 51.011 9.3 */
	case 0x00:
		fcp->type = UICC_FILE_TRANSPARENT;
		return 0;
	case 0x01:
		fcp->type = UICC_FILE_LINEAR_FIXED;
		break;
	case 0x03:
		fcp->type = UICC_FILE_CYCLIC;
		break;
	default:
		return -EPROTO;
	}
	if (len < 15 || !buf[14])
		return -EPROTO;
	fcp->record_length = buf[14];
	fcp->record_count = min_t(u32, fcp->size / fcp->record_length, 254);
	return 0;
}

/**
 * uicc_file_type_name() - a file type as sysfs spells it
 * @type: the type
 *
 * Context: any.
 * Return: a constant string: "transparent", "linear-fixed", "cyclic", "ber-tlv",
 * "df" or "unknown".
 */
const char *uicc_file_type_name(enum uicc_file_type type)
{
	switch (type) {
	case UICC_FILE_TRANSPARENT:
		return "transparent";
	case UICC_FILE_LINEAR_FIXED:
		return "linear-fixed";
	case UICC_FILE_CYCLIC:
		return "cyclic";
	case UICC_FILE_BER_TLV:
		return "ber-tlv";
	case UICC_FILE_DF:
		return "df";
	default:
		return "unknown";
	}
}
