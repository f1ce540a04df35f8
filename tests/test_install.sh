#!/bin/sh
# SPDX-License-Identifier: MIT
# test_install.sh - what "make install" leaves serves users as it should, and
# "make uninstall" takes all of it away.
#
# The tree is installed into a folder by DESTDIR, and so stands elsewhere than
# configure was told: pkg-config and CMake are to find it there all the same.
# The programs are those of install/, which the Debian packages are tested with.
set -u
: "${top_srcdir:?}" "${top_builddir:?}"
case ${LD_PRELOAD-} in
*vgpreload*)	echo "skipped: compilers are not what is to be looked at"; exit 77 ;;
esac
# How this make was called is no business of the one below.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR TESTS
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
root=$work/root
result=0
skipped=

make_it() {
	${MAKE:-make} -C "$top_builddir" "$1" DESTDIR="$root" \
		>"$work/log" 2>&1 || {
		cat "$work/log"
		exit 1
	}
}

# check NAME COMMAND...
check() {
	name=$1
	shift
	echo "== $name"
	"$@" || {
		echo "$name failed: $*"
		result=1
	}
}

# place VARIABLE: what configure made of it
place() {
	sed -n "s/^$1 = //p" "$top_builddir/Makefile" |
		sed "s|\${exec_prefix}|$prefix|; s|\${prefix}|$prefix|"
}

make_it install
prefix=
prefix=$(place prefix)
libdir=$(place libdir)
if [ ! -e "$root$libdir/libportlock.so" ]; then
	echo "built with --disable-shared: programs are not linked with it"
	exit 77
fi
PKG_CONFIG_PATH=$root$libdir/pkgconfig
PKG_CONFIG_SYSROOT_DIR=$root
PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
CMAKE_PREFIX_PATH=$root$prefix
LD_LIBRARY_PATH=$root$libdir
PATH=$root$(place bindir):$PATH
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_ALLOW_SYSTEM_CFLAGS \
	PKG_CONFIG_ALLOW_SYSTEM_LIBS CMAKE_PREFIX_PATH LD_LIBRARY_PATH PATH

check pkg-config "$top_srcdir/tests/install/pkg-config.sh"
if [ -e "$root$libdir/libportlock.a" ]; then
	check static "$top_srcdir/tests/install/pkg-config.sh" static
fi
shim=$root$libdir/portlock/portlock-shim.so
if [ -e "$shim" ]; then
	# It is found by itself only where configure was told to put it.
	PORTLOCK_SHIM=$shim
	export PORTLOCK_SHIM
	check command "$top_srcdir/tests/install/command.sh"
fi
if cmake --version >/dev/null 2>&1; then
	check cmake "$top_srcdir/tests/install/cmake.sh"
else
	skipped='CMake is missing (Debian: cmake): PortlockConfig.cmake was not tried'
	[ "${PORTLOCK_PROGRAMS-}" != all ] || result=1
fi

make_it uninstall
find "$root" ! -type d >"$work/left"
if [ -s "$work/left" ]; then
	echo "make uninstall has left:"
	cat "$work/left"
	result=1
fi
[ $result -eq 0 ] || exit 1
[ -z "$skipped" ] || {
	echo "$skipped"
	exit 77
}
