// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HTTP by libmicrohttpd, in one thread: the program's own loop drives it, and
 * an answer that is to be late suspends its connection only.
 */
#include "http_int.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_tls.h"
#include "util/log.h"

#define HTTP_CONNECTIONS 128
#define HTTP_IDLE_S 30		/* no byte for so long ends a connection */
#define HTTP_REQUEST_MS 60000	/* the whole of a request */
#define HTTP_FILE_MAX (1 << 20)

static void peer_of(struct MHD_Connection *conn, char *out, size_t size)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char host[NI_MAXHOST] = "?", port[16] = "0";
	socklen_t len;

	if (info && info->client_addr) {
		len = info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
								 sizeof(struct sockaddr_in);
		getnameinfo(info->client_addr, len, host, sizeof(host), port, sizeof(port),
			    NI_NUMERICHOST | NI_NUMERICSERV);
	}
	snprintf(out, size, strchr(host, ':') ? "[%.60s]:%.5s" : "%.60s:%.5s", host, port);
}

static void ask(struct call *c, const char *url, unsigned int refused)
{
	struct dm_request req = {
		.content_type = slice_str(http_header(c, MHD_HTTP_HEADER_CONTENT_TYPE)),
		.body = buf_slice(&c->body),
		.hmac = slice_str(http_header(c, "x-syncml-hmac")),
		.peer = slice_str(c->peer),
		.path = slice_str(url),
		.refused = refused,
	};

	c->http->cfg.handle(c->http->cfg.ctx, &req, &c->res);
	c->answered = true;
}

static enum MHD_Result refuse(struct call *c, const char *url, unsigned int status)
{
	c->refused = true;
	ask(c, url, status);
	return http_send(c);
}

static enum MHD_Result first_look(struct http *h, struct MHD_Connection *conn, const char *url,
				  const char *method, void **state)
{
	const char *length = MHD_lookup_connection_value(
		conn, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	struct call *c = calloc(1, sizeof(*c));

	if (!c)
		return MHD_NO;
	*state = c;
	c->http = h;
	c->conn = conn;
	c->started_ms = session_now_ms();
	c->body.max = h->cfg.max_body;
	peer_of(conn, c->peer, sizeof(c->peer));
	if (strcmp(method, MHD_HTTP_METHOD_POST))
		return refuse(c, url, MHD_HTTP_METHOD_NOT_ALLOWED);
	if (length && strtoull(length, NULL, 10) > h->cfg.max_body)
		return refuse(c, url, MHD_HTTP_CONTENT_TOO_LARGE);
	return MHD_YES;
}

static enum MHD_Result on_access(void *ctx, struct MHD_Connection *conn, const char *url,
				 const char *method, const char *version, const char *data,
				 size_t *size, void **state)
{
	struct http *h = ctx;
	struct call *c = *state;

	if (!c)
		return first_look(h, conn, url, method, state);
	if (*size) {
		if (session_now_ms() - c->started_ms > HTTP_REQUEST_MS)
			return MHD_NO;
		/* Past the limit nothing is kept; what the peer goes on to send is read and dropped. */
		buf_put(&c->body, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (c->refused)
		return MHD_YES;
	if (!c->answered) {
		if (buf_error(&c->body))
			return refuse(c, url, MHD_HTTP_CONTENT_TOO_LARGE);
		if (!http_authorized(c))
			return refuse(c, url, MHD_HTTP_UNAUTHORIZED);
		ask(c, url, 0);
		if (c->res.delay_ms) {
			http_pause(c, c->res.delay_ms);
			return MHD_YES;
		}
	}
	return http_send(c);
}

static void on_completed(void *ctx, struct MHD_Connection *conn, void **state,
			 enum MHD_RequestTerminationCode why)
{
	struct http *h = ctx;
	struct call *c = *state, **i;

	if (!c)
		return;
	for (i = &h->delayed; *i; i = &(*i)->next) {
		if (*i == c) {
			*i = c->next;
			break;
		}
	}
	buf_fini(&c->body);
	buf_fini(&c->packed);
	buf_fini(&c->res.body);
	buf_fini(&c->res.hmac);
	free(c);
	*state = NULL;
}

static int listen_on(const char *host, const char *port, unsigned int *bound)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	struct addrinfo *list, *ai;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char text[16] = "0";
	int fd = -1, err, on = 1;

	err = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
	if (err) {
		fprintf(stderr, "%s: %s\n", host, gai_strerror(err));
		return -1;
	}
	for (ai = list; ai && fd < 0; ai = ai->ai_next) {
		fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, 64)) {
			err = errno;
			close(fd);
			errno = err;
			fd = -1;
		}
	}
	if (fd < 0)
		fprintf(stderr, "%s:%s: %s\n", host, port, strerror(errno));
	freeaddrinfo(list);
	if (fd >= 0 && !getsockname(fd, (struct sockaddr *)&ss, &len))
		getnameinfo((struct sockaddr *)&ss, len, NULL, 0, text, sizeof(text),
			    NI_NUMERICSERV);
	*bound = (unsigned int)atoi(text);
	return fd;
}

