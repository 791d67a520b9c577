// SPDX-License-Identifier: GPL-2.0-or-later
/* A card's bootstrap message becomes an account: placement, repetition, refusal, all or nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm/bootstrap.h"
#include "dm_far_end.h"
#include "mo/dmacc.h"

#define S(s) slice_str(s)
#define DMACC "urn:oma:mo:oma-dm-dmacc:1.0"
#define W7 "org.openmobilealliance/1.0/w7"
#define NAP "urn:oma:mo:oma-connmo-nap:1.0"

#define ADDRESS(u) TDIR("AppAddr", "", TDIR("1", "", TLEAF("Addr", u)))
#define AUTH(secret)                                                                               \
	TDIR("AppAuth", "",                                                                        \
	     TDIR("1", "",                                                                         \
		  TLEAF("AAuthLevel", "CLCRED") TLEAF("AAuthType", "DIGEST")                       \
		      TLEAF("AAuthName", "u") TLEAF("AAuthSecret", secret) TNODE(                  \
			  "AAuthData", "<Format><bin/></Format><Type><MIME>x/y</MIME></Type>",     \
			  "<Value>Tm9uY2U=</Value>")))
#define ACCOUNT(name, type, server, ref)                                                           \
	TNODE(name,                                                                                \
	      "<ACL>Get=" server "&amp;Replace=" server "</ACL>"                                   \
	      "<Format><node/></Format><Type><DDFName>" type "</DDFName></Type>",                  \
	      TLEAF("AppID", "w7") TLEAF("ServerID", server) ADDRESS("https://" server "/dm")      \
		  AUTH("secret") ref)
#define REF(v) TLEAF("PrefConRef", v)
#define INBOX(nodes) TNDS("Add", "1", "./Inbox", nodes)

static int apply_as(struct far_end *f, const char *body, uint32_t origin, bool dry,
		    struct dm_bootstrap_result *res)
{
	const struct dm_bootstrap_config cfg = {.tree = f->tree,
						.tnds = &far_tnds_ops,
						.origin = origin,
						.now = f->now,
						.dry_run = dry};
	struct dm_bootstrap *b = dm_bootstrap_new(&cfg);
	_cleanup_buf_ struct buf m = BUF_INIT;
	int rc;

	assert_non_null(b);
	buf_printf(
	    &m,
	    "<SyncML "
	    "xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>"
	    "<SessionID>0</SessionID><MsgID>0</MsgID><Target><LocURI>/</LocURI></Target>"
	    "<Source><LocURI>s</LocURI></Source></SyncHdr><SyncBody>%s<Final/></SyncBody></SyncML>",
	    body);
	rc = codec_decode(CODEC_XML, buf_slice(&m), NULL, dm_bootstrap_sink(), b, NULL);
	return dm_bootstrap_finish(b, rc, res);
}

/* Applies and commits; the servers found, joined, must be @servers. */
static void apply(struct far_end *f, const char *body, bool changed, const char *servers)
{
	_cleanup_buf_ struct buf got = BUF_INIT;
	struct dm_bootstrap_result res;

	if (apply_as(f, body, 7, false, &res))
		fail_msg("refused: %s", res.text);
	for (size_t i = 0; i < res.nservers; i++)
		buf_printf(&got, "%s%s", i ? " " : "", res.servers[i]);
	assert_string_equal(buf_cstr(&got), servers);
	assert_int_equal(res.changed, changed);
	assert_int_equal(dm_tree_dirty(f->tree), changed);
	dm_bootstrap_result_fini(&res);
	dm_tree_committed(f->tree);
}

static void refuse(struct far_end *f, const char *body, uint32_t origin, int want)
{
	struct dm_bootstrap_result res;
	size_t before = dm_tree_count(f->tree);

	assert_int_equal(apply_as(f, body, origin, false, &res), want);
	assert_true(res.text[0]);
	assert_int_equal(res.nservers, 0);
	assert_false(dm_tree_dirty(f->tree));
	assert_int_equal(dm_tree_count(f->tree), before);
}

/* Rules: DMP-2 DMP-7 DMP-13 */
static void inbox(struct far_end *f)
{
	struct dm_account a;

	apply(f, INBOX(ACCOUNT("acc", DMACC, "s1", "")), true, "s1");
	assert_string_equal(far_find(f, "./DMAcc/acc")->acl, "Get=s1&Replace=s1");
	assert_int_equal(far_find(f, "./DMAcc/acc/AppAuth")->origin, 7);
	assert_null(far_find(f, "./Inbox")->first_child);
	assert_int_equal(dmacc_read(f->tree, S("s1"), &a), 0);
	assert_string_equal(buf_cstr(&a.url), "https://s1/dm");
	assert_string_equal(buf_cstr(&a.client.nonce), "Nonce");
	assert_int_equal(a.origin, 7);
	dm_account_fini(&a);
	assert_int_equal(far_find(f, "./DMAcc/acc/AppAuth/1/AAuthSecret")->access & DM_ACC_GET, 0);
}

