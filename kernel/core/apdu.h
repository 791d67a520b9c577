/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command and response APDUs (TS 102 221 clauses 7.3 and 10, TS 51.011 clause 9):
 * the procedure above the transport (apdu.c), building (apdu_build.c), and status
 * words. It knows no device and no file cache; bytes go through a callback.
 */
#ifndef UICC_CORE_APDU_H
#define UICC_CORE_APDU_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <uapi/linux/uicc.h>

#define UICC_APDU_DATA_MAX	255	/* of a short command; its answer: 256 */
#define UICC_APDU_EXT_MAX	4096	/* either way, of an extended one; our own limit */
#define UICC_CHANNEL_MAX	19	/* TS 102 221 10.1.1 */
#define UICC_AID_MIN		5
#define UICC_AID_MAX		16
#define UICC_PATH_MAX		8	/* FIDs in one SELECT by path */
#define UICC_GET_RESPONSE_MAX	32	/* rounds of one exchange */

#define UICC_FID_MF		0x3f00
#define UICC_FID_ADF		0x7fff	/* "the current application" in a path */
#define UICC_TAG_LIST		0x5c	/* RETRIEVE DATA of it: the tags of a BER-TLV file */

/* The class of the first command after reset decides which one a card speaks. */
enum uicc_mode {
	UICC_MODE_UICC,		/* TS 102 221, CLA 0X/4X/8X */
	UICC_MODE_SIM2G,	/* TS 51.011, CLA A0 */
};

/**
 * struct uicc_apdu - one command
 * @cla: class without channel bits: 0x00 or 0x80; uicc_apdu_exchange() adds the channel, or
 *	replaces it by A0 in 2G mode
 * @ins: instruction
 * @p1: parameter 1
 * @p2: parameter 2
 * @lc: number of bytes of command data, 0 for cases 1 and 2; above UICC_APDU_DATA_MAX, up to
 *	UICC_APDU_EXT_MAX, the command is extended
 * @le: 0 for cases 1 and 3, else the most bytes of an answer wanted; 256 means "all there is",
 *	above it, up to UICC_APDU_EXT_MAX, the command is extended
 * @data: command data, the caller's, who keeps them until the exchange is over; NULL: @built
 * @built: command data that a builder made; may be a PIN: see uicc_apdu_verify()
 */
struct uicc_apdu {
	u8 cla;
	u8 ins;
	u8 p1;
	u8 p2;
	u16 lc;
	u16 le;
	const u8 *data;
	u8 built[2 * UICC_PATH_MAX];
};

/**
 * struct uicc_rapdu - one answer
 * @data: buffer of the caller
 * @size: room in @data
 * @len: out: bytes in @data, never more than @size nor (but for 256) than the command's @le
 * @sw: out: last status word, 0 before any answer
 * @truncated: out: the card gave or announced more than fits; the rest was dropped
 */
struct uicc_rapdu {
	u8 *data;
	size_t size;
	size_t len;
	u16 sw;
	bool truncated;
};

/**
 * struct uicc_apdu_io - how commands reach one card
 * @transmit: sends one TPDU (T=0: header, P3, data) or APDU (otherwise) and waits, bounded, for
 *	data and SW1 SW2. Returns the number of bytes put in @rsp (at most @rsp_size) or -errno,
 *	which uicc_apdu_exchange() passes on untouched. Called without any lock of this layer.
 * @ctx: first argument of @transmit
 * @t0: the transport takes TPDUs, the T=0 procedure is ours
 * @extended: card and transport take extended APDUs; never with @t0
 * @channel: logical channel, 0..UICC_CHANNEL_MAX; ignored in 2G mode
 * @mode: UICC or 2G
 * @cmd: scratch of uicc_apdu_exchange(), so one exchange at a time; cleared after each
 * @cmd_size: bytes of @cmd: at least 6 more than a command's data, with @extended 9
 * @rsp: scratch likewise
 * @rsp_size: bytes of @rsp: at least 2 more than the longest answer asked for
 */
struct uicc_apdu_io {
	int (*transmit)(void *ctx, const u8 *cmd, size_t cmd_len, u8 *rsp, size_t rsp_size);
	void *ctx;
	bool t0;
	bool extended;
	u8 channel;
	enum uicc_mode mode;
	u8 *cmd;
	size_t cmd_size;
	u8 *rsp;
	size_t rsp_size;
};

int __must_check uicc_apdu_exchange(struct uicc_apdu_io *io, const struct uicc_apdu *apdu,
				    struct uicc_rapdu *r);
int uicc_sw_to_errno(u16 sw, enum uicc_mode mode);
int uicc_apdu_errno(const struct uicc_apdu *apdu, u16 sw, enum uicc_mode mode);

/**
 * uicc_apdu_command() - uicc_apdu_exchange() and judge the status word
 * @io: the way to the card
 * @apdu: the command
 * @r: the answer, valid whatever is returned
 *
 * Context: as uicc_apdu_exchange().
 * Return: as uicc_apdu_exchange(), then as uicc_apdu_errno().
 */
static inline int __must_check uicc_apdu_command(struct uicc_apdu_io *io,
						 const struct uicc_apdu *apdu,
						 struct uicc_rapdu *r)
{
	int ret = uicc_apdu_exchange(io, apdu, r);

	return ret ?: uicc_apdu_errno(apdu, r->sw, io->mode);
}

bool uicc_sw_ends_file(u16 sw);
bool uicc_sw_more_blocks(u16 sw);
int uicc_sw_pin_tries(u16 sw);

/* Builders, apdu_build.c. Each fills in the whole command but what it leaves of @built. */
void uicc_apdu_select_fid(struct uicc_apdu *apdu, enum uicc_mode mode, u16 fid, bool want_fcp);
int uicc_apdu_select_aid(struct uicc_apdu *apdu, const u8 *aid, size_t aid_len, bool want_fcp);
int uicc_apdu_select_path(struct uicc_apdu *apdu, const u16 *fids, size_t n, bool want_fcp);
u16 uicc_apdu_read_max(const struct uicc_apdu_io *io, size_t want);
int uicc_apdu_read_binary(struct uicc_apdu *apdu, u32 offset, u16 le);
int uicc_apdu_read_binary_sfi(struct uicc_apdu *apdu, u8 sfi, u8 offset, u16 le);
int uicc_apdu_read_record(struct uicc_apdu *apdu, u8 sfi, u8 record, u16 le);
int uicc_apdu_update_binary(struct uicc_apdu *apdu, u32 offset, const u8 *data, size_t len);
int uicc_apdu_update_record(struct uicc_apdu *apdu, u8 sfi, u8 record, const u8 *data,
			    size_t len);
int uicc_apdu_update_record_previous(struct uicc_apdu *apdu, u8 sfi, const u8 *data, size_t len);
int uicc_apdu_retrieve_data(struct uicc_apdu *apdu, u32 tag, bool first);
int uicc_apdu_set_data(struct uicc_apdu *apdu, const u8 *data, size_t len, bool first);
int uicc_apdu_verify(struct uicc_apdu *apdu, u8 key_ref, const u8 *pin, size_t len);
int uicc_apdu_pin_status(struct uicc_apdu *apdu, u8 key_ref);
void uicc_apdu_status(struct uicc_apdu *apdu, enum uicc_mode mode, bool want_fcp);
void uicc_apdu_channel_open(struct uicc_apdu *apdu);
int uicc_apdu_channel_close(struct uicc_apdu *apdu, u8 channel);

#endif /* UICC_CORE_APDU_H */
