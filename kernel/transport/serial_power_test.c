// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of what feeds a card: regulator, clock, GPIOs and signals are fakes that
 * write down what is done to them, so that it runs on kernels without any of these.
 */
#include <kunit/test.h>
#include <linux/clk.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/gpio/consumer.h>
#include <linux/interrupt.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/pm_wakeup.h>
#include <linux/property.h>
#include <linux/regulator/consumer.h>
#include <linux/string.h>
#include <linux/tty.h>
#include <linux/workqueue.h>
#include "transport/serial.h"

struct power_test {
	struct serial_reader reader;
	struct device dev;
	char log[256];
	int min_uv;
	int max_uv;
	bool vcc_fails;
	unsigned int rate;
	bool has_vcc;
	bool has_clk;
	bool has_reset;
	bool has_cd;
	bool hardware_debounce;
	int irq;
	int level;
	irq_handler_t handler;
	unsigned int changes;
	bool present;
	bool edge;
	bool wake;
	ktime_t low_at;
	ktime_t high_at;
};

/* One test at a time. */
static struct power_test *power_now;

static __printf(1, 2) void power_note(const char *format, ...)
{
	size_t len = strlen(power_now->log);
	va_list args;

	va_start(args, format);
	vscnprintf(power_now->log + len, sizeof(power_now->log) - len, format, args);
	va_end(args);
}

static struct regulator *power_get_regulator(void)
{
	return power_now->has_vcc ? (struct regulator *)power_now : ERR_PTR(-ENODEV);
}

static int power_supported(int min_uv, int max_uv)
{
	return max_uv >= power_now->min_uv && min_uv <= power_now->max_uv;
}

static int power_set_voltage(int min_uv)
{
	power_note("%d.%d ", min_uv / 1000000, min_uv / 100000 % 10);
	return 0;
}

static int power_enable(bool on)
{
	if (on && power_now->vcc_fails)
		return -EIO;
	power_note(on ? "VCC " : "vcc ");
	return 0;
}

static int power_clock(struct clk *clk, bool on)
{
	if (clk)
		power_note(on ? "CLK " : "clk ");
	return 0;
}

static struct gpio_desc *power_get_gpio(const char *name)
{
	bool has = strcmp(name, "cd") ? power_now->has_reset : power_now->has_cd;

	return has ? (struct gpio_desc *)power_now : NULL;
}

static void power_set_gpio(int reset)
{
	power_note(reset ? "rst " : "RST ");
	if (reset)
		power_now->low_at = ktime_get();
	else
		power_now->high_at = ktime_get();
}

static int power_request_irq(irq_handler_t handler)
{
	power_now->handler = handler;
	return 0;
}

static void power_changed(bool present, bool edge)
{
	power_now->changes++;
	power_now->present = present;
	power_now->edge = edge;
}

#define devm_regulator_get_optional(dev, name)		power_get_regulator()
#define regulator_is_supported_voltage(vcc, min, max)	power_supported(min, max)
#define regulator_set_voltage(vcc, min, max)		power_set_voltage(min)
#define regulator_enable(vcc)				power_enable(true)
#define regulator_disable(vcc)				power_enable(false)
#define devm_clk_get_optional(dev, name) \
	(power_now->has_clk ? (struct clk *)power_now : NULL)
#define clk_get_rate(clk)				((clk) ? power_now->rate : 0)
#define clk_prepare_enable(clk)				power_clock(clk, true)
#define clk_disable_unprepare(clk)			power_clock(clk, false)
#define devm_gpiod_get_optional(dev, name, flags)	power_get_gpio(name)
#define gpiod_set_debounce(gpio, us) \
	(power_now->hardware_debounce ? 0 : -EOPNOTSUPP)
#define gpiod_get_value_cansleep(gpio)			power_now->level
#define gpiod_set_value_cansleep(gpio, value)		power_set_gpio(value)
#define gpiod_to_irq(gpio)				power_now->irq
#define request_threaded_irq(irq, top, handler, flags, name, data) \
	((void)(name), power_request_irq(handler))
