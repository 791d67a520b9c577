/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the administrator put there for one server: DIR/SERVER-ID/ca.pem, cert.pem
 * and key.pem. It finds them and sees that they are what their names say; what
 * is in them is the TLS library's matter.
 */
#ifndef DMSC_NET_SERVER_FILES_H
#define DMSC_NET_SERVER_FILES_H

#include "util/cleanup.h"
#include "util/slice.h"

#define SERVER_FILES_DIR_MAX 256
#define SERVER_FILES_PATH_MAX (SERVER_FILES_DIR_MAX + 1 + 255 + sizeof("/cert.pem"))
#define SERVER_FILES_ERROR_MAX 200
#define SERVER_NAME_MAX 256	/* of an encoded id, the NUL included: a file's name */

struct server_files {
	char ca[SERVER_FILES_PATH_MAX];	/* "" = none */
	char cert[SERVER_FILES_PATH_MAX], key[SERVER_FILES_PATH_MAX];	/* both or none */
};

/*
 * A server's id as a name of a directory: %XX for all but letters, digits, '.', '_' and '-',
 * and for the dots of "." and "..". 0; -ENAMETOOLONG: no directory can have this name; -EINVAL: "".
 */
int server_name(struct slice server_id, char out[SERVER_NAME_MAX]) must_check;

/*
 * Looks below @dir ("" = nowhere). 0, whether or not there are any; or -errno with a sentence
 * in @err: a file is there that cannot be read, or is not what it should be.
 */
int server_files_find(const char *dir, struct slice server_id, struct server_files *out,
		      char err[SERVER_FILES_ERROR_MAX]) must_check;
/* The check for one file with certificates that somebody named, by @name. As above. */
int server_files_check_ca(const char *path, const char *name,
			  char err[SERVER_FILES_ERROR_MAX]) must_check;

#endif
