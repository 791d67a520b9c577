// SPDX-License-Identifier: GPL-2.0-or-later
/* The SIM commands of 3GPP TS 27.007 8.17, 8.18 and 8.45 to 8.47, and error codes of 9.2. */
#include "at_sim.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define AID_MAX 16

static void put_hex(char *to, const uint8_t *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sprintf(to + 2 * i, "%02X", data[i]);
	to[2 * n] = '\0';
}

void at_put(struct at_command *c, const char *text, const char *prefix)
{
	snprintf(c->text, sizeof(c->text), "%s", text);
	snprintf(c->prefix, sizeof(c->prefix), "%s", prefix);
	c->number = false;
}

/* @head holds what stands before the string. */
static int put_string(struct at_command *c, const char *head, const uint8_t *data, size_t n)
{
	size_t at = strlen(head);

	memcpy(c->text, head, at);
	c->text[at++] = '"';
	put_hex(c->text + at, data, n);
	at += 2 * n;
	memcpy(c->text + at, "\"", 2);
	return 0;
}

int at_put_csim(struct at_command *c, const uint8_t *apdu, size_t n)
{
	char head[32];

	if (n > AT_APDU_MAX)
		return -EMSGSIZE;
	at_put(c, "", "+CSIM:");
	snprintf(head, sizeof(head), "AT+CSIM=%zu,", 2 * n);
	return put_string(c, head, apdu, n);
}

int at_put_cgla(struct at_command *c, uint32_t session, const uint8_t *apdu, size_t n)
{
	char head[32];

	if (n > AT_APDU_MAX)
		return -EMSGSIZE;
	at_put(c, "", "+CGLA:");
	snprintf(head, sizeof(head), "AT+CGLA=%u,%zu,", session, 2 * n);
	return put_string(c, head, apdu, n);
}

int at_put_ccho(struct at_command *c, const uint8_t *aid, size_t n)
{
	if (n > AID_MAX)
		return -EMSGSIZE;
	at_put(c, "", "+CCHO:");
	c->number = true;
	return put_string(c, "AT+CCHO=", aid, n);
}

void at_put_cchc(struct at_command *c, uint32_t session)
{
	at_put(c, "", "+CCHC");
	snprintf(c->text, sizeof(c->text), "AT+CCHC=%u", session);
}

int at_put_crsm(struct at_command *c, const struct at_crsm *crsm)
{
	size_t n;

	if (crsm->path_n > AT_PATH_MAX)
		return -EMSGSIZE;
	at_put(c, "", "+CRSM:");
	if (!crsm->has_file) {
		snprintf(c->text, sizeof(c->text), "AT+CRSM=%u", crsm->ins);
		return 0;
	}
	n = (size_t)snprintf(c->text, sizeof(c->text), "AT+CRSM=%u,%u,%u,%u,%u", crsm->ins, crsm->fid,
			     crsm->p1, crsm->p2, crsm->p3);
	if (crsm->data) {
		c->text[n++] = ',';
		c->text[n++] = '"';
		put_hex(c->text + n, crsm->data, crsm->p3);
		n += 2U * crsm->p3;
		c->text[n++] = '"';
		c->text[n] = '\0';
	}
	if (crsm->path) {
		n += (size_t)sprintf(c->text + n, crsm->data ? ",\"" : ",\"\",\"");
		put_hex(c->text + n, crsm->path, crsm->path_n);
		n += 2 * crsm->path_n;
		memcpy(c->text + n, "\"", 2);
	}
	return 0;
}

