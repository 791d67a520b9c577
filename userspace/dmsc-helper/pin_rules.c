// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of files behind a PIN. Each PIN is asked for once in an insertion;
 * after a wrong one again while more than one try is left, so that nobody
 * blocks a card by answering questions of ours.
 */
#include <stdio.h>

#include "dmsc-helper/pin_rules.h"

#define KEY_LOCAL 0x80		/* of an application, not of the card */
#define KEY_UNIVERSAL 0x11

/* TS 102 221 table 9.3: 0A to 0E and 8A to 8E are the issuer's, no person knows them. */
static bool key_is_issuers(uint8_t ref)
{
	uint8_t number = ref & ~KEY_LOCAL;

	return number >= 0x0a && number <= 0x0e;
}

static void key_name(uint8_t ref, char out[PIN_NAME_MAX])
{
	if (ref >= 0x01 && ref <= 0x08)
		snprintf(out, PIN_NAME_MAX, "PIN %u", ref);
	else if (ref == (KEY_LOCAL | 1))	/* "second PIN"; CHV2 of a 2G card */
		snprintf(out, PIN_NAME_MAX, "PIN 2");
	else if (ref == KEY_UNIVERSAL)
		snprintf(out, PIN_NAME_MAX, "the universal PIN");
	else
		snprintf(out, PIN_NAME_MAX, "the PIN with key reference %02x", ref);
}

/* The application, up to the first "." of a path; "" for a PIN of the whole card. */
static void app_of(const struct pin_rules *p, uint8_t ref, char out[IPC_PATH_MAX])
{
	snprintf(out, IPC_PATH_MAX, "%s", ref & KEY_LOCAL ? p->app : "");
}

static struct pin_key *key_find(struct pin_rules *p, uint8_t ref)
{
	char app[IPC_PATH_MAX];

	app_of(p, ref, app);
	for (size_t i = 0; i < p->nkeys; i++)
		if (p->keys[i].ref == ref && !strcmp(p->keys[i].app, app))
			return &p->keys[i];
	return NULL;
}

static enum pin_next over(struct pin_rules *p, enum ipc_result result, const char *reason)
{
	p->result = result;
	p->reason = reason;
	return PIN_OVER;
}

/* Notes what became of p->ref. pin_rules_begin() sees to it that there is room. */
static struct pin_key *key_note(struct pin_rules *p, enum pin_fate fate, enum ipc_result result,
				const char *reason)
{
	struct pin_key *k = key_find(p, p->ref);

	if (!k)
		k = &p->keys[p->nkeys++];
	memset(k, 0, sizeof(*k));
	k->ref = p->ref;
	app_of(p, p->ref, k->app);
	k->fate = fate;
	k->result = result;
	k->reason = reason;
	p->again = false;
	return k;
}

static enum pin_next key_end(struct pin_rules *p, enum ipc_result result, const char *reason)
{
	key_note(p, PIN_FATE_ENDED, result, reason);
	return over(p, result, reason);
}

/* From p->at on: the next PIN to be asked for, or the end. */
static enum pin_next advance(struct pin_rules *p)
{
	for (; p->at < p->want.n; p->at++) {
		const struct pin_key *k;

		p->ref = p->want.ref[p->at];
		if (key_is_issuers(p->ref))
			continue;
		k = key_find(p, p->ref);
		if (!k && p->nkeys == PIN_KEYS_MAX)
			return over(p, IPC_FAILED, "the card has too many PINs");
		if (!k)
			return PIN_CHECK;
		if (k->fate == PIN_FATE_ENDED)
			return over(p, k->result, k->reason);
		if (k->fate == PIN_FATE_UNUSABLE && p->want.all && !k->disabled)
			return over(p, k->result, k->reason);
		if (k->fate == PIN_FATE_UNUSABLE)
			p->passed = k->reason;
	}
	if (p->progress)
		return over(p, IPC_DONE, "verified");
	return over(p, IPC_FAILED, p->passed ? p->passed :
		    "the PIN was verified, and the card keeps the file back nevertheless");
}

void pin_rules_init(struct pin_rules *p, const char *slot)
{
	memset(p, 0, sizeof(*p));
	snprintf(p->slot, sizeof(p->slot), "%s", slot);
}

enum pin_next pin_rules_begin(struct pin_rules *p, const char *path, const struct ef_access *want)
{
	size_t issuers = 0, i;

	snprintf(p->app, sizeof(p->app), "%.*s", (int)strcspn(path, "."), path);
	p->want = *want;
	p->at = 0;
	p->progress = p->again = false;
	p->passed = NULL;
	switch (want->kind) {
	case EF_PINS:
		break;
	case EF_NEVER:
		return over(p, IPC_FAILED, "no PIN opens the file");
	case EF_ALWAYS:
		return over(p, IPC_FAILED, "the card keeps the file back, and says it needs no PIN");
	default:
		return over(p, IPC_FAILED, "the card does not say which PIN the file needs");
	}
	for (i = 0; i < want->n; i++)
		issuers += key_is_issuers(want->ref[i]);
	if (want->all ? issuers > 0 : issuers == want->n)
		return over(p, IPC_FAILED, "only a key of the issuer opens the file");
	return advance(p);
}

