// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plays the files of tests/lines (testing.rst) against the protocols of ISO 7816-3, from the same source
 * files as in the module: each byte that goes out and each wait has to be that of the file. Of
 * the durations it knows what the standard says in etu and clocks, and computes them again.
 */
#include <ctype.h>
#include <glob.h>

#include "iso7816.h"

#define LINES_MAX	1024
#define BYTES_MAX	8192
/* The longest response that the core has room for, see <linux/uicc.h>. */
#define RESPONSE_MAX	(4096 + 2)
#define CLOCK_HZ	3571200u
#define SLACK_US	1000u

struct event {
	char kind;	/* '>', '<', '!', '=' */
	const char *text;
	int number;	/* line of the file */
};

struct player {
	const char *path;
	char *content;
	struct event events[LINES_MAX];
	int n, at;
	size_t pos;	/* in the bytes of the current event */
	u64 now_us;
	struct uicc_atr atr;
	struct iso7816_reader reader;
	struct iso7816_params params;
	struct iso7816_line line;
	struct iso7816_t1 t1;
	char said[256];
};

/* --- the file --------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3), noreturn)) complain(struct player *p, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fail_msg("%s:%d: %s", p->path, p->at < p->n ? p->events[p->at].number : -1, text);
	abort();
}

static void load(struct player *p, const char *path)
{
	char *line, *save = NULL;
	FILE *f = fopen(path, "r");
	size_t len;
	int number = 0;

	assert_non_null(f);
	p->path = path;
	p->content = calloc(1, 65536);
	len = fread(p->content, 1, 65535, f);
	assert_true(len > 0 && len < 65535);
	fclose(f);
	for (line = p->content; line; line = save) {
		save = strchr(line, '\n');
		if (save)
			*save++ = '\0';
		number++;
		while (isspace((unsigned char)*line))
			line++;
		if (!*line || *line == '#')
			continue;
		assert_true(p->n < LINES_MAX);
		p->events[p->n++] = (struct event){ *line, line + 1, number };
		if (!strchr("<>!=", *line))
			fail_msg("%s:%d: no event", path, number);
	}
}

/* Bytes of an event in hexadecimal. */
static size_t unhex(struct player *p, const char *text, u8 *buf, size_t size)
{
	unsigned int byte;
	size_t n = 0;
	int used;

	for (; sscanf(text, " %2x%n", &byte, &used) == 1; text += used) {
		if (n == size)
			complain(p, "too many bytes");
		buf[n++] = byte;
	}
	while (isspace((unsigned char)*text))
		text++;
	if (*text)
		complain(p, "not in hexadecimal: %s", text);
	return n;
}

static size_t event_bytes(struct player *p, const struct event *e, u8 *buf)
{
	return unhex(p, e->text, buf, BYTES_MAX);
}

/* The event that is next, bytes that were only in part used included; kind 0 at the end. */
static const struct event *event(struct player *p)
{
	static const struct event end = { .text = "" };

	return p->at < p->n ? &p->events[p->at] : &end;
}

static void event_done(struct player *p)
{
	p->at++;
	p->pos = 0;
}

/* --- the line ---------------------------------------------------------------- */

static u64 etu_us(const struct player *p, u64 etu)
{
	return etu * p->params.f * 1000000ull / ((u64)p->params.clock_hz * p->params.d);
}

/* ISO 7816-3 9.2, 10.2, 11.4.3 */
static u64 standard_wait_us(struct player *p, const char *name)
{
	if (!strcmp(name, "IWT"))
		return etu_us(p, 9600);
	if (!strcmp(name, "WT"))
		return 960ull * p->atr.wi * p->atr.fi * 1000000 / p->params.clock_hz;
	if (!strcmp(name, "CWT"))
		return etu_us(p, 11 + (1 << p->atr.cwi));
	if (!strcmp(name, "BWT"))
		return etu_us(p, 11) + (960ull << p->atr.bwi) * 372 * 1000000 / p->params.clock_hz;
	complain(p, "no waiting time: %s", name);
}

/* "timeout [N] NAME", "wait [N] NAME": is @us as long as the file says? */
static void expect_wait(struct player *p, const char *text, u64 us)
{
	unsigned int times = 1;
	char name[8] = "";
	u64 want;

	if (sscanf(text, "%u %7s", &times, name) != 2 && sscanf(text, "%7s", name) != 1)
		complain(p, "which waiting time?");
	want = times * standard_wait_us(p, name) + SLACK_US;
	if (want > ISO7816_WAIT_MAX_MS * 1000ull + SLACK_US)
		want = ISO7816_WAIT_MAX_MS * 1000ull + SLACK_US;
	/* Each rounding is for the card: up to two etu and a microsecond for each term. */
	if (us < want || us > want + times * 10 + want / 10000)
		complain(p, "waits %llu us, not %llu (%s)", (unsigned long long)us, (unsigned long long)want, text);
}

