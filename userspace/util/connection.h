/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection that a card or server describes, as values of fixed types, and what
 * each may hold. It is what connection-hook is told (Documentation/connectivity.rst);
 * nothing here reads a tree or knows a network manager.
 */
#ifndef DMSC_UTIL_CONNECTION_H
#define DMSC_UTIL_CONNECTION_H

#include "util/slice.h"

#define CONNECTION_TEXT_MAX 128		/* all sizes with the NUL */
#define CONNECTION_BEARER_MAX 32
#define CONNECTION_APN_MAX 101		/* TS 23.003 9.1: 100 bytes */
#define CONNECTION_IP_MAX 46
#define CONNECTION_IFNAME_MAX 16
#define CONNECTION_DNS_MAX 6

enum connection_kind {
	CONNECTION_APN,			/* packet data, by an access point name */
	CONNECTION_PROFILE,		/* one that the system has already, by its name */
	CONNECTION_KINDS
};

enum connection_auth {
	CONNECTION_AUTH_ANY,		/* none is named: as the network wants it */
	CONNECTION_PAP,
	CONNECTION_CHAP,
	CONNECTION_MSCHAPV2,
	CONNECTION_AUTHS
};

/* Every text ends in a NUL, and "" is "not said". */
struct connection {
	uint32_t kind;			/* enum connection_kind */
	uint32_t auth;			/* enum connection_auth */
	uint32_t ndns;
	char profile[CONNECTION_TEXT_MAX];	/* CONNECTION_PROFILE: all else is empty */
	char name[CONNECTION_TEXT_MAX];		/* for a person */
	char bearer[CONNECTION_BEARER_MAX];	/* "GSM-GPRS" */
	char apn[CONNECTION_APN_MAX];
	char user[CONNECTION_TEXT_MAX], password[CONNECTION_TEXT_MAX];
	char ipv4[CONNECTION_IP_MAX], ipv6[CONNECTION_IP_MAX];	/* the device's own addresses */
	char dns[CONNECTION_DNS_MAX][CONNECTION_IP_MAX];
};

/* NULL, or what of it is not as it has to be, for a log. */
const char *connection_check(const struct connection *c);

/* Labels of letters, digits, '-' and '_', with dots between, 100 bytes at most as DNS encodes it. */
bool connection_apn_ok(struct slice apn);
/* 0 (no address), 4 or 6. Without scope or prefix. */
int connection_ip(struct slice addr);
/* As the kernel takes one (dev_valid_name()), of printing ASCII. */
bool connection_ifname_ok(struct slice name);

const char *connection_kind_name(enum connection_kind k);
/* "" for CONNECTION_AUTH_ANY. */
const char *connection_auth_name(enum connection_auth a);

#endif
