// SPDX-License-Identifier: GPL-2.0-or-later
/* Shows progress files; see progress.h. Who writes them is dmsc-helper. */
#include "dmsc-agent/progress.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "util/str.h"
#include "util/text.h"

#define FILE_MAX 1024
#define LEVELS 2	/* of /run/dmsc/progress: what may have to come first is below /run */
#define WORDS_MAX 200	/* of a server's name, and of what it is */

struct state {
	char server[WORDS_MAX], what[WORDS_MAX];
	uint64_t done, total;
};

/*
 * The directory comes with the first file in it, or at boot; until then what it will be in
 * is watched, and while that is not there or not open to us, what that will be in.
 */
static void watch(struct progress_view *v)
{
	char parent[256];
	char *slash;
	int up = -1;

	v->watch = inotify_add_watch(v->fd, v->dir, IN_MOVED_TO | IN_DELETE | IN_ONLYDIR);
	if (v->watch >= 0 || snprintf(parent, sizeof(parent), "%s", v->dir) >= (int)sizeof(parent))
		return;
	for (int i = 0; up < 0 && i < LEVELS; i++) {
		slash = strrchr(parent, '/');
		if (!slash || slash == parent)
			return;
		*slash = 0;
		up = inotify_add_watch(v->fd, parent, IN_CREATE | IN_ATTRIB | IN_ONLYDIR);
	}
}

void progress_view_init(struct progress_view *v, const char *dir, bool screen)
{
	*v = (struct progress_view){ .dir = dir ? dir : PROGRESS_VIEW_DIR, .screen = screen,
				     .watch = -1 };
	v->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (v->fd >= 0)
		watch(v);
}

void progress_view_fini(struct progress_view *v)
{
	if (v->fd >= 0)
		close(v->fd);
	v->fd = -1;
}

int progress_fd(const struct progress_view *v)
{
	return v->fd;
}

void progress_break(struct progress_view *v)
{
	if (v->line)
		printf("\n");
	v->line = false;
}

/* One "key value" line; what is not known is passed over. */
static void line_take(struct state *s, struct slice line)
{
	struct slice key;

	if (!str_split(&line, ' ', &key) || !slice_present(line))
		return;
	if (slice_eq_str(key, "server"))
		text_printable(line, s->server, sizeof(s->server));
	else if (slice_eq_str(key, "what"))
		text_printable(line, s->what, sizeof(s->what));
	else if (slice_eq_str(key, "done"))
		(void)!str_parse_u64(line, &s->done);
	else if (slice_eq_str(key, "total"))
		(void)!str_parse_u64(line, &s->total);
}

/* False: it went again, or says nothing. */
static bool state_read(const struct progress_view *v, const char *name, struct state *s)
{
	char path[512], text[FILE_MAX];
	struct slice rest, line;
	ssize_t n;
	int fd;

	*s = (struct state){ .done = 0 };
	if (name[0] == '.' || snprintf(path, sizeof(path), "%s/%s", v->dir, name) >= (int)sizeof(path))
		return false;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n <= 0)
		return false;
	rest = slice_of(text, (size_t)n);
	while (str_split(&rest, '\n', &line))
		line_take(s, line);
	return s->what[0];
}

/* No figure is worth a second line: a terminal that is too narrow wraps. */
static void show(struct progress_view *v, const struct state *s)
{
	if (v->screen)
		printf("\r\033[K");
	printf("    %s: %s, %" PRIu64, s->server, s->what, s->done);
	if (s->total && s->done <= s->total)
		printf(" of %" PRIu64 " bytes (%u %%)", s->total,
		       (unsigned int)((double)s->done * 100 / (double)s->total));
	else
		printf(" bytes");
	if (!v->screen)
		printf("\n");
	v->line = v->screen;
	fflush(stdout);
}

static void look(struct progress_view *v, const char *name, bool may_show, int64_t now_ms)
{
	struct state s;

	if (!may_show || (!v->screen && now_ms < v->next_ms) || !state_read(v, name, &s))
		return;
	show(v, &s);
	v->next_ms = now_ms + PROGRESS_RARELY_MS;
}

/* What was written before the directory was watched, which nobody will tell of. */
static void look_at_all(struct progress_view *v, bool may_show, int64_t now_ms)
{
	DIR *d = v->watch < 0 ? NULL : opendir(v->dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		look(v, e->d_name, may_show, now_ms);
	if (d)
		closedir(d);
}

static void event(struct progress_view *v, const struct inotify_event *ev, bool may_show,
		  int64_t now_ms)
{
	if (v->watch < 0 || ev->mask & IN_IGNORED) {	/* it came, or went */
		watch(v);
		look_at_all(v, may_show, now_ms);
		return;
	}
	if (ev->wd != v->watch || !ev->len)
		return;
	if (ev->mask & IN_DELETE && may_show) {
		progress_break(v);
		fflush(stdout);
	} else if (ev->mask & IN_MOVED_TO) {
		look(v, ev->name, may_show, now_ms);
	}
}

void progress_take(struct progress_view *v, bool may_show, int64_t now_ms)
{
	_Alignas(struct inotify_event) char buf[4096];
	ssize_t n = read(v->fd, buf, sizeof(buf));

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *ev = (const struct inotify_event *)(buf + at);

		event(v, ev, may_show, now_ms);
		at += (ssize_t)(sizeof(*ev) + ev->len);
	}
}
