// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows about firmware updates; the contract is in firmware.h. No policy. */
#include <errno.h>
#include "store/db.h"
#include "store/firmware.h"
#include "util/log.h"

#define COLUMNS "uri, server, op, url, correlator, phase, path, size, result, reason, boot_id," \
		" attempts, first, spent, next_attempt, created, updated"

static const char *const op_names[STORE_FIRMWARE_OPS] = {
	[STORE_FIRMWARE_OP_DOWNLOAD] = "download",
	[STORE_FIRMWARE_OP_UPDATE] = "update",
	[STORE_FIRMWARE_OP_DOWNLOAD_UPDATE] = "download-update",
};

static const char *const phase_names[STORE_FIRMWARE_PHASES] = {
	[STORE_FIRMWARE_DOWNLOADING] = "downloading",
	[STORE_FIRMWARE_DOWNLOADED] = "downloaded",
	[STORE_FIRMWARE_UPDATE] = "update",
	[STORE_FIRMWARE_UPDATING] = "updating",
	[STORE_FIRMWARE_REBOOT] = "reboot",
	[STORE_FIRMWARE_READY] = "ready",
	[STORE_FIRMWARE_DOWNLOAD_FAILED] = "download-failed",
	[STORE_FIRMWARE_FAILED_DATA] = "failed-data",
	[STORE_FIRMWARE_FAILED] = "failed",
	[STORE_FIRMWARE_DONE] = "done",
};

const char *store_firmware_op_name(enum store_firmware_op op)
{
	return (unsigned int)op < STORE_FIRMWARE_OPS ? op_names[op] : "?";
}

const char *store_firmware_phase_name(enum store_firmware_phase p)
{
	return (unsigned int)p < STORE_FIRMWARE_PHASES ? phase_names[p] : "?";
}

bool store_firmware_open(enum store_firmware_phase p)
{
	return p < STORE_FIRMWARE_READY;
}

/* The index of the column's text in @names, or -1. */
static int number_of(sqlite3_stmt *st, int col, const char *const *names, int n)
{
	char text[24];
	int i;

	db_get_text(st, col, text, sizeof(text));
	for (i = 0; i < n && strcmp(text, names[i]); i++)
		;
	return i < n ? i : -1;
}

static int get_row(struct store *s, sqlite3_stmt *st, struct store_firmware *f)
{
	int op = number_of(st, 2, op_names, STORE_FIRMWARE_OPS);
	int phase = number_of(st, 5, phase_names, STORE_FIRMWARE_PHASES);
	int64_t size = sqlite3_column_int64(st, 7), result = sqlite3_column_int64(st, 8);

	if (op < 0 || phase < 0 || size < 0 || result < 0 || result > 999) {
		log_err("store: a firmware update stands where none can; the store is damaged");
		s->damaged = true;
		return -EBADMSG;
	}
	memset(f, 0, sizeof(*f));
	db_get_text(st, 0, f->uri, sizeof(f->uri));
	db_get_text(st, 1, f->server, sizeof(f->server));
	f->op = op;
	db_get_text(st, 3, f->url, sizeof(f->url));
	db_get_text(st, 4, f->correlator, sizeof(f->correlator));
	f->phase = phase;
	db_get_text(st, 6, f->path, sizeof(f->path));
	f->size = (uint64_t)size;
	f->result = (uint32_t)result;
	db_get_text(st, 9, f->reason, sizeof(f->reason));
	db_get_text(st, 10, f->boot_id, sizeof(f->boot_id));
	f->attempts = (uint32_t)sqlite3_column_int64(st, 11);
	f->first = sqlite3_column_int64(st, 12);
	f->spent = sqlite3_column_int64(st, 13);
	f->next_attempt = sqlite3_column_int64(st, 14);
	f->created = sqlite3_column_int64(st, 15);
	f->updated = sqlite3_column_int64(st, 16);
	return 0;
}

int store_firmware_get(struct store *s, const char *uri, struct store_firmware *out)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	struct store_firmware f;
	int err = s->version < DB_STEP_WISHES ? -ENOENT :
		  db_prepare(s, "SELECT " COLUMNS " FROM firmware WHERE uri = ?", &st);
	int rc;

	if (err)
		return err;
	db_bind_text(st, 1, uri);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return -ENOENT;
	if (rc != SQLITE_ROW)
		return db_error(s, rc, "reading what is to be updated");
	err = get_row(s, st, &f);
	if (!err)
		*out = f;
	return err;
}

static int put(struct store *s, const struct store_firmware *f)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	int err = db_prepare(s, "INSERT OR REPLACE INTO firmware (" COLUMNS ")"
				" VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", &st);

	if (err)
		return err;
	db_bind_text(st, 1, f->uri);
	db_bind_text(st, 2, f->server);
	db_bind_text(st, 3, op_names[f->op]);
	db_bind_text(st, 4, f->url);
	db_bind_text(st, 5, f->correlator);
	db_bind_text(st, 6, phase_names[f->phase]);
	db_bind_text(st, 7, f->path);
	sqlite3_bind_int64(st, 8, (int64_t)f->size);
	sqlite3_bind_int64(st, 9, f->result);
	db_bind_text(st, 10, f->reason);
	db_bind_text(st, 11, f->boot_id);
	sqlite3_bind_int64(st, 12, f->attempts);
	sqlite3_bind_int64(st, 13, f->first);
	sqlite3_bind_int64(st, 14, f->spent);
	sqlite3_bind_int64(st, 15, f->next_attempt);
	sqlite3_bind_int64(st, 16, f->created);
	sqlite3_bind_int64(st, 17, f->updated);
	return db_run(s, st, "writing what is to be updated");
}

#define FITS(a) db_fits(a, sizeof(a))

int store_firmware_put(struct store *s, const struct store_firmware *f)
{
	bool own;
	int err;

	if (!f->uri[0] || !f->server[0] || !FITS(f->uri) || !FITS(f->server) || !FITS(f->url) ||
	    !FITS(f->correlator) || !FITS(f->path) || !FITS(f->reason) || !FITS(f->boot_id) ||
	    (unsigned int)f->op >= STORE_FIRMWARE_OPS ||
	    (unsigned int)f->phase >= STORE_FIRMWARE_PHASES || f->size > INT64_MAX ||
	    f->result > 999)
		return -EINVAL;
	err = db_write_begin(s, &own);
	return err ? err : db_write_end(s, own, put(s, f));
}

int store_firmware_each(struct store *s, store_firmware_fn *fn, void *ctx)
{
	_cleanup_stmt_ sqlite3_stmt *st = NULL;
	struct store_firmware f;
	int err, rc;

	if (s->version < DB_STEP_WISHES)
		return 0;
	err = db_prepare(s, "SELECT " COLUMNS " FROM firmware ORDER BY uri", &st);
	if (err)
		return err;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		err = get_row(s, st, &f);
		if (!err)
			err = fn(ctx, &f);
		if (err)
			return err;
	}
	return rc == SQLITE_DONE ? 0 : db_error(s, rc, "reading what is to be updated");
}
