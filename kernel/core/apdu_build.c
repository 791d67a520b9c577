// SPDX-License-Identifier: GPL-2.0-only
/*
 * Builders of command APDUs (TS 102 221 clause 11, TS 51.011 clause 9.2): from
 * what is wanted to a struct uicc_apdu. Nothing is sent here.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "apdu.h"
#include "tlv.h"

#define INS_VERIFY		0x20
#define INS_MANAGE_CHANNEL	0x70
#define INS_SELECT		0xa4
#define INS_READ_BINARY		0xb0
#define INS_READ_RECORD		0xb2
#define INS_RETRIEVE_DATA	0xcb
#define INS_UPDATE_BINARY	0xd6
#define INS_SET_DATA		0xdb
#define INS_UPDATE_RECORD	0xdc
#define INS_STATUS		0xf2

#define CLA_ETSI		0x80

#define SELECT_BY_FID		0x00
#define SELECT_BY_AID		0x04
#define SELECT_BY_PATH_MF	0x08
#define SELECT_P2_FCP		0x04	/* TS 102 221 table 11.2 */
#define SELECT_P2_NO_DATA	0x0c
#define RECORD_PREVIOUS		0x03
#define RECORD_ABSOLUTE		0x04
#define BLOCK_FIRST		BIT(7)	/* TS 102 221 11.3.1: P2 */

static void apdu_header(struct uicc_apdu *apdu, u8 cla, u8 ins, u8 p1, u8 p2, u16 le)
{
	apdu->cla = cla;
	apdu->ins = ins;
	apdu->p1 = p1;
	apdu->p2 = p2;
	apdu->lc = 0;
	apdu->le = le;
	apdu->data = NULL;
}

static int apdu_body(struct uicc_apdu *apdu, const u8 *data, size_t len)
{
	if (!len || len > UICC_APDU_EXT_MAX)
		return -EINVAL;
	apdu->data = data;
	apdu->lc = len;
	return 0;
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
	apdu->built[0] = fid >> 8;
	apdu->built[1] = fid;
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
	memcpy(apdu->built, aid, aid_len);
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
		apdu->built[2 * i] = fids[i] >> 8;
		apdu->built[2 * i + 1] = fids[i];
	}
	return 0;
}

static bool apdu_le_good(u16 le)
{
	/* Not 256: some cards take P3 = 00 as "nothing" and answer 9000. */
	return le && le != 256 && le <= UICC_APDU_EXT_MAX;
}

/**
 * uicc_apdu_read_max() - Le for one READ
 * @io: the way to the card
 * @want: bytes wanted, at least 1
 *
 * Context: any.
 * Return: as many of @want as one command can ask for; never 256, see
 * uicc_apdu_read_binary().
 */
u16 uicc_apdu_read_max(const struct uicc_apdu_io *io, size_t want)
{
	if (io->extended && !io->t0 && want > 256)
		return min_t(size_t, want, UICC_APDU_EXT_MAX);
	return min_t(size_t, want, 255);
}

/**
 * uicc_apdu_read_binary() - build READ BINARY of the selected file
 * @apdu: the command
 * @offset: 0..7FFF
 * @le: as uicc_apdu_read_max() says. Not 256: some cards take P3 = 00 as "nothing" and
 *	answer 9000
 *
 * Context: any.
 * Return: 0, or -EINVAL outside of these limits.
 */
int uicc_apdu_read_binary(struct uicc_apdu *apdu, u32 offset, u16 le)
{
	if (offset > 0x7fff || !apdu_le_good(le))
		return -EINVAL;
	apdu_header(apdu, 0x00, INS_READ_BINARY, offset >> 8, offset, le);
	return 0;
}

/**
 * uicc_apdu_read_binary_sfi() - build READ BINARY by short file identifier
 * @apdu: the command
 * @sfi: 1..30, from an FCP
 * @offset: 0..255
 * @le: as for uicc_apdu_read_binary()
 *
 * Context: any.
 * Return: 0, or -EINVAL outside of these limits.
 */
