// SPDX-License-Identifier: GPL-2.0-or-later
/* Which bytes are a value of which format (TND 1.2, Format); keeping them is cmd_write.c's. */
#include <errno.h>

#include "dm/cmd_int.h"
#include "util/digest.h"
#include "util/str.h"

bool dm_cmd_is_text(struct slice v)
{
	if (str_plain(v))
		return true;
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < 0x20 && v.p[i] != '\t' && v.p[i] != '\n' && v.p[i] != '\r')
			return false;
	return str_utf8_valid(v) && !str_has_nonchar(v);
}

bool dm_cmd_type_good(struct slice type)
{
	if (type.n > DM_TEXT_MAX)
		return false;
	if (str_plain(type))
		return true;
	for (size_t i = 0; i < type.n; i++)
		if (type.p[i] < 0x20 || type.p[i] == 0x7f)
			return false;
	return dm_cmd_is_text(type);
}

enum dm_status dm_cmd_title(struct slice title)
{
	if (title.n > DM_TEXT_MAX)
		return DM_ST_TOO_LARGE;
	return dm_cmd_is_text(title) ? DM_ST_NONE : DM_ST_BAD_FORMAT;
}

static bool int_valid(struct slice v)
{
	bool neg = v.n && v.p[0] == '-';
	uint64_t n;

	if (v.n && (neg || v.p[0] == '+'))
		v = slice_of(v.p + 1, v.n - 1);
	return str_parse_u64(v, &n) == 0 && n <= (uint64_t)INT32_MAX + neg;
}

static bool is_digit(struct slice v, size_t i)
{
	return i < v.n && v.p[i] >= '0' && v.p[i] <= '9';
}

static size_t digits(struct slice v, size_t i)
{
	while (is_digit(v, i))
		i++;
	return i;
}

static size_t sign(struct slice v, size_t i)
{
	return i + (i < v.n && (v.p[i] == '+' || v.p[i] == '-'));
}

/* The float of XML Schema: a decimal with an exponent, or one of three names. */
static bool float_valid(struct slice v)
{
	size_t from, i, n;

	if (slice_eq_str(v, "INF") || slice_eq_str(v, "-INF") || slice_eq_str(v, "NaN"))
		return true;
	from = sign(v, 0);
	i = digits(v, from);
	n = i - from;
	if (i < v.n && v.p[i] == '.') {
		from = i + 1;
		i = digits(v, from);
		n += i - from;
	}
	if (!n)
		return false;
	if (i < v.n && (v.p[i] | 0x20) == 'e') {
		from = sign(v, i + 1);
		i = digits(v, from);
		if (i == from)
			return false;
	}
	return i == v.n;
}

/* The letters of the patterns below: each stands for one digit of a number of this range. */
static const struct {
	char letter;
	uint16_t least, most;
} fields[] = {
	{ 'Y', 0, 9999 }, { 'M', 1, 12 }, { 'D', 1, 31 }, { 'O', 1, 366 }, { 'K', 1, 53 },
	{ 'd', 1, 7 }, { 'h', 0, 24 }, { 'm', 0, 59 }, { 's', 0, 60 },
};

static bool in_range(char letter, unsigned int n)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].letter == letter)
			return n >= fields[i].least && n <= fields[i].most;
	return true;			/* a literal */
}

/* Takes @pattern off *v: letters of @fields are digits, anything else stands for itself. */
static bool take(struct slice *v, const char *pattern)
{
	size_t len = strlen(pattern);
	unsigned int n = 0;

	if (v->n < len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!strchr("YMDOKdhms", pattern[i])) {
			if (v->p[i] != (uint8_t)pattern[i])
				return false;
			continue;
		}
		if (!is_digit(*v, i))
			return false;
		n = n * 10 + v->p[i] - '0';
		if (pattern[i + 1] == pattern[i])
			continue;
		if (!in_range(pattern[i], n))
			return false;
		n = 0;
	}
	*v = slice_of(v->p + len, v->n - len);
	return true;
}

static bool take_one(struct slice *v, const char *const *patterns)
{
	for (; *patterns; patterns++)
		if (take(v, *patterns))
			return true;
	return false;
}

/* ISO 8601 with the century, basic and extended; a longer form stands before its beginning. */
static bool date_valid(struct slice v)
{
	static const char *const dates[] = {
		"YYYY-MM-DD", "YYYY-WKK-d", "YYYY-WKK", "YYYY-OOO", "YYYY-MM", "YYYYMMDD",
		"YYYYWKKd", "YYYYWKK", "YYYYOOO", "YYYY", NULL,
	};

	return take_one(&v, dates) && !v.n;
}

/* hh, hh:mm, hh:mm:ss and the same without colons; a fraction of the last; Z or an offset. */
static bool time_valid(struct slice v)
{
	static const char *const times[] = { "hh:mm:ss", "hh:mm", "hhmmss", "hhmm", "hh", NULL };
	static const char *const zones[] = { "Z", "+hh:mm", "-hh:mm", "+hhmm", "-hhmm", "+hh",
					     "-hh", NULL };

	if (v.n && v.p[0] == 'T')
		v = slice_of(v.p + 1, v.n - 1);
	if (!take_one(&v, times))
		return false;
	if (v.n && (v.p[0] == '.' || v.p[0] == ',')) {
		size_t end = digits(v, 1);

		if (end == 1)
			return false;
		v = slice_of(v.p + end, v.n - end);
	}
	return !v.n || (take_one(&v, zones) && !v.n);
}

static bool value_matches(enum dm_format f, struct slice v)
{
	switch (f) {
	case DM_FMT_INT:
		return int_valid(v);
	case DM_FMT_BOOL:
		return slice_eq_str(v, "true") || slice_eq_str(v, "false");
	case DM_FMT_FLOAT:
		return float_valid(v);
	case DM_FMT_DATE:
		return date_valid(v);
	case DM_FMT_TIME:
		return time_valid(v);
	case DM_FMT_CHR:
	case DM_FMT_XML:
		return dm_cmd_is_text(v);
	case DM_FMT_NULL:
		return !v.n;
	default:
		return true;
	}
}

enum dm_status dm_cmd_value(enum dm_format *format, struct slice data, bool opaque,
			    struct buf *scratch, struct slice *value)
{
	if (*format == DM_FMT_B64) {
		*format = DM_FMT_BIN;
		if (!opaque) {
			int rc = base64_decode(scratch, data);

			if (rc)
				return rc == -EBADMSG ? DM_ST_BAD_REQUEST : dm_cmd_errno(rc);
			*value = buf_slice(scratch);
			return DM_ST_NONE;
		}
	}
	*value = slice_of(data.p ? data.p : (const uint8_t *)"", data.n);
	return value_matches(*format, *value) ? DM_ST_NONE : DM_ST_BAD_FORMAT;
}
