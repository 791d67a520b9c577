// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel has to refuse. Raw system calls, as injected code would make them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <unistd.h>

#include "tests/subverted/subverted.h"

static void try_open(const char *what, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	tried(what, fd >= 0);
	if (fd >= 0)
		close(fd);
}

static void try_read(const char *path)
{
	char what[300], buf[16];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	snprintf(what, sizeof(what), "reading %s", path);
	tried(what, fd >= 0 && read(fd, buf, sizeof(buf)) >= 0);
	if (fd >= 0)
		close(fd);
}

/* Other processes of the system: there are none to be seen. */
static void try_proc(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	unsigned int others = 0;

	while (d && (e = readdir(d))) {
		unsigned long pid = strtoul(e->d_name, NULL, 10);

		if (pid && pid != (unsigned long)getpid())
			others++;
	}
	if (d)
		closedir(d);
	errno = ENOENT;
	tried("listing processes", others || !d);
}

void try_files(const char *store)
{
	static const char *const paths[] = {
		"/etc/shadow", "/sys/class/uicc", "/sys/class/uicc/uicc0/state", "/sys/kernel",
		"/sys/devices", "/sys/module/uicc", "/proc/1/environ", "/proc/1/cmdline", "/proc/1/net/tcp",
		"/proc/1/root", "/proc/kcore", "/proc/kmsg", "/proc/kallsyms_", "/dev/uicc-virt",
		"/dev/mem", "/dev/kmsg", "/root", "/run/dmsc/uicc0-1.lock", "/root/e2e",
		"/proc/self/../1/maps",
	};
	char path[300];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		try_read(paths[i]);
	snprintf(path, sizeof(path), "/proc/%d/mem", getppid());
	try_read(path);
	snprintf(path, sizeof(path), "/proc/%d/fd", getppid());
	try_read(path);
	snprintf(path, sizeof(path), "%s/../../../etc/shadow", store);
	try_read(path);
	try_proc();
}

static void try_mode(const char *what, const char *path, mode_t mode)
{
	tried(what, chmod(path, mode) == 0);
}

/* Not beside its store, and nothing in it but plain files of its own. */
void try_writing(const char *store)
{
	static const char *const outside[] = {
		"/x", "/etc/dmsc/dmsc.conf", "/etc/x", "/tmp/x", "/var/tmp/x", "/dev/shm/x", "/run/x",
		"/run/dmsc/x", "/usr/bin/dmsc-client", "/var/lib/x", "/root/x", "/sys/x",
		"/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/self/oom_score_adj",
		"/sys/class/dmi/id/x",
	};
	char path[300], other[300], what[340];
	int fd;

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		snprintf(what, sizeof(what), "writing %s", outside[i]);
		try_open(what, outside[i], O_WRONLY | O_CREAT);
	}
	snprintf(path, sizeof(path), "%s/mine", store);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0700);
	if (fd < 0 || write(fd, "#!/bin/sh\n", 10) != 10)
		say("GOT no file in the store: the test tests nothing");
	snprintf(other, sizeof(other), "%s/other", store);
	tried("symlink", symlink("/etc/shadow", other) == 0);
	tried("hard link in the store", link(path, other) == 0);
	tried("hard link to a program", link("/usr/bin/dmsc-client", other) == 0);
	tried("fifo", mkfifo(other, 0600) == 0);
	tried("device node", mknod(other, S_IFBLK | 0600, 0x800) == 0);
	tried("socket in the store", mknod(other, S_IFSOCK | 0600, 0) == 0);
	try_mode("setuid", path, 04700);
	try_mode("setgid", path, 02700);
	try_mode("for everybody", path, 0755);
	try_mode("store for everybody", store, 0755);
	tried("fchmod", fchmod(fd, 06777) == 0);
	tried("fchmodat", fchmodat(AT_FDCWD, path, 0777, 0) == 0);
	tried("setuid from birth", open(other, O_WRONLY | O_CREAT, 04700) >= 0);
	tried("setgid directory", mkdir(other, 02700) == 0);
	tried("umask", syscall(SYS_umask, 0) != -1);
	tried("chown", chown(path, 0, 0) == 0);
	tried("rename out of the store", rename(path, "/tmp/mine") == 0);
	tried("rename into the store", rename("/etc/passwd", other) == 0);
	tried("extended attribute", syscall(SYS_setxattr, path, "user.x", "y", 1, 0) == 0);
	tried("mapping a file of the store as code",
	      mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	tried("O_TMPFILE setuid", open(store, O_TMPFILE | O_RDWR, 04700) >= 0);
	close(fd);
	unlink(path);
}