static int read_pem(struct buf *out, const char *path)
{
	int err;

	buf_init(out, HTTP_FILE_MAX);
	err = buf_read_file(out, path);
	if (err)
		fprintf(stderr, "%s: %s\n", path, strerror(-err));
	return err;
}

static void http_log(void *ctx, const char *fmt, va_list ap)
{
	struct buf line = BUF_INIT;

	buf_vprintf(&line, fmt, ap);
	while (line.len && line.data[line.len - 1] == '\n')
		buf_truncate(&line, line.len - 1);
	log_info("http: %.*s", VIEW(buf_slice(&line)));
	buf_fini(&line);
}

static struct MHD_Daemon *start_daemon(struct http *h, int fd)
{
	unsigned int flags = MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)buf_cstr(&h->cert) },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)buf_cstr(&h->key) },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
		{ h->cfg.client_ca ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
		  (void *)buf_cstr(&h->client_ca) },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };

	if (h->cfg.cert)
		flags |= MHD_USE_TLS;
	return MHD_start_daemon(flags, 0, NULL, NULL, on_access, h,
				MHD_OPTION_EXTERNAL_LOGGER, http_log, NULL,
				MHD_OPTION_LISTEN_SOCKET, fd,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
				MHD_OPTION_NOTIFY_CONNECTION, http_on_connection, h,
				MHD_OPTION_DIGEST_AUTH_RANDOM, sizeof(h->random), h->random,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned int)HTTP_CONNECTIONS,
				MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)HTTP_IDLE_S,
				MHD_OPTION_ARRAY, h->cfg.cert ? tls : none, MHD_OPTION_END);
}

struct http *http_start(const struct http_config *cfg)
{
	struct http *h = calloc(1, sizeof(*h));
	int fd = -1;

	if (!h)
		return NULL;
	h->cfg = *cfg;
	if (cfg->cert && (read_pem(&h->cert, cfg->cert) || read_pem(&h->key, cfg->key)))
		goto fail;
	if (cfg->client_ca && read_pem(&h->client_ca, cfg->client_ca))
		goto fail;
	if (cfg->client_ca && !http_tls_is_ca(buf_slice(&h->client_ca))) {
		fprintf(stderr, "%s: no certificate in it\n", cfg->client_ca);
		goto fail;
	}
	if (getrandom(h->random, sizeof(h->random), 0) != (ssize_t)sizeof(h->random))
		goto fail;
	fd = listen_on(cfg->host, cfg->port, &h->port);
	if (fd < 0)
		goto fail;
	h->daemon = start_daemon(h, fd);
	if (!h->daemon) {
		fprintf(stderr, "the HTTP server does not start%s\n",
			cfg->cert ? ": are certificate and key good?" : "");
		goto fail;
	}
	return h;
fail:
	if (fd >= 0)
		close(fd);
	http_stop(h);
	return NULL;
}

void http_stop(struct http *h)
{
	struct call *c;

	if (!h)
		return;
	/* libmicrohttpd demands that nothing is suspended when it stops. */
	while ((c = h->delayed)) {
		h->delayed = c->next;
		c->res.drop = true;
		MHD_resume_connection(c->conn);
	}
	if (h->daemon)
		MHD_stop_daemon(h->daemon);
	buf_fini(&h->cert);
	buf_fini(&h->client_ca);
	buf_wipe_fini(&h->key);
	free(h);
}

unsigned int http_port(const struct http *h)
{
	return h->port;
}

void http_pause(struct call *c, uint64_t ms)
{
	c->due_ms = session_now_ms() + ms;
	c->next = c->http->delayed;
	c->http->delayed = c;
	MHD_suspend_connection(c->conn);
}

/* Wakes answers that are due; returns the ms until the next one, at most @max_ms. */
static unsigned int wake_delayed(struct http *h, unsigned int max_ms)
{
	struct call **i = &h->delayed, *c;
	uint64_t now = session_now_ms();

	while ((c = *i)) {
		if (c->due_ms <= now) {
			*i = c->next;
			MHD_resume_connection(c->conn);
			max_ms = 0;
			continue;
		}
		if (c->due_ms - now < max_ms)
			max_ms = (unsigned int)(c->due_ms - now);
		i = &c->next;
	}
	return max_ms;
}

int http_run(struct http *h, int wake_fd, unsigned int max_ms)
{
	unsigned long long mhd_ms;
	fd_set rd, wr, ex;
	struct timeval tv;
	int max = wake_fd;

	FD_ZERO(&rd);
	FD_ZERO(&wr);
	FD_ZERO(&ex);
	max_ms = wake_delayed(h, max_ms);
	if (MHD_get_fdset(h->daemon, &rd, &wr, &ex, &max) != MHD_YES)
		return -EIO;
	if (MHD_get_timeout(h->daemon, &mhd_ms) == MHD_YES && mhd_ms < max_ms)
		max_ms = (unsigned int)mhd_ms;
	FD_SET(wake_fd, &rd);
	tv = (struct timeval){ .tv_sec = max_ms / 1000, .tv_usec = max_ms % 1000 * 1000 };
	if (select(max + 1, &rd, &wr, &ex, &tv) < 0 && errno != EINTR)
		return -errno;
	if (MHD_run_from_select(h->daemon, &rd, &wr, &ex) != MHD_YES)
		return -EIO;
	return 0;
}
