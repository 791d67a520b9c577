// SPDX-License-Identifier: GPL-2.0-only
/*
 * One half-duplex line with a card at its end (ISO 7816-3 clause 7): characters,
 * their times, the convention and the echo. Protocols are above it, the UART below.
 *
 * Times are counted from the last character that was seen on the line, ours or the
 * card's. We see a character when the UART hands it over, which is after its end and
 * later than that: the slack is for this.
 */
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tty.h>
#include "transport/serial_line.h"

/* A character: start bit, eight, parity, two stop bits (ISO 7816-3 7.2). */
#define CHAR_ETU	12
/* A UART that takes no characters for so long is stuck. */
#define WRITE_LATE_NS	NSEC_PER_SEC
/*
 * The longest wait for an echo of which nobody knows whether there is one: within a PPS
 * the card waits for the next character, for 9600 etu, which is a second.
 */
#define PROBE_MAX_US	(200 * USEC_PER_MSEC)
/* How late a wait may end. */
#define WAIT_LATE_NS	(50 * NSEC_PER_USEC)

/* As in virt.c: killable, and no lock of ours is held that the freezer could want. */
#define SERIAL_WAIT_STATE	(TASK_KILLABLE | TASK_FREEZABLE_UNSAFE)

enum serial_wait {
	SERIAL_WAIT_TIME,
	SERIAL_WAIT_CHAR,
	SERIAL_WAIT_ROOM,
};

/**
 * serial_line_init() - a line that nobody uses yet
 * @line: zeroed
 * @port: its UART
 * @priv: for @port
 *
 * Context: any.
 */
void serial_line_init(struct serial_line *line, const struct serial_port_ops *port, void *priv)
{
	line->port = port;
	line->priv = priv;
	spin_lock_init(&line->lock);
	init_waitqueue_head(&line->wait);
}

static void serial_line_put(struct serial_line *line, u16 c)
{
	lockdep_assert_held(&line->lock);
	if (!line->running && !line->keep)
		return;
	if (line->head - line->tail >= SERIAL_FIFO) {
		line->lost = true;
		return;
	}
	if (line->lost)
		c |= SERIAL_DAMAGED;
	line->lost = false;
	line->fifo[line->head++ % SERIAL_FIFO] = c;
}

/**
 * serial_line_receive() - the port has received characters
 * @line: a line
 * @buf: the characters
 * @flags: TTY_* for each, or NULL where all are TTY_NORMAL
 * @count: number
 *
 * Context: any, never sleeps.
 * Return: @count; what there is no room for is lost, and known to be.
 */
size_t serial_line_receive(struct serial_line *line, const u8 *buf, const u8 *flags, size_t count)
{
	unsigned long irq;
	size_t i;
	u16 c;

	spin_lock_irqsave(&line->lock, irq);
	line->seen = ktime_get();
	for (i = 0; i < count; i++) {
		c = buf[i];
		if (flags && flags[i] == TTY_OVERRUN) {
			line->lost = true;	/* no character, but that some are missing */
			continue;
		}
		if (flags && flags[i] == TTY_PARITY)
			c |= SERIAL_PARITY;
		else if (flags && flags[i] != TTY_NORMAL)
			c |= SERIAL_DAMAGED;
		if (!line->running && line->idle)
			line->idle(line, c);
		serial_line_put(line, c);
	}
	wake_up(&line->wait);
	spin_unlock_irqrestore(&line->lock, irq);
	return count;
}

/**
 * serial_line_wakeup() - the port has room for characters again
 * @line: a line
 *
 * Context: any, never sleeps.
 */
void serial_line_wakeup(struct serial_line *line)
{
	WRITE_ONCE(line->writable, true);
	wake_up(&line->wait);
}

/**
 * serial_line_cancel() - end the operation that runs, with -ENODEV
 * @line: a line
 *
 * Nothing when none runs. Later ones are not affected.
 *
 * Context: any, never sleeps.
 */
void serial_line_cancel(struct serial_line *line)
{
	unsigned long irq;

	spin_lock_irqsave(&line->lock, irq);
	if (line->running)
		line->cancelled = true;
	wake_up(&line->wait);
	spin_unlock_irqrestore(&line->lock, irq);
}

