// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * net/http against a small server on loopback: what is sent, what comes back,
 * and each class of failure. TLS is tested with the real server in tests/client.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/http.h"

/* --- the server: one thread, one connection after the other --- */

static struct {
	int fd;
	unsigned int port;
	pthread_t thread;
	int connections;
	char request[8192];	/* the last one, head and body */
} srv;

/* False when the peer closed. */
static bool read_request(int fd)
{
	char req[sizeof(srv.request)] = "";
	size_t n = 0;
	char *body = NULL;
	size_t want = 0;

	while (!body || n < want) {
		ssize_t r = read(fd, req + n, sizeof(req) - 1 - n);
		const char *len;

		/* A TLS handshake record gets no answer here. */
		if (r <= 0 || req[0] == 0x16)
			return false;
		n += (size_t)r;
		body = strstr(req, "\r\n\r\n");
		len = strstr(req, "Content-Length: ");
		if (body && len)
			want = (size_t)(body + 4 - req) + (size_t)atol(len + 16);
	}
	memcpy(srv.request, req, sizeof(req));
	return true;
}

static void put(int fd, const char *s)
{
	(void)!write(fd, s, strlen(s));
}

static void put_big(int fd)
{
	char line[1024];

	put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 102400\r\n\r\n");
	memset(line, 'x', sizeof(line));
	for (int i = 0; i < 100; i++) {
		if (write(fd, line, sizeof(line)) < 0)
			return;
	}
}

