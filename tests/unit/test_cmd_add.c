// SPDX-License-Identifier: GPL-2.0-or-later
/* Add and Replace of single nodes, rule by rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm_far_end.h"

#define ME  FAR_SERVER
#define ALL "Add=" ME "&Get=" ME "&Replace=" ME "&Delete=" ME "&Exec=" ME

static void tree(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/leaf", "x", NULL);
	far_node(f, "./T/dir", NULL, NULL);
}

/* What Add makes, and what it makes of Meta. Rules: CMD-ADD-1 CMD-ADD-9 NODE-8 PROP-FORMAT-2 */
static void adds(struct far_end *f)
{
	tree(f);
	far_do(
	    f,
	    ADD("2", "./T/Plain", "v") ADD("3", "T/dir/typed", "")
		CMD("Add", "4", ITEM("./T/x", META2("xml", "text/xml"), "&lt;a/&gt;"))
		    GET("5", "./T/Plain?prop=Format") GET("6", "./T/Plain?prop=Type")
			GET("7", "./T/Plain?prop=Name") GET("8", "./T/x?prop=Format")
			    GET("9", "./T/x?prop=Type") GET("10", "./T/x"),
	    "S 2 Add 200\nS 3 Add 200\nS 4 Add 200\nS 5 Get 200\nR 5 ./T/Plain?prop=Format chr\n"
	    "S 6 Get 200\nR 6 ./T/Plain?prop=Type text/plain\n"
	    "S 7 Get 200\nR 7 ./T/Plain?prop=Name Plain\nS 8 Get 200\nR 8 ./T/x?prop=Format xml\n"
	    "S 9 Get 200\nR 9 ./T/x?prop=Type text/xml\nS 10 Get 200\nR 10 ./T/x [xml] <a/>\n");
	assert_string_equal(far_value(f, "./T/dir/typed"), "");
}

/* A target that exists is 418 whatever it is, the root too. Rules: CMD-ADD-2 STATUS-418 */
static void add_existing(struct far_end *f)
{
	tree(f);
	far_do(f,
	       ADD("2", "./T/leaf", "v") ADDN("3", "./T/dir") ADD("4", "./T/dir", "v")
		   ADD("5", ".", "v"),
	       "S 2 Add 418\nS 3 Add 418\nS 4 Add 418\nS 5 Add 418\n");
	assert_string_equal(far_value(f, "./T/leaf"), "x");
}

/* Rules: CMD-ADD-3 NODE-1 */
static void add_below_leaf(struct far_end *f)
{
	tree(f);
	far_do(f, ADD("2", "./T/leaf/x", "v") ADDN("3", "./T/leaf/y"),
	       "S 2 Add 405\nS 3 Add 405\n");
	assert_null(far_find(f, "./T/leaf")->first_child);
}

/* Names differ in case, and keep it. Rules: NODE-29 */
static void add_case(struct far_end *f)
{
	tree(f);
	far_do(f,
	       ADD("2", "./T/Leaf", "v") GET("3", "./T/lEAF") GET("4", "./T/Leaf")
		   GET("5", "./t/Leaf") GET("6", "./T"),
	       "S 2 Add 200\nS 3 Get 404\nS 4 Get 200\nR 4 ./T/Leaf v\nS 5 Get 404\nS 6 Get 200\nR "
	       "6 ./T [node] leaf/dir/Leaf\n");
}

/* Missing parents come as interior nodes without any property. Rules: CMD-ADD-4 */
static void implicit_parents(struct far_end *f)
{
	tree(f);
	far_do(f,
	       ADD("2", "./T/p/q/r", "deep") GET("3", "./T/p") GET("4", "./T/p?prop=Type")
		   GET("5", "./T/p/q?prop=ACL"),
	       "S 2 Add 200\nS 3 Get 200\nR 3 ./T/p [node] q\nS 4 Get 200\nR 4 ./T/p?prop=Type \n"
	       "S 5 Get 200\nR 5 ./T/p/q?prop=ACL \n");
	assert_string_equal(far_value(f, "./T/p/q/r"), "deep");
	assert_null(far_find(f, "./T/p")->acl);
}

