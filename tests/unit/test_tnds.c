// SPDX-License-Identifier: GPL-2.0-or-later
/* Serialized tree objects as the data of Add and Replace, rule by rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"

#define ME  FAR_SERVER
#define ALL "Add=" ME "&Get=" ME "&Replace=" ME "&Delete=" ME "&Exec=" ME

#define LEAF(name, format, v)                                                                      \
	TNODE(name, "<Format><" format "/></Format><Type><MIME>text/plain</MIME></Type>",          \
	      "<Value>" v "</Value>")
#define AT(path, name, v)                                                                          \
	"<Node><NodeName>" name "</NodeName><Path>" path "</Path><RTProperties><Format><chr/>"     \
	"</Format><Type><MIME>text/plain</MIME></Type></RTProperties><Value>" v "</Value></Node>"
#define DOCUMENT                                                                                   \
	"<MgmtTree xmlns='syncml:dmddf1.2'><VerDTD>1.2</VerDTD>" TLEAF("a", "1") "</MgmtTree>"
#define AS(id, u, format, type, data) CMD("Add", id, META2(format, type) ITEM(u, "", data))
#define MIME			      "application/vnd.syncml.dmtnds+"

static void tree(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/leaf", "x", NULL);
	far_node(f, "./T/old/gone/deep", "x", NULL);
	far_node(f, "./T/old/kept", "x", NULL);
}

/* Rules: TNDS-1 TNDS-2 TNDS-3 TNDS-12 */
static void adds(struct far_end *f)
{
	tree(f);
	far_do(f,
	       TNDS("Add", "2", "./T/new",
		    TDIR("new", "urn:x", TLEAF("a", "1") TDIR("d", "", TLEAF("b", "2"))))
		   TNDS("Add", "3", "./T/more",
			TLEAF("p", "1") TLEAF("q", "2")) TNDS("Add", "4", "./T", TLEAF("r", "3"))
		       TNDS("Add", "5", "./T/i/j/new", TDIR("new", "", TLEAF("k", "4")))
			   GET("6", "./T/new?prop=Type") GET("7", "./T/new/d") GET("8", "./T/more"),
	       "S 2 Add 200\nS 3 Add 200\nS 4 Add 200\nS 5 Add 200\nS 6 Get 200\nR 6 "
	       "./T/new?prop=Type urn:x\n"
	       "S 7 Get 200\nR 7 ./T/new/d [node] b\nS 8 Get 200\nR 8 ./T/more [node] p/q\n");
	assert_string_equal(far_value(f, "./T/new/d/b"), "2");
	assert_string_equal(far_value(f, "./T/more/q"), "2");
	assert_string_equal(far_value(f, "./T/r"), "3");
	assert_string_equal(far_value(f, "./T/i/j/new/k"), "4");
	assert_string_equal(far_find(f, "./T/new/a")->type, "text/plain");
}

/* All or nothing, with the status the node alone would have got. Rules: TNDS-4 TNDS-5 TNDS-6 */
static void all_or_nothing(struct far_end *f)
{
	size_t n;

	tree(f);
	f->cfg.max_obj_size = 8;
	far_node(f, "./T/noadd", NULL, "Get=*");
	n = dm_tree_count(f->tree);
	far_do(f,
	       TNDS("Add", "2", "./T", TLEAF("ok", "1") TLEAF("leaf", "2"))
		   TNDS("Add", "3", "./T/n", TLEAF("a", "1") LEAF("b", "int", "x"))
		       TNDS("Add", "4", "./T/n", TLEAF("a", "1") TLEAF("b", "123456789"))
			   TNDS("Add", "5", "./T", TLEAF("a", "1") AT("noadd", "b", "2"))
			       TNDS("Add", "6", "./T/p/q",
				    TDIR("q", "", TDIR("a", "", TLEAF("b", "1") TLEAF("b", "2"))))
				   TNDS("Add", "7", "./T", TLEAF("a", "1") TLEAF("a/b", "1"))
				       TNDS("Add", "8", "./T/n", TLEAF("a", "1") TLEAF("", "1"))
					   TNDS("Add", "9", "./T",
						TLEAF("a", "1") AT("leaf", "b", "2")),
	       "S 2 Add 418\nS 3 Add 415\nS 4 Add 413\nS 5 Add 425\nS 6 Add 418\nS 7 Add 400\nS 8 "
	       "Add 400\nS 9 Add 405\n");
	assert_int_equal(dm_tree_count(f->tree), n);
}

