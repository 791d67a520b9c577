// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sessions: those that are to be, with what kept them from it so far, and the journal of
 * those that were: names and codes, for a value is not in it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "dmscctl/ctl.h"
#include "store/firmware.h"
#include "store/store.h"
#include "store/wish.h"
#include "util/json.h"
#include "util/str.h"

#define SESSIONS_SHOWN 20
#define PROGRESS_DIR "/run/dmsc/progress"	/* dmsc-helper's: lines "key value" */
#define PROGRESS_MAX 1024

static const char *const columns[] = { "id", "server", "cause", "state", "started", "ended",
				       "messages", "attempts", "next", "reason" };

/* --- how far something long has come --- */

/* The value behind @key in lines "key value". */
static bool line_of(struct slice text, const char *key, char *out, size_t size)
{
	size_t n = strlen(key);

	while (text.n) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		struct slice line = slice_of(text.p, end ? (size_t)(end - text.p) : text.n);

		if (line.n > n && !memcmp(line.p, key, n) && line.p[n] == ' ')
			return !str_copy(out, size, slice_of(line.p + n + 1, line.n - n - 1));
		if (!end)
			break;
		text = slice_of(end + 1, text.n - line.n - 1);
	}
	return false;
}

/* What the file says of @server: "receiving X: 5 of 20 bytes". */
static bool progress_read(int dir, const char *name, const char *server, char *out, size_t size)
{
	char text[PROGRESS_MAX], of[STORE_SERVER_MAX], what[160], done[24], total[24];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	struct slice s;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	s = slice_of(text, (size_t)n);
	if (!line_of(s, "server", of, sizeof(of)) || strcmp(of, server) ||
	    !line_of(s, "what", what, sizeof(what)) || !line_of(s, "done", done, sizeof(done)) ||
	    !line_of(s, "total", total, sizeof(total)))
		return false;
	if (strcmp(total, "0"))
		snprintf(out, size, "%s: %s of %s bytes", what, done, total);
	else
		snprintf(out, size, "%s: %s bytes", what, done);
	return true;
}

static const char *progress_of(const char *server, char *out, size_t size)
{
	DIR *d = opendir(PROGRESS_DIR);
	struct dirent *e;
	bool found = false;

	out[0] = 0;
	while (d && !found && (e = readdir(d)))
		found = e->d_name[0] != '.' &&
			progress_read(dirfd(d), e->d_name, server, out, size);
	if (d)
		closedir(d);
	return out;
}

/* --- the list --- */

static void row(struct table *t, const char *id, const char *server, const char *cause,
		const char *state)
{
	table_cell(t, "%s", id);
	table_cell(t, "%s", server);
	table_cell(t, "%s", cause[0] ? cause : "-");
	table_cell(t, "%s", state);
}

static int on_wish(void *ctx, const struct store_wish *w)
{
	struct table *t = ctx;

	row(t, "-", w->server, w->cause, store_wish_phase_name(w->phase));
	ctl_cell_time(t, w->first);
	table_cell(t, "-");
	table_cell(t, "-");
	table_cell(t, "%u", w->attempts);
	ctl_cell_time(t, w->phase == STORE_WISH_PENDING ? w->next_attempt : 0);
	table_cell(t, "%s", w->reason);
	return 0;
}

/* A card's own wish; what is done or refused is in "state". */
static int on_card(void *ctx, const struct store_card *k)
{
	struct table *t = ctx;

	if (!k->server[0] ||
	    (k->phase != STORE_CARD_PENDING && k->phase != STORE_CARD_FAILED))
		return 0;
	row(t, "-", k->server, STORE_CAUSE_CARD, store_card_phase_name(k->phase));
	table_cell(t, "-");
	table_cell(t, "-");
	table_cell(t, "-");
	table_cell(t, "%u", k->attempts);
	ctl_cell_time(t, k->phase == STORE_CARD_PENDING ? k->next_attempt : 0);
	table_cell(t, "%s", k->reason);
	return 0;
}

/* An update that is under way: its end is told in a session. */
static int on_firmware(void *ctx, const struct store_firmware *f)
{
	bool loading = f->phase == STORE_FIRMWARE_DOWNLOADING;
	struct table *t = ctx;
	char progress[256] = "";

	if (!store_firmware_open(f->phase))
		return 0;
	if (loading)
		progress_of(f->server, progress, sizeof(progress));
	row(t, "-", f->server, STORE_CAUSE_FIRMWARE, store_firmware_phase_name(f->phase));
	ctl_cell_time(t, f->created);
	table_cell(t, "-");
	table_cell(t, "-");
	table_cell(t, "%u", f->attempts);
	ctl_cell_time(t, loading && !progress[0] ? f->next_attempt : 0);
	table_cell(t, "%s", progress[0] ? progress : f->reason);
	return 0;
}

static const char *state_of(const struct store_session *j)
{
	return j->outcome[0] ? j->outcome : "running or killed";
}

static int on_session(void *ctx, const struct store_session *j)
{
	struct table *t = ctx;
	char id[24], progress[256];

	snprintf(id, sizeof(id), "%" PRId64, j->id);
	row(t, id, j->server_id, j->cause, state_of(j));
	ctl_cell_time(t, j->started);
	ctl_cell_time(t, j->ended);
	table_cell(t, "%u", j->messages);
	table_cell(t, "-");
	table_cell(t, "-");
	table_cell(t, "%s", j->ended ? j->reason :
		   progress_of(j->server_id, progress, sizeof(progress)));
	return 0;
}