/*
 * A parent that cannot be made gives its own status and is named; the node
 * itself is not named. Rules: CMD-ADD-5 CMD-ADD-6 NODE-9
 */
static void implicit_parent_fails(struct far_end *f)
{
	tree(f);
	far_node(f, "./closed", NULL, "Get=*");
	far_do(f,
	       ADD("2", "./T/leaf/p/q/x", "v") ADD("3", "closed/p/x", "v")
		   ADD("4", "./DevInfo/p/x", "v") ADD("5", "./closed/x", "v")
		       COPY("6", "./T/leaf", "./closed/p/x")
			   TNDS("Add", "7", "./closed/p/x", TLEAF("a", "1")) DEL("8", "./closed/p"),
	       "S 2 Add 405 @./T/leaf/p\nS 3 Add 425 @closed/p\nS 4 Add 405 @./DevInfo/p\n"
	       "S 5 Add 425\nS 6 Copy 425 @./closed/p\nS 7 Add 425 @./closed/p\nS 8 Delete 404\n");
}

/* So is that of a value that came in pieces. Rules: CMD-ADD-6 */
static void large_parent_fails(struct far_end *f)
{
	tree(f);
	far_start(f);
	assert_int_equal(far_message(f, 212,
				     CMD("Add", "2",
					 "<Item><Target><LocURI>./T/leaf/p/x</LocURI></Target><Meta><Size "
					 "xmlns='syncml:metinf'>6</Size></Meta><Data>abc</Data>"
					 "<MoreData/></Item>"),
				     false),
			 1);
	assert_non_null(strstr(buf_cstr(&f->said), "S 2 Add 213\n"));
	far_do(f, ADD("2", "./T/leaf/p/x", "def") GET("3", "./T/none"),
	       "S 2 Add 405 @./T/leaf/p\nS 3 Get 404\n");
}

/* What was made on the way to a failure goes again. Rules: CMD-ADD-7 */
static void implicit_parents_go(struct far_end *f)
{
	size_t n;

	tree(f);
	n = dm_tree_count(f->tree);
	far_do(f,
	       ADDF("2", "./T/p/q/x", "int", "nine") ADDF("3", "./T/p/q/x", "nonsense", "v")
		   CMD("Add", "4", BARE("./T/p/q/x")),
	       "S 2 Add 415\nS 3 Add 415\nS 4 Add 400\n");
	assert_int_equal(dm_tree_count(f->tree), n);
	assert_null(far_find(f, "./T/p"));
}

/* Rules: CMD-ADD-8 PROP-TYPE-2 */
static void add_interior(struct far_end *f)
{
	tree(f);
	far_do(f,
	       ADDN("2", "./T/n") ADDF("3", "./T/m", "node", "v")
		   CMD("Add", "4", META2("node", "urn:x:1.0") BARE("./T/mo"))
		       ADDF("5", "./T/e", "node", "") GET("6", "./T/mo?prop=Type")
			   GET("7", "./T/n?prop=Type"),
	       "S 2 Add 200\nS 3 Add 415\nS 4 Add 200\nS 5 Add 200\n"
	       "S 6 Get 200\nR 6 ./T/mo?prop=Type urn:x:1.0\nS 7 Get 200\nR 7 ./T/n?prop=Type \n");
	assert_int_equal(far_find(f, "./T/n")->format, DM_FMT_NODE);
	assert_null(far_find(f, "./T/m"));
}

/* Rules: CMD-ADD-10 STATUS-415 */
static void add_formats_unknown(struct far_end *f)
{
	tree(f);
	far_do(f,
	       ADDF("2", "./T/a", "nonsense", "v") ADDF("3", "./T/a", "CHR", "v")
		   CMD("Add", "4", ITEM("./T/a", META2("chr", "text/\tplain"), "v")),
	       "S 2 Add 415\nS 3 Add 415\nS 4 Add 415\n");
	assert_null(far_find(f, "./T/a"));
}

