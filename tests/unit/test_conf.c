// SPDX-License-Identifier: GPL-2.0-or-later
/* util/conf: every key, and strictness. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "util/conf.h"

static struct conf c;
static char err[CONF_ERROR_MAX];

static int parse(const char *text)
{
	conf_defaults(&c);
	err[0] = 0;
	return conf_parse(slice_str(text), "f", &c, err);
}

static void defaults(void **state)
{
	assert_int_equal(parse("# nothing\n\n"), 0);
	assert_true(conf_slot_trusted(&c, "serial", "ttyS0"));
	assert_false(conf_slot_trusted(&c, "virt", "demo"));
	assert_false(c.connect_without_indicator);
	assert_string_equal(c.indicator_oids.v[0], "06136996DDCF9CE5BDD28CA3A4B7D0F2DDB8BE9820");
	assert_string_equal(c.store, "/var/lib/dmsc");
	assert_int_equal(c.consent_timeout_s, 60);
	assert_string_equal(c.server_files, "/etc/dmsc/servers");
	assert_int_equal(c.insist_credentials.n, 0);
	assert_false(c.xml);
}

static void every_key(void **state)
{
	assert_int_equal(parse("trusted-slots = virt:demo* serial:*\n"
			       "connect-without-indicator=yes\n"
			       "indicator-oid = 0604672B0701 0604672b0901\n"
			       "device-id = IMEI:493005100592800\n"
			       "allow-http = a b\n"
			       "ca-file = /etc/ca.pem\r\n"
			       "server-files =\n"
			       "insist-credentials = * s\n"
			       "store = /srv/dmsc\n"
			       "  consent-timeout\t=  3600  \n"
			       "encoding = xml\n"
			       "card-check = /usr/libexec/sim-lock\n"
			       "lwm2m-hook = /usr/libexec/lwm2m\n"
			       "update-hook = /usr/libexec/update\nupdate-max = 65536\n"
			       "patience = 0"), 0);
	assert_int_equal(c.trusted_slots.n, 2);
	assert_true(conf_slot_trusted(&c, "virt", "demo7"));
	assert_false(conf_slot_trusted(&c, "virt", "other"));
	assert_false(conf_slot_trusted(&c, "usb", "serial:x"));
	assert_true(c.connect_without_indicator);
	assert_int_equal(c.indicator_oids.n, 2);
	assert_string_equal(c.device_id, "IMEI:493005100592800");
	assert_true(conf_list_has(&c.allow_http, "b"));
	assert_false(conf_list_has(&c.allow_http, "ab"));
	assert_string_equal(c.ca_file, "/etc/ca.pem");
	assert_string_equal(c.server_files, "");
	assert_true(conf_list_has(&c.insist_credentials, "*"));
	assert_string_equal(c.store, "/srv/dmsc");
	assert_int_equal(c.consent_timeout_s, 3600);
	assert_int_equal(c.patience_s, 0);
	assert_true(c.xml);
	assert_string_equal(c.card_check, "/usr/libexec/sim-lock");
	assert_string_equal(c.lwm2m_hook, "/usr/libexec/lwm2m");
	assert_string_equal(c.update_hook, "/usr/libexec/update");
	assert_int_equal(c.update_max_mib, 65536);
	assert_int_equal(parse("encoding = wbxml\n"), 0);
	assert_false(c.xml);
}

/* Rules: SC-2 DECISION-11 */
static void nobody_is_trusted_with_an_empty_list(void **state)
{
	assert_int_equal(parse("trusted-slots =\n"), 0);
	assert_false(conf_slot_trusted(&c, "serial", "x"));
}

