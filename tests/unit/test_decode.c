// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dmsc-client/decode*: cards as mkprofile makes them, whole and damaged. What is
 * said of them is right, ends, and holds none of their secrets.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../simcard/mkcard.h"
#include "dmsc-client/decode.h"
#include "util/log.h"

#define DESCRIPTIONS "tests/simcard/descriptions/"
#define AID "a000000063504b43532d3135"
#define ROUNDS 1500		/* damaged copies of each card */
#define SECRETS_MAX 64

static const char *const names[] = { "connect-dm", "connect-cp", "connect-2g", "everything" };

/* A card in memory. */
struct cardfile {
	struct desc *desc;
	struct mkcard files;
	const char *denied;	/* path of a file that wants a PIN; NULL */
	size_t nsecrets;
	struct slice secrets[SECRETS_MAX];
};

static int file_read(void *ctx, const char *path, size_t off, uint8_t *buf, size_t n)
{
	const struct cardfile *c = ctx;

	if (c->denied && !strcmp(path, c->denied))
		return -EACCES;
	for (size_t i = 0; i < c->files.n; i++) {
		const struct mkcard_ef *f = &c->files.ef[i];

		if (strcmp(f->path, path))
			continue;
		for (size_t k = 0; k < n; k++, off++) {
			if (off >= f->size)
				return (int)k;
			buf[k] = off < f->data.len ? f->data.data[off] : f->pad;
		}
		return (int)n;
	}
	return -ENOENT;
}

static void secret_add(struct cardfile *c, const void *p, size_t n)
{
	if (n < 4)	/* too short not to be there by chance */
		return;
	assert_true(c->nsecrets < SECRETS_MAX);
	c->secrets[c->nsecrets++] = slice_of(p, n);
}

static void secrets_collect(struct cardfile *c)
{
	const struct desc *d = c->desc;

	for (size_t i = 0; i < d->ndocs; i++) {
		const struct desc_doc *doc = &d->docs[i];

		for (size_t k = 0; k < doc->nservers; k++) {
			const struct desc_server *s = &doc->servers[k];

			secret_add(c, s->client.secret, strlen(s->client.secret));
			secret_add(c, s->server.secret, strlen(s->server.secret));
			secret_add(c, s->client.nonce, s->client.nonce_len);
			secret_add(c, s->server.nonce, s->server.nonce_len);
		}
		for (size_t k = 0; k < doc->nnaps; k++)
			secret_add(c, doc->naps[k].secret, strlen(doc->naps[k].secret));
		for (size_t k = 0; k < doc->nproxies; k++)
			secret_add(c, doc->proxies[k].secret, strlen(doc->proxies[k].secret));
	}
	secret_add(c, d->iccid, strlen(d->iccid));
	secret_add(c, "demo-psk-secret", 15);
}

static struct cardfile *card_of(const char *name)
{
	struct cardfile *c = calloc(1, sizeof(*c));
	char path[128], error[256] = "";

	snprintf(path, sizeof(path), DESCRIPTIONS "%s.desc", name);
	c->desc = desc_load(path, error, sizeof(error));
	assert_string_equal(error, "");
	assert_non_null(c->desc);
	assert_int_equal(mkcard_make(&c->files, c->desc, error, sizeof(error)), 0);
	secrets_collect(c);
	return c;
}

static void card_end(struct cardfile *c)
{
	mkcard_fini(&c->files);
	desc_free(c->desc);
	free(c);
}

static struct mkcard_ef *file_of(struct cardfile *c, const char *path)
{
	for (size_t i = 0; i < c->files.n; i++)
		if (!strcmp(c->files.ef[i].path, path))
			return &c->files.ef[i];
	fail_msg("no file %s", path);
	return NULL;
}

/* What is said of it is in d->out; finish with said_end(). */
static int say(struct cardfile *c, struct decode *d, bool json, bool secrets)
{
	static struct conf conf;

	conf_defaults(&conf);
	*d = (struct decode){ .rd = { file_read, c }, .conf = &conf, .source = "card",
			      .json = json, .secrets = secrets };
	return decode_make(d);
}

static bool says(const struct decode *d, struct slice s)
{
	return memmem(d->out.data, d->out.len, s.p, s.n);
}

static void assert_says(const struct decode *d, const char *text)
{
	if (!says(d, slice_str(text)))
		fail_msg("\"%s\" is not in:\n%s", text, buf_cstr(&d->out));
}

