/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A reader that is a serial line: what its parts know of each other.
 */
#ifndef UICC_SERIAL_H
#define UICC_SERIAL_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/uicc.h>
#include <linux/uicc_atr.h>
#include <linux/workqueue.h>
#include "transport/iso7816.h"
#include "transport/serial_line.h"

struct clk;
struct device;
struct gpio_desc;
struct regulator;
struct serial_reader;

/* Which wire is at the card's RST contact. */
enum serial_reset {
	SERIAL_RESET_AUTO,
	SERIAL_RESET_NONE,
	SERIAL_RESET_RTS,
	SERIAL_RESET_DTR,
	SERIAL_RESET_NOT_RTS,
	SERIAL_RESET_NOT_DTR,
	SERIAL_RESET_INBAND,
	SERIAL_RESET_GPIO,
};

/* ISO 7816-3 8.1: TS, and that of the inverse convention as a UART reads it. */
#define SERIAL_TS_DIRECT	0x3b
#define SERIAL_TS_INVERSE	0x3f
#define SERIAL_TS_INVERSE_RAW	0x03

static inline bool serial_is_ts(u8 c)
{
	return c == SERIAL_TS_DIRECT || c == SERIAL_TS_INVERSE || c == SERIAL_TS_INVERSE_RAW;
}

/* With SERIAL_RESET_INBAND, what the far end says when its card goes, or is not there. */
#define SERIAL_INBAND_ABSENT	0x00

/**
 * struct serial_config - how a reader is to be used
 * @reset: how a card is reset
 * @echo: whether the line echoes
 * @clock_hz: frequency on CLK
 * @max_baud: fastest speed, 0 for what the UART can
 * @slack_ms: how late a character may be reported
 * @poll_ms: how often to look for a card in a reader that cannot tell; 0 for never
 */
struct serial_config {
	enum serial_reset reset;
	enum serial_echo echo;
	u32 clock_hz;
	u32 max_baud;
	u32 slack_ms;
	u32 poll_ms;
};

/**
 * struct serial_power - what feeds the contacts besides I/O; each may be missing
 * @vcc: supply of VCC
 * @clk: of CLK
 * @reset: of RST, active while the card is in reset
 * @detect: active while a card is in
 * @detect_irq: of @detect
 * @debounce_ms: how long @detect has to be at rest, 0 when it sees to that itself
 * @settle: waits for that
 * @edge: @detect has moved since @settle ran
 * @classes: UICC_ATR_CLASS_* that @vcc can do, 0 without it
 * @on: contacts are fed
 */
struct serial_power {
	struct regulator *vcc;
	struct clk *clk;
	struct gpio_desc *reset;
	struct gpio_desc *detect;
	int detect_irq;
	unsigned int debounce_ms;
	struct delayed_work settle;
	bool edge;
	u8 classes;
	bool on;
};

/**
 * struct serial_reader - a reader
 * @slot: its slot
 * @dev: for messages; the device of the line, or NULL where a tty has none
 * @line: the line
 * @power: the other contacts
 * @config: how to use it
 * @op: an operation of the core, or of @watch
 * @watch: looks for a card in a reader that cannot tell; restarts itself
 * @closing: @watch is not to be started any more; @line.lock
 * @present: what @power.detect said last; @line.lock
 * @powered: the card that is in was reset and has answered; @line.lock
 * @alive: the core knows of a card that answered; under @op
 * @broken: the last command failed: what comes now may be its answer; @line.lock
 * @told: that a card may be there was reported since the last reset; @line.lock
 * @class: with which the card works, 0 when not known; under @op
 * @inverse: the card that answered last has the inverse convention; under @op
 * @inband: what the last inband reset was made of on the line; under @op
 * @atr: of the card; under @op, as all below
 * @params: protocol and speed
 * @iso: the line, as the protocols want it
 * @t1: T=1
 * @speeds: speeds that were tried
 * @refused: ATR of the card that refused a PPS
 * @refused_len: its length
 */
struct serial_reader {
	struct uicc_slot *slot;
	struct device *dev;
	struct serial_line line;
	struct serial_power power;
	struct serial_config config;
	struct mutex op;	/* one operation at a time */
	struct delayed_work watch;
	bool closing;
	bool present;
	bool powered;
	bool alive;
	bool broken;
	bool told;
	u8 class;
	bool inverse;
	u8 inband;
	struct uicc_atr atr;
	struct iso7816_params params;
	struct iso7816_line iso;
	struct iso7816_t1 t1;
	struct {
		u32 baud;
		bool possible;
	} speeds[16];
	u8 refused[UICC_ATR_MAX];
	u8 refused_len;
};

/* serial.c */
extern struct serial_config serial_defaults;
int serial_reset_parse(const char *word);
int serial_echo_parse(const char *word);
struct serial_reader *serial_reader_new(struct device *dev, const char *location,
					const struct serial_port_ops *port, void *priv);
int serial_reader_start(struct serial_reader *reader);
void serial_reader_stop(struct serial_reader *reader);
void serial_reader_free(struct serial_reader *reader);
void serial_reader_changed(struct serial_reader *reader, bool present, bool edge);

int serial_atr_missing(const u8 *atr, size_t len);

/* serial_card.c: under @op, with an operation on the line */
int serial_card_start(struct serial_reader *reader, u8 *atr);
int serial_card_probe(struct serial_reader *reader);
void serial_card_left(struct serial_reader *reader);
int serial_card_transmit(struct serial_reader *reader, const u8 *command, size_t len,
			 u8 *response, size_t size);

/* serial_power.c */
int serial_power_get(struct serial_reader *reader);
int serial_power_watch(struct serial_reader *reader);
void serial_power_unwatch(struct serial_reader *reader);
int serial_power_on(struct serial_reader *reader, u8 class);
void serial_power_off(struct serial_reader *reader);
int serial_power_reset(struct serial_reader *reader);
void serial_power_suspend(struct serial_reader *reader);
void serial_power_resume(struct serial_reader *reader);

/* serial_ldisc.c, serial_dev.c */
int serial_ldisc_init(void);
void serial_ldisc_exit(void);

#if IS_ENABLED(CONFIG_SERIAL_DEV_BUS)
int serial_dev_init(void);
void serial_dev_exit(void);
#else
static inline int serial_dev_init(void)
{
	return 0;
}

static inline void serial_dev_exit(void)
{
}
#endif

#endif /* UICC_SERIAL_H */
