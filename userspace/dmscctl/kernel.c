// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel says of slots, cards and questions; no file content, no question's text. */
#include <errno.h>
#include <stdio.h>

#include "dmscctl/ctl.h"
#include "kernel/nl.h"

static int fail(const char *what, int r)
{
	if (r == -ENOENT) {
		fputs("dmscctl: the kernel has no family \"uicc\": is the module uicc loaded?\n",
		      stderr);
		return CTL_MODULE;
	}
	fprintf(stderr, "dmscctl: %s: %s\n", what, strerror(-r));
	return CTL_FAILED;
}

static int on_slot(void *ctx, const struct unl_slot *s)
{
	static const char *const states[] = { "empty", "ready", "mute" };

	table_cell(ctx, "%s", s->name);
	table_cell(ctx, "%s", s->transport);
	table_cell(ctx, "%s", s->location);
	table_cell(ctx, "%s", s->state < 3 ? states[s->state] : "?");
	table_cell(ctx, "%llu", (unsigned long long)s->seq);
	return 0;
}

static int on_card(void *ctx, const struct unl_card *c)
{
	table_cell(ctx, "uicc%u", c->slot);
	table_cell(ctx, "%llu", (unsigned long long)c->seq);
	table_cell(ctx, "%s", c->protocol);
	table_cell(ctx, "%s", c->atr);
	return 0;
}

static int on_question(void *ctx, const struct unl_question *q)
{
	static const char *const kinds[] = { "session", "provision", "pin", "display", "confirm",
					     "text", "single-choice", "multiple-choice" };

	table_cell(ctx, "%u", q->id);
	table_cell(ctx, "uicc%u", q->slot);
	table_cell(ctx, "%s", q->kind < 8 ? kinds[q->kind] : "?");
	table_cell(ctx, "%s", q->accepted ? "accepted" : "pending");
	return 0;
}

int ctl_slots(const struct ctl *c)
{
	static const char *const columns[] = { "slot", "transport", "location", "state", "seq" };
	struct table t;
	struct unl *nl = NULL;
	int r = unl_open(&nl);

	if (!r) {
		table_init(&t, c->json, columns, 5);
		r = unl_slots(nl, on_slot, &t);
		table_print(&t);
	}
	unl_close(nl);
	return r ? fail("slots", r) : CTL_OK;
}

int ctl_cards(const struct ctl *c)
{
	static const char *const columns[] = { "slot", "seq", "protocol", "atr" };
	struct table t;
	struct unl *nl = NULL;
	int r = unl_open(&nl);

	if (!r) {
		table_init(&t, c->json, columns, 4);
		r = unl_cards(nl, on_card, &t);
		table_print(&t);
	}
	unl_close(nl);
	return r ? fail("cards", r) : CTL_OK;
}

int ctl_questions(const struct ctl *c)
{
	static const char *const columns[] = { "id", "slot", "kind", "state" };
	struct table t;
	struct unl *nl = NULL;
	int r = unl_open(&nl);

	if (!r) {
		table_init(&t, c->json, columns, 4);
		r = unl_questions(nl, on_question, &t);
		table_print(&t);
	}
	unl_close(nl);
	return r ? fail("questions", r) : CTL_OK;
}
