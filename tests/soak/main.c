// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sessions in a row within one process, each from opening the store to closing it, for
 * tests/soak/run: soak STORE DEVICE-ID SESSIONS EVERY SERVER...
 *
 * Every EVERY sessions a line of figures goes to stdout and a line is waited for on stdin, so
 * that nothing moves while the other side looks at the store. A server named "dead.*" must
 * not answer, all others must.
 */
#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "dmsc-client/client.h"
#include "store/alert.h"
#include "util/log.h"

int __wrap_main(int argc, char **argv);		/* in place of dmsc-client's */

static off_t wal_max;

static int open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = -3;		/* ".", ".." and the directory itself */

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static long resident_kb(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (!f || fscanf(f, "%*d %ld", &pages) != 1)
		pages = -1;
	if (f)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void look_at_log(const char *dir)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/" STORE_FILE "-wal", dir);
	if (!stat(path, &st) && st.st_size > wal_max)
		wal_max = st.st_size;
}

static void quiet(void *ctx, const char *line)
{
}

/* Something to tell, another each time: the session takes it out of the store. */
static int alert_put(struct store *s, const char *server, unsigned long n)
{
	struct store_alert a = { .code = 1226, .format = "int", .mark = "minor" };
	char text[32];

	snprintf(a.server, sizeof(a.server), "%s", server);
	snprintf(a.type, sizeof(a.type), "Reversed-Domain-Name: org.example.soak");
	a.data = slice_of(text, (size_t)snprintf(text, sizeof(text), "%lu", n));
	return store_alert_put(s, &a, 1);
}

/* 0 when the @n-th session ended as it should. */
static int one(const char *dir, const char *device_id, const char *server, unsigned long n)
{
	struct client_session_opts o = {
		.server_id = server, .device_id = device_id, .allow_http = true, .wbxml = n & 1,
		.cause = STORE_CAUSE_HAND, .by_hand = true, .say = quiet,
		.connect_timeout_ms = 5000, .total_timeout_ms = 20000,
	};
	struct client_session_result r = { .outcome = CLIENT_STORE };
	bool dead = !strncmp(server, "dead.", 5);
	struct store *s = NULL;
	struct conf c;

	conf_defaults(&c);
	o.objects = client_objects_new(&c, device_id);
	if (!o.objects || store_open(dir, STORE_WRITE, 10000, &s))
		return -1;
	if (dead || !alert_put(s, server, n))
		(void)!client_session_run(s, &o, &r);
	look_at_log(dir);
	store_close(s);
	mo_set_free(o.objects);
	if (r.outcome == (dead ? CLIENT_NETWORK : CLIENT_OK))
		return 0;
	fprintf(stderr, "soak: session with %s: %s: %s\n", server,
		client_outcome_name(r.outcome), r.reason);
	return -1;
}

static int figures(unsigned long done)
{
	char line[16];
	struct mallinfo2 m;

	malloc_trim(0);
	m = mallinfo2();
	printf("%lu %ld %zu %d %lld\n", done, resident_kb(), m.uordblks + m.hblkhd, open_files(),
	       (long long)wal_max);
	fflush(stdout);
	return fgets(line, sizeof(line), stdin) ? 0 : -1;
}

int __wrap_main(int argc, char **argv)
{
	static char in[64], out[256];
	unsigned long n, sessions, every;

	if (argc < 6) {
		fprintf(stderr, "usage: soak STORE DEVICE-ID SESSIONS EVERY SERVER...\n");
		return 1;
	}
	sessions = strtoul(argv[3], NULL, 10);
	every = strtoul(argv[4], NULL, 10);
	if (!sessions || !every)
		return 1;
	/* Buffers of our own would count as grown with the first line. */
	setvbuf(stdin, in, _IOFBF, sizeof(in));
	setvbuf(stdout, out, _IOFBF, sizeof(out));
	log_init("soak", LOG_LVL_ERR);
	for (n = 0; n < sessions; n++) {
		const char *server = argv[5 + n % (unsigned long)(argc - 5)];

		if (one(argv[1], argv[2], server, n))
			return 1;
		if (!((n + 1) % every) && figures(n + 1))
			return 1;
	}
	return 0;
}
