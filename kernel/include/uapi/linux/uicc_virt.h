/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/uicc-virt: a program that is a card reader and its card.
 *
 * The program opens /dev/uicc-virt and makes a reader with
 * UICC_VIRT_IOC_NEW_READER. The file descriptor it gets is the reader: it lives
 * as long as the descriptor (and its duplicates) is open. The reader is
 * registered in the background; the first message, UICC_VIRT_REGISTERED, tells
 * its slot number.
 *
 * Every read() returns one whole message and every write() takes one whole
 * message: a struct uicc_virt_msg and @len bytes behind it, all of host byte
 * order, UICC_VIRT_MSG_MAX bytes in all at most (UICC_VIRT_MSG_EXT_MAX with
 * UICC_VIRT_READER_EXTENDED). poll() works: POLLIN when a
 * message waits, POLLOUT always, POLLERR | POLLHUP once the reader could not be
 * registered.
 *
 * read():  -EMSGSIZE when the buffer is too small for the waiting message (which
 *          stays queued), -EAGAIN with O_NONBLOCK and nothing queued.
 * write(): -EINVAL for anything malformed: a length that is not the message's,
 *          an unknown type, reserved != 0, a payload of wrong size. An answer
 *          whose seq is not the one outstanding is taken and ignored: its
 *          question has timed out or was cancelled.
 */
#ifndef _UAPI_LINUX_UICC_VIRT_H
#define _UAPI_LINUX_UICC_VIRT_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define UICC_VIRT_NAME_MAX	32

/*
 * Flags of a reader.
 * APDU: commands are short APDUs, of 4 to 261 bytes; the program does what T=0
 *	needs for the larger ones itself, or its card is a T=1 card anyhow.
 * EXTENDED: where they are APDUs, of a T=1 card without APDU too, some are of
 *	extended length (ISO 7816-4 5.1), up to UICC_VIRT_COMMAND_EXT_MAX bytes, with
 *	answers of up to UICC_VIRT_RESPONSE_EXT_MAX bytes.
 * SHARED: somebody else uses the card too: the kernel keeps to a logical channel,
 *	and UICC_VIRT_RESET asks for the ATR rather than for a reset.
 */
#define UICC_VIRT_READER_APDU		1
#define UICC_VIRT_READER_EXTENDED	2
#define UICC_VIRT_READER_SHARED		4

/**
 * struct uicc_virt_reader - what the new reader is
 * @name: its stable name, the slot's "location": 1 to 31 characters of
 *	[A-Za-z0-9._-], NUL-terminated and NUL-padded
 * @flags: UICC_VIRT_READER_APDU, UICC_VIRT_READER_EXTENDED, UICC_VIRT_READER_SHARED;
 *	0 for a reader of TPDUs with a card of its own
 * @reserved: must be 0
 */
struct uicc_virt_reader {
	char name[UICC_VIRT_NAME_MAX];
	__u32 flags;
	__u32 reserved;
};

/* Returns a new O_CLOEXEC file descriptor, or -EINVAL, -EFAULT, -ENOMEM, -EMFILE, -ENODEV. */
#define UICC_VIRT_IOC_NEW_READER	_IOW(0xB9, 0x00, struct uicc_virt_reader)

/**
 * enum uicc_virt_type - message types
 * @UICC_VIRT_REGISTERED: to the program, once: payload is the slot's number, a __u32
 * @UICC_VIRT_RESET: to the program: cold reset; answer UICC_VIRT_ATR with the same seq
 * @UICC_VIRT_POWER_OFF: to the program: the card loses power; no answer
 * @UICC_VIRT_COMMAND: to the program: a command; answer UICC_VIRT_RESPONSE with the same
 *	seq. For a T=0 card in a reader without UICC_VIRT_READER_APDU a TPDU of 5 to 260
 *	bytes (CLA INS P1 P2 P3 and, for a command with data, P3 bytes), else an APDU
 * @UICC_VIRT_CANCEL: to the program: nobody waits for the answer to seq any more; no answer
 * @UICC_VIRT_INSERT: from the program: a card is put in; payload is its ATR (2 to 33
 *	bytes), which answers the first reset: no UICC_VIRT_RESET is sent for that one
 * @UICC_VIRT_REMOVE: from the program: the card is pulled out; no payload
 * @UICC_VIRT_ATR: from the program: answer to UICC_VIRT_RESET; payload is the ATR
 *	(2 to 33 bytes), or empty when the card is mute
 * @UICC_VIRT_RESPONSE: from the program: answer to UICC_VIRT_COMMAND; payload is 0 to
 *	256 bytes of data (4096 with UICC_VIRT_READER_EXTENDED), then SW1 SW2
 */
enum uicc_virt_type {
	UICC_VIRT_REGISTERED = 1,
	UICC_VIRT_RESET = 2,
	UICC_VIRT_POWER_OFF = 3,
	UICC_VIRT_COMMAND = 4,
	UICC_VIRT_CANCEL = 5,

	UICC_VIRT_INSERT = 16,
	UICC_VIRT_REMOVE = 17,
	UICC_VIRT_ATR = 18,
	UICC_VIRT_RESPONSE = 19,
};

/**
 * struct uicc_virt_msg - head of every message
 * @type: enum uicc_virt_type
 * @reserved: must be 0
 * @seq: number of the question; an answer repeats it; 0 in INSERT and REMOVE
 * @len: payload bytes that follow
 */
struct uicc_virt_msg {
	__u16 type;
	__u16 reserved;
	__u32 seq;
	__u32 len;
};

#define UICC_VIRT_ATR_MIN	2
#define UICC_VIRT_ATR_MAX	33
#define UICC_VIRT_COMMAND_MAX	260
#define UICC_VIRT_RESPONSE_MAX	258
#define UICC_VIRT_APDU_MAX	261
#define UICC_VIRT_MSG_MAX	(sizeof(struct uicc_virt_msg) + UICC_VIRT_APDU_MAX)

#define UICC_VIRT_COMMAND_EXT_MAX	(4 + 3 + 4096 + 2)
#define UICC_VIRT_RESPONSE_EXT_MAX	(4096 + 2)
#define UICC_VIRT_MSG_EXT_MAX	(sizeof(struct uicc_virt_msg) + UICC_VIRT_COMMAND_EXT_MAX)

#endif /* _UAPI_LINUX_UICC_VIRT_H */
