// SPDX-License-Identifier: GPL-2.0-or-later
/* What is in a child's environment; the contract is in child_env.h. */
#include "util/child_env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As libcurl knows them: HTTP_PROXY is none, as web servers make it of a header. */
static const char *const proxies[] = {
	"https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
};
#define NPROXIES (sizeof(proxies) / sizeof(proxies[0]))
#define FIXED 2

_Static_assert(FIXED + 1 + NPROXIES + 1 <= CHILD_ENV_MAX, "room for all and the end");

static int add(char **env, size_t *n, const char *name)
{
	const char *value = getenv(name);

	if (!value)
		return 0;
	if (asprintf(&env[*n], "%s=%s", name, value) < 0) {
		env[*n] = NULL;
		return -ENOMEM;
	}
	++*n;
	return 0;
}

int child_env_make(char *env[CHILD_ENV_MAX], bool network)
{
	size_t n = FIXED;
	int err;

	memset(env, 0, CHILD_ENV_MAX * sizeof(env[0]));
	env[0] = (char *)"PATH=/usr/bin:/bin";
	env[1] = (char *)"LANG=C.UTF-8";
	err = add(env, &n, "JOURNAL_STREAM");	/* log lines carry their priority then */
	for (size_t i = 0; network && !err && i < NPROXIES; i++)
		err = add(env, &n, proxies[i]);
	return err;
}

void child_env_free(char *env[CHILD_ENV_MAX])
{
	for (size_t i = FIXED; env[i]; i++)
		free(env[i]);
	env[0] = NULL;
}
