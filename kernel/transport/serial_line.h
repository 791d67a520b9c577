/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One half-duplex line with a card at its end: characters out and in, with times
 * in etu, the convention, the echo. It knows no protocol.
 */
#ifndef UICC_SERIAL_LINE_H
#define UICC_SERIAL_LINE_H

#include <linux/ktime.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uicc.h>
#include <linux/wait.h>

/* A power of two, more than the longest block (259), its echo and noise behind it. */
#define SERIAL_FIFO	1024

/* etu from the beginning of a character to that of the next one, with one stop bit. */
#define SERIAL_GUARD_MIN	11

/* What is known of a received character but its bits; above these in the FIFO. */
#define SERIAL_PARITY	BIT(8)
#define SERIAL_DAMAGED	BIT(9)		/* no stop bit, break, or characters lost before it */

enum serial_parity {
	SERIAL_EVEN,
	SERIAL_ODD,
};

enum serial_echo {
	SERIAL_ECHO_AUTO,
	SERIAL_ECHO_OFF,
	SERIAL_ECHO_ON,
};

struct serial_line;

/**
 * struct serial_port_ops - a UART, whatever way it was come by
 * @configure: speed and parity of the next characters, 8 bits, two stop bits where the
 *	port can. Returns the speed it has now, in baud, or 0. May sleep.
 * @write: hand over characters to be sent; returns how many it took, or an errno.
 *	serial_line_wakeup() follows when there is room for the rest.
 * @flush: throw away what is not sent yet
 * @signals: set and clear TIOCM_RTS and TIOCM_DTR. Returns 0 or an errno. May sleep.
 *
 * All but @signals are there. Called by who runs an operation on the line, one at a
 * time, in process context, and never after serial_line_end().
 */
struct serial_port_ops {
	unsigned int (*configure)(struct serial_line *line, unsigned int baud,
				  enum serial_parity parity);
	int (*write)(struct serial_line *line, const u8 *buf, size_t len);
	void (*flush)(struct serial_line *line);
	int (*signals)(struct serial_line *line, unsigned int set, unsigned int clear);
};

/**
 * struct serial_line - the line
 * @port: its UART
 * @priv: of @port
 * @idle: told of the first character that comes when no operation runs; any context,
 *	@lock is held
 * @one_stop: the port sends one stop bit: a character takes 11 etu, not 12
 * @lock: protects all down to @seen
 * @wait: who runs an operation waits for characters or its end
 * @fifo: characters with their flags
 * @head: where the next one goes
 * @tail: where the oldest one is
 * @lost: characters were lost since the last one in @fifo
 * @keep: characters that come between operations are kept
 * @running: an operation runs
 * @cancelled: and is to end
 * @dead: the port is gone: none begins any more
 * @absent: there is no card: none begins
 * @writable: the port has room again
 * @ended: when the last operation did
 * @seen: when the last character came
 * @limit: when the operation has to be over
 * @etu_ns: duration of a bit
 * @char_ns: from the beginning of a character that we send to that of the next one
 * @paced: the UART alone would send faster than that
 * @slack_us: how late an echo may be reported
 * @echo: whether we receive what we send
 * @pps: what is sent is a PPS
 * @peeked: how many characters of @fifo were looked at and not taken
 * @inverse: the convention of the card: bits inverted, the highest first
 * @flipped: and the UART checks for the parity of the other one
 * @blind: the port does not tell of wrong parity
 * @raw: what is sent, as the UART wants it
 */
struct serial_line {
	const struct serial_port_ops *port;
	void *priv;
	void (*idle)(struct serial_line *line, u16 c);
	bool one_stop;

	spinlock_t lock;	/* all down to @seen */
	wait_queue_head_t wait;
	u16 fifo[SERIAL_FIFO];
	unsigned int head;
	unsigned int tail;
	bool lost;
	bool keep;
	bool running;
	bool cancelled;
	bool dead;
	bool absent;
	bool writable;
	ktime_t ended;
	ktime_t seen;

	/* Of the operation that runs. */
	ktime_t limit;
	u64 etu_ns;
	u64 char_ns;
	bool paced;
	u32 slack_us;
	enum serial_echo echo;
	bool pps;
	unsigned int peeked;
	bool inverse;
	bool flipped;
	bool blind;
	u8 raw[UICC_COMMAND_MAX];
};

void serial_line_init(struct serial_line *line, const struct serial_port_ops *port, void *priv);

/* For the port; any context. */
size_t serial_line_receive(struct serial_line *line, const u8 *buf, const u8 *flags, size_t count);
void serial_line_wakeup(struct serial_line *line);

/* From outside an operation; any context. */
void serial_line_cancel(struct serial_line *line);
void serial_line_present(struct serial_line *line, bool present);
void serial_line_end(struct serial_line *line);

/* Operations. */
int serial_line_begin(struct serial_line *line, unsigned int limit_ms);
void serial_line_done(struct serial_line *line);
int serial_line_speed(struct serial_line *line, unsigned int baud, bool inverse);
void serial_line_guard(struct serial_line *line, unsigned int etu, u32 extra_us);
int serial_line_sleep(struct serial_line *line, u64 ns);
void serial_line_drop(struct serial_line *line);
void serial_line_mark(struct serial_line *line);
int serial_line_send(struct serial_line *line, const u8 *buf, size_t len, u32 gap_us);
int serial_line_get_raw(struct serial_line *line, u32 wait_us);
int serial_line_recv(struct serial_line *line, u8 *buf, size_t len, u32 first_us, u32 next_us);
int serial_line_quiet(struct serial_line *line, u32 wait_us);

#endif /* UICC_SERIAL_LINE_H */
