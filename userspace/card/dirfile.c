// SPDX-License-Identifier: GPL-2.0-or-later
/* Directory files piece by piece; the meaning of their entries is not known here. */
#include <errno.h>

#include "card/dirfile.h"

#define HEADER_MAX 8	/* no header of an entry is longer */

void dirfile_init(struct dirfile *f, const struct card_reader *rd, const char *path, size_t first)
{
	*f = (struct dirfile){ .rd = rd, .path = path, .first = first };
	buf_init(&f->data, CARD_EF_MAX);
}

void dirfile_fini(struct dirfile *f)
{
	buf_fini(&f->data);
}

size_t dirfile_offset(const struct dirfile *f, const uint8_t *p)
{
	return (size_t)(p - f->data.data);
}

static struct slice rest(const struct dirfile *f)
{
	struct slice s = buf_slice(&f->data);

	return slice_of(s.p + f->pos, s.n - f->pos);
}

/* Has @n bytes behind f->pos been read, as far as the file has them? 0 or -errno. */
static int need(struct dirfile *f, size_t n)
{
	size_t want, room;
	uint8_t *to;
	int r;

	while (!f->eof && f->data.len - f->pos < n) {
		want = f->pos + n - f->data.len;
		room = CARD_EF_MAX - f->data.len;
		if (want > room)
			return -EBADMSG;
		if (f->reads >= DIRFILE_SMALL_READS && want < DIRFILE_PIECE)
			want = DIRFILE_PIECE < room ? DIRFILE_PIECE : room;
		to = buf_room(&f->data, want);
		if (!to)
			return -ENOMEM;
		f->reads++;
		r = f->rd->read(f->rd->ctx, f->path, f->data.len, to, want);
		if (r < 0)
			return r;
		if ((size_t)r > want)
			return -EPROTO;
		f->data.len += r;
		f->eof = (size_t)r < want || f->data.len == CARD_EF_MAX;
	}
	return 0;
}

/* need(), but what cannot be read any more is no error. */
static int look(struct dirfile *f, size_t n)
{
	return need(f, n < CARD_EF_MAX - f->pos ? n : CARD_EF_MAX - f->pos);
}

/*
 * One removed entry or one byte of filling off the front, which begins with 00 or
 * FF: 1 or 0, or -errno. @first: an entry stands before it. Nothing is read just to
 * see that filling goes on.
 */
static int filling_skip(struct dirfile *f, bool first)
{
	size_t size;
	int r;

	if (rest(f).p[0] == 0x00 && rest(f).n == 1 && first) {
		r = look(f, 2);		/* is that the length of a removed entry? */
		if (r)
			return r;
	}
	if (rest(f).p[0] == 0x00 && rest(f).n > 1 && rest(f).p[1] != 0x00) {
		r = tlv_size(rest(f), TLV_BER, &size);
		if (r == -ENODATA) {
			r = look(f, HEADER_MAX);
			if (r)
				return r;
			r = tlv_size(rest(f), TLV_BER, &size);
		}
		if (!r) {
			r = size > CARD_EF_MAX ? -EBADMSG : need(f, size);
			if (r || size > rest(f).n)
				return r ? r : -EBADMSG;
			f->pos += size;
			return 1;
		}
	}
	f->pos++;	/* filling, also what is no length behind 00 */
	return 0;
}

/* 1: at an entry; 0: at the end; -errno. */
static int filling_pass(struct dirfile *f, bool through)
{
	bool filling = false;
	int r;

	for (;;) {
		if (!rest(f).n) {
			if (f->eof || (filling && !through))
				return 0;
			r = look(f, filling ? DIRFILE_PIECE : f->first);
			if (r)
				return r;
			if (!rest(f).n)
				return 0;
		}
		if (rest(f).p[0] != 0xff && rest(f).p[0] != 0x00)
			return 1;
		r = filling_skip(f, !filling);
		if (r < 0)
			return r;
		filling = r == 0;
	}
}

int dirfile_next(struct dirfile *f, bool through, struct tlv *out)
{
	struct slice s;
	size_t size;
	int r;

	r = filling_pass(f, through);
	if (r <= 0)
		return r;
	r = tlv_size(rest(f), TLV_BER, &size);
	if (r == -ENODATA) {
		r = look(f, HEADER_MAX);
		if (r)
			return r;
		r = tlv_size(rest(f), TLV_BER, &size);
	}
	if (r || size > CARD_EF_MAX)
		return -EBADMSG;
	r = need(f, size);
	if (r)
		return r;
	s = rest(f);
	f->start = f->pos;
	r = tlv_next(&s, TLV_BER, out);
	if (r != 1)
		return -EBADMSG;	/* the file ends inside the entry */
	f->pos = f->data.len - s.n;
	return 1;
}
