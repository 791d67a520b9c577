// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines and fields of a session's trace; what they mean is the player's business. See tape.h. */
#include "dmsc-client/tape.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "dmsc-client/record.h"
#include "util/str.h"

#define MESSAGE_MAX (64u << 20)		/* bytes of one message's file */

void tape_fail(struct tape *t, const char *fmt, ...)
{
	va_list ap;
	int n = 0;

	if (t->error[0])
		return;
	if (t->line)
		n = snprintf(t->error, sizeof(t->error), "%s:%u: ", RECORD_FILE, t->line);
	va_start(ap, fmt);
	vsnprintf(t->error + n, sizeof(t->error) - (size_t)n, fmt, ap);
	va_end(ap);
}

/* --- files ----------------------------------------------------------------- */

/* A fifo or a device would never end. */
static int read_at(int dir_fd, const char *name, struct buf *out)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((uint64_t)st.st_size >= out->max)
		return -EFBIG;
	if (!buf_room(out, (size_t)st.st_size + 1))
		return buf_error(out);
	for (;;) {
		ssize_t n = read(fd, out->data + out->len, (size_t)st.st_size + 1 - out->len);

		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		if (out->len > (size_t)st.st_size)
			return -EBUSY;		/* it grows while it is read */
	}
}

/* --- the file as a whole ------------------------------------------------------ */

static int check_head(struct tape *t)
{
	static const char word[] = "dmsc-trace ";
	struct slice all = buf_slice(&t->file), line, rest;
	uint32_t version;

	rest = all;
	if (!str_starts(all, word) || !str_split(&rest, '\n', &line) ||
	    str_parse_u32(slice_of(line.p + sizeof(word) - 1, line.n - (sizeof(word) - 1)),
			  &version) < 0) {
		tape_fail(t, "%s is no trace of a session", RECORD_FILE);
		return -EBADMSG;
	}
	if (version == RECORD_VERSION)
		return 0;
	tape_fail(t, "a trace of format %u: %s", version,
		  version > RECORD_VERSION ? "it was made by a newer dmsc-client"
					   : "this dmsc-client cannot read it any more");
	return -EPROTO;
}

/*
 * The last line is the digest of all before. Without it the recorder was cut
 * off, and the last line may be half; with a wrong one, a byte has changed.
 */
static int check_sum(struct tape *t)
{
	struct slice rest = buf_slice(&t->file), line;
	uint8_t chain[DIGEST_SHA256_SIZE] = { 0 };
	_cleanup_buf_ struct buf sum = BUF_INIT;

	while (rest.n) {
		const uint8_t *nl = memchr(rest.p, '\n', rest.n);
		struct slice parts[2] = { slice_of(chain, sizeof(chain)) };

		if (!nl)
			break;
		line = slice_of(rest.p, (size_t)(nl - rest.p) + 1);
		if (str_starts(line, "sum ")) {
			t->whole = true;
			t->end = t->file.data + (line.p - t->file.data);
			break;
		}
		t->end = t->file.data + (line.p - t->file.data) + line.n;
		parts[1] = line;
		digest_sha256_parts(parts, 2, chain);
		rest = slice_of(nl + 1, rest.n - line.n);
	}
	if (!t->whole)
		return 0;
	if (hex_decode(&sum, str_trim(slice_of(line.p + 4, line.n - 4))) == 0 &&
	    slice_eq(buf_slice(&sum), slice_of(chain, sizeof(chain))) && rest.n == line.n)
		return 0;
	tape_fail(t, "%s has changed since it was recorded", RECORD_FILE);
	return -EBADMSG;
}

static bool holds_messages(int dir_fd)
{
	return faccessat(dir_fd, "001-out.xml", F_OK, 0) == 0 ||
	       faccessat(dir_fd, "001-out.wbxml", F_OK, 0) == 0;
}

static int open_files(struct tape *t, const char *dir)
{
	int err;

	t->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dir_fd < 0) {
		err = -errno;
		tape_fail(t, "%s", err == -ENOTDIR ? "a trace is a directory; give a single message "
						     "without --trace"
						   : strerror(-err));
		return err;
	}
	t->file.max = RECORD_FILE_MAX;
	err = read_at(t->dir_fd, RECORD_FILE, &t->file);
	if (!err)
		return 0;
	if (err == -ENOENT && holds_messages(t->dir_fd))
		tape_fail(t, "there are messages but no %s: an older dmsc-client recorded them; "
			     "give the NNN-in files without --trace", RECORD_FILE);
	else if (err == -ENOENT)
		tape_fail(t, "no trace of a session: there is no %s", RECORD_FILE);
	else
		tape_fail(t, "%s: %s", RECORD_FILE, strerror(-err));
	return err;
}

int tape_open(struct tape *t, const char *dir)
{
	int err;

	memset(t, 0, sizeof(*t));
	err = open_files(t, dir);
	if (!err)
		err = check_head(t);
	t->next = t->end = t->file.data;
	if (!err)
		err = check_sum(t);
	return err;
}

