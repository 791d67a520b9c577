/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dmsc.conf(5): "key = value" lines, "#" comments. Strict: an unknown key, a
 * second value for a key in one file, or a value out of range is an error with
 * its file and line, and nothing is loaded.
 */
#ifndef DMSC_UTIL_CONF_H
#define DMSC_UTIL_CONF_H

#include "util/cleanup.h"
#include "util/slice.h"

#define CONF_PATH DMSC_SYSCONFDIR "/dmsc/dmsc.conf"
#define CONF_SERVER_FILES DMSC_SYSCONFDIR "/dmsc/servers"
#define CONF_MO_LIBRARIES DMSC_PREFIX "/lib/dmsc/mo"
#define CONF_LIST_MAX 16
#define CONF_VALUE_MAX 256

struct conf_list {
	size_t n;
	char v[CONF_LIST_MAX][CONF_VALUE_MAX];
};

struct conf {
	struct conf_list trusted_slots;	/* fnmatch patterns of TRANSPORT:LOCATION */
	struct conf_list indicator_oids;	/* whole DER TLVs in hex; never empty */
	struct conf_list allow_http;	/* server ids that may be plain http */
	bool connect_without_indicator;
	char device_id[CONF_VALUE_MAX];	/* "" = derive */
	struct conf_list insist_credentials;	/* server ids, or "*", that prove themselves by a secret */
	char ca_file[CONF_VALUE_MAX];	/* "" = system store */
	char server_files[CONF_VALUE_MAX];	/* directory of certificates for servers; "" = none */
	char store[CONF_VALUE_MAX];	/* directory */
	unsigned int consent_timeout_s;	/* answer time when the card names none; 1..3600 */
	unsigned int patience_s;	/* how long a failed automatic session is retried; 0..604800 */
	/* What DevInfo and DevDetail say; "" = found out. */
	char maker[CONF_VALUE_MAX], model[CONF_VALUE_MAX], oem[CONF_VALUE_MAX];
	char device_type[CONF_VALUE_MAX], language[CONF_VALUE_MAX];
	char firmware_version[CONF_VALUE_MAX], software_version[CONF_VALUE_MAX];
	char hardware_version[CONF_VALUE_MAX];
	char mo_libraries[CONF_VALUE_MAX];	/* directory of management objects; "" = none */
	struct conf_list mo_hooks;	/* programs that are management objects */
	char card_check[CONF_VALUE_MAX];	/* program that may reject a card; "" = none */
	char lwm2m_hook[CONF_VALUE_MAX];	/* program given a card's LwM2M bootstrap; "" = none */
	char update_hook[CONF_VALUE_MAX];	/* program that installs firmware; "" = none */
	unsigned int update_max_mib;	/* of a firmware package; 1..65536 */
	char connection_hook[CONF_VALUE_MAX];	/* program that sets connections up; "" = none */
	bool xml;			/* messages are sent as XML, not as WBXML */
	bool trace;			/* sessions in the background leave traces */
};

#define CONF_ERROR_MAX 256

void conf_defaults(struct conf *c);
/*
 * Defaults, then @path, then @path with ".conf" replaced by ".conf.d" as a
 * directory, its *.conf in name order, later files winning. A missing file is
 * no error. 0, or -errno with *@c holding the defaults and @err a sentence
 * "file:line: reason".
 */
int conf_load(const char *path, struct conf *c, char err[CONF_ERROR_MAX]) must_check;
/* One file's text into *@c; @name for messages. 0 or -EINVAL (then *@c is unmodified). */
int conf_parse(struct slice text, const char *name, struct conf *c, char err[CONF_ERROR_MAX]) must_check;
/*
 * A loaded configuration for another process of the same build: a file in
 * memory, at its beginning. The descriptor (close-on-exec), or -errno.
 */
int conf_to_fd(const struct conf *c) must_check;
/* 0, or -EPROTO: it holds something else (then *@c is the defaults); @fd stays open. */
int conf_from_fd(int fd, struct conf *c) must_check;
bool conf_slot_trusted(const struct conf *c, const char *transport, const char *location);
bool conf_list_has(const struct conf_list *l, const char *s);

#endif