#define free_irq(irq, data)				((void)(power_now->handler = NULL))
#define enable_irq_wake(irq)				((void)(power_now->wake = true))
#define disable_irq_wake(irq)				((void)(power_now->wake = false))
#define device_may_wakeup(dev)				((dev) != NULL)
#define device_init_wakeup(dev, on)			((void)((dev) && (on)))
#define serial_reader_changed(reader, present, edge)	power_changed(present, edge)

#include "serial_power.c"

static unsigned int power_configure(struct serial_line *line, unsigned int baud,
				    enum serial_parity parity)
{
	return baud;
}

static int power_write(struct serial_line *line, const u8 *buf, size_t len)
{
	power_note("%*phN ", (int)len, buf);
	return len;
}

static void power_flush(struct serial_line *line)
{
	power_note("flush ");
}

static int power_signals(struct serial_line *line, unsigned int set, unsigned int clear)
{
	power_note("%s%s%s%s ", set & TIOCM_RTS ? "+rts" : "", set & TIOCM_DTR ? "+dtr" : "",
		   clear & TIOCM_RTS ? "-rts" : "", clear & TIOCM_DTR ? "-dtr" : "");
	return 0;
}

static const struct serial_port_ops power_port = {
	.configure = power_configure,
	.write = power_write,
	.flush = power_flush,
	.signals = power_signals,
};

static int power_init(struct kunit *test)
{
	struct power_test *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	device_initialize(&p->dev);
	p->dev.init_name = "uicc_kunit";
	mutex_init(&p->reader.op);
	serial_line_init(&p->reader.line, &power_port, NULL);
	p->reader.dev = &p->dev;
	p->reader.config.clock_hz = 3571200;
	p->irq = 1;
	p->min_uv = 1800000;
	p->max_uv = 3000000;
	test->priv = p;
	power_now = p;
	mutex_lock(&p->reader.op);
	KUNIT_ASSERT_EQ(test, serial_line_begin(&p->reader.line, 60000), 0);
	return 0;
}

static void power_exit(struct kunit *test)
{
	struct power_test *p = test->priv;

	serial_line_done(&p->reader.line);
	mutex_unlock(&p->reader.op);
	power_now = NULL;
}

static void power_finds_what_is_there(struct kunit *test)
{
	struct power_test *p = test->priv;
	struct serial_power *power = &p->reader.power;

	KUNIT_ASSERT_EQ(test, serial_power_get(&p->reader), 0);
	KUNIT_EXPECT_PTR_EQ(test, power->vcc, NULL);
	KUNIT_EXPECT_EQ(test, power->classes, 0);
	KUNIT_EXPECT_EQ(test, p->reader.config.clock_hz, 3571200U);
	KUNIT_EXPECT_EQ(test, p->reader.config.reset, SERIAL_RESET_AUTO);

	p->has_vcc = true;
	p->has_clk = true;
	p->has_reset = true;
	p->has_cd = true;
	p->rate = 4000000;
	KUNIT_ASSERT_EQ(test, serial_power_get(&p->reader), 0);
	KUNIT_EXPECT_EQ(test, power->classes, UICC_ATR_CLASS_B | UICC_ATR_CLASS_C);
	KUNIT_EXPECT_EQ(test, p->reader.config.clock_hz, 4000000U);
	KUNIT_EXPECT_EQ(test, p->reader.config.reset, SERIAL_RESET_GPIO);
	KUNIT_EXPECT_EQ(test, power->debounce_ms, 20U);
	p->hardware_debounce = true;
	KUNIT_ASSERT_EQ(test, serial_power_get(&p->reader), 0);
	KUNIT_EXPECT_EQ(test, power->debounce_ms, 0U);

	/* A supply that no card wants is none. */
	power->classes = 0;
	p->min_uv = 2500000;
	p->max_uv = 2500000;
	KUNIT_EXPECT_EQ(test, serial_power_get(&p->reader), -EINVAL);
}