static int line_send(void *ctx, const u8 *buf, size_t len, u32 gap_us)
{
	static u8 want[BYTES_MAX];
	struct player *p = ctx;
	u64 gap = etu_us(p, p->params.protocol == 1 ? 22 - 10 : 16 - 10);
	size_t n, i;

	if (gap_us < gap || gap_us > gap + 2)
		complain(p, "keeps silent for %u us, not %llu", gap_us, (unsigned long long)gap);
	for (i = 0; i < len;) {
		if (event(p)->kind != '>')
			complain(p, "sends %02X, byte %zu of %zu, where the file has '%c%s'", buf[i], i + 1, len,
				 event(p)->kind, event(p)->text);
		n = event_bytes(p, event(p), want);
		for (; p->pos < n && i < len; p->pos++, i++)
			if (want[p->pos] != buf[i])
				complain(p, "sends %02X, not %02X, as byte %zu", buf[i], want[p->pos], p->pos + 1);
		if (p->pos == n)
			event_done(p);
	}
	return 0;
}

static int line_receive(void *ctx, u8 *buf, size_t len, u32 first_us, u32 next_us)
{
	static u8 bytes[BYTES_MAX];
	struct player *p = ctx;
	u64 wait = first_us;
	size_t n, got = 0;

	while (got < len) {
		const struct event *e = event(p);

		if (e->kind == '!' && !strncmp(e->text, " parity", 7)) {
			event_done(p);
			return -EBADMSG;
		}
		if (e->kind == '!' && !strncmp(e->text, " wait ", 6)) {
			expect_wait(p, e->text + 6, wait);
			p->now_us += wait - SLACK_US;
			event_done(p);
			continue;
		}
		if (e->kind == '!' && !strncmp(e->text, " timeout", 8)) {
			if (e->text[8])
				expect_wait(p, e->text + 8, wait);
			p->now_us += wait;
			event_done(p);
			return (int)got ?: -ETIMEDOUT;
		}
		if (e->kind == '!' && !strncmp(e->text, " for ever ", 10)) {
			/* A card that has no end: the same byte again and again. */
			unhex(p, e->text + 10, buf + got, 1);
			p->now_us += 1000;
			got++;
			continue;
		}
		if (e->kind != '<')
			complain(p, "waits for the card where the file has '%c%s'", e->kind, e->text);
		n = event_bytes(p, e, bytes);
		for (; p->pos < n && got < len; p->pos++)
			buf[got++] = bytes[p->pos];
		if (p->pos == n)
			event_done(p);
		wait = next_us;
	}
	return got;
}

static u64 line_now_ms(void *ctx)
{
	struct player *p = ctx;

	return p->now_us / 1000;
}

static const struct iso7816_line_ops line_ops = {
	.send = line_send,
	.recv = line_receive,
	.now_ms = line_now_ms,
};

static int t1_block(void *ctx, const u8 *out, size_t len, u8 *in, size_t size, u8 bwt_multiplier)
{
	struct player *p = ctx;

	return iso7816_line_block(&p->line, out, len, in, size, bwt_multiplier);
}

static const struct iso7816_t1_ops t1_ops = {
	.block = t1_block,
	.now_ms = line_now_ms,
};

/* --- calls --------------------------------------------------------------------- */

static void use_params(struct player *p)
{
	iso7816_timing(&p->line.timing, &p->atr, &p->params);
	p->line.ops = &line_ops;
	p->line.ctx = p;
	p->line.slack_us = SLACK_US;
	p->line.crc = p->atr.crc;
}

static void start_protocol(struct player *p)
{
	use_params(p);
	if (p->params.protocol == 1 && !p->t1.ops)
		iso7816_t1_init(&p->t1, &p->atr, &t1_ops, p);
}

static void call_atr(struct player *p, const char *text)
{
	u8 atr[UICC_ATR_MAX];
	size_t len = unhex(p, text, atr, sizeof(atr));

	if (uicc_atr_parse(&p->atr, atr, len))
		complain(p, "this is no ATR");
	p->reader.clock_hz = CLOCK_HZ;
	p->t1.ops = NULL;
	iso7816_params_initial(&p->params, &p->atr, CLOCK_HZ);
	use_params(p);
}

