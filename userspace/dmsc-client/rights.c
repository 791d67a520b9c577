// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a person's command gives up before it looks at what a server or card
 * wrote: as the helper's children, as far as the caller had it. Root becomes the
 * store's owner; what root alone may open is opened before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "dmsc-client/children.h"
#include "dmsc-client/client.h"
#include "mo/hook.h"
#include "util/confine.h"
#include "util/log.h"

#define NOTHING "nothing was read or changed"

bool client_rights_systems(const struct client_args *a)
{
	return !a->config && !strcmp(a->store, a->conf.store);
}

/*
 * Whose @path is: *other false when it is root's own, or not there. CLIENT_OK or
 * the exit code.
 */
static int owner_of(const char *path, struct confine_id *id, bool *other)
{
	struct stat st;

	*other = false;
	if (stat(path, &st) < 0) {
		if (errno == ENOENT)
			return CLIENT_OK;
		log_err("%s: %s", path, strerror(errno));
		return CLIENT_STORE;
	}
	*other = st.st_uid != 0;
	*id = (struct confine_id){ st.st_uid, st.st_gid };
	return CLIENT_OK;
}

/* The store is made while its directory's parent can still be written to. */
static int make_store(const struct client_args *a, struct confine_id *id, bool *other)
{
	int r;

	if (client_rights_systems(a)) {
		r = confine_user(id);
		if (r) {
			log_err("there is no user " CONFINE_USER ", whose the store %s is; " NOTHING, a->store);
			return CLIENT_SANDBOX;
		}
		*other = true;
	}
	if (mkdir(a->store, 0700) < 0)
		return CLIENT_OK;	/* there, and root's own; or store_open() says what is wrong */
	if (!*other || chown(a->store, id->uid, id->gid) == 0)
		return CLIENT_OK;
	log_err("%s: %s", a->store, strerror(errno));
	return CLIENT_STORE;
}

static int confine(const char *store, const struct confine_id *id, bool network, int give_fd)
{
	const char *what;
	bool denied;

	if (id && give_fd >= 0 && fchown(give_fd, id->uid, id->gid)) {
		log_err("what is written cannot be given to the store's owner: %s", strerror(errno));
		return CLIENT_CONFIG;
	}
	what = network ? NULL : confine_network();
	denied = what && errno == EPERM;

	if (!what)
		what = confine_mounts(store);
	denied = denied || (what && errno == EPERM);
	/* In a container root may make no namespaces; the rest holds there, too. */
	if (!what || denied)
		what = confine_limits(0);
	if (!what)
		what = confine_identity(id);
	if (!what)
		return CLIENT_OK;
	log_err("%s: %s; " NOTHING, what, strerror(errno));
	return CLIENT_SANDBOX;
}

int client_rights_store(const struct client_args *a, enum store_mode mode, bool network, int give_fd)
{
	struct confine_id id = { 0 };
	bool other;
	struct stat st;
	int rc;

	if (geteuid() != 0)
		return CLIENT_OK;
	rc = owner_of(a->store, &id, &other);
	if (!rc && !other && mode == STORE_WRITE)
		rc = make_store(a, &id, &other);
	if (rc)
		return rc;
	return confine(stat(a->store, &st) ? NULL : a->store, other ? &id : NULL, network,
		       give_fd);
}

int client_rights_replay(const char *input, int give_fd)
{
	struct confine_id id = { 0 };
	bool other;
	int rc;

	if (geteuid() != 0)
		return CLIENT_OK;
	rc = owner_of(input, &id, &other);
	if (rc)
		return CLIENT_CONFIG;
	return confine(NULL, other ? &id : NULL, false, give_fd);
}

int client_rights_filter(bool network)
{
#ifndef __SANITIZE_ADDRESS__	/* whose look for leaks is a process that traces this one */
	pid_t hooks[MO_HOOKS_RUNNING_MAX];
	int r = seccomp_enter(network, hooks, mo_hooks_running(hooks));

	if (r) {
		log_err("no system call filter: %s; " NOTHING, strerror(-r));
		return CLIENT_SANDBOX;
	}
#endif
	return CLIENT_OK;
}

int client_rights_keep(const char *path, int flags, char out[CLIENT_KEPT_MAX])
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	snprintf(out, CLIENT_KEPT_MAX, "/proc/self/fd/%d", fd);
	return fd;
}
