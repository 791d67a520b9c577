// SPDX-License-Identifier: GPL-2.0-or-later
/* Giving up rights, step by step; who takes which steps, and when, is the callers' matter. */
#include "util/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int confine_user(struct confine_id *out)
{
	const struct passwd *pw = getpwnam(CONFINE_USER);

	if (!pw || pw->pw_uid == 0)
		return -ENOENT;
	*out = (struct confine_id){ pw->pw_uid, pw->pw_gid };
	return 0;
}

const char *confine_network(void)
{
	return unshare(CLONE_NEWNET) ? "network namespace" : NULL;
}

/* --- mounts ---------------------------------------------------------------- */

/* What describes the machine, readable by everybody; DevInfo and DevDetail are made of it. */
static const char *const machine[] = { "/sys/class/dmi/id", "/sys/firmware/devicetree/base" };
#define NMACHINE (sizeof(machine) / sizeof(machine[0]))

/* Puts the mount @fd at @path of a /sys that is empty but for it. */
static bool show_machine(int fd, const char *path)
{
	char dir[64];

	snprintf(dir, sizeof(dir), "%s", path);
	for (char *slash = dir + strlen("/sys/"); slash; slash = strchr(slash + 1, '/')) {
		bool inner = *slash == '/';

		if (inner)
			*slash = 0;
		if (inner && mkdir(dir, 0755) && errno != EEXIST)
			return false;
		if (inner)
			*slash = '/';
	}
	return (!mkdir(dir, 0755) || errno == EEXIST) &&
	       !move_mount(fd, "", AT_FDCWD, dir, MOVE_MOUNT_F_EMPTY_PATH);
}

/* /sys shows the machine and nothing else, least of all the cards. */
static const char *confine_sys(void)
{
	const char *what = NULL;
	mode_t mask = umask(022);	/* for others to look at */
	int fds[NMACHINE];

	for (size_t i = 0; i < NMACHINE; i++)	/* of most machines one is there */
		fds[i] = open_tree(AT_FDCWD, machine[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (mount("none", "/sys", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, "size=4k,mode=755"))
		what = "hiding /sys";
	for (size_t i = 0; i < NMACHINE; i++) {
		if (fds[i] < 0)
			continue;
		if (!what && !show_machine(fds[i], machine[i]))
			what = machine[i];
		close(fds[i]);
	}
	umask(mask);
	return what;
}

/*
 * Of another user's processes not even the names; of this user's own those alone
 * that let themselves be looked into, which the children do not.
 */
static const char *confine_proc(void)
{
	return mount("proc", "/proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, "hidepid=2") ?
		"hiding processes" : NULL;
}

/* The bind makes the store a mount of its own. */
const char *confine_mounts(const char *store)
{
	const char *what;

	struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };
	struct mount_attr rw = { .attr_set = MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
				 .attr_clr = MOUNT_ATTR_RDONLY };

	if (unshare(CLONE_NEWNS))
		return "mount namespace";
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return "private mounts";
	if (store && mount(store, store, NULL, MS_BIND, NULL))
		return "store mount";
	what = confine_sys();
	if (!what)
		what = confine_proc();
	if (what)
		return what;
	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &ro, sizeof(ro)))
		return "read-only mounts";
	if (store && mount_setattr(AT_FDCWD, store, 0, &rw, sizeof(rw)))
		return "writable store";
	return NULL;
}

/* --- the process ----------------------------------------------------------- */

const char *confine_limits(unsigned long file_size)
{
	const struct {
		int what;
		rlim_t max;
	} limits[] = {
		{ RLIMIT_CORE, 0 },			/* no secrets on disk */
		{ RLIMIT_FSIZE, file_size ? file_size : 256UL << 20 },
		{ RLIMIT_NOFILE, 128 },
		{ RLIMIT_NPROC, 256 },			/* of the user: hooks and resolvers, too */
		{ RLIMIT_DATA, 512UL << 20 },
		{ RLIMIT_MEMLOCK, 64UL << 10 },
	};
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit l = { limits[i].max, limits[i].max };

		if (setrlimit(limits[i].what, &l))
			return "resource limits";
	}
	return NULL;
}

const char *confine_identity(const struct confine_id *id)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };
	int cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return "capability bounding set";
	if (setgroups(0, NULL))
		return "groups";
	if (id && (setresgid(id->gid, id->gid, id->gid) || setresuid(id->uid, id->uid, id->uid)))
		return "user";
	if (syscall(SYS_capset, &head, none))
		return "capabilities";
	if (id && (setuid(0) == 0 || setgid(0) == 0)) {
		errno = EPERM;
		return "giving up root";
	}
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? "no new privileges" : NULL;
}