/* The other identifier, no name, and a name that is taken. Rules: INBOX-7 ACCT-9 DMP-12 */
static void names(struct far_end *f)
{
	far_node(f, "./DMAcc/acc/ServerID", "by hand", NULL);
	apply(f, INBOX(ACCOUNT("", W7, "s1", "") ACCOUNT("acc", DMACC, "s2", "")), true, "s1 s2");
	assert_string_equal(far_value(f, "./DMAcc/1/ServerID"), "s1");
	assert_string_equal(far_value(f, "./DMAcc/2/ServerID"), "s2");
	assert_string_equal(far_value(f, "./DMAcc/acc/ServerID"), "by hand");
}

/* Wrapped in directories, and with the identifier at the directory. */
static void wrapped(struct far_end *f)
{
	apply(f, INBOX(TDIR("DMAcc", DMACC, ACCOUNT("x", "", "s1", ""))), true, "s1");
	assert_non_null(far_find(f, "./DMAcc/x/AppAddr"));
}

/* Rules: INBOX-6 INBOX-8 DMP-8 DMP-9 DMP-10 */
static void references(struct far_end *f)
{
	apply(f, INBOX(TDIR("N", NAP, TLEAF("NAPID", "n") TLEAF("Link", "./Inbox/N"))
		       ACCOUNT("acc", DMACC, "s1", REF("./Inbox/N"))), true, "s1");
	assert_string_equal(far_value(f, "./DMAcc/acc/PrefConRef"), "./NAP/N");
	assert_string_equal(far_value(f, "./NAP/N/Link"), "./NAP/N");
	/* Only whole segments match, and what was ignored is not rewritten. */
	apply(f,
	      INBOX(TDIR("N", NAP, TLEAF("NAPID", "n")) TDIR("M", "urn:unknown", TLEAF("a", "b"))
			ACCOUNT("acc2", DMACC, "s2", REF("./Inbox/NX") TLEAF("Name", "./Inbox/M"))),
	      true, "s2");
	assert_string_equal(far_value(f, "./DMAcc/acc2/PrefConRef"), "./Inbox/NX");
	assert_string_equal(far_value(f, "./DMAcc/acc2/Name"), "./Inbox/M");
	assert_null(far_find(f, "./M"));
}

/* The same content is known again, although nonce and other leaves changed since. Rules: OPEN-11 */
static void again(struct far_end *f)
{
	static const char body[] = INBOX(TDIR("N", NAP, TLEAF("NAPID", "n"))
					     ACCOUNT("acc", DMACC, "s1", REF("./Inbox/N")));
	uint64_t id;

	apply(f, body, true, "s1");
	id = far_find(f, "./DMAcc/acc")->id;
	assert_int_equal(dmacc_save_nonces(f->tree, S("s1"), S("newer"), SLICE_NONE, 9), 0);
	dm_tree_committed(f->tree);
	apply(f, body, false, "s1");
	assert_int_equal(far_find(f, "./DMAcc/acc")->id, id);
	assert_string_equal(far_value(f, "./DMAcc/acc/AppAuth/1/AAuthData"), "newer");
	/* Other content of the same card replaces, keeps the name, and leaves nothing of the old. */
	apply(f, INBOX(TDIR("N", NAP, TLEAF("NAPID", "other")) ACCOUNT("", DMACC, "s1", "")), true,
	      "s1");
	assert_int_not_equal(far_find(f, "./DMAcc/acc")->id, id);
	assert_string_equal(far_value(f, "./DMAcc/acc/AppAuth/1/AAuthData"), "Nonce");
	assert_null(far_find(f, "./NAP/N"));
	assert_string_equal(far_value(f, "./NAP/1/NAPID"), "other");
	assert_null(far_find(f, "./DMAcc/1"));
}

/* What tells the content is not for servers to see. */
static void tag_hidden(struct far_end *f)
{
	apply(f, INBOX(ACCOUNT("acc", DMACC, FAR_SERVER, "")), true, FAR_SERVER);
	far_do(f,
	       GET("2", "./DMAcc/acc/Ext/dmsc/Content") GET("3", "./DMAcc/acc/Ext/dmsc")
		   REP("4", "./DMAcc/acc/Ext/dmsc/Content", "x") GET("5", "./DMAcc/acc/ServerID"),
	       "S 2 Get 405\nS 3 Get 405\nS 4 Replace 405\nS 5 Get 200\nR 5 "
	       "./DMAcc/acc/ServerID " FAR_SERVER "\n");
}

