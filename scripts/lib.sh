# SPDX-License-Identifier: GPL-2.0-or-later
# What the shell scripts share: where the project and the cache are, and how
# to fail. Sourced, never run.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dmsc

# A make above must not hand its job server or its variables to the ones we start.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
# Servers of the tests are here: the proxy of who runs them leads elsewhere.
export no_proxy=${no_proxy:+$no_proxy,}localhost,127.0.0.1,::1

say() { printf '%s\n' "$*" >&2; }
die() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

# make_dir_once DIR COMMAND...: runs COMMAND with a fresh directory as its last
# argument and moves that to DIR when it succeeds. DIR is there whole or not at
# all, also when two runs race or one is killed.
make_dir_once() {
	local dir=$1 tmp
	shift
	[ -e "$dir" ] && return 0
	mkdir -p "$(dirname "$dir")"
	(
		flock 9
		[ -e "$dir" ] && exit 0
		tmp=$(mktemp -d "$dir.XXXXXX")
		chmod 755 "$tmp"
		if "$@" "$tmp"; then
			mv "$tmp" "$dir"
		else
			rm -rf "$tmp"
			exit 1
		fi
	) 9>"$dir.lock"
}

# libraries_of FILE...: the shared libraries that programs or libraries need, and
# the loader, as absolute paths, each once. With SYSROOT set, of another
# architecture's tree, which is read and not run; paths are inside of it.
libraries_of() {
	local -A seen=()
	local queue=("$@") file name path
	if [ -z "${SYSROOT:-}" ]; then
		mapfile -t -O $# queue < <(loaded_later "$@" | while read -r name; do
			/sbin/ldconfig -p | sed -n "s|^\t$name (libc6,x86-64.*) => ||p" | head -n 1
		done)
		{
			for file in "${queue[@]:$#}"; do echo "$file"; done
			for file in "${queue[@]}"; do ldd "$file" 2>/dev/null || :; done |
				sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^\t\(\/[^ ]*\) (.*/\1/p'
		} | LC_ALL=C sort -u
		return
	fi
	while [ ${#queue[@]} -gt 0 ]; do
		file=${queue[0]}
		queue=("${queue[@]:1}")
		while read -r name; do
			for path in "$name" "$SYSROOT"{,/usr}/lib/*-linux-gnu/"$name"; do
				path=${path#"$SYSROOT"}
				case $path in *'*'*) continue ;; /*) [ -e "$SYSROOT$path" ] && break ;; esac
				path=
			done
			if [ -z "$path" ] || [ -n "${seen[$path]:-}" ]; then continue; fi
			seen[$path]=1
			echo "$path"
			queue+=("$SYSROOT$path")
		done < <(loaded_later "$file"; readelf -ld "$file" 2>/dev/null |
			sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p; s/.*program interpreter: \(.*\)\]/\1/p')
	done
}

# loaded_later FILE...: the names of the libraries that they load when they need them, by
# their notes for dlopen() (util/library.h).
loaded_later() {
	readelf -p .note.dlopen "$@" 2>/dev/null | sed -n 's/.*"soname":\["\([^"]*\)"\].*/\1/p' |
		LC_ALL=C sort -u
}

# make, for arm64, against the tree in SYSROOT (scripts/arm64-root).
arm64_make() {
	PKG_CONFIG_SYSROOT_DIR=$SYSROOT \
	PKG_CONFIG_LIBDIR=$SYSROOT/usr/lib/aarch64-linux-gnu/pkgconfig:$SYSROOT/usr/share/pkgconfig \
		make CC="aarch64-linux-gnu-gcc --sysroot=$SYSROOT" AR=aarch64-linux-gnu-ar "$@"
}
