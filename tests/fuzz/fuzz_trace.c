// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of recorded sessions: the input is the text of a session.trace,
 * then its messages, each as "NNN-in.xml", a line feed and its bytes; FF FE between
 * them. "*" in place of the length and digest of a message, or of the digest at the
 * end, is replaced by what is right, for nobody guesses a SHA-256.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "world.h"

/* Its files are those of the input, and the directory is any. */
static int part_open(int dir, const char *name, int flags);
#define openat part_open

/* The program's own files: they are not part of the library. */
#include "dmsc-client/player.c"
#include "dmsc-client/player_diff.c"
#include "dmsc-client/player_world.c"
#include "dmsc-client/tape.c"

#undef openat

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PARTS 16

static struct {
	char name[32];
	struct slice bytes;
} parts[PARTS];
static size_t nparts;

/* Nobody writes copies here. */
void trace_out(struct trace *t, const char *ext, struct slice msg)
{
	abort();
}

/* player.c needs these of record.c, which writes files. */
const char *record_decode_word(int rc)
{
	return rc == 0 ? "ok" : rc == -EBADMSG ? "malformed" : rc == -E2BIG ? "limit" :
	       rc == -ENOMEM ? "memory" : "stopped";
}

static int part_open(int dir, const char *name, int flags)
{
	for (size_t i = 0; i < nparts; i++) {
		int fd;

		if (strcmp(parts[i].name, name))
			continue;
		fd = memfd_create("part", MFD_CLOEXEC);
		if (fd < 0 || write(fd, parts[i].bytes.p, parts[i].bytes.n) != (ssize_t)parts[i].bytes.n ||
		    lseek(fd, 0, SEEK_SET))
			abort();
		return fd;
	}
	errno = ENOENT;
	return -1;
}

/* Up to FF FE. */
static struct slice next_part(struct slice *rest)
{
	struct slice part = *rest;
	const uint8_t *end = rest->n ? memmem(rest->p, rest->n, "\xff\xfe", 2) : NULL;

	if (end)
		part.n = end - part.p;
	*rest = end ? slice_of(end + 2, rest->n - part.n - 2) : SLICE_NONE;
	return part;
}

static void put_digest(struct buf *out, const uint8_t digest[DIGEST_SHA256_SIZE])
{
	hex_encode(out, slice_of(digest, DIGEST_SHA256_SIZE));
}

/* "in NUMBER FORMAT * *..." or "out NUMBER * *": those of the message. */
static void put_message_line(struct buf *out, struct slice line, const char *ext)
{
	bool in = str_starts(line, "in ");
	uint8_t digest[DIGEST_SHA256_SIZE];
	const uint8_t *star = memmem(line.p, line.n, " * *", 4);
	char name[32];
	unsigned int n = atoi((const char *)line.p + (in ? 3 : 4));	/* its end is no digit */

	if (memmem(line.p, star - line.p, " xml", 4))
		ext = "xml";
	else if (in)
		ext = "wbxml";
	snprintf(name, sizeof(name), "%03u-%s.%s", n, in ? "in" : "out", ext);
	buf_put(out, line.p, star - line.p);
	for (size_t i = 0; i < nparts; i++) {
		if (strcmp(parts[i].name, name))
			continue;
		digest_sha256(parts[i].bytes, digest);
		buf_printf(out, " %zu ", parts[i].bytes.n);
		put_digest(out, digest);
		buf_put(out, star + 4, line.p + line.n - star - 4);
		return;
	}
	buf_put(out, star, line.p + line.n - star);
}

static void put_tape(struct buf *out, struct slice text)
{
	const char *ext = text.n && memmem(text.p, text.n, "\nconfig xml", 11) ? "xml" : "wbxml";
	uint8_t chain[DIGEST_SHA256_SIZE] = { 0 };
	struct slice line;

	while (text.n) {
		struct slice parts2[2] = { slice_of(chain, sizeof(chain)) };
		const uint8_t *nl = memchr(text.p, '\n', text.n);
		size_t at = out->len;

		line = slice_of(text.p, nl ? (size_t)(nl - text.p) + 1 : text.n);
		text = slice_of(text.p + line.n, text.n - line.n);
		if (slice_eq_str(line, "sum *\n")) {
			buf_put_str(out, "sum ");
			put_digest(out, chain);
			buf_put_u8(out, '\n');
		} else if ((str_starts(line, "in ") || str_starts(line, "out ")) &&
			   memmem(line.p, line.n, " * *", 4)) {
			put_message_line(out, line, ext);
		} else {
			buf_put_slice(out, line);
		}
		parts2[1] = slice_of(out->data + at, out->len - at);
		digest_sha256_parts(parts2, 2, chain);
	}
}

static void take_parts(struct slice rest, struct buf *tape)
{
	struct slice text = next_part(&rest);

	memset(parts, 0, sizeof(parts));
	for (nparts = 1; rest.n && nparts < PARTS; nparts++) {
		struct slice part = next_part(&rest), name;

		if (!str_split(&part, '\n', &name) || str_copy(parts[nparts].name, 32, name))
			break;
		parts[nparts].bytes = part;
	}
	put_tape(tape, text);
	strcpy(parts[0].name, RECORD_FILE);
	parts[0].bytes = buf_slice(tape);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct player p = { .tnds = &world_tnds };
	struct buf tape = BUF_INIT;
	struct slice said;
	enum player_end end;

	take_parts(slice_of(data, size), &tape);
	end = player_run(&p, "/");
	said = buf_slice(&p.text);
	/* Whoever it is for hears why, and his terminal is safe. */
	if (tape_bad(&p.tape) ? end == PLAYER_SAME : end == PLAYER_BAD)
		abort();
	if ((end == PLAYER_DIFFERS) != (said.n > 0) || said.n > 4096)
		abort();
	for (size_t i = 0; i < said.n; i++)
		if (said.p[i] != '\n' && (said.p[i] < ' ' || said.p[i] == 0x7f))
			abort();
	if (!text_is_printable(slice_str(p.tape.error)) || !text_is_printable(slice_str(p.client)))
		abort();
	if (end == PLAYER_SAME && !p.tape.whole)
		abort();
	if (p.tree && end == PLAYER_SAME)
		world_check(p.tree);
	player_fini(&p);
	buf_fini(&tape);
	return 0;
}
