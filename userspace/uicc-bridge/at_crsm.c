// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SELECT, which +CRSM (TS 27.007 8.18) does not have: what is selected is remembered
 * here, and whether a file is there its GET RESPONSE tells. A directory cannot be
 * asked for; by its identifier (TS 51.011 6.2) one is known, and what is asked for in
 * it shows whether it is there.
 */
#include "at_crsm.h"

#include <errno.h>
#include <string.h>

#define INS_MANAGE_CHANNEL 0x70
#define INS_SELECT 0xA4
#define INS_READ_BINARY 0xB0
#define INS_READ_RECORD 0xB2
#define INS_GET_RESPONSE 0xC0
#define INS_UPDATE_BINARY 0xD6
#define INS_UPDATE_RECORD 0xDC
#define INS_STATUS 0xF2

#define FID_MF 0x3F00
#define FID_CURRENT_DF 0x3FFF
#define FID_ADF 0x7FFF

#define SELECT_ANSWER 0x1C
#define SELECT_NO_DATA 0x0C
#define RESPONSE_2G 15		/* TS 51.011 9.2.1: what every card has of an EF */
#define TRIES_MAX 5

#define SW_OK 0x9000

static enum crsm_step say(struct crsm *c, uint16_t sw)
{
	c->answer[0] = (uint8_t)(sw >> 8);
	c->answer[1] = (uint8_t)sw;
	c->answer_n = 2;
	return CRSM_ANSWER;
}

void crsm_init(struct crsm *c)
{
	memset(c, 0, sizeof(*c));
}

/* TS 51.011 6.2: by its first byte an identifier is that of a directory. */
static bool is_dir(uint16_t fid)
{
	return fid >> 8 == 0x3F || fid >> 8 == 0x7F || fid >> 8 == 0x5F;
}

static int enter(struct crsm_place *p, uint16_t fid)
{
	if (p->n + 2 > sizeof(p->dir))
		return -ENOENT;
	p->dir[p->n++] = (uint8_t)(fid >> 8);
	p->dir[p->n++] = (uint8_t)fid;
	return 0;
}

/* One identifier, from the directory at hand. */
static int walk(struct crsm_place *p, uint16_t fid)
{
	p->fid = 0;
	if (fid == FID_CURRENT_DF)
		return 0;
	if (fid == FID_ADF)
		return -ENOENT;
	if (fid == FID_MF)
		p->n = 0;
	if (!is_dir(fid)) {
		p->fid = fid;
		return 0;
	}
	if (fid >> 8 == 0x3F)
		return fid == FID_MF ? 0 : -ENOENT;
	/* The first level is the MF's; of the second one, one directory leads to the next. */
	if (fid >> 8 == 0x7F)
		p->n = 0;
	else if (p->n > 2)
		p->n = 2;
	return enter(p, fid);
}

/* The whole way from the MF, or from where @p is. That something stands behind it makes a directory. */
static int walk_path(struct crsm_place *p, const uint8_t *path, size_t n)
{
	p->fid = 0;
	if (!n || n % 2)
		return -EINVAL;
	for (size_t i = 0; i < n; i += 2) {
		uint16_t fid = (uint16_t)(path[i] << 8 | path[i + 1]);

		if (fid == FID_MF || fid == FID_CURRENT_DF || fid == FID_ADF)
			return -ENOENT;
		if (i + 2 == n && !is_dir(fid))
			p->fid = fid;
		else if (enter(p, fid))
			return -ENOENT;
	}
	return 0;
}

static void put_path(struct crsm *c, const struct crsm_place *p)
{
	size_t n = 0;

	c->command.path = NULL;
	if (!p->n && c->form == CRSM_PLAIN)
		return;
	if (c->form == CRSM_WITH_MF) {
		c->path[n++] = FID_MF >> 8;
		c->path[n++] = FID_MF & 0xFF;
	}
	memcpy(c->path + n, p->dir, p->n);
	c->command.path = c->path;
	c->command.path_n = n + p->n;
}

