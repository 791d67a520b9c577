/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates of clients; the only user of GnuTLS. */
#ifndef DMSERVER_HTTP_TLS_H
#define DMSERVER_HTTP_TLS_H

#include "util/slice.h"

/* @session, a server's before its handshake, fails without a certificate its CA vouches for. */
void http_tls_demand(void *session);
bool http_tls_is_ca(struct slice pem);

#endif
