// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader that is a serial line with a card at its end: the slot, and when what is done
 * with the card. How, serial_card.c knows; where the line comes from, serial_ldisc.c and
 * serial_dev.c.
 *
 * A reader with a switch reports cards as that tells. Without one the card is asked at
 * the start; when one that was there does not answer to a reset any more it is gone, and
 * while none is there the reader looks for one from time to time. A card that was put in
 * shows itself: fed with RST high, it sends its answer by itself.
 */
#include <linux/device.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "transport/serial.h"

/* What one call of the core may take. */
#define POWER_ON_LIMIT_MS	60000
/* And a look whether there is a card, for which a sleep of the system has to wait. */
#define LOOK_LIMIT_MS		10000
/* What is over by itself; behind that of the protocols. */
#define TRANSMIT_LIMIT_MS	(ISO7816_LIMIT_MS + 1000)

/* A card that was just asked something and shows itself is no other one. */
#define SAME_CARD_MS		100

/* 9600 baud times 372 */
#define DEFAULT_CLOCK_HZ	3571200
#define CLOCK_MIN_HZ		100000
#define CLOCK_MAX_HZ		20000000

struct serial_config serial_defaults = {
	.reset = SERIAL_RESET_AUTO,
	.echo = SERIAL_ECHO_AUTO,
	.clock_hz = DEFAULT_CLOCK_HZ,
	.slack_ms = 50,
	.poll_ms = 2000,
};

static const char * const serial_reset_words[] = {
	[SERIAL_RESET_AUTO] = "auto",
	[SERIAL_RESET_NONE] = "none",
	[SERIAL_RESET_RTS] = "rts",
	[SERIAL_RESET_DTR] = "dtr",
	[SERIAL_RESET_NOT_RTS] = "!rts",
	[SERIAL_RESET_NOT_DTR] = "!dtr",
	[SERIAL_RESET_INBAND] = "inband",
};

static const char * const serial_echo_words[] = {
	[SERIAL_ECHO_AUTO] = "auto",
	[SERIAL_ECHO_OFF] = "off",
	[SERIAL_ECHO_ON] = "on",
};

/**
 * serial_reset_parse() - which way of resetting is meant?
 * @word: as module parameter and firmware have it
 *
 * Context: any.
 * Return: enum serial_reset or -EINVAL.
 */
int serial_reset_parse(const char *word)
{
	return sysfs_match_string(serial_reset_words, word);
}

/**
 * serial_echo_parse() - which way of the line is meant?
 * @word: as module parameter and firmware have it
 *
 * Context: any.
 * Return: enum serial_echo or -EINVAL.
 */
int serial_echo_parse(const char *word)
{
	return sysfs_match_string(serial_echo_words, word);
}

static int serial_reset_set(const char *word, const struct kernel_param *kp)
{
	int ret = serial_reset_parse(word);

	if (ret < 0)
		return ret;
	WRITE_ONCE(serial_defaults.reset, ret);
	return 0;
}

static int serial_reset_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", serial_reset_words[READ_ONCE(serial_defaults.reset)]);
}

static int serial_echo_set(const char *word, const struct kernel_param *kp)
{
	int ret = serial_echo_parse(word);

	if (ret < 0)
		return ret;
	WRITE_ONCE(serial_defaults.echo, ret);
	return 0;
}

static int serial_echo_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", serial_echo_words[READ_ONCE(serial_defaults.echo)]);
}

static const struct kernel_param_ops serial_reset_ops = {
	.set = serial_reset_set,
	.get = serial_reset_get,
};

static const struct kernel_param_ops serial_echo_ops = {
	.set = serial_echo_set,
	.get = serial_echo_get,
};

module_param_cb(reset, &serial_reset_ops, NULL, 0644);
MODULE_PARM_DESC(reset, "what is at RST: auto, none, rts, dtr, !rts, !dtr, inband (auto)");
module_param_cb(echo, &serial_echo_ops, NULL, 0644);
MODULE_PARM_DESC(echo, "whether we receive what we send: auto, off, on (auto)");
module_param_named(clock_hz, serial_defaults.clock_hz, uint, 0644);
MODULE_PARM_DESC(clock_hz, "frequency on CLK, 372 times the initial speed (3571200)");
module_param_named(max_baud, serial_defaults.max_baud, uint, 0644);
MODULE_PARM_DESC(max_baud, "fastest speed, 0 for what the UART can (0)");
module_param_named(slack_ms, serial_defaults.slack_ms, uint, 0644);
MODULE_PARM_DESC(slack_ms, "how late the UART may report a character, up to 1000 (50)");
module_param_named(poll_ms, serial_defaults.poll_ms, uint, 0644);
MODULE_PARM_DESC(poll_ms, "how often to look for a card without a switch, 0 for never (2000)");

