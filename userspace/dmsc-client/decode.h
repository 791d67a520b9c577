/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card's bootstrap data in words, or as JSON (Documentation/for-issuers.rst):
 * what stands where, what it means and what would follow. It reads through the
 * walk, the decoders and the rules of the card child, stores nothing and asks
 * nobody. Values are shown only where they are known to be no secret.
 */
#ifndef DMSC_CLIENT_DECODE_H
#define DMSC_CLIENT_DECODE_H

#include "dmsc-client/card_data.h"

/* Exit statuses beside those of the programs (dmscctl(1)). */
enum decode_exit {
	DECODE_USABLE = 0,
	DECODE_FAILED = 1,	/* no memory, no standard output */
	DECODE_NONE = 20,	/* there is no bootstrap data */
	DECODE_MALFORMED = 21,	/* some of it breaks a rule */
	DECODE_UNREADABLE = 22,	/* some of it could not be read */
};

#define DECODE_PROBLEMS_MAX 64
#define DECODE_DOCS_MAX PKCS15_OBJECTS_MAX
#define DECODE_OUT_MAX (16u << 20)
#define DECODE_NO_OFFSET ((size_t)-1)

struct decode_problem {
	char file[CARD_PATH_MAX];	/* "" = of the card as a whole */
	size_t offset;			/* in the file; DECODE_NO_OFFSET */
	const char *clause;		/* of the standard; static */
	char text[STORE_REASON_MAX];
};

/* A file of EF(DM_Bootstrap) or ProvSC. */
struct decode_doc {
	const struct pkcs15_object *obj;
	enum client_profile profile;
	bool erased;
	int err;			/* of decoding */
	struct buf bytes;
};

struct decode {
	/* given */
	struct card_reader rd;
	const struct conf *conf;
	const char *source;		/* what the card is called */
	bool json;
	bool secrets;			/* shown, not masked */
	/* made */
	struct buf out;
	struct pkcs15_oid oids[CARD_OIDS_MAX];
	size_t noids;
	int walk_err;			/* of pkcs15_explain() */
	struct pkcs15_dir dir;
	bool dir_named;			/* the line about where the directory is was printed */
	size_t ndocs;
	struct decode_doc doc[DECODE_DOCS_MAX];
	struct indicator ind;
	bool lwm2m;			/* there is such data, and it decodes */
	bool unreadable, malformed;
	size_t nproblems, unsaid;
	struct decode_problem problem[DECODE_PROBLEMS_MAX];
};

/* Reads the card behind @d->rd; what is to be printed goes to @d->out. An enum decode_exit. */
int decode_make(struct decode *d);
/* The same on standard output. */
int decode_run(struct decode *d);

/* --- the parts, in their order --- */
void decode_walk(struct decode *d);		/* decode_walk.c */
void decode_indicator(struct decode *d);	/* decode_indicator.c */
void decode_documents(struct decode *d);	/* decode.c */
void decode_dm(struct decode *d, struct decode_doc *doc);	/* decode_dm.c */
void decode_cp(struct decode *d, struct decode_doc *doc);	/* decode_cp.c */
void decode_lwm2m(struct decode *d);		/* decode_lwm2m.c */
void decode_plan(struct decode *d);		/* decode_plan.c */

/* --- decode_out.c --- */

/* A line of text, indented; what is not plain is escaped. Nothing with JSON. */
void decode_line(struct decode *d, unsigned int indent, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Members of the JSON object at hand; nothing as text. SLICE_NONE is left out. */
void decode_member(struct decode *d, const char *key, struct slice s);
void decode_member_str(struct decode *d, const char *key, const char *s);
void decode_member_number(struct decode *d, const char *key, uint64_t v);
void decode_member_bool(struct decode *d, const char *key, bool v);
/* `"key":{` and `"key":[` (@key NULL: in an array, or the outermost), and their ends. */
void decode_open(struct decode *d, const char *key, char bracket);
void decode_close(struct decode *d, char bracket);
/*
 * A value: as text appended to @line with " = ", as JSON "value", or "hex" when it is
 * no text; when @hide and secrets are not shown, "****" or "masked" and "length".
 */
void decode_value(struct decode *d, struct buf *line, struct slice v, bool hide);
/*
 * What of a name or type is shown: of one that holds other than text, no more than
 * that. Where a string lost its end, it is followed by what was not to be shown.
 */
struct slice decode_text(const struct decode *d, struct slice s);
/* Notes what is wrong, for the end. */
void decode_problem(struct decode *d, const char *file, size_t offset, const char *clause,
		    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void decode_problems(struct decode *d);
/* A failure to read @file: a problem, and what the exit status will be. */
void decode_unreadable(struct decode *d, const char *file, int err);

#endif