static void *wait_for_ever(void *arg)
{
	pause();
	return arg;
}

static void try_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	tried("memory becomes code", mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0);
	tried("writable code", mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	tried("memfd_create", syscall(SYS_memfd_create, "x", 0) >= 0);
	tried("pkey_mprotect", syscall(SYS_pkey_mprotect, p, 4096, PROT_EXEC, -1) == 0);
	tried("shmget", syscall(SYS_shmget, 0, 4096, 01777) >= 0);
}

void try_processes(void)
{
	pid_t parent = getppid();
	int pipes[2] = { -1, -1 };
	struct rlimit l;
	char set[128] = { 1 };

	tried("fork", syscall(SYS_fork) >= 0);
	tried("vfork", syscall(SYS_clone, SIGCHLD | CLONE_VM | CLONE_VFORK, 0, 0, 0, 0) >= 0);
	tried("clone", syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0);
	tried("user namespace", syscall(SYS_clone, SIGCHLD | CLONE_NEWUSER, 0, 0, 0, 0) >= 0);
	tried("clone3", syscall(SYS_clone3, NULL, 0) >= 0);
	tried("signal to the helper", kill(parent, SIGTERM) == 0);
	tried("signal to all", kill(-1, SIGKILL) == 0);
	tried("signal to our group", kill(0, SIGTERM) == 0);
	tried("tkill", syscall(SYS_tkill, parent, SIGTERM) == 0);
	tried("tgkill", syscall(SYS_tgkill, parent, parent, SIGTERM) == 0);
	tried("rt_sigqueueinfo", syscall(SYS_rt_sigqueueinfo, parent, SIGTERM, NULL) == 0);
	tried("pidfd_open", syscall(SYS_pidfd_open, parent, 0) >= 0);
	tried("prlimit of the helper", syscall(SYS_prlimit64, parent, RLIMIT_CPU, NULL, &l) == 0);
	l = (struct rlimit){ 1, 1 };
	tried("prlimit", syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &l, NULL) == 0);
	tried("scheduler", syscall(SYS_sched_setaffinity, 0, sizeof(set), set) == 0);
	tried("priority", syscall(SYS_setpriority, PRIO_PROCESS, 0, -20) == 0);
	(void)!pipe(pipes);
	tried("signals by F_SETOWN", fcntl(pipes[0], F_SETOWN, parent) == 0);
	tried("signals by F_SETSIG", fcntl(pipes[0], F_SETSIG, SIGKILL) == 0);
	tried("dumpable again", prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
	tried("keeping capabilities", prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	tried("another filter", prctl(PR_SET_SECCOMP, 2, NULL, 0, 0) == 0);
	tried("personality", syscall(SYS_personality, 0x0400000) != -1);
	tried("setgid", syscall(SYS_setgid, 0) == 0);
	tried("setgroups", syscall(SYS_setgroups, 0, NULL) == 0);
	tried("capset", syscall(SYS_capset, NULL, NULL) == 0);
	tried("fanotify", syscall(SYS_fanotify_init, 0, 0) >= 0);
	tried("inotify", syscall(SYS_inotify_init1, 0) >= 0);
	tried("name_to_handle_at", syscall(SYS_name_to_handle_at, AT_FDCWD, "/", NULL, NULL, 0) == 0);
	tried("openat2", syscall(SYS_openat2, AT_FDCWD, "/", NULL, 0) >= 0);
	tried("fsopen", syscall(SYS_fsopen, "tmpfs", 0) >= 0);
	tried("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 0) >= 0);
	tried("mount_setattr", syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, NULL, 0) == 0);
	tried("syslog", syscall(SYS_syslog, 3, NULL, 0) >= 0);
	tried("terminal", syscall(SYS_ioctl, STDERR_FILENO, 0x5412, "x") == 0);
	tried("message queue", syscall(SYS_mq_open, "/x", O_CREAT | O_RDWR, 0600, NULL) >= 0);
	tried("landlock", syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 0);
	try_memory();
}

static void try_socket(const char *what, int family, int type, int protocol)
{
	int fd = socket(family, type, protocol);

	tried(what, fd >= 0);
	if (fd >= 0)
		close(fd);
}

void try_sockets(bool network)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(53) };

	if (!network) {
		try_socket("socket AF_INET", AF_INET, SOCK_STREAM, 0);
		try_socket("socket AF_INET UDP", AF_INET, SOCK_DGRAM, IPPROTO_UDP);
		try_socket("socket AF_INET6", AF_INET6, SOCK_STREAM, 0);
		try_socket("socket AF_NETLINK route", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
		tried("connect", connect(IPC_CHILD_FD, (struct sockaddr *)&to, sizeof(to)) == 0);
		tried("bind", bind(IPC_CHILD_FD, (struct sockaddr *)&to, sizeof(to)) == 0);
		tried("setsockopt", setsockopt(IPC_CHILD_FD, SOL_SOCKET, SO_SNDBUF, "\0\0\0\1", 4) == 0);
	}
	try_socket("socket AF_UNIX", AF_UNIX, SOCK_STREAM, 0);
	try_socket("socket AF_UNIX datagram", AF_UNIX, SOCK_DGRAM, 0);
	try_socket("socket AF_NETLINK generic", AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	try_socket("socket AF_NETLINK uevent", AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
	try_socket("socket AF_NETLINK audit", AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
	try_socket("socket AF_PACKET", AF_PACKET, SOCK_RAW, 0);
	try_socket("socket AF_VSOCK", AF_VSOCK, SOCK_STREAM, 0);
	try_socket("socket AF_ALG", AF_ALG, SOCK_SEQPACKET, 0);
	try_socket("socket AF_BLUETOOTH", AF_BLUETOOTH, SOCK_RAW, 0);
	try_socket("socket AF_CAN", AF_CAN, SOCK_RAW, 0);
	try_socket("socket raw", AF_INET, SOCK_RAW, IPPROTO_ICMP);
	try_socket("socket ping", AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	try_socket("socket SCTP", AF_INET, SOCK_STREAM, IPPROTO_SCTP);
	try_socket("socket DCCP", AF_INET, SOCK_DCCP, 0);
	tried("listen", syscall(SYS_listen, IPC_CHILD_FD, 1) == 0);
	tried("accept", syscall(SYS_accept4, IPC_CHILD_FD, NULL, NULL, 0) >= 0);
}

/* How far it comes: "limit WHAT N". */
void try_limits(const char *store)
{
	char path[300];
	unsigned int n = 0;
	pthread_t t;
	void *p;
	int fd;

	signal(SIGXFSZ, SIG_IGN);
	snprintf(path, sizeof(path), "%s/big", store);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	tried("a file of 300 MB", pwrite(fd, "x", 1, 300 << 20) == 1);
	tried("truncating to 300 MB", ftruncate(fd, 300 << 20) == 0);
	tried("allocating 300 MB", fallocate(fd, 0, 0, 300 << 20) == 0);
	close(fd);
	unlink(path);
	p = mmap(NULL, 600UL << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	tried("600 MB of memory", p != MAP_FAILED);
	while (n < 1024 && dup(STDERR_FILENO) >= 0)
		n++;
	say("limit descriptors %u", n);
	close_range(5, ~0U, 0);		/* not allowed either */
	for (fd = 5; fd < 200; fd++)
		close(fd);
	for (n = 0; n < 2000 && !pthread_create(&t, NULL, wait_for_ever, NULL); n++)
		;
	say("limit threads %u", n);
}

const char *const deadly_names[] = {
	"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "mount", "umount2",
	"move_mount", "pivot_root", "chroot", "unshare", "setns", "bpf", "perf_event_open", "keyctl",
	"add_key", "request_key", "io_uring_setup", "io_uring_enter", "userfaultfd", "setuid",
	"setresuid", "setresgid", "init_module", "finit_module", "kexec_load", "open_by_handle_at",
	"reboot", "swapon", "acct", NULL
};

void try_deadly(const char *name)
{
	static const long numbers[] = {
		SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
		SYS_mount, SYS_umount2, SYS_move_mount, SYS_pivot_root, SYS_chroot, SYS_unshare,
		SYS_setns, SYS_bpf, SYS_perf_event_open, SYS_keyctl, SYS_add_key, SYS_request_key,
		SYS_io_uring_setup, SYS_io_uring_enter, SYS_userfaultfd, SYS_setuid, SYS_setresuid,
		SYS_setresgid, SYS_init_module, SYS_finit_module, SYS_kexec_load,
		SYS_open_by_handle_at, SYS_reboot, SYS_swapon, SYS_acct,
	};
	size_t i;

	for (i = 0; deadly_names[i] && strcmp(deadly_names[i], name); i++)
		;
	if (!deadly_names[i])
		return;
	/* Arguments that would do no harm if it came through. */
	syscall(numbers[i], -1, 0, 0, 0, 0);
	say("GOT past %s", name);
}
