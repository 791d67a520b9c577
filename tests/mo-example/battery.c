// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A battery as a management object: what it holds now is asked for when a
 * server wants to know, and the level to warn at is a server's to set.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dmsc/mo.h>

#define ROOT "./Battery"

static const struct dmsc_ddf children[] = {
	/* Measured: read() is asked whenever a server gets it. */
	{ .name = "Level", .formats = DMSC_FMT(DMSC_INT), .access = DMSC_GET,
	  .flags = DMSC_PERMANENT | DMSC_LIVE, DMSC_ONE },
	/* Kept by the tree: check() says what may be kept. */
	{ .name = "WarnAt", .formats = DMSC_FMT(DMSC_INT), .access = DMSC_GET | DMSC_REPLACE,
	  .flags = DMSC_PERMANENT, DMSC_ONE },
	/* Run: exec() does it. */
	{ .name = "Calibrate", .formats = DMSC_FMT(DMSC_NULL), .access = DMSC_EXEC,
	  .flags = DMSC_PERMANENT, DMSC_ONE },
	/* Anything a maker wants to add below. */
	{ .name = "Ext", .formats = DMSC_FMT(DMSC_NODE),
	  .access = DMSC_ADD | DMSC_GET | DMSC_DELETE | DMSC_REPLACE, .flags = DMSC_OPEN,
	  DMSC_ZERO_OR_ONE },
	{ .formats = 0 }
};

static const struct dmsc_ddf root = {
	.formats = DMSC_FMT(DMSC_NODE), .access = DMSC_GET | DMSC_ADD, .flags = DMSC_PERMANENT,
	DMSC_ONE, .type = "urn:x-example:mo:battery:1.0", .children = children,
};

static char level[16] = "87";

static int install(void *ctx, const struct dmsc_host *h)
{
	const struct dmsc_value warn = { DMSC_INT, "15", 2 }, calibrate = { DMSC_NULL, NULL, 0 };
	const struct dmsc_value now = { DMSC_INT, level, strlen(level) };
	const struct dmsc_alert empty = {
		.type = "Reversed-Domain-Name: org.example.battery", .source = ROOT "/Level",
		.mark = "critical", .value = now,
	};
	struct dmsc_value old;
	int rc = h->put(h, ROOT "/Level", now);

	if (!rc)
		rc = h->put(h, ROOT "/Calibrate", calibrate);
	/* What a server set in an earlier session stays. */
	if (!rc && h->get(h, ROOT "/WarnAt", &old))
		rc = h->put(h, ROOT "/WarnAt", warn);
	if (!rc && h->abi >= 2 && atoi(level) < 15)
		(void)h->alert(h, &empty);
	return rc;
}

static int read_value(void *ctx, const char *uri, struct dmsc_value *out)
{
	if (strcmp(uri, ROOT "/Level"))
		return 404;
	*out = (struct dmsc_value){ DMSC_INT, level, strlen(level) };
	return 0;
}

static int check(void *ctx, const char *uri, const struct dmsc_value *value)
{
	char text[8] = "";

	if (strcmp(uri, ROOT "/WarnAt") || value->len >= sizeof(text))
		return 405;
	memcpy(text, value->data, value->len);
	return atoi(text) >= 5 && atoi(text) <= 50 ? 0 : 416;
}

static int run(void *ctx, const char *uri, const void *data, size_t len, const char *correlator)
{
	if (strcmp(uri, ROOT "/Calibrate"))
		return 405;
	snprintf(level, sizeof(level), "100");
	return 200;
}

static void committed(void *ctx, const struct dmsc_change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(changes[i].uri, ROOT "/WarnAt"))
			fprintf(stderr, "battery: warn at %.*s\n", (int)changes[i].value.len,
				(const char *)changes[i].value.data);
}

static const struct dmsc_mo battery = {
	.abi = DMSC_MO_ABI, .id = "urn:x-example:mo:battery:1.0",
	.roots = (const char *const[]){ ROOT, NULL }, .ddf = &root,
	.acl = "Add=*&Delete=*&Exec=*&Get=*&Replace=*", .install = install, .read = read_value,
	.check = check, .exec = run, .committed = committed,
};

const struct dmsc_mo *DMSC_MO_ENTRY(void)
{
	return &battery;
}