/* Data may be left out with null and node only. Rules: CMD-8 */
static void data_left_out(struct far_end *f)
{
	tree(f);
	far_do(
	    f,
	    CMD("Add", "2", BARE("./T/a")) CMD("Add", "3", META("chr") BARE("./T/a"))
		CMD("Add", "4", META("null") BARE("./T/null"))
		    CMD("Add", "5", META("node") BARE("./T/n"))
			CMD("Replace", "6", BARE("./T/leaf"))
			    CMD("Replace", "7", META("null") BARE("./T/leaf"))
				CMD("Replace", "8", BARE("./T/leaf?prop=Title"))
				    CMD("Replace", "9", BARE("./T?prop=ACL"))
					CMD("Replace", "10", BARE("./T/leaf?prop=Name")),
	    "S 2 Add 400\nS 3 Add 400\nS 4 Add 200\nS 5 Add 200\nS 6 Replace 400\nS 7 Replace 200\n"
	    "S 8 Replace 400\nS 9 Replace 400\nS 10 Replace 400\n");
	assert_int_equal(far_find(f, "./T/leaf")->format, DM_FMT_NULL);
	assert_string_equal(far_find(f, "./T")->acl, ALL);
}

/* The item's Meta wins, element by element. Rules: CMD-9 */
static void meta_levels(struct far_end *f)
{
	tree(f);
	far_do(f,
	       CMD("Add", "2",
		   META2("int", "text/x-number") ITEM("./T/a", "", "7")
		       ITEM("./T/b", META("chr"), "seven")
			   ITEM("./T/c", META2("bool", "text/plain"), "true")
			       ITEM("./T/d", "", "seven")),
	       "S 2 Add 200\nS 2 Add 200\nS 2 Add 200\nS 2 Add 415\n");
	assert_int_equal(far_find(f, "./T/a")->format, DM_FMT_INT);
	assert_string_equal(far_find(f, "./T/a")->type, "text/x-number");
	assert_int_equal(far_find(f, "./T/b")->format, DM_FMT_CHR);
	assert_string_equal(far_find(f, "./T/b")->type, "text/x-number");
	assert_string_equal(far_find(f, "./T/c")->type, "text/plain");
}

/* Rules: CMD-REP-1 CMD-REP-5 */
static void replaces(struct far_end *f)
{
	tree(f);
	far_do(f,
	       CMD("Replace", "2", ITEM("./T/leaf", META2("int", "text/x-n"), "5"))
		   GET("3", "./T/leaf") REP("4", "./T/leaf", "6") GET("5", "./T/leaf")
		       REP("6", "./T/leaf", "six") GET("7", "./T/leaf"),
	       "S 2 Replace 200\nS 3 Get 200\nR 3 ./T/leaf [int] 5\nS 4 Replace 200\nS 5 Get 200\n"
	       "R 5 ./T/leaf [int] 6\nS 6 Replace 415\nS 7 Get 200\nR 7 ./T/leaf [int] 6\n");
	assert_string_equal(far_find(f, "./T/leaf")->type, "text/x-n");
}

/* Nothing is made by a Replace. Rules: CMD-REP-2 */
static void replace_missing(struct far_end *f)
{
	tree(f);
	far_do(f,
	       REP("2", "./T/none", "v") REP("3", "./none/none", "v")
		   REP("4", "./T/none?prop=Title", "v") REP("5", "./T/leaf/none", "v"),
	       "S 2 Replace 404\nS 3 Replace 404\nS 4 Replace 404\nS 5 Replace 404\n");
	assert_null(far_find(f, "./T/none"));
}

/* An interior node has no value to replace, and no leaf becomes one. Rules: CMD-REP-3 */
static void replace_interior(struct far_end *f)
{
	tree(f);
	far_do(f,
	       REP("2", "./T/dir", "v") REPF("3", "./T/dir", "node", "")
		   REPF("4", "./T/leaf", "node", "")
		       TNDS("Replace", "5", "./T/leaf", TLEAF("leaf", "v")),
	       "S 2 Replace 405\nS 3 Replace 405\nS 4 Replace 415\nS 5 Replace 405\n");
	assert_string_equal(far_value(f, "./T/leaf"), "x");
}

