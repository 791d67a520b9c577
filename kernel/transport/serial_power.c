// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contacts of a card besides I/O: VCC, CLK, RST; and the switch that tells that a card
 * is in. All of them may be missing.
 */
#include <linux/clk.h>
#include <linux/device.h>
#include <linux/gpio/consumer.h>
#include <linux/interrupt.h>
#include <linux/math64.h>
#include <linux/pm_wakeup.h>
#include <linux/property.h>
#include <linux/regulator/consumer.h>
#include <linux/string.h>
#include <linux/tty.h>
#include "transport/serial.h"

/* ISO 7816-3 6.2.2: RST is low for so many clocks. */
#define RESET_CLOCKS	400
/* A signal of a serial port may go over USB. */
#define RESET_SIGNAL_MS	5
/* A far end that says nothing for so long has said what it had to say: 24 etu at 9600 baud. */
#define INBAND_QUIET_US	2500
/* After VCC, before CLK. */
#define SUPPLY_MS	1
#define DEBOUNCE_MS	20

/* ISO 7816-3 5.2.1: limits of the classes, in microvolt */
static const struct {
	u8 class;
	int min_uv;
	int max_uv;
} serial_supplies[] = {
	{ UICC_ATR_CLASS_C, 1620000, 1980000 },
	{ UICC_ATR_CLASS_B, 2700000, 3300000 },
	{ UICC_ATR_CLASS_A, 4500000, 5500000 },
};

static int serial_power_get_vcc(struct serial_reader *reader)
{
	struct serial_power *power = &reader->power;
	int i;

	power->vcc = devm_regulator_get_optional(reader->dev, "vcc");
	if (IS_ERR(power->vcc)) {
		if (PTR_ERR(power->vcc) != -ENODEV)
			return PTR_ERR(power->vcc);
		power->vcc = NULL;
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(serial_supplies); i++)
		if (regulator_is_supported_voltage(power->vcc, serial_supplies[i].min_uv,
						   serial_supplies[i].max_uv) > 0)
			power->classes |= serial_supplies[i].class;
	return power->classes ? 0 : -EINVAL;
}

/**
 * serial_power_get() - find what the firmware describes
 * @reader: a reader with a device of its own
 *
 * Context: may sleep.
 * Return: 0, or an errno, -EPROBE_DEFER among them.
 */
int serial_power_get(struct serial_reader *reader)
{
	struct serial_power *power = &reader->power;
	struct device *dev = reader->dev;
	unsigned long rate;
	u32 debounce_ms = DEBOUNCE_MS;
	int ret;

	ret = serial_power_get_vcc(reader);
	if (ret)
		return dev_err_probe(dev, ret, "no supply of a class\n");
	power->clk = devm_clk_get_optional(dev, NULL);
	if (IS_ERR(power->clk))
		return dev_err_probe(dev, PTR_ERR(power->clk), "no clock\n");
	rate = clk_get_rate(power->clk);
	if (rate)
		reader->config.clock_hz = rate;
	power->reset = devm_gpiod_get_optional(dev, "reset", GPIOD_OUT_HIGH);
	if (IS_ERR(power->reset))
		return dev_err_probe(dev, PTR_ERR(power->reset), "no reset\n");
	if (power->reset)
		reader->config.reset = SERIAL_RESET_GPIO;
	power->detect = devm_gpiod_get_optional(dev, "cd", GPIOD_IN);
	if (IS_ERR(power->detect))
		return dev_err_probe(dev, PTR_ERR(power->detect), "no card detect\n");
	device_property_read_u32(dev, "cd-debounce-delay-ms", &debounce_ms);
	power->debounce_ms = min(debounce_ms, 1000U);
	if (power->detect && !gpiod_set_debounce(power->detect,
						 power->debounce_ms * USEC_PER_MSEC))
		power->debounce_ms = 0;
	return 0;
}

