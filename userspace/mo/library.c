// SPDX-License-Identifier: GPL-2.0-or-later
/* Objects in shared libraries; what one does is up to it, for it is our process. */
#include "mo/library.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mo/mo_int.h"
#include "util/log.h"
#include "util/owner.h"
#include "util/str.h"

#define STRING(x) #x
#define NAME(x) STRING(x)

/*
 * The loader knows a library by its path, and ours is a number of a descriptor: as
 * long as one is loaded no other may get that number, or it would be taken for it.
 */
struct library {
	void *handle;
	int fd;
};

/* What the loader knows @l by. */
static void path_of(const struct library *l, char path[40])
{
	snprintf(path, 40, "/proc/self/fd/%d", l->fd);
}

static void unload(void *arg)
{
	struct library *l = arg;
	void *still = NULL;
	char path[40];

	path_of(l, path);
	if (l->handle) {
		dlclose(l->handle);
		still = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
	}
	/* One that says it cannot be unloaded (many in C++ do) keeps its number, too. */
	if (still)
		dlclose(still);
	else
		close(l->fd);
	free(l);
}

/* Takes @l. 0 also for one that says itself that there is nothing to manage here. */
static int load(struct mo_set *s, struct library *l, const char *name)
{
	const struct dmsc_mo *(*entry)(void) = NULL;
	const struct dmsc_mo *mo = NULL;
	char path[40];

	/* The file that was looked at, whatever its name has come to mean since. */
	path_of(l, path);
	l->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!l->handle) {
		log_err("management object %s: not loaded: %s", name, dlerror());
	} else {
		*(void **)&entry = dlsym(l->handle, NAME(DMSC_MO_ENTRY));
		if (!entry)
			log_err("management object %s: not loaded: it has no " NAME(DMSC_MO_ENTRY)
				"(): it is none, or for another version of dmsc", name);
		mo = entry ? entry() : NULL;
	}
	if (mo)
		return mo_set_add(s, mo, unload, l);
	unload(l);
	return 0;
}

static void add_file(struct mo_set *s, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int rc = fd < 0 ? -errno : owner_root_alone(fd, false);
	struct library *l = rc ? NULL : malloc(sizeof(*l));

	if (l) {
		*l = (struct library){ .fd = fd };
		rc = load(s, l, name);
	} else {
		if (fd >= 0)
			close(fd);
		rc = rc ? rc : -ENOMEM;
	}
	if (rc)
		log_err("management object %s: not loaded: %s", name, mo_strerror(rc));
}

static int is_library(const struct dirent *d)
{
	return d->d_name[0] != '.' && str_ends(slice_str(d->d_name), ".so");
}

size_t mo_libraries_add(struct mo_set *s, const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **names = NULL;
	size_t before = mo_set_count(s);
	int n, rc = fd < 0 ? -errno : owner_root_alone(fd, true);

	if (rc == -ENOENT)
		return 0;
	n = rc ? -1 : scandirat(fd, ".", &names, is_library, alphasort);
	if (n < 0)
		log_err("management objects of %s: not loaded: %s", dir, rc == -EPERM ?
			"the directory is not root's, or others may write it" :
			strerror(rc ? -rc : errno));
	for (int i = 0; i < n; i++) {
		add_file(s, fd, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	if (fd >= 0)
		close(fd);
	return mo_set_count(s) - before;
}
