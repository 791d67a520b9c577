// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one message may cost: short commands that list or delete much are answered
 * 413 once they did enough of it, and the next message begins anew.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dm/acl.h"
#include "dm_far_end.h"

#define ALL "Add=*&Get=*&Replace=*&Delete=*"
#define CHILDREN 5000u
/* A server that takes next to nothing: what is too large for it has cost its work all the same. */
#define SMALL "<Meta><MaxObjSize xmlns='syncml:metinf'>1000</MaxObjSize></Meta>"

/* ./T with children that no list shows: what is walked, not what is said. */
static void begin(struct far_end *f)
{
	char uri[32];

	far_init(f);
	far_node(f, "./T", NULL, ALL);
	far_node(f, "./U", NULL, ALL);
	for (unsigned int i = 0; i < CHILDREN; i++) {
		snprintf(uri, sizeof(uri), "./T/n%u", i);
		far_node(f, uri, "x", "Get=other");
	}
	far_start(f);
}

/* @n times the command, with CmdIDs from 2 on; how often @line came back, ended by its status. */
static unsigned int told(struct far_end *f, unsigned int n, const char *fmt, const char *end)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	unsigned int found = 0;

	for (unsigned int i = 0; i < n; i++) {
		char cmd[1024];
		const char *at = strstr(fmt, "%ID");

		snprintf(cmd, sizeof(cmd), "%.*s%u%s", (int)(at - fmt), fmt, i + 2, at + 3);
		buf_put_str(&b, cmd);
	}
	assert_int_equal(far_message(f, 212, buf_cstr(&b), true), 1);
	for (const char *p = buf_cstr(&f->said); (p = strstr(p, end)); p++)
		found++;
	return found;
}

static void lists(void **state)
{
	unsigned int enough = DM_MAX_WORK / CHILDREN;
	struct far_end f;

	begin(&f);
	assert_in_range(told(&f, enough + 50, GET("%ID", "./T?list=Struct"), "Get 413\n"), 40, 50);
	assert_int_equal(told(&f, 1, GET("%ID", "./T?list=Struct"), "Get 200\n"), 1);
	assert_in_range(told(&f, enough + 50, GET("%ID", "./T"), "Get 413\n"), 75, 90);
	/* Once it is enough, it is for all that follows. */
	assert_in_range(told(&f, enough + 50, GET("%ID", "./T?list=TNDS"), "Get 200\n"), 1, enough);
	assert_int_equal(told(&f, 1, REP("%ID", "./U?prop=Title", "x"), "Replace 200\n"), 1);
	far_fini(&f);
}

static void deletions(void **state)
{
	unsigned int enough = DM_MAX_WORK / CHILDREN / 3;
	struct far_end f;

	begin(&f);
	assert_in_range(told(&f, enough + 50, "<Atomic><CmdID>a%ID</CmdID>" DEL("d", "./T")
			     DEL("e", "./none") "</Atomic>", "S d Delete 413\n"), 40, 50);
	assert_string_equal(far_value(&f, "./T/n7"), "x");
	assert_int_equal(told(&f, 1, DEL("%ID", "./T"), "Delete 200\n"), 1);
	far_fini(&f);
}

/* What is too much for one answer is 413, and leaves its room to what is small. */
static void results(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char *big = malloc(1000001);
	struct far_end f;

	begin(&f);
	assert_non_null(big);
	memset(big, 'v', 1000000);
	big[1000000] = 0;
	for (int i = 0; i < 30; i++) {
		char uri[32];

		snprintf(uri, sizeof(uri), "./U/L/%d", i);
		far_node(&f, uri, big, NULL);
	}
	free(big);
	buf_put_str(&b, GET("2", "./U/L?list=StructData") GET("3", "./U/L?list=TNDS") GET("4", "./U/L/1")
		    GET("5", "./DevInfo/Man"));
	assert_int_equal(far_message(&f, 212, buf_cstr(&b), true), 1);
	assert_non_null(strstr(buf_cstr(&f.said), "S 2 Get 413\nS 3 Get 413\nS 4 Get 200\nR 4 "));
	assert_non_null(strstr(buf_cstr(&f.said), "S 5 Get 200\nR 5 ./DevInfo/Man Maker\n"));
	far_fini(&f);
}

/* ./U/L: 30 leaves of a million bytes. */
static void megabytes(struct far_end *f, const char *acl)
{
	char *big = malloc(1000001);

	assert_non_null(big);
	memset(big, 'v', 1000000);
	big[1000000] = 0;
	for (int i = 0; i < 30; i++) {
		char uri[32];

		snprintf(uri, sizeof(uri), "./U/L/%d", i);
		far_node(f, uri, big, acl);
	}
	free(big);
}

/* Few nodes may hold much: reading that is work too, also where nothing of it can be sent. */
static void values(void **state)
{
	struct far_end f;

	begin(&f);
	f.hdr_extra = SMALL;
	megabytes(&f, NULL);
	assert_in_range(told(&f, 300, GET("x%ID", "./U/L/1") GET("%ID", "./U?prop=Name"),
			     "Get 200\n"), 100, 150);
	assert_in_range(told(&f, 10, GET("x%ID", "./U/L?list=TNDS") GET("%ID", "./U?prop=Name"),
			     "Get 200\n"), 1, 6);
	assert_in_range(told(&f, 200, "<Atomic><CmdID>a%ID</CmdID>" COPY("c", "./U/L/1", "./U/L/a")
			     DEL("d", "./none") "</Atomic>", "S c Copy 413\n"), 50, 100);
	assert_int_equal(told(&f, 1, GET("%ID", "./U"), "Get 200\n"), 1);
	far_fini(&f);
}

/* So may their ACLs. */
static void acls(void **state)
{
	char acl[DM_ACL_MAX] = "Get=*";
	struct far_end f;

	memset(acl + 5, 'q', sizeof(acl) - 6);
	memcpy(acl + 5, "+", 1);
	begin(&f);
	f.hdr_extra = SMALL;
	for (int i = 0; i < 1000; i++) {
		char uri[32];

		snprintf(uri, sizeof(uri), "./U/L/%d", i);
		far_node(&f, uri, "x", acl);
	}
	assert_in_range(told(&f, 100, GET("x%ID", "./U/L?list=TNDS+ACL")
			     GET("%ID", "./U?prop=Name"), "Get 200\n"), 1, 40);
	assert_in_range(told(&f, 100, ADD("x%ID", "./DMAcc/n/ServerID", "q") DEL("%ID", "./DMAcc/n"),
			     "Delete 200\n"), 1, 20);
	far_fini(&f);
}

/* A name for what comes without one is looked for among those that are taken. */
static void names(void **state)
{
	struct far_end f;
	char uri[32];

	begin(&f);
	for (unsigned int i = 1; i < 9000; i++) {
		snprintf(uri, sizeof(uri), "./NAP/%u", i);
		far_node(&f, uri, NULL, NULL);
	}
	assert_in_range(told(&f, 300, TNDS("Add", "%ID", "./Inbox",
					   TDIR("", "urn:oma:mo:oma-connmo-nap:1.0", "")),
			     "Add 200\n"), 200, 250);
	far_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(deletions),
		cmocka_unit_test(results),
		cmocka_unit_test(values),
		cmocka_unit_test(acls),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