static bool serial_reader_blind(const struct serial_reader *reader)
{
	return !reader->power.detect;
}

static void serial_reader_set_powered(struct serial_reader *reader, bool powered)
{
	spin_lock_irq(&reader->line.lock);
	reader->powered = powered;
	spin_unlock_irq(&reader->line.lock);
}

/* Looks for a card again after a while. */
static void serial_reader_watch(struct serial_reader *reader)
{
	u32 ms = reader->config.poll_ms;

	/* Without a reset it is the card that has to speak first. */
	if (!serial_reader_blind(reader) || !ms || reader->config.reset == SERIAL_RESET_NONE)
		return;
	spin_lock_irq(&reader->line.lock);
	if (!reader->closing)
		queue_delayed_work(system_freezable_wq, &reader->watch, msecs_to_jiffies(ms));
	spin_unlock_irq(&reader->line.lock);
}

static void serial_reader_look(struct work_struct *work)
{
	struct serial_reader *reader = container_of(to_delayed_work(work), struct serial_reader,
						    watch);
	int ret = -EBUSY;

	/* Who has it may be frozen with it, and this work has to be at rest before a sleep. */
	if (!mutex_trylock(&reader->op)) {
		serial_reader_watch(reader);
		return;
	}
	if (!reader->alive && !reader->power.on) {
		ret = serial_line_begin(&reader->line, LOOK_LIMIT_MS);
		if (!ret) {
			ret = serial_card_probe(reader);
			serial_line_done(&reader->line);
		}
	}
	/* Of a card that was mute, the far end says that there is none. */
	if (ret == -ENOMEDIUM)
		serial_card_left(reader);
	if (!reader->alive && ret)
		serial_reader_watch(reader);
	mutex_unlock(&reader->op);
	if (ret)
		return;
	/* What else it says until it is reset is no other card. */
	spin_lock_irq(&reader->line.lock);
	if (!reader->told)
		uicc_slot_card_inserted(reader->slot);
	reader->told = true;
	spin_unlock_irq(&reader->line.lock);
}

/*
 * The line spoke up by itself: with TS, when a card was put in, or with noise. A card
 * whose last command failed may be answering to that.
 */
static void serial_reader_idle(struct serial_line *line, u16 c)
{
	struct serial_reader *reader = container_of(line, struct serial_reader, line);
	bool inband = reader->config.reset == SERIAL_RESET_INBAND;

	lockdep_assert_held(&line->lock);
	if (reader->closing || !serial_reader_blind(reader))
		return;
	/* Behind TS it is one of the characters of the answer to reset. */
	if (inband && !reader->told && (u8)c == SERIAL_INBAND_ABSENT) {
		reader->powered = false;
		reader->told = false;
		uicc_slot_card_removed(reader->slot);
		return;
	}
	if (reader->told || (reader->broken && !inband))
		return;
	if (!serial_is_ts(c))
		return;
	/* One that was put in while it was reset anyway has answered twice. */
	if (reader->powered && ktime_ms_delta(line->seen, line->ended) < SAME_CARD_MS)
		return;
	reader->told = true;
	uicc_slot_card_inserted(reader->slot);
}

/* What becomes of a card that was reset. Returns @ret, as the core wants it. */
static int serial_reader_judge(struct serial_reader *reader, int ret)
{
	bool was = reader->alive;

	lockdep_assert_held(&reader->op);
	if (ret == -EINTR || ret == -ENODEV)
		return ret;		/* the caller was killed, or cancelled: not the card */
	reader->alive = ret >= 0;
	if (!serial_reader_blind(reader) || ret >= 0)
		return ret;
	/* Another echo may be what was wrong. */
	reader->line.echo = reader->config.echo;
	/* The core takes no power from a card that is gone. */
	if (ret == -ENOMEDIUM)
		serial_power_off(reader);
	if (was || ret == -ENOMEDIUM)
		serial_card_left(reader);
	serial_reader_watch(reader);
	return ret == -ENOMEDIUM ? -ENODEV : ret;
}

