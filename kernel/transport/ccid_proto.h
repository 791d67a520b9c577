/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages and descriptors of USB smart card readers ("CCID", revision 1.1): bytes to
 * facts and back. It knows neither USB nor a slot; waiting is somebody else's.
 */
#ifndef UICC_CCID_PROTO_H
#define UICC_CCID_PROTO_H

#include <linux/bits.h>
#include <linux/types.h>

struct uicc_atr;

#define CCID_DESCRIPTOR_LEN	54	/* CCID 5.1 */
#define CCID_HEADER_LEN		10
/* Less than this no reader can mean: not even an answer to reset would fit. */
#define CCID_MESSAGE_MIN	64
/* Slots that are driven; a reader may claim 256. */
#define CCID_SLOTS_MAX		32
/* Data rates of a reader that are looked at. */
#define CCID_RATES_MAX		64
#define CCID_PARAMETERS_MAX	7

/* dwFeatures, CCID 5.1 */
#define CCID_AUTO_CONFIG	BIT(1)	/* parameters as the answer to reset says */
#define CCID_AUTO_ACTIVATION	BIT(2)
#define CCID_AUTO_VOLTAGE	BIT(3)
#define CCID_AUTO_CLOCK		BIT(4)
#define CCID_AUTO_BAUD		BIT(5)
#define CCID_AUTO_NEGOTIATION	BIT(6)	/* parameters are the reader's own affair */
#define CCID_AUTO_PPS		BIT(7)	/* PPS as the parameters say */
#define CCID_AUTO_IFSD		BIT(10)
#define CCID_LEVEL_MASK		(BIT(16) | BIT(17) | BIT(18))

/* bVoltageSupport */
#define CCID_VOLTAGE_5V		BIT(0)
#define CCID_VOLTAGE_3V		BIT(1)
#define CCID_VOLTAGE_1V8	BIT(2)

/* bMessageType of commands, CCID 6.1 */
#define CCID_SET_PARAMETERS	0x61
#define CCID_ICC_POWER_ON	0x62
#define CCID_ICC_POWER_OFF	0x63
#define CCID_GET_SLOT_STATUS	0x65
#define CCID_GET_PARAMETERS	0x6c
#define CCID_RESET_PARAMETERS	0x6d
#define CCID_XFR_BLOCK		0x6f
#define CCID_ABORT		0x72

/* bMessageType of answers, CCID 6.2 */
#define CCID_DATA_BLOCK		0x80
#define CCID_SLOT_STATUS	0x81
#define CCID_PARAMETERS		0x82

/* bMessageType of what the interrupt endpoint says, CCID 6.3 */
#define CCID_NOTIFY_SLOT_CHANGE	0x50
#define CCID_HARDWARE_ERROR	0x51

/* wLevelParameter and bChainParameter of extended APDUs, CCID 6.1.4 and 6.2.1 */
#define CCID_CHAIN_WHOLE	0x00
#define CCID_CHAIN_FIRST	0x01
#define CCID_CHAIN_LAST		0x02
#define CCID_CHAIN_MIDDLE	0x03
#define CCID_CHAIN_GO_ON	0x10

/* Requests on the control pipe, CCID 5.3 */
#define CCID_REQ_ABORT		0x01
#define CCID_REQ_GET_DATA_RATES	0x03

/**
 * enum ccid_level - what an XfrBlock carries
 * @CCID_LEVEL_CHARACTER: single characters; not driven
 * @CCID_LEVEL_TPDU: a TPDU of T=0, or a block of T=1
 * @CCID_LEVEL_SHORT: a short APDU
 * @CCID_LEVEL_EXTENDED: an APDU of any length
 */
enum ccid_level {
	CCID_LEVEL_CHARACTER,
	CCID_LEVEL_TPDU,
	CCID_LEVEL_SHORT,
	CCID_LEVEL_EXTENDED,
};

/**
 * struct ccid_desc - what the functional descriptor of a reader says
 * @bcd: release of the specification
 * @slots: number of slots, 1 to CCID_SLOTS_MAX
 * @slots_claimed: what the reader says, 1 to 256
 * @voltages: CCID_VOLTAGE_* bits
 * @protocols: bit n is set when the reader speaks T=n; 0 and 1 alone are looked at
 * @clock_khz: clock of a card that was just powered; never 0
 * @rate: bits per second at that clock and without PPS
 * @rate_max: most bits per second
 * @n_rates: how many rates it knows; 0: any up to @rate_max
 * @ifsd_max: largest information field it takes from a T=1 card
 * @features: dwFeatures
 * @level: exchange level of @features
 * @message_max: longest message, header included, as the reader says
 * @busy_slots: slots that may be busy at once
 */
