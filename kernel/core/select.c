// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selection: how a file is reached with the fewest commands, and what the card
 * has selected. What is read there, file.c knows.
 */
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/string.h>

#include "internal.h"

/* TS 102 221 11.1.1.2: "no data returned", and what cards that refuse it take. */
static const u8 uicc_select_p2[] = { 0x0c, 0x00, 0x04 };

/**
 * uicc_card_drop_selection() - nothing is known to be selected any more
 * @card: the card
 *
 * Context: card->cmd_lock is held.
 */
void uicc_card_drop_selection(struct uicc_card *card)
{
	lockdep_assert_held(&card->cmd_lock);
	memset(&card->sel, 0, sizeof(card->sel));
}

/* P1, P2, or what they ask for, is nothing the card knows. */
static bool uicc_sw_bad_p1p2(u16 sw)
{
	return sw == 0x6a86 || sw == 0x6b00 || sw == 0x6a81;
}

/* The same, or that it does not care for as many bytes of data. */
static bool uicc_sw_bad_path(u16 sw)
{
	return uicc_sw_bad_p1p2(sw) || sw == 0x6700 || sw == 0x6a80 || sw == 0x6a87;
}

/* One SELECT; without FCP with the P2 that the card takes for that. */
static int uicc_card_select_one(struct uicc_card *card, struct uicc_apdu *apdu, bool want_fcp,
				struct uicc_rapdu *r)
{
	unsigned int tries;
	int ret;

	if (card->io.mode == UICC_MODE_SIM2G)
		return uicc_card_command(card, apdu, r);
	if (want_fcp) {
		ret = uicc_card_command(card, apdu, r);
		if (!uicc_sw_bad_p1p2(r->sw))
			return ret;
		apdu->p2 = 0x00;	/* 3GPP TS 11.11 style: the FCP unasked */
		return uicc_card_command(card, apdu, r);
	}
	for (tries = 0; tries < ARRAY_SIZE(uicc_select_p2); tries++) {
		apdu->p2 = uicc_select_p2[card->p2];
		ret = uicc_card_command(card, apdu, r);
		if (!uicc_sw_bad_p1p2(r->sw))
			return ret;
		card->p2 = (card->p2 + 1) % ARRAY_SIZE(uicc_select_p2);
	}
	return ret;
}

/*
 * SELECT of each file identifier in turn; only the last gives its FCP. In 2G mode
 * it does so unasked: that is where the size of a file is known from, and reading
 * beyond it is an error there.
 */
