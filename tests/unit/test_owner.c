// SPDX-License-Identifier: GPL-2.0-or-later
/* Root becomes the owner of a directory for good; nobody else changes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/owner.h"

#define NOBODY 65534

/* Exit status of a child that becomes the owner of @dir: 0 as it should be. */
static int in_child(const char *dir, uid_t want)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		gid_t groups[8];

		if (owner_become(dir))
			_exit(1);
		if (geteuid() != want || getuid() != want)
			_exit(2);
		if (want && (getegid() != want || getgroups(8, groups) != 0))
			_exit(3);
		/* For good: no way back. */
		if (want && setuid(0) == 0)
			_exit(4);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static void test_owner(void **state)
{
	char dir[] = "/tmp/owner-XXXXXX";

	assert_non_null(mkdtemp(dir));
	assert_int_equal(in_child(dir, geteuid()), 0);
	assert_int_equal(in_child("/nonexistent/store", geteuid()), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(dir, NOBODY, NOBODY), 0);
		assert_int_equal(in_child(dir, NOBODY), 0);
	}
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_owner) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
