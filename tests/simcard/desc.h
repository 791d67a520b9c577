/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a card shall hold, as its issuer writes it down (Documentation/for-issuers.rst):
 * facts in the issuer's words, bounded and checked. How they look on a card is
 * mkcard.h.
 */
#ifndef SIMCARD_DESC_H
#define SIMCARD_DESC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "card/indicator.h"
#include "profile.h"

#define DESC_DOCS_MAX 4
#define DESC_SERVERS_MAX 8	/* of one document: what a device takes */
#define DESC_NAPS_MAX 8
#define DESC_PROXIES_MAX 8
#define DESC_CONNECTS_MAX 4
#define DESC_RESOURCES_MAX 64
#define DESC_ID_MAX 200		/* bytes of texts, without the NUL */
#define DESC_TEXT_MAX 255
#define DESC_NONCE_MAX 64
#define DESC_VALUE_MAX 512

enum desc_auth { DESC_AUTH_NONE, DESC_AUTH_BASIC, DESC_AUTH_MD5, DESC_AUTH_HMAC };

struct desc_cred {
	enum desc_auth type;		/* NONE: there is none */
	char user[DESC_TEXT_MAX + 1];
	char secret[DESC_TEXT_MAX + 1];
	size_t nonce_len;
	uint8_t nonce[DESC_NONCE_MAX];
};

struct desc_server {
	unsigned int line;		/* where the block begins, as in the others */
	char id[DESC_ID_MAX + 1];
	char url[DESC_TEXT_MAX + 1];
	char name[DESC_TEXT_MAX + 1];
	char acl[DESC_TEXT_MAX + 1];	/* "" = Get, Replace and Delete for itself */
	unsigned int port;		/* 0 = what the URL says */
	int prefer;			/* enum desc_auth; NONE = that of the client */
	struct desc_cred client, server;
	bool init;
	size_t nconnects;
	char connect[DESC_CONNECTS_MAX][DESC_ID_MAX + 1];	/* names of naps and proxies */
};

struct desc_nap {
	unsigned int line;
	char id[DESC_ID_MAX + 1];
	char name[DESC_TEXT_MAX + 1];
	char bearer[DESC_TEXT_MAX + 1];
	char apn[DESC_TEXT_MAX + 1];
	bool internet;
	char auth[8];			/* "PAP", "CHAP" or "" */
	char user[DESC_TEXT_MAX + 1];
	char secret[DESC_TEXT_MAX + 1];
};

struct desc_proxy {
	unsigned int line;
	char id[DESC_ID_MAX + 1];
	char name[DESC_TEXT_MAX + 1];
	char address[DESC_TEXT_MAX + 1];
	int address_type;		/* enum desc_address */
	unsigned int port;		/* 0 = none */
	char through[DESC_ID_MAX + 1];	/* a nap, or "" */
	char auth[12];			/* "HTTP-BASIC", "HTTP-DIGEST" or "" */
	char user[DESC_TEXT_MAX + 1];
	char secret[DESC_TEXT_MAX + 1];
};

enum desc_address { DESC_IPV4, DESC_IPV6, DESC_ALPHA };

/* The files that objects of EF(DODF) stand for, in the order they stand there; EF(DODF) itself. */
enum desc_file {
	DESC_DM_BOOTSTRAP,
	DESC_BOOTSTRAP,		/* of ProvSC, as the next two */
	DESC_CONFIG1,
	DESC_CONFIG2,
	DESC_INDICATOR,
	DESC_LWM2M,
	DESC_DODF,
	DESC_FILES
};

struct desc_ef {
	unsigned int line;		/* of its `file`; 0 = there is none */
	unsigned int named_line;	/* of a `pin` that names it; 0 = none does */
	uint16_t fid;
	unsigned int size;		/* 0 = what its content needs */
	char label[DESC_TEXT_MAX + 1];
	bool is_private;		/* needs the PIN */
};

struct desc_doc {
	unsigned int line;
	bool cp;			/* provisioning document, else DM message */
	enum desc_file file;
	bool opaque;			/* DM: the tree is a document of its own inside the message */
	bool version_1_0;		/* CP: else 1.1 */
	size_t nservers, nnaps, nproxies;
	struct desc_server servers[DESC_SERVERS_MAX];
	struct desc_nap naps[DESC_NAPS_MAX];
	struct desc_proxy proxies[DESC_PROXIES_MAX];
};

struct desc_indicator {
	bool present;
	bool connect, every_power_on, ask_incorporate;
	bool has_ui;
	int ui;				/* enum indicator_ui */
	bool has_timeout;
	unsigned int timeout_s;
	char text[INDICATOR_TEXT_MAX + 1];
	size_t nservers;
	char servers[INDICATOR_SERVERS_MAX][DESC_ID_MAX + 1];
};

enum desc_value { DESC_STRING, DESC_INTEGER, DESC_BOOLEAN, DESC_OPAQUE };

struct desc_resource {
	uint16_t object, instance, id;
	size_t len;
	uint8_t value[DESC_VALUE_MAX];	/* as it travels */
};

struct desc_lwm2m {
	bool present;
	bool headless;			/* bare resources, as some cards have them */
	size_t n;
	struct desc_resource r[DESC_RESOURCES_MAX];
};

/* How EF(DODF) names an object. */
enum desc_objects { DESC_OID, DESC_OPAQUE_OBJECT, DESC_OID_TWICE, DESC_OPAQUE_TWICE };

struct desc {
	bool gsm;			/* a 2G card: DF 7F50 in place of an application */
	char iccid[21];			/* digits */
	uint8_t atr[ATR_MAX];
	size_t atr_len;			/* 0 = the usual one */
	int objects;			/* enum desc_objects */
	bool zeros;			/* EF(DODF) and EF(ODF) are filled with 00, else FF */
	int pin_key;			/* index of profile.h's keys; -1 = none */
	char pin[9];
	unsigned int pin_tries;
	bool secrets;			/* there is something others must not read */
	struct desc_ef ef[DESC_FILES];
	size_t ndocs;
	struct desc_doc docs[DESC_DOCS_MAX];
	struct desc_indicator indicator;
	struct desc_lwm2m lwm2m;
};

/*
 * Reads the description at @path. NULL on failure: @error holds one line
 * "FILE:LINE: reason". desc_free() wipes it.
 */
struct desc *desc_load(const char *path, char *error, size_t error_size);
void desc_free(struct desc *d);

/* The word a description has for a file, "dm-bootstrap". */
const char *desc_file_name(enum desc_file f);

#endif
