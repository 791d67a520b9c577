// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of management objects behind programs: the input is what the
 * program answers, to "describe" and then to each request, FF FE between them. The
 * objects are installed, read, checked, run and told; what is sent must be lines of
 * the protocol, and the tree stays one.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mo/hook_int.h"
#include "mo/library.h"
#include "util/owner.h"
#include "util/str.h"
#include "world.h"

/* No program: the far end of its socket is here. */
static int far_start(struct hook_io *io, int exe, const char *path);
static int far_send(struct hook_io *io, int64_t deadline);
#define hook_io_start far_start
#define hook_io_send far_send
#define owner_root_alone(fd, directory) 0

#include "mo/hook.c"

#undef hook_io_start
#undef hook_io_send

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALLS 24		/* of one input */

static int far = -1;
static struct slice answers;	/* not given yet */

static int far_start(struct hook_io *io, int exe, const char *path)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds))
		abort();
	io->fd = fds[0];
	far = fds[1];
	io->name = path;
	io->pid = 0;
	buf_init(&io->in, 2 * MO_HOOK_LINE_MAX);
	buf_init(&io->out, 0);
	return 0;
}

/* Whole lines of a verb and words, and nothing that could pass for another line's end. */
static void must_be_lines(struct slice s)
{
	static const char *const verbs[] = { "describe", "get", "check", "exec", "set", "gone", "commit" };
	struct slice line, word;

	if (!s.n || s.p[s.n - 1] != '\n' || !str_utf8_valid(s))
		abort();
	s.n--;
	while (str_split(&s, '\n', &line)) {
		size_t i = 0;

		if (line.n >= MO_HOOK_LINE_MAX)
			abort();
		for (size_t k = 0; k < line.n; k++)
			if (line.p[k] < ' ' || line.p[k] == 0x7f)
				abort();
		word = hook_word(&line);
		while (i < 7 && !slice_eq_str(word, verbs[i]))
			i++;
		if (i == 7 || (i > 0 && i < 6) != (str_starts(line, "./") != 0))
			abort();
	}
}

/* The next answer is there as soon as the request is; the end of all is the program's. */
static int far_send(struct hook_io *io, int64_t deadline)
{
	const uint8_t *end = answers.n ? memmem(answers.p, answers.n, "\xff\xfe", 2) : NULL;
	struct slice now = slice_of(answers.p, end ? (size_t)(end - answers.p) : answers.n);

	if (io->fd < 0)
		return -EPIPE;
	must_be_lines(buf_slice(&io->out));
	buf_reset(&io->out);
	if (now.n && send(far, now.p, now.n, MSG_NOSIGNAL) != (ssize_t)now.n)
		abort();
	answers = end ? slice_of(end + 2, answers.n - now.n - 2) : SLICE_NONE;
	if (!end)
		shutdown(far, SHUT_WR);
	return 0;
}

static void must_be_status(enum dm_status st)
{
	if (st && (st < 200 || st > 599))
		abort();
}

/* Reads, sets and runs what there is, as servers would. */
static void play(struct mo_set *set, struct dm_tree *t, struct slice value)
{
	struct dm_node *root = dm_tree_root(t), *n;
	unsigned int calls = 0;
	struct buf out = BUF_INIT;

	for (n = root; n && calls < CALLS; n = dm_tree_next(root, n)) {
		if (!n->ddf || n == root || str_starts(slice_str(n->name), "Dev"))
			continue;
		calls++;
		if (n->ddf->flags & DMSC_LIVE) {
			buf_reset(&out);
			must_be_status(mo_set_read(set, n, &out));
			if (out.len > DM_VALUE_MAX)
				abort();
		}
		if (n->format == DM_FMT_NODE)
			continue;
		must_be_status(mo_set_check(set, n->parent, slice_str(n->name), n->format, value));
		must_be_status(mo_set_exec(set, n, value, slice_of(value.p, value.n % 64)));
		if (dm_tree_set_value(t, n, n->format, slice_str(n->type ? n->type : ""), value, WORLD_NOW))
			continue;
		if (calls % 4 == 0) {
			if (mo_set_collect(set, t))
				abort();
			dm_tree_committed(t);
			mo_set_tell(set);
		}
	}
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mo_facts facts = { .dev_id = WORLD_DEVICE, .man = "fuzz" };
	/* All that will come is there already: waiting shows nothing. */
	static const struct mo_hook_limits limits = { 3, 3, 1000 };
	struct mo_set *set = mo_set_new(&facts);
	struct dm_tree *t = dm_tree_new();

	if (!set || !t)
		abort();
	log_init("fuzz", (enum log_level)0);
	answers = slice_of(data, size);
	if (!mo_hook_add(set, "/dev/null", &limits)) {
		if (mo_set_install(set, t, WORLD_NOW))
			abort();
		world_check(t);
		dm_tree_committed(t);
		play(set, t, slice_of(data, size < 200 ? size : 200));
		world_check(t);
	}
	dm_tree_free(t);
	mo_set_free(set);
	close(far);
	far = -1;
	return 0;
}
