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

#include "util/log.h"
#include "util/str.h"

#define STRING(x) #x
#define NAME(x) STRING(x)

int mo_file_trusted(int fd, bool directory)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (directory ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		return -EINVAL;
	return st.st_uid || st.st_mode & (S_IWGRP | S_IWOTH) ? -EPERM : 0;
}

static void unload(void *handle)
{
	dlclose(handle);
}

static int load(struct mo_set *s, int fd, const char *name)
{
	const struct dmsc_mo *(*entry)(void);
	const struct dmsc_mo *mo;
	char path[40];
	void *handle;

	/* The file that was looked at, whatever its name has come to mean since. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		log_err("management object %s: %s", name, dlerror());
		return 0;
	}
	*(void **)&entry = dlsym(handle, NAME(DMSC_MO_ENTRY));
	mo = entry ? entry() : NULL;
	if (!mo) {
		if (!entry)
			log_err("management object %s: no symbol %s", name, NAME(DMSC_MO_ENTRY));
		dlclose(handle);
		return 0;
	}
	return mo_set_add(s, mo, unload, handle);
}

static int add_file(struct mo_set *s, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int rc = fd < 0 ? -errno : mo_file_trusted(fd, false);

	if (!rc)
		rc = load(s, fd, name);
	if (rc)
		log_err("management object %s: not loaded: %s", name, rc == -EPERM ?
			"it is not root's, or others may write it" : strerror(-rc));
	if (fd >= 0)
		close(fd);
	return rc;
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
	int n, rc = fd < 0 ? -errno : mo_file_trusted(fd, true);

	if (rc == -ENOENT)
		return 0;
	n = rc ? -1 : scandirat(fd, ".", &names, is_library, alphasort);
	if (n < 0)
		log_err("management objects of %s: not loaded: %s", dir, rc == -EPERM ?
			"the directory is not root's, or others may write it" :
			strerror(rc ? -rc : errno));
	for (int i = 0; i < n; i++) {
		(void)!add_file(s, fd, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	if (fd >= 0)
		close(fd);
	return mo_set_count(s) - before;
}
