// SPDX-License-Identifier: GPL-2.0-or-later
/* Origins of URLs (net/url), and names and files of servers (net/server_files). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "net/server_files.h"
#include "net/url.h"

/* Rules: AUTH-62 */
static void same_origin(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} pairs[] = {
		{ "https://h/dm", "https://h/other?x#y", true },
		{ "https://h", "HTTPS://H:443/", true },
		{ "https://h:/a", "https://h/b", true },
		{ "http://h/", "http://h:80", true },
		{ "https://[2001:DB8::1]/", "https://[2001:db8::1]:443/", true },
		{ "https://h/", "http://h/", false },
		{ "https://h/", "https://h:444/", false },
		{ "https://h/", "https://hh/", false },
		{ "https://h.example/", "https://h.example.net/", false },
		{ "https://h/", "https://h.", false },
		{ "https://[::1]/", "https://[::1]:8443/", false },
		{ "https://h?x", "https://h/", true },
		{ "https://h/", "", false },
		{ "", "", false },
		/* What some programs read as another host than others. */
		{ "https://h@evil/", "https://h@evil/", false },
		{ "https://h\\@evil/", "https://h/", false },
		{ "https://h%00/", "https://h%00/", false },
		{ "https://h /", "https://h /", false },
		{ "https://h:99999/", "https://h:99999/", false },
		{ "https://h:x/", "https://h:x/", false },
		{ "https:///", "https:///", false },
		{ "https://[::1/", "https://[::1/", false },
		{ "https://[::1]x/", "https://[::1]x/", false },
		{ "ftp://h/", "ftp://h/", false },
		{ "//h/", "//h/", false },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (http_url_same_origin(pairs[i].a, pairs[i].b) != pairs[i].same)
			fail_msg("%s and %s", pairs[i].a, pairs[i].b);
		assert_int_equal(http_url_same_origin(pairs[i].b, pairs[i].a), pairs[i].same);
	}
}

static void hosts(void **state)
{
	assert_true(slice_eq_str(http_url_host("https://dm.example.net:8443/x"), "dm.example.net"));
	assert_true(slice_eq_str(http_url_host("http://[::1]/"), "::1"));
	assert_false(slice_present(http_url_host("https://u:p@h/")));
	assert_false(slice_present(http_url_host("nonsense")));
}

static void name_is(const char *id, const char *want)
{
	char name[SERVER_NAME_MAX];

	assert_int_equal(server_name(slice_str(id), name), want ? 0 : -ENAMETOOLONG);
	assert_string_equal(name, want ? want : "");
}

/* Rules: HTTP-19 */
static void names(void **state)
{
	char name[SERVER_NAME_MAX], id[SERVER_NAME_MAX];

	name_is("dm.example.net", "dm.example.net");
	name_is("A_z-0.9", "A_z-0.9");
	name_is("a/b", "a%2Fb");
	name_is("../../etc", "..%2F..%2Fetc");
	name_is(".", "%2E");
	name_is("..", "%2E%2E");
	name_is("...", "...");
	name_is("caf\xc3\xa9 %", "caf%C3%A9%20%25");
	assert_int_equal(server_name(slice_of("a\0b", 3), name), 0);
	assert_string_equal(name, "a%00b");
	assert_int_equal(server_name(SLICE_LIT(""), name), -EINVAL);
	memset(id, 'a', sizeof(id));
	id[255] = '\0';
	name_is(id, id);
	id[254] = '/';
	name_is(id, NULL);
}

/* --- files --- */

#define CERT "-----BEGIN CERTIFICATE-----\nx\n"
#define KEY "-----BEGIN EC PRIVATE KEY-----\nx\n"

static char dir[] = "/tmp/dmsc-files-XXXXXX";

static void put(const char *name, const char *text, mode_t mode)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/s/%s", dir, name);
	unlink(path);
	if (!text)
		return;
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static int find(const char *ca, const char *cert, const char *key, mode_t mode, const char *words)
{
	char err[SERVER_FILES_ERROR_MAX];
	struct server_files f;
	int r;

	put("ca.pem", ca, 0644);
	put("cert.pem", cert, 0644);
	put("key.pem", key, mode);
	r = server_files_find(dir, SLICE_LIT("s"), &f, err);
	if (!strstr(err, words))
		fail_msg("\"%s\" is not in \"%s\"", words, err);
	assert_int_equal(!!f.ca[0], !r && ca);
	assert_int_equal(!!f.cert[0], !r && cert);
	assert_int_equal(!!f.key[0], !r && key);
	return r;
}

/* Rules: HTTP-19 HTTP-20 */
static void files(void **state)
{
	char path[128], err[SERVER_FILES_ERROR_MAX];
	struct server_files f;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(server_files_find(dir, SLICE_LIT("s"), &f, err), 0);
	assert_string_equal(f.ca, "");
	assert_int_equal(server_files_find("", SLICE_LIT("s"), &f, err), 0);
	snprintf(path, sizeof(path), "%s/s", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(find(NULL, NULL, NULL, 0, ""), 0);
	assert_int_equal(find(CERT, NULL, NULL, 0, ""), 0);
	assert_int_equal(find(NULL, CERT, KEY, 0640, ""), 0);
	assert_int_equal(find(CERT, CERT, KEY, 0600, ""), 0);
	assert_int_equal(find(KEY, NULL, NULL, 0, "/s/ca.pem: holds no certificate"), -EINVAL);
	assert_int_equal(find("", NULL, NULL, 0, "holds no certificate"), -EINVAL);
	assert_int_equal(find(NULL, CERT, NULL, 0, "no key.pem beside it"), -EINVAL);
	assert_int_equal(find(NULL, NULL, KEY, 0600, "no cert.pem beside it"), -EINVAL);
	assert_int_equal(find(NULL, CERT, CERT, 0600, "holds no private key"), -EINVAL);
	assert_int_equal(find(NULL, CERT, KEY, 0604, "everybody"), -EPERM);
	assert_int_equal(find(NULL, CERT, KEY, 0602, "everybody"), -EPERM);
	/* A directory in a file's place, and a file in a directory's. */
	put("ca.pem", NULL, 0);
	snprintf(path, sizeof(path), "%s/s/ca.pem", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(server_files_find(dir, SLICE_LIT("s"), &f, err), -EINVAL);
	assert_non_null(strstr(err, "not a regular file"));
	assert_int_equal(rmdir(path), 0);
	find(CERT, NULL, NULL, 0, "");
	assert_int_equal(server_files_check_ca(path, path, err), 0);
	snprintf(path, sizeof(path), "%s/none", dir);
	assert_int_equal(server_files_check_ca(path, "its name", err), -ENOENT);
	assert_non_null(strstr(err, "its name cannot be read"));
	assert_int_equal(server_files_check_ca(dir, "its name", err), -EINVAL);
	assert_string_equal(err, "its name: not a regular file");
	find(NULL, NULL, NULL, 0, "");
	snprintf(path, sizeof(path), "%s/s", dir);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_origin),
		cmocka_unit_test(hosts),
		cmocka_unit_test(names),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
