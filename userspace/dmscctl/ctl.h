/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmscctl: what its files share. But for bind.c it shows, and changes nothing itself. */
#ifndef DMSC_CTL_CTL_H
#define DMSC_CTL_CTL_H

#include "util/cleanup.h"
#include "util/conf.h"

enum ctl_exit {
	CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_MODULE = 4, CTL_STORE = 5,
	/* card decode, from those it starts: an unconfined child, then the data's state */
	CTL_SANDBOX = 3, CTL_NONE = 20, CTL_MALFORMED = 21, CTL_UNREADABLE = 22,
};

struct ctl {
	struct conf conf;
	const char *store;	/* directory */
	const char *conf_path;
	const char *files;	/* card decode: a directory in place of a slot */
	bool json;
	bool secrets;		/* card decode: shown */
};

/* --- table.c: rows as aligned text or as a JSON array of objects --- */

#define TABLE_COLUMNS 10

struct table {
	bool json;
	size_t ncolumns;
	const char *const *columns;	/* lower-case words, also JSON names */
	size_t rows, cells_cap, ncells;
	char **cells;			/* owned; NULL where memory ran out */
};

void table_init(struct table *t, bool json, const char *const *columns, size_t n);
/* One cell, left to right, then the next row. Control characters become '?'. */
void table_cell(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints and frees. No rows: nothing as text, [] as JSON. */
void table_print(struct table *t);

/* --- stored.c --- */

struct store;

/* Opens the store for reading. CTL_OK with *s NULL when there is none yet: nothing was stored. */
int ctl_store_open(const struct ctl *c, struct store **s) must_check;
/* As 2026-01-31T12:00:00Z; 0 is "-". */
void ctl_cell_time(struct table *t, int64_t when);

/* --- sessions.c: what is to be done, and what was --- */

int ctl_session_list(const struct ctl *c);
int ctl_session_show(const struct ctl *c, const char *id);
/* Returns only on failure. */
int ctl_session_start(const struct ctl *c, const char *server);

/* --- kernel.c and stored.c: the commands --- */
int ctl_slots(const struct ctl *c);
int ctl_cards(const struct ctl *c);
int ctl_questions(const struct ctl *c);
int ctl_accounts(const struct ctl *c);
int ctl_state(const struct ctl *c);
/* dmsc-client's, with the words from "alert" on. Returns only on failure. */
int ctl_alert(const struct ctl *c, int argc, char **argv);
int ctl_tree(const struct ctl *c, const char *uri);
/* decode.c: @slot or c->files. Returns only on failure. */
int ctl_decode(const struct ctl *c, const char *slot);

/* --- bind.c: USB readers, and who has them --- */
int ctl_readers(const struct ctl *c);
int ctl_bind(const char *reader);
int ctl_unbind(const char *reader);

#endif
