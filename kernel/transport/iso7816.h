/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The protocols of ISO 7816-3 between a reader's driver and its card: protocol and
 * parameters selection, T=0, T=1. Bytes and durations: how they reach the card, and what
 * the time is, a driver's callbacks know. Nothing here holds a lock or knows a slot.
 *
 * All calls sleep in the callbacks, and end within a bounded time when those do.
 */
#ifndef UICC_TRANSPORT_ISO7816_H
#define UICC_TRANSPORT_ISO7816_H

#include <linux/types.h>
#include <linux/uicc_atr.h>

/* ISO 7816-3 8.3: rate factors between reset and PPS. */
#define ISO7816_FD		372
#define ISO7816_DD		1

/* ISO 7816-3 11.4.2: what both sides can take before an S(IFS), and at most. */
#define ISO7816_IFS_DEFAULT	32
#define ISO7816_IFS_MAX		254
/* NAD PCB LEN, information, CRC */
#define ISO7816_BLOCK_MAX	(3 + ISO7816_IFS_MAX + 2)

/* PPSS PPS0 PPS1 PPS2 PPS3 PCK */
#define ISO7816_PPS_MAX		6

/* No wait for one character or block is longer than this, whatever a card's ATR says. */
#define ISO7816_WAIT_MAX_MS	60000
/* What one command may take when the driver sets no limit of its own. */
#define ISO7816_LIMIT_MS	120000

/**
 * struct iso7816_reader - what a reader can do, as the choice of a speed wants to know it
 * @clock_hz: frequency on CLK; where only the initial rate is known, that times 372
 * @max_baud: fastest rate; 0 when there is only the initial one
 * @can_baud: is a rate up to @max_baud possible? NULL: any is
 * @ctx: for @can_baud
 */
struct iso7816_reader {
	u32 clock_hz;
	u32 max_baud;
	bool (*can_baud)(void *ctx, u32 baud);
	void *ctx;
};

/**
 * struct iso7816_params - protocol and speed
 * @protocol: T, 0 or 1
 * @pps: they hold only after a PPS exchange
 * @fd: @f and @d in the code of TA1 and PPS1
 * @f: clock rate conversion integer F
 * @d: baud rate adjustment integer D
 * @clock_hz: frequency on CLK
 */
struct iso7816_params {
	u8 protocol;
	bool pps;
	u8 fd;
	u16 f;
	u8 d;
	u32 clock_hz;
};

/**
 * struct iso7816_timing - durations of a line, computed from ATR and parameters
 * @etu_ns: elementary time unit
 * @guard_etu: from one character's leading edge to the next one's, both sent by us; 12 is
 *	two stop bits, 11 is one
 * @extra_us: what the extra guard time of TC1 adds to @guard_etu
 * @turn_us: silence we keep between the end of what the card sent and our next character
 * @iwt_us: longest wait for a character of an ATR or of a PPS response
 * @wwt_us: T=0: longest wait for a character
 * @cwt_us: T=1: longest wait for the next character of a block
 * @bwt_us: T=1: longest wait for the first character of a block
 */
struct iso7816_timing {
	u32 etu_ns;
	u8 guard_etu;
	u32 extra_us;
	u32 turn_us;
	u32 iwt_us;
	u32 wwt_us;
	u32 cwt_us;
	u32 bwt_us;
};

/**
 * struct iso7816_line_ops - characters to and from a card
 * @send: drop what came from the card and was not asked for, keep silent for @gap_us after
 *	the card's last character, and send @len characters, guard times between them
 *	included. Returns 0 when the last one is out, or an errno: -EIO when the card did
 *	not take a character, as @recv otherwise.
 * @recv: receive @len characters; wait @first_us for the first one and @next_us for each
 *	one after it. Returns @len, or how many came (at least one) before the line fell
 *	silent, -ETIMEDOUT when not one came, -EBADMSG when one came with wrong parity
 *	(what came before it is lost), -ENODEV when the card is gone or the call was
 *	cancelled, -EINTR when the task got a fatal signal, or another errno.
 * @now_ms: a clock that never goes back
 */
struct iso7816_line_ops {
	int (*send)(void *ctx, const u8 *buf, size_t len, u32 gap_us);
	int (*recv)(void *ctx, u8 *buf, size_t len, u32 first_us, u32 next_us);
	u64 (*now_ms)(void *ctx);
};

/**
 * struct iso7816_line - a line with a card at its end
 * @ops: callbacks
 * @ctx: what they get
 * @timing: durations, see iso7816_timing()
 * @slack_us: added to each wait: what the reader may be late with a character that came
 *	in time (buffers of a UART, USB frames, scheduling)
 * @limit_ms: longest time for one command; 0: ISO7816_LIMIT_MS
 * @crc: T=1 blocks end in two bytes, see struct uicc_atr
 */