/* The switch is at rest, or it is time to look at it. */
static void serial_power_settle(struct work_struct *work)
{
	struct serial_reader *reader = container_of(to_delayed_work(work), struct serial_reader,
						    power.settle);
	struct serial_power *power = &reader->power;
	bool edge = xchg(&power->edge, false);
	int level = gpiod_get_value_cansleep(power->detect);

	if (level >= 0)
		serial_reader_changed(reader, level, edge);
	else if (edge)
		WRITE_ONCE(power->edge, true);
	/* One behind a bus that sleeps, or has failed, has not said that a card went. */
	if (power->detect_irq < 0 || level < 0)
		schedule_delayed_work(&power->settle,
				      msecs_to_jiffies(reader->config.poll_ms ?: MSEC_PER_SEC));
}

static irqreturn_t serial_power_irq(int irq, void *data)
{
	struct serial_reader *reader = data;

	WRITE_ONCE(reader->power.edge, true);
	mod_delayed_work(system_wq, &reader->power.settle,
			 msecs_to_jiffies(reader->power.debounce_ms));
	return IRQ_HANDLED;
}

/**
 * serial_power_watch() - report cards as the switch tells
 * @reader: a reader with one, whose slot is registered
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int serial_power_watch(struct serial_reader *reader)
{
	struct serial_power *power = &reader->power;
	struct device *dev = reader->dev;
	int ret;

	INIT_DELAYED_WORK(&power->settle, serial_power_settle);
	power->detect_irq = gpiod_to_irq(power->detect);
	if (power->detect_irq == -EPROBE_DEFER)
		return -EPROBE_DEFER;
	if (power->detect_irq >= 0) {
		ret = request_threaded_irq(power->detect_irq, NULL, serial_power_irq,
					   IRQF_TRIGGER_RISING | IRQF_TRIGGER_FALLING |
					   IRQF_ONESHOT, dev_name(dev), reader);
		if (ret)
			return ret;
		device_init_wakeup(dev, device_property_read_bool(dev, "wakeup-source"));
	}
	schedule_delayed_work(&power->settle, 0);
	return 0;
}

/**
 * serial_power_unwatch() - the reverse of serial_power_watch()
 * @reader: where that returned 0
 *
 * Context: may sleep.
 */
void serial_power_unwatch(struct serial_reader *reader)
{
	if (reader->power.detect_irq >= 0) {
		device_init_wakeup(reader->dev, false);
		free_irq(reader->power.detect_irq, reader);
	}
	cancel_delayed_work_sync(&reader->power.settle);
}

/**
 * serial_power_suspend() - the system sleeps; a card may wake it
 * @reader: a reader
 *
 * Context: may sleep.
 */
void serial_power_suspend(struct serial_reader *reader)
{
	if (reader->power.detect && reader->power.detect_irq >= 0 &&
	    device_may_wakeup(reader->dev))
		enable_irq_wake(reader->power.detect_irq);
}

/**
 * serial_power_resume() - the system has slept
 * @reader: a reader
 *
 * Context: may sleep.
 */
void serial_power_resume(struct serial_reader *reader)
{
	if (!reader->power.detect)
		return;
	if (reader->power.detect_irq >= 0 && device_may_wakeup(reader->dev))
		disable_irq_wake(reader->power.detect_irq);
	/* An edge may have been lost. */
	mod_delayed_work(system_wq, &reader->power.settle, 0);
}

/* RST: in reset or not. Nothing where there is no wire. */
static int serial_power_rst(struct serial_reader *reader, bool reset)
{
	struct serial_line *line = &reader->line;
	unsigned int signal;

	switch (reader->config.reset) {
	case SERIAL_RESET_GPIO:
		gpiod_set_value_cansleep(reader->power.reset, reset);
		return 0;
	case SERIAL_RESET_RTS:
	case SERIAL_RESET_NOT_RTS:
		signal = TIOCM_RTS;
		break;
	case SERIAL_RESET_DTR:
	case SERIAL_RESET_NOT_DTR:
		signal = TIOCM_DTR;
		break;
	default:
		return 0;
	}
	if (READ_ONCE(line->dead))
		return -ENODEV;
	if (reader->config.reset == SERIAL_RESET_NOT_RTS ||
	    reader->config.reset == SERIAL_RESET_NOT_DTR)
		reset = !reset;
	return line->port->signals(line, reset ? signal : 0, reset ? 0 : signal);
}

