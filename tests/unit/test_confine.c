// SPDX-License-Identifier: GPL-2.0-or-later
/* util/confine: what is left of root after each step. Only root can try; others skip. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/confine.h"

#define NOBODY 65534

static char store[] = "/tmp/confine-XXXXXX";

/* Exit status of a process that ran @fn: 0 as it should be, 77 not possible here. */
static int in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect_ok(int (*fn)(void))
{
	int r = in_child(fn);

	if (r == 77)
		skip();
	assert_int_equal(r, 0);
}

static uint64_t capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	if (syscall(SYS_capget, &head, d))
		return UINT64_MAX;
	return d[0].effective | d[0].permitted | d[0].inheritable | d[1].effective | d[1].permitted |
	       d[1].inheritable;
}

static int become_nobody(void)
{
	const struct confine_id id = { NOBODY, NOBODY };

	if (confine_identity(&id))
		return 1;
	if (getuid() != NOBODY || geteuid() != NOBODY || getegid() != NOBODY || getgroups(0, NULL))
		return 2;
	if (capabilities() || prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 0)
		return 3;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 4;
	return setuid(0) == 0 || setgid(0) == 0 ? 5 : 0;
}

/* Root that stays root has none of root's rights. */
static int stay_root(void)
{
	if (confine_identity(NULL))
		return 1;
	if (getuid() || capabilities() || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 2;
	return chown(store, NOBODY, NOBODY) == 0 || errno != EPERM ? 3 : 0;
}

static int denied(const char *path, int flags, int err)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0 || errno != err)
		printf("%s: %s\n", path, fd < 0 ? strerror(errno) : "opened");
	return fd >= 0 || errno != err;
}

static int mounts(void)
{
	const char *what = confine_mounts(store);
	char path[64];
	struct dirent *e;
	DIR *d;

	if (what) {
		printf("%s: %s\n", what, strerror(errno));
		return errno == EPERM ? 77 : 1;
	}
	if (denied("/tmp/x", O_WRONLY | O_CREAT, EROFS) || denied("/etc/x", O_WRONLY | O_CREAT, EROFS) ||
	    denied("/proc/sys/kernel/core_pattern", O_WRONLY, EROFS) ||
	    denied("/sys/class/uicc", O_RDONLY, ENOENT) || denied("/sys/kernel", O_RDONLY, ENOENT) ||
	    denied("/sys/x", O_WRONLY | O_CREAT, EROFS))
		return 2;
	d = opendir("/sys");
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && strcmp(e->d_name, "class") && strcmp(e->d_name, "firmware"))
			return 3;
	snprintf(path, sizeof(path), "%s/x", store);
	if (open(path, O_WRONLY | O_CREAT | O_EXCL, 0700) < 0 || unlink(path))
		return 4;
	snprintf(path, sizeof(path), "/proc/%d/status", getppid());
	if (access("/proc/self/status", R_OK) || become_nobody())
		return 5;
	/* Not even their names. */
	return denied(path, O_RDONLY, ENOENT) || denied("/proc/1/cmdline", O_RDONLY, ENOENT) ? 6 : 0;
}

static int nothing_writable(void)
{
	const char *what = confine_mounts(NULL);
	char path[64];

	if (what)
		return errno == EPERM ? 77 : 1;
	snprintf(path, sizeof(path), "%s/x", store);
	return denied(path, O_WRONLY | O_CREAT, EROFS);
}

static int network(void)
{
	if (confine_network())
		return errno == EPERM ? 77 : 1;
	/* Loopback is all there is. */
	struct if_nameindex *i = if_nameindex();

	return !i || !i[0].if_index || strcmp(i[0].if_name, "lo") || i[1].if_index;
}

static int limits(void)
{
	struct rlimit l;

	if (confine_limits(0))
		return 1;
	if (getrlimit(RLIMIT_CORE, &l) || l.rlim_max || getrlimit(RLIMIT_NPROC, &l) || l.rlim_max > 1024 ||
	    getrlimit(RLIMIT_FSIZE, &l) || l.rlim_max > 1UL << 30)
		return 2;
	return 0;
}

static void identity(void **state)
{
	expect_ok(become_nobody);
	expect_ok(stay_root);
}

static void mount_tree(void **state)
{
	expect_ok(mounts);
	expect_ok(nothing_writable);
}

static void no_network(void **state)
{
	expect_ok(network);
}

static void resources(void **state)
{
	expect_ok(limits);
}

static int setup(void **state)
{
	return mkdtemp(store) ? 0 : -1;
}

static int teardown(void **state)
{
	return rmdir(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity), cmocka_unit_test(mount_tree),
		cmocka_unit_test(no_network), cmocka_unit_test(resources),
	};

	if (geteuid()) {
		puts("1..0 # skipped: only root can give up what root has");
		return 0;
	}
	return cmocka_run_group_tests_name("confine", tests, setup, teardown);
}
