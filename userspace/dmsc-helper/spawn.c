// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starts dmsc-client confined. The order matters: namespaces and mounts need
 * root, then identity goes, then the way back; the child itself adds the
 * system call filter before it reads the first byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "dmsc-helper/helper.h"
#include "util/log.h"

#define CHILD_USER "dmsc"

struct identity {
	uid_t uid;
	gid_t gid;
};

/* The steps return NULL or the name of what failed, with errno set. */

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
	int fds[NMACHINE];

	umask(022);		/* for others to look at; the child gets its own later */
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
	return what;
}

/* Everything read-only but the store. The bind makes the store a mount of its own. */
static const char *confine_mounts(const char *store)
{
	const char *what;

	struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };
	struct mount_attr rw = { .attr_set = MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID,
				 .attr_clr = MOUNT_ATTR_RDONLY };

	if (unshare(CLONE_NEWNS))
		return "mount namespace";
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return "private mounts";
	if (mount(store, store, NULL, MS_BIND, NULL))
		return "store mount";
	what = confine_sys();
	if (what)
		return what;
	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &ro, sizeof(ro)))
		return "read-only mounts";
	if (mount_setattr(AT_FDCWD, store, 0, &rw, sizeof(rw)))
		return "writable store";
	return NULL;
}

static const char *confine_fds(int sock)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return "/dev/null";
	if (sock == IPC_CHILD_FD) {
		if (fcntl(sock, F_SETFD, 0))
			return "socket";
	} else if (dup2(sock, IPC_CHILD_FD) < 0) {
		return "socket";
	}
	return close_range(IPC_CHILD_FD + 1, ~0U, 0) ? "descriptors" : NULL;
}

static const char *confine_limits(void)
{
	static const struct {
		int what;
		rlim_t max;
	} limits[] = {
		{ RLIMIT_CORE, 0 },			/* no secrets on disk */
		{ RLIMIT_FSIZE, 256UL << 20 },
		{ RLIMIT_NOFILE, 128 },
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

static const char *confine_identity(const struct identity *id)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };
	int cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return "capability bounding set";
	if (setgroups(0, NULL) || setresgid(id->gid, id->gid, id->gid) ||
	    setresuid(id->uid, id->uid, id->uid))
		return "user " CHILD_USER;
	if (syscall(SYS_capset, &head, none))
		return "capabilities";
	if (setuid(0) == 0 || setgid(0) == 0) {
		errno = EPERM;
		return "giving up root";
	}
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? "no new privileges" : NULL;
}

/* A helper that is killed takes its children along: SIGTERM lets a session say 1223. */
static const char *confine_life(pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0))
		return "parent death signal";
	if (getppid() != parent) {
		errno = ESRCH;
		return "parent";
	}
	return NULL;
}

static void __attribute__((noreturn))
child_exec(const struct helper *h, const char *mode, bool network, int sock,
	   const struct identity *id, pid_t parent)
{
	char stream[64];
	const char *journal = getenv("JOURNAL_STREAM"), *what;
	char *argv[] = { (char *)h->client, (char *)mode, (char *)"--config",
			 (char *)h->conf_path, NULL };
	char *env[] = { (char *)"PATH=/usr/bin:/bin", (char *)"LANG=C.UTF-8", NULL, NULL };

	if (journal) {	/* log lines carry their priority then */
		snprintf(stream, sizeof(stream), "JOURNAL_STREAM=%s", journal);
		env[2] = stream;
	}
	what = !network && unshare(CLONE_NEWNET) ? "network namespace" : NULL;
	if (!what)
		what = confine_mounts(h->conf.store);
	if (!what)
		what = confine_fds(sock);
	if (!what)
		what = confine_limits();
	if (!what)
		what = confine_identity(id);
	if (!what)
		what = confine_life(parent);
	if (!what) {
		umask(077);
		if (chdir("/"))
			what = "chdir";
	}
	if (!what) {
		execve(h->client, argv, env);
		what = h->client;
	}
	log_err("%s not started: %s: %s; nothing was read or changed", mode, what,
		strerror(errno));
	_exit(HELPER_SANDBOX);
}

int child_spawn(const struct helper *h, const char *mode, bool network, struct child *out)
{
	const struct passwd *pw = getpwnam(CHILD_USER);
	struct identity id;
	pid_t parent = getpid(), pid;
	int fds[2], r;

	if (!pw || pw->pw_uid == 0) {
		log_err("there is no user " CHILD_USER " to run %s as", mode);
		return -ENOENT;
	}
	id = (struct identity){ pw->pw_uid, pw->pw_gid };
	/* The store belongs to the child's user; made here, for /var/lib is root's. */
	if (mkdir(h->conf.store, 0700) == 0 && chown(h->conf.store, id.uid, id.gid)) {
		r = -errno;
		log_err("%s: %s", h->conf.store, strerror(-r));
		return r;
	}
	r = ipc_pair(fds);
	if (r)
		return r;
	pid = fork();
	if (pid < 0) {
		r = -errno;
		close(fds[0]);
		close(fds[1]);
		return r;
	}
	if (pid == 0)
		child_exec(h, mode, network, fds[1], &id, parent);
	close(fds[1]);
	*out = (struct child){ pid, fds[0] };
	return 0;
}

void child_forget(struct child *c)
{
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct child)CHILD_NONE;
}
