/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why TLS failed, in a sentence for a person. It knows no TLS library, only what one said. */
#ifndef DMSC_NET_TLS_WHY_H
#define DMSC_NET_TLS_WHY_H

#include <stddef.h>
#include <stdint.h>

struct tls_facts {
	const char *detail;		/* the library's own words; "" = none */
	const char *host;		/* whom we meant to talk to */
	/* Of the server's certificate; "" and 0: not known. Seconds since 1970. */
	const char *subject, *issuer;
	int64_t not_before, not_after;
	int64_t now;			/* what the device's clock says */
	int64_t built;			/* when this program was made: no clock is right before; 0 = not known */
	int own_certificate;		/* one of ours was given to the library */
};

/* A date as TLS libraries write it: "2026-11-22 01:02:03 GMT", "Nov 22 01:02:03 2026 GMT"; 0 = neither. */
int64_t tls_time(const char *text);

/* At most 159 bytes, printable ASCII but for what @f holds; begins with "TLS: ". */
void tls_why(const struct tls_facts *f, char *out, size_t size);

#endif
