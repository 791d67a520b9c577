// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-client account: make, list and remove accounts by hand. Passwords come from files, never from arguments. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "dmsc-client/client.h"
#include "mo/dmacc.h"
#include "net/http.h"
#include "util/log.h"
#include "util/str.h"

#define PASSWORD_MAX 256

enum {
	OPT_SERVER_ID = OPT_OWN, OPT_URL, OPT_NAME, OPT_USER, OPT_PASSWORD, OPT_AUTH, OPT_SRV_USER,
	OPT_SRV_PASSWORD
};

static const struct option options[] = {
	CLIENT_COMMON_OPTIONS,
	{ "server-id", required_argument, NULL, OPT_SERVER_ID },
	{ "url", required_argument, NULL, OPT_URL },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "user", required_argument, NULL, OPT_USER },
	{ "password-file", required_argument, NULL, OPT_PASSWORD },
	{ "auth", required_argument, NULL, OPT_AUTH },
	{ "server-user", required_argument, NULL, OPT_SRV_USER },
	{ "server-password-file", required_argument, NULL, OPT_SRV_PASSWORD },
	{ NULL, 0, NULL, 0 },
};

struct account_args {
	const char *server_id, *url, *name, *user, *password, *auth, *srv_user, *srv_password;
	bool only_id;		/* nothing but --server-id was given */
};

static int take_option(struct client_args *a, struct account_args *x, int c)
{
	const char **where;

	switch (c) {
	case OPT_SERVER_ID:
		x->server_id = optarg;
		return CLIENT_OK;
	case OPT_URL:
		where = &x->url;
		break;
	case OPT_NAME:
		where = &x->name;
		break;
	case OPT_USER:
		where = &x->user;
		break;
	case OPT_PASSWORD:
		where = &x->password;
		break;
	case OPT_AUTH:
		where = &x->auth;
		break;
	case OPT_SRV_USER:
		where = &x->srv_user;
		break;
	case OPT_SRV_PASSWORD:
		where = &x->srv_password;
		break;
	default:
		return client_common_option(a, c, optarg);
	}
	*where = optarg;
	x->only_id = false;
	return CLIENT_OK;
}

/* The file's first line. */
static int read_password(const char *file, struct buf *out)
{
	const uint8_t *nl;
	int err;

	out->max = PASSWORD_MAX;
	err = buf_read_file(out, file);
	if (err) {
		log_err("%s: %s", file, err == -EMSGSIZE ? "too long for a password" : strerror(-err));
		return CLIENT_CONFIG;
	}
	nl = out->len ? memchr(out->data, '\n', out->len) : NULL;
	if (nl)
		buf_truncate(out, (size_t)(nl - out->data));
	if (out->len && out->data[out->len - 1] == '\r')
		buf_truncate(out, out->len - 1);
	if (out->len)
		return CLIENT_OK;
	log_err("%s: no password in its first line", file);
	return CLIENT_CONFIG;
}

static enum dm_auth auth_of(const char *scheme)
{
	if (strcmp(scheme, "md5") == 0)
		return DM_AUTH_MD5;
	if (strcmp(scheme, "basic") == 0)
		return DM_AUTH_BASIC;
	return strcmp(scheme, "hmac") == 0 ? DM_AUTH_MAC : DM_AUTH_NONE;
}

static int check_add(const struct account_args *x)
{
	const char *why = NULL;

	if (!x->server_id || !x->url)
		why = "give --server-id and --url";
	else if (!x->server_id[0] || strlen(x->server_id) >= STORE_SERVER_MAX ||
		 strpbrk(x->server_id, "=&*+ \t\r\n"))
		why = "--server-id: 1 to 255 characters without = & * + and blanks (TND 7.7.1.5)";
	else if (!http_url_is_https(x->url) && strncmp(x->url, "http://", 7) != 0)
		why = "--url: an https (or http) URL";
	else if (!x->user != !x->password || !x->srv_user != !x->srv_password)
		why = "a user and a password file go together";
	else if (x->auth && (!x->user || auth_of(x->auth) == DM_AUTH_NONE))
		why = "--auth: md5, basic or hmac, with --user";
	if (!why)
		return CLIENT_OK;
	log_err("account add: %s", why);
	return CLIENT_USAGE;
}

/* Passwords have been read by now. */
static int open_store(const struct client_args *a, enum store_mode mode, struct store **s)
{
	int rc = client_rights_store(a, mode, false, -1);

	if (!rc)
		rc = client_rights_filter(false);
	return rc ? rc : client_store_open(a, mode, s);
}