static const char *skip(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

/* Behind "+NAME:" and the spaces there. */
static const char *arguments(const char *line)
{
	const char *colon = line[0] == '+' ? strchr(line, ':') : NULL;

	return skip(colon ? colon + 1 : line);
}

static int get_number(const char **p, uint32_t max, uint32_t *out)
{
	uint64_t v = 0;
	const char *s = skip(*p);

	if (!isdigit((unsigned char)*s))
		return -EPROTO;
	for (; isdigit((unsigned char)*s); s++) {
		v = 10 * v + (uint64_t)(*s - '0');
		if (v > max)
			return -EPROTO;
	}
	*p = skip(s);
	*out = (uint32_t)v;
	return 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A string of hex, with quotes or without, up to the end of the line. Bytes or -EPROTO. */
static int get_hex(const char *p, uint8_t *out, size_t max)
{
	bool quoted = *p == '"';
	size_t n = 0;

	p += quoted;
	for (; digit(p[0]) >= 0 && digit(p[1]) >= 0; p += 2) {
		if (n == max)
			return -EPROTO;
		out[n++] = (uint8_t)(digit(p[0]) << 4 | digit(p[1]));
	}
	if (quoted && *p++ != '"')
		return -EPROTO;
	return *skip(p) ? -EPROTO : (int)n;
}

int at_get_rapdu(const char *line, uint8_t out[AT_RAPDU_MAX])
{
	const char *p = arguments(line);
	uint32_t length;
	int n;

	if (get_number(&p, 2 * AT_RAPDU_MAX, &length) || *p++ != ',')
		return -EPROTO;
	n = get_hex(skip(p), out, AT_RAPDU_MAX);
	/* The length counts digits (8.17); some modems count bytes. */
	if (n < 2 || (length != 2 * (uint32_t)n && length != (uint32_t)n))
		return -EPROTO;
	return n;
}

int at_get_crsm(const char *line, uint8_t out[AT_RAPDU_MAX])
{
	const char *p = arguments(line);
	uint32_t sw1, sw2;
	int n = 0;

	if (get_number(&p, 255, &sw1) || *p++ != ',' || get_number(&p, 255, &sw2))
		return -EPROTO;
	if (*p == ',') {
		n = get_hex(skip(p + 1), out, AT_RAPDU_MAX - 2);
		if (n < 0)
			return n;
	} else if (*p) {
		return -EPROTO;
	}
	out[n++] = (uint8_t)sw1;
	out[n++] = (uint8_t)sw2;
	return n;
}

int at_get_session(const char *line, uint32_t *session)
{
	const char *p = arguments(line);

	return get_number(&p, UINT32_MAX, session) || *p ? -EPROTO : 0;
}

/* TS 27.007 9.2.1, as numbers and, of a modem with AT+CMEE=2, as words. */
static const struct {
	uint32_t code;
	const char *text;
	enum at_error error;
} errors[] = {
	{ 3, "operation not allowed", AT_ERR_REFUSED },
	{ 4, "operation not supported", AT_ERR_REFUSED },
	{ 5, "PH-SIM PIN required", AT_ERR_LOCKED },
	{ 10, "SIM not inserted", AT_ERR_NO_CARD },
	{ 11, "SIM PIN required", AT_ERR_LOCKED },
	{ 12, "SIM PUK required", AT_ERR_LOCKED },
	{ 13, "SIM failure", AT_ERR_CARD },
	{ 14, "SIM busy", AT_ERR_BUSY },
	{ 15, "SIM wrong", AT_ERR_CARD },
	{ 17, "SIM PIN2 required", AT_ERR_LOCKED },
	{ 18, "SIM PUK2 required", AT_ERR_LOCKED },
	{ 22, "not found", AT_ERR_NOT_FOUND },
};

enum at_error at_get_error(const char *line)
{
	const char *p = arguments(line);
	uint32_t code;
	bool number;

	if (strncasecmp(line, "+CME", 4))
		return AT_ERR_UNKNOWN;
	number = !get_number(&p, 65535, &code);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (number ? errors[i].code == code : !strcasecmp(errors[i].text, p))
			return errors[i].error;
	}
	return AT_ERR_UNKNOWN;
}

uint16_t at_error_sw(enum at_error error)
{
	switch (error) {
	case AT_ERR_LOCKED:
		return 0x6982;	/* security status not satisfied */
	case AT_ERR_BUSY:
		return 0x9300;
	case AT_ERR_REFUSED:
		return 0x6A81;	/* function not supported */
	case AT_ERR_NOT_FOUND:
		return 0x6A82;
	case AT_ERR_CARD:
	case AT_ERR_NO_CARD:
	case AT_ERR_UNKNOWN:
		break;
	}
	return 0x6F00;
}
