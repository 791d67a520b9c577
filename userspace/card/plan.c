// SPDX-License-Identifier: GPL-2.0-or-later
/* The two gates: what a card's data asks for, and who must be asked first. */
#include "card/plan.h"

static bool fails_closed(const struct indicator *ind)
{
	return ind->state == INDICATOR_MALFORMED || ind->state == INDICATOR_UNREADABLE;
}

enum plan_gate plan_incorporate(const struct indicator *ind, bool refused, bool agreed)
{
	bool ask = fails_closed(ind) ||
		   (ind->state == INDICATOR_VALID && ind->ask_incorporate);

	if (!ask)	/* not indicated means never asked */
		return PLAN_GO;
	if (refused)
		return PLAN_REFUSED;
	return agreed ? PLAN_GO : PLAN_ASK;
}

static bool wanted(const struct plan_input *in, const char **why)
{
	const struct indicator *ind = in->ind;

	if (fails_closed(ind)) {
		*why = "the indicator cannot be trusted: no automatic session";
		return false;
	}
	if (ind->state == INDICATOR_VALID) {	/* the EF decides, INIT or not */
		if (!ind->connect) {
			*why = "the indicator says not to connect";
			return false;
		}
		if (!indicator_covers(ind, in->server_id)) {
			*why = "the indicator names other servers";
			return false;
		}
		*why = "the indicator asks for it";
		return true;
	}
	if (in->cp_init) {
		*why = "INIT asks for it";
		return true;
	}
	if (in->connect_without_indicator) {
		*why = "connect-without-indicator is set";
		return true;
	}
	*why = "the card has no indicator";
	return false;
}

enum plan_verdict plan_session(const struct plan_input *in, const char **why)
{
	const struct indicator *ind = in->ind;
	bool valid = ind->state == INDICATOR_VALID;
	bool again = valid && ind->every_power_on && !in->done_in_this_power_on;

	if (!in->bootstrapped) {
		*why = "there is no account from this card";
		return PLAN_NO_SESSION;
	}
	if (!wanted(in, why))
		return PLAN_NO_SESSION;
	if (in->past == PLAN_PAST_REFUSED) {
		*why = "refused before for this content";
		return PLAN_NO_SESSION;
	}
	if (in->past == PLAN_PAST_DONE && !again) {
		*why = "done before for this content";
		return PLAN_NO_SESSION;
	}
	if (valid && ind->ui == INDICATOR_UI_CONFIRM)
		return PLAN_SESSION_ASK;
	if (valid && ind->ui == INDICATOR_UI_INFORMATIVE)
		return PLAN_SESSION_NOTICE;
	return PLAN_SESSION;
}