static int store_account(struct client_args *a, const struct dmacc_new *n)
{
	_cleanup_store_ struct store *s = NULL;
	struct dm_tree *t = NULL;
	int rc = open_store(a, STORE_WRITE, &s);
	int err;

	if (rc)
		return rc;
	err = client_tree_open(s, NULL, &t);
	if (!err)
		err = dmacc_add(t, n, time(NULL));
	if (err == -EEXIST || err == -EINVAL) {
		log_err("account add: %s", err == -EEXIST ? "there is an account for this server already"
							  : "the address or a name cannot be used");
		rc = CLIENT_CONFIG;
	} else {
		if (!err)
			err = store_tree_commit(s, t);
		if (err)
			log_err("account add: %s", store_strerror(err));
		rc = err ? CLIENT_STORE : CLIENT_OK;
	}
	dm_tree_free(t);
	return rc;
}

static int account_add(struct client_args *a, const struct account_args *x)
{
	struct dmacc_new n = {
		.server_id = slice_str(x->server_id),
		.url = slice_str(x->url),
		.name = slice_str(x->name),
		.auth = DM_AUTH_NONE,
		.user = slice_str(x->user),
		.srv_user = slice_str(x->srv_user),
	};
	struct buf pw = BUF_INIT, srv_pw = BUF_INIT;
	int rc = check_add(x);

	if (!rc && x->user) {
		n.auth = x->auth ? auth_of(x->auth) : DM_AUTH_MD5;
		rc = read_password(x->password, &pw);
		n.secret = buf_slice(&pw);
	}
	if (!rc && x->srv_user) {
		rc = read_password(x->srv_password, &srv_pw);
		n.srv_secret = buf_slice(&srv_pw);
	}
	if (!rc)
		rc = store_account(a, &n);
	buf_wipe_fini(&pw);
	buf_wipe_fini(&srv_pw);
	return rc;
}

static const char *auth_word(const struct dm_credential *c)
{
	const char *w = c->present ? dm_auth_aauth_name(c->type) : NULL;

	return w ? w : "none";
}

static int print_account(void *ctx, struct dm_node *node, struct slice server_id)
{
	struct dm_account acc;
	int err = dmacc_read(ctx, server_id, &acc);

	printf("%.*s  %s  auth %s  %s\n", (int)server_id.n, (const char *)server_id.p,
	       err ? "(no usable address)" : buf_cstr(&acc.url), err ? "?" : auth_word(&acc.client),
	       node->origin ? "from a card" : "local");
	dm_account_fini(&acc);
	return 0;
}

static int account_list(struct client_args *a)
{
	_cleanup_store_ struct store *s = NULL;
	struct dm_tree *t = NULL;
	int rc = open_store(a, STORE_READ, &s);
	int err;

	if (rc)
		return rc;
	err = client_tree_open(s, NULL, &t);
	if (!err)
		err = dmacc_each(t, print_account, t);
	if (err)
		log_err("account list: %s", store_strerror(err));
	dm_tree_free(t);
	return err ? CLIENT_STORE : CLIENT_OK;
}

static int account_remove(struct client_args *a, const char *server_id)
{
	_cleanup_store_ struct store *s = NULL;
	struct dm_tree *t = NULL;
	int rc = open_store(a, STORE_WRITE, &s);
	int err;

	if (rc)
		return rc;
	err = client_tree_open(s, NULL, &t);
	if (!err)
		err = dmacc_remove(t, slice_str(server_id), time(NULL));
	if (err == -ENOENT) {
		log_err("account remove: there is no account for this server");
		rc = CLIENT_CONFIG;
	} else {
		if (!err)
			err = store_tree_commit(s, t);
		if (err)
			log_err("account remove: %s", store_strerror(err));
		rc = err ? CLIENT_STORE : CLIENT_OK;
	}
	dm_tree_free(t);
	return rc;
}

int cmd_account(int argc, char **argv, struct client_args *a)
{
	struct account_args x = { .only_id = true };
	const char *word;
	int c, rc;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		rc = take_option(a, &x, c);
		if (rc)
			return rc;
	}
	word = argc - optind == 1 ? argv[optind] : "";
	rc = client_args_finish(a);
	if (rc)
		return rc;
	if (strcmp(word, "add") == 0)
		return account_add(a, &x);
	if (strcmp(word, "list") == 0 && !x.server_id && x.only_id)
		return account_list(a);
	if (strcmp(word, "remove") == 0 && x.server_id && x.only_id)
		return account_remove(a, x.server_id);
	log_err("account: give add, list or remove, and only its own options");
	return CLIENT_USAGE;
}
