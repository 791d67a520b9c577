// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of the indicator: the input is its file, looked at as it is and
 * through a reader, once with a length that the directory gave and once without.
 * One byte alone is the error that the reader answers. What is not valid must ask
 * for nothing.
 */
#include <errno.h>
#include <stdlib.h>

#include "card/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_file(void *ctx, const char *path, size_t off, uint8_t *buf, size_t n)
{
	static const int errors[] = { EIO, ENOENT, EACCES, ETIMEDOUT, ENODEV };
	const struct slice *file = ctx;

	if (n == 0 || n > INDICATOR_SIZE_MAX)
		abort();
	if (file->n == 1)
		return -errors[file->p[0] % 5];
	if (off >= file->n)
		return 0;
	if (n > file->n - off)
		n = file->n - off;
	memcpy(buf, file->p + off, n);
	return (int)n;
}

static void check(const struct indicator *ind)
{
	struct plan_input in = { .ind = ind, .bootstrapped = true, .cp_init = true,
				 .connect_without_indicator = true, .server_id = SLICE_LIT("s") };
	const char *why;

	if (ind->state == INDICATOR_MALFORMED || ind->state == INDICATOR_UNREADABLE) {
		if (!ind->reason || plan_session(&in, &why) != PLAN_NO_SESSION ||
		    plan_incorporate(ind, false, false) != PLAN_ASK)
			abort();
		return;
	}
	if (ind->state == INDICATOR_VALID && (ind->raw_len < 8 || ind->raw[0] != 0xe1))
		abort();
	for (size_t i = 0; i < ind->nservers; i++) {	/* they lie inside what was kept */
		if (ind->servers[i].p < ind->raw ||
		    ind->servers[i].p + ind->servers[i].n > ind->raw + ind->raw_len ||
		    !indicator_covers(ind, ind->servers[i]))
			abort();
	}
	for (size_t i = 0; ind->text[i]; i++) {
		if ((unsigned char)ind->text[i] < 0x20 || ind->text[i] == 0x7f)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct indicator ind;
	struct slice file = slice_of(data, size);
	struct card_reader rd = { read_file, &file };
	struct pkcs15_object obj = { .path = "3f00.7f50.6431" };

	indicator_parse(file, &ind);
	check(&ind);
	for (int i = 0; i < 2; i++, obj.len = size > 8 ? size - 4 : size) {
		int ret = indicator_read(&rd, &obj, &ind);

		if (ret ? ret != -ENODEV : ind.err && ind.state != INDICATOR_UNREADABLE)
			abort();
		if (!ret)
			check(&ind);
	}
	return 0;
}