/* True to keep the connection. */
static bool answer(int fd)
{
	if (strstr(srv.request, "POST /ok ")) {
		put(fd, "HTTP/1.1 200 OK\r\nContent-Type: Application/Vnd.Syncml.DM+xml; charset=utf-8\r\n"
			"X-SyncML-HMAC: algorithm=MD5, username=\"s\", mac=abc==\r\n"
			"Content-Length: 5\r\n\r\nhello");
		return true;
	}
	if (strstr(srv.request, "POST /two-macs ")) {
		put(fd, "HTTP/1.1 200 OK\r\nx-syncml-hmac: mac=a\r\nX-SYNCML-HMAC:mac=b \r\n"
			"Content-Length: 0\r\n\r\n");
		return true;
	}
	if (strstr(srv.request, "POST /interim ")) {
		put(fd, "HTTP/1.1 102 Wait\r\nx-syncml-hmac: mac=a\r\n\r\n"
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
		return true;
	}
	if (strstr(srv.request, "POST /long-mac ")) {
		char line[1024];

		memset(line, 'x', sizeof(line));
		put(fd, "HTTP/1.1 200 OK\r\nx-syncml-hmac: ");
		(void)!write(fd, line, sizeof(line));
		put(fd, "\r\nContent-Length: 0\r\n\r\n");
		return true;
	}
	if (strstr(srv.request, "POST /moved ")) {
		put(fd, "HTTP/1.1 307 Moved\r\nLocation: https://other.example.net/dm\r\n"
			"Content-Length: 0\r\n\r\n");
		return true;
	}
	if (strstr(srv.request, "POST /busy ")) {
		put(fd, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
		return true;
	}
	if (strstr(srv.request, "POST /big "))
		put_big(fd);
	else if (strstr(srv.request, "POST /slow "))
		sleep(2);
	else if (strstr(srv.request, "POST /short "))
		put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
	else if (strstr(srv.request, "POST /nonsense "))
		put(fd, "this is no HTTP at all\r\n\r\n");
	return false;
}

static void *serve(void *arg)
{
	for (;;) {
		int fd = accept(srv.fd, NULL, NULL);

		if (fd < 0)
			return NULL;
		srv.connections++;
		while (read_request(fd) && answer(fd))
			;
		close(fd);
	}
}

static int start_server(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	signal(SIGPIPE, SIG_IGN);
	srv.fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(srv.fd, (struct sockaddr *)&a, len) < 0 || listen(srv.fd, 8) < 0 ||
	    getsockname(srv.fd, (struct sockaddr *)&a, &len) < 0)
		return -1;
	srv.port = ntohs(a.sin_port);
	return pthread_create(&srv.thread, NULL, serve, NULL);
}

static int stop_server(void **state)
{
	shutdown(srv.fd, SHUT_RDWR);
	pthread_join(srv.thread, NULL);
	return close(srv.fd);
}

/* --- helpers --- */

static struct http *new_http(const struct http_opts *o)
{
	struct http *h = NULL;

	assert_int_equal(http_new(o, &h), 0);
	return h;
}

static int post(struct http *h, const char *path, struct http_response *r)
{
	char url[128];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", srv.port, path);
	return http_post(h, url, "application/vnd.syncml.dm+wbxml", NULL, SLICE_LIT("\2\0body"), r);
}

static const struct http_opts plain = { .allow_http = true };

/* --- tests --- */

/* Rules: HTTP-8 */
static void test_post_and_answer(void **state)
{
	struct http *h = new_http(&plain);
	struct http_response r;
	const char *body;

	http_response_init(&r);
	assert_int_equal(post(h, "/ok", &r), 0);
	assert_int_equal(r.err, HTTP_OK);
	assert_int_equal(r.status, 200);
	assert_string_equal(r.error, "");
	assert_string_equal(r.content_type, "application/vnd.syncml.dm+xml");
	assert_string_equal(r.hmac, "algorithm=MD5, username=\"s\", mac=abc==");
	assert_true(slice_eq_str(buf_slice(&r.body), "hello"));
	assert_non_null(strstr(srv.request, "Content-Type: application/vnd.syncml.dm+wbxml\r\n"));
	assert_non_null(strstr(srv.request, "Accept: application/vnd.syncml.dm+wbxml\r\n"));
	assert_non_null(strstr(srv.request, "User-Agent: dmsc/"));
	assert_non_null(strstr(srv.request, "Cache-Control: no-store\r\n"));
	assert_null(strstr(srv.request, "Expect:"));
	assert_null(strstr(srv.request, "x-syncml-hmac"));
	body = strstr(srv.request, "\r\n\r\n") + 4;
	assert_memory_equal(body, "\2\0body", 6);
	http_response_fini(&r);
	http_free(h);
}

/* Rules: HTTP-8 */
static void test_hmac_header(void **state)
{
	struct http *h = new_http(&plain);
	struct http_response r;
	char url[64];

	http_response_init(&r);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/ok", srv.port);
	assert_int_equal(http_post(h, url, "a/b", "algorithm=MD5, mac=x", SLICE_LIT(""), &r), 0);
	assert_non_null(strstr(srv.request, "x-syncml-hmac: algorithm=MD5, mac=x\r\n"));
	/* Several are one list; a final answer's counts; what is too long is there, and wrong. */
	assert_int_equal(post(h, "/two-macs", &r), 0);
	assert_string_equal(r.hmac, "mac=a, mac=b");
	assert_int_equal(post(h, "/interim", &r), 0);
	assert_string_equal(r.hmac, "");
	assert_int_equal(post(h, "/long-mac", &r), 0);
	assert_string_equal(r.hmac, "?");
	http_response_fini(&r);
	http_free(h);
}

static void test_connection_is_kept(void **state)
{
	struct http *h = new_http(&plain);
	struct http_response r;
	int before;

	http_response_init(&r);
	before = srv.connections;
	for (int i = 0; i < 3; i++)
		assert_int_equal(post(h, "/ok", &r), 0);
	assert_int_equal(srv.connections, before + 1);
	http_response_fini(&r);
	http_free(h);
}

static void test_status_and_redirect_are_reported(void **state)
{
	struct http *h = new_http(&plain);
	struct http_response r;
	int before;

	http_response_init(&r);
	assert_int_equal(post(h, "/busy", &r), 0);
	assert_int_equal(r.status, 503);
	before = srv.connections;
	assert_int_equal(post(h, "/moved", &r), 0);
	assert_int_equal(r.status, 307);
	assert_string_equal(r.location, "https://other.example.net/dm");
	assert_int_equal(srv.connections, before);
	/* Nothing of an answer outlives the next POST. */
	assert_int_equal(post(h, "/ok", &r), 0);
	assert_string_equal(r.location, "");
	http_response_fini(&r);
	http_free(h);
}

static void expect_error(const struct http_opts *o, const char *path, enum http_err want)
{
	struct http *h = new_http(o);
	struct http_response r;

	http_response_init(&r);
	assert_int_equal(post(h, path, &r), -EIO);
	assert_int_equal(r.err, want);
	assert_true(r.error[0]);
	assert_true(r.body.len <= (o->max_response ? o->max_response : 1 << 20));
	http_response_fini(&r);
	http_free(h);
}

static void test_bounds(void **state)
{
	const struct http_opts small = { .allow_http = true, .max_response = 10000 };
	const struct http_opts hasty = { .allow_http = true, .total_timeout_ms = 300 };

	expect_error(&small, "/big", HTTP_ERR_TOO_LARGE);
	expect_error(&hasty, "/slow", HTTP_ERR_TIMEOUT);
}

static void test_broken_answers(void **state)
{
	expect_error(&plain, "/short", HTTP_ERR_IO);
	expect_error(&plain, "/closed", HTTP_ERR_IO);
	expect_error(&plain, "/nonsense", HTTP_ERR_IO);
}

static void test_stop(void **state)
{
	volatile sig_atomic_t stop = 1;
	const struct http_opts o = { .allow_http = true, .stop = &stop };
	struct http *h = new_http(&o);
	struct http_response r;

	http_response_init(&r);
	assert_int_equal(post(h, "/ok", &r), -EIO);
	assert_int_equal(r.err, HTTP_ERR_STOPPED);
	/* The goodbye may still be said. */
	http_last_words(h, 2000);
	assert_int_equal(post(h, "/ok", &r), 0);
	http_response_fini(&r);
	http_free(h);
}

static void expect_url(bool allow_http, const char *url, enum http_err want)
{
	const struct http_opts o = { .allow_http = allow_http, .connect_timeout_ms = 2000,
				     .total_timeout_ms = 2000 };
	struct http *h = new_http(&o);
	struct http_response r;

	http_response_init(&r);
	assert_int_equal(http_post(h, url, "a/b", NULL, SLICE_LIT("x"), &r), -EIO);
	assert_int_equal(r.err, want);
	http_response_fini(&r);
	http_free(h);
}

static void test_addresses(void **state)
{
	char url[64];
	int before = srv.connections;

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/ok", srv.port);
	expect_url(false, url, HTTP_ERR_URL);
	expect_url(true, "ftp://127.0.0.1/", HTTP_ERR_URL);
	expect_url(true, "file:///etc/passwd", HTTP_ERR_URL);
	expect_url(true, "https:///", HTTP_ERR_URL);
	expect_url(true, "", HTTP_ERR_URL);
	snprintf(url, sizeof(url), "http://u:p@127.0.0.1:%u/ok", srv.port);
	expect_url(true, url, HTTP_ERR_URL);
	assert_int_equal(srv.connections, before);
	expect_url(true, "http://127.0.0.1:1/", HTTP_ERR_CONNECT);
	expect_url(true, "https://no-such-name.invalid/", HTTP_ERR_DNS);
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/ok", srv.port);
	expect_url(false, url, HTTP_ERR_TLS);
}

static void test_environment_has_no_say(void **state)
{
	struct http *h;
	struct http_response r;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	h = new_http(&plain);
	http_response_init(&r);
	assert_int_equal(post(h, "/ok", &r), 0);
	assert_int_equal(r.status, 200);
	http_response_fini(&r);
	http_free(h);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

/* libcurl repeats the whole address of a proxy that it cannot use; reasons are logged and kept. */
static void test_a_proxys_password_is_in_no_reason(void **state)
{
	static const char *const proxies[] = {
		"ftp://user:pr0xy-secret@127.0.0.1:1", "socks6://user:pr0xy-secret@127.0.0.1:1",
		"https://user:pr0xy-secret@127.0.0.1:1", "socks5h://user:pr0xy-secret@127.0.0.1:1",
		"http://user:pr0xy-secret@127.0.0.1:99999", "http://user:pr0xy-secret@[::1",
		"http://user:pr0xy-secret@no-such-name.invalid:1", "user:pr0xy-secret@127.0.0.1:1",
	};
	const struct http_opts o = { .allow_http = true, .proxy_env = true,
				     .connect_timeout_ms = 2000, .total_timeout_ms = 2000 };
	struct http_response r;

	unsetenv("no_proxy");	/* the caller's may name this very server */
	unsetenv("NO_PROXY");
	http_response_init(&r);
	for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
		struct http *h = new_http(&o);

		setenv("http_proxy", proxies[i], 1);
		assert_int_equal(post(h, "/ok", &r), -EIO);
		assert_true(r.error[0]);
		assert_null(strstr(r.error, "secret"));
		http_free(h);
	}
	unsetenv("http_proxy");
	http_response_fini(&r);
}

static void test_unreadable_ca(void **state)
{
	const struct http_opts o = { .ca_file = "/nonexistent/ca.pem" };
	struct http *h = NULL;

	assert_int_equal(http_new(&o, &h), -EINVAL);
	assert_null(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_post_and_answer),
		cmocka_unit_test(test_hmac_header),
		cmocka_unit_test(test_connection_is_kept),
		cmocka_unit_test(test_status_and_redirect_are_reported),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_broken_answers),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_environment_has_no_say),
		cmocka_unit_test(test_a_proxys_password_is_in_no_reason),
		cmocka_unit_test(test_unreadable_ca),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
