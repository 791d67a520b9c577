// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The attribute tokens of both code pages: page 0 is that of WAP-183 with what
 * ProvCont 1.1 added to it, page 1 that of applications.
 *
 * All texts lie in one constant, and a token finds its own by an offset: a table
 * of pointers would be three times as large and need relocating.
 */
#include "codec/prov_tokens.h"

#include <stddef.h>

/* Page, token, "attribute" or "attribute=beginning of its value" */
#define STARTS(X) \
	X(0, 05, "name") X(0, 06, "value") X(0, 07, "name=NAME") X(0, 08, "name=NAP-ADDRESS") \
	X(0, 09, "name=NAP-ADDRTYPE") X(0, 0A, "name=CALLTYPE") X(0, 0B, "name=VALIDUNTIL") \
	X(0, 0C, "name=AUTHTYPE") X(0, 0D, "name=AUTHNAME") X(0, 0E, "name=AUTHSECRET") \
	X(0, 0F, "name=LINGER") X(0, 10, "name=BEARER") X(0, 11, "name=NAPID") \
	X(0, 12, "name=COUNTRY") X(0, 13, "name=NETWORK") X(0, 14, "name=INTERNET") \
	X(0, 15, "name=PROXY-ID") X(0, 16, "name=PROXY-PROVIDER-ID") X(0, 17, "name=DOMAIN") \
	X(0, 18, "name=PROVURL") X(0, 19, "name=PXAUTH-TYPE") X(0, 1A, "name=PXAUTH-ID") \
	X(0, 1B, "name=PXAUTH-PW") X(0, 1C, "name=STARTPAGE") X(0, 1D, "name=BASAUTH-ID") \
	X(0, 1E, "name=BASAUTH-PW") X(0, 1F, "name=PUSHENABLED") X(0, 20, "name=PXADDR") \
	X(0, 21, "name=PXADDRTYPE") X(0, 22, "name=TO-NAPID") X(0, 23, "name=PORTNBR") \
	X(0, 24, "name=SERVICE") X(0, 25, "name=LINKSPEED") X(0, 26, "name=DNLINKSPEED") \
	X(0, 27, "name=LOCAL-ADDR") X(0, 28, "name=LOCAL-ADDRTYPE") \
	X(0, 29, "name=CONTEXT-ALLOW") X(0, 2A, "name=TRUST") X(0, 2B, "name=MASTER") \
	X(0, 2C, "name=SID") X(0, 2D, "name=SOC") X(0, 2E, "name=WSP-VERSION") \
	X(0, 2F, "name=PHYSICAL-PROXY-ID") X(0, 30, "name=CLIENT-ID") \
	X(0, 31, "name=DELIVERY-ERR-SDU") X(0, 32, "name=DELIVERY-ORDER") \
	X(0, 33, "name=TRAFFIC-CLASS") X(0, 34, "name=MAX-SDU-SIZE") \
	X(0, 35, "name=MAX-BITRATE-UPLINK") X(0, 36, "name=MAX-BITRATE-DNLINK") \
	X(0, 37, "name=RESIDUAL-BER") X(0, 38, "name=SDU-ERROR-RATIO") \
	X(0, 39, "name=TRAFFIC-HANDL-PRIO") X(0, 3A, "name=TRANSFER-DELAY") \
	X(0, 3B, "name=GUARANTEED-BITRATE-UPLINK") X(0, 3C, "name=GUARANTEED-BITRATE-DNLINK") \
	X(0, 3D, "name=PXADDR-FQDN") X(0, 3E, "name=PROXY-PW") X(0, 3F, "name=PPGAUTH-TYPE") \
	X(0, 47, "name=PULLENABLED") X(0, 48, "name=DNS-ADDR") X(0, 49, "name=MAX-NUM-RETRY") \
	X(0, 4A, "name=FIRST-RETRY-TIMEOUT") X(0, 4B, "name=REREG-THRESHOLD") \
	X(0, 4C, "name=T-BIT") X(0, 4E, "name=AUTH-ENTITY") X(0, 4F, "name=SPI") \
	X(0, 45, "version") X(0, 46, "version=1.0") X(0, 50, "type") \
	X(0, 51, "type=PXLOGICAL") X(0, 52, "type=PXPHYSICAL") X(0, 53, "type=PORT") \
	X(0, 54, "type=VALIDITY") X(0, 55, "type=NAPDEF") X(0, 56, "type=BOOTSTRAP") \
	X(0, 57, "type=VENDORCONFIG") X(0, 58, "type=CLIENTIDENTITY") \
	X(0, 59, "type=PXAUTHINFO") X(0, 5A, "type=NAPAUTHINFO") X(0, 5B, "type=ACCESS") \
	X(1, 05, "name") X(1, 06, "value") X(1, 07, "name=NAME") X(1, 14, "name=INTERNET") \
	X(1, 1C, "name=STARTPAGE") X(1, 22, "name=TO-NAPID") X(1, 23, "name=PORTNBR") \
	X(1, 24, "name=SERVICE") X(1, 2E, "name=AACCEPT") X(1, 2F, "name=AAUTHDATA") \
	X(1, 30, "name=AAUTHLEVEL") X(1, 31, "name=AAUTHNAME") X(1, 32, "name=AAUTHSECRET") \
	X(1, 33, "name=AAUTHTYPE") X(1, 34, "name=ADDR") X(1, 35, "name=ADDRTYPE") \
	X(1, 36, "name=APPID") X(1, 37, "name=APROTOCOL") X(1, 38, "name=PROVIDER-ID") \
	X(1, 39, "name=TO-PROXY") X(1, 3A, "name=URI") X(1, 3B, "name=RULE") X(1, 50, "type") \
	X(1, 53, "type=PORT") X(1, 55, "type=APPLICATION") X(1, 56, "type=APPADDR") \
	X(1, 57, "type=APPAUTH") X(1, 58, "type=CLIENTIDENTITY") X(1, 59, "type=RESOURCE")