static void foreign(struct far_end *f)
{
	static const char body[] = INBOX(ACCOUNT("acc", DMACC, "s1", ""));
	struct dm_bootstrap_result res;

	apply(f, body, true, "s1");
	refuse(f, body, 8, -EEXIST);
	refuse(f, INBOX(ACCOUNT("n", DMACC, "s2", "") ACCOUNT("acc", DMACC, "s1", "")), 8, -EEXIST);
	assert_null(far_find(f, "./DMAcc/n"));
	assert_int_equal(apply_as(f, INBOX(ACCOUNT("acc", DMACC, "s3", "")), 7, true, &res), 0);
	assert_true(res.changed);
	assert_false(dm_tree_dirty(f->tree));
	dm_bootstrap_result_fini(&res);
}

/* Leaf by leaf at a real URI, twice. Rules: DMP-13 */
static void real_uri(struct far_end *f)
{
	static const char body[] = ADDN("1", "./DMAcc/k") ADD("2", "./DMAcc/k/ServerID", "s1")
		ADD("3", "./DMAcc/k/AppAddr/1/Addr", "https://s1/");

	apply(f, body, true, "s1");
	apply(f, body, false, "s1");
	apply(f, TNDS("Replace", "1", "./DMAcc/k", ACCOUNT("k", DMACC, "s1", "")), true, "s1");
	assert_non_null(far_find(f, "./DMAcc/k/AppAuth"));
	refuse(f, body, 8, -EEXIST);
}

static void containers(struct far_end *f)
{
	apply(f,
	      "<Atomic><CmdID>9</CmdID>" INBOX(ACCOUNT("acc", DMACC, "s1", "")) "</Atomic>" GET(
		  "3", "."),
	      true, "s1");
}

/*
 * Outside of any session: whatever the header says, and though somebody asks, there is
 * nothing but what is added. Rules: DMP-4
 */
static void no_session(struct far_end *f)
{
	static const char *const headers[] = {
		"<SyncHdr><VerDTD>9.9</VerDTD><VerProto>x</VerProto><SessionID>4711</SessionID>"
		"<MsgID>99</MsgID><Target><LocURI>IMEI:somebody-else</LocURI></Target><Source><LocURI>"
		"nobody</LocURI></Source><Cred><Meta><Type>syncml:auth-basic</Type></Meta>"
		"<Data>d3Jvbmc=</Data></Cred><Meta><MaxMsgSize>1</MaxMsgSize></Meta></SyncHdr>",
		"<SyncHdr/>",
	};
	static const char body[] = GET("2", "./DevInfo/Man")
		"<Alert><CmdID>3</CmdID><Data>1100</Data><Item><Data/></Item><Item><Data>hello</Data>"
		"</Item></Alert><Exec><CmdID>4</CmdID><Item><Target><LocURI>./DMAcc</LocURI></Target>"
		"</Item></Exec><Status><CmdID>5</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr"
		"</Cmd><Data>401</Data></Status>";

	for (size_t i = 0; i < 2; i++) {
		const struct dm_bootstrap_config cfg = { .tree = f->tree, .tnds = &far_tnds_ops,
							 .origin = 7, .now = f->now };
		struct dm_bootstrap *b = dm_bootstrap_new(&cfg);
		_cleanup_buf_ struct buf m = BUF_INIT;
		struct dm_bootstrap_result res;
		int rc;

		buf_printf(&m, "<SyncML xmlns='SYNCML:SYNCML1.2'>%s<SyncBody>%s%s</SyncBody></SyncML>",
			   headers[i], INBOX(ACCOUNT("acc", DMACC, "s1", "")), body);
		rc = codec_decode(CODEC_XML, buf_slice(&m), NULL, dm_bootstrap_sink(), b, NULL);
		assert_int_equal(dm_bootstrap_finish(b, rc, &res), 0);
		assert_int_equal(res.changed, i == 0);
		assert_int_equal(res.nservers, 1);
		dm_bootstrap_result_fini(&res);
	}
	assert_int_equal(f->out.len, 0);
}

