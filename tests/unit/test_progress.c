// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dmsc-helper's progress files: whole, readable by all, not too often, gone at the end;
 * and dmsc-agent, which sees the first one, too.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The programs' own files: they are not part of the library. */
#include "dmsc-agent/progress.c"
#include "dmsc-helper/progress.c"

static char top[] = "/tmp/dmsc-test-progress-XXXXXX", dir[64];
static struct progress p;

static const char *content(const char *name)
{
	static char text[1024];
	char path[128];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (!f)
		return "";
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	return text;
}

static unsigned int files(void)
{
	DIR *d = opendir(dir);
	unsigned int n = 0;

	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
		n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	if (d)
		closedir(d);
	return n;
}

static void written_for_all_and_removed(void **state)
{
	struct stat st;
	char path[128];
	mode_t mask = umask(077);

	progress_init(&p, dir, "uicc0");
	assert_int_equal(files(), 0);
	progress_write(&p, 1000, "dm.example.net", "receiving ./Big", 10, 100);
	assert_string_equal(content("uicc0"), "server dm.example.net\nwhat receiving ./Big\ndone 10\ntotal 100\n");
	snprintf(path, sizeof(path), "%s/uicc0", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	umask(mask);
	assert_int_equal(files(), 1);
	progress_end(&p);
	assert_int_equal(files(), 0);
}

static void at_most_two_a_second(void **state)
{
	unsigned int writes = 0;
	char before[1024] = "";

	progress_init(&p, dir, "pending");
	for (unsigned int i = 0; i < 100; i++) {
		progress_write(&p, 5000 + i * 10, "s", "w", i, 100);
		if (strcmp(before, content("pending"))) {
			snprintf(before, sizeof(before), "%s", content("pending"));
			writes++;
		}
	}
	assert_int_equal(writes, 2);
	/* The end is told at once. */
	progress_write(&p, 6000, "s", "w", 100, 100);
	assert_string_equal(content("pending"), "server s\nwhat w\ndone 100\ntotal 100\n");
	/* And that only once: a flood of ends is no more than another. */
	progress_write(&p, 6000, "s", "another", 100, 100);
	assert_string_equal(content("pending"), "server s\nwhat w\ndone 100\ntotal 100\n");
	/* One that does not know how much there is does not end so. */
	progress_write(&p, 6001, "s", "w", 0, 0);
	assert_string_equal(content("pending"), "server s\nwhat w\ndone 100\ntotal 100\n");
	progress_end(&p);
}

static void left_behind(void **state)
{
	progress_init(&p, dir, "uicc1");
	progress_write(&p, 1000, "s", "w", 1, 2);
	assert_int_equal(files(), 1);
	progress_init(&p, dir, "uicc2");
	assert_int_equal(files(), 1);	/* another's */
	progress_init(&p, dir, "uicc1");
	assert_int_equal(files(), 0);
}

/* Nobody of others may write there; but should somebody, nothing of theirs is overwritten. */
static void links_are_not_followed(void **state)
{
	char path[128], kept[128];

	progress_init(&p, dir, "uicc0");
	progress_write(&p, 1000, "s", "w", 1, 2);
	snprintf(kept, sizeof(kept), "%s/kept", top);
	snprintf(path, sizeof(path), "%s/.uicc0", dir);
	close(open(kept, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(symlink(kept, path), 0);
	progress_write(&p, 9000, "s", "w", 2, 3);
	assert_int_equal(access(kept, F_OK), 0);
	assert_string_equal(content("../kept"), "");
	progress_end(&p);
	assert_int_equal(files(), 0);
	assert_int_equal(unlink(kept), 0);
}

/* The directory is new, and a file is in it before the agent has looked. */
static void first_one_is_shown(void **state)
{
	struct progress_view v;

	rmdir(dir);
	progress_view_init(&v, dir, false);
	progress_init(&p, dir, "uicc0");
	progress_write(&p, 1000, "dm.example.net", "receiving ./Big", 5, 20);
	progress_take(&v, true, 1000);
	assert_int_equal(v.next_ms, 1000 + PROGRESS_RARELY_MS);		/* it was */
	progress_end(&p);
	progress_view_fini(&v);
}

/* Nor is there what the directory will be in, when the agent begins. */
static void the_directorys_own_comes_late(void **state)
{
	struct progress_view v;
	char parent[80], in[96];

	snprintf(parent, sizeof(parent), "%s/run", top);
	snprintf(in, sizeof(in), "%s/progress", parent);
	progress_view_init(&v, in, false);
	assert_int_equal(mkdir(parent, 0755), 0);
	progress_take(&v, true, 1000);
	progress_init(&p, in, "uicc0");
	progress_write(&p, 1000, "dm.example.net", "receiving ./Big", 5, 20);
	progress_take(&v, true, 2000);
	assert_int_equal(v.next_ms, 2000 + PROGRESS_RARELY_MS);
	progress_end(&p);
	progress_view_fini(&v);
	rmdir(in);
	rmdir(parent);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_for_all_and_removed),
		cmocka_unit_test(at_most_two_a_second),
		cmocka_unit_test(left_behind),
		cmocka_unit_test(links_are_not_followed),
		cmocka_unit_test(first_one_is_shown),
		cmocka_unit_test(the_directorys_own_comes_late),
	};
	int r;

	if (!mkdtemp(top))
		return 1;
	snprintf(dir, sizeof(dir), "%s/progress", top);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	rmdir(top);
	return r;
}