/**
 * serial_power_on() - feed a card, and hold it in reset
 * @reader: its reader
 * @class: UICC_ATR_CLASS_*, 0 where VCC is not ours
 *
 * Context: process, with an operation on the line; may sleep.
 * Return: 0 or an errno.
 */
int serial_power_on(struct serial_reader *reader, u8 class)
{
	struct serial_power *power = &reader->power;
	int i, ret = 0;

	lockdep_assert_held(&reader->op);
	if (power->on)
		return 0;
	serial_power_rst(reader, true);
	for (i = 0; power->vcc && i < ARRAY_SIZE(serial_supplies); i++) {
		if (serial_supplies[i].class != class)
			continue;
		ret = regulator_set_voltage(power->vcc, serial_supplies[i].min_uv,
					    serial_supplies[i].max_uv);
		ret = ret ?: regulator_enable(power->vcc);
		if (ret)
			return ret;
	}
	ret = serial_line_sleep(&reader->line, SUPPLY_MS * NSEC_PER_MSEC);
	ret = ret ?: clk_prepare_enable(power->clk);
	if (ret) {
		if (power->vcc)
			regulator_disable(power->vcc);
		return ret;
	}
	power->on = true;
	return 0;
}

/**
 * serial_power_off() - feed it no longer (ISO 7816-3 6.4: RST, CLK, VCC)
 * @reader: its reader
 *
 * Context: process, may sleep.
 */
void serial_power_off(struct serial_reader *reader)
{
	struct serial_power *power = &reader->power;

	lockdep_assert_held(&reader->op);
	if (!power->on)
		return;
	power->on = false;
	serial_power_rst(reader, true);
	clk_disable_unprepare(power->clk);
	if (power->vcc)
		regulator_disable(power->vcc);
}

/**
 * serial_power_reset() - reset a card that is fed
 * @reader: its reader
 *
 * What was received before is forgotten; the waits for the answer begin now.
 *
 * Context: process, with an operation on the line; may sleep.
 * Return: 0 or an errno.
 */
int serial_power_reset(struct serial_reader *reader)
{
	/* FF FF, as the card that is in reads it, or was to. */
	u8 inband[2] = { 0xff, 0xff };
	struct serial_line *line = &reader->line;
	u64 low_ns = RESET_SIGNAL_MS * NSEC_PER_MSEC;
	int ret;

	lockdep_assert_held(&reader->op);
	if (reader->config.reset == SERIAL_RESET_NONE) {
		serial_line_mark(line);
		return 0;
	}
	if (reader->config.reset == SERIAL_RESET_INBAND) {
		/* A card that was put in just now may be in the midst of its answer. */
		ret = serial_line_quiet(line, reader->config.slack_ms * USEC_PER_MSEC +
					      INBAND_QUIET_US);
		if (ret)
			return ret;
		if (reader->inverse)
			memset(inband, 0, sizeof(inband));
		reader->inverse = false;
		reader->inband = inband[0];
		serial_line_drop(line);
		ret = line->port->write(line, inband, sizeof(inband));
		serial_line_mark(line);
		return ret < 0 ? ret : ret < (int)sizeof(inband) ? -EIO : 0;
	}
	if (reader->config.reset == SERIAL_RESET_GPIO)
		low_ns = div_u64((u64)RESET_CLOCKS * NSEC_PER_SEC, reader->config.clock_hz) + 1;
	ret = serial_power_rst(reader, true);
	ret = ret ?: serial_line_sleep(line, low_ns);
	if (ret)
		return ret;
	serial_line_drop(line);
	ret = serial_power_rst(reader, false);
	serial_line_mark(line);
	return ret;
}