/* Rules: DMP-3 DMP-14 DMP-15 */
static void bad(struct far_end *f)
{
	far_node(f, "./T/x", "v", NULL);
	refuse(f, "", 7, -ENOENT);
	refuse(f, INBOX(TDIR("M", "urn:unknown", TLEAF("a", "b"))), 7, -ENOENT);
	refuse(f, INBOX(TDIR("acc", DMACC, TLEAF("AppID", "w7"))), 7, -ENOENT);
	refuse(f, INBOX(ACCOUNT("acc", DMACC, "s 1", "")), 7, -EINVAL);
	/* Names that an ACL would take for two servers, or for more rights. */
	refuse(f, INBOX(ACCOUNT("acc", DMACC, "s1+s2", "")), 7, -EINVAL);
	refuse(f, INBOX(TDIR("acc", DMACC, TLEAF("ServerID", "s1&amp;Replace=s2"))), 7, -EINVAL);
	refuse(f, INBOX(TDIR("acc", DMACC, TLEAF("ServerID", ""))), 7, -EINVAL);
	refuse(f, INBOX(TDIR("acc", DMACC, TLEAF("ServerID", "*"))), 7, -EINVAL);
	refuse(f, INBOX(ACCOUNT("a", DMACC, "s1", "") ACCOUNT("b", DMACC, "s1", "")), 7, -EINVAL);
	/* Where we note what made an object, a message notes nothing. */
	refuse(f, INBOX(ACCOUNT("a", DMACC, "s1", TLEAF("Ext", "x"))), 7, -EINVAL);
	refuse(f, INBOX(ACCOUNT("a", DMACC, "s1", TDIR("Ext", "", TDIR("dmsc", "",
	       TLEAF("Content", "12345678901234567890123456789012"))))), 7, -EINVAL);
	refuse(f, INBOX(ACCOUNT("a", DMACC, "s1", "")) DEL("2", "./T"), 7, -EINVAL);
	refuse(f, INBOX(ACCOUNT("a", DMACC, "s1", "")) REP("2", "./DevInfo/Man", "x"), 7, -EINVAL);
	refuse(f, INBOX(ACCOUNT("a", DMACC, "s1", "")) ADD("2", "./DevDetail/Ext/x", "x"), 7,
	       -EINVAL);
	refuse(f, INBOX(ACCOUNT("a", DMACC, "s1", "")) REP("2", "./T/x", "w"), 7, -EEXIST);
	refuse(f, INBOX(ACCOUNT("a", DMACC, "s1", "")) REP("2", ".?prop=ACL", "Get=*"), 7, -EINVAL);
	refuse(f, INBOX(ACCOUNT("a", DMACC, "s1", "")) ADD("2", "./Inbox/x", "w"), 7, -EINVAL);
	refuse(f, INBOX(ACCOUNT("a", DMACC, "s1", "")) ADD("2", "../x", "w"), 7, -EINVAL);
	refuse(f, INBOX(ACCOUNT("a", DMACC, "s1", "")) "<Add><CmdID>", 7, -EPROTO);
	refuse(f, INBOX(ACCOUNT("a", DMACC, "s1", ""))
	       "<Add><CmdID>2</CmdID><Item><Target><LocURI>./T/y</LocURI></Target><Data>part</Data>"
	       "<MoreData/></Item></Add>", 7, -EPROTO);
	assert_string_equal(far_value(f, "./T/x"), "v");
	assert_string_equal(dm_tree_root(f->tree)->acl, "Add=*&Get=*");
}

/* The way into what another card or a server made may not be a Path either. */
static void not_by_path(struct far_end *f)
{
#define WAY(path) "<Node><NodeName>9</NodeName><Path>" path "</Path><RTProperties><Format><node/>" \
	"</Format></RTProperties>" TLEAF("Addr", "https://evil/") "</Node>"
#define WITH_OWN(more) INBOX(ACCOUNT("mine", DMACC, "s2", "")) more

	apply(f, INBOX(ACCOUNT("acc", DMACC, "s1", "")), true, "s1");
	far_node(f, "./NAP/n", NULL, NULL);
	refuse(f, WITH_OWN(TNDS("Add", "2", "./DMAcc", WAY("acc/AppAddr"))), 8, -EEXIST);
	refuse(f, WITH_OWN(TNDS("Add", "2", "./DMAcc", WAY("acc/Ext/deep"))), 8, -EEXIST);
	refuse(f, WITH_OWN(TNDS("Add", "2", "./NAP", WAY("n"))), 8, -EEXIST);
	refuse(f, WITH_OWN(ADD("2", "./NAP/n/x/y", "v")), 8, -EEXIST);
	/* Its own it may complete, and a directory hold more. */
	apply(f, WITH_OWN(TNDS("Add", "2", "./DMAcc", WAY("mine/AppAddr"))
			  TNDS("Add", "3", "./NAP", WAY("m/x"))), true, "s2");
	assert_string_equal(far_value(f, "./DMAcc/mine/AppAddr/9/Addr"), "https://evil/");
	assert_null(far_find(f, "./DMAcc/acc/AppAddr/9"));
}

#define CASES(X) \
	X(inbox) X(names) X(wrapped) X(references) X(again) X(tag_hidden) X(foreign) \
	X(real_uri) X(containers) X(no_session) X(bad) X(not_by_path)

FAR_TESTS(CASES)
