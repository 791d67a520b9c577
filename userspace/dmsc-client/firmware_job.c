// SPDX-License-Identifier: GPL-2.0-or-later
/* A firmware update from the Exec to the alert that tells its end; the contract is in firmware_job.h. */
#include "dmsc-client/firmware_job.h"

#include <errno.h>
#include <stdio.h>

#include "dmsc-client/client.h"
#include "dmsc-client/firmware.h"
#include "store/alert.h"
#include "store/wish.h"
#include "util/log.h"
#include "util/str.h"

/* --- what is durable together --------------------------------------------- */

static const char *const alert_types[STORE_FIRMWARE_OPS] = {
#define TYPE(what) "Reversed-Domain-Name: org.openmobilealliance.dm.firmwareupdate." what
	[STORE_FIRMWARE_OP_DOWNLOAD] = TYPE("download"),
	[STORE_FIRMWARE_OP_UPDATE] = TYPE("update"),
	[STORE_FIRMWARE_OP_DOWNLOAD_UPDATE] = TYPE("downloadandupdate"),
#undef TYPE
};

/* The server is told, in a session of its own if no other comes first. */
static int put_alert(const struct firmware_env *e, const struct store_firmware *f)
{
	struct store_wish w = { .cause = STORE_CAUSE_FIRMWARE };
	struct store_alert a = { .code = 1226, .format = "int" };
	char code[12];
	int err;

	snprintf(code, sizeof(code), "%u", f->result);
	a.data = slice_str(code);
	memcpy(a.server, f->server, sizeof(a.server));
	memcpy(w.server, f->server, sizeof(w.server));
	snprintf(a.source, sizeof(a.source), "%s", f->uri);
	snprintf(a.type, sizeof(a.type), "%s", alert_types[f->op]);
	snprintf(a.mark, sizeof(a.mark), "%s", f->result < 300 ? "informational" : "critical");
	snprintf(a.correlator, sizeof(a.correlator), "%s", f->correlator);
	err = store_alert_put(e->store, &a, e->now);
	if (!err)
		err = store_wish_put(e->store, &w, e->now);
	if (err != -ENOSPC)
		return err;
	/* State says it all the same. */
	log_err("firmware: %s is not told of result %u: too much waits to be told", f->server,
		f->result);
	return 0;
}

static int write_row(const struct firmware_env *e, struct store_firmware *f, bool tell, bool drop_data)
{
	struct dm_tree *t = NULL;
	int err;

	f->updated = e->now;
	err = store_firmware_put(e->store, f);
	if (!err && tell)
		err = put_alert(e, f);
	/* State in the tree follows the row. */
	if (!err)
		err = client_tree_open(e->store, e->objects, &t);
	if (!err && drop_data)
		err = mo_fumo_drop_data(t, e->now);
	if (!err)
		err = store_tree_commit(e->store, t);
	dm_tree_free(t);
	return err;
}

static int save_with(const struct firmware_env *e, struct store_firmware *f, bool tell, bool drop_data)
{
	int err = store_begin(e->store);

	if (err)
		return err;
	err = write_row(e, f, tell, drop_data);
	if (err && store_in_transaction(e->store))
		store_rollback(e->store);
	return err;
}

static int save(const struct firmware_env *e, struct store_firmware *f)
{
	return save_with(e, f, false, false);
}

/* Has it a package, or will it? */
static bool has_files(enum store_firmware_phase p)
{
	return store_firmware_open(p) || p == STORE_FIRMWARE_READY || p == STORE_FIRMWARE_FAILED_DATA;
}

/* What no row speaks of any more. A power cut before it is made up for by the next update. */
static void sweep(const struct firmware_env *e, const struct store_firmware *f)
{
	_cleanup_close_ int dir = firmware_dir(e->dir);

	if (dir < 0 || firmware_sweep(dir, has_files(f->phase) ? f->path : NULL))
		log_warn("firmware: old packages could not be deleted");
}

/* The end of it: in @phase, with @code for the server. */
static int conclude(const struct firmware_env *e, struct store_firmware *f,
		    enum store_firmware_phase phase, uint32_t code, const char *reason)
{
	int err;

	f->phase = phase;
	f->result = code;
	f->next_attempt = 0;
	snprintf(f->reason, sizeof(f->reason), "%.*s", (int)sizeof(f->reason) - 1, reason);
	err = save_with(e, f, true, false);
	if (!err)
		sweep(e, f);
	if (!err && code < 300)
		log_notice("firmware: %s: result %u%s%s", store_firmware_op_name(f->op), code,
			   reason[0] ? ": " : "", reason);
	else if (!err)
		log_err("firmware: %s failed: result %u%s%s", store_firmware_op_name(f->op), code,
			reason[0] ? ": " : "", reason);
	return err;
}

/* --- what is next ---------------------------------------------------------- */

/* A package that came as PkgData becomes a file, and leaves the tree when that is durable. */
static int take_data(const struct firmware_env *e, int dir, struct firmware_job *j)
{
	struct store_firmware *f = &j->row;
	struct dm_tree *t = NULL;
	struct slice data;
	int err = client_tree_open(e->store, e->objects, &t);

	if (err)
		return err;
	if (!mo_fumo_data(t, &data))
		goto out;
	err = firmware_new_path(f->path);
	if (!err)
		err = firmware_package_write(dir, f->path, data);
	f->size = data.n;
	if (!err)
		err = save_with(e, f, false, true);
out:
	dm_tree_free(t);
	return err;
}

