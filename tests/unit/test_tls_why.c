// SPDX-License-Identifier: GPL-2.0-or-later
/* What a person is told when TLS fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "net/tls_why.h"

#define DAY 86400
#define Y2026 1767225600	/* 2026-01-01 */

static struct tls_facts facts(const char *detail)
{
	return (struct tls_facts){ .detail = detail, .host = "dm.example.net", .subject = "", .issuer = "",
				   .now = Y2026 };
}

static void is(const struct tls_facts *f, const char *want)
{
	char out[256];

	tls_why(f, out, sizeof(out));
	assert_string_equal(out, want);
}

static void has(const struct tls_facts *f, const char *words)
{
	char out[256];

	tls_why(f, out, sizeof(out));
	if (!strstr(out, words))
		fail_msg("\"%s\" is not in \"%s\"", words, out);
	assert_true(strlen(out) < 160);
	assert_memory_equal(out, "TLS: ", 5);
}

/* Rules: HTTP-21 */
static void dates(void **state)
{
	struct tls_facts f = facts("server certificate verification failed. CAfile: x CRLfile: none");

	f.not_before = Y2026 - 400 * DAY;
	f.not_after = Y2026 - DAY;
	is(&f, "TLS: the server's certificate expired on 2025-12-31; this device's clock says 2026-01-01");
	/* Ten years ahead: everybody renews in ten years. */
	f.now = Y2026 + 3650LL * DAY;
	has(&f, "this device's clock says 2035-12-30: is it right?");
	/* Ten years behind, with a program that is younger. */
	f.now = Y2026 - 3650LL * DAY;
	has(&f, "is valid from 2024-11-27 on; this device's clock says 2016-01-04: is it right?");
	f.built = Y2026 - 500 * DAY;
	has(&f, "this device's clock says 2016-01-04, before this program was made: it is wrong");
	/* No battery, and 1970. */
	f.now = 10;
	has(&f, "clock says 1970-01-01, before this program was made");
	/* The dates are fine: something else is wrong. */
	f.now = Y2026 - 100 * DAY;
	has(&f, "by nobody who is trusted here");
}

/* Rules: HTTP-21 */
static void dates_that_the_library_keeps(void **state)
{
	struct tls_facts f = facts("SSL certificate problem: certificate has expired");

	is(&f, "TLS: the server's certificate has expired; this device's clock says 2026-01-01");
	f.detail = "SSL certificate problem: certificate is not yet valid";
	is(&f, "TLS: the server's certificate is not valid yet; this device's clock says 2026-01-01: is it right?");
}

/* Rules: HTTP-10 */
static void chains(void **state)
{
	struct tls_facts f = facts("server certificate verification failed");

	f.subject = f.issuer = "CN=localhost";
	has(&f, "is self-signed");
	f.issuer = "C = DE, O = Some, CN = Some Root 1, L = X";
	has(&f, "is by \"Some Root 1\", which is not trusted here");
	f.issuer = "O=Nobody in particular whose name is longer than any name has a need to be";
	has(&f, "is by \"O=Nobody");
	f.subject = f.issuer = "";
	f.detail = "SSL certificate problem: self-signed certificate";
	has(&f, "is self-signed");
	f.detail = "SSL certificate problem: unable to get local issuer certificate";
	has(&f, "is by nobody who is trusted here");
	f.detail = "SSL: certificate subject name (other) does not match target host name 'dm.example.net'";
	has(&f, "is not for \"dm.example.net\"");
	f.detail = "SSL: no alternative certificate subject name matches target host name 'dm.example.net'";
	has(&f, "is not for \"dm.example.net\"");
}

/* Rules: HTTP-20 */
static void ours(void **state)
{
	struct tls_facts f = facts("GnuTLS recv error (-12): A TLS fatal alert has been received.");

	has(&f, "may want a certificate of ours");
	f.own_certificate = 1;
	has(&f, "may not take our certificate");
	f.detail = "OpenSSL SSL_read: tlsv13 alert certificate required, errno 0";
	f.own_certificate = 0;
	has(&f, "may want a certificate of ours");
	f.detail = "gnutls_handshake() failed: Handshake failed";
	has(&f, "may speak no TLS that is safe, or want");
}

static void others(void **state)
{
	struct tls_facts f = facts("something new");
	char name[2000], small[24];

	is(&f, "TLS: something new");
	/* However long the words are. */
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	f.detail = f.host = f.subject = f.issuer = name;
	has(&f, "TLS: xxx");
	f.detail = "does not match";
	has(&f, "not for");
	tls_why(&f, small, sizeof(small));
	assert_int_equal(strlen(small), sizeof(small) - 1);
}

static void times(void **state)
{
	assert_int_equal(tls_time("2026-01-01 00:00:00 GMT"), Y2026);
	assert_int_equal(tls_time("Jan  1 00:00:00 2026 GMT"), Y2026);
	assert_int_equal(tls_time(" 2026-01-01 00:00:00 GMT"), Y2026);
	assert_int_equal(tls_time("2026-01-01"), 0);
	assert_int_equal(tls_time("2026-01-01 00:00:00 GMT+3"), 0);
	assert_int_equal(tls_time(""), 0);
	assert_int_equal(tls_time("1960-01-01 00:00:00 GMT"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates),
		cmocka_unit_test(dates_that_the_library_keeps),
		cmocka_unit_test(chains),
		cmocka_unit_test(ours),
		cmocka_unit_test(others),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