/**
 * serial_line_present() - a card was put in, or pulled out
 * @line: a line
 * @present: which
 *
 * The operation that runs ends with -ENODEV, it was the other card's. While there is
 * none, none begins.
 *
 * Context: any, never sleeps; @line->lock is held, so that the core hears of it first.
 */
void serial_line_present(struct serial_line *line, bool present)
{
	lockdep_assert_held(&line->lock);
	line->absent = !present;
	if (line->running)
		line->cancelled = true;
	wake_up(&line->wait);
}

/**
 * serial_line_end() - the port goes: end the operation that runs, let none begin
 * @line: a line
 *
 * Context: any, never sleeps.
 */
void serial_line_end(struct serial_line *line)
{
	unsigned long irq;

	spin_lock_irqsave(&line->lock, irq);
	line->dead = true;
	wake_up(&line->wait);
	spin_unlock_irqrestore(&line->lock, irq);
}

/**
 * serial_line_begin() - begin an operation
 * @line: a line
 * @limit_ms: what it may take; after that no character comes any more
 *
 * Context: process; the caller sees to it that there is one at a time.
 * Return: 0, or -ENODEV when the port or the card is gone.
 */
int serial_line_begin(struct serial_line *line, unsigned int limit_ms)
{
	int ret = 0;

	line->limit = ktime_add_ms(ktime_get(), limit_ms);
	spin_lock_irq(&line->lock);
	line->cancelled = false;
	if (line->dead || line->absent)
		ret = -ENODEV;
	else
		line->running = true;
	spin_unlock_irq(&line->lock);
	return ret;
}

/**
 * serial_line_done() - end an operation
 * @line: a line
 *
 * Context: process.
 */
void serial_line_done(struct serial_line *line)
{
	unsigned int i;

	spin_lock_irq(&line->lock);
	line->running = false;
	line->ended = ktime_get();
	if (!line->keep)
		line->tail = line->head;
	/* A command or its answer may be a PIN or a key. */
	for (i = line->head; i != line->tail + SERIAL_FIFO; i++)
		line->fifo[i % SERIAL_FIFO] = 0;
	spin_unlock_irq(&line->lock);
}

static bool serial_line_over(struct serial_line *line)
{
	bool over;

	spin_lock_irq(&line->lock);
	over = line->dead || line->absent || line->cancelled;
	spin_unlock_irq(&line->lock);
	return over;
}

static bool serial_line_ready(struct serial_line *line, enum serial_wait what)
{
	bool ready;

	if (what == SERIAL_WAIT_TIME)
		return false;
	if (what == SERIAL_WAIT_ROOM)
		return READ_ONCE(line->writable);
	spin_lock_irq(&line->lock);
	ready = line->head - line->tail > line->peeked;
	spin_unlock_irq(&line->lock);
	return ready;
}

/*
 * Waits until there is what is waited for, or @until. What has come counts, even when
 * the time is over: whoever waits may have been kept from running.
 */
static int serial_line_wait(struct serial_line *line, ktime_t until, enum serial_wait what)
{
	struct wait_queue_entry entry;
	bool late;
	int ret;

	if (ktime_after(until, line->limit))
		until = line->limit;
	init_wait_entry(&entry, 0);
	for (;;) {
		ret = prepare_to_wait_event(&line->wait, &entry, SERIAL_WAIT_STATE);
		if (serial_line_over(line)) {
			ret = -ENODEV;
			break;
		}
		late = ktime_compare(ktime_get(), line->limit) >= 0;
		if (!late && serial_line_ready(line, what)) {
			ret = 0;
			break;
		}
		if (ret) {
			ret = -EINTR;
			break;
		}
		if (late || ktime_compare(ktime_get(), until) >= 0) {
			ret = -ETIMEDOUT;
			break;
		}
		schedule_hrtimeout_range(&until, WAIT_LATE_NS, HRTIMER_MODE_ABS);
	}
	finish_wait(&line->wait, &entry);
	return ret;
}