static int uicc_card_select_fids(struct uicc_card *card, const u16 *fids, size_t n,
				 bool want_fcp, struct uicc_rapdu *r)
{
	struct uicc_apdu apdu;
	size_t i;
	int ret;

	for (i = 0; i < n; i++) {
		bool fcp = (want_fcp || card->io.mode == UICC_MODE_SIM2G) && i == n - 1;

		uicc_apdu_select_fid(&apdu, card->io.mode, fids[i], fcp);
		ret = uicc_card_select_one(card, &apdu, fcp, r);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * By path, and by one identifier after the other where a card refuses paths. That
 * nothing is found by a path is believed to a card that has found something by
 * one before: others may, by the last identifier, find a file of that name
 * somewhere else.
 */
static int uicc_card_select_path(struct uicc_card *card, u16 root, const struct uicc_path *path,
				 bool want_fcp, struct uicc_rapdu *r)
{
	u16 fids[UICC_PATH_FIDS_MAX + 1];
	bool app = root == UICC_FID_ADF;
	bool *known = app ? &card->path_app : &card->path_mf;
	struct uicc_apdu apdu;
	int ret;

	fids[0] = root;
	memcpy(fids + 1, path->fids, path->n * sizeof(path->fids[0]));
	if (card->io.mode == UICC_MODE_UICC && !card->no_path &&
	    path->n + app <= UICC_PATH_MAX) {
		ret = uicc_apdu_select_path(&apdu, app ? fids : fids + 1, path->n + app, want_fcp);
		if (!ret)
			ret = uicc_card_select_one(card, &apdu, want_fcp, r);
		if (!ret && path->n + app > 1)
			*known = true;
		if (!*known && uicc_sw_bad_path(r->sw))
			card->no_path = true;
		else if (ret != -ENOENT || path->n == 1 || *known)
			return ret;
	}
	return uicc_card_select_fids(card, fids, path->n + 1, want_fcp, r);
}

static bool uicc_path_same_dir(const struct uicc_path *a, const struct uicc_path *b)
{
	return a->aid_len == b->aid_len && !memcmp(a->aid, b->aid, a->aid_len) && a->n == b->n &&
	       !memcmp(a->fids, b->fids, (a->n - 1) * sizeof(a->fids[0]));
}

/* In an application: what is selected already is not selected again. */
static int uicc_card_select_app(struct uicc_card *card, const struct uicc_path *path,
				bool want_fcp, struct uicc_rapdu *r)
{
	struct uicc_selection *sel = &card->sel;
	struct uicc_apdu apdu;
	int ret;

	if (card->io.mode == UICC_MODE_SIM2G)
		return -ENOENT;		/* TS 51.011 has no applications */
	if (sel->app_len == path->aid_len && !memcmp(sel->app, path->aid, path->aid_len) &&
	    !card->no_path) {
		ret = uicc_card_select_path(card, UICC_FID_ADF, path, want_fcp, r);
		if (!ret)
			return 0;
		if ((ret != -ENOENT || card->path_app) && !uicc_sw_bad_path(r->sw))
			return ret;
	}
	sel->app_len = 0;
	ret = uicc_apdu_select_aid(&apdu, path->aid, path->aid_len, false);
	if (!ret)
		ret = uicc_card_select_one(card, &apdu, false, r);
	if (ret)
		return ret;
	sel->app_len = path->aid_len;
	memcpy(sel->app, path->aid, path->aid_len);
	return uicc_card_select_fids(card, path->fids, path->n, want_fcp, r);
}

static int uicc_card_select_try(struct uicc_card *card, const struct uicc_path *path,
				bool want_fcp, struct uicc_rapdu *r)
{
	/* A neighbour of the selected file: its identifier will do. */
	if (card->sel.ef_valid && uicc_path_same_dir(&card->sel.ef, path) &&
	    (path->aid_len || path->n > 1 || card->no_path ||
	     card->io.mode == UICC_MODE_SIM2G))
		return uicc_card_select_fids(card, path->fids + path->n - 1, 1, want_fcp, r);
	if (path->aid_len)
		return uicc_card_select_app(card, path, want_fcp, r);
	return uicc_card_select_path(card, UICC_FID_MF, path, want_fcp, r);
}

static bool uicc_card_selected(const struct uicc_card *card, const struct uicc_path *path)
{
	const struct uicc_selection *sel = &card->sel;

	return sel->ef_valid && uicc_path_same_dir(&sel->ef, path) &&
	       sel->ef.fids[path->n - 1] == path->fids[path->n - 1];
}

/**
 * uicc_card_select() - select a file, with as few commands as it takes
 * @card: the card, from uicc_card_get()
 * @path: the file
 * @want_fcp: ask for its FCP, even when it is selected
 * @r: the answer: the FCP, when asked for
 *
 * Context: may sleep; card->cmd_lock is held.
 * Return: as uicc_apdu_command(), but for -EAGAIN, which is dealt with, and -EPROTO
 * in place of -EOPNOTSUPP; -ENOENT when any part of the path is not there.
 */
int uicc_card_select(struct uicc_card *card, const struct uicc_path *path, bool want_fcp,
		     struct uicc_rapdu *r)
{
	struct uicc_selection *sel = &card->sel;
	int ret;

	lockdep_assert_held(&card->cmd_lock);
	if (!want_fcp && uicc_card_selected(card, path))
		return 0;
	do {
		r->sw = 0;
		ret = uicc_card_select_try(card, path, want_fcp, r);
	} while (ret == -EAGAIN);	/* bounded, see uicc_card_command() */
	if (ret) {
		uicc_card_drop_selection(card);
		/* Of a READ that would say something about the file. */
		return ret == -EOPNOTSUPP ? -EPROTO : ret;
	}
	sel->ef_valid = true;
	sel->ef = *path;
	return 0;
}

/**
 * uicc_card_select_or_sfi() - select a file, or find that a READ can do so itself
 * @card: the card, from uicc_card_get()
 * @path: the file
 * @fcp: its FCP when it is known, or NULL
 * @sfi: out: the short file identifier for the READ; 0 when the file is selected
 * @r: the answer to SELECT, without an FCP but of a 2G card
 *
 * The identifier is one of the current directory, so it is of use next to the
 * selected file alone. The caller takes @sfi = 0 for an offset beyond 255. After
 * the READ by identifier it calls uicc_card_sfi_refused().
 *
 * Context: may sleep; card->cmd_lock is held.
 * Return: as uicc_card_select().
 */
int uicc_card_select_or_sfi(struct uicc_card *card, const struct uicc_path *path,
			    const struct uicc_fcp *fcp, u8 *sfi, struct uicc_rapdu *r)
{
	lockdep_assert_held(&card->cmd_lock);
	*sfi = 0;
	if (fcp && fcp->sfi && !card->no_sfi && card->io.mode == UICC_MODE_UICC &&
	    card->sel.ef_valid && uicc_path_same_dir(&card->sel.ef, path) &&
	    !uicc_card_selected(card, path)) {
		*sfi = fcp->sfi;
		return 0;
	}
	return uicc_card_select(card, path, false, r);
}

/**
 * uicc_card_sfi_refused() - learn from the answer to a READ by short file identifier
 * @card: the card, from uicc_card_get()
 * @path: the file
 * @r: the answer
 *
 * Context: any; card->cmd_lock is held.
 * Return: true when the card does not do that: it is remembered, and the READ is
 * to be done again after a SELECT. Else the answer stands, and when it is a good
 * one the file is selected.
 */
bool uicc_card_sfi_refused(struct uicc_card *card, const struct uicc_path *path,
			   const struct uicc_rapdu *r)
{
	lockdep_assert_held(&card->cmd_lock);
	if (!uicc_sw_to_errno(r->sw, card->io.mode)) {
		card->sel.ef = *path;
		return false;
	}
	uicc_card_drop_selection(card);
	if (!uicc_sw_bad_path(r->sw) && r->sw != 0x6a82 && r->sw != 0x6986)
		return false;
	card->no_sfi = true;
	return true;
}
