/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a transport (a driver that moves bytes to a smart card) sees of the uicc
 * class. Files, sysfs and netlink are the core's: nothing here knows of them.
 */
#ifndef _LINUX_UICC_H
#define _LINUX_UICC_H

#include <linux/types.h>
#include <uapi/linux/uicc.h>

struct device;
struct uicc_slot;

/* ISO 7816-3: an answer to reset is 2 to 33 bytes, TS included. */
#define UICC_ATR_MIN		2
#define UICC_ATR_MAX		33
/* Largest TPDU of T=0: CLA INS P1 P2 P3 and 255 bytes; 256 bytes and SW1 SW2. */
#define UICC_COMMAND_MAX	260
#define UICC_RESPONSE_MAX	258

/**
 * struct uicc_slot_ops - how a transport reaches its card
 * @transport: name of the transport, lower case, a constant ("virt", "ccid")
 * @power_on: power the card, or reset the powered one (cold reset), and store
 *	its ATR in @atr (UICC_ATR_MAX bytes). Returns the ATR's length, -ETIMEDOUT
 *	when the card is mute, -ENODEV when it is not there, -EINTR when the task
 *	got a fatal signal, or another errno.
 * @power_off: take the power away. Called with a card that may be gone.
 * @transmit: send one T=0 command TPDU (a header of five bytes and, for a
 *	command with data, P3 bytes) and store data and SW1 SW2 in @response.
 *	Returns the response's length (2 or more), or an errno as @power_on.
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
int uicc_slot_register(struct uicc_slot *slot);
void uicc_slot_unregister(struct uicc_slot *slot);
void uicc_slot_put(struct uicc_slot *slot);

void uicc_slot_card_inserted(struct uicc_slot *slot);
void uicc_slot_card_removed(struct uicc_slot *slot);

void *uicc_slot_priv(struct uicc_slot *slot);
unsigned int uicc_slot_index(const struct uicc_slot *slot);

#endif /* _LINUX_UICC_H */