static int serial_line_sleep_until(struct serial_line *line, ktime_t until)
{
	int ret = serial_line_wait(line, until, SERIAL_WAIT_TIME);

	return ret == -ETIMEDOUT ? 0 : ret;
}

/**
 * serial_line_sleep() - let time pass
 * @line: a line with an operation
 * @ns: nanoseconds
 *
 * Context: process, may sleep.
 * Return: 0; -ENODEV when the operation is to end, -EINTR on a fatal signal.
 */
int serial_line_sleep(struct serial_line *line, u64 ns)
{
	return serial_line_sleep_until(line, ktime_add_ns(ktime_get(), ns));
}

static ktime_t serial_line_after(struct serial_line *line, u64 ns)
{
	ktime_t seen;

	spin_lock_irq(&line->lock);
	seen = line->seen;
	spin_unlock_irq(&line->lock);
	return ktime_add_ns(seen, ns);
}

/* What is on the line until then is ours: the waits begin there. */
static void serial_line_busy_until(struct serial_line *line, ktime_t until)
{
	spin_lock_irq(&line->lock);
	line->seen = until;
	spin_unlock_irq(&line->lock);
}

/* What was received is not asked for. */
static void serial_line_forget(struct serial_line *line)
{
	spin_lock_irq(&line->lock);
	line->tail = line->head;
	line->lost = false;
	spin_unlock_irq(&line->lock);
}

/**
 * serial_line_drop() - forget what was received, and what is not sent yet
 * @line: a line with an operation
 *
 * Context: process.
 */
void serial_line_drop(struct serial_line *line)
{
	line->port->flush(line);
	serial_line_forget(line);
}

/**
 * serial_line_mark() - something begins now that the card answers to
 * @line: a line with an operation
 *
 * Context: process.
 */
void serial_line_mark(struct serial_line *line)
{
	serial_line_busy_until(line, ktime_get());
}

/**
 * serial_line_guard() - set the guard time of what we send
 * @line: a line whose speed is set
 * @etu: from the beginning of a character to that of the next one
 * @extra_us: and what is to be added to that
 *
 * Context: process.
 */
void serial_line_guard(struct serial_line *line, unsigned int etu, u32 extra_us)
{
	u64 port_ns = (line->one_stop ? SERIAL_GUARD_MIN : CHAR_ETU) * line->etu_ns;

	line->char_ns = etu * line->etu_ns + (u64)extra_us * NSEC_PER_USEC;
	line->paced = line->char_ns > port_ns;
	line->char_ns = max(line->char_ns, port_ns);
}

/**
 * serial_line_speed() - set speed and convention
 * @line: a line with an operation
 * @baud: speed
 * @inverse: the card has the inverse convention
 *
 * Context: process, may sleep.
 * Return: 0, -ERANGE when the UART has no speed within 2.5 % of it.
 */
int serial_line_speed(struct serial_line *line, unsigned int baud, bool inverse)
{
	/* Bits inverted: what is even to the card is odd to the UART. */
	unsigned int got = line->port->configure(line, baud, inverse ? SERIAL_ODD : SERIAL_EVEN);

	line->etu_ns = DIV_ROUND_CLOSEST(NSEC_PER_SEC, baud);
	line->inverse = inverse;
	line->flipped = false;
	serial_line_guard(line, CHAR_ETU, 0);
	return max(got, baud) - min(got, baud) <= baud / 40 ? 0 : -ERANGE;
}

static u8 serial_line_invert(u8 c)
{
	u8 out = 0;
	int i;

	for (i = 0; i < 8; i++)
		if (!(c & BIT(i)))
			out |= BIT(7 - i);
	return out;
}

/* The oldest character of the FIFO. */
static u16 serial_line_take(struct serial_line *line)
{
	u16 c;

	spin_lock_irq(&line->lock);
	c = line->fifo[line->tail++ % SERIAL_FIFO];
	spin_unlock_irq(&line->lock);
	return c;
}

/**
 * serial_line_get_raw() - wait for a character, whatever it is like
 * @line: a line with an operation
 * @wait_us: how long after the last one, in either direction
 *
 * Context: process, may sleep.
 * Return: the character as the UART had it, and SERIAL_PARITY, SERIAL_DAMAGED;
 * -ETIMEDOUT; -ENODEV when the operation is to end, -EINTR on a fatal signal.
 */
