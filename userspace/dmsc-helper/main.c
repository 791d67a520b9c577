// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-helper(8): arguments, configuration, the one-per-insertion lock; not the work itself. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "dmsc-helper/helper.h"
#include "util/lock.h"
#include "util/log.h"
#include "util/str.h"
#include "util/wake.h"

#define AGENT_GROUP "dmsc-agent"
#define LOG_FILE HELPER_RUN_DIR "/log"
#define LOG_MAX (1 << 20)	/* bytes; an older log is kept once as .old */

struct args {
	const char *card, *seq, *log;
	char instance[64];	/* cut into card and seq */
	const char *decode;
	bool pending, reconcile, setup, detach, reload, json, secrets;
};

static void usage(FILE *f)
{
	fputs("usage: dmsc-helper --card DEVICE --seq N [--detach] [--log FILE]\n"
	      "       dmsc-helper --instance DEVICE-N\n"
	      "       dmsc-helper --reconcile [--detach] [--log FILE]\n"
	      "       dmsc-helper --pending [--detach] [--log FILE]\n"
	      "       dmsc-helper --setup\n"
	      "       dmsc-helper --reload [--instance DEVICE-N] [--log FILE]\n"
	      "       dmsc-helper --decode SLOT [--json] [--show-secrets]\n"
	      "Started by udev, see dmsc-helper(8). Also: --config FILE, --client FILE,\n"
	      "--help, --version\n", f);
}

/*
 * For udev without systemd: the caller gets its exit status at once, and what
 * goes on has a session of its own and no descriptor of udev's.
 */
static int detach(const char *log)
{
	struct stat st;
	int fd, null;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid)
		_exit(HELPER_OK);
	if (setsid() < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid)
		_exit(HELPER_OK);

	if (!stat(log, &st) && st.st_size > LOG_MAX) {
		char old[256];

		if (snprintf(old, sizeof(old), "%s.old", log) < (int)sizeof(old) &&
		    rename(log, old))
			log_warn("%s: %s", log, strerror(errno));
	}
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -errno;
	if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(fd < 0 ? null : fd, STDERR_FILENO) < 0)
		return -errno;
	return close_range(STDERR_FILENO + 1, ~0U, 0) ? -errno : 0;
}

/*
 * One helper for one insertion. Returns the lock's descriptor, kept until
 * exit; -EWOULDBLOCK when another one is at work. Our number is in it for --reload.
 */
static int lock_take(const char *slot, uint64_t seq)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), HELPER_RUN_DIR "/%s-%llu.lock", slot,
		 (unsigned long long)seq);
	fd = lock_with_pid(path);
	/* That of the insertion before is of no use any more: its card is gone. */
	if (fd >= 0 && seq > 1) {
		snprintf(path, sizeof(path), HELPER_RUN_DIR "/%s-%llu.lock", slot,
			 (unsigned long long)seq - 1);
		unlink(path);
	}
	return fd;
}

static int run_dir_make(void)
{
	if (mkdir(HELPER_RUN_DIR, 0755) && errno != EEXIST) {
		log_err(HELPER_RUN_DIR ": %s", strerror(errno));
		return -errno;
	}
	return 0;
}

/* Tells the kernel which group may answer questions, unless root has already. */
static int setup_run(const struct helper *h)
{
	const struct group *gr = getgrnam(AGENT_GROUP);
	char now[16], gid[16];
	int r;

	r = ef_attr_read(h->sysfs, NULL, "agent_gid", now, sizeof(now));
	if (r) {
		log_info("setup: %s", r == -ENOENT ? "module uicc is not loaded" : strerror(-r));
		return HELPER_OK;
	}
	if (strcmp(now, "-1"))
		return HELPER_OK;
	if (!gr) {
		log_warn("setup: no group " AGENT_GROUP ": only root can answer questions");
		return HELPER_OK;
	}
	snprintf(gid, sizeof(gid), "%u", gr->gr_gid);
	r = ef_attr_write(h->sysfs, NULL, "agent_gid", gid);
	if (r) {
		log_err("setup: agent_gid: %s; only root can answer questions", strerror(-r));
		return HELPER_FAILED;
	}
	log_info("setup: group " AGENT_GROUP " may answer questions");
	return HELPER_OK;
}

static int card_parse(const struct args *a, char slot[32], uint64_t *seq)
{
	if (!str_parse_u64(slice_str(a->seq), seq) && !ef_slot_name(a->card, slot, 32) &&
	    strchr(a->card, '.'))
		return 0;
	log_err("--card wants a card device (uicc0.card) and --seq a number");
	return -EINVAL;
}

static int insertion_main(struct helper *h, const struct args *a)
{
	char slot[32];
	uint64_t seq;
	int fd, r;

	if (card_parse(a, slot, &seq))
		return HELPER_USAGE;
	if (run_dir_make())
		return HELPER_FAILED;
	setup_run(h);
	fd = lock_take(slot, seq);
	if (fd == -EWOULDBLOCK) {
		log_info("%s: a helper for insertion %llu is at work already", a->card,
			 (unsigned long long)seq);
		return HELPER_OK;
	}
	if (fd < 0) {
		log_err("%s: lock: %s; nothing is applied", a->card, strerror(-fd));
		return HELPER_FAILED;
	}
	r = insertion_run(h, a->card, seq);
	close(fd);
	return r;
}

