// SPDX-License-Identifier: GPL-2.0-or-later
/* A management object whose functions are a program's answers. */
#include "mo/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "mo/hook_int.h"
#include "mo/library.h"
#include "mo/mo_int.h"
#include "util/log.h"
#include "util/owner.h"
#include "util/str.h"
#include "util/text.h"

#define DESCRIBE_MAX (1u << 20)		/* bytes of all it says it is */

const struct mo_hook_limits mo_hook_defaults = {
	.describe_ms = 5000, .call_ms = 2000, .session_ms = 30000,
};

struct hook {
	struct hook_io io;
	struct hook_desc desc;
	struct mo_hook_limits limits;
	struct dmsc_mo mo;
	int64_t waited_ms;		/* for answers, in this session */
	struct buf value;		/* what read() hands out */
	char *path;
};

static const char *reason(int rc)
{
	switch (rc) {
	case -ETIMEDOUT:
		return "it did not answer in time";
	case -EPIPE:
		return "it is gone";
	case -EPROTO:
		return "its answer is not one of the protocol";
	default:
		return mo_strerror(rc);
	}
}

/* It had its chance: nobody waits for it a second time. */
static void give_up(struct hook *k, int rc)
{
	if (k->io.fd < 0)
		return;
	log_err("management object of %s: %s; it is not asked again", k->path, reason(rc));
	hook_io_stop(&k->io);
}

/* What io.out holds, and one line back: a status. *value (may be NULL) borrows. */
static int call(struct hook *k, struct slice *value)
{
	int64_t start = hook_io_now(), deadline = start + k->limits.call_ms;
	struct slice line, word;
	uint32_t code = 0;
	int rc;

	/* What is there before it was asked is no answer. */
	rc = hook_io_quiet(&k->io) ? hook_io_send(&k->io, deadline) : -EPROTO;
	if (!rc)
		rc = hook_io_line(&k->io, deadline, &line);
	if (!rc && k->io.in.len > k->io.taken)
		rc = -EPROTO;
	if (!rc) {
		word = hook_word(&line);
		if (slice_eq_str(word, "status"))
			rc = str_parse_u32(line, &code) || code < 200 || code > 599 ? -EPROTO : 0;
		else if (value && slice_eq_str(word, "value"))
			*value = line;
		else if (value || !slice_eq_str(word, "ok") || line.n)
			rc = -EPROTO;
	}
	k->waited_ms += hook_io_now() - start;
	if (!rc && k->waited_ms > k->limits.session_ms)
		rc = -ETIMEDOUT;
	if (!rc)
		return code;
	give_up(k, rc);
	return DM_ST_FAILED;
}

/* "verb URI" into io.out, which is emptied first. */
static void begin(struct hook *k, const char *verb, const char *uri)
{
	buf_reset(&k->io.out);
	buf_put_str(&k->io.out, verb);
	buf_put_u8(&k->io.out, ' ');
	hook_put(&k->io.out, slice_str(uri), true);
}

static int hook_read(void *ctx, const char *uri, struct dmsc_value *out)
{
	struct hook *k = ctx;
	struct slice v = SLICE_NONE;
	int code;

	begin(k, "get", uri);
	buf_put_u8(&k->io.out, '\n');
	code = call(k, &v);
	if (code)
		return code;
	buf_reset(&k->value);
	if (hook_decode(v, &k->value)) {
		give_up(k, -EPROTO);
		return DM_ST_FAILED;
	}
	out->data = buf_slice(&k->value).p;
	out->len = k->value.len;
	return 0;
}

static int hook_check(void *ctx, const char *uri, const struct dmsc_value *value)
{
	struct hook *k = ctx;

	if (value->len > MO_HOOK_VALUE_MAX)
		return DM_ST_TOO_LARGE;
	begin(k, "check", uri);
	buf_printf(&k->io.out, " %s ", hook_format_name(value->format));
	hook_put(&k->io.out, slice_of(value->data, value->len), false);
	buf_put_u8(&k->io.out, '\n');
	return call(k, NULL);
}

static int hook_exec(void *ctx, const char *uri, const void *data, size_t len,
		     const char *correlator)
{
	struct hook *k = ctx;

	if (len > MO_HOOK_VALUE_MAX)
		return DM_ST_TOO_LARGE;
	begin(k, "exec", uri);
	buf_put_u8(&k->io.out, ' ');
	if (!strcmp(correlator, "-"))
		buf_put_str(&k->io.out, "%2D");
	else
		hook_put(&k->io.out, slice_str(correlator[0] ? correlator : "-"), true);
	buf_put_u8(&k->io.out, ' ');
	hook_put(&k->io.out, slice_of(data, len), false);
	buf_put_u8(&k->io.out, '\n');
	return call(k, NULL);
}

