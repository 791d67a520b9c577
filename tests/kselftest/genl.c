// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * As much generic netlink as the tests need. See genl.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "genl.h"

#define ALIGN4(n)	(((n) + 3) & ~3UL)

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct nlmsghdr *head(struct genl *g)
{
	return (struct nlmsghdr *)g->buf;
}

static void begin(struct genl *g, uint16_t family, uint8_t cmd, uint16_t flags)
{
	struct genlmsghdr *gh = (struct genlmsghdr *)(g->buf + NLMSG_HDRLEN);

	memset(g->buf, 0, NLMSG_HDRLEN + GENL_HDRLEN);
	head(g)->nlmsg_type = family;
	head(g)->nlmsg_flags = NLM_F_REQUEST | flags;
	head(g)->nlmsg_seq = ++g->seq;
	gh->cmd = cmd;
	gh->version = 1;
	g->len = NLMSG_HDRLEN + GENL_HDRLEN;
}

void genl_begin(struct genl *g, uint8_t cmd, uint16_t flags)
{
	begin(g, g->family, cmd, flags ?: NLM_F_ACK);
}

void genl_put(struct genl *g, uint16_t type, const void *data, size_t len)
{
	struct nlattr *attr = (struct nlattr *)(g->buf + g->len);

	if (g->len + NLA_HDRLEN + ALIGN4(len) > sizeof(g->buf))
		die("message too long");
	memset(attr, 0, NLA_HDRLEN + ALIGN4(len));
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy((uint8_t *)attr + NLA_HDRLEN, data, len);
	g->len += NLA_HDRLEN + ALIGN4(len);
}

void genl_put_u8(struct genl *g, uint16_t type, uint8_t value)
{
	genl_put(g, type, &value, sizeof(value));
}

void genl_put_u32(struct genl *g, uint16_t type, uint32_t value)
{
	genl_put(g, type, &value, sizeof(value));
}

void genl_put_u64(struct genl *g, uint16_t type, uint64_t value)
{
	genl_put(g, type, &value, sizeof(value));
}

void genl_put_str(struct genl *g, uint16_t type, const char *text)
{
	genl_put(g, type, text, strlen(text) + 1);
}

static ssize_t receive(struct genl *g, void *buf, size_t size, int timeout_ms)
{
	struct pollfd fd = { g->fd, POLLIN, 0 };
	ssize_t n;

	n = poll(&fd, 1, timeout_ms);
	if (n != 1)
		return n < 0 ? -errno : -ETIMEDOUT;
	n = recv(g->fd, buf, size, 0);
	return n < 0 ? -errno : n;
}

struct genl_event {
	struct genl_event *next;
	struct nlmsghdr head;
};

/* A completion belongs to its socket alone and comes once: it must not be lost. */
static void put_aside(struct genl *g, const struct nlmsghdr *nlh)
{
	uint8_t cmd = ((const uint8_t *)nlh)[NLMSG_HDRLEN];
	struct genl_event *event, **last = &g->first;

	if (nlh->nlmsg_type != g->family ||
	    (cmd != UICC_CMD_CONSENT_COMPLETED && cmd != UICC_CMD_PIN_COMPLETED))
		return;
	event = malloc(sizeof(*event) + nlh->nlmsg_len);
	if (!event)
		die("memory");
	event->next = NULL;
	memcpy(&event->head, nlh, nlh->nlmsg_len);
	while (*last)
		last = &(*last)->next;
	*last = event;
}

static void keep(struct genl *g, const struct nlmsghdr *nlh)
{
	memmove(g->buf, nlh, nlh->nlmsg_len);
	g->len = nlh->nlmsg_len;
	g->cmd = g->buf[NLMSG_HDRLEN];
}

int genl_call(struct genl *g)
{
	static __thread uint8_t buf[16384];
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
	uint32_t seq = g->seq;
	bool answered = false;
	ssize_t n;

	head(g)->nlmsg_len = g->len;
	if (send(g->fd, g->buf, g->len, 0) < 0)
		return -errno;
	for (;;) {
		n = receive(g, buf, sizeof(buf), 20000);
		if (n < 0)
			return n;
		if (nlh->nlmsg_seq != seq) {
			put_aside(g, nlh);	/* another event: a test that wants it asks first */
			continue;
		}
		if (nlh->nlmsg_type == NLMSG_ERROR) {
			int err = *(int *)(buf + NLMSG_HDRLEN);

			return err ? err : answered;
		}
		keep(g, nlh);
		answered = true;
	}
}