struct iso7816_line {
	const struct iso7816_line_ops *ops;
	void *ctx;
	struct iso7816_timing timing;
	u32 slack_us;
	u32 limit_ms;
	bool crc;
};

void iso7816_params_initial(struct iso7816_params *params, const struct uicc_atr *atr,
			    u32 clock_hz);
u32 iso7816_baud(const struct iso7816_params *params);
void iso7816_timing(struct iso7816_timing *timing, const struct uicc_atr *atr,
		    const struct iso7816_params *params);

int iso7816_pps_choose(struct iso7816_params *params, const struct uicc_atr *atr,
		       const struct iso7816_reader *reader);
size_t iso7816_pps_request(const struct iso7816_params *params, u8 *request);
int iso7816_pps_missing(const u8 *response, size_t len);
int iso7816_pps_judge(struct iso7816_params *params, const u8 *response, size_t len);
int iso7816_pps(const struct iso7816_line *line, struct iso7816_params *params);

int iso7816_line_recv(const struct iso7816_line *line, u8 *buf, size_t len,
		      u32 first_us, u32 next_us, u64 deadline_ms);
int iso7816_line_block(const struct iso7816_line *line, const u8 *out, size_t len,
		       u8 *in, size_t size, u8 bwt_multiplier);

int iso7816_t0_tpdu(const struct iso7816_line *line, const u8 *command, size_t len,
		    u8 *response, size_t size);

/**
 * struct iso7816_t1_ops - blocks of T=1 to and from a card
 * @block: send the block @out and receive one into @in (@size bytes, never less than
 *	ISO7816_BLOCK_MAX); wait @bwt_multiplier times BWT for it. Returns its length,
 *	-ETIMEDOUT when none came, -EBADMSG when one came damaged (parity, silence within
 *	it), -ENODEV when the card is gone or the call was cancelled, -EINTR when the task
 *	got a fatal signal, or another errno. iso7816_line_block() is this for a line.
 * @now_ms: a clock that never goes back
 */
struct iso7816_t1_ops {
	int (*block)(void *ctx, const u8 *out, size_t len, u8 *in, size_t size,
		     u8 bwt_multiplier);
	u64 (*now_ms)(void *ctx);
};

/**
 * struct iso7816_t1 - one card's T=1
 * @ops: callbacks
 * @ctx: what they get
 * @limit_ms: longest time for one command; 0: ISO7816_LIMIT_MS. To be set after
 *	iso7816_t1_init(), like the next two.
 * @ifsd_max: longest information field that the reader takes; ISO7816_IFS_MAX
 * @ifsd_known: the card knows @ifsd_max already, somebody else (a CCID reader with automatic
 *	IFSD) sends S(IFS)
 * @crc: blocks end in a CRC, not in an LRC
 * @ifsc_initial: what the card takes by its ATR
 * @ifsc: what the card takes now
 * @ifsd: what the card knows that we take
 * @announced: S(IFS) was tried since the start or the last S(RESYNCH)
 * @lost: nobody knows what the card expects; the next command begins with S(RESYNCH)
 * @ns: N(S) of the I-block that we send next, or sent and have no answer to
 * @nr: N(S) of the I-block that we expect
 * @wtx: multiplier of BWT for the next wait
 * @out_len: length of @out
 * @in_len: length of the information field in @in
 * @deadline_ms: when the current command has to be over
 * @blocks: how many blocks the current command may still take
 * @out: block that goes out next, or went out last
 * @in: block that came last
 */
struct iso7816_t1 {
	const struct iso7816_t1_ops *ops;
	void *ctx;
	u32 limit_ms;
	u8 ifsd_max;
	bool ifsd_known;

	/* iso7816_t1_*() alone */
	bool crc;
	u8 ifsc_initial;
	u8 ifsc;
	u8 ifsd;
	bool announced;
	bool lost;
	u8 ns;
	u8 nr;
	u8 wtx;
	u16 out_len;
	u8 in_len;
	u64 deadline_ms;
	u32 blocks;
	u8 out[ISO7816_BLOCK_MAX];
	u8 in[ISO7816_BLOCK_MAX];
};

void iso7816_t1_init(struct iso7816_t1 *t1, const struct uicc_atr *atr,
		     const struct iso7816_t1_ops *ops, void *ctx);
int iso7816_t1_transmit(struct iso7816_t1 *t1, const u8 *command, size_t len,
			u8 *response, size_t size);

#endif /* UICC_TRANSPORT_ISO7816_H */