/* Path leads from the Target to the node, and not from a nested one. Rules: TNDS-7 TNDS-8 */
static void paths(struct far_end *f)
{
	tree(f);
	far_do(f,
	       TNDS("Add", "2", "./T/V",
		    TDIR("ISP", "", "") AT("ISP", "GW", "1") AT("Other/Deep", "x", "2")
			AT("ISP", "GW2", "3"))
		   TNDS("Add", "3", "./T/W", TDIR("a", "", AT("b", "c", "1")))
		       TNDS("Add", "4", "./T/W", AT("../old", "c", "1"))
			   TNDS("Add", "5", "./T/W", AT("a/", "c", "1"))
			       TNDS("Add", "6", "./T", AT("./old", "c", "5")),
	       "S 2 Add 200\nS 3 Add 400\nS 4 Add 400\nS 5 Add 400\nS 6 Add 200\n");
	assert_string_equal(far_value(f, "./T/V/ISP/GW"), "1");
	assert_string_equal(far_value(f, "./T/V/ISP/GW2"), "3");
	assert_string_equal(far_value(f, "./T/V/Other/Deep/x"), "2");
	assert_string_equal(far_value(f, "./T/old/c"), "5");
	assert_null(far_find(f, "./T/W"));
}

/* A node without a name is the Target's last segment. Rules: TNDS-9 TNDS-10 */
static void names(struct far_end *f)
{
	tree(f);
	far_do(f,
	       TNDS("Add", "2", "./T/new", TDIR("", "", TLEAF("a", "1")))
		   TNDS("Add", "3", "./T/new", TDIR("", "", TLEAF("b", "1")))
		       TNDS("Add", "4", "./T/new", TDIR("new", "", TLEAF("b", "1")))
			   TNDS("Add", "5", "./T/leaf", TLEAF("leaf", "y"))
			       TNDS("Replace", "6", "./T/new", TDIR("", "urn:y", TLEAF("c", "2")))
				   GET("7", "./T/new"),
	       "S 2 Add 200\nS 3 Add 418\nS 4 Add 418\nS 5 Add 418\nS 6 Replace 200\nS 7 Get "
	       "200\nR 7 ./T/new [node] c\n");
	assert_string_equal(far_find(f, "./T/new")->type, "urn:y");
}

/* The subtree becomes the object: what is not in it goes. Rules: TNDS-11 TNDS-13 */
static void replaces(struct far_end *f)
{
	tree(f);
	far_do(f,
	       TNDS("Replace", "2", "./T/old",
		    TNODE("old",
			  "<ACL>Get=*&amp;Replace=*</ACL><Format><node/></Format><Title>t</Title>"
			  "<Type><DDFName>urn:n</DDFName></Type>",
			  TLEAF("kept", "y") TDIR("fresh", "", TLEAF("z", "1"))))
		   GET("3", "./T/old") GET("4", "./T/old/kept") GET("5", "./T/old/gone/deep")
		       GET("6", "./T/old?prop=ACL"),
	       "S 2 Replace 200\nS 3 Get 200\nR 3 ./T/old [node] kept/fresh\nS 4 Get 200\nR 4 "
	       "./T/old/kept y\n"
	       "S 5 Get 404\nS 6 Get 200\nR 6 ./T/old?prop=ACL Get=*&Replace=*\n");
	assert_string_equal(far_find(f, "./T/old")->type, "urn:n");
	assert_string_equal(far_find(f, "./T/old")->title, "t");
	far_do(f,
	       TNDS("Replace", "2", "./T/old", TLEAF("one", "1") TLEAF("two", "2"))
		   GET("3", "./T/old"),
	       "S 2 Replace 200\nS 3 Get 200\nR 3 ./T/old [node] one/two\n");
	assert_string_equal(far_value(f, "./T/old/two"), "2");
}