int serial_line_get_raw(struct serial_line *line, u32 wait_us)
{
	ktime_t until = serial_line_after(line, (u64)wait_us * NSEC_PER_USEC);
	int ret = serial_line_wait(line, until, SERIAL_WAIT_CHAR);

	return ret ?: serial_line_take(line);
}

/* Returns the character as the card meant it, or -EBADMSG. */
static int serial_line_decode(const struct serial_line *line, u16 c)
{
	bool parity = c & SERIAL_PARITY;

	if (line->flipped)
		parity = !parity;
	if ((parity && !line->blind) || c & SERIAL_DAMAGED)
		return -EBADMSG;
	return line->inverse ? serial_line_invert(c) : (u8)c;
}

/**
 * serial_line_recv() - receive characters
 * @line: a line with an operation
 * @buf: room for them
 * @len: how many, at least one
 * @first_us: how long to wait for the first one
 * @next_us: and for each one behind it
 *
 * Context: process, may sleep.
 * Return: @len, or how many came before the line fell silent; -ETIMEDOUT when none came;
 * -EBADMSG when one was damaged: those before it are lost; -ENODEV when the operation is
 * to end, -EINTR on a fatal signal.
 */
int serial_line_recv(struct serial_line *line, u8 *buf, size_t len, u32 first_us, u32 next_us)
{
	size_t i;
	int ret;

	for (i = 0; i < len; i++) {
		ret = serial_line_get_raw(line, i ? next_us : first_us);
		if (ret == -ETIMEDOUT && i)
			return i;
		if (ret >= 0)
			ret = serial_line_decode(line, ret);
		if (ret < 0)
			return ret;
		buf[i] = ret;
	}
	return len;
}

/**
 * serial_line_quiet() - wait until the card has stopped talking, and forget what it said
 * @line: a line with an operation
 * @wait_us: the silence to wait for
 *
 * Context: process, may sleep.
 * Return: 0, -EIO when it does not stop; -ENODEV, -EINTR as serial_line_get_raw().
 */
int serial_line_quiet(struct serial_line *line, u32 wait_us)
{
	int i, ret;

	for (i = 0; i < SERIAL_FIFO; i++) {
		ret = serial_line_get_raw(line, wait_us);
		if (ret < 0)
			return ret == -ETIMEDOUT ? 0 : ret;
	}
	return -EIO;
}

/* Hands @len characters to the port. */
static int serial_line_write(struct serial_line *line, const u8 *buf, size_t len)
{
	ktime_t until = ktime_add_ns(ktime_get(), 2 * len * line->char_ns + WRITE_LATE_NS);
	int ret;

	while (len) {
		WRITE_ONCE(line->writable, false);
		ret = line->port->write(line, buf, len);
		if (ret < 0)
			return ret;
		if (ret > 0) {
			ret = min_t(size_t, ret, len);
			buf += ret;
			len -= ret;
			continue;
		}
		ret = serial_line_wait(line, until, SERIAL_WAIT_ROOM);
		if (ret)
			return ret == -ETIMEDOUT ? -EIO : ret;
	}
	return 0;
}

/* The echo of one character; -EIO when it is another, or none comes. */
static int serial_line_echo(struct serial_line *line, u8 sent)
{
	int ret = serial_line_get_raw(line, line->slack_us);

	if (ret == -ETIMEDOUT || (ret >= 0 && ret != sent))
		return -EIO;
	return ret < 0 ? ret : 0;
}

/*
 * The first character of a PPS is sent alone: no card answers to that, but a card's
 * answer to all of it is the same again.
 */
static int serial_line_probe(struct serial_line *line, u8 sent)
{
	int ret = serial_line_get_raw(line, min_t(u32, line->slack_us, PROBE_MAX_US));

	if (ret == -ETIMEDOUT) {
		line->echo = SERIAL_ECHO_OFF;
		return 0;
	}
	if (ret < 0)
		return ret;
	if (ret != sent)
		return -EIO;
	line->echo = SERIAL_ECHO_ON;
	return 0;
}

