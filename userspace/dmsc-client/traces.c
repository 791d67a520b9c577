// SPDX-License-Identifier: GPL-2.0-or-later
/* Which traces are kept; the contract is in traces.h. What is in one, record.c writes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "dmsc-client/traces.h"
#include "util/log.h"
#include "util/str.h"

#define LOOKS_MAX 1024	/* directories that go in one session; more of them in the next */

static int dir_open(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A trace is a directory of files. What else is in it keeps it. */
static void remove_trace(int at, const char *name)
{
	int fd = dir_open(at, name);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (fd >= 0 && !d)
		close(fd);
	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	if (unlinkat(at, name, AT_REMOVEDIR))
		log_warn("the old trace %s cannot be removed: %s", name, strerror(errno));
}

/* The name of the oldest, or 0, and how many there are. */
static size_t look(int at, uint64_t *oldest)
{
	int fd = dir_open(at, ".");
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	uint64_t id;
	size_t n = 0;

	*oldest = 0;
	if (fd >= 0 && !d)
		close(fd);
	while (d && (e = readdir(d))) {
		if (str_parse_u64(slice_str(e->d_name), &id) || !id)
			continue;
		n++;
		if (!*oldest || id < *oldest)
			*oldest = id;
	}
	if (d)
		closedir(d);
	return n;
}

/* A journal that began anew counts from 1: whatever is there under our number is older. */
static void make_room(int at, const char *name)
{
	uint64_t oldest, last = 0;
	char old[24];

	if (!faccessat(at, name, F_OK, AT_SYMLINK_NOFOLLOW))
		remove_trace(at, name);
	for (int i = 0; i < LOOKS_MAX && look(at, &oldest) >= TRACES_KEPT && oldest != last; i++) {
		snprintf(old, sizeof(old), "%" PRIu64, oldest);
		remove_trace(at, old);
		last = oldest;
	}
}

int traces_place(const char *store, int64_t id, char out[TRACES_PATH_MAX])
{
	char name[24];
	int n = snprintf(out, TRACES_PATH_MAX, "%s/traces", store), fd;

	if (n >= TRACES_PATH_MAX - (int)sizeof(name))
		return -ENAMETOOLONG;
	if (mkdir(out, 0700) && errno != EEXIST)
		return -errno;
	fd = dir_open(AT_FDCWD, out);
	if (fd < 0)
		return fd;
	snprintf(name, sizeof(name), "%" PRId64, id);
	make_room(fd, name);
	close(fd);
	snprintf(out + n, TRACES_PATH_MAX - (size_t)n, "/%s", name);
	return 0;
}