static int dump(struct genl *g, uint16_t family, uint8_t cmd)
{
	static __thread uint8_t buf[32768];
	struct nlmsghdr *nlh;
	int count = 0, n;

	begin(g, family, cmd, NLM_F_DUMP);
	head(g)->nlmsg_len = g->len;
	if (send(g->fd, g->buf, g->len, 0) < 0)
		return -errno;
	for (;;) {
		n = receive(g, buf, sizeof(buf), 20000);
		if (n < 0)
			return n;
		for (nlh = (void *)buf; NLMSG_OK(nlh, n); nlh = NLMSG_NEXT(nlh, n)) {
			if (nlh->nlmsg_seq != g->seq) {
				put_aside(g, nlh);
				continue;
			}
			if (nlh->nlmsg_type == NLMSG_DONE)
				return count;
			if (nlh->nlmsg_type == NLMSG_ERROR)
				return *(int *)((uint8_t *)nlh + NLMSG_HDRLEN);
			keep(g, nlh);
			count++;
		}
	}
}

int genl_dump(struct genl *g, uint8_t cmd)
{
	return dump(g, g->family, cmd);
}

int genl_families(struct genl *g)
{
	return dump(g, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
}

int genl_next(struct genl *g, int timeout_ms)
{
	struct genl_event *event = g->first;
	ssize_t n;

	if (event) {
		g->first = event->next;
		keep(g, &event->head);
		free(event);
		return 0;
	}
	n = receive(g, g->buf, sizeof(g->buf), timeout_ms);
	if (n < 0)
		return n;
	keep(g, head(g));
	return 0;
}

static const void *find(const uint8_t *p, const uint8_t *end, uint16_t type, unsigned int nth,
			size_t *len)
{
	while (p + NLA_HDRLEN <= end) {
		const struct nlattr *attr = (const struct nlattr *)p;

		if (attr->nla_len < NLA_HDRLEN || p + attr->nla_len > end)
			return NULL;
		if ((attr->nla_type & NLA_TYPE_MASK) == type && !nth--) {
			*len = attr->nla_len - NLA_HDRLEN;
			return p + NLA_HDRLEN;
		}
		p += ALIGN4(attr->nla_len);
	}
	return NULL;
}

const void *genl_attr(const struct genl *g, uint16_t type, unsigned int nth, size_t *len)
{
	return find(g->buf + NLMSG_HDRLEN + GENL_HDRLEN, g->buf + g->len, type, nth, len);
}

uint8_t genl_u8(const struct genl *g, uint16_t type)
{
	size_t len;
	const uint8_t *p = genl_attr(g, type, 0, &len);

	return p && len == sizeof(*p) ? *p : 0;
}

uint32_t genl_u32(const struct genl *g, uint16_t type)
{
	size_t len;
	const void *p = genl_attr(g, type, 0, &len);
	uint32_t value = ~0U;

	if (p && len == sizeof(value))
		memcpy(&value, p, len);
	return value;
}

uint64_t genl_u64(const struct genl *g, uint16_t type)
{
	size_t len;
	const void *p = genl_attr(g, type, 0, &len);
	uint64_t value = ~0ULL;

	if (p && len == sizeof(value))
		memcpy(&value, p, len);
	return value;
}

const char *genl_str(const struct genl *g, uint16_t type)
{
	size_t len;
	const char *p = genl_attr(g, type, 0, &len);

	return p && len && !p[len - 1] ? p : "";
}

/* Reads the multicast groups, a nest of nests. */
static void find_groups(struct genl *g)
{
	size_t len, one, name_len, id_len;
	const uint8_t *groups = genl_attr(g, CTRL_ATTR_MCAST_GROUPS, 0, &len);
	const uint8_t *group, *name, *id;
	int i;

	for (i = 1; groups && i < 8; i++) {
		group = find(groups, groups + len, i, 0, &one);
		if (!group)
			continue;
		name = find(group, group + one, CTRL_ATTR_MCAST_GRP_NAME, 0, &name_len);
		id = find(group, group + one, CTRL_ATTR_MCAST_GRP_ID, 0, &id_len);
		if (!name || !id)
			continue;
		memcpy(&g->groups[!strcmp((const char *)name, UICC_MCGRP_AGENTS)], id, 4);
	}
}

void genl_open(struct genl *g)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(addr);
	size_t size;
	const void *id;

	memset(g, 0, sizeof(*g));
	g->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (g->fd < 0 || bind(g->fd, (void *)&addr, sizeof(addr)) ||
	    getsockname(g->fd, (void *)&addr, &len))
		die("netlink socket");
	g->portid = addr.nl_pid;
	begin(g, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	genl_put_str(g, CTRL_ATTR_FAMILY_NAME, UICC_FAMILY_NAME);
	if (genl_call(g) != 1)
		die("no netlink family uicc");
	id = genl_attr(g, CTRL_ATTR_FAMILY_ID, 0, &size);
	memcpy(&g->family, id, sizeof(g->family));
	find_groups(g);
}

void genl_close(struct genl *g)
{
	while (g->first) {
		struct genl_event *event = g->first;

		g->first = event->next;
		free(event);
	}
	close(g->fd);
	g->fd = -1;
}

bool genl_join(struct genl *g, const char *group)
{
	uint32_t id = g->groups[!strcmp(group, UICC_MCGRP_AGENTS)];

	return !setsockopt(g->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &id, sizeof(id));
}
