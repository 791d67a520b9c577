// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The system call filter of the children: the only file that knows
 * libseccomp. What is not listed fails with EPERM; what only an attacker
 * would try ends the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dmsc-client/children.h"

/* Files, memory, time, threads: what SQLite, the XML and the TLS library use. */
static const char *const allowed[] = {
	"access", "arch_prctl", "brk", "clock_getres", "clock_gettime",
	"clock_nanosleep", "close", "dup", "dup2", "dup3", "epoll_create1", "epoll_ctl",
	"epoll_pwait", "epoll_wait", "eventfd2", "exit", "exit_group", "faccessat",
	"faccessat2", "fadvise64", "fallocate", "fdatasync", "flock", "fstat", "fstatfs",
	"fsync", "ftruncate", "futex", "getcwd", "getdents64",
	"getegid", "geteuid", "getgid", "getpid", "getppid", "getrandom", "getresgid",
	"getresuid", "getrlimit", "getsockname", "getsockopt", "gettid", "gettimeofday",
	"getuid", "lseek", "lstat", "madvise", "membarrier", "mremap", "munmap", "nanosleep",
	"newfstatat", "pipe", "pipe2", "poll", "ppoll", "pread64", "preadv", "pselect6", "pwrite64", "pwritev",
	"read", "readlink", "readlinkat", "readv", "recvfrom", "recvmsg", "rename",
	"renameat", "renameat2", "restart_syscall", "rmdir", "rseq", "rt_sigaction",
	"rt_sigpending", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend",
	"rt_sigtimedwait", "sched_getaffinity", "sched_yield", "select", "sendmsg", "sendto",
	"set_robust_list", "set_tid_address", "setitimer", "sigaltstack", "socketpair",
	"stat", "statfs", "statx", "sysinfo", "time", "uname", "unlink", "unlinkat",
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

/* Allows @name when argument @arg, masked, is @value. */
static int allow_if(scmp_filter_ctx f, const char *name, unsigned int arg, scmp_datum_t mask,
		    scmp_datum_t value)
{
	struct scmp_arg_cmp c = SCMP_CMP64(arg, SCMP_CMP_MASKED_EQ, mask, value);
	int nr = seccomp_syscall_resolve_name(name);

	return nr < 0 ? 0 : seccomp_rule_add_array(f, SCMP_ACT_ALLOW, nr, 1, &c);
}

/*
 * Files of the store stay its owner's alone, whatever umask was left to us, and
 * none becomes a program that runs as its owner.
 */
static int add_files(scmp_filter_ctx f)
{
	static const struct {
		const char *name;
		unsigned int arg, never;
	} modes[] = {
		{ "chmod", 1, 07077 }, { "fchmod", 1, 07077 }, { "fchmodat", 2, 07077 },
		{ "open", 2, 06000 }, { "openat", 3, 06000 },
		{ "mkdir", 1, 06000 }, { "mkdirat", 2, 06000 },
	};
	/* Not F_SETOWN and F_SETSIG: they send signals of one's choice to the user's other processes. */
	static const int fcntls[] = {
		F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK,
		F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW,
	};
	static const unsigned long ioctls[] = { FIONBIO, FIONREAD, FIOCLEX };
	int r = 0;

	for (size_t i = 0; !r && i < COUNT(modes); i++)
		r = allow_if(f, modes[i].name, modes[i].arg, modes[i].never, 0);
	for (size_t i = 0; !r && i < COUNT(fcntls); i++)
		r = allow_if(f, "fcntl", 1, UINT32_MAX, (scmp_datum_t)fcntls[i]);
	for (size_t i = 0; !r && i < COUNT(ioctls); i++)
		r = allow_if(f, "ioctl", 1, UINT32_MAX, ioctls[i]);
	return r;
}

/* What was written never becomes code: nothing is writable and executable, at once or by turns. */
static int add_memory(scmp_filter_ctx f)
{
	int r = allow_if(f, "mmap", 2, PROT_EXEC, 0);

	if (!r)
		r = allow_if(f, "mmap", 2, PROT_WRITE, 0);
	return r ? r : allow_if(f, "mprotect", 2, PROT_EXEC, 0);
}

static int add_network(scmp_filter_ctx f)
{
	/* No local sockets: the services behind them are no server's business. */
	static const int families[] = { AF_INET, AF_INET6 };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	/* Others have the kernel load modules. */
	static const int protocols[] = { 0, IPPROTO_TCP, IPPROTO_UDP };
	int r = add(f, SCMP_ACT_ALLOW, with_network, COUNT(with_network));

	for (size_t i = 0; !r && i < COUNT(families) * COUNT(types) * COUNT(protocols); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3,
				     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i % 2], 0),
				     SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf,
					     (scmp_datum_t)types[i / 2 % 2]),
				     SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)protocols[i / 4], 0));
	/* The resolver asks for this host's addresses; no other netlink, least of all the cards'. */
	if (!r)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				     SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
				     SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE, 0));
	/* A thread (the resolver's), not a process; clone3 hides its flags: glibc falls back. */
	if (!r)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	return r ? r : seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

/* The other children run as the same user: no signal but abort() and raise(), and a hook's end. */
static int add_signals(scmp_filter_ctx f, const pid_t *hooks, size_t nhooks)
{
	int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				 SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));

	for (size_t i = 0; !r && i < 2 * nhooks; i++) {
		uint32_t to = (uint32_t)(i % 2 ? -hooks[i / 2] : hooks[i / 2]);

		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(kill), 2,
				     SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, to),
				     SCMP_A1(SCMP_CMP_EQ, SIGKILL, 0));
	}
	return r;
}

static int add_conditional(scmp_filter_ctx f)
{
	/* reading limits only: no new value */
	int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
				 SCMP_A2(SCMP_CMP_EQ, 0, 0));

	if (!r)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
				     SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0));
	if (!r)
		r = add_files(f);
	return r ? r : add_memory(f);
}

int seccomp_enter(bool network, const pid_t *hooks, size_t nhooks)
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
		r = add_network(f);
	if (!r)
		r = add_conditional(f);
	if (!r)
		r = add_signals(f, hooks, nhooks);
	if (!r)
		r = seccomp_load(f);
	seccomp_release(f);
	return r;
}