static int reload_main(struct helper *h, const struct args *a)
{
	char slot[32];
	uint64_t seq;

	if (!a->card)
		return reload_run(h, a->log);
	if (card_parse(a, slot, &seq))
		return HELPER_USAGE;
	return reload_one(slot, seq);
}

int helper_detached(struct helper *h, const char *card, uint64_t seq, const char *log)
{
	char number[24];
	struct args a = { .card = card, .seq = number };
	int r, status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid) {
		while (waitpid(pid, &status, 0) < 0)
			if (errno != EINTR)
				return -errno;
		return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
	}
	snprintf(number, sizeof(number), "%llu", (unsigned long long)seq);
	r = detach(log);
	if (r)
		log_err("%s: %s; nothing is applied", card, strerror(-r));
	_exit(r ? HELPER_FAILED : insertion_main(h, &a));
}

/* "uicc0.card-7", as a unit's instance has it, is --card uicc0.card --seq 7. */
static void instance_take(struct args *a, const char *arg)
{
	char *dash;

	snprintf(a->instance, sizeof(a->instance), "%s", arg);
	dash = strrchr(a->instance, '-');
	a->card = a->instance;
	a->seq = "";
	if (dash) {
		*dash = 0;
		a->seq = dash + 1;
	}
}

/* 0 to go on, else 1 + exit status. */
static int args_parse(int argc, char **argv, struct args *a, struct helper *h)
{
	static const struct option options[] = {
		{ "card", required_argument, NULL, 'c' }, { "seq", required_argument, NULL, 's' },
		{ "instance", required_argument, NULL, 'i' },
		{ "pending", no_argument, NULL, 'P' },
		{ "reconcile", no_argument, NULL, 'r' }, { "setup", no_argument, NULL, 'S' },
		{ "reload", no_argument, NULL, 'R' },
		{ "decode", required_argument, NULL, 'D' }, { "json", no_argument, NULL, 'j' },
		{ "show-secrets", no_argument, NULL, 'x' },
		{ "detach", no_argument, NULL, 'd' }, { "log", required_argument, NULL, 'l' },
		{ "config", required_argument, NULL, 'f' },
		{ "client", required_argument, NULL, 'p' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "hV", options, NULL)) >= 0) {
		switch (c) {
		case 'c': a->card = optarg; break;
		case 's': a->seq = optarg; break;
		case 'i': instance_take(a, optarg); break;
		case 'r': a->reconcile = true; break;
		case 'P': a->pending = true; break;
		case 'S': a->setup = true; break;
		case 'R': a->reload = true; break;
		case 'D': a->decode = optarg; break;
		case 'j': a->json = true; break;
		case 'x': a->secrets = true; break;
		case 'd': a->detach = true; break;
		case 'l': a->log = optarg; break;
		case 'f': h->conf_path = optarg; break;
		case 'p': h->client = optarg; break;
		case 'h':
			usage(stdout);
			return 1 + HELPER_OK;
		case 'V':
			puts("dmsc-helper " DMSC_VERSION);
			return 1 + HELPER_OK;
		default:
			usage(stderr);
			return 1 + HELPER_USAGE;
		}
	}
	if (optind != argc || !!a->card != !!a->seq ||
	    (a->card && !a->reload) + a->reconcile + a->pending + a->setup + a->reload + (a->decode != NULL) != 1 ||
	    ((a->json || a->secrets) && !a->decode)) {
		usage(stderr);
		return 1 + HELPER_USAGE;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct helper h = { .conf_path = CONF_PATH, .client = DMSC_PREFIX "/bin/dmsc-client",
			    .sysfs = EF_SYSFS, .run_dir = HELPER_RUN_DIR };
	struct args a = { .log = LOG_FILE };
	char err[CONF_ERROR_MAX];
	sigset_t hup;
	int r;

	log_init("dmsc-helper", LOG_LVL_INFO);
	signal(SIGPIPE, SIG_IGN);
	/*
	 * It waits for the loop, and must not end a helper that has just begun, nor one
	 * that does something else under a number that an old lock names.
	 */
	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hup, NULL);
	r = args_parse(argc, argv, &a, &h);
	if (r)
		return r - 1;
	if (a.detach) {
		if (run_dir_make())
			return HELPER_FAILED;
		r = detach(a.log);
		if (r) {
			log_err("--detach: %s; nothing is applied", strerror(-r));
			return HELPER_FAILED;
		}
		h.detached = true;
	}
	if (conf_load(h.conf_path, &h.conf, err)) {
		log_err("%s; nothing is %s", err, a.reload ? "changed" : "applied");
		/* The path unit would start us again and again; --reload wakes, too. */
		if (a.pending)
			(void)!wake_take(h.run_dir);
		return HELPER_USAGE;
	}
	if (a.reload)
		return reload_main(&h, &a);
	if (a.setup)
		return setup_run(&h);
	if (a.decode)
		return decode_run(&h, a.decode, a.json, a.secrets);
	if (a.reconcile)
		return reconcile_run(&h);
	if (a.pending)
		return run_dir_make() ? HELPER_FAILED : pending_run(&h);
	return insertion_main(&h, &a);
}