static int serial_slot_power_on(struct uicc_slot *slot, u8 *atr)
{
	struct serial_reader *reader = uicc_slot_priv(slot);
	struct serial_line *line = &reader->line;
	int ret;

	mutex_lock(&reader->op);
	ret = serial_line_begin(line, POWER_ON_LIMIT_MS);
	if (!ret) {
		ret = serial_card_start(reader, atr);
		spin_lock_irq(&line->lock);
		reader->told = false;
		reader->broken = false;
		/* Not a card that was put in while this one answered. */
		reader->powered = ret > 0 && !line->cancelled && !line->absent;
		if (ret > 0 && !reader->powered)
			ret = -ENODEV;
		spin_unlock_irq(&line->lock);
		serial_line_done(line);
		ret = serial_reader_judge(reader, ret);
	}
	/* For a card that went, or was never known, the core does not do it. */
	if (ret == -ENODEV)
		serial_power_off(reader);
	mutex_unlock(&reader->op);
	return ret;
}

static void serial_slot_power_off(struct uicc_slot *slot)
{
	struct serial_reader *reader = uicc_slot_priv(slot);

	mutex_lock(&reader->op);
	serial_reader_set_powered(reader, false);
	serial_power_off(reader);
	mutex_unlock(&reader->op);
}

static int serial_slot_transmit(struct uicc_slot *slot, const u8 *command, size_t len,
				u8 *response, size_t size)
{
	struct serial_reader *reader = uicc_slot_priv(slot);
	struct serial_line *line = &reader->line;
	int ret;

	mutex_lock(&reader->op);
	ret = serial_line_begin(line, TRANSMIT_LIMIT_MS);
	if (!ret) {
		if (READ_ONCE(reader->powered))
			ret = serial_card_transmit(reader, command, len, response, size);
		else
			ret = -ENODEV;
		/* What was taken for an echo, or not, may be what was wrong. */
		if (ret < 0 && ret != -ENODEV && ret != -EINTR)
			line->echo = reader->config.echo;
		spin_lock_irq(&line->lock);
		reader->broken = ret < 0;
		spin_unlock_irq(&line->lock);
		serial_line_done(line);
	}
	mutex_unlock(&reader->op);
	return ret;
}

static void serial_slot_cancel(struct uicc_slot *slot)
{
	struct serial_reader *reader = uicc_slot_priv(slot);

	serial_line_cancel(&reader->line);
}

static const struct uicc_slot_ops serial_slot_ops = {
	.transport = "serial",
	.power_on = serial_slot_power_on,
	.power_off = serial_slot_power_off,
	.transmit = serial_slot_transmit,
	.cancel = serial_slot_cancel,
};

/**
 * serial_reader_changed() - the switch of a reader has come to rest
 * @reader: a reader with one
 * @present: a card is in
 * @edge: it has moved meanwhile: a card that was in and is in may be another one
 *
 * Context: process.
 */
void serial_reader_changed(struct serial_reader *reader, bool present, bool edge)
{
	unsigned long irq;

	spin_lock_irqsave(&reader->line.lock, irq);
	if (!reader->closing && (present != reader->present || (present && edge))) {
		reader->present = present;
		reader->powered = false;
		reader->refused_len = 0;
		serial_line_present(&reader->line, present);
		/* Under the lock: no op finds the new card before the core knows of it. */
		if (present)
			uicc_slot_card_inserted(reader->slot);
		else
			uicc_slot_card_removed(reader->slot);
	}
	spin_unlock_irqrestore(&reader->line.lock, irq);
}

/**
 * serial_reader_new() - make a reader
 * @dev: device of the line, or NULL
 * @location: name of the line
 * @port: its UART
 * @priv: for @port
 *
 * Its configuration is that of the module parameters; the caller may change it before
 * serial_reader_start().
 *
 * Context: may sleep.
 * Return: the reader, or an ERR_PTR().
 */