int uicc_apdu_read_binary_sfi(struct uicc_apdu *apdu, u8 sfi, u8 offset, u16 le)
{
	if (!sfi || sfi > 30 || !apdu_le_good(le))
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
 * uicc_apdu_update_binary() - build UPDATE BINARY of the selected file
 * @apdu: the command
 * @offset: 0..7FFF
 * @data: new bytes, kept until the exchange is over
 * @len: their number, 1..UICC_APDU_DATA_MAX, extended 1..UICC_APDU_EXT_MAX
 *
 * Context: any.
 * Return: 0, or -EINVAL outside of these limits.
 */
int uicc_apdu_update_binary(struct uicc_apdu *apdu, u32 offset, const u8 *data, size_t len)
{
	if (offset > 0x7fff)
		return -EINVAL;
	apdu_header(apdu, 0x00, INS_UPDATE_BINARY, offset >> 8, offset, 0);
	return apdu_body(apdu, data, len);
}

/**
 * uicc_apdu_update_record() - build UPDATE RECORD, absolute: of a linear fixed file
 * @apdu: the command
 * @sfi: short file identifier 1..30, or 0 for the selected file
 * @record: 1..254
 * @data: the new record, kept until the exchange is over
 * @len: 1..255, the record length
 *
 * Context: any.
 * Return: 0, or -EINVAL outside of these limits.
 */
int uicc_apdu_update_record(struct uicc_apdu *apdu, u8 sfi, u8 record, const u8 *data,
			    size_t len)
{
	if (sfi > 30 || !record || record > 254 || len > UICC_APDU_DATA_MAX)
		return -EINVAL;
	apdu_header(apdu, 0x00, INS_UPDATE_RECORD, record, sfi << 3 | RECORD_ABSOLUTE, 0);
	return apdu_body(apdu, data, len);
}

/**
 * uicc_apdu_update_record_previous() - build UPDATE RECORD of a cyclic file
 * @apdu: the command
 * @sfi: short file identifier 1..30, or 0 for the selected file
 * @data: the new record, kept until the exchange is over; it takes the place of the oldest
 *	one and becomes number 1
 * @len: 1..255, the record length
 *
 * Context: any.
 * Return: 0, or -EINVAL outside of these limits.
 */
int uicc_apdu_update_record_previous(struct uicc_apdu *apdu, u8 sfi, const u8 *data, size_t len)
{
	if (sfi > 30 || len > UICC_APDU_DATA_MAX)
		return -EINVAL;
	apdu_header(apdu, 0x00, INS_UPDATE_RECORD, 0x00, sfi << 3 | RECORD_PREVIOUS, 0);
	return apdu_body(apdu, data, len);
}

/**
 * uicc_apdu_retrieve_data() - build RETRIEVE DATA of the selected BER-TLV file
 * @apdu: the command
 * @tag: tag of the object, one to three bytes; UICC_TAG_LIST for the list of tags
 * @first: the first block, which begins with tag and length of the object; else the
 *	next block of the same object, @tag is not looked at
 *
 * There is a next block when uicc_sw_more_blocks() says so.
 *
 * Context: any.
 * Return: 0, or -EINVAL when @tag is none.
 */
int uicc_apdu_retrieve_data(struct uicc_apdu *apdu, u32 tag, bool first)
{
	int len;

	if (!first) {
		apdu_header(apdu, CLA_ETSI, INS_RETRIEVE_DATA, 0x00, 0x00, 255);
		return 0;
	}
	apdu_header(apdu, CLA_ETSI, INS_RETRIEVE_DATA, 0x00, BLOCK_FIRST, 256);
	len = uicc_tlv_put_tag(apdu->built, sizeof(apdu->built), tag);
	if (len < 0)
		return len;
	apdu->lc = len;
	return 0;
}

/**
 * uicc_apdu_set_data() - build SET DATA to the selected BER-TLV file
 * @apdu: the command
 * @data: part of an object, kept until the exchange is over; the first block begins with the
 *	object's tag and length, and one of tag and length 0, or of the tag alone, deletes it
 * @len: 1..UICC_APDU_DATA_MAX, extended 1..UICC_APDU_EXT_MAX
 * @first: the first block; else the next one of the same object
 *
 * The card expects a next block when uicc_sw_more_blocks() says so.
 *
 * Context: any.
 * Return: 0, or -EINVAL outside of these limits.
 */
int uicc_apdu_set_data(struct uicc_apdu *apdu, const u8 *data, size_t len, bool first)
{
	apdu_header(apdu, CLA_ETSI, INS_SET_DATA, 0x00, first ? BLOCK_FIRST : 0x00, 0);
	return apdu_body(apdu, data, len);
}

/**
 * uicc_apdu_verify() - build VERIFY PIN
 * @apdu: the command; it holds the PIN: clear it with memzero_explicit() after use
 * @key_ref: key reference
 * @pin: the PIN, digits in ASCII; it is copied and padded
 * @len: UICC_PIN_MIN..UICC_PIN_MAX
 *
 * Context: any.
 * Return: 0, or -EINVAL for a wrong length.
 */
int uicc_apdu_verify(struct uicc_apdu *apdu, u8 key_ref, const u8 *pin, size_t len)
{
	if (!key_ref || len < UICC_PIN_MIN || len > UICC_PIN_MAX)
		return -EINVAL;
	apdu_header(apdu, 0x00, INS_VERIFY, 0x00, key_ref, 0);
	memset(apdu->built, 0xff, UICC_PIN_MAX);
	memcpy(apdu->built, pin, len);
	apdu->lc = UICC_PIN_MAX;	/* TS 102 221 9.5.1: always sent as 8 bytes */
	return 0;
}

/**
 * uicc_apdu_pin_status() - build VERIFY PIN without a PIN: asks how many tries are left
 * @apdu: the command; see uicc_sw_pin_tries() for the answer, 9000 means "not needed now"
 * @key_ref: key reference
 *
 * It costs no try. A 2G card does not know it.
 *
 * Context: any.
 * Return: 0, or -EINVAL for key reference 0.
 */
int uicc_apdu_pin_status(struct uicc_apdu *apdu, u8 key_ref)
{
	if (!key_ref)
		return -EINVAL;
	apdu_header(apdu, 0x00, INS_VERIFY, 0x00, key_ref, 0);
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
