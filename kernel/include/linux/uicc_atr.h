/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answer to Reset (ISO 7816-3 clause 8): bytes to facts.
 * It does not choose a protocol, a speed or a voltage; transports do.
 */
#ifndef _LINUX_UICC_ATR_H
#define _LINUX_UICC_ATR_H

#include <linux/bits.h>
#include <linux/types.h>

/* ISO 7816-3 8.2.1: TS T0 at least; TS and 32 more at most (as in <linux/uicc.h>). */
#define UICC_ATR_MIN		2
#define UICC_ATR_MAX		33

#define UICC_ATR_CLASS_A	BIT(0)	/* 5 V */
#define UICC_ATR_CLASS_B	BIT(1)	/* 3 V */
#define UICC_ATR_CLASS_C	BIT(2)	/* 1.8 V */

/**
 * struct uicc_atr - what an Answer to Reset says
 * @raw: the bytes as they came (direct convention, TS first)
 * @len: number of bytes in @raw
 * @inverse: TS is 3F, the inverse convention
 * @protocols: bit n is set when T=n is offered (n = 0..14)
 * @first_protocol: the T of TD1, or 0 without TD1: what a card speaks without PPS
 * @specific: TA2 is present, so the card speaks @specific_protocol at once, without PPS
 * @specific_protocol: T of TA2
 * @specific_implicit: TA2 b5: speed is not the one of TA1 but implicitly known
 * @ta1: the byte TA1, 0x11 when absent
 * @fi: clock rate conversion integer of TA1; 372 when TA1 is absent or reserved
 * @di: baud rate adjustment integer of TA1; 1 when TA1 is absent or reserved
 * @fmax_khz: highest clock that goes with @fi
 * @fd_reserved: TA1 names a reserved value, so no faster speed can be negotiated
 * @classes: UICC_ATR_CLASS_* bits; 0 when the card does not say
 * @tc1: extra guard time N, 0..255; 255 has a meaning of its own
 * @wi: waiting integer of T=0 (TC2); 10 when absent
 * @ifsc: information field size of the card for T=1; 32 when absent
 * @bwi: block waiting integer of T=1; 4 when absent
 * @cwi: character waiting integer of T=1; 13 when absent
 * @crc: T=1 blocks end in a CRC instead of an LRC
 * @hist: offset of the historical bytes in @raw
 * @hist_len: number of historical bytes, 0..15
 * @caps_len: bytes of @caps, 0 when the card does not say
 * @caps: card capabilities (ISO 7816-4 8.1.1.2.7) from the historical bytes
 */
struct uicc_atr {
	u8 raw[UICC_ATR_MAX];
	u8 len;
	bool inverse;
	u16 protocols;
	u8 first_protocol;
	bool specific;
	u8 specific_protocol;
	bool specific_implicit;
	u8 ta1;
	u16 fi;
	u8 di;
	u32 fmax_khz;
	bool fd_reserved;
	u8 classes;
	u8 tc1;
	u8 wi;
	u8 ifsc;
	u8 bwi;
	u8 cwi;
	bool crc;
	u8 hist;
	u8 hist_len;
	u8 caps_len;
	u8 caps[3];
};

int uicc_atr_parse(struct uicc_atr *atr, const u8 *buf, size_t len);

/**
 * uicc_atr_protocol() - the protocol a card speaks when nothing is negotiated
 * @atr: a parsed ATR
 *
 * Context: any.
 * Return: T, 0..14.
 */
static inline u8 uicc_atr_protocol(const struct uicc_atr *atr)
{
	return atr->specific ? atr->specific_protocol : atr->first_protocol;
}

/**
 * uicc_atr_offers() - does the card speak a protocol, at once or after PPS?
 * @atr: a parsed ATR
 * @t: T, 0..14
 *
 * Context: any.
 * Return: whether it is on the ATR's list; a card in specific mode speaks one alone.
 */
static inline bool uicc_atr_offers(const struct uicc_atr *atr, u8 t)
{
	return atr->specific ? t == atr->specific_protocol : atr->protocols & BIT(t);
}

/**
 * uicc_atr_supply_classes() - the supply voltages a card works with
 * @atr: a parsed ATR
 *
 * Context: any.
 * Return: UICC_ATR_CLASS_* bits; 0 when the card does not say.
 */
static inline u8 uicc_atr_supply_classes(const struct uicc_atr *atr)
{
	return atr->classes;
}

/**
 * uicc_atr_extended() - does the card take Lc and Le of extended length?
 * @atr: a parsed ATR
 *
 * Context: any.
 * Return: true when the card says so.
 */
static inline bool uicc_atr_extended(const struct uicc_atr *atr)
{
	return atr->caps_len == 3 && atr->caps[2] & BIT(6);
}

/**
 * uicc_atr_channels() - number of logical channels, the basic one included
 * @atr: a parsed ATR
 *
 * Context: any.
 * Return: 1..8, where 8 means "or more"; 0 when the card does not say, which proves nothing.
 */
static inline u8 uicc_atr_channels(const struct uicc_atr *atr)
{
	return atr->caps_len == 3 ? (atr->caps[2] & 0x07) + 1 : 0;
}

#endif /* _LINUX_UICC_ATR_H */
