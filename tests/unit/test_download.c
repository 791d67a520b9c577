// SPDX-License-Identifier: GPL-2.0-or-later
/* Getting a firmware package from a server on loopback that behaves in every way. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <cmocka.h>

#include "dmsc-client/download.h"

#define SIZE 100000
#define PATH "0123456789abcdef"

/* --- the file system ------------------------------------------------------- */

static uint64_t fs_size, fs_free;	/* bytes; 0 = the real one's */
static unsigned int fs_looks, fs_full_at;	/* it is full from that look on; 0 = never */

int __real_fstatfs(int fd, struct statfs *fs);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __wrap_fstatfs(int fd, struct statfs *fs)
{
	int r = __real_fstatfs(fd, fs);

	fs_looks++;
	if (fs_size) {
		fs->f_bsize = 1;
		fs->f_blocks = fs_size;
		fs->f_bavail = fs_full_at && fs_looks >= fs_full_at ? 0 : fs_free;
	}
	return r;
}

static unsigned int syncs, sync_fails_at;	/* the disk breaks at that sync; 0 = never */

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	if (++syncs != sync_fails_at)
		return __real_fsync(fd);
	errno = EIO;
	return -1;
}

/* --- the server: one answer for each connection --- */

static struct {
	int fd;
	unsigned int port;
	pthread_t thread;
	int connections;
	char request[4096];		/* the last one */
	/* How it behaves. */
	const char *head;		/* a status line and headers instead of the file */
	size_t cut;			/* bytes of the body after which it hangs up; 0 = never */
	bool no_ranges;
	char first;			/* of the file: another one is another file */
	const char *etag;		/* "": none is sent */
	bool no_if_range;		/* it does not know that header */
	bool drips;			/* a byte now and then, for ever */
	long off;			/* added to where a range begins */
} srv;

static char byte_at(size_t i)
{
	return i ? (char)('a' + i % 23) : srv.first;
}

static void put(int fd, const char *s)
{
	(void)!write(fd, s, strlen(s));
}

static void send_body(int fd, size_t from)
{
	char body[SIZE];
	size_t n = 0, end = srv.cut && srv.cut < SIZE - from ? from + srv.cut : SIZE;

	for (size_t i = from; i < end; i++)
		body[n++] = byte_at(i);
	for (size_t i = 0; srv.drips && i < n && send(fd, body + i, 1, MSG_NOSIGNAL) == 1; i++)
		usleep(100000);
	if (srv.drips)
		return;
	for (size_t at = 0; at < n; ) {
		ssize_t w = write(fd, body + at, n - at);

		if (w < 0)
			return;
		at += (size_t)w;
	}
}

static void answer(int fd)
{
	const char *range = strstr(srv.request, "Range: bytes="), *ifr = strstr(srv.request, "If-Range: ");
	size_t from = range ? strtoul(range + 13, NULL, 10) : 0;
	char head[400], etag[40] = "";

	if (srv.etag[0])
		snprintf(etag, sizeof(etag), "ETag: %s\r\n", srv.etag);
	if (srv.no_if_range)
		ifr = NULL;
	if (srv.head) {
		put(fd, srv.head);
		return;
	}
	if (srv.no_ranges || (ifr && strncmp(ifr + 10, srv.etag, strlen(srv.etag))))
		from = 0;
	if (range && from >= SIZE)
		snprintf(head, sizeof(head), "HTTP/1.1 416 No\r\nContent-Range: bytes */%d\r\n"
			 "Content-Length: 0\r\n\r\n", SIZE);
	else if (from)
		snprintf(head, sizeof(head), "HTTP/1.1 206 Part\r\nContent-Range: bytes %lu-%d/%d\r\n"
			 "%sContent-Length: %lu\r\n\r\n", from + (size_t)srv.off, SIZE - 1,
			 SIZE, etag, SIZE - from);
	else
		snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n",
			 SIZE, etag);
	put(fd, head);
	if (!strncmp(head + 9, "20", 2))
		send_body(fd, from);
}

static void *serve(void *arg)
{
	for (;;) {
		int fd = accept(srv.fd, NULL, NULL);
		size_t n = 0;

		if (fd < 0)
			return NULL;
		srv.connections++;
		while (n < sizeof(srv.request) - 1) {
			ssize_t r = read(fd, srv.request + n, sizeof(srv.request) - 1 - n);

			if (r <= 0)
				break;
			n += (size_t)r;
			srv.request[n] = 0;
			if (strstr(srv.request, "\r\n\r\n")) {
				answer(fd);
				break;
			}
		}
		shutdown(fd, SHUT_WR);
		close(fd);
	}
}