int ctl_session_list(const struct ctl *c)
{
	struct store *s = NULL;
	struct table t;
	int rc = ctl_store_open(c, &s), r = 0;

	if (rc)
		return rc;
	table_init(&t, c->json, columns, sizeof(columns) / sizeof(columns[0]));
	if (s)
		r = store_wish_each(s, on_wish, &t);
	if (s && !r)
		r = store_card_each(s, on_card, &t);
	if (s && !r)
		r = store_firmware_each(s, on_firmware, &t);
	if (s && !r)
		r = store_session_each(s, SESSIONS_SHOWN, on_session, &t);
	table_print(&t);
	store_close(s);
	return r ? CTL_STORE : CTL_OK;
}

/* --- one of them --- */

struct show {
	int64_t id;
	bool as_json;
	struct store_session found;
	struct table notes;
	struct buf json;
	size_t n;
};

static int find(void *ctx, const struct store_session *j)
{
	struct show *x = ctx;

	if (j->id != x->id)
		return 0;
	x->found = *j;
	return 1;
}

static int on_note(void *ctx, const struct store_note *n)
{
	struct show *x = ctx;

	x->n++;
	if (!x->as_json) {
		table_cell(&x->notes, "%s", n->op);
		table_cell(&x->notes, "%s", n->uri);
		table_cell(&x->notes, "%d", n->status);
		return 0;
	}
	json_comma(&x->json);
	buf_put_u8(&x->json, '{');
	json_key(&x->json, "op");
	json_string(&x->json, slice_str(n->op));
	json_key(&x->json, "uri");
	json_string(&x->json, slice_str(n->uri));
	json_key(&x->json, "status");
	buf_printf(&x->json, "\"%d\"}", n->status);
	return 0;
}

static void member(struct buf *out, const char *key, const char *value)
{
	json_key(out, key);
	json_string(out, slice_str(value));
}

static const char *date(int64_t when, char out[32])
{
	time_t sec = when;
	struct tm tm;

	snprintf(out, 32, "-");
	if (when && gmtime_r(&sec, &tm))
		strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

static void print_json(struct show *x)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char text[32];

	buf_put_u8(&b, '{');
	snprintf(text, sizeof(text), "%" PRId64, x->found.id);
	member(&b, "id", text);
	member(&b, "server", x->found.server_id);
	member(&b, "cause", x->found.cause);
	member(&b, "state", state_of(&x->found));
	member(&b, "started", date(x->found.started, text));
	member(&b, "ended", date(x->found.ended, text));
	snprintf(text, sizeof(text), "%u", x->found.messages);
	member(&b, "messages", text);
	snprintf(text, sizeof(text), "%u", x->found.notes);
	member(&b, "operations", text);
	member(&b, "reason", x->found.reason);
	json_key(&b, "notes");
	printf("%s[%s]}\n", buf_cstr(&b), buf_cstr(&x->json));
}

static void print_text(struct show *x)
{
	static const char *const names[] = { "id", "server", "cause", "state", "started", "ended",
					     "messages", "reason" };
	const struct store_session *j = &x->found;
	struct table t;

	table_init(&t, false, names, sizeof(names) / sizeof(names[0]));
	table_cell(&t, "%" PRId64, j->id);
	table_cell(&t, "%s", j->server_id);
	table_cell(&t, "%s", j->cause[0] ? j->cause : "-");
	table_cell(&t, "%s", state_of(j));
	ctl_cell_time(&t, j->started);
	ctl_cell_time(&t, j->ended);
	table_cell(&t, "%u", j->messages);
	table_cell(&t, "%s", j->reason);
	table_print(&t);
	if (x->n)
		putchar('\n');
	table_print(&x->notes);
	if (j->notes > x->n)
		printf("... and %zu more, which are not kept\n", j->notes - x->n);
}

int ctl_session_show(const struct ctl *c, const char *id)
{
	static const char *const names[] = { "op", "uri", "status" };
	struct show x = { .as_json = c->json, .json = BUF_INIT };
	struct store *s = NULL;
	uint64_t number;
	int rc, r = 0;

	if (str_parse_u64(slice_str(id), &number) || number > INT64_MAX) {
		fputs("dmscctl: session show wants a number of session list\n", stderr);
		return CTL_USAGE;
	}
	rc = ctl_store_open(c, &s);
	if (rc)
		return rc;
	x.id = (int64_t)number;
	table_init(&x.notes, false, names, 3);
	if (s)
		r = store_session_each(s, 0, find, &x);
	if (r == 1) {
		r = store_note_each(s, x.id, on_note, &x);
		c->json ? print_json(&x) : print_text(&x);
		rc = r ? CTL_STORE : CTL_OK;
	} else {
		fprintf(stderr, "dmscctl: there is no session %s in the journal\n", id);
		rc = r ? CTL_STORE : CTL_FAILED;
	}
	buf_fini(&x.json);
	store_close(s);
	return rc;
}

/* Noted by who may write the store; the rest is dmsc-helper's. */
int ctl_session_start(const struct ctl *c, const char *server)
{
	const char *argv[10] = { "dmsc-client" };
	size_t n = 1;

	if (strcmp(c->conf_path, CONF_PATH)) {
		argv[n++] = "--" "config";
		argv[n++] = c->conf_path;
	}
	argv[n++] = "--" "store";
	argv[n++] = c->store;
	argv[n++] = "want";
	argv[n++] = "--" "server";
	argv[n++] = server;
	execv(DMSC_PREFIX "/bin/dmsc-client", (char **)argv);
	execvp("dmsc-client", (char **)argv);
	fprintf(stderr, "dmscctl: dmsc-client: %s\n", strerror(errno));
	return CTL_FAILED;
}
