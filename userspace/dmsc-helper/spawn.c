// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starts dmsc-client confined. The order matters: namespaces and mounts need
 * root, then identity goes, then the way back; the child itself adds the
 * system call filter before it reads the first byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "dmsc-helper/helper.h"
#include "util/child_env.h"
#include "util/confine.h"
#include "util/log.h"

/* The steps return NULL or the name of what failed, with errno set, as those of util/confine.h. */

static const char *confine_fds(int sock, int conf)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), low;

	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return "/dev/null";
	/* Out of the way of both numbers first. */
	low = fcntl(sock, F_DUPFD_CLOEXEC, IPC_CONF_FD + 1);
	if (low < 0 || dup2(conf, IPC_CONF_FD) < 0 || fcntl(IPC_CONF_FD, F_SETFD, 0))
		return "configuration";
	if (dup2(low, IPC_CHILD_FD) < 0)
		return "socket";
	return close_range(IPC_CONF_FD + 1, ~0U, 0) ? "descriptors" : NULL;
}

/* Nothing stored can be read either, though it is the child's user's. */
static const char *confine_store(const char *store)
{
	if (mount("none", store, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NOEXEC | MS_NODEV,
		  "size=4k,mode=755") && errno != ENOENT)
		return "hiding the store";
	return NULL;
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
child_exec(const struct helper *h, const char *mode, bool network, int sock, int conf,
	   const struct confine_id *id, pid_t parent)
{
	char *argv[] = { (char *)h->client, (char *)mode, NULL };
	char *env[CHILD_ENV_MAX];
	const char *what = child_env_make(env, network) ? "environment" : NULL;

	if (!what && !network)
		what = confine_network();
	if (!what)
		what = confine_mounts(h->hide_store ? NULL : h->conf.store);
	if (!what && h->hide_store)
		what = confine_store(h->conf.store);
	if (!what)
		what = confine_fds(sock, conf);
	if (!what)
		what = confine_limits(strcmp(mode, "download-child") ? 0 :
				      (unsigned long)h->conf.update_max_mib << 20);
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
	struct confine_id id;
	pid_t parent = getpid(), pid;
	int fds[2], conf, r;

	r = confine_user(&id);
	if (r) {
		log_err("there is no user " CONFINE_USER " to run %s as", mode);
		return r;
	}
	/* The store belongs to the child's user; made here, for /var/lib is root's. */
	if (!h->hide_store && mkdir(h->conf.store, 0700) == 0 && chown(h->conf.store, id.uid, id.gid)) {
		r = -errno;
		log_err("%s: %s", h->conf.store, strerror(-r));
		return r;
	}
	conf = conf_to_fd(&h->conf);
	if (conf < 0)
		return conf;
	r = ipc_pair(fds);
	if (r) {
		close(conf);
		return r;
	}
	pid = fork();
	if (pid < 0) {
		r = -errno;
		close(conf);
		close(fds[0]);
		close(fds[1]);
		return r;
	}
	if (pid == 0)
		child_exec(h, mode, network, fds[1], conf, &id, parent);
	close(conf);
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
