// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of a /dev/uicc-virt reader. */
#include "kernel/virt_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#define VIRT_DEVICE "/dev/uicc-virt"

int virt_reader_adopt(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int virt_device_open(void)
{
	int fd = open(VIRT_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int virt_reader_new(int device, const char *name, unsigned int flags)
{
	struct uicc_virt_reader reader = { .flags = flags };
	int fd, err;

	if (!name[0] || strlen(name) >= sizeof(reader.name))
		return -EINVAL;
	strncpy(reader.name, name, sizeof(reader.name) - 1);
	fd = ioctl(device, UICC_VIRT_IOC_NEW_READER, &reader);
	if (fd < 0)
		return -errno;
	err = virt_reader_adopt(fd);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int virt_reader_open(const char *name, unsigned int flags)
{
	_cleanup_close_ int device = virt_device_open();

	return device < 0 ? device : virt_reader_new(device, name, flags);
}

int virt_reader_recv(int fd, struct virt_msg *m)
{
	struct {
		struct uicc_virt_msg head;
		uint8_t data[UICC_VIRT_COMMAND_EXT_MAX];
	} in;
	ssize_t n = read(fd, &in, sizeof(in));

	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (n == 0)
		return -EPIPE;
	if ((size_t)n < sizeof(in.head) || in.head.len != (size_t)n - sizeof(in.head))
		return -EPROTO;
	m->type = in.head.type;
	m->seq = in.head.seq;
	m->len = in.head.len;
	memcpy(m->data, in.data, m->len);
	explicit_bzero(in.data, m->len);	/* it may be a PIN */
	return 0;
}

int virt_reader_send(int fd, enum uicc_virt_type type, uint32_t seq, const uint8_t *payload,
		     size_t n)
{
	struct {
		struct uicc_virt_msg head;
		uint8_t data[UICC_VIRT_RESPONSE_EXT_MAX];
	} out;
	ssize_t sent;

	if (n > sizeof(out.data))
		return -EMSGSIZE;
	out.head = (struct uicc_virt_msg){ .type = (uint16_t)type, .seq = seq,
					   .len = (uint32_t)n };
	if (n)
		memcpy(out.data, payload, n);
	do {
		sent = write(fd, &out, sizeof(out.head) + n);
	} while (sent < 0 && errno == EINTR);
	explicit_bzero(out.data, n);
	if (sent < 0)
		return -errno;
	return (size_t)sent == sizeof(out.head) + n ? 0 : -EPROTO;
}

int virt_msg_slot(const struct virt_msg *m)
{
	uint32_t slot;

	if (m->type != UICC_VIRT_REGISTERED || m->len != sizeof(slot))
		return -EPROTO;
	memcpy(&slot, m->data, sizeof(slot));
	return slot <= INT32_MAX ? (int)slot : -EPROTO;
}

const char *virt_reader_hint(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENXIO:
		return VIRT_DEVICE " is not there: load the module uicc_virt";
	case -EACCES:
	case -EPERM:
		return VIRT_DEVICE " may not be opened by this user";
	case -EINVAL:
		return "a reader's name has 1 to 31 characters of [A-Za-z0-9._-]";
	default:
		return strerror(-err);
	}
}