/* Installing begins: written down first, for it may be the last thing this boot does. */
static int begin_update(const struct firmware_env *e, int dir, struct firmware_job *j)
{
	struct store_firmware *f = &j->row;
	uint64_t size = 0;
	int err = take_data(e, dir, j);

	if (err == -ENOSPC)
		return conclude(e, f, STORE_FIRMWARE_FAILED, FIRMWARE_NO_ROOM,
				"there is no room for the package");
	if (!err)
		err = firmware_package_size(dir, f->path, &size);
	if (err == -ENOENT || (!err && (!size || size != f->size)))
		return conclude(e, f, STORE_FIRMWARE_FAILED, FIRMWARE_CORRUPT,
				"the package is not there, or not whole");
	if (err)
		return err;
	f->phase = STORE_FIRMWARE_UPDATING;
	f->attempts = 0;
	snprintf(f->boot_id, sizeof(f->boot_id), "%s", e->boot_id);
	j->todo = FIRMWARE_UPDATE;
	return save(e, f);
}

static int step(const struct firmware_env *e, int dir, struct firmware_job *j)
{
	struct store_firmware *f = &j->row;

	j->todo = FIRMWARE_NOTHING;
	switch (f->phase) {
	case STORE_FIRMWARE_DOWNLOADING:
		j->todo = FIRMWARE_DOWNLOAD;
		return 0;
	case STORE_FIRMWARE_DOWNLOADED:
		if (f->op == STORE_FIRMWARE_OP_DOWNLOAD)
			return conclude(e, f, STORE_FIRMWARE_READY, FIRMWARE_OK, "");
		f->phase = STORE_FIRMWARE_UPDATE;
		return save(e, f);
	case STORE_FIRMWARE_UPDATE:
		return begin_update(e, dir, j);
	case STORE_FIRMWARE_UPDATING:
		/* Whoever ran the updater did not live to tell: it is asked, not run again. */
		j->todo = FIRMWARE_RESULT;
		return 0;
	case STORE_FIRMWARE_REBOOT:
		if (strcmp(f->boot_id, e->boot_id))
			j->todo = FIRMWARE_RESULT;
		return 0;
	default:
		return 0;
	}
}

/* What the package is called: nobody changes it while it is under way. */
static int name_package(const struct firmware_env *e, struct firmware_job *j)
{
	struct dm_tree *t = NULL;
	int err = client_tree_open(e->store, e->objects, &t);

	if (!err)
		mo_fumo_package(t, j->name, j->version);
	dm_tree_free(t);
	return err;
}

int firmware_next(const struct firmware_env *e, struct firmware_job *j)
{
	_cleanup_close_ int dir = -1;
	enum store_firmware_phase before;
	int err;

	memset(j, 0, sizeof(*j));
	err = store_firmware_get(e->store, MO_FUMO_URI, &j->row);
	if (err)
		return err == -ENOENT ? 0 : err;
	dir = firmware_dir(e->dir);
	if (dir < 0)
		return dir;
	do {
		before = j->row.phase;
		err = step(e, dir, j);
	} while (!err && j->todo == FIRMWARE_NOTHING && j->row.phase != before);
	if (!err && (j->todo == FIRMWARE_UPDATE || j->todo == FIRMWARE_RESULT))
		err = name_package(e, j);
	if (!err)
		sweep(e, &j->row);
	return err;
}

/* --- how it went ----------------------------------------------------------- */

bool firmware_progress(const struct firmware_job *j, const struct firmware_report *r)
{
	return r->size >= j->row.size + FIRMWARE_PROGRESS;
}

int firmware_downloaded(const struct firmware_env *e, struct firmware_job *j,
			const struct firmware_report *r, uint32_t wait_s, int64_t spent_s)
{
	struct store_firmware *f = &j->row;

	f->size = r->size;
	if (r->code >= 200 && r->code < 300) {
		f->phase = STORE_FIRMWARE_DOWNLOADED;
		f->attempts = 0;
		f->reason[0] = '\0';
		return save(e, f);
	}
	if (!r->retry || !wait_s)
		return conclude(e, f, STORE_FIRMWARE_DOWNLOAD_FAILED,
				r->code ? r->code : FIRMWARE_NETWORK, r->reason);
	f->attempts++;
	f->first = f->first ? f->first : e->now;
	f->spent = spent_s;
	f->next_attempt = e->now + wait_s;
	snprintf(f->reason, sizeof(f->reason), "%.*s", (int)sizeof(f->reason) - 1, r->reason);
	log_notice("firmware: the download is tried again in %u s: %s", wait_s, r->reason);
	return save(e, f);
}

/* Is the package of no use any more, whoever asks to install it? */
static bool spoilt(uint32_t code)
{
	return code == FIRMWARE_CORRUPT || code == FIRMWARE_MISMATCH || code == FIRMWARE_SIGNATURE;
}

int firmware_updated(const struct firmware_env *e, struct firmware_job *j,
		     const struct firmware_report *r)
{
	struct store_firmware *f = &j->row;

	if (r->code >= 200 && r->code < 300)
		return conclude(e, f, STORE_FIRMWARE_DONE, r->code, r->reason);
	if (r->code)
		return conclude(e, f, spoilt(r->code) ? STORE_FIRMWARE_FAILED : STORE_FIRMWARE_FAILED_DATA,
				r->code, r->reason);
	if (j->todo == FIRMWARE_RESULT && f->phase == STORE_FIRMWARE_REBOOT &&
	    ++f->attempts >= FIRMWARE_BOOTS_MAX)
		return conclude(e, f, STORE_FIRMWARE_FAILED_DATA, FIRMWARE_UPDATE_FAILED,
				"the updater does not know what became of it");
	f->phase = STORE_FIRMWARE_REBOOT;
	snprintf(f->boot_id, sizeof(f->boot_id), "%s", e->boot_id);
	return save(e, f);
}