static void said_end(struct decode *d)
{
	buf_fini(&d->out);
}

static void assert_no_secret(const struct cardfile *c, const struct decode *d)
{
	for (size_t i = 0; i < c->nsecrets; i++) {
		if (!says(d, c->secrets[i]))
			continue;
		fputs(buf_cstr(&d->out), stderr);
		fail_msg("the secret '%.*s' is in what is said", (int)c->secrets[i].n,
			 (const char *)c->secrets[i].p);
	}
}

/* --- whole cards ----------------------------------------------------------- */

static void a_good_card_is_usable_and_keeps_its_secrets(void **state)
{
	static struct decode d;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct cardfile *c = card_of(names[i]);

		for (int json = 0; json < 2; json++) {
			assert_int_equal(say(c, &d, json, false), DECODE_USABLE);
			assert_int_equal(d.nproblems, 0);
			assert_no_secret(c, &d);
			said_end(&d);
		}
		card_end(c);
	}
}

static void asked_for_they_are_shown(void **state)
{
	struct cardfile *c = card_of("connect-cp");
	static struct decode d;

	assert_int_equal(say(c, &d, false, true), DECODE_USABLE);
	assert_says(&d, "AAUTHSECRET = second-client-secret");
	assert_says(&d, "PXAUTH-PW = second-proxy-secret");
	assert_says(&d, "ICCID: 89490123456789012354");
	said_end(&d);
	card_end(c);
}

static void what_would_follow_is_said(void **state)
{
	static struct decode d;
	struct cardfile *c = card_of("connect-2g");

	assert_int_equal(say(c, &d, false, false), DECODE_USABLE);
	assert_says(&d, "gate one: a person is asked");
	assert_says(&d, "gate two: a notice and a session (the indicator asks for it)");
	assert_says(&d, "gate two: no session (the indicator names other servers)");
	said_end(&d);
	card_end(c);
	c = card_of("everything");
	assert_int_equal(say(c, &d, false, false), DECODE_USABLE);
	assert_says(&d, "the DM profile is used, the CP documents are left alone");
	assert_says(&d, "connection indicator, 2.25.15107605307005597650712612834974338080");
	said_end(&d);
	card_end(c);
}

/* --- what is wrong ------------------------------------------------------------ */

static void faults_have_a_place_and_a_clause(void **state)
{
	struct cardfile *c = card_of("connect-cp");
	static struct decode d;

	/* C1 becomes C0: two versions. */
	file_of(c, AID ".6433")->data.data[5] = 0xc0;
	assert_int_equal(say(c, &d, false, false), DECODE_MALFORMED);
	assert_says(&d, AID ".6433 at byte 5: the indicator is malformed: two versions (dmsc, card-data.rst)");
	assert_says(&d, "gate two: no session (the indicator cannot be trusted: no automatic session)");
	said_end(&d);
	/* The document ends inside its first characteristic. */
	file_of(c, AID ".6434")->size = file_of(c, AID ".6434")->data.len = 20;
	assert_int_equal(say(c, &d, false, false), DECODE_MALFORMED);
	assert_says(&d, "no provisioning document: ");
	assert_says(&d, "the CP profile is refused as a whole: ");
	assert_says(&d, "nothing: no document can be used");
	said_end(&d);
	/* The second object of EF(DODF) claims more than there is. */
	file_of(c, AID ".6430")->data.data[34] = 0x7f;
	assert_int_equal(say(c, &d, false, false), DECODE_MALFORMED);
	assert_says(&d, AID ".6430 at byte 33: here begins no whole entry (PKCS#15 6.9)");
	said_end(&d);
	card_end(c);
}

/* Without the token between them, a parm's name goes on with its value. */
static void a_name_does_not_give_its_value_away(void **state)
{
	struct cardfile *c = card_of("connect-cp");
	struct buf *b = &file_of(c, AID ".6434")->data;
	static struct decode d;
	uint8_t *p = memmem(b->data, b->len, "\x0e\x06\x03second-apn-secret", 20);

	assert_non_null(p);
	memmove(p + 1, p + 2, b->len - (size_t)(p + 2 - b->data));
	b->len--;
	assert_int_equal(say(c, &d, false, false), DECODE_USABLE);
	assert_says(&d, "(no name)");
	assert_no_secret(c, &d);
	said_end(&d);
	card_end(c);
}

