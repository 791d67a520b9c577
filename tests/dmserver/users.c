// SPDX-License-Identifier: GPL-2.0-or-later
/* The users file and the nonces of users.h. */
#include "users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lex.h"
#include "util/cleanup.h"
#include "util/digest.h"
#include "util/log.h"
#include "util/str.h"

#define USERS_MAX_FILE (256 << 10)
#define NONCES_MAX_FILE (1 << 20)
#define NONCE_SIZE 16

const char *auth_scheme_name(enum auth_scheme s)
{
	switch (s) {
	case AUTH_BASIC:
		return "syncml:auth-basic";
	case AUTH_MD5:
		return "syncml:auth-md5";
	case AUTH_MAC:
		return "syncml:auth-MAC";
	default:
		return NULL;
	}
}

struct user *users_find(const struct users *u, struct slice name)
{
	struct user *i;

	for (i = u->head; i; i = i->next)
		if (slice_eq(i->name, name))
			return i;
	return NULL;
}

struct user *users_find_http(const struct users *u, struct slice name)
{
	struct user *i;

	for (i = u->head; i; i = i->next)
		if (slice_present(i->http_password) &&
		    slice_eq(slice_present(i->http_name) ? i->http_name : i->name, name))
			return i;
	return NULL;
}

static bool parse_scheme(struct slice s, enum auth_scheme *out)
{
	if (slice_eq_str(s, "md5"))
		*out = AUTH_MD5;
	else if (slice_eq_str(s, "basic"))
		*out = AUTH_BASIC;
	else if (slice_eq_str(s, "hmac"))
		*out = AUTH_MAC;
	else
		return false;
	return true;
}

/* KEY=VALUE behind the three fixed words. A message when it is none we know. */
static const char *parse_extra(struct users *u, struct user *user, struct slice word)
{
	struct slice key, value = word;

	if (!str_split(&value, '=', &key) || !slice_present(value))
		return "KEY=VALUE expected";
	if (slice_eq_str(key, "nonce")) {
		user->has_nonce = true;
		return base64_decode(&user->nonce, value) ? "nonce is no base64" : NULL;
	}
	if (slice_eq_str(key, "server-nonce")) {
		user->has_server_nonce = true;
		return base64_decode(&user->server_nonce, value) ? "server-nonce is no base64" :
								    NULL;
	}
	if (slice_eq_str(key, "server-scheme"))
		return parse_scheme(value, &user->server_scheme) ? NULL :
								   "server-scheme: md5, basic or hmac";
	if (slice_eq_str(key, "server-name"))
		return pool_dup(&u->mem, value, &user->server_name) ? NULL : "out of memory";
	if (slice_eq_str(key, "server-password"))
		return pool_dup(&u->mem, value, &user->server_password) ? NULL : "out of memory";
	if (slice_eq_str(key, "http-name"))
		return pool_dup(&u->mem, value, &user->http_name) ? NULL : "out of memory";
	if (slice_eq_str(key, "http-password"))
		return pool_dup(&u->mem, value, &user->http_password) ? NULL : "out of memory";
	return "unknown key: nonce, server-name, server-password, server-scheme, server-nonce, "
	       "http-name, http-password";
}

static const char *parse_user(struct users *u, const struct lex_line *l)
{
	struct user *user = pool_alloc(&u->mem, sizeof(*user));
	const char *why = NULL;
	unsigned int i;

	if (!user)
		return "out of memory";
	if (l->n < 3)
		return "a line is: USER PASSWORD md5|basic|hmac [KEY=VALUE...]";
	if (users_find(u, l->word[0]))
		return "the user stands in the file twice";
	if (!pool_dup(&u->mem, l->word[0], &user->name) ||
	    !pool_dup(&u->mem, l->word[1], &user->password))
		return "out of memory";
	if (!parse_scheme(l->word[2], &user->scheme))
		return "the scheme is md5, basic or hmac";
	user->next = u->head;
	u->head = user;
	for (i = 3; !why && i < l->n; i++)
		why = parse_extra(u, user, l->word[i]);
	if (!why && slice_present(user->server_password) && user->server_scheme == AUTH_NONE)
		user->server_scheme = AUTH_MD5;
	if (!why && !slice_present(user->server_password) && user->server_scheme != AUTH_NONE)
		why = "server-scheme without server-password";
	return why;
}

