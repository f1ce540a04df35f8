#!/bin/sh
# SPDX-License-Identifier: MIT
# check_exports.sh - the shared objects export what they promise, nothing else.
#
# libportlock.so: header = map = symbols, each with a version and a manual page.
# portlock-shim.so: map = hooks = symbols, none with a version (such a one
# replaces nothing, silently), and every name is one that libc has, or
# liblockfile; portlock preload --check names those that concern one family.
# Both need libc and libmd only.
set -u
: "${top_srcdir:?}" "${top_builddir:?}" "${PORTLOCK_COMMAND:?}"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
	echo "$*"
	failed=1
}

# names_of_map FILE: what stands between "global:" and "local:"
names_of_map() {
	sed -n '/global:/,/local:/s/^[[:space:]]*\([a-zA-Z0-9_]*\);.*/\1/p' \
		"$1" | sort
}

# symbols_of OBJECT: what it defines for others, with version; not the version
# nodes themselves (type A)
symbols_of() {
	nm -D --defined-only "$1" | awk '$2 != "A" { print $3 }' | sort
}

# marked_in OBJECTS: what their sources export, before the map hides anything
marked_in() {
	readelf -Ws "$@" | awk '$5 == "GLOBAL" && $6 == "DEFAULT" &&
		$7 != "UND" { print $8 }' | sort
}

# same WHAT-IS-LEFT WHAT-IS-RIGHT: $work/left and $work/right
same() {
	[ -s "$work/left" ] || fail "$1: no names found"
	diff -u --label "$1" --label "$2" "$work/left" "$work/right" ||
		failed=1
}

# named_by_families: what portlock preload --check tells of all of them
named_by_families() {
	for family in sem lockfile open mutex sysvsem flock fcntl passwd \
		liblockfile; do
		"$PORTLOCK_COMMAND" preload --check --rule "$family *" |
			sed -n 's/^  \(taken\|ended\) by  //p' | tr ' ' '\n'
	done
}

needs_nothing_else() {
	for needed in $(objdump -p "$1" | awk '$1 == "NEEDED" { print $2 }'); do
		case $needed in
		libc.so.*|libmd.so.*|ld-linux*) ;;
		libpthread.so.*|libdl.so.*) ;; # of glibc before 2.34
		libasan.so.*|libubsan.so.*|libtsan.so.*) ;;
		*)	fail "$1 needs $needed" ;;
		esac
	done
}

library=$top_builddir/lib/.libs/libportlock.so
if [ ! -e "$library" ]; then
	echo "built with --disable-shared: there are no shared objects"
	exit 77
fi
names_of_map "$top_srcdir/lib/portlock.map" >"$work/left"
sed -n 's/^PORTLOCK_API .*[ *]\(portlock_[a-z_]*\)(.*/\1/p' \
	"$top_srcdir/include/portlock/portlock.h" | sort >"$work/right"
same portlock.map portlock.h
symbols_of "$library" | sed 's/@@PORTLOCK_[0-9]*$//' >"$work/right"
same portlock.map libportlock.so
while read -r name; do
	[ -e "$top_srcdir/lib/$name.3" ] ||
		[ -e "$top_builddir/lib/man3/$name.3" ] ||
		fail "there is no manual page of $name: lib/local.mk"
done <"$work/left"
needs_nothing_else "$library"
# What it has told the kernel of its memory cannot be taken back at a dlclose(),
# which may be that of exit() while threads go on.
readelf -d "$library" | grep -q NODELETE ||
	fail "libportlock.so is unloaded by dlclose()"

shim=${PORTLOCK_SHIM-}
if [ -n "$shim" ]; then
	# Where the C library has 32-bit times, another one is made of it.
	map=$top_builddir/shim/shim32.map
	[ -e "$map" ] || map=$top_srcdir/shim/shim.map
	names_of_map "$map" >"$work/left"
	marked_in "$top_builddir"/shim/.libs/*.o >"$work/right"
	same shim.map 'shim/*.c'
	symbols_of "$shim" >"$work/right"
	same shim.map portlock-shim.so
	needs_nothing_else "$shim"
	libc=$(ldd "$shim" | awk '$1 ~ /^libc\.so/ { print $3 }')
	symbols_of "$libc" | sed 's/@.*//' | sort -u >"$work/libc"
	# This one is liblockfile's.
	echo lockfile_create >>"$work/libc"
	sort -u -o "$work/libc" "$work/libc"
	comm -23 "$work/left" "$work/libc" >"$work/unknown"
	# Before 2.34 libc was in several objects and had no closefrom.
	if [ -s "$work/unknown" ] && grep -qx closefrom "$work/libc"; then
		fail "libc has no" "$(tr '\n' ' ' <"$work/unknown")"
	fi
	trace=${shim%/*}/portlock-trace.so
	names_of_map "$top_srcdir/shim/trace/trace.map" >"$work/left.trace"
	mv "$work/left" "$work/left.shim"
	mv "$work/left.trace" "$work/left"
	marked_in "$top_builddir"/shim/trace/.libs/*.o >"$work/right"
	same trace.map 'shim/trace/*.c'
	symbols_of "$trace" >"$work/right"
	same trace.map portlock-trace.so
	needs_nothing_else "$trace"
	mv "$work/left.shim" "$work/left"
	# What the families name, and besides what concerns all of them; not
	# libc's aliases.
	named_by_families >"$work/named"
	sed '/^_/d' "$work/left" | grep -vxE \
		'chroot|daemon|dlclose|dlopen|dup|f?exec.*|initgroups|set.*' |
		grep -vxE 'f?chdir|fts(64)?_open|nftw(64)?|unshare' \
		>"$work/right"
	sort -u -o "$work/left" "$work/named"
	same 'portlock preload --check' shim.map
fi
exit $failed