/* Rules: LINE-14 */
static void power_follows_the_order(struct kunit *test)
{
	struct power_test *p = test->priv;

	p->has_vcc = true;
	p->has_clk = true;
	p->has_reset = true;
	KUNIT_ASSERT_EQ(test, serial_power_get(&p->reader), 0);
	KUNIT_ASSERT_EQ(test, serial_power_on(&p->reader, UICC_ATR_CLASS_B), 0);
	KUNIT_EXPECT_STREQ(test, p->log, "rst 2.7 VCC CLK ");
	p->log[0] = 0;
	KUNIT_ASSERT_EQ(test, serial_power_reset(&p->reader), 0);
	KUNIT_EXPECT_STREQ(test, p->log, "rst flush RST ");
	/* 400 clocks are 112 us */
	KUNIT_EXPECT_GE(test, ktime_us_delta(p->high_at, p->low_at), 112LL);
	p->log[0] = 0;
	serial_power_off(&p->reader);
	serial_power_off(&p->reader);
	KUNIT_EXPECT_STREQ(test, p->log, "rst clk vcc ");

	p->log[0] = 0;
	p->vcc_fails = true;
	KUNIT_EXPECT_EQ(test, serial_power_on(&p->reader, UICC_ATR_CLASS_C), -EIO);
	KUNIT_EXPECT_FALSE(test, p->reader.power.on);
	KUNIT_EXPECT_STREQ(test, p->log, "rst 1.6 ");

	/* The operation is to end: nothing stays on. */
	p->log[0] = 0;
	p->vcc_fails = false;
	serial_line_cancel(&p->reader.line);
	KUNIT_EXPECT_EQ(test, serial_power_on(&p->reader, UICC_ATR_CLASS_C), -ENODEV);
	KUNIT_EXPECT_STREQ(test, p->log, "rst 1.6 VCC vcc ");
}

static void power_resets_by_any_wire(struct kunit *test)
{
	static const struct {
		enum serial_reset reset;
		const char *log;
	} ways[] = {
		{ SERIAL_RESET_RTS, "+rts flush -rts " },
		{ SERIAL_RESET_NOT_RTS, "-rts flush +rts " },
		{ SERIAL_RESET_DTR, "+dtr flush -dtr " },
		{ SERIAL_RESET_NOT_DTR, "-dtr flush +dtr " },
		{ SERIAL_RESET_INBAND, "flush ffff " },
		{ SERIAL_RESET_NONE, "" },
	};
	struct power_test *p = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		p->log[0] = 0;
		p->reader.config.reset = ways[i].reset;
		KUNIT_EXPECT_EQ(test, serial_power_reset(&p->reader), 0);
		KUNIT_EXPECT_STREQ(test, p->log, ways[i].log);
	}
	/* To a card that was in the inverse convention, once. */
	p->reader.config.reset = SERIAL_RESET_INBAND;
	p->reader.inverse = true;
	p->log[0] = 0;
	KUNIT_EXPECT_EQ(test, serial_power_reset(&p->reader), 0);
	KUNIT_EXPECT_EQ(test, serial_power_reset(&p->reader), 0);
	KUNIT_EXPECT_STREQ(test, p->log, "flush 0000 flush ffff ");
	/* A port that is gone is left alone. */
	p->reader.config.reset = SERIAL_RESET_RTS;
	p->reader.power.on = true;
	p->log[0] = 0;
	serial_line_end(&p->reader.line);
	serial_power_off(&p->reader);
	KUNIT_EXPECT_STREQ(test, p->log, "");
}

/* The work has run; a minute is for a machine that is busy. */
static bool power_waits_for_change(struct power_test *p, unsigned int changes)
{
	int i;

	for (i = 0; i < 60000 && READ_ONCE(p->changes) < changes; i++)
		usleep_range(1000, 1100);
	return READ_ONCE(p->changes) == changes;
}