static int group_setup(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	signal(SIGPIPE, SIG_IGN);
	srv.fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(srv.fd, (void *)&a, sizeof(a)) || listen(srv.fd, 8) ||
	    getsockname(srv.fd, (void *)&a, &len))
		return -1;
	srv.port = ntohs(a.sin_port);
	return pthread_create(&srv.thread, NULL, serve, NULL);
}

static int group_teardown(void **state)
{
	shutdown(srv.fd, SHUT_RDWR);
	pthread_join(srv.thread, NULL);
	close(srv.fd);
	return 0;
}

/* --- the client --- */

static struct {
	char dir[64], url[100];
	int fd;
	struct download d;
	struct download_end end;
	struct http_opts o;
	uint64_t seen, most;
	sig_atomic_t stop;
} me;

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
	assert_int_equal(total, SIZE);
	assert_true(done > me.seen);
	me.seen = done;
}

static int setup(void **state)
{
	memset(&me, 0, sizeof(me));
	srv.head = NULL;
	srv.cut = 0;
	srv.off = 0;
	srv.no_ranges = srv.no_if_range = srv.drips = false;
	srv.first = 'A';
	srv.etag = "\"one\"";
	fs_size = fs_free = fs_looks = fs_full_at = 0;
	syncs = sync_fails_at = 0;
	strcpy(me.dir, "/tmp/dmsc-dl-XXXXXX");
	if (!mkdtemp(me.dir))
		return -1;
	me.fd = open(me.dir, O_RDONLY | O_DIRECTORY);
	snprintf(me.url, sizeof(me.url), "http://127.0.0.1:%u/file", srv.port);
	me.o = (struct http_opts){ .allow_http = true, .connect_timeout_ms = 3000, .stop = &me.stop };
	me.d = (struct download){ .dir = me.fd, .path = PATH, .url = me.url, .max = 1 << 20,
				  .http = &me.o, .progress = on_progress };
	return 0;
}

static int teardown(void **state)
{
	char cmd[100];

	close(me.fd);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", me.dir);
	return system(cmd);
}

static bool there(const char *ending)
{
	char name[64];

	snprintf(name, sizeof(name), PATH ".%s", ending);
	return !faccessat(me.fd, name, F_OK, 0);
}

static void run(uint32_t code, bool retry, uint64_t size)
{
	me.seen = 0;
	download_run(&me.d, &me.end);
	assert_int_equal(me.end.code, code);
	assert_int_equal(me.end.retry, retry);
	assert_int_equal(me.end.size, size);
	assert_int_equal(me.end.reason[0] != 0, code != 200);
	/* Nothing is left of what cannot be gone on with. */
	assert_int_equal(there("pkg"), code == 200);
	assert_int_equal(there("part"), retry);
}

static void whole(void)
{
	char body[SIZE + 1];
	int fd = openat(me.fd, PATH ".pkg", O_RDONLY);
	struct stat st;

	assert_int_equal(read(fd, body, sizeof(body)), SIZE);
	for (size_t i = 0; i < SIZE; i++)
		assert_int_equal(body[i], byte_at(i));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	close(fd);
	assert_false(there("tag"));
}

static void at_once(void **state)
{
	int before = srv.connections;

	run(200, false, SIZE);
	assert_null(strstr(srv.request, "Range:"));
	assert_non_null(strstr(srv.request, "GET /file HTTP/1.1"));
	/* A part of what is compressed cannot be gone on with. */
	assert_null(strstr(srv.request, "Accept-Encoding"));
	assert_int_equal(me.seen, SIZE);
	whole();
	/* After a power cut before anybody knew. */
	run(200, false, SIZE);
	assert_int_equal(srv.connections, before + 1);
}

/* Rules: FUMO-10 */
static void in_parts(void **state)
{
	srv.cut = 30000;
	run(503, true, 30000);
	run(503, true, 60000);
	assert_non_null(strstr(srv.request, "Range: bytes=30000-"));
	assert_non_null(strstr(srv.request, "If-Range: \"one\""));
	srv.cut = 0;
	run(200, false, SIZE);
	assert_non_null(strstr(srv.request, "Range: bytes=60000-"));
	whole();
}

