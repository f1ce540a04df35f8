#!/bin/sh
# SPDX-License-Identifier: MIT
# pkg-config.sh - C and C++ programs are built by pkg-config, and run.
#
#	pkg-config.sh [static]
#
# It finds the portlock that is installed, or that $PKG_CONFIG_PATH names.  With
# "static", libportlock and what it needs are in the program.
set -eu
tests=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# try NAME COMPILER...: an example takes the lock, and says so
try() {
	name=$1
	shift
	# shellcheck disable=SC2046 # words
	"$@" -o "$work/$name" $(pkg-config --cflags portlock) \
		$link $(pkg-config $flags --libs portlock)
	said=$("$work/$name")
	echo "$name: $said"
	case $said in
	'backing up, token '[1-9]*) ;;
	*)	exit 1 ;;
	esac
}

link='' flags=''
[ "${1-}" != static ] || link=-static flags=--static
# What -static takes from libc, it warns of.
try c "${CC:-cc}" "$tests/example_c.c"
try cxx "${CXX:-c++}" -std=c++11 "$tests/example_cxx.cc"
if [ "${1-}" = static ]; then
	if readelf -d "$work/c" | grep NEEDED; then
		echo "the program is not static"
		exit 1
	fi
elif ! readelf -d "$work/c" | grep -q 'NEEDED.*libportlock\.so\.'; then
	echo "the program does not have libportlock.so"
	exit 1
fi