/* Rules: TNDS-14 TNDS-15 TNDS-5 */
static void replace_refused(struct far_end *f)
{
	size_t n;

	tree(f);
	far_node(f, "./T/dir/fixed", "x", NULL)->flags = DM_NODE_PERMANENT;
	far_node(f, "./ro/x", "x", NULL);
	n = dm_tree_count(f->tree);
	far_do(f,
	       TNDS("Replace", "2", "./T/none", TLEAF("a", "1")) TNDS("Replace", "3", "./ro",
								      TLEAF("a", "1"))
		   TNDS("Replace", "4", "./T/dir", TLEAF("a", "1")) TNDS("Replace", "5", "./T/leaf",
									 TLEAF("leaf", "1"))
		       TNDS("Replace", "6", "./T/old", TLEAF("a", "1") LEAF("b", "bool", "maybe"))
			   TNDS("Replace", "7", "./T/old",
				TNODE("old", "<Format><chr/></Format><Type><MIME>x/y</MIME></Type>",
				      "<Value>v</Value>"))
			       TNDS("Replace", "8", "./T/old",
				    TDIR("old", "", TLEAF("a", "1") TLEAF("a", "2")))
				   TNDS("Replace", "9", "./T/old", ""),
	       "S 2 Replace 404\nS 3 Replace 425\nS 4 Replace 405\nS 5 Replace 405\nS 6 Replace "
	       "415\nS 7 Replace 415\n"
	       "S 8 Replace 418\nS 9 Replace 400\n");
	assert_int_equal(dm_tree_count(f->tree), n);
	assert_string_equal(far_value(f, "./T/old/gone/deep"), "x");
	assert_null(far_find(f, "./T/none"));
}

/* Rules: TNDS-16 */
static void types(struct far_end *f)
{
	struct dm_cmd_env env = {.tree = f->tree, .trusted = true};
	struct dm_item item = {.target = SLICE_LIT("./T/m"),
			       .data = SLICE_LIT(DOCUMENT),
			       .meta.type = SLICE_LIT(MIME "xml")};
	struct dm_cmd cmd = {.kind = DM_CMD_ADD, .items = &item, .nitems = 1};

	tree(f);
	far_do(f,
	       AS("2", "./T/n", "xml", MIME "nonsense", "<![CDATA[" DOCUMENT "]]>")
		   AS("3", "./T/n", "xml", "text/xml", DOCUMENT)
		       AS("4", "./T/n", "xml", MIME "xml", "<![CDATA[" DOCUMENT "]]>")
			   AS("5", "./T/o", "xml", MIME "xml", "<![CDATA[<x/>]]>")
			       AS("6", "./T/o", "b64", MIME "xml", "A!")
				   CMD("Add", "7", META2("xml", MIME "xml") BARE("./T/o")),
	       "S 2 Add 415\nS 3 Add 415\nS 4 Add 200\nS 5 Add 400\nS 6 Add 400\nS 7 Add 400\n");
	assert_string_equal(far_value(f, "./T/n/a"), "1");
	/* An engine without a decoder of such objects. */
	assert_int_equal(dm_cmd_item(&env, &cmd, &item, NULL, NULL), DM_ST_BAD_FORMAT);
	env.tnds = &far_tnds_ops;
	assert_int_equal(dm_cmd_item(&env, &cmd, &item, NULL, NULL), DM_ST_OK);
	assert_string_equal(far_value(f, "./T/m/a"), "1");
}

