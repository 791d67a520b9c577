// SPDX-License-Identifier: GPL-2.0-or-later
#include "store_dir.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int store_dir_name(char dir[STORE_DIR_MAX])
{
	strcpy(dir, "/tmp/dmsc-test-store-XXXXXX");
	return mkdtemp(dir) ? rmdir(dir) : -1;
}

int store_dir_remove(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	return rmdir(dir);
}
