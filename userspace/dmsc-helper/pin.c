// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file behind a PIN: asks the card which PIN and how many tries are left, and
 * a person for it, through the kernel. The PIN goes from the agent over the
 * kernel to the card; what comes here is how it ended. Nothing waits in here.
 */
#include <errno.h>
#include <stdio.h>

#include "dmsc-helper/pin.h"
#include "util/log.h"

#define TELL_MS 2000	/* for an agent to show how it ended, before the rest goes on */

void pin_forget(struct pin *p)
{
	p->request = 0;
	p->tell_until = 0;
}

static void end(struct pin *p, enum ipc_result result, const char *reason)
{
	pin_forget(p);
	p->end(p->ctx, result, reason);
}

static void act(struct pin *p, enum pin_next next);

static void check(struct pin *p)
{
	int r = unl_pin_get(p->nl, p->index, p->seq, p->rules.ref, &p->request);

	if (!r)
		return;
	log_err("%s: the card could not be asked for its PIN: %s", p->card, strerror(-r));
	end(p, r == -ENODEV ? IPC_WITHDRAWN : IPC_FAILED, "the card could not be asked for its PIN");
}

static void ask(struct pin *p)
{
	struct unl_question q = { .kind = UNL_KIND_PIN, .key_ref = p->rules.ref };
	uint32_t id = 0;
	int r;

	snprintf(q.text, sizeof(q.text), "%s", p->rules.text);
	r = p->ask(p->ctx, &q, &id);
	if (!r) {
		log_notice("%s: question %u put: the PIN with key reference %02x", p->card, id,
			   p->rules.ref);
		return;
	}
	log_err("%s: the user could not be asked for a PIN: %s", p->card, strerror(-r));
	end(p, r == -ENODEV ? IPC_WITHDRAWN : IPC_FAILED, "the user could not be asked");
}

/* Nobody's answer is waited for, only that an agent shows it, and not for long. */
static void tell(struct pin *p)
{
	struct unl_question q = { .kind = UNL_KIND_DISPLAY };
	uint32_t id = 0;

	snprintf(q.text, sizeof(q.text), "%s", p->rules.text);
	if (p->ask(p->ctx, &q, &id)) {
		act(p, PIN_OVER);
		return;
	}
	p->tell_until = p->now_ms() + TELL_MS;
}

static void act(struct pin *p, enum pin_next next)
{
	switch (next) {
	case PIN_CHECK:
		check(p);
		break;
	case PIN_ASK:
		ask(p);
		break;
	case PIN_TELL:
		tell(p);
		break;
	case PIN_OVER:
		if (p->rules.result != IPC_DONE && p->rules.result != IPC_WITHDRAWN)
			log_notice("%s: a file that the card keeps back stays unreadable: %s",
				   p->card, p->rules.reason);
		end(p, p->rules.result, p->rules.reason);
		break;
	}
}

void pin_need(struct pin *p, const char *path, size_t off)
{
	struct ef_access want;
	uint8_t byte;
	int r;

	/*
	 * The child's word is not enough; and a local PIN is one of the application
	 * whose file was read last.
	 */
	r = ef_read(p->sysfs, p->card, p->seq, path, off, &byte, 1);
	explicit_bzero(&byte, sizeof(byte));
	if (r >= 0) {
		end(p, IPC_DONE, "no PIN is needed");
		return;
	}
	if (r == -EACCES)
		r = ef_read_access(p->sysfs, p->card, p->seq, path, &want);
	if (r) {
		end(p, r == -ENODEV ? IPC_WITHDRAWN : IPC_FAILED, "which PIN it needs cannot be told");
		return;
	}
	act(p, pin_rules_begin(&p->rules, path, &want));
}

void pin_checked(struct pin *p, const struct unl_pin *got)
{
	if (!p->request || got->id != p->request)
		return;
	p->request = 0;
	act(p, pin_rules_checked(&p->rules, got->result, got->retries));
}

void pin_answered(struct pin *p, const struct unl_answer *a)
{
	if (p->tell_until)
		act(p, PIN_OVER);
	else
		act(p, pin_rules_answered(&p->rules, a));
}

int pin_wait_ms(const struct pin *p)
{
	int64_t left = p->tell_until - p->now_ms();

	if (!p->tell_until)
		return -1;
	return left > 0 ? (int)left : 0;
}

void pin_tick(struct pin *p)
{
	if (p->tell_until && p->now_ms() >= p->tell_until)
		act(p, PIN_OVER);
}