static void refusals_name_the_line(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "\n# c\ncolour = red\n", "f:3: unknown key 'colour'" },
		{ "store /x\n", "f:1: no '='" },
		{ "store = /x\nstore = /y\n", "f:2: 'store' is given twice" },
		{ "store = x\n", "f:1: 'store': must be an absolute path" },
		{ "card-check = sim-lock\n", "f:1: 'card-check': must be an absolute path" },
		{ "lwm2m-hook = bin/x\n", "f:1: 'lwm2m-hook': must be an absolute path" },
		{ "update-hook = x\n", "f:1: 'update-hook': must be an absolute path" },
		{ "update-max = 0\n", "f:1: 'update-max': not a number in range" },
		{ "update-max = 65537\n", "f:1: 'update-max': not a number in range" },
		{ "store =\n", "f:1: 'store': needs a value" },
		{ "connect-without-indicator = true\n", "f:1: 'connect-without-indicator': must be yes or no" },
		{ "encoding = json\n", "f:1: 'encoding': must be wbxml or xml" },
		{ "consent-timeout = 0\n", "f:1: 'consent-timeout': not a number in range" },
		{ "consent-timeout = 3601\n", "f:1: 'consent-timeout': not a number in range" },
		{ "consent-timeout = 99999999999\n", "f:1: 'consent-timeout': not a number in range" },
		{ "patience = -1\n", "f:1: 'patience': not a number in range" },
		{ "encoding = XML\n", "f:1: 'encoding': must be wbxml or xml" },
		{ "encoding =\n", "f:1: 'encoding': needs a value" },
		{ "indicator-oid = 0604672B07\n", "f:1: 'indicator-oid': not an OID in hexadecimal DER" },
		{ "indicator-oid = xyzxyz\n", "f:1: 'indicator-oid': not an OID in hexadecimal DER" },
		{ "indicator-oid =\n", "f:1: 'indicator-oid': needs a value" },
		{ "device-id = a\001b\n", "f:1: 'device-id': control character in the value" },
		{ "allow-http = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n",
		  "f:1: 'allow-http': too many words" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].text), -EINVAL);
		assert_string_equal(err, cases[i].want);
		/* nothing of a refused file is kept */
		assert_string_equal(c.store, "/var/lib/dmsc");
	}
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void files_and_directory(void **state)
{
	char dir[] = "/tmp/conf-XXXXXX", path[64], sub[80], a[100], b[100];

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/dmsc.conf", dir);
	snprintf(sub, sizeof(sub), "%s.d", path);
	snprintf(a, sizeof(a), "%s/10-a.conf", sub);
	snprintf(b, sizeof(b), "%s/20-b.conf", sub);
	assert_int_equal(conf_load(path, &c, err), 0);	/* no file is no error */
	put(path, "patience = 1\nconsent-timeout = 5\n");
	assert_int_equal(mkdir(sub, 0700), 0);
	put(b, "patience = 3\n");
	put(a, "patience = 2\n");
	assert_int_equal(conf_load(path, &c, err), 0);
	assert_int_equal(c.patience_s, 3);
	assert_int_equal(c.consent_timeout_s, 5);
	put(b, "bogus = 3\n");
	assert_int_equal(conf_load(path, &c, err), -EINVAL);
	assert_non_null(strstr(err, "20-b.conf:1: unknown key 'bogus'"));
	assert_int_equal(c.consent_timeout_s, 60);	/* the defaults */
	unlink(a);
	unlink(b);
	rmdir(sub);
	unlink(path);
	rmdir(dir);
}

/* A child gets the configuration its helper has, not what is in the file by then. */
static void handed_over(void **state)
{
	static struct conf other;
	int fd;

	assert_int_equal(parse("trusted-slots = virt:a\npatience = 7\nallow-http = x y\nencoding = xml"), 0);
	fd = conf_to_fd(&c);
	assert_true(fd >= 0);
	assert_int_equal(conf_from_fd(fd, &other), 0);
	assert_memory_equal(&other, &c, sizeof(c));
	/* Too long, too short: another build's. */
	assert_int_equal(ftruncate(fd, sizeof(c) + 1), 0);
	assert_int_equal(conf_from_fd(fd, &other), -EPROTO);
	assert_int_equal(ftruncate(fd, sizeof(c) - 1), 0);
	assert_int_equal(conf_from_fd(fd, &other), -EPROTO);
	assert_true(conf_slot_trusted(&other, "serial", "ttyS0"));
	close(fd);
	assert_int_equal(conf_from_fd(fd, &other), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_key),
		cmocka_unit_test(nobody_is_trusted_with_an_empty_list),
		cmocka_unit_test(refusals_name_the_line),
		cmocka_unit_test(files_and_directory),
		cmocka_unit_test(handed_over),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
