// SPDX-License-Identifier: GPL-2.0-or-later
/* download-child: one attempt to get a firmware package for the helper; the getting is download's. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "dmsc-client/child_common.h"
#include "dmsc-client/download.h"
#include "net/server_files.h"
#include "util/log.h"

#define START_MS 10000
#define REPORT_MS 2000

static void on_signal(int sig)
{
	client_stop = 1;
}

/* Nobody waits for it: a helper that is busy misses one. */
static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct ipc_msg m;

	ipc_prepare(&m, IPC_PROGRESS);
	snprintf(m.progress.what, sizeof(m.progress.what), "downloading firmware");
	m.progress.done = done;
	m.progress.total = total;
	(void)!ipc_send(IPC_CHILD_FD, &m, 0);
}

/*
 * Who vouches for a package's address is who vouches for the server that named it. What
 * proves us to that server is for it alone, and is shown to nobody who has a package.
 */
static int set_trust(const struct client_args *a, const char *server, struct server_files *files,
		     struct http_opts *o, struct download_end *end)
{
	char why[SERVER_FILES_ERROR_MAX];
	int err = server_files_find(a->conf.server_files, slice_str(server), files, why);

	if (!err && !files->ca[0] && a->conf.ca_file[0])
		err = server_files_check_ca(a->conf.ca_file, a->conf.ca_file, why);
	if (err) {
		*end = (struct download_end){ .code = FIRMWARE_CLIENT_ERROR };
		child_text(end->reason, sizeof(end->reason), why);
		return err;
	}
	o->ca_file = files->ca[0] ? files->ca : a->conf.ca_file[0] ? a->conf.ca_file : NULL;
	o->allow_http = conf_list_has(&a->conf.allow_http, server);
	return 0;
}

static void fetch(const struct client_args *a, const struct ipc_download *q, struct download_end *end)
{
	struct http_opts o = { .proxy_env = true, .stop = &client_stop };
	struct server_files files;
	_cleanup_close_ int dir = firmware_dir(a->conf.store);
	const struct download d = { .dir = dir, .path = q->package, .url = q->url, .max = q->max,
				    .http = &o, .progress = on_progress };

	*end = (struct download_end){ .code = FIRMWARE_CLIENT_ERROR };
	if (dir < 0)
		snprintf(end->reason, sizeof(end->reason), "no directory for packages: %s",
			 strerror(-dir));
	else if (!set_trust(a, q->server_id, &files, &o, end))
		download_run(&d, end);
}

int child_download_main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };	/* no SA_RESTART: waits end early */
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct download_end end;
	struct client_args a;
	struct ipc_msg m, out;
	int rc;

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);	/* a file that is too large is an error, no end */
	rc = child_start(argc, argv, true, &a, NULL, NULL);
	if (rc)
		return rc;
	rc = ipc_recv(IPC_CHILD_FD, &m, START_MS);
	if (rc || m.type != IPC_DOWNLOAD) {
		log_err("download-child: no start message: %s", strerror(rc ? -rc : EPROTO));
		return CHILD_IPC;
	}
	fetch(&a, &m.download, &end);
	if (end.code == FIRMWARE_OK)
		log_notice("firmware: the package is there, %llu bytes", (unsigned long long)end.size);
	ipc_prepare(&out, IPC_FIRMWARE);
	out.firmware.code = end.code;
	out.firmware.retry = end.retry;
	out.firmware.size = end.size;
	child_text(out.firmware.reason, sizeof(out.firmware.reason), end.reason);
	return ipc_send(IPC_CHILD_FD, &out, REPORT_MS) ? CHILD_IPC :
	       end.code == FIRMWARE_OK ? CHILD_OK : CHILD_FAILED;
}
