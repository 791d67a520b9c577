// SPDX-License-Identifier: GPL-2.0-or-later
#include "http_tls.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <sys/socket.h>

#define DRAIN_MS 200
#define DRAIN_PIECES 64

/*
 * A client of TLS 1.3 has sent its request by now. Closing with that unread would
 * reset the connection, and the alert with it.
 */
static void drain(gnutls_session_t session)
{
	struct pollfd p = { .fd = gnutls_transport_get_int(session), .events = POLLIN };
	char piece[4096];

	shutdown(p.fd, SHUT_WR);
	for (int i = 0; i < DRAIN_PIECES && poll(&p, 1, DRAIN_MS) == 1; i++)
		if (recv(p.fd, piece, sizeof(piece), MSG_DONTWAIT) <= 0)
			break;
}

/*
 * Behind the client's last message of the handshake. GnuTLS would end the
 * connection without a word; servers of the field say why.
 */
static int on_finished(gnutls_session_t session, unsigned int type, unsigned int when,
		       unsigned int incoming, const gnutls_datum_t *message)
{
	unsigned int status = 0;
	gnutls_alert_description_t why = GNUTLS_A_BAD_CERTIFICATE;

	if (!incoming)
		return 0;
	if (!gnutls_certificate_get_peers(session, NULL))
		why = GNUTLS_A_CERTIFICATE_REQUIRED;
	else if (!gnutls_certificate_verify_peers2(session, &status) && !status)
		return 0;
	else if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
		why = GNUTLS_A_UNKNOWN_CA;
	else if (status & GNUTLS_CERT_EXPIRED)
		why = GNUTLS_A_CERTIFICATE_EXPIRED;
	gnutls_alert_send(session, GNUTLS_AL_FATAL, why);
	drain(session);
	return GNUTLS_E_CERTIFICATE_ERROR;
}

void http_tls_demand(void *session)
{
	gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
	gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST,
					   on_finished);
}

bool http_tls_is_ca(struct slice pem)
{
	gnutls_datum_t d = { .data = (unsigned char *)(uintptr_t)pem.p, .size = (unsigned int)pem.n };
	gnutls_x509_crt_t *list;
	unsigned int n;

	if (gnutls_x509_crt_list_import2(&list, &n, &d, GNUTLS_X509_FMT_PEM, 0) < 0)
		return false;
	for (unsigned int i = 0; i < n; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return n > 0;
}
