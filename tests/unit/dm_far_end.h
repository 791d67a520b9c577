/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A DM server for the engine's tests: it wraps commands into messages, lets
 * the real XML codec and the engine work, and writes what came back as lines.
 * Anything unexpected fails the test at once.
 *
 * Lines: "H 200" Status of SyncHdr (" chal" when it challenges), "S 2 Get 200"
 * Status (answers of UI alerts behind it; " @./P" when its item names that
 * target), "R 2 ./A [bin] value" Results,
 * "A 1222" alert, "D 5" Replace with 5 items, "C md5" credentials, "F" final.
 */
#ifndef DM_FAR_END_H
#define DM_FAR_END_H

#include "codec/codec.h"
#include "dm/session.h"

struct far_end {
	struct dm_tree *tree;
	struct dm_account account;
	struct dm_session_config cfg;
	struct dm_session_ops ops;
	struct dm_session *s;
	struct buf out;			/* the client's last message, encoded */
	struct buf said;		/* the same as lines */
	struct buf nonce;		/* of its challenge to us, base64 */
	struct buf cred;		/* its credentials, as sent */
	struct buf signature;		/* x-syncml-hmac of its last message; empty = none */
	const char *sign;		/* a nonce: we sign as "srv" with "pw" */
	const char *hmac;		/* ... or this is what stands in our x-syncml-hmac */
	unsigned int msg_id;		/* ours */
	unsigned int commits;
	int commit_rc;			/* what the store is to return */
	bool split;			/* the last message was not final */
	bool wbxml;
	const char *hdr_extra;		/* put into our SyncHdr */
	const char *source_name;	/* our Source/LocName; NULL = none */
	enum dm_status ui_answer;
	const char *ui_text;
	/* In place of ui_answer: asked instead of the far end's own person. */
	enum dm_status (*ui)(void *ctx, const struct dm_ui_request *req, struct dm_ui_answer *a);
	const char *target;		/* our Target; NULL = the device */
	unsigned int sid_wrong;
	int64_t now;
};

#define FAR_SERVER "srv.example"
#define FAR_DEVICE "IMEI:004999010640000"

/* A tree with DevInfo, DMAcc, DevDetail, Inbox, a session in which FAR_SERVER acts, TLS accepted. */
void far_init(struct far_end *f);
void far_fini(struct far_end *f);
/* A node made behind the server's back; NULL @value = interior. */
struct dm_node *far_node(struct far_end *f, const char *uri, const char *value, const char *acl);
struct dm_node *far_find(struct far_end *f, const char *uri);
/* Starts the session: package 1 is in @said. */
void far_start(struct far_end *f);
/* One message: @status answers the client's SyncHdr (0 = none), @body are commands from CmdID 2 on. */
int far_message(struct far_end *f, unsigned int status, const char *body, bool final);
/* Raw bytes instead of a message. */
int far_raw(struct far_end *f, const char *bytes);
/* Starts when need be, sends @body, wants exactly @expected behind "H 200" and before "F". */
void far_do(struct far_end *f, const char *body, const char *expected);
/* Value of a leaf, as text; "(none)" when there is no node. */
const char *far_value(struct far_end *f, const char *uri);

extern const struct dm_tnds_ops far_tnds_ops;

/* Runs @fn at a far end of its own: a test's body. */
void far_with(void (*fn)(struct far_end *f));
/* The client's last message was this. */
void far_says(struct far_end *f, const char *want);
const struct dm_session_result *far_result(struct far_end *f);

/* The program of #define CASES(X) X(fn) ...: test_fn() is fn() at a far end of its own. */
#define FAR_TEST(fn) static void test_##fn(void **state) { far_with(fn); }
#define FAR_LISTED(fn) cmocka_unit_test(test_##fn),
#define FAR_TESTS(CASES) CASES(FAR_TEST) int main(void) { \
	const struct CMUnitTest tests[] = { CASES(FAR_LISTED) }; \
	return cmocka_run_group_tests(tests, NULL, NULL); }

/* Commands; ids and URIs are literals. */
#define ITEM(u, meta, d)                                                                           \
	"<Item><Target><LocURI>" u "</LocURI></Target>" meta "<Data>" d "</Data></Item>"
#define META(f) "<Meta><Format xmlns='syncml:metinf'>" f "</Format></Meta>"
#define META2(f, t) "<Meta><Format xmlns='syncml:metinf'>" f "</Format>" \
	"<Type xmlns='syncml:metinf'>" t "</Type></Meta>"
#define CMD(n, id, rest) "<" n "><CmdID>" id "</CmdID>" rest "</" n ">"
#define BARE(u) "<Item><Target><LocURI>" u "</LocURI></Target></Item>"
#define GET(id, u) CMD("Get", id, BARE(u))
#define DEL(id, u) CMD("Delete", id, BARE(u))
#define ADD(id, u, d) CMD("Add", id, ITEM(u, "", d))
#define ADDF(id, u, f, d) CMD("Add", id, ITEM(u, META(f), d))
#define ADDN(id, u) CMD("Add", id, META("node") BARE(u))
#define REP(id, u, d) CMD("Replace", id, ITEM(u, "", d))
#define REPF(id, u, f, d) CMD("Replace", id, ITEM(u, META(f), d))
#define EXEC(id, u) CMD("Exec", id, BARE(u))
#define COPY(id, from, to) CMD("Copy", id, "<Item><Target><LocURI>" to "</LocURI></Target>" \
	"<Source><LocURI>" from "</LocURI></Source></Item>")
#define DATA(d) "<Item><Data>" d "</Data></Item>"
#define ALERT(id, code, items) CMD("Alert", id, "<Data>" code "</Data>" items)
#define ATOMIC(id, members) CMD("Atomic", id, members)
#define SEQ(id, members) CMD("Sequence", id, members)
#define TNDS(cmd, id, u, nodes) CMD(cmd, id, "<Meta><Format xmlns='syncml:metinf'>xml</Format>" \
	"<Type xmlns='syncml:metinf'>application/vnd.syncml.dmtnds+xml</Type></Meta>" \
	"<Item><Target><LocURI>" u "</LocURI></Target><Data><MgmtTree xmlns='syncml:dmddf1.2'>" \
	"<VerDTD>1.2</VerDTD>" nodes "</MgmtTree></Data></Item>")
#define TNODE(name, props, rest) "<Node><NodeName>" name "</NodeName><RTProperties>" props \
	"</RTProperties>" rest "</Node>"
#define TLEAF(name, v) TNODE(name, "<Format><chr/></Format><Type><MIME>text/plain</MIME></Type>", \
	"<Value>" v "</Value>")
#define TDIR(name, type, rest) TNODE(name, "<Format><node/></Format><Type><DDFName>" type \
	"</DDFName></Type>", rest)

#endif