static enum crsm_step ask(struct crsm *c, const struct crsm_place *p, uint8_t ins, uint8_t p1,
			  uint8_t p2, uint8_t p3)
{
	c->command = (struct at_crsm){ .ins = ins, .has_file = true, .fid = p->fid, .p1 = p1,
				       .p2 = p2, .p3 = p3 };
	put_path(c, p);
	/* Eight directories and the MF before them are more than a path has. */
	if (c->command.path && c->command.path_n > AT_PATH_MAX)
		return say(c, 0x6A82);
	return CRSM_SEND;
}

static size_t put_tlv(uint8_t *to, uint8_t tag, const uint8_t *value, size_t n)
{
	to[0] = tag;
	to[1] = (uint8_t)n;
	memcpy(to + 2, value, n);
	return 2 + n;
}

/* TS 51.011 9.2.1 as the FCP of TS 102 221 11.1.1.4.3; of a directory with @old NULL. */
static enum crsm_step say_fcp(struct crsm *c, uint16_t fid, const uint8_t *old)
{
	static const uint8_t structures[] = { 0x41, 0x42, 0x41, 0x46 };
	uint8_t name[] = { (uint8_t)(fid >> 8), (uint8_t)fid }, body[32], head[] = { 0x78, 0x21, 0, 0, 0 };
	size_t n = 0, head_n = 2;

	if (old) {
		size_t size = (size_t)(old[2] << 8 | old[3]);

		head[0] = structures[old[13] & 3];
		/* A linear or cyclic one: its record's length, and how many there are. */
		if ((old[13] & 1) && old[14]) {
			head[3] = old[14];
			head[4] = (uint8_t)(size / old[14] < 255 ? size / old[14] : 254);
			head_n = 5;
		}
	}
	n += put_tlv(body + n, 0x82, head, head_n);
	n += put_tlv(body + n, 0x83, name, 2);
	if (old)
		n += put_tlv(body + n, 0x80, old + 2, 2);
	c->answer_n = put_tlv(c->answer, 0x62, body, n);
	c->answer[c->answer_n++] = SW_OK >> 8;
	c->answer[c->answer_n++] = SW_OK & 0xFF;
	return CRSM_ANSWER;
}

static enum crsm_step ask_response(struct crsm *c)
{
	return ask(c, &c->to, INS_GET_RESPONSE, 0, 0, c->p3);
}

static enum crsm_step begin_select(struct crsm *c, const uint8_t *apdu, size_t n)
{
	size_t lc = n > 5 ? apdu[4] : 0;
	int err;

	if (n > 5 && n < 5 + lc)
		return say(c, 0x6700);
	c->to = c->at;
	switch (apdu[2]) {
	case 0x00:
		err = lc == 0 ? walk(&c->to, FID_MF) :
		      lc == 2 ? walk(&c->to, (uint16_t)(apdu[5] << 8 | apdu[6])) : -EINVAL;
		break;
	case 0x08:
		c->to.n = 0;
		err = walk_path(&c->to, apdu + 5, lc);
		break;
	case 0x09:
		err = walk_path(&c->to, apdu + 5, lc);
		break;
	case 0x04:
		err = -ENOENT;	/* an application: there is no word for it */
		break;
	default:
		return say(c, 0x6A86);
	}
	if (err)
		return say(c, err == -EINVAL ? 0x6700 : 0x6A82);
	c->select = true;
	c->want_fcp = (apdu[3] & SELECT_ANSWER) != SELECT_NO_DATA;
	c->tries = 0;
	if (c->to.fid)
		return ask_response(c);
	c->at = c->to;
	return c->want_fcp ? say_fcp(c, c->at.n ? (uint16_t)(c->at.dir[c->at.n - 2] << 8 |
							     c->at.dir[c->at.n - 1]) : FID_MF, NULL) :
			     say(c, SW_OK);
}

/* READ and UPDATE of the selected file; by short identifier there is no way to name it. */
static enum crsm_step begin_access(struct crsm *c, const uint8_t *apdu, size_t n)
{
	bool record = apdu[1] == INS_READ_RECORD || apdu[1] == INS_UPDATE_RECORD;
	bool update = apdu[1] == INS_UPDATE_BINARY || apdu[1] == INS_UPDATE_RECORD;
	size_t lc = update && n > 5 ? apdu[4] : 0;
	enum crsm_step step;