static void put_change(struct hook *k, const struct dmsc_change *c)
{
	buf_put_str(&k->io.out, c->gone ? "gone " : "set ");
	hook_put(&k->io.out, slice_str(c->uri), true);
	if (!c->gone) {
		buf_printf(&k->io.out, " %s ", hook_format_name(c->value.format));
		hook_put(&k->io.out, slice_of(c->value.data, c->value.len), false);
	}
	buf_put_u8(&k->io.out, '\n');
}

static void hook_committed(void *ctx, const struct dmsc_change *changes, size_t n)
{
	struct hook *k = ctx;
	int code = 0;

	buf_reset(&k->io.out);
	for (size_t i = 0; i < n; i++)
		/* What lies open, and was never checked, may be larger than a line. */
		if (changes[i].gone || changes[i].value.len <= MO_HOOK_VALUE_MAX)
			put_change(k, &changes[i]);
	buf_put_str(&k->io.out, "commit\n");
	if (k->io.fd >= 0)
		code = call(k, NULL);
	else
		log_err("management object of %s: it was not told of %zu changes", k->path, n);
	if (code && code != DM_ST_OK)
		log_err("management object of %s: it answers %d to a change that stands", k->path,
			code);
}

/* One that cannot be told is no reason to do without the object. */
static void tell(struct hook *k, const struct dmsc_host *h, const struct hook_alert *a)
{
	const struct slice v = buf_slice(&a->value);
	const struct dmsc_alert out = { a->word[0], a->word[1], a->word[2], a->word[3],
					{ a->format, v.p, v.n } };
	int rc = h->alert(h, &out);

	if (rc && rc != -EOPNOTSUPP)
		log_err("management object of %s: what it wants told is not kept: %s", k->path,
			rc == -EINVAL ? "it is no alert" :
			rc == -EPERM ? "its source is not the object's" : strerror(-rc));
}

static int hook_install(void *ctx, const struct dmsc_host *h)
{
	struct hook *k = ctx;
	int rc = 0;

	for (size_t i = 0; i < k->desc.nputs && !rc; i++) {
		const struct hook_put *p = &k->desc.puts[i];
		const struct slice v = buf_slice(&p->value);
		struct dmsc_value old;

		if (p->keep && !h->get(h, p->uri, &old))
			continue;
		rc = h->put(h, p->uri, (struct dmsc_value){ p->format, v.p, v.n });
	}
	for (size_t i = 0; i < k->desc.nalerts && !rc; i++)
		tell(k, h, &k->desc.alerts[i]);
	return rc;
}

static void hook_end(void *arg)
{
	struct hook *k = arg;

	hook_io_stop(&k->io);
	hook_desc_fini(&k->desc);
	buf_wipe_fini(&k->value);
	free(k->path);
	free(k);
}

static int describe(struct hook *k)
{
	int64_t deadline = hook_io_now() + k->limits.describe_ms;
	struct slice line = SLICE_NONE;
	unsigned int n = 0;
	char word[17] = "";
	size_t total = 0;
	int rc;

	buf_put_str(&k->io.out, "describe 1\n");
	rc = hook_io_send(&k->io, deadline);
	while (!rc) {
		rc = hook_io_line(&k->io, deadline, &line);
		total += line.n;
		if (!rc) {
			n++;
			rc = total > DESCRIBE_MAX ? -EPROTO : hook_desc_line(&k->desc, line);
		}
	}
	/* Its values may be nobody's business: the first word is enough to find the line. */
	if (rc == -EPROTO && n) {
		text_printable(hook_word(&line), word, sizeof(word));
		log_err("management object of %s: line %u of its description ('%s') is none of the protocol",
			k->path, n, word);
	}
	if (rc == 1)
		rc = k->io.in.len > k->io.taken ? -EPROTO : hook_desc_finish(&k->desc);
	if (rc)
		return rc;
	k->mo = (struct dmsc_mo){
		.abi = DMSC_MO_ABI, .id = k->desc.id, .ddf = k->desc.tables, .ctx = k,
		.acl = k->desc.acl,
		.roots = (const char *const *)k->desc.roots, .install = hook_install,
		.read = hook_read, .check = hook_check, .exec = hook_exec,
		.committed = hook_committed,
	};
	return 0;
}

static int start(struct hook *k)
{
	int fd = open(k->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc = fd < 0 ? -errno : owner_root_alone(fd, false);

	if (!rc)
		rc = hook_io_start(&k->io, fd, k->path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int mo_hook_add(struct mo_set *s, const char *path, const struct mo_hook_limits *limits)
{
	struct hook *k = calloc(1, sizeof(*k));
	int rc;

	if (!k)
		return -ENOMEM;
	k->io.fd = -1;
	k->limits = limits ? *limits : mo_hook_defaults;
	k->path = str_dup(slice_str(path));
	rc = k->path ? start(k) : -ENOMEM;
	if (!rc)
		rc = describe(k);
	if (rc)
		hook_end(k);
	else
		rc = mo_set_add(s, &k->mo, hook_end, k);
	if (rc)
		log_err("management object of %s: not used: %s", path, reason(rc));
	return rc;
}