/* The object in WBXML, raw or in base64. Rules: TNDS-17 */
static void wbxml(struct far_end *f)
{
	_cleanup_buf_ struct buf doc = BUF_INIT;
	struct dm_tnds_node nodes[] = {
	    {.name = SLICE_LIT("a"),
	     .format = SLICE_LIT("bin"),
	     .type = SLICE_LIT("x/y"),
	     .has_value = true,
	     .value_opaque = true,
	     .value = slice_of("\0\1", 2)},
	};
	struct dm_cmd_env env = {.tree = f->tree, .trusted = true, .tnds = &far_tnds_ops};
	struct dm_item item = {.target = SLICE_LIT("./T/m"),
			       .data_opaque = true,
			       .meta.type = SLICE_LIT(MIME "wbxml")};
	struct dm_cmd cmd = {.kind = DM_CMD_ADD, .items = &item, .nitems = 1};

	codec_tnds_encode(CODEC_WBXML, &doc, &(struct dm_tnds){nodes, 1});
	item.data = buf_slice(&doc);
	assert_int_equal(dm_cmd_item(&env, &cmd, &item, NULL, NULL), DM_ST_OK);
	assert_true(far_find(f, "./T/m/a")->format == DM_FMT_BIN &&
		    far_find(f, "./T/m/a")->value_len == 2);
}

/* Rules: TNDS-18 TNDS-20 TNDS-21 */
static void values(struct far_end *f)
{
	tree(f);
	far_do(
	    f,
	    TNDS("Add", "2", "./T/n",
		 LEAF("b", "bin", "AAEC") LEAF("c", "b64", "AAEC") LEAF("i", "int", "7")
		     LEAF("e", "chr", "")
			 TNODE("none", "<Format><null/></Format><Type><MIME>x/y</MIME></Type>",
			       "") "<Node><NodeName>plain</NodeName><Value>v</Value></"
				   "Node><Node><NodeName>dir</NodeName>" TLEAF("x", "1") "</Node>")
		TNDS("Add", "3", "./T/o", LEAF("b", "bin", "A!")) TNDS(
		    "Add", "4", "./T/o",
		    TNODE("a", "<Format>nonsense</Format>", "<Value>v</Value>"))
		    TNDS("Add", "5", "./T/o",
			 TNODE("a", "<Format><chr/></Format>", "<Value>v</Value>" TLEAF("b", "1")))
			TNDS("Add", "6", "./T/o",
			     TNODE("a", "<Format><node/></Format>", "<Value>v</Value>")),
	    "S 2 Add 200\nS 3 Add 400\nS 4 Add 415\nS 5 Add 415\nS 6 Add 415\n");
	assert_true(far_find(f, "./T/n/b")->format == DM_FMT_BIN &&
		    far_find(f, "./T/n/b")->value_len == 3);
	assert_true(far_find(f, "./T/n/c")->format == DM_FMT_BIN &&
		    far_find(f, "./T/n/c")->value_len == 3);
	assert_int_equal(far_find(f, "./T/n/i")->format, DM_FMT_INT);
	assert_int_equal(far_find(f, "./T/n/none")->format, DM_FMT_NULL);
	assert_true(far_find(f, "./T/n/e")->format == DM_FMT_CHR &&
		    !far_find(f, "./T/n/e")->value_len);
	/* Without properties the content says what a node is. */
	assert_int_equal(far_find(f, "./T/n/plain")->format, DM_FMT_CHR);
	assert_string_equal(far_value(f, "./T/n/dir/x"), "1");
	assert_null(far_find(f, "./T/o"));
}

/* Whatever version an object says it is of, or says nothing. Rules: TNDS-27 */
static void versions(struct far_end *f)
{
#define OF(id, u, version) AS(id, u, "xml", MIME "xml", \
	"<![CDATA[<MgmtTree xmlns='syncml:dmddf1.2'>" version TLEAF("a", "1") "</MgmtTree>]]>")
	tree(f);
	far_do(f, OF("2", "./T/p", "") OF("3", "./T/q", "<VerDTD>1.3</VerDTD>"),
	       "S 2 Add 200\nS 3 Add 200\n");
	assert_string_equal(far_value(f, "./T/p/a"), "1");
	assert_string_equal(far_value(f, "./T/q/a"), "1");
}