/* Rules: FUMO-10 */
static void another_file(void **state)
{
	srv.cut = 30000;
	run(503, true, 30000);
	srv.cut = 0;
	srv.etag = "\"two\"";
	srv.first = 'B';
	run(200, false, SIZE);
	whole();
}

/* Rules: FUMO-10 */
static void another_file_without_if_range(void **state)
{
	srv.no_if_range = true;
	another_file(state);
}

/* Rules: FUMO-10 */
static void nothing_tells_files_apart(void **state)
{
	srv.etag = "";
	srv.cut = 30000;
	run(503, true, 30000);
	srv.cut = 0;
	srv.first = 'B';
	run(200, false, SIZE);
	assert_null(strstr(srv.request, "Range:"));
	whole();
}

static void no_ranges(void **state)
{
	srv.no_ranges = true;
	srv.cut = 30000;
	run(503, true, 30000);
	run(503, true, 30000);
	srv.cut = 0;
	run(200, false, SIZE);
	whole();
}

/* Another part than the one that was asked for is put nowhere. */
static void wrong_part(void **state)
{
	int before;

	srv.cut = 30000;
	run(503, true, 30000);
	srv.cut = 0;
	srv.off = 1;
	before = srv.connections;
	run(200, false, SIZE);
	assert_int_equal(srv.connections, before + 2);
	whole();
}

/* The last byte came, the rename did not. */
static void all_there(void **state)
{
	int fd, n = 0;
	char *text = NULL;

	srv.cut = SIZE - 1;
	run(503, true, SIZE - 1);
	fd = openat(me.fd, PATH ".part", O_WRONLY | O_APPEND);
	text = (char[]){ byte_at(SIZE - 1) };
	n = (int)write(fd, text, 1);
	assert_int_equal(n, 1);
	close(fd);
	run(200, false, SIZE);
	whole();
	assert_non_null(strstr(srv.request, "Range: bytes=100000-"));
}

static void write_file(const char *ending, const char *text)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), PATH ".%s", ending);
	fd = openat(me.fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* What is there without a word of what it is a part of is a part of nothing. */
static void left_overs(void **state)
{
	static const char *const tags[] = { NULL, "", "x", "100000", "2\n\"one\"", "100000\n\x01" };

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		write_file("part", "garbage");
		if (tags[i])
			write_file("tag", tags[i]);
		run(200, false, SIZE);
		assert_null(strstr(srv.request, "Range:"));
		whole();
		assert_int_equal(unlinkat(me.fd, PATH ".pkg", 0), 0);
	}
}

/* Rules: FUMO-8 FUMO-11 */
static void refused(void **state)
{
	static const struct { const char *head; uint32_t code; bool retry; } table[] = {
		{ "HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nabc", 411, false },
		{ "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", 411, false },
		{ "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", 406, false },
		{ "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", 406, false },
		{ "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n", 400, false },
		{ "HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n", 407, true },
		{ "HTTP/1.1 429 Much\r\nContent-Length: 0\r\n\r\n", 503, true },
		{ "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 503, true },
		{ "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno", 503, true },
		{ "HTTP/1.1 204 None\r\n\r\n", 400, false },
		{ "HTTP/1.1 200 OK\r\n\r\nabc", 400, false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 400, false },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 400, false },
		{ "HTTP/1.1 302 There\r\nLocation: ftp://h/x\r\nContent-Length: 0\r\n\r\n", 411, false },
		{ "HTTP/1.1 302 There\r\nLocation: /file\r\nContent-Length: 0\r\n\r\n", 411, false },
		{ "HTTP/1.1 302 Where\r\nContent-Length: 0\r\n\r\n", 411, false },
		{ "HTTP/1.1 206 Part\r\nContent-Range: bytes 0-2/3\r\nContent-Length: 3\r\n\r\nabc", 402,
		  false },
		{ "HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n", 400, false },
		{ "garbage\r\n\r\n", 503, true },
		{ "", 503, true },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		srv.head = table[i].head;
		run(table[i].code, table[i].retry, 0);
	}
}

static void too_large(void **state)
{
	srv.head = "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\nabc";
	run(501, false, 0);
	assert_string_equal(me.end.reason, "the package is larger than update-max allows");
	/* Not even when it all would fit if nobody counted. */
	me.d.max = SIZE - 1;
	srv.head = NULL;
	run(501, false, 0);
	me.d.max = SIZE;
	run(200, false, SIZE);
}