struct ccid_desc {
	u16 bcd;
	u8 slots;
	u16 slots_claimed;
	u8 voltages;
	u8 protocols;
	u32 clock_khz;
	u32 rate;
	u32 rate_max;
	u8 n_rates;
	u32 ifsd_max;
	u32 features;
	enum ccid_level level;
	u32 message_max;
	u8 busy_slots;
};

/**
 * enum ccid_icc - a card as an answer reports it
 * @CCID_ICC_ACTIVE: powered
 * @CCID_ICC_INACTIVE: there, without power
 * @CCID_ICC_ABSENT: none
 * @CCID_ICC_RESERVED: no value that the specification knows
 */
enum ccid_icc {
	CCID_ICC_ACTIVE,
	CCID_ICC_INACTIVE,
	CCID_ICC_ABSENT,
	CCID_ICC_RESERVED,
};

/**
 * struct ccid_msg - an answer
 * @type: bMessageType
 * @slot: bSlot
 * @seq: bSeq
 * @icc: the card
 * @failed: the command failed, for the reason @error
 * @error: bError; of a time extension how much
 * @param: the last byte of the header: bChainParameter, bClockStatus or bProtocolNum
 * @len: bytes of @data
 * @data: what follows the header, in the buffer that was parsed
 */
struct ccid_msg {
	u8 type;
	u8 slot;
	u8 seq;
	enum ccid_icc icc;
	bool failed;
	u8 error;
	u8 param;
	size_t len;
	const u8 *data;
};

/**
 * enum ccid_verdict - what bytes from the reader are to the command that waits
 * @CCID_ANSWER: its answer, good or bad
 * @CCID_EXTENSION: the card needs longer
 * @CCID_STALE: nothing of ours: late, of another slot, or the rest of something
 * @CCID_BROKEN: its answer, but not as it should be
 */
enum ccid_verdict {
	CCID_ANSWER,
	CCID_EXTENSION,
	CCID_STALE,
	CCID_BROKEN,
};

/**
 * struct ccid_chain - an APDU on its way in one message or several, and its answer
 * @cmd: the command
 * @cmd_len: its length
 * @cmd_off: bytes of it that were sent
 * @room: most bytes of it in one message
 * @rsp: where the answer goes
 * @rsp_size: room there
 * @rsp_len: bytes of it that came
 * @chained: the reader is one of extended APDUs: only those chain
 * @answering: the command is through, the answer is on its way
 */
struct ccid_chain {
	const u8 *cmd;
	size_t cmd_len;
	size_t cmd_off;
	size_t room;
	u8 *rsp;
	size_t rsp_size;
	size_t rsp_len;
	bool chained;
	bool answering;
};

int uicc_ccid_find(struct ccid_desc *desc, const u8 *extra, size_t len);
void uicc_ccid_header(u8 *msg, u8 type, u32 len, u8 slot, u8 seq);
size_t uicc_ccid_total(const u8 *msg, size_t len);
bool uicc_ccid_ours(const u8 *msg, size_t len, u8 slot, u8 seq);
enum ccid_verdict uicc_ccid_judge(struct ccid_msg *msg, u8 command, u8 slot, u8 seq,
				  const u8 *buf, size_t len);
int uicc_ccid_errno(const struct ccid_msg *msg);
int uicc_ccid_slot_change(const u8 *buf, size_t len, u8 slot, bool *changed);

size_t uicc_ccid_chain_next(struct ccid_chain *chain, const u8 **data, u16 *level);
int uicc_ccid_chain_take(struct ccid_chain *chain, const struct ccid_msg *msg);

size_t uicc_ccid_put_parameters(u8 *data, const struct uicc_atr *atr, u8 protocol, u8 fd);
int uicc_ccid_parameters(const struct ccid_msg *msg, u8 protocol);

size_t uicc_ccid_rates(u32 *rates, const u8 *buf, size_t len);
bool uicc_ccid_rate_ok(const struct ccid_desc *desc, const u32 *rates, size_t n, u32 baud);

#endif /* UICC_CCID_PROTO_H */