struct serial_reader *serial_reader_new(struct device *dev, const char *location,
					const struct serial_port_ops *port, void *priv)
{
	struct serial_reader *reader = kzalloc(sizeof(*reader), GFP_KERNEL);
	struct uicc_slot *slot;

	if (!reader)
		return ERR_PTR(-ENOMEM);
	mutex_init(&reader->op);
	INIT_DELAYED_WORK(&reader->watch, serial_reader_look);
	reader->dev = dev;
	reader->config = serial_defaults;
	serial_line_init(&reader->line, port, priv);
	slot = uicc_slot_alloc(dev, &serial_slot_ops, location, reader);
	if (IS_ERR(slot)) {
		kfree(reader);
		return ERR_CAST(slot);
	}
	uicc_slot_set_flags(slot, UICC_SLOT_EXTENDED);
	reader->slot = slot;
	return reader;
}

/* Settles how a card is reset. Returns 0, or -EOPNOTSUPP: not the way that is asked for. */
static int serial_reader_find_reset(struct serial_reader *reader)
{
	enum serial_reset *reset = &reader->config.reset;
	bool choose = *reset == SERIAL_RESET_AUTO;
	bool signals = reader->line.port->signals;

	if (choose)
		*reset = SERIAL_RESET_RTS;
	if (*reset < SERIAL_RESET_RTS || *reset > SERIAL_RESET_NOT_DTR)
		return 0;
	signals = signals && !reader->line.port->signals(&reader->line, 0, 0);
	if (!signals && choose)
		*reset = SERIAL_RESET_NONE;
	return signals || choose ? 0 : -EOPNOTSUPP;
}

/**
 * serial_reader_start() - show a reader to the world
 * @reader: from serial_reader_new()
 *
 * Context: may sleep.
 * Return: 0 or an errno; the caller frees the reader then.
 */
int serial_reader_start(struct serial_reader *reader)
{
	struct serial_config *config = &reader->config;
	struct serial_line *line = &reader->line;
	int ret;

	config->clock_hz = clamp_t(u32, config->clock_hz, CLOCK_MIN_HZ, CLOCK_MAX_HZ);
	config->slack_ms = min_t(u32, config->slack_ms, MSEC_PER_SEC);
	if (config->poll_ms)
		config->poll_ms = clamp_t(u32, config->poll_ms, 100, 600 * MSEC_PER_SEC);
	ret = serial_reader_find_reset(reader);
	if (ret)
		return ret;
	line->echo = config->echo;
	line->slack_us = config->slack_ms * USEC_PER_MSEC;
	line->keep = config->reset == SERIAL_RESET_NONE;
	reader->told = true;		/* until the slot can be told of cards */
	line->idle = serial_reader_idle;
	ret = uicc_slot_register(reader->slot);
	if (ret)
		return ret;
	if (!serial_reader_blind(reader)) {
		line->absent = true;
		ret = serial_power_watch(reader);
		if (ret)
			uicc_slot_unregister(reader->slot);
		return ret;
	}
	uicc_slot_card_inserted(reader->slot);
	return 0;
}

/**
 * serial_reader_stop() - take a reader away, and the card in it
 * @reader: one that was started; its port may be gone
 *
 * Context: may sleep. After that the port is not called any more.
 */
void serial_reader_stop(struct serial_reader *reader)
{
	if (!serial_reader_blind(reader))
		serial_power_unwatch(reader);
	spin_lock_irq(&reader->line.lock);
	reader->closing = true;
	serial_line_present(&reader->line, false);
	spin_unlock_irq(&reader->line.lock);
	cancel_delayed_work_sync(&reader->watch);
	uicc_slot_unregister(reader->slot);
	serial_line_end(&reader->line);
}

/**
 * serial_reader_free() - free a reader
 * @reader: from serial_reader_new(), not started or stopped
 *
 * Context: may sleep.
 */
void serial_reader_free(struct serial_reader *reader)
{
	uicc_slot_put(reader->slot);
	kfree_sensitive(reader);
}

static int __init serial_init(void)
{
	int ret = serial_ldisc_init();

	if (ret)
		return ret;
	ret = serial_dev_init();
	if (ret)
		serial_ldisc_exit();
	return ret;
}

static void __exit serial_exit(void)
{
	serial_dev_exit();
	serial_ldisc_exit();
}

module_init(serial_init);
module_exit(serial_exit);

MODULE_AUTHOR("The dmsc authors");
MODULE_DESCRIPTION("Card readers on a serial line");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