/* Rules: FUMO-11 */
static void no_room(void **state)
{
	/* Small: 8 MiB stay free. */
	fs_size = 100ull << 20;
	fs_free = (8ull << 20) + SIZE - 1;
	run(501, false, 0);
	fs_free++;
	run(200, false, SIZE);
	assert_int_equal(unlinkat(me.fd, PATH ".pkg", 0), 0);
	/* Large: a twentieth. */
	fs_size = 1000ull << 20;
	fs_free = (50ull << 20) + SIZE - 1;
	run(501, false, 0);
	/* What is there already needs no more room. */
	srv.cut = 60000;
	fs_free = 60ull << 20;
	run(503, true, 60000);
	srv.cut = 0;
	fs_free = (50ull << 20) + SIZE - 60000;
	run(200, false, SIZE);
}

static void no_way(void **state)
{
	me.d.url = "http://127.0.0.1:1/x";
	run(503, true, 0);
	me.d.url = "ftp://127.0.0.1/x";
	run(411, false, 0);
	me.d.url = me.url;
	me.o.allow_http = false;
	run(411, false, 0);
	me.o.allow_http = true;
	me.stop = 1;
	run(503, true, 0);
	me.stop = 0;
	me.o.ca_file = "/nonexistent";
	run(400, false, 0);
}

/* Others wait meanwhile: an attempt has its end, and what came is gone on with. */
static void drips(void **state)
{
	me.o.total_timeout_ms = 1000;
	srv.drips = true;
	download_run(&me.d, &me.end);
	assert_int_equal(me.end.code, 407);
	assert_true(me.end.retry);
	assert_in_range(me.end.size, 1, 100);
	srv.drips = false;
	run(200, false, SIZE);
	assert_non_null(strstr(srv.request, "Range: bytes="));
	whole();
}

static void still_there(const char *ending, const char *text)
{
	char name[64], is[64] = "";
	int fd;

	snprintf(name, sizeof(name), PATH ".%s", ending);
	fd = openat(me.fd, name, O_RDONLY);
	assert_int_equal(read(fd, is, sizeof(is) - 1), strlen(text));
	assert_string_equal(is, text);
	close(fd);
}

/* Nobody else's file is written to by way of a name in the directory. */
static void links(void **state)
{
	write_file("victim", "safe");
	assert_int_equal(symlinkat(PATH ".victim", me.fd, PATH ".part"), 0);
	download_run(&me.d, &me.end);
	assert_int_equal(me.end.code, 400);
	assert_int_equal(me.end.retry, 0);
	assert_int_equal(unlinkat(me.fd, PATH ".part", 0), 0);
	assert_int_equal(mkdirat(me.fd, PATH ".part", 0700), 0);
	download_run(&me.d, &me.end);
	assert_int_equal(me.end.code, 400);
	assert_int_equal(unlinkat(me.fd, PATH ".part", AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(me.fd, PATH ".part", 0600), 0);
	download_run(&me.d, &me.end);
	assert_int_equal(me.end.code, 400);
	assert_int_equal(unlinkat(me.fd, PATH ".part", 0), 0);
	assert_int_equal(symlinkat(PATH ".victim", me.fd, PATH ".tag"), 0);
	run(400, false, 0);
	still_there("victim", "safe");
}

/* What the disk does is told as that, at every step: the file's tag, the file, its name. */
static void broken_disk(void **state)
{
	static const uint64_t came[] = { 0, SIZE };

	for (size_t i = 0; i < 2; i++) {
		syncs = 0;
		sync_fails_at = (unsigned int)i + 1;
		run(400, false, came[i]);
		assert_non_null(strstr(me.end.reason, strerror(EIO)));
	}
	/* The name has changed by then, and a power cut may take that back: all the same. */
	syncs = 0;
	sync_fails_at = 3;
	me.seen = 0;
	download_run(&me.d, &me.end);
	assert_int_equal(me.end.code, 400);
	assert_non_null(strstr(me.end.reason, strerror(EIO)));
	run(200, false, SIZE);
	whole();
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(at_once), T(in_parts), T(another_file), T(another_file_without_if_range),
		T(nothing_tells_files_apart), T(no_ranges), T(wrong_part), T(all_there),
		T(left_overs), T(refused), T(too_large), T(no_room), T(no_way), T(drips), T(links),
		T(broken_disk),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