/* When a node changed last, and how often, is the device's to say. Rules: TNDS-26 */
static void counts(struct far_end *f)
{
	tree(f);
	far_do(f,
	       TNDS("Add", "2", "./T/n",
		    TNODE("n",
			  "<Format><chr/></Format><Name>other</Name><Size>99</Size>"
			  "<TStamp>19700101T000000Z</TStamp><VerNo>7</VerNo>",
			  "<Value>v</Value>"))
		   GET("3", "./T/n?prop=TStamp") GET("4", "./T/n?prop=VerNo")
		       GET("5", "./T/n?prop=Size"),
	       "S 2 Add 200\nS 3 Get 200\nR 3 ./T/n?prop=TStamp 20010909T014640Z\n"
	       "S 4 Get 200\nR 4 ./T/n?prop=VerNo 0\nS 5 Get 200\nR 5 ./T/n?prop=Size 1\n");
}

#define T50 "tttttttttttttttttttttttttttttttttttttttttttttttttttt"
/* ACLs of the object are obeyed as far as ACL-7 goes. Rules: TNDS-22 TNDS-23 */
static void acls(struct far_end *f)
{
	tree(f);
	far_node(f, "./drop", NULL, "Add=" ME);
#define OWN(name, acl, rest)                                                                       \
	TNODE(name, "<ACL>" acl "</ACL><Format><node/></Format><Type><DDFName/></Type>", rest)
	far_do(f,
	       TNDS("Add", "2", "./T/n", OWN("n", "Get=other", OWN("m", "Get=*", TLEAF("x", "1"))))
		   TNDS("Add", "3", "./T/o", OWN("o", "Get=", ""))
		       TNDS("Add", "4", "./drop/n", OWN("n", "Get=*", TLEAF("x", "1")))
			   TNDS("Add", "5", "./drop/l",
				TNODE("l", "<ACL>Get=*</ACL><Format><chr/></Format>",
				      "<Value>v</Value>"))
			       TNDS("Add", "6", "./T/l",
				    TNODE("l", "<ACL>Get=*</ACL><Format><chr/></Format>",
					  "<Value>v</Value>"))
				   TNDS("Add", "7", "./drop/c", TDIR("c", "", TDIR("d", "", "")))
				       TNDS("Add", "8", "./T/t",
					    TNODE("t", "<Title>" T50 T50 T50 T50 T50 "</Title>",
						  "<Value>v</Value>")),
	       "S 2 Add 200\nS 3 Add 400\nS 4 Add 200\nS 5 Add 425\nS 6 Add 200\nS 7 Add 200\nS 8 "
	       "Add 413\n");
	assert_string_equal(far_find(f, "./T/n")->acl, "Get=other");
	assert_string_equal(far_find(f, "./T/n/m")->acl, "Get=*");
	assert_string_equal(far_find(f, "./drop/n")->acl, "Get=*");
	assert_string_equal(far_find(f, "./T/l")->acl, "Get=*");
	assert_string_equal(far_find(f, "./drop/c")->acl, "Add=" ME "&Delete=" ME "&Replace=" ME);
	assert_null(far_find(f, "./drop/c/d")->acl);
	assert_null(far_find(f, "./drop/l"));
}