static void words_ask(struct pin_rules *p, uint32_t tries)
{
	char name[PIN_NAME_MAX], left[80];

	key_name(p->ref, name);
	if (tries == UNL_RETRIES_UNKNOWN)
		snprintf(left, sizeof(left), "The card does not say how many tries are left.");
	else if (tries == 1)
		snprintf(left, sizeof(left),
			 "This is the LAST try: a wrong answer blocks it.");
	else
		snprintf(left, sizeof(left), "%u tries are left.", tries);
	if (p->again)
		snprintf(p->text, sizeof(p->text), "That was not %s of the card in %s. %s",
			 name, p->slot, left);
	else
		snprintf(p->text, sizeof(p->text),
			 "The card in %s keeps its management settings behind %s. %s",
			 p->slot, name, left);
}

/* The last answer was wrong, and nobody is asked again. */
static enum pin_next wrong_end(struct pin_rules *p, uint32_t tries)
{
	char name[PIN_NAME_MAX], left[64] = "How many tries are left, the card does not say.";

	key_name(p->ref, name);
	if (tries != UNL_RETRIES_UNKNOWN)
		snprintf(left, sizeof(left), tries == 1 ? "One try is left." :
			 "%u tries are left.", tries);
	snprintf(p->text, sizeof(p->text),
		 "That was not %s of the card in %s. %s It is not asked for again before the card is inserted again.",
		 name, p->slot, left);
	key_end(p, IPC_REFUSED, "the PIN was wrong");
	return PIN_TELL;
}

static enum pin_next unusable(struct pin_rules *p, enum unl_pin_result result)
{
	struct pin_key *k = key_note(p, PIN_FATE_UNUSABLE, IPC_FAILED,
				     result == UNL_PIN_BLOCKED ?
				     "the PIN is blocked: only the issuer's unblocking key helps" :
				     result == UNL_PIN_DISABLED ?
				     "the PIN is disabled, and the card keeps the file back nevertheless" :
				     "the card takes no such PIN");

	k->disabled = result == UNL_PIN_DISABLED;
	return advance(p);
}

enum pin_next pin_rules_checked(struct pin_rules *p, enum unl_pin_result result, uint32_t tries)
{
	switch (result) {
	case UNL_PIN_VERIFIED:		/* some cards say so of any; but the file is kept back */
	case UNL_PIN_NOT_VERIFIED:
		break;
	case UNL_PIN_GONE:
		return over(p, IPC_WITHDRAWN, "the card is gone");
	case UNL_PIN_TIMEOUT:
		return key_end(p, IPC_FAILED, "the card does not say how its PIN stands");
	default:
		return unusable(p, result);
	}
	if (p->again && (tries == UNL_RETRIES_UNKNOWN || tries < 2))
		return wrong_end(p, tries);
	words_ask(p, tries);
	return PIN_ASK;
}

/* The card said no to the PIN of the person, or before anybody was asked. */
static enum pin_next answered_by_card(struct pin_rules *p, const struct unl_answer *a)
{
	char name[PIN_NAME_MAX];

	switch (a->pin_result) {
	case UNL_PIN_WRONG:
		if (a->retries != UNL_RETRIES_UNKNOWN && a->retries < 2)
			return wrong_end(p, a->retries);
		p->again = true;
		return PIN_CHECK;
	case UNL_PIN_BLOCKED:
		key_name(p->ref, name);
		snprintf(p->text, sizeof(p->text),
			 "No try is left for %s of the card in %s: it is blocked, and only the issuer's unblocking key helps.",
			 name, p->slot);
		key_end(p, IPC_FAILED, "the PIN is blocked: only the issuer's unblocking key helps");
		return PIN_TELL;
	case UNL_PIN_TIMEOUT:
		return key_end(p, IPC_FAILED,
			       "the card did not answer, and whether it counted a try is not known");
	default:
		return unusable(p, a->pin_result);
	}
}

enum pin_next pin_rules_answered(struct pin_rules *p, const struct unl_answer *a)
{
	if (a->outcome == UNL_WITHDRAWN)
		return over(p, IPC_WITHDRAWN, "withdrawn");
	if (a->outcome == UNL_YES) {
		key_note(p, PIN_FATE_VERIFIED, IPC_DONE, "verified");
		p->progress = true;
		if (!p->want.all)
			return over(p, IPC_DONE, "verified");
		p->at++;
		return advance(p);
	}
	if (a->by_card)
		return answered_by_card(p, a);
	if (a->outcome == UNL_NO)
		return key_end(p, IPC_REFUSED, "no PIN was given");
	return key_end(p, IPC_TIMEOUT, a->outcome == UNL_CANCELLED ? "nobody gave the PIN" :
		       "nobody gave the PIN in time");
}