static int parse_file(struct users *u, const char *path, struct buf *text)
{
	char *line = (char *)text->data, *next;
	unsigned int number = 0;
	struct lex_line l;
	const char *why;

	for (; line && *line; line = next) {
		number++;
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		why = lex_split(line, &l);
		if (!why && l.n)
			why = parse_user(u, &l);
		if (why) {
			fprintf(stderr, "%s:%u: %s\n", path, number, why);
			return -EINVAL;
		}
		if (!next)
			break;
	}
	return 0;
}

static void take_nonce(bool *has, struct buf *nonce, struct slice text)
{
	if (slice_eq_str(text, "-"))
		return;
	buf_reset(nonce);
	*has = !base64_decode(nonce, text);
}

/* Lines: base64 user, client nonce, server nonce ("-" = none). Unknown users are passed over. */
static int load_nonces(struct users *u)
{
	_cleanup_buf_ struct buf text = { .max = NONCES_MAX_FILE };
	struct slice rest, line, name, client, server;
	struct user *user;
	char path[64];
	int err;

	if (!u->record || u->record->dirfd < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/nonces", u->record->dirfd);
	err = buf_read_file(&text, path);
	if (err)
		return err == -ENOENT ? 0 : err;
	rest = buf_slice(&text);
	while (str_split(&rest, '\n', &line)) {
		_cleanup_buf_ struct buf decoded = BUF_INIT;

		server = line;
		if (!str_split(&server, ' ', &name) || !str_split(&server, ' ', &client) ||
		    base64_decode(&decoded, name))
			continue;
		user = users_find(u, buf_slice(&decoded));
		if (!user)
			continue;
		take_nonce(&user->has_nonce, &user->nonce, client);
		take_nonce(&user->has_server_nonce, &user->server_nonce, server);
	}
	return 0;
}

int users_load(struct users *u, const char *path, struct record *record)
{
	struct buf text = { .max = USERS_MAX_FILE };
	struct stat st;
	int err = 0;

	*u = (struct users){ .record = record };
	if (!path)
		return 0;
	err = buf_read_file(&text, path);
	if (err)
		fprintf(stderr, "%s: %s\n", path, strerror(-err));
	else if (!stat(path, &st) && (st.st_mode & (S_IRWXG | S_IRWXO)))
		log_warn("%s holds passwords and others than its owner can read it", path);
	if (!err)
		err = parse_file(u, path, &text);
	buf_wipe_fini(&text);
	if (!err) {
		err = load_nonces(u);
		if (err)
			fprintf(stderr, "nonces: %s\n", strerror(-err));
	}
	if (err)
		users_fini(u);
	return err;
}

void users_fini(struct users *u)
{
	struct user *i;

	for (i = u->head; i; i = i->next) {
		buf_wipe_fini(&i->nonce);
		buf_wipe_fini(&i->server_nonce);
	}
	pool_free(&u->mem);
	u->head = NULL;
}

void nonce_fresh(struct buf *b)
{
	uint8_t bytes[NONCE_SIZE];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		log_err("no random numbers");
		abort();
	}
	buf_reset(b);
	buf_put(b, bytes, sizeof(bytes));
}

static void put_nonce(struct buf *out, bool has, const struct buf *nonce)
{
	buf_put_u8(out, ' ');
	if (has)
		base64_encode(out, buf_slice(nonce));
	else
		buf_put_u8(out, '-');
}

void users_save(const struct users *u)
{
	struct buf out = BUF_INIT;
	struct user *i;
	int err;

	if (!u->record)
		return;
	for (i = u->head; i; i = i->next) {
		if (!i->has_nonce && !i->has_server_nonce)
			continue;
		base64_encode(&out, i->name);
		put_nonce(&out, i->has_nonce, &i->nonce);
		put_nonce(&out, i->has_server_nonce, &i->server_nonce);
		buf_put_u8(&out, '\n');
	}
	err = buf_error(&out);
	if (!err)
		err = record_replace(u->record, "nonces", buf_slice(&out));
	if (err)
		log_err("nonces cannot be kept: %s", strerror(-err));
	buf_wipe_fini(&out);
}
