// SPDX-License-Identifier: GPL-2.0-or-later
/* The sentences for what goes wrong with certificates; the contract is in tls_why.h. */
#include "net/tls_why.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define YEAR_S (365 * 24 * 3600)

static bool says(const struct tls_facts *f, const char *words)
{
	return strcasestr(f->detail, words) != NULL;
}

int64_t tls_time(const char *text)
{
	static const char *const forms[] = { " %Y-%m-%d %H:%M:%S GMT", " %b %d %H:%M:%S %Y GMT" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i], &tm);
		time_t at = end && !*end ? timegm(&tm) : 0;

		if (at > 0)
			return at;
	}
	return 0;
}

/* "2026-11-22" */
static const char *day(int64_t t, char out[16])
{
	time_t at = (time_t)t;
	struct tm tm;

	if (!gmtime_r(&at, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm))
		strcpy(out, "?");
	return out;
}

/*
 * Behind a sentence about time. Certificates are renewed, clocks are forgotten: one
 * that ended long ago, or has not begun, is rather a clock that is wrong.
 */
static void about_clock(const struct tls_facts *f, bool doubtful, char *out, size_t size)
{
	char now[16];

	if (f->built && f->now < f->built)
		snprintf(out, size, "this device's clock says %s, before this program was made: it is wrong",
			 day(f->now, now));
	else
		snprintf(out, size, "this device's clock says %s%s", day(f->now, now),
			 doubtful ? ": is it right?" : "");
}

static bool about_time(const struct tls_facts *f, char *out, size_t size)
{
	bool early = f->not_before && f->now < f->not_before;
	bool late = f->not_after && f->now > f->not_after;
	char clock[100], at[16];

	/* Where the library keeps the dates to itself. */
	if (!f->not_before && !f->not_after) {
		early = says(f, "not yet valid") || says(f, "not activated") ||
			says(f, "activation");
		late = !early && says(f, "expired");
	}
	if (!early && !late)
		return false;
	about_clock(f, early || (f->not_after && f->now - f->not_after > YEAR_S), clock, sizeof(clock));
	if (early && f->not_before)
		snprintf(out, size, "TLS: the server's certificate is valid from %s on; %s",
			 day(f->not_before, at), clock);
	else if (early)
		snprintf(out, size, "TLS: the server's certificate is not valid yet; %s", clock);
	else if (f->not_after)
		snprintf(out, size, "TLS: the server's certificate expired on %s; %s",
			 day(f->not_after, at), clock);
	else
		snprintf(out, size, "TLS: the server's certificate has expired; %s", clock);
	return true;
}

/* Of a name as libraries write it ("C = DE, CN = x"), the CN, or the whole. */
static void short_name(const char *name, char *out, size_t size)
{
	const char *cn = strstr(name, "CN = ");
	size_t skip = 5;

	if (!cn) {
		cn = strstr(name, "CN=");
		skip = 3;
	}
	cn = cn ? cn + skip : name;
	snprintf(out, size, "%.*s", (int)strcspn(cn, ",/+"), cn);
}

static bool about_chain(const struct tls_facts *f, char *out, size_t size)
{
	bool self = says(f, "self-signed") || says(f, "self signed");
	char issuer[48];

	if (!self && !says(f, "verif") && !says(f, "issuer") && !says(f, "CA cert"))
		return false;
	/* What "self-signed in the chain" means is an authority nobody here knows. */
	if (f->subject[0] && f->issuer[0])
		self = !strcmp(f->subject, f->issuer);
	short_name(f->issuer, issuer, sizeof(issuer));
	if (self)
		snprintf(out, size, "TLS: the server's certificate is self-signed, and not one that "
			 "is trusted for it here (ca.pem)");
	else if (issuer[0])
		snprintf(out, size, "TLS: the server's certificate is by \"%s\", which is not "
			 "trusted here (ca.pem)", issuer);
	else
		snprintf(out, size, "TLS: the server's certificate is by nobody who is trusted here "
			 "(ca.pem): %.50s", f->detail);
	return true;
}

/* Alerts are the server's words, so it is our side that it does not like. Some just hang up. */
static bool about_us(const struct tls_facts *f, char *out, size_t size)
{
	static const char *const words[] = {
		"certificate required", "certificate is required", "bad certificate",
		"certificate is bad", "unknown ca", "CA is unknown", "certificate unknown",
		"fatal alert",
	};
	bool vague = says(f, "handshake fail") || says(f, "send failure") ||
		     says(f, "recv failure") || says(f, "non-properly terminated");
	bool alert = vague;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		alert = alert || says(f, words[i]);
	if (!alert)
		return false;
	snprintf(out, size, "TLS: the server broke off; it may %s%s (cert.pem): %.48s",
		 vague ? "speak no TLS that is safe, or " : "",
		 f->own_certificate ? "not take our certificate" : "want a certificate of ours",
		 f->detail);
	return true;
}

void tls_why(const struct tls_facts *f, char *out, size_t size)
{
	size = size > 160 ? 160 : size;
	if (says(f, "does not match") || says(f, "no alternative certificate subject name") ||
	    says(f, "hostname mismatch"))
		snprintf(out, size, "TLS: the server's certificate is not for \"%.60s\" but for another "
			 "name", f->host);
	else if (!about_us(f, out, size) && !about_time(f, out, size) &&
		 !about_chain(f, out, size))
		snprintf(out, size, "TLS: %s", f->detail);
}
