// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dmsc-helper --reload: the configuration has been read and is good; the helpers
 * that run are told to read it again, and cards that have none get one. What the
 * new configuration changes for them is theirs to decide.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "dmsc-helper/helper.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/str.h"
#include "util/wake.h"

#define SLOTS_MAX 64
#define SYSTEMD_DIR "/run/systemd/system"
#define SYSTEMCTL "/bin/systemctl"

/* Is it a helper? The number in a lock that nobody holds may be anybody's by now. */
static bool is_helper(pid_t pid)
{
	char link[32], exe[512];
	const char *base;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	n = readlink(link, exe, sizeof(exe) - 1);
	if (n < 0)
		return false;
	exe[n] = 0;
	base = strrchr(exe, '/');	/* behind it " (deleted)" after an update */
	return base && str_starts(slice_str(base), "/dmsc-helper");
}

/* Sends SIGHUP to the helper whose lock this is. Was there one? */
static bool tell(const char *name)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	_cleanup_close_ int fd = -1;
	char path[128];
	uint32_t pid;

	if (snprintf(path, sizeof(path), HELPER_RUN_DIR "/%s", name) >= (int)sizeof(path))
		return false;
	b.max = 32;
	if (buf_read_file(&b, path) || str_parse_u32(str_trim(buf_slice(&b)), &pid) || pid < 2 ||
	    pid > INT32_MAX)
		return false;
	/* The descriptor first: what is looked at then is what gets the signal. */
	fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (fd < 0 || !is_helper((pid_t)pid))
		return false;
	return !syscall(SYS_pidfd_send_signal, fd, SIGHUP, NULL, 0);
}

static unsigned int tell_all(void)
{
	unsigned int n = 0;
	struct dirent *e;
	DIR *d = opendir(HELPER_RUN_DIR);

	while (d && (e = readdir(d)))
		if ((str_starts(slice_str(e->d_name), "uicc") ||
		     str_starts(slice_str(e->d_name), "pending")) &&
		    str_ends(slice_str(e->d_name), ".lock") && tell(e->d_name))
			n++;
	if (d)
		closedir(d);
	return n;
}

static int systemctl_start(const char *card, uint64_t seq)
{
	char unit[96];
	char *argv[] = { (char *)SYSTEMCTL, (char *)"--" "no-block", (char *)"start", unit, NULL };
	char *env[] = { (char *)"PATH=/usr/bin:/bin", NULL };
	int status;
	pid_t pid;

	snprintf(unit, sizeof(unit), "dmsc-helper@%s-%llu.service", card, (unsigned long long)seq);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		execve(SYSTEMCTL, argv, env);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

/*
 * A card that has a helper already is no special case: the second one sees the
 * lock of the first and ends. 1: started; 0: rightly not; -errno.
 */
static int start_for(struct helper *h, const char *slot, const char *log)
{
	struct ef_slot s;
	char card[40];
	int r = ef_slot_read(h->sysfs, slot, &s);

	if (r == -ENODEV || (!r && s.state != EF_SLOT_READY))
		return 0;
	if (r)
		return r;
	if (!conf_slot_trusted(&h->conf, s.transport, s.location))
		return 0;
	snprintf(card, sizeof(card), "%s.card", s.name);
	r = access(SYSTEMD_DIR, F_OK) ? helper_detached(h, card, s.seq, log) :
					systemctl_start(card, s.seq);
	return r ? r : 1;
}

int reload_one(const char *slot, uint64_t seq)
{
	char name[80];

	snprintf(name, sizeof(name), "%s-%llu.lock", slot, (unsigned long long)seq);
	if (tell(name))
		return HELPER_OK;
	log_err("reload: there is no helper for insertion %llu of %s, or it may not be told",
		(unsigned long long)seq, slot);
	return HELPER_FAILED;
}

int reload_run(struct helper *h, const char *log)
{
	char names[SLOTS_MAX][32];
	unsigned int told, cards = 0;
	int i, n, r, result = HELPER_OK;

	if (geteuid()) {
		log_err("reload: only root can; nothing was changed");
		return HELPER_FAILED;
	}
	told = tell_all();
	(void)!wake_pending();	/* what waited may be done now */
	n = ef_slot_list(h->sysfs, names, SLOTS_MAX);
	for (i = 0; i < n; i++) {
		r = start_for(h, names[i], log);
		if (r > 0)
			cards++;
		if (r >= 0)
			continue;
		log_err("reload: %s: no helper could be started: %s", names[i], strerror(-r));
		result = HELPER_FAILED;
	}
	log_info("reload: %u helper%s told, %u card%s in trusted slots", told, told == 1 ? "" : "s",
		 cards, cards == 1 ? "" : "s");
	return result;
}
