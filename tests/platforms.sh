#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# platforms.sh - make check-platforms: builds for other compilers and machines,
# each with its tests.
#
#	platforms.sh [--packages] PLATFORM...
#
# The builds are left in platforms/PLATFORM of the build folder.  --packages
# prints Debian's names of what is missing for them, and does nothing else.
# Ends with automake's summary of all of them together.
set -u
unset CDPATH
source=$(cd "$(dirname "$0")/.." && pwd) || exit 99
: "${PORTLOCK_TEST_SLOW=1}"
export PORTLOCK_TEST_SLOW
large='-D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64'
lists=/usr/lib/i386-linux-gnu/pkgconfig
result=0

platforms='clang i386 o0 o3 lto fortify'

usage() {
	echo "usage: platforms.sh [--packages] PLATFORM... (of: $platforms)" >&2
	exit 64
}

# missing PLATFORM: the packages
missing() {
	case $1 in
	clang)
		clang --version >/dev/null 2>&1 || echo clang
		;;
	i386)
		# Headers and libraries of the other kind of machine.
		[ -e /usr/lib32/libc.a ] || [ -e /usr/lib32/libc.so ] ||
			echo gcc-multilib g++-multilib
		for library in libmd libcmocka libjansson; do
			[ -e "/usr/lib/i386-linux-gnu/$library.so" ] ||
				echo "$library-dev:i386"
		done
		;;
	o0 | o3 | lto | fortify) ;;
	*)	usage ;;
	esac
}

# build PLATFORM OPTION...: configures it and makes everything
build() {
	local folder=platforms/$1

	shift
	mkdir -p "$folder" && cd "$folder" || return 1
	"$source/configure" -q --enable-werror "$@" && make all &&
		make check TESTS=
}

configure_and_check() {
	build "$@" && make check
}

# Then the victims anew as programs with 64-bit offsets and times: these call
# other entry points of libc.
check_i386() {
	local shim_tests

	PKG_CONFIG_LIBDIR=$lists:/usr/share/pkgconfig \
		build i386 --host=i686-linux-gnu CC='gcc -m32' \
		CXX='g++ -m32' CFLAGS='-g -O1 -Wno-psabi' \
		CXXFLAGS='-g -O1 -Wno-psabi' || return 1
	make check || result=1
	rm -f tests/victim_*.o
	make victims CFLAGS="-g -O1 $large" || return 1
	shim_tests=$(cd "$source" && printf '%s ' tests/test_shim_*.c)
	make check TESTS="${shim_tests//.c/}"
}

check() {
	case $1 in
	clang)	configure_and_check clang CC=clang CXX=clang++ ;;
	i386)	check_i386 ;;
	o0)	configure_and_check o0 CFLAGS='-g -O0' CXXFLAGS='-g -O0' ;;
	o3)	configure_and_check o3 CFLAGS=-O3 CXXFLAGS=-O3 ;;
	lto)	configure_and_check lto AR=gcc-ar RANLIB=gcc-ranlib NM=gcc-nm \
			CFLAGS='-O2 -flto=auto' CXXFLAGS='-O2 -flto=auto' ;;
	fortify)
		configure_and_check fortify \
			CFLAGS='-g -O2 -D_FORTIFY_SOURCE=3' \
			CXXFLAGS='-g -O2 -D_FORTIFY_SOURCE=3'
		;;
	esac
}

# sum LOG RESULT...: over all summaries
sum() {
	local log=$1 name=

	shift
	name=$(IFS='|' && echo "$*")
	sed -nE "s/^# ($name): *([0-9]+)\$/\\2/p" "$log" |
		awk '{ sum += $1 } END { print sum + 0 }'
}

if [ "${1-}" = --packages ]; then
	shift
	for platform; do
		missing "$platform"
	done
	exit
fi
[ $# -gt 0 ] || usage
for platform; do
	packages=$(missing "$platform") || exit
	[ -z "$packages" ] || {
		echo "platform $platform needs, by Debian's names:" \
			"$(echo "$packages" | tr '\n' ' ')" >&2
		exit 1
	}
done
mkdir -p platforms || exit
log=$PWD/platforms/log
: >"$log"
for platform; do
	SECONDS=0
	echo "platform $platform"
	(check "$platform" && exit "$result") 2>&1 | tee -a "$log"
	[ "${PIPESTATUS[0]}" -eq 0 ] || result=1
	echo "platform $platform: $SECONDS s"
done
failed=$(sum "$log" FAIL XPASS ERROR)
# What fails without a failed test is one failure.
[ "$result" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
printf '# TOTAL: %d\n# PASS:  %d\n# SKIP:  %d\n# FAIL:  %d\n' \
	$(($(sum "$log" PASS XFAIL SKIP) + failed)) \
	"$(sum "$log" PASS XFAIL)" "$(sum "$log" SKIP)" "$failed"
[ "$failed" -eq 0 ]