/* The limits of URIs are those of every node of the object. Rules: TNDS-24 */
static void limits(struct far_end *f)
{
	size_t n;

	f->cfg.limits = (struct dm_uri_limits){.max_depth = 5, .max_total = 16, .max_segment = 8};
	tree(f);
	n = dm_tree_count(f->tree);
	far_do(f,
	       TNDS("Add", "2", "./T/a",
		    TDIR("a", "", TDIR("b", "", TDIR("c", "", TDIR("d", "", TLEAF("e", "1"))))))
		   TNDS("Add", "3", "./T/a", TDIR("a", "", TLEAF("123456789", "1"))) TNDS(
		       "Add", "4", "./T/a", TDIR("a", "", TDIR("12345678", "", TLEAF("1234", "1"))))
		       TNDS("Replace", "5", "./T/old", TDIR("12345678", "", TLEAF("12", "1"))),
	       "S 2 Add 414\nS 3 Add 414\nS 4 Add 414\nS 5 Replace 414\n");
	assert_int_equal(dm_tree_count(f->tree), n);
	far_do(
	    f,
	    TNDS("Add", "2", "./T/a", TDIR("a", "", TDIR("b", "", TDIR("c", "", TLEAF("d", "1")))))
		TNDS("Add", "3", "./T/b", TDIR("b", "", TDIR("12345678", "", TLEAF("123", "1"))))
		    TNDS("Add", "4", "./T/c",
			 TDIR("c", "",
			      TLEAF("\xc3\xa4"
				    "2345678",
				    "1"))),
	    "S 2 Add 200\nS 3 Add 200\nS 4 Add 200\n");
}

/* Accounts that a Replace takes away take their servers out of the ACLs. Rules: TNDS-25 ACL-10b */
static void accounts(struct far_end *f)
{
	assert_int_equal(dm_tree_set_acl(f->tree, far_find(f, "./DMAcc"),
					 SLICE_LIT("Replace=" ME "&Get=" ME), 0),
			 0);
	far_node(f, "./DMAcc/a", NULL, NULL);
	far_node(f, "./DMAcc/a/ServerID", "goes", NULL);
	far_node(f, "./DMAcc/b/ServerID", "stays", NULL);
	far_node(f, "./A", NULL, "Get=goes+stays&Replace=goes");
	far_do(f,
	       TNDS("Replace", "2", "./DMAcc", TDIR("c", "", TLEAF("ServerID", "stays")))
		   TNDS("Replace", "3", "./DMAcc", TDIR("c", "", TLEAF("ServerID", "*")))
		       TNDS("Replace", "4", "./DMAcc/c", TLEAF("ServerID", "other"))
			   TNDS("Replace", "5", "./DMAcc/c", TLEAF("Name", "n")),
	       "S 2 Replace 200\nS 3 Replace 415\nS 4 Replace 405\nS 5 Replace 405\n");
	assert_string_equal(far_find(f, "./A")->acl, "Get=stays");
	assert_string_equal(far_value(f, "./DMAcc/c/ServerID"), "stays");
	assert_null(far_find(f, "./DMAcc/a"));
}

/* What ?list=TNDS gives can be put back, binary values too. Rules: TNDS-19 */
static void round_trip(struct far_end *f)
{
	_cleanup_buf_ struct buf doc = BUF_INIT, body = BUF_INIT;
	const char *from, *to;
	struct dm_node *n;

	tree(f);
	n = far_node(f, "./T/old/bin", "x", NULL);
	assert_int_equal(
	    dm_tree_set_value(f->tree, n, DM_FMT_BIN, SLICE_LIT("x/y"), slice_of("\0\xff<&", 4), 0),
	    0);
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "./T/old?list=TNDS"), true), 1);
	from = strstr(buf_cstr(&f->said), "<MgmtTree");
	to = from ? strstr(from, "</MgmtTree>") : NULL;
	assert_non_null(to);
	buf_put(&doc, from, to + 11 - from);
	buf_printf(&body, AS("2", "./T/back", "xml", MIME "xml", "<![CDATA[%s]]>"), buf_cstr(&doc));
	far_do(f, buf_cstr(&body), "S 2 Add 200\n");
	n = far_find(f, "./T/back/old/bin");
	assert_true(n && n->format == DM_FMT_BIN && n->value_len == 4 &&
		    !memcmp(n->value, "\0\xff<&", 4));
	assert_string_equal(far_value(f, "./T/back/old/gone/deep"), "x");
}

#define CASES(X) \
	X(adds) X(all_or_nothing) X(paths) X(names) X(replaces) X(replace_refused) \
	X(types) X(wbxml) X(values) X(acls) X(limits) X(accounts) X(counts) \
	X(versions) X(round_trip)

FAR_TESTS(CASES)