/* DIGEST becomes DIGESU. */
static void methods_that_nobody_knows_are_said(void **state)
{
	struct cardfile *c = card_of("connect-dm");
	struct buf *b = &file_of(c, AID ".6431")->data;
	static struct decode d;
	uint8_t *p = b->data;

	while ((p = memmem(p, b->len - (size_t)(p - b->data), "DIGEST", 6)))
		p[5] = 'U';
	assert_int_equal(say(c, &d, false, false), DECODE_USABLE);
	assert_says(&d, "the client shows unsupported, the server unsupported");
	said_end(&d);
	card_end(c);
}

static void a_bad_dm_profile_gives_way_to_cp(void **state)
{
	struct cardfile *c = card_of("everything");
	static struct decode d;

	file_of(c, AID ".6431")->size = file_of(c, AID ".6431")->data.len -= 8;
	assert_int_equal(say(c, &d, false, false), DECODE_MALFORMED);
	assert_says(&d, "the DM profile is refused as a whole: ");
	assert_says(&d, "the CP profile is used");
	said_end(&d);
	card_end(c);
}

static void unreadable_is_not_absent(void **state)
{
	static const char *const paths[] = { "5031", "6430", "6431", "6433", "6432" };
	struct cardfile *c = card_of("everything");
	static struct decode d;
	char path[64];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(path, sizeof(path), AID ".%s", paths[i]);
		c->denied = path;
		assert_int_equal(say(c, &d, false, false), DECODE_UNREADABLE);
		assert_says(&d, "a PIN is needed");
		said_end(&d);
	}
	card_end(c);
}

/* What cannot be read has its problem; the plan is what card-child makes of it all the same. */
static void what_would_follow_is_what_card_child_does(void **state)
{
	static const struct {
		const char *denied, *says;
	} cases[] = {
		{ AID ".5031", "nothing: EF(ODF): a PIN is needed" },
		{ AID ".6431", "nothing: EF(DM_Bootstrap): a PIN is needed" },
		/* Where the DM profile is of use the other one is not read. */
		{ AID ".6434", "the DM profile is used, the CP documents are left alone" },
		{ AID ".6433", "gate one: a person is asked" },
		{ AID ".6432", "the DM profile is used" },
		{ "3f00.2fe2", "nothing: EF(ICCID): a PIN is needed" },
	};
	struct cardfile *c = card_of("everything");
	static struct decode d;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		c->denied = cases[i].denied;
		assert_int_equal(say(c, &d, false, false), DECODE_UNREADABLE);
		assert_says(&d, cases[i].says);
		said_end(&d);
	}
	card_end(c);
}

/* Two entries for one document are one document, not one server twice. */
static void a_document_in_two_places_is_one(void **state)
{
	struct cardfile *c = card_of("everything");
	struct mkcard_ef *cp = file_of(c, AID ".6434"), *dm = file_of(c, AID ".6431");
	static struct decode d;

	assert_int_equal(client_bootstrap_profile(buf_slice(&cp->data)), CLIENT_PROFILE_CP);
	buf_reset(&dm->data);
	buf_put_slice(&dm->data, buf_slice(&cp->data));
	dm->size = cp->size = cp->data.len;
	assert_int_equal(say(c, &d, false, false), DECODE_USABLE);
	assert_says(&d, "the CP profile is used");
	said_end(&d);
	card_end(c);
}

/* Prolog and filling are no part of the document, for whom it is shown as for whom it is applied. */
static void a_document_in_xml_is_shown(void **state)
{
	static const char xml[] =
		"<?xml version=\"1.0\"?>\n<!-- none -->\n<!DOCTYPE wap-provisioningdoc PUBLIC "
		"\"-//WAPFORUM//DTD PROV 1.0//EN\" \"http://www.wapforum.org/DTD/prov.dtd\">\n"
		"<wap-provisioningdoc><characteristic type=\"APPLICATION\"><parm name=\"APPID\" value=\"w7\"/>"
		"<parm name=\"PROVIDER-ID\" value=\"x.example\"/><characteristic type=\"APPADDR\">"
		"<parm name=\"ADDR\" value=\"https://x.example/\"/></characteristic>"
		"<characteristic type=\"APPAUTH\"><parm name=\"AAUTHLEVEL\" value=\"APPSRV\"/>"
		"<parm name=\"AAUTHTYPE\" value=\"DIGEST\"/><parm name=\"AAUTHNAME\" value=\"device\"/>"
		"<parm name=\"AAUTHSECRET\" value=\"xml-secret\"/></characteristic>"
		"</characteristic></wap-provisioningdoc>\xff\xff";
	struct cardfile *c = card_of("connect-cp");
	struct mkcard_ef *ef = file_of(c, AID ".6434");
	static struct decode d;

	buf_reset(&ef->data);
	buf_put(&ef->data, xml, sizeof(xml) - 1);
	ef->size = ef->data.len;
	assert_int_equal(say(c, &d, false, false), DECODE_USABLE);
	assert_says(&d, "account x.example at https://x.example/");
	said_end(&d);
	card_end(c);
}

