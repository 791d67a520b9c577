/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a transport (a driver that moves bytes to a smart card) sees of the uicc
 * class. Files, sysfs and netlink are the core's: nothing here knows of them.
 */
#ifndef _LINUX_UICC_H
#define _LINUX_UICC_H

#include <linux/bits.h>
#include <linux/types.h>
#include <uapi/linux/uicc.h>

struct device;
struct uicc_slot;

/* ISO 7816-3: an answer to reset is 2 to 33 bytes, TS included. */
#define UICC_ATR_MIN		2
#define UICC_ATR_MAX		33
/*
 * Largest TPDU of T=0: CLA INS P1 P2 P3 and 255 bytes; 256 bytes and SW1 SW2. A
 * short APDU has one byte more, an Le behind the data.
 */
#define UICC_COMMAND_MAX	260
#define UICC_APDU_MAX		261
#define UICC_RESPONSE_MAX	258
/*
 * Largest extended APDU the core makes: header, Lc of three bytes, data, Le of two;
 * it never sends or asks for more than 4096 bytes of data in one.
 */
#define UICC_COMMAND_EXT_MAX	(4 + 3 + 4096 + 2)
#define UICC_RESPONSE_EXT_MAX	(4096 + 2)

/**
 * DOC: What a transport can do
 *
 * uicc_slot_set_flags() takes these:
 *
 * UICC_SLOT_APDU
 *	transmit takes whole short APDUs for T=0 cards too: the transport, or
 *	somebody behind it, does GET RESPONSE and the repetition after 6Cxx.
 * UICC_SLOT_EXTENDED
 *	where transmit takes APDUs, it also takes such of extended length
 *	(ISO 7816-4 5.1), up to UICC_COMMAND_EXT_MAX and UICC_RESPONSE_EXT_MAX bytes.
 * UICC_SLOT_SHARED
 *	somebody else, a modem, also talks to the card: the core works on a logical
 *	channel and never assumes that what it has selected there is still so on the
 *	basic one. power_on does not reset a running card, it reports the ATR.
 */
#define UICC_SLOT_APDU		BIT(0)
#define UICC_SLOT_EXTENDED	BIT(1)
#define UICC_SLOT_SHARED	BIT(2)

/**
 * enum uicc_supply - operating class a card is powered with (ISO 7816-3 5.1.3)
 * @UICC_SUPPLY_UNKNOWN: the transport does not know
 * @UICC_SUPPLY_A: 5 V
 * @UICC_SUPPLY_B: 3 V
 * @UICC_SUPPLY_C: 1.8 V
 */
enum uicc_supply {
	UICC_SUPPLY_UNKNOWN,
	UICC_SUPPLY_A,
	UICC_SUPPLY_B,
	UICC_SUPPLY_C,
};

/**
 * struct uicc_slot_ops - how a transport reaches its card
 * @transport: name of the transport, lower case, a constant ("virt", "ccid")
 * @power_on: power the card, or reset the powered one (cold reset), and store
 *	its ATR in @atr (UICC_ATR_MAX bytes). Returns the ATR's length, -ETIMEDOUT
 *	when the card is mute, -ENODEV when it is not there, -EINTR when the task
 *	got a fatal signal, or another errno.
 * @power_off: take the power away. Called with a card that may be gone, or mute, and before
 *	the system sleeps, while userspace still runs; after the thaw @power_on
 *	follows. Between the two no op is called, so a transport's own suspend and
 *	resume find the card at rest.
 * @transmit: send one command and store data and SW1 SW2 in @response (@size
 *	bytes). To a T=0 card it is a TPDU: a header of five bytes and, for a command
 *	with data, P3 bytes. To a T=1 card (the first protocol its ATR offers), and
 *	to any card with UICC_SLOT_APDU, it is an APDU: a header of four bytes, then
 *	by its case nothing, Le, Lc and data, or Lc, data and Le. Returns the
 *	response's length (2 or more), or an errno as @power_on.
 * @cancel: make the call of @power_on or @transmit that runs now return soon,
 *	with -ENODEV. Nothing when none runs; later calls are not affected. Called
 *	from any process context, also while another op runs, without locks.
 *
 * The core calls @power_on, @power_off and @transmit one at a time, from process
 * context; they may sleep, and they end within a bounded time even when the
 * card is silent for ever. When a transport learns that the card was removed it
 * ends the running call itself, with -ENODEV, and reports
 * uicc_slot_card_removed().
 */
struct uicc_slot_ops {
	const char *transport;
	int (*power_on)(struct uicc_slot *slot, u8 *atr);
	void (*power_off)(struct uicc_slot *slot);
	int (*transmit)(struct uicc_slot *slot, const u8 *command, size_t len,
			u8 *response, size_t size);
	void (*cancel)(struct uicc_slot *slot);
};

struct uicc_slot *uicc_slot_alloc(struct device *parent, const struct uicc_slot_ops *ops,
				  const char *location, void *priv);
void uicc_slot_set_flags(struct uicc_slot *slot, u32 flags);
void uicc_slot_set_supply(struct uicc_slot *slot, enum uicc_supply supply);
int uicc_slot_register(struct uicc_slot *slot);
void uicc_slot_unregister(struct uicc_slot *slot);
void uicc_slot_put(struct uicc_slot *slot);

void uicc_slot_card_inserted(struct uicc_slot *slot);
void uicc_slot_card_removed(struct uicc_slot *slot);

void *uicc_slot_priv(struct uicc_slot *slot);
unsigned int uicc_slot_index(const struct uicc_slot *slot);

#endif /* _LINUX_UICC_H */