/* Format and type of a permanent node stay. Rules: CMD-REP-4 */
static void replace_permanent(struct far_end *f)
{
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./T/p", "x", NULL)->flags = DM_NODE_PERMANENT;
	far_do(f,
	       REPF("2", "./T/p", "int", "5")
		   CMD("Replace", "3", ITEM("./T/p", META2("chr", "text/x"), "y"))
		       CMD("Replace", "4", ITEM("./T/p", META2("chr", "text/plain"), "y"))
			   REP("5", "./T/p", "z"),
	       "S 2 Replace 405\nS 3 Replace 405\nS 4 Replace 200\nS 5 Replace 200\n");
	assert_string_equal(far_value(f, "./T/p"), "z");
}

/* The size that was agreed on, and the memory there is. Rules: CMD-ADD-12 STATUS-413 CMD-ADD-13
 * STATUS-420 */
static void sizes(struct far_end *f)
{
	struct dm_cmd_env env = {.tree = f->tree, .server = SLICE_LIT(ME)};
	struct dm_item item = {.target = SLICE_LIT("./T/x"), .data = SLICE_LIT("v")};
	struct dm_cmd cmd = {.kind = DM_CMD_ADD, .items = &item, .nitems = 1};

	tree(f);
	env.max_nodes = dm_tree_count(f->tree);
	assert_int_equal(dm_cmd_item(&env, &cmd, &item, NULL, NULL), DM_ST_DEVICE_FULL);
	f->cfg.max_obj_size = 4;
	far_do(f,
	       ADD("2", "./T/big", "12345") ADD("3", "./T/ok", "1234") REP("4", "./T/ok", "12345"),
	       "S 2 Add 413\nS 3 Add 200\nS 4 Replace 413\n");
	assert_string_equal(far_value(f, "./T/ok"), "1234");
}

/* Base64 over XML is the way, bin the format. Rules: PROP-FORMAT-4 PROP-SIZE-2 */
static void binary_xml(struct far_end *f)
{
	tree(f);
	far_do(f,
	       ADDF("2", "./T/b", "b64", "AAECAw==") GET("3", "./T/b?prop=Format")
		   GET("4", "./T/b?prop=Size") GET("5", "./T/b") REPF("6", "./T/b", "b64", "A!")
		       REPF("7", "./T/b", "b64", "A&#10;P8A") GET("8", "./T/b"),
	       "S 2 Add 200\nS 3 Get 200\nR 3 ./T/b?prop=Format bin\nS 4 Get 200\nR 4 "
	       "./T/b?prop=Size 4\n"
	       "S 5 Get 200\nR 5 ./T/b [b64] AAECAw==\nS 6 Replace 400\nS 7 Replace 200\n"
	       "S 8 Get 200\nR 8 ./T/b [b64] AP8A\n");
	assert_int_equal(far_find(f, "./T/b")->value_len, 3);
}

static enum dm_status run(struct far_end *f, const char *format, struct slice data, bool opaque)
{
	struct dm_cmd_env env = {.tree = f->tree, .server = SLICE_LIT(ME), .now = 5};
	struct dm_item item = {.target = SLICE_LIT("./T/leaf"),
			       .data = data,
			       .data_opaque = opaque,
			       .meta = {.format = slice_str(format)}};
	struct dm_cmd cmd = {.kind = DM_CMD_REPLACE, .items = &item, .nitems = 1};

	return dm_cmd_item(&env, &cmd, &item, NULL, NULL);
}

/* Raw bytes of a WBXML message are bin by either name; its base64 text is decoded.
 * Rules: PROP-FORMAT-5 */
static void binary_wbxml(struct far_end *f)
{
	const struct dm_node *n;

	tree(f);
	n = far_find(f, "./T/leaf");
	assert_int_equal(run(f, "bin", slice_of("\0\1\2", 3), true), 200);
	assert_true(n->format == DM_FMT_BIN && n->value_len == 3);
	assert_int_equal(run(f, "b64", slice_of("\3\4", 2), true), 200);
	assert_true(n->format == DM_FMT_BIN && n->value_len == 2 && n->value[0] == 3);
	assert_int_equal(run(f, "b64", SLICE_LIT("AAEC"), false), 200);
	assert_true(n->format == DM_FMT_BIN && n->value_len == 3 && n->value[2] == 2);
	dm_tree_committed(f->tree);
	f->cfg.encoder = codec_encoder(CODEC_WBXML);
	f->wbxml = true;
	far_start(f);
	assert_int_equal(far_message(f, 212, GET("2", "./T/leaf"), true), 1);
	assert_non_null(strstr(buf_cstr(&f->said), "R 2 ./T/leaf [bin] "));
}