static int call_pps(struct player *p)
{
	struct iso7816_params params;
	int ret = iso7816_pps_choose(&params, &p->atr, &p->reader);

	if (!ret && params.pps)
		ret = iso7816_pps(&p->line, &params);
	if (ret)
		return ret;
	p->params = params;
	snprintf(p->said, sizeof(p->said), "params %u %u %u", params.protocol, params.f, params.d);
	return 0;
}

/* The response's room is that of the core: short, and extended for an APDU that is. */
static int call_apdu(struct player *p, const char *text, u8 *response, size_t size)
{
	static u8 command[BYTES_MAX];
	size_t len = unhex(p, text, command, sizeof(command));

	start_protocol(p);
	if (len <= 5 || command[4])
		size = 258;
	if (p->params.protocol == 1)
		return iso7816_t1_transmit(&p->t1, command, len, response, size);
	return iso7816_t0_tpdu(&p->line, command, len, response, size);
}

static const char *error_name(int err)
{
	static const struct {
		int err;
		const char *name;
	} names[] = {
		{ EIO, "EIO" }, { ETIMEDOUT, "ETIMEDOUT" }, { EPROTO, "EPROTO" }, { EMSGSIZE, "EMSGSIZE" },
		{ ECONNABORTED, "ECONNABORTED" }, { EOPNOTSUPP, "EOPNOTSUPP" }, { EINVAL, "EINVAL" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].err == err)
			return names[i].name;
	return "?";
}

/* A call is over: the file has to say so, and how. */
static void expect_result(struct player *p, int ret, const u8 *response)
{
	static char said[4 * BYTES_MAX];
	const struct event *e;
	int i, n;

	if (event(p)->kind == '!' && !strncmp(event(p)->text, " for ever ", 10))
		event_done(p);
	e = event(p);
	if (ret < 0)
		n = sprintf(said, " error %s", error_name(-ret));
	else if (!response)
		n = sprintf(said, " %s", p->said);
	else
		for (n = sprintf(said, " response"), i = 0; i < ret; i++)
			n += sprintf(said + n, " %02X", response[i]);
	if (e->kind != '=' || strcmp(e->text, said) || p->pos)
		complain(p, "the call ends with%s, where the file has '%c%s'", said, e->kind ?: '$', e->text);
	event_done(p);
}

static void play_call(struct player *p)
{
	static u8 response[BYTES_MAX];
	const char *text = event(p)->text;
	int ret;

	if (event(p)->kind != '=')
		complain(p, "there is no call that this belongs to");
	if (!strncmp(text, " atr ", 5)) {
		call_atr(p, text + 5);
		event_done(p);
	} else if (sscanf(text, " reader %u %u", &p->reader.clock_hz, &p->reader.max_baud) == 2) {
		p->params.clock_hz = p->reader.clock_hz;
		use_params(p);
		event_done(p);
	} else if (!strcmp(text, " pps")) {
		event_done(p);
		ret = call_pps(p);
		expect_result(p, ret, NULL);
	} else if (!strncmp(text, " apdu ", 6)) {
		event_done(p);
		ret = call_apdu(p, text + 6, response, RESPONSE_MAX);
		expect_result(p, ret, response);
	} else {
		complain(p, "what call is that: %s", text);
	}
}

static void play(void **state)
{
	struct player *p = calloc(1, sizeof(*p));
	int calls = 0;

	p->now_us = 1000000000;	/* no clock begins at 0 */
	load(p, *state);
	for (; p->at < p->n; calls++)
		play_call(p);
	assert_true(calls >= 2);
	free(p->content);
	free(p);
}

/* One test for each file, of the file's name. */
int main(void)
{
	static struct CMUnitTest tests[200];
	size_t i;
	glob_t files;
	char *name;
	int failed;

	if (glob("tests/lines/*.line", 0, NULL, &files) || files.gl_pathc > ARRAY_SIZE(tests))
		return 2;
	for (i = 0; i < files.gl_pathc; i++) {
		name = strdup(strrchr(files.gl_pathv[i], '/') + 1);
		*strrchr(name, '.') = '\0';
		tests[i] = (struct CMUnitTest){ .name = name, .test_func = play, .initial_state = files.gl_pathv[i] };
	}
	failed = _cmocka_run_group_tests("lines", tests, files.gl_pathc, NULL, NULL);
	for (i = 0; i < files.gl_pathc; i++)
		free((char *)tests[i].name);
	globfree(&files);
	return failed;
}
