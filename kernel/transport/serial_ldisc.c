// SPDX-License-Identifier: GPL-2.0-only
/*
 * A card reader at any serial port: line discipline 29, which is the one number that the
 * kernel keeps for this (N_DEVELOPMENT). "ldattach 29 DEVICE" makes a slot of it, until
 * the descriptor is closed, another discipline is set or the port goes.
 */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <linux/tty_ldisc.h>
#include "compat.h"
#include "transport/serial.h"

#define SERIAL_LDISC	29

/**
 * struct serial_tty - a line discipline
 * @tty: its tty
 * @reader: the reader that was made of it
 * @exclusive: @tty was exclusive before
 */
struct serial_tty {
	struct tty_struct *tty;
	struct serial_reader *reader;
	bool exclusive;
};

static struct tty_struct *serial_tty_of(struct serial_line *line)
{
	struct serial_tty *st = line->priv;

	return st->tty;
}

static struct serial_line *serial_tty_line(struct tty_struct *tty)
{
	struct serial_tty *st = tty->disc_data;

	return &st->reader->line;
}

/*
 * Drivers that open and close their hardware by the port do so before the discipline is
 * closed, and what is not clocked must not be touched. Others have no such mark.
 */
static bool serial_tty_open(const struct tty_struct *tty)
{
	return !tty->port || !tty->port->ops || tty_port_initialized(tty->port);
}

static unsigned int serial_tty_configure(struct serial_line *line, unsigned int baud,
					 enum serial_parity parity)
{
	struct tty_struct *tty = serial_tty_of(line);
	struct ktermios termios;

	if (!serial_tty_open(tty))
		return 0;
	down_read(&tty->termios_rwsem);
	termios = tty->termios;
	up_read(&tty->termios_rwsem);
	/* Nothing is done to a character, but told what was wrong with it. */
	termios.c_iflag = INPCK;
	termios.c_oflag = 0;
	termios.c_lflag = 0;
	termios.c_cflag &= ~(CSIZE | PARODD | CMSPAR | CRTSCTS);
	termios.c_cflag |= CS8 | CREAD | CLOCAL | PARENB | CSTOPB;
	if (parity == SERIAL_ODD)
		termios.c_cflag |= PARODD;
	tty_termios_encode_baud_rate(&termios, baud, baud);
	tty_set_termios(tty, &termios);
	return tty_termios_baud_rate(&tty->termios);
}

static int serial_tty_write(struct serial_line *line, const u8 *buf, size_t len)
{
	struct tty_struct *tty = serial_tty_of(line);

	set_bit(TTY_DO_WRITE_WAKEUP, &tty->flags);
	return tty->ops->write(tty, buf, len);
}

static void serial_tty_flush(struct serial_line *line)
{
	tty_driver_flush_buffer(serial_tty_of(line));
}

static int serial_tty_signals(struct serial_line *line, unsigned int set, unsigned int clear)
{
	struct tty_struct *tty = serial_tty_of(line);

	if (!tty->ops->tiocmset)
		return -EOPNOTSUPP;
	if (!serial_tty_open(tty))
		return -ENODEV;
	return tty->ops->tiocmset(tty, set, clear);
}

static const struct serial_port_ops serial_tty_ops = {
	.configure = serial_tty_configure,
	.write = serial_tty_write,
	.flush = serial_tty_flush,
	.signals = serial_tty_signals,
};

/*
 * As serport, which makes input devices of a line: what is said on it is taken for that
 * of a device, by everybody. Who trusts readers on serial lines, trusts who may do this.
 */
static int serial_ldisc_open(struct tty_struct *tty)
{
	struct serial_tty *st;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!tty->ops->write || !tty->ops->set_termios)
		return -EOPNOTSUPP;
	/* The kernel sets a discipline anew after a hangup: there is nobody at the line. */
	if (test_bit(TTY_HUPPING, &tty->flags) || test_bit(TTY_HUPPED, &tty->flags))
		return -EIO;
	st = kzalloc(sizeof(*st), GFP_KERNEL);
	if (!st)
		return -ENOMEM;
	st->tty = tty;
	/* Not the tty's own device: that is deleted before its line is hung up. */
	st->reader = serial_reader_new(tty->dev ? tty->dev->parent : NULL, tty->name,
				       &serial_tty_ops, st);
	if (IS_ERR(st->reader)) {
		ret = PTR_ERR(st->reader);
		kfree(st);
		return ret;
	}
	tty->disc_data = st;
	tty->receive_room = SERIAL_FIFO;
	/* Nobody but root opens the line of a card, and what was stopped before goes on. */
	st->exclusive = test_and_set_bit(TTY_EXCLUSIVE, &tty->flags);
	start_tty(tty);
	tty_unthrottle(tty);
	ret = serial_reader_start(st->reader);
	if (ret) {
		if (!st->exclusive)
			clear_bit(TTY_EXCLUSIVE, &tty->flags);
		tty->disc_data = NULL;
		serial_reader_free(st->reader);
		kfree(st);
	}
	return ret;
}

static void serial_ldisc_close(struct tty_struct *tty)
{
	struct serial_tty *st = tty->disc_data;

	serial_reader_stop(st->reader);
	tty->disc_data = NULL;
	clear_bit(TTY_DO_WRITE_WAKEUP, &tty->flags);
	if (!st->exclusive)
		clear_bit(TTY_EXCLUSIVE, &tty->flags);
	serial_reader_free(st->reader);
	kfree(st);
}

static void serial_ldisc_hangup(struct tty_struct *tty)
{
	serial_line_end(serial_tty_line(tty));
}

static uicc_tty_count serial_ldisc_receive(struct tty_struct *tty, const u8 *buf,
					   const uicc_tty_flag *flags, uicc_tty_count count)
{
	return serial_line_receive(serial_tty_line(tty), buf, (const u8 *)flags, count);
}

static void serial_ldisc_wakeup(struct tty_struct *tty)
{
	clear_bit(TTY_DO_WRITE_WAKEUP, &tty->flags);
	serial_line_wakeup(serial_tty_line(tty));
}

/* The line is ours: what would change it is refused, the rest is as on any tty. */
static int serial_ldisc_ioctl(struct tty_struct *tty, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
	case TCSETA:
	case TCSETAW:
	case TCSETAF:
#ifdef TCSETS2
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
#endif
	case TCXONC:
	case TCFLSH:
		return -EBUSY;
	default:
		return n_tty_ioctl_helper(tty, cmd, arg);
	}
}

/* No read and no write: the kernel refuses both with EIO. */
static struct tty_ldisc_ops serial_ldisc = {
	.owner = THIS_MODULE,
	.num = SERIAL_LDISC,
	.name = "n_uicc",
	.open = serial_ldisc_open,
	.close = serial_ldisc_close,
	.ioctl = serial_ldisc_ioctl,
	.hangup = serial_ldisc_hangup,
	.receive_buf2 = serial_ldisc_receive,
	.write_wakeup = serial_ldisc_wakeup,
};

/**
 * serial_ldisc_init() - offer the line discipline
 *
 * Context: may sleep.
 * Return: 0, or -EBUSY... of tty_register_ldisc().
 */
int serial_ldisc_init(void)
{
	return tty_register_ldisc(&serial_ldisc);
}

/**
 * serial_ldisc_exit() - offer it no longer; nobody uses it, as that holds the module
 *
 * Context: may sleep.
 */
void serial_ldisc_exit(void)
{
	tty_unregister_ldisc(&serial_ldisc);
}

MODULE_ALIAS_LDISC(29);