static void power_switch_is_debounced(struct kunit *test)
{
	struct power_test *p = test->priv;
	ktime_t last;
	int i;

	p->has_cd = true;
	KUNIT_ASSERT_EQ(test, serial_power_get(&p->reader), 0);
	KUNIT_ASSERT_EQ(test, serial_power_watch(&p->reader), 0);
	/* How it is in the beginning. */
	KUNIT_EXPECT_TRUE(test, power_waits_for_change(p, 1));
	KUNIT_EXPECT_FALSE(test, p->present);
	KUNIT_EXPECT_FALSE(test, p->edge);

	for (i = 0; i < 7; i++) {
		p->level = !p->level;
		last = ktime_get();
		KUNIT_EXPECT_EQ(test, p->handler(1, &p->reader), IRQ_HANDLED);
	}
	KUNIT_EXPECT_TRUE(test, power_waits_for_change(p, 2));
	KUNIT_EXPECT_GE(test, ktime_ms_delta(ktime_get(), last), 10LL);
	KUNIT_EXPECT_TRUE(test, p->present);
	KUNIT_EXPECT_TRUE(test, p->edge);

	/* It is looked at after a sleep, as an edge may have been lost. */
	serial_power_suspend(&p->reader);
	KUNIT_EXPECT_TRUE(test, p->wake);
	serial_power_resume(&p->reader);
	KUNIT_EXPECT_FALSE(test, p->wake);
	KUNIT_EXPECT_TRUE(test, power_waits_for_change(p, 3));
	KUNIT_EXPECT_FALSE(test, p->edge);

	/* One that cannot be read has not said that the card went; it is read again. */
	p->level = -EIO;
	p->reader.config.poll_ms = 100;
	p->handler(1, &p->reader);
	usleep_range(60000, 61000);
	KUNIT_EXPECT_EQ(test, p->changes, 3U);
	p->level = 1;
	KUNIT_EXPECT_TRUE(test, power_waits_for_change(p, 4));
	KUNIT_EXPECT_TRUE(test, p->present);
	KUNIT_EXPECT_TRUE(test, p->edge);

	p->handler(1, &p->reader);
	serial_power_unwatch(&p->reader);
	KUNIT_EXPECT_PTR_EQ(test, p->handler, NULL);
	usleep_range(30000, 31000);
	KUNIT_EXPECT_LE(test, p->changes, 5U);
	i = p->changes;
	usleep_range(30000, 31000);
	KUNIT_EXPECT_EQ(test, p->changes, (unsigned int)i);
}

static void power_switch_is_read(struct kunit *test)
{
	struct power_test *p = test->priv;
	unsigned int changes;

	p->has_cd = true;
	p->irq = -ENXIO;
	p->reader.config.poll_ms = 100;
	KUNIT_ASSERT_EQ(test, serial_power_get(&p->reader), 0);
	KUNIT_ASSERT_EQ(test, serial_power_watch(&p->reader), 0);
	KUNIT_EXPECT_TRUE(test, power_waits_for_change(p, 1));
	KUNIT_EXPECT_TRUE(test, power_waits_for_change(p, 2));
	KUNIT_EXPECT_PTR_EQ(test, p->handler, NULL);
	serial_power_unwatch(&p->reader);
	changes = p->changes;
	usleep_range(250000, 260000);
	KUNIT_EXPECT_EQ(test, p->changes, changes);
}

static struct kunit_case power_cases[] = {
	KUNIT_CASE(power_finds_what_is_there),
	KUNIT_CASE(power_follows_the_order),
	KUNIT_CASE(power_resets_by_any_wire),
	KUNIT_CASE(power_switch_is_debounced),
	KUNIT_CASE(power_switch_is_read),
	{}
};

static struct kunit_suite power_suite = {
	.name = "uicc_serial_power",
	.init = power_init,
	.exit = power_exit,
	.test_cases = power_cases,
};

kunit_test_suite(power_suite);

MODULE_LICENSE("GPL");
