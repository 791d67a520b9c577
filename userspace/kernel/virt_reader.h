/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program's side of /dev/uicc-virt: one reader, its messages in and out.
 * It does not know what a card is; see <linux/uicc_virt.h> for the messages.
 */
#ifndef DMSC_KERNEL_VIRT_READER_H
#define DMSC_KERNEL_VIRT_READER_H

#include <linux/uicc_virt.h>
#include <stddef.h>
#include <stdint.h>

#include "util/cleanup.h"

struct virt_msg {
	uint16_t type;		/* enum uicc_virt_type */
	uint32_t seq;
	size_t len;
	uint8_t data[UICC_VIRT_COMMAND_EXT_MAX];
};

/*
 * Makes a reader named @name (1 to 31 characters of [A-Za-z0-9._-]) with @flags
 * (UICC_VIRT_READER_APDU and the like, or 0). Returns its
 * file descriptor (close on exec, non-blocking): the reader lives as long as it
 * is open. -ENOENT: no /dev/uicc-virt, the module is not loaded; -EINVAL: the
 * name or the flags; else what open or ioctl said.
 */
must_check int virt_reader_open(const char *name, unsigned int flags);

/* The same in two steps: /dev/uicc-virt itself, and a reader of it. */
must_check int virt_device_open(void);
must_check int virt_reader_new(int device, const char *name, unsigned int flags);

/*
 * Takes over a descriptor that is a reader already (or speaks like one): sets it
 * non-blocking and close on exec. 0 or -errno.
 */
must_check int virt_reader_adopt(int fd);

/* Takes one message. 0; -EAGAIN when none waits; -EPIPE when the reader is gone; -EPROTO. */
must_check int virt_reader_recv(int fd, struct virt_msg *m);

/* Sends one message of @n (<= UICC_VIRT_RESPONSE_EXT_MAX) payload bytes. 0 or -errno. */
must_check int virt_reader_send(int fd, enum uicc_virt_type type, uint32_t seq,
				const uint8_t *payload, size_t n);

/* The slot number of a UICC_VIRT_REGISTERED message, or -EPROTO. */
int virt_msg_slot(const struct virt_msg *m);

/* One line for people on why virt_reader_open() failed. */
const char *virt_reader_hint(int err);

#endif