/* One that is true of each format, and all that is not. Rules: NODE-10 NODE-11 NODE-12 NODE-13
 * NODE-14 NODE-15 */
static void formats(struct far_end *f)
{
	static const struct {
		const char *format, *value;
		enum dm_status want;
	} t[] = {
	    {"int", "0", 200},
	    {"int", "-2147483648", 200},
	    {"int", "2147483647", 200},
	    {"int", "+7", 200},
	    {"int", "2147483648", 415},
	    {"int", "-2147483649", 415},
	    {"int", "", 415},
	    {"int", "-", 415},
	    {"int", "1.0", 415},
	    {"int", " 1", 415},
	    {"int", "0x1", 415},
	    {"int", "99999999999999999999", 415},
	    {"bool", "true", 200},
	    {"bool", "false", 200},
	    {"bool", "1", 415},
	    {"bool", "True", 415},
	    {"bool", "", 415},
	    {"float", "1", 200},
	    {"float", "-1.5e-3", 200},
	    {"float", ".5", 200},
	    {"float", "5.", 200},
	    {"float", "1E6", 200},
	    {"float", "INF", 200},
	    {"float", "NaN", 200},
	    {"float", ".", 415},
	    {"float", "1e", 415},
	    {"float", "e5", 415},
	    {"float", "", 415},
	    {"float", "1,5", 415},
	    {"float", "--1", 415},
	    {"float", "1e5.0", 415},
	    {"date", "20260131", 200},
	    {"date", "2026-01-31", 200},
	    {"date", "2026-01", 200},
	    {"date", "2026", 200},
	    {"date", "2026031", 200},
	    {"date", "2026-W05-6", 200},
	    {"date", "260131", 415},
	    {"date", "2026-13-01", 415},
	    {"date", "20260132", 415},
	    {"date", "2026-1-31", 415},
	    {"date", "", 415},
	    {"date", "-", 415},
	    {"date", "2026-01-31T", 415},
	    {"date", "20260000", 415},
	    {"time", "12:30:59", 200},
	    {"time", "123059", 200},
	    {"time", "12:30", 200},
	    {"time", "123059.25", 200},
	    {"time", "12:30:59Z", 200},
	    {"time", "12:30:59+01:00", 200},
	    {"time", "T1230-05", 200},
	    {"time", "25:00:00", 415},
	    {"time", "12:60", 415},
	    {"time", "12:30:59.", 415},
	    {"time", "1", 415},
	    {"time", "", 415},
	    {"time", "12:30:59ZZ", 415},
	    {"time", "12:3059", 415},
	    {"chr", "\xc3\xa4\n\t", 200},
	    {"chr", "", 200},
	    {"chr", "\xff", 415},
	    {"chr", "\1", 415},
	    {"chr", "\xef\xbf\xbe", 415},
	    {"xml", "<a/>", 200},
	    {"xml", "\xc0\x80", 415},
	    {"bin", "\xff\1", 200},
	    {"null", "", 200},
	    {"null", "x", 415},
	};

	tree(f);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		enum dm_status st = run(f, t[i].format, slice_str(t[i].value), false);

		if (st != t[i].want)
			fail_msg("%s '%s': %d", t[i].format, t[i].value, st);
		if (st == 200)
			assert_string_equal(far_value(f, "./T/leaf"), t[i].value);
	}
}

#define CASES(X) \
	X(adds) X(add_case) X(large_parent_fails) X(add_existing) X(add_below_leaf) \
	X(implicit_parents) X(implicit_parent_fails) X(implicit_parents_go) \
	X(add_interior) X(add_formats_unknown) X(data_left_out) X(meta_levels) \
	X(replaces) X(replace_missing) X(replace_interior) X(replace_permanent) \
	X(sizes) X(binary_xml) X(binary_wbxml) X(formats)

FAR_TESTS(CASES)
