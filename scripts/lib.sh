# SPDX-License-Identifier: GPL-2.0-or-later
# What the shell scripts share: where the project and the cache are, and how
# to fail. Sourced, never run.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dmsc

# A make above must not hand its job server or its variables to the ones we start.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

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
