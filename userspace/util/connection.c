// SPDX-License-Identifier: GPL-2.0-or-later
/* What a described connection may hold; where it comes from is not known here. */
#include "util/connection.h"

#include <arpa/inet.h>

#include "util/str.h"
#include "util/text.h"

#define LABEL_MAX 63		/* RFC 1035 2.3.4, as TS 23.003 9.1 has it */

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool connection_apn_ok(struct slice apn)
{
	struct slice rest = apn, label;

	/* One length byte for each label: a byte more than the text. */
	if (!apn.n || apn.n + 1 > CONNECTION_APN_MAX - 1)
		return false;
	while (str_split(&rest, '.', &label)) {
		if (!label.n || label.n > LABEL_MAX || label.p[0] == '-' ||
		    label.p[label.n - 1] == '-')
			return false;
		/* '_' is not of the standard; networks have it all the same. */
		for (size_t i = 0; i < label.n; i++)
			if (!is_alnum(label.p[i]) && label.p[i] != '-' && label.p[i] != '_')
				return false;
	}
	return true;
}

int connection_ip(struct slice addr)
{
	char text[CONNECTION_IP_MAX];
	uint8_t raw[16];

	if (str_copy(text, sizeof(text), addr))
		return 0;
	if (inet_pton(AF_INET, text, raw) == 1)
		return 4;
	return inet_pton(AF_INET6, text, raw) == 1 ? 6 : 0;
}

bool connection_ifname_ok(struct slice name)
{
	if (!name.n || name.n >= CONNECTION_IFNAME_MAX || slice_eq_str(name, ".") ||
	    slice_eq_str(name, ".."))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= 0x20 || name.p[i] >= 0x7f || name.p[i] == '/' || name.p[i] == ':')
			return false;
	return true;
}

static bool text_ok(const char *s, size_t size)
{
	size_t n = strnlen(s, size);

	return n < size && text_is_printable(slice_of(s, n));
}

#define TEXT_OK(a) text_ok(a, sizeof(a))

/* A word of ProvCont's kind: capital letters, digits, and what joins them. */
static bool bearer_ok(const char *s)
{
	for (; *s; s++)
		if (!is_alnum((uint8_t)*s) && !strchr("-_./", *s))
			return false;
	return true;
}

static const char *profile_check(const struct connection *c)
{
	if (!c->profile[0])
		return "the profile has no name";
	if (c->auth || c->ndns || c->name[0] || c->bearer[0] || c->apn[0] || c->user[0] ||
	    c->password[0] || c->ipv4[0] || c->ipv6[0])
		return "a profile comes with values";
	return NULL;
}

static const char *addresses_check(const struct connection *c)
{
	if (c->ipv4[0] && connection_ip(slice_str(c->ipv4)) != 4)
		return "the device's own address is not one of IPv4";
	if (c->ipv6[0] && connection_ip(slice_str(c->ipv6)) != 6)
		return "the device's own address is not one of IPv6";
	for (size_t i = 0; i < c->ndns; i++)
		if (!connection_ip(slice_str(c->dns[i])))
			return "the address of a name server is none";
	return NULL;
}

const char *connection_check(const struct connection *c)
{
	bool texts = TEXT_OK(c->profile) && TEXT_OK(c->name) && TEXT_OK(c->bearer) &&
		     TEXT_OK(c->apn) && TEXT_OK(c->user) && TEXT_OK(c->password) &&
		     TEXT_OK(c->ipv4) && TEXT_OK(c->ipv6);

	if (c->kind >= CONNECTION_KINDS || c->auth >= CONNECTION_AUTHS ||
	    c->ndns > CONNECTION_DNS_MAX)
		return "a number is out of range";
	for (size_t i = 0; i < c->ndns; i++)
		texts = texts && TEXT_OK(c->dns[i]);
	if (!texts)
		return "a text is too long, or holds control characters or what is no UTF-8";
	if (c->kind == CONNECTION_PROFILE)
		return profile_check(c);
	if (c->profile[0])
		return "an access point comes with a profile";
	if (!connection_apn_ok(slice_str(c->apn)))
		return "the access point's name is none";
	if (!bearer_ok(c->bearer))
		return "the bearer is no word";
	return addresses_check(c);
}

const char *connection_kind_name(enum connection_kind k)
{
	static const char *const names[CONNECTION_KINDS] = { "apn", "profile" };

	return k < CONNECTION_KINDS ? names[k] : "?";
}

const char *connection_auth_name(enum connection_auth a)
{
	static const char *const names[CONNECTION_AUTHS] = { "", "pap", "chap", "mschapv2" };

	return a < CONNECTION_AUTHS ? names[a] : "?";
}