static void a_card_without_data(void **state)
{
	struct cardfile *c = card_of("connect-dm");
	static struct decode d;

	memset(file_of(c, AID ".6431")->data.data, 0xff, file_of(c, AID ".6431")->data.len);
	assert_int_equal(say(c, &d, false, false), DECODE_NONE);
	assert_says(&d, "EF(DM_Bootstrap) in " AID ".6431: empty");
	said_end(&d);
	for (size_t i = 0; i < c->files.n; i++)
		c->files.ef[i].path[0] = 'x';
	assert_int_equal(say(c, &d, true, false), DECODE_UNREADABLE);	/* no EF(ICCID) either */
	said_end(&d);
	card_end(c);
}

/* --- damage ----------------------------------------------------------------------- */

static uint32_t random_next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static void damage(struct buf *b, uint32_t *seed)
{
	size_t at = random_next(seed) % b->len, n = 1 + random_next(seed) % 8;

	switch (random_next(seed) % 6) {
	case 0:
		b->data[at] ^= (uint8_t)(1u << random_next(seed) % 8);
		break;
	case 1:
		b->data[at] = (uint8_t)random_next(seed);
		break;
	case 2:		/* a length that lies */
		b->data[at] = random_next(seed) & 1 ? 0xff : 0x80;
		break;
	case 3:
		b->len = at + 1;
		break;
	case 4:		/* bytes go */
		n = n < b->len - at - 1 ? n : 0;
		memmove(b->data + at, b->data + at + n, b->len - at - n);
		b->len -= n;
		break;
	default:	/* and come from elsewhere in it */
		n = n < b->len - at ? n : b->len - at;
		memmove(b->data + at, b->data + random_next(seed) % (b->len - n + 1), n);
	}
}

static void damaged_cards_are_survived_and_keep_their_secrets(void **state)
{
	unsigned int codes[32] = { 0 };
	static struct decode d;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct cardfile *c = card_of(names[i]);

		for (uint32_t round = 1; round <= ROUNDS; round++) {
			uint32_t seed = round * 2654435761u + (uint32_t)i;
			struct mkcard_ef *f = &c->files.ef[random_next(&seed) % c->files.n];
			struct buf whole = f->data;
			int rc;

			f->data = (struct buf)BUF_INIT;
			buf_put_slice(&f->data, buf_slice(&whole));
			for (uint32_t k = 0; k <= round % 2; k++)
				damage(&f->data, &seed);
			rc = say(c, &d, round & 1, false);
			assert_true(rc == DECODE_USABLE || rc == DECODE_NONE ||
				    rc == DECODE_MALFORMED || rc == DECODE_UNREADABLE);
			codes[rc]++;
			assert_no_secret(c, &d);
			said_end(&d);
			buf_fini(&f->data);
			f->data = whole;
		}
		card_end(c);
	}
	assert_true(codes[DECODE_USABLE] && codes[DECODE_MALFORMED] && codes[DECODE_NONE]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_card_is_usable_and_keeps_its_secrets),
		cmocka_unit_test(asked_for_they_are_shown),
		cmocka_unit_test(what_would_follow_is_said),
		cmocka_unit_test(faults_have_a_place_and_a_clause),
		cmocka_unit_test(a_name_does_not_give_its_value_away),
		cmocka_unit_test(methods_that_nobody_knows_are_said),
		cmocka_unit_test(a_bad_dm_profile_gives_way_to_cp),
		cmocka_unit_test(unreadable_is_not_absent),
		cmocka_unit_test(what_would_follow_is_what_card_child_does),
		cmocka_unit_test(a_document_in_two_places_is_one),
		cmocka_unit_test(a_document_in_xml_is_shown),
		cmocka_unit_test(a_card_without_data),
		cmocka_unit_test(damaged_cards_are_survived_and_keep_their_secrets),
	};

	log_init("test_decode", LOG_LVL_ERR);
	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
