// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dmsc-client decode --files DIR: a card that is a directory of files, named as
 * the groups of a card device are. They are all read first; then the process
 * gives up what it may do, and only then looks at them.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "dmsc-client/client.h"
#include "dmsc-client/decode.h"
#include "util/log.h"

#define FILES_MAX 128
#define FILE_BYTES_MAX (128u << 10)

struct file {
	char path[CARD_PATH_MAX];
	int err;		/* of reading it */
	struct buf data;
};

struct files {
	size_t n;
	struct file file[FILES_MAX];
};

static int files_read(void *ctx, const char *path, size_t off, uint8_t *buf, size_t n)
{
	const struct files *all = ctx;

	for (size_t i = 0; i < all->n; i++) {
		const struct file *f = &all->file[i];

		if (strcmp(f->path, path))
			continue;
		if (f->err)
			return f->err;
		if (off >= f->data.len)
			return 0;
		n = n < f->data.len - off ? n : f->data.len - off;
		memcpy(buf, f->data.data + off, n);
		return (int)n;
	}
	return -ENOENT;
}

/* A name of the form of a card's files; others, such as notes, are left alone. */
static bool is_ef(const char *name)
{
	size_t n = strspn(name, "0123456789abcdef.");

	return n >= 9 && !name[n] && n < CARD_PATH_MAX && strchr(name, '.');
}

static int files_load(struct files *all, const char *dir)
{
	struct dirent *e;
	char path[4096];
	DIR *d = opendir(dir);

	if (!d) {
		log_err("%s: %s", dir, strerror(errno));
		return CLIENT_CONFIG;
	}
	while ((e = readdir(d)) && all->n < FILES_MAX) {
		struct file *f = &all->file[all->n];

		if (!is_ef(e->d_name) ||
		    snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >= (int)sizeof(path))
			continue;
		memcpy(f->path, e->d_name, strlen(e->d_name) + 1);
		buf_init(&f->data, FILE_BYTES_MAX);
		f->err = buf_read_file(&f->data, path);
		all->n++;
	}
	closedir(d);
	if (all->n)
		return CLIENT_OK;
	log_err("%s: no file is named as one of a card, such as 3f00.2fe2", dir);
	return CLIENT_CONFIG;
}

static int run(const struct client_args *a, const char *dir, bool json, bool secrets)
{
	static struct files all;
	static struct decode d;
	int rc = files_load(&all, dir);

	if (!rc)
		rc = client_rights_replay(dir, -1);
	if (!rc)
		rc = client_rights_filter(false);
	d = (struct decode){ .rd = { files_read, &all }, .conf = &a->conf, .source = dir,
			     .json = json, .secrets = secrets };
	if (!rc)
		rc = decode_run(&d);
	for (size_t i = 0; i < all.n; i++)
		buf_wipe_fini(&all.file[i].data);
	return rc;
}

int cmd_decode(int argc, char **argv, struct client_args *a)
{
	enum { OPT_FILES = OPT_OWN, OPT_JSON, OPT_SECRETS };
	static const struct option options[] = {
		CLIENT_COMMON_OPTIONS,
		{ "files", required_argument, NULL, OPT_FILES },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "show-secrets", no_argument, NULL, OPT_SECRETS },
		{ NULL, 0, NULL, 0 },
	};
	bool json = false, secrets = false;
	const char *dir = NULL;
	int c, rc;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		rc = CLIENT_OK;
		if (c == OPT_FILES)
			dir = optarg;
		else if (c == OPT_JSON)
			json = true;
		else if (c == OPT_SECRETS)
			secrets = true;
		else
			rc = client_common_option(a, c, optarg);
		if (rc)
			return rc;
	}
	if (!dir || optind != argc) {
		log_err("decode: --files DIR, and nothing else but options");
		return CLIENT_USAGE;
	}
	rc = client_args_finish(a);
	log_init("dmsc-client", LOG_LVL_ERR);	/* what is wrong with the card is its problem */
	return rc ? rc : run(a, dir, json, secrets);
}