/* Page, token, piece of a value */
#define VALUES(X) \
	X(0, 85, "IPV4") X(0, 86, "IPV6") X(0, 87, "E164") X(0, 88, "ALPHA") X(0, 89, "APN") \
	X(0, 8A, "SCODE") X(0, 8B, "TETRA-ITSI") X(0, 8C, "MAN") X(0, 90, "ANALOG-MODEM") \
	X(0, 91, "V.120") X(0, 92, "V.110") X(0, 93, "X.31") X(0, 94, "BIT-TRANSPARENT") \
	X(0, 95, "DIRECT-ASYNCHRONOUS-DATA-SERVICE") X(0, 9A, "PAP") X(0, 9B, "CHAP") \
	X(0, 9C, "HTTP-BASIC") X(0, 9D, "HTTP-DIGEST") X(0, 9E, "WTLS-SS") X(0, 9F, "MD5") \
	X(0, A2, "GSM-USSD") X(0, A3, "GSM-SMS") X(0, A4, "ANSI-136-GUTS") \
	X(0, A5, "IS-95-CDMA-SMS") X(0, A6, "IS-95-CDMA-CSD") X(0, A7, "IS-95-CDMA-PACKET") \
	X(0, A8, "ANSI-136-CSD") X(0, A9, "ANSI-136-GPRS") X(0, AA, "GSM-CSD") \
	X(0, AB, "GSM-GPRS") X(0, AC, "AMPS-CDPD") X(0, AD, "PDC-CSD") X(0, AE, "PDC-PACKET") \
	X(0, AF, "IDEN-SMS") X(0, B0, "IDEN-CSD") X(0, B1, "IDEN-PACKET") \
	X(0, B2, "FLEX/REFLEX") X(0, B3, "PHS-SMS") X(0, B4, "PHS-CSD") X(0, B5, "TETRA-SDS") \
	X(0, B6, "TETRA-PACKET") X(0, B7, "ANSI-136-GHOST") X(0, B8, "MOBITEX-MPAK") \
	X(0, B9, "CDMA2000-1X-SIMPLE-IP") X(0, BA, "CDMA2000-1X-MOBILE-IP") \
	X(0, C5, "AUTOBAUDING") X(0, CA, "CL-WSP") X(0, CB, "CO-WSP") X(0, CC, "CL-SEC-WSP") \
	X(0, CD, "CO-SEC-WSP") X(0, CE, "CL-SEC-WTA") X(0, CF, "CO-SEC-WTA") \
	X(0, D0, "OTA-HTTP-TO") X(0, D1, "OTA-HTTP-TLS-TO") X(0, D2, "OTA-HTTP-PO") \
	X(0, D3, "OTA-HTTP-TLS-PO") X(0, E0, "AAA") X(0, E1, "HA") X(1, 86, "IPV6") \
	X(1, 87, "E164") X(1, 88, "ALPHA") X(1, 8D, "APPSRV") X(1, 8E, "OBEX") X(1, 90, ",") \
	X(1, 91, "HTTP-") X(1, 92, "BASIC") X(1, 93, "DIGEST")

#define MEMBER(page, token, text) char t##page##token[sizeof(text)];
#define TEXT(page, token, text) .t##page##token = text,

static const struct starts {
	char none;	/* offset 0 is no text */
	STARTS(MEMBER)
} starts = { STARTS(TEXT) };

static const struct values {
	char none;
	VALUES(MEMBER)
} values = { VALUES(TEXT) };

enum {
	START_FIRST = 0x05,
	START_END = 0x60,
	VALUE_FIRST = 0x85,
	VALUE_END = 0xe2,
};

#define START_AT(page, token, text) \
	[page][0x##token - START_FIRST] = offsetof(struct starts, t##page##token),
#define VALUE_AT(page, token, text) \
	[page][0x##token - VALUE_FIRST] = offsetof(struct values, t##page##token),

static const uint16_t start_at[PROV_PAGES][START_END - START_FIRST] = { STARTS(START_AT) };
static const uint16_t value_at[PROV_PAGES][VALUE_END - VALUE_FIRST] = { VALUES(VALUE_AT) };

const char *prov_attr_start(unsigned int page, uint8_t token)
{
	uint16_t at = 0;

	if (page < PROV_PAGES && token >= START_FIRST && token < START_END)
		at = start_at[page][token - START_FIRST];
	return at ? (const char *)&starts + at : NULL;
}

const char *prov_attr_value(unsigned int page, uint8_t token)
{
	uint16_t at = 0;

	if (page < PROV_PAGES && token >= VALUE_FIRST && token < VALUE_END)
		at = value_at[page][token - VALUE_FIRST];
	return at ? (const char *)&values + at : NULL;
}
