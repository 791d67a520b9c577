// SPDX-License-Identifier: GPL-2.0-or-later
/* New default routes, from rtnetlink(7). */
#include "kernel/route.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#define BATCH 64	/* messages taken in one go: a storm of routes is not worth more */

int route_open(void)
{
	struct sockaddr_nl me = { .nl_family = AF_NETLINK,
				  .nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int r;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&me, sizeof(me))) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

bool route_is_default(struct slice msgs)
{
	struct nlmsghdr h;
	struct rtmsg m;
	size_t step;

	while (msgs.n >= sizeof(h)) {
		memcpy(&h, msgs.p, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > msgs.n)
			return false;
		if (h.nlmsg_type == RTM_NEWROUTE && h.nlmsg_len >= NLMSG_LENGTH(sizeof(m))) {
			memcpy(&m, msgs.p + NLMSG_HDRLEN, sizeof(m));
			if (m.rtm_dst_len == 0 && m.rtm_type == RTN_UNICAST)
				return true;
		}
		step = NLMSG_ALIGN(h.nlmsg_len);
		if (step > msgs.n)
			break;
		msgs = slice_of(msgs.p + step, msgs.n - step);
	}
	return false;
}

bool route_default_came(int fd)
{
	struct sockaddr_nl from;
	socklen_t len;
	uint8_t buf[8192];
	bool came = false;
	ssize_t n;

	for (int i = 0; i < BATCH; i++) {
		len = sizeof(from);
		n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
		if (n < 0 && errno == ENOBUFS) {
			came = true;
			continue;
		}
		if (n < 0)
			break;
		if (from.nl_pid == 0)	/* the kernel's own */
			came |= route_is_default(slice_of(buf, (size_t)n));
	}
	return came;
}
