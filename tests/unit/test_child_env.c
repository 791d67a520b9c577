// SPDX-License-Identifier: GPL-2.0-or-later
/* What the environment of the helper's children holds, and what not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "util/child_env.h"

static void is(bool network, const char *const *want)
{
	char *env[CHILD_ENV_MAX];
	size_t n = 0;

	assert_int_equal(child_env_make(env, network), 0);
	for (; want[n]; n++) {
		assert_non_null(env[n]);
		assert_string_equal(env[n], want[n]);
	}
	assert_null(env[n]);
	child_env_free(env);
}

/* Rules: HTTP-22 */
static void proxies(void **state)
{
	static const char *const without[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "JOURNAL_STREAM=8:9", NULL };
	static const char *const with[] = {
		"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "JOURNAL_STREAM=8:9",
		"https_proxy=a", "HTTPS_PROXY=b", "http_proxy=c", "all_proxy=d", "ALL_PROXY=e",
		"no_proxy=f", "NO_PROXY=g", NULL,
	};
	static const char *const bare[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL };

	clearenv();
	is(false, bare);
	is(true, bare);
	setenv("PATH", "/tmp", 1);
	setenv("LANG", "de_AT", 1);
	setenv("LD_PRELOAD", "x", 1);
	setenv("HTTP_PROXY", "from a header", 1);
	setenv("CURL_CA_BUNDLE", "x", 1);
	setenv("SSLKEYLOGFILE", "x", 1);
	is(true, bare);
	setenv("JOURNAL_STREAM", "8:9", 1);
	setenv("https_proxy", "a", 1);
	setenv("HTTPS_PROXY", "b", 1);
	setenv("http_proxy", "c", 1);
	setenv("all_proxy", "d", 1);
	setenv("ALL_PROXY", "e", 1);
	setenv("no_proxy", "f", 1);
	setenv("NO_PROXY", "g", 1);
	is(true, with);
	/* What parses cards has no network and no password of a proxy. */
	is(false, without);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(proxies) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