	if (record ? apdu[3] >> 3 != 0 : apdu[2] >> 7 != 0)
		return say(c, 0x6A86);
	/* Current, next or previous: of a file that the modem selects anew each time. */
	if (apdu[1] == INS_READ_RECORD && ((apdu[3] & 7) != 4 || !apdu[2]))
		return say(c, 0x6A86);
	if (update ? !lc || n < 5 + lc : n != 5)
		return say(c, 0x6700);
	if (!c->at.fid)
		return say(c, 0x6986);
	step = ask(c, &c->at, apdu[1], apdu[2], apdu[3], apdu[4]);
	if (step == CRSM_SEND && update) {
		memcpy(c->data, apdu + 5, lc);
		c->command.data = c->data;
	}
	return step;
}

enum crsm_step crsm_begin(struct crsm *c, const uint8_t *apdu, size_t n)
{
	c->select = false;
	if (n < 4 || n > AT_APDU_MAX)
		return say(c, 0x6700);
	if (apdu[1] == INS_MANAGE_CHANNEL)
		return say(c, 0x6881);
	if (apdu[0] != 0x00 && apdu[0] != 0x80)
		return say(c, apdu[0] & 0x43 ? 0x6881 : 0x6E00);
	switch (apdu[1]) {
	case INS_SELECT:
		return begin_select(c, apdu, n);
	case INS_READ_BINARY:
	case INS_READ_RECORD:
	case INS_UPDATE_BINARY:
	case INS_UPDATE_RECORD:
		return begin_access(c, apdu, n);
	case INS_STATUS:
		c->command = (struct at_crsm){ .ins = INS_STATUS };
		return CRSM_SEND;
	default:
		return say(c, 0x6D00);
	}
}

static bool is_success(const uint8_t *sw)
{
	return sw[0] == 0x90 || sw[0] == 0x91 || sw[0] == 0x61 || sw[0] == 0x9F || sw[0] == 0x62;
}

/* Whether there is another way to ask for this file: another length, another form of path. */
static bool other_way(struct crsm *c, const uint8_t *sw, bool refused)
{
	if (++c->tries > TRIES_MAX)
		return false;
	if ((sw[0] == 0x67 || sw[0] == 0x6C) && sw[1] && c->p3 != sw[1]) {
		c->p3 = sw[1];
		return true;
	}
	if ((refused || sw[0] == 0x67 || sw[0] == 0x6C) && !c->p3) {
		c->p3 = RESPONSE_2G;
		return true;
	}
	c->p3 = 0;
	if (c->form_known || c->form + 1 == CRSM_FORMS)
		return false;
	c->form++;
	return true;
}

static enum crsm_step selected(struct crsm *c, const uint8_t *data, size_t n, bool refused)
{
	const uint8_t *sw = data + n - 2;

	if (!is_success(sw)) {
		if (other_way(c, sw, refused))
			return ask_response(c);
		if (!c->form_known)
			c->form = CRSM_PLAIN;
		/* Nothing that was tried reaches it. */
		return say(c, refused ? 0x6A82 : (uint16_t)(sw[0] << 8 | sw[1]));
	}
	/* A file of the MF says nothing about paths, unless it needed one. */
	if (c->to.n || c->form != CRSM_PLAIN)
		c->form_known = true;
	c->at = c->to;
	n -= 2;
	if (!c->want_fcp)
		return say(c, SW_OK);
	if (n >= RESPONSE_2G && data[0] != 0x62)
		return say_fcp(c, c->at.fid, data);
	memcpy(c->answer, data, n);
	c->answer[n++] = SW_OK >> 8;
	c->answer[n++] = SW_OK & 0xFF;
	c->answer_n = n;
	return CRSM_ANSWER;
}

enum crsm_step crsm_next(struct crsm *c, const uint8_t *data, size_t n, bool refused)
{
	explicit_bzero(c->data, sizeof(c->data));
	if (n < 2 || n > AT_RAPDU_MAX)
		return say(c, 0x6F00);
	if (c->select)
		return selected(c, data, n, refused);
	memcpy(c->answer, data, n);
	/* A SIM's "wrong length, this is the right one" (TS 51.011 9.4.6), as a UICC says it. */
	if (n == 2 && data[0] == 0x67 && data[1])
		c->answer[0] = 0x6C;
	c->answer_n = n;
	return CRSM_ANSWER;
}