void tape_close(struct tape *t)
{
	if (t->dir_fd >= 0)
		close(t->dir_fd);
	t->dir_fd = -1;
	buf_wipe_fini(&t->file);
}

/* --- lines -------------------------------------------------------------------- */

bool tape_over(const struct tape *t)
{
	return tape_bad(t) || t->next >= t->end;
}

struct slice tape_peek(const struct tape *t)
{
	size_t n = 0;

	if (tape_over(t))
		return SLICE_NONE;
	while (t->next[n] != ' ' && t->next[n] != '\n')
		n++;		/* each line before t->end has its end */
	return slice_of(t->next, n);
}

bool tape_is(const struct tape *t, const char *word)
{
	return slice_eq_str(tape_peek(t), word);
}

bool tape_take(struct tape *t, const char *word)
{
	struct slice w = tape_peek(t);

	if (tape_bad(t))
		return false;
	if (!slice_present(w)) {
		tape_fail(t, "the trace ends where a line '%s' should be", word);
		return false;
	}
	t->line++;
	if (!slice_eq_str(w, word)) {
		tape_fail(t, "a line '%s' should be here", word);
		return false;
	}
	t->at = t->next + w.n;
	t->stop = memchr(t->at, '\n', (size_t)(t->end - t->at));
	t->next = t->stop + 1;
	return true;
}

/* --- fields ------------------------------------------------------------------- */

struct slice tape_word(struct tape *t)
{
	uint8_t *from;

	if (tape_bad(t))
		return SLICE_NONE;
	if (t->at == t->stop || *t->at != ' ') {
		tape_fail(t, "a field is missing");
		return SLICE_NONE;
	}
	from = ++t->at;
	while (t->at < t->stop && *t->at != ' ')
		t->at++;
	return slice_of(from, (size_t)(t->at - from));
}

int64_t tape_number(struct tape *t, int64_t min, int64_t max)
{
	struct slice s = tape_word(t);
	bool minus = s.n && s.p[0] == '-';
	uint64_t u;
	int64_t v;

	if (tape_bad(t))
		return 0;
	if (minus)
		s = slice_of(s.p + 1, s.n - 1);
	if (str_parse_u64(s, &u) < 0 || u > INT64_MAX) {
		tape_fail(t, "a field is no number");
		return 0;
	}
	v = minus ? -(int64_t)u : (int64_t)u;
	if (v >= min && v <= max)
		return v;
	tape_fail(t, "a number is out of range");
	return 0;
}

bool tape_flag(struct tape *t)
{
	return tape_number(t, 0, 1);
}

/* Decoded where it stands: it only gets shorter. */
struct slice tape_text(struct tape *t)
{
	struct slice s = tape_word(t);
	uint8_t *to, *from;
	size_t n = 0;

	if (tape_bad(t) || slice_eq_str(s, "-"))
		return SLICE_NONE;
	from = to = t->file.data + (s.p - t->file.data);
	if (!s.n || *from != '=') {
		tape_fail(t, "a field is no text");
		return SLICE_NONE;
	}
	for (size_t i = 1; i < s.n; i++) {
		int high, low;

		if (from[i] != '%') {
			to[n++] = from[i];
			continue;
		}
		high = i + 2 < s.n ? hex_digit(from[i + 1]) : -1;
		low = i + 2 < s.n ? hex_digit(from[i + 2]) : -1;
		if (high < 0 || low < 0) {
			tape_fail(t, "a %% without its two digits");
			return SLICE_NONE;
		}
		to[n++] = (uint8_t)(high << 4 | low);
		i += 2;
	}
	return slice_of(to, n);
}

bool tape_line_end(struct tape *t)
{
	if (!tape_bad(t) && t->at != t->stop)
		tape_fail(t, "more fields than there should be");
	return !tape_bad(t);
}

/* --- messages ----------------------------------------------------------------- */

bool tape_message(struct tape *t, int64_t number, const char *dir, const char *ext,
		  struct buf *out)
{
	int64_t len = tape_number(t, 0, MESSAGE_MAX);
	struct slice want = tape_word(t);
	_cleanup_buf_ struct buf sum = BUF_INIT;
	uint8_t got[DIGEST_SHA256_SIZE];
	char name[64];
	int err;

	if (tape_bad(t))
		return false;
	snprintf(name, sizeof(name), "%03" PRId64 "-%s.%s", number, dir, ext);
	buf_reset(out);
	out->max = MESSAGE_MAX;
	err = read_at(t->dir_fd, name, out);
	if (err) {
		tape_fail(t, "%s: %s", name, strerror(-err));
		return false;
	}
	digest_sha256(buf_slice(out), got);
	if (hex_decode(&sum, want) < 0 || (int64_t)out->len != len ||
	    !slice_eq(buf_slice(&sum), slice_of(got, sizeof(got)))) {
		tape_fail(t, "%s has changed since it was recorded", name);
		return false;
	}
	return true;
}