/*
 * No answer to a command or a block begins with all of it, and none comes before its
 * end; a part must not be sent alone, as a card waits less long for the rest. What
 * came and is no echo is the answer, and stays.
 */
static int serial_line_probe_whole(struct serial_line *line, const u8 *sent, size_t len)
{
	ktime_t until = serial_line_after(line, min_t(u32, line->slack_us, PROBE_MAX_US) *
					  NSEC_PER_USEC);
	int ret = 0;
	u16 c;

	for (line->peeked = 0; line->peeked < len; line->peeked++) {
		ret = serial_line_wait(line, until, SERIAL_WAIT_CHAR);
		if (ret)
			break;
		spin_lock_irq(&line->lock);
		c = line->fifo[(line->tail + line->peeked) % SERIAL_FIFO];
		spin_unlock_irq(&line->lock);
		if (c != sent[line->peeked])
			break;
	}
	/* Who was told to end knows no more than before. */
	if (!ret || ret == -ETIMEDOUT)
		line->echo = line->peeked == len ? SERIAL_ECHO_ON : SERIAL_ECHO_OFF;
	line->peeked = 0;
	if (line->echo == SERIAL_ECHO_ON) {
		spin_lock_irq(&line->lock);
		line->tail += len;
		spin_unlock_irq(&line->lock);
	}
	return ret == -ETIMEDOUT ? 0 : ret;
}

/* Sends characters in one go, and takes what the line echoes. */
static int serial_line_burst(struct serial_line *line, const u8 *buf, size_t len)
{
	ktime_t start = ktime_get();
	size_t i;
	int ret;

	ret = serial_line_write(line, buf, len);
	if (ret)
		return ret;
	if (line->echo == SERIAL_ECHO_ON) {
		/* A UART shows them only when it has several, so each has the time of all. */
		for (i = 0; !ret && i < len; i++) {
			serial_line_busy_until(line, ktime_add_ns(start, len * line->char_ns));
			ret = serial_line_echo(line, buf[i]);
		}
		return ret;
	}
	serial_line_busy_until(line, ktime_add_ns(start, len * line->char_ns));
	return line->echo == SERIAL_ECHO_AUTO && line->pps ? serial_line_probe(line, buf[0]) : 0;
}

/**
 * serial_line_send() - send characters
 * @line: a line with an operation
 * @buf: characters
 * @len: their number
 * @gap_us: silence to keep after what was last on the line
 *
 * What was received before is dropped.
 *
 * Context: process, may sleep.
 * Return: 0; -EIO when the port does not take them, or the echo is another: two sent at
 * once, or the card refused a character; -ENODEV when the operation is to end, -EINTR on
 * a fatal signal.
 */
int serial_line_send(struct serial_line *line, const u8 *buf, size_t len, u32 gap_us)
{
	ktime_t start = serial_line_after(line, (u64)gap_us * NSEC_PER_USEC);
	u8 *raw = line->raw;
	size_t i, n;
	int ret;

	if (len > sizeof(line->raw))
		return -EINVAL;
	for (i = 0; i < len; i++)
		raw[i] = line->inverse ? serial_line_invert(buf[i]) : buf[i];
	ret = serial_line_wait(line, start, SERIAL_WAIT_TIME);
	if (ret != -ETIMEDOUT)
		goto out;
	serial_line_forget(line);
	for (i = 0, ret = 0; !ret && i < len; i += n) {
		/* One by one where the UART's own pause between them is too short. */
		n = line->paced || (line->echo == SERIAL_ECHO_AUTO && line->pps) ? 1 : len - i;
		start = ktime_get();
		ret = serial_line_burst(line, raw + i, n);
		if (!ret && line->paced && i + n < len)
			ret = serial_line_sleep_until(line, ktime_add_ns(start, line->char_ns));
	}
	if (!ret && line->echo == SERIAL_ECHO_AUTO)
		ret = serial_line_probe_whole(line, raw, len);
out:
	memzero_explicit(raw, len);
	return ret;
}
