// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The system call filter of the children: the only file that knows
 * libseccomp. What is not listed fails with EPERM; what only an attacker
 * would try ends the process.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dmsc-client/children.h"

/* Files, memory, time, threads: what SQLite, the XML and the TLS library use. */
static const char *const allowed[] = {
	"access", "arch_prctl", "brk", "chmod", "clock_getres", "clock_gettime",
	"clock_nanosleep", "close", "dup", "dup2", "dup3", "epoll_create1", "epoll_ctl",
	"epoll_pwait", "epoll_wait", "eventfd2", "exit", "exit_group", "faccessat",
	"faccessat2", "fadvise64", "fallocate", "fchmod", "fchmodat", "fcntl", "fdatasync",
	"flock", "fstat", "fstatfs", "fsync", "ftruncate", "futex", "getcwd", "getdents64",
	"getegid", "geteuid", "getgid", "getpid", "getppid", "getrandom", "getresgid",
	"getresuid", "getrlimit", "getsockname", "getsockopt", "gettid", "gettimeofday",
	"getuid", "lseek", "lstat", "madvise", "membarrier", "mkdir", "mkdirat", "mmap",
	"mprotect", "mremap", "munmap", "nanosleep", "newfstatat", "open", "openat", "pipe",
	"pipe2", "poll", "ppoll", "pread64", "preadv", "pselect6", "pwrite64", "pwritev",
	"read", "readlink", "readlinkat", "readv", "recvfrom", "recvmsg", "rename",
	"renameat", "renameat2", "restart_syscall", "rmdir", "rseq", "rt_sigaction",
	"rt_sigpending", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend",
	"rt_sigtimedwait", "sched_getaffinity", "sched_yield", "select", "sendmsg", "sendto",
	"set_robust_list", "set_tid_address", "setitimer", "sigaltstack", "socketpair",
	"stat", "statfs", "statx", "sysinfo", "time", "umask", "uname", "unlink", "unlinkat",
	"utimensat", "write", "writev",
};

static const char *const with_network[] = {
	"bind", "connect", "getpeername", "recvmmsg", "sendmmsg", "setsockopt", "shutdown",
};

static const char *const deadly[] = {
	"acct", "add_key", "bpf", "chroot", "execve", "execveat", "finit_module",
	"init_module", "io_uring_enter", "io_uring_setup", "kexec_load", "keyctl", "mount",
	"move_mount", "open_by_handle_at", "perf_event_open", "pivot_root",
	"process_vm_readv", "process_vm_writev", "ptrace", "reboot", "request_key", "setns",
	"setresgid", "setresuid", "setuid", "swapon", "umount2", "unshare", "userfaultfd",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int add(scmp_filter_ctx f, uint32_t action, const char *const *names, size_t n)
{
	size_t i;
	int nr, r;

	for (i = 0; i < n; i++) {
		nr = seccomp_syscall_resolve_name(names[i]);
		if (nr < 0)	/* not on this architecture */
			continue;
		r = seccomp_rule_add(f, action, nr, 0);
		if (r)
			return r;
	}
	return 0;
}

static int add_conditional(scmp_filter_ctx f, bool network)
{
	static const int families[] = { AF_INET, AF_INET6, AF_UNIX };
	static const unsigned long ioctls[] = { FIONBIO, FIONREAD, FIOCLEX };
	size_t i;
	int r;

	/* A thread (the resolver's), not a process; clone3 hides its flags: glibc falls back. */
	r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	if (!r)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (!r)	/* reading limits only: no new value */
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
				     SCMP_A2(SCMP_CMP_EQ, 0, 0));
	if (!r)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
				     SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0));
	for (i = 0; !r && i < COUNT(ioctls); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				     SCMP_A1(SCMP_CMP_EQ, ioctls[i], 0));
	for (i = 0; !r && network && i < COUNT(families); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0));
	/* The resolver asks for this host's addresses; no other netlink, least of all the cards'. */
	if (!r && network)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				     SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
				     SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE, 0));
	/* abort() and raise(); the other children run as the same user. */
	if (!r)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
	return r;
}

int seccomp_enter(bool network)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (!f)
		return -ENOMEM;
	/* seccomp_load() sets no_new_privs, the filter's attribute by default. */
	r = add(f, SCMP_ACT_KILL_PROCESS, deadly, COUNT(deadly));
	if (!r)
		r = add(f, SCMP_ACT_ALLOW, allowed, COUNT(allowed));
	if (!r && network)
		r = add(f, SCMP_ACT_ALLOW, with_network, COUNT(with_network));
	if (!r)
		r = add_conditional(f, network);
	if (!r)
		r = seccomp_load(f);
	seccomp_release(f);
	return r;
}
