/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File control parameters (TS 102 221 11.1.1.3) and the 2G answer to SELECT
 * (TS 51.011 9.2.1): bytes to facts. Access rights and PINs, access.h reads.
 */
#ifndef UICC_CORE_FCP_H
#define UICC_CORE_FCP_H

#include <linux/types.h>

#include "apdu.h"

enum uicc_file_type {
	UICC_FILE_UNKNOWN,	/* no descriptor, or one nobody has defined */
	UICC_FILE_TRANSPARENT,
	UICC_FILE_LINEAR_FIXED,
	UICC_FILE_CYCLIC,
	UICC_FILE_BER_TLV,
	UICC_FILE_DF,		/* MF, DF or ADF */
};

enum uicc_security_form {
	UICC_SECURITY_NONE,	/* not said */
	UICC_SECURITY_ARR,	/* 8B: record of EF(ARR); see @arr_fid, @arr_record */
	UICC_SECURITY_COMPACT,	/* 8C */
	UICC_SECURITY_EXPANDED,	/* AB */
	UICC_SECURITY_2G,	/* access nibbles of TS 51.011; see @access */
};

/**
 * struct uicc_fcp_part - where in the bytes that were parsed a value is
 * @at: offset of its first byte
 * @len: number of bytes; 0 when it is not there
 */
struct uicc_fcp_part {
	u16 at;
	u16 len;
};

/**
 * struct uicc_fcp - what a SELECT says about a file
 * @type: structure of the file
 * @internal: an internal EF (descriptor 09, 0A, 0E ...): readable like a working one
 * @has_size: @size is known
 * @size: bytes of data without structure information
 * @record_length: bytes of one record; 0 unless linear fixed or cyclic
 * @record_count: number of records; 0 = not said, read until the card ends them
 * @has_fid: @fid is known
 * @fid: file identifier
 * @sfi: short file identifier 1..30; 0 = none or not said (never guessed from the FID)
 * @df_name_len: bytes in @df_name, 0 = not said
 * @df_name: AID of an ADF as the card gives it: some pad a short one to 16 bytes with FF or 00,
 *	and real AIDs end in these too, so compare the bytes you know
 * @has_lcsi: @lcsi is known
 * @lcsi: life cycle status integer
 * @security: form of the security attributes
 * @arr_fid: FID of EF(ARR), 0 = not said
 * @arr_record: its record, the one in force as long as the PIN is not disabled; 0 = not said
 * @rules: access rules, compact or expanded; for access.h
 * @pins: PIN status template; for access.h
 * @access: 2G: bytes 9 to 11 of the answer, high nibble of the first = READ
 */
struct uicc_fcp {
	enum uicc_file_type type;
	bool internal;
	bool has_size;
	u32 size;
	u16 record_length;
	u8 record_count;
	bool has_fid;
	u16 fid;
	u8 sfi;
	u8 df_name_len;
	u8 df_name[UICC_AID_MAX];
	bool has_lcsi;
	u8 lcsi;
	enum uicc_security_form security;
	u16 arr_fid;
	u8 arr_record;
	struct uicc_fcp_part rules;
	struct uicc_fcp_part pins;
	u8 access[3];
};

int uicc_fcp_parse(struct uicc_fcp *fcp, const u8 *buf, size_t len);
int uicc_fcp_parse_2g(struct uicc_fcp *fcp, const u8 *buf, size_t len);
const char *uicc_file_type_name(enum uicc_file_type type);

#endif /* UICC_CORE_FCP_H */
