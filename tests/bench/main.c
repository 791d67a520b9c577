// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The benchmark's measuring program; tests/bench/run calls it, one measure a
 * process. It prints "name value" lines and knows no target.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "util/str.h"

static int write_file(const char *path, const struct buf *b)
{
	FILE *f = fopen(path, "we");
	int err = 0;

	if (!f)
		return -errno;
	if (fwrite(b->data, 1, b->len, f) != b->len)
		err = -EIO;
	return fclose(f) ? -errno : err;
}

/* gen xml|wbxml N LEAVES MESSAGE TREE: both as files, for dmsc-client replay. */
static int gen(enum codec_format f, unsigned int n, unsigned int leaves, const char *message,
	       const char *tree)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int err = bench_message(&b, f, n, leaves);

	if (!err)
		err = write_file(message, &b);
	buf_reset(&b);
	if (!err)
		err = bench_tnds(&b, CODEC_WBXML, leaves);
	return err ? err : write_file(tree, &b);
}

static long peak_rss_kb(void)
{
	char line[128];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

static double cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* One message on a fresh tree. *ns: processor time of it, the tree's making apart. */
static int once(enum codec_format f, struct slice msg, unsigned int n, unsigned int leaves,
		double *ns)
{
	struct bench_engine e;
	struct dm_tree *t = dm_tree_new();
	double start;
	int err = t ? bench_tree(t, leaves) : -ENOMEM;

	if (err) {
		dm_tree_free(t);
		return err;
	}
	dm_tree_committed(t);
	err = bench_engine_init(&e, f, t, NULL, NULL);
	start = cpu_ns();
	if (!err)
		err = bench_engine_run(&e, f, msg, BENCH_NOW + 1);
	*ns = cpu_ns() - start;
	/* Every command must have been run, and be answered. */
	if (!err && (dm_session_result(e.session)->commands != n || (n && e.out.len < n * 20ul)))
		err = -EPROTO;
	bench_engine_fini(&e);
	dm_tree_free(t);
	return err;
}

/* run xml|wbxml N LEAVES ROUNDS: the fastest of them, in a process without preloading. */
static int run(enum codec_format f, unsigned int n, unsigned int leaves, unsigned int rounds)
{
	_cleanup_buf_ struct buf msg = BUF_INIT;
	double best = 0;
	int err = bench_message(&msg, f, n, leaves);

	for (unsigned int i = 0; i < rounds && !err; i++) {
		double ns;

		err = once(f, buf_slice(&msg), n, leaves, &ns);
		if (!i || ns < best)
			best = ns;
	}
	if (!err)
		printf("bytes_per_message %zu\nns %.0f\npeak_rss_kb %ld\n", msg.len, best, peak_rss_kb());
	return err;
}

/* make xml|wbxml N LEAVES: what run does beside the run, to be taken off its count. */
static int make(enum codec_format f, unsigned int n, unsigned int leaves)
{
	_cleanup_buf_ struct buf msg = BUF_INIT;

	return bench_message(&msg, f, n, leaves);
}

static int usage(void)
{
	fputs("usage: bench gen xml|wbxml N LEAVES MESSAGE TREE\n"
	      "       bench run xml|wbxml N LEAVES ROUNDS\n"
	      "       bench make xml|wbxml N LEAVES\n"
	      "       bench durable xml|wbxml DIR LEAVES CHANGES ROUNDS\n", stderr);
	return 2;
}

static bool number(const char *s, unsigned int *out)
{
	return str_parse_uint(s, out) == 0 && *out <= 10000000;
}

int main(int argc, char **argv)
{
	enum codec_format f = argc > 2 && !strcmp(argv[2], "wbxml") ? CODEC_WBXML : CODEC_XML;
	unsigned int a, b, c;
	int err;

	mallopt(M_MMAP_THRESHOLD, 128 << 10);	/* as dmsc-client does */
	if (argc == 7 && !strcmp(argv[1], "durable") && number(argv[4], &a) && number(argv[5], &b) &&
	    number(argv[6], &c) && a && b && c > 3)
		return bench_durable(argv[3], f, a, b, c);
	if (argc == 7 && !strcmp(argv[1], "gen") && number(argv[3], &a) && number(argv[4], &b) && b)
		err = gen(f, a, b, argv[5], argv[6]);
	else if (argc == 6 && !strcmp(argv[1], "run") && number(argv[3], &a) && number(argv[4], &b) &&
		 number(argv[5], &c) && b && c)
		err = run(f, a, b, c);
	else if (argc == 5 && !strcmp(argv[1], "make") && number(argv[3], &a) && number(argv[4], &b) && b)
		err = make(f, a, b);
	else
		return usage();
	if (err)
		fprintf(stderr, "bench: %s\n", strerror(-err));
	return err ? 1 : 0;
}
