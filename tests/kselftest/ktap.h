/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KTAP output for a test program: a table of named functions, each run in the
 * order of the table. Not a framework: a test that fails returns at once.
 */
#ifndef KTAP_H
#define KTAP_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KSFT_SKIP	4

/* A test that cannot run here says why, and returns true. */
static const char *ktap_skip;

/* Returns false after CHECK has said what is wrong. */
struct ktap_test {
	const char *name;
	bool (*run)(void);
};

#define CHECK(cond)								\
	do {									\
		if (!(cond)) {							\
			printf("# %s:%d: not true: %s (errno %d %s)\n",		\
			       __FILE__, __LINE__, #cond, errno, strerror(errno)); \
			return false;						\
		}								\
	} while (0)

#define CHECK_EQ(is, want)							\
	do {									\
		long long is_ = (is), want_ = (want);				\
		if (is_ != want_) {						\
			printf("# %s:%d: %s is %lld, not %lld\n",		\
			       __FILE__, __LINE__, #is, is_, want_);		\
			return false;						\
		}								\
	} while (0)

static inline void ktap_need_root(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n");
	if (geteuid()) {
		printf("1..0 # SKIP needs root\n");
		exit(KSFT_SKIP);
	}
	if (access("/dev/uicc-virt", F_OK) && system("modprobe -q uicc_virt")) {
		printf("1..0 # SKIP no module uicc_virt\n");
		exit(KSFT_SKIP);
	}
	if (access("/dev/uicc-virt", F_OK)) {
		printf("1..0 # SKIP no /dev/uicc-virt\n");
		exit(KSFT_SKIP);
	}
}

static inline void ktap_need_module(const char *name)
{
	char path[128], command[128];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	snprintf(command, sizeof(command), "modprobe -q %s", name);
	if (access(path, F_OK) && system(command)) {
		printf("1..0 # SKIP no module %s\n", name);
		exit(KSFT_SKIP);
	}
}

static inline int ktap_run(const struct ktap_test *tests, size_t n)
{
	int failed = 0, skipped = 0;
	size_t i;

	printf("1..%zu\n", n);
	for (i = 0; i < n; i++) {
		bool ok = tests[i].run();

		printf("%sok %zu %s%s%s\n", ok ? "" : "not ", i + 1, tests[i].name,
		       ktap_skip ? " # SKIP " : "", ktap_skip ? ktap_skip : "");
		failed += !ok;
		skipped += ok && ktap_skip;
		ktap_skip = NULL;
	}
	printf("# Totals: pass:%zu fail:%d xfail:0 xpass:0 skip:%d error:0\n",
	       n - failed - skipped, failed, skipped);
	return failed ? 1 : 0;
}

#define KTAP_MAIN(tests)							\
	int main(void)								\
	{									\
		ktap_need_root();						\
		return ktap_run(tests, sizeof(tests) / sizeof((tests)[0]));	\
	}

#endif /* KTAP_H */
