#!/bin/sh
# SPDX-License-Identifier: MIT
# autogen.sh - from the sources to a build.
#
#	./autogen.sh            makes ./configure, nothing else
#	./autogen.sh TARGET...  installs what is missing (as root, where there
#	                        is apt-get), configures in build/ if that was
#	                        not done yet, and makes the targets there:
#	                        demo, demo-cluster, check, help, ...
set -eu
unset CDPATH
cd "$(dirname "$0")"

say() {
	echo "autogen.sh: $*"
}

# need PACKAGES TEST...: notes Debian's packages as missing if the test fails
need() {
	packages=$1
	shift
	"$@" >/dev/null 2>&1 </dev/null || missing="$missing $packages"
}

# need_library PACKAGE FILE
need_library() {
	need "$1" ls /usr/lib/*/"$2"
}

# What the programs' test and the other tests use, if it is there.
need_programs() {
	need strace strace --version
	need openssh-client ssh -V
	need screen screen --version
	need daemon daemon --version
	need dash dash -c :
	need procps pgrep --version
	need fakeroot fakeroot --version
	need zsh zsh --version
	need_library libeatmydata1 libeatmydata.so
	need_library libfaketime faketime/libfaketimeMT.so.1
	need_library libjemalloc2 libjemalloc.so.2
	need_library liblockfile1 liblockfile.so.1
	for package in $(tests/programs/run.sh --missing); do
		missing="$missing $package"
	done
}

# libFuzzer is in a package that has clang's version in its name.
need_fuzzer() {
	version=$(apt-cache show clang 2>/dev/null |
		sed -n 's/^Version: [0-9]*:\([0-9]*\)\..*/\1/p' | head -n 1)
	need "clang libclang-rt-${version:-14}-dev" can_fuzz
}

can_fuzz() {
	echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
		clang -x c -fsanitize=fuzzer,address -o /dev/null -
}

# Packages cannot be told by their programs: dpkg itself asks for these.
need_packages() {
	for package in build-essential debhelper dpkg-dev xz-utils; do
		need $package is_installed $package
	done
	need systemtap-sdt-dev has_sdt
	case " $* " in
	*' check-deb '*)
		need lintian lintian --version
		need autopkgtest command -v autopkgtest
		need zsh zsh --version
		;;
	esac
}

# dpkg also knows of packages that others only name.
is_installed() {
	dpkg-query -W -f '${db:Status-Status}' "$1" | grep -qx installed
}

need_analysis() {
	need clang-tidy clang-tidy --version
	need cppcheck cppcheck --version
	need shellcheck shellcheck --version
}

# What reads the manual pages; mandoc has no option that only tells of itself.
need_manuals() {
	need mandoc command -v mandoc
	need groff-base groff --version
}

# Tracepoints, and what looks at them.
need_probes() {
	need systemtap-sdt-dev has_sdt
	need bpftrace bpftrace --version
}

has_sdt() {
	echo '#include <sys/sdt.h>' | "${CC:-cc}" -x c -E -o /dev/null -
}

# PLATFORMS as make gets it; others' libraries are not found before this.
need_platforms() {
	for word; do
		case $word in PLATFORMS=*) PLATFORMS=${word#*=} ;; esac
	done
	# shellcheck disable=SC2086 # words
	packages=$(tests/platforms.sh --packages ${PLATFORMS:-clang i386}) ||
		exit
	case $packages in
	*:i386*)
		if [ "$(id -u)" -eq 0 ] && command -v dpkg >/dev/null &&
			! dpkg --print-foreign-architectures | grep -q i386
		then
			dpkg --add-architecture i386
			apt update
		fi
		;;
	esac
	for package in $packages; do
		missing="$missing $package"
	done
}

# A real etcd, and several hosts on this one.
need_etcd() {
	need etcd-server etcd --version
	need etcd-client etcdctl version
	need openssl openssl version
	need iproute2 ip -V
}

can_compile() {
	echo '#include <stdlib.h>' | "$@" -E -o /dev/null -
}

configure_is_new() {
	[ -f configure ] &&
		[ -z "$(find configure.ac Makefile.am ./*/local.mk \
			./*/*/local.mk -newer configure)" ]
}

find_missing() {
	missing=
	if [ $# -eq 0 ] || ! configure_is_new; then
		need autoconf autoconf --version
		need automake automake --version
		need libtool libtoolize --version
	fi
	need pkg-config pkg-config --version
	[ $# -gt 0 ] || return 0
	need make make --version
	need 'gcc libc6-dev' can_compile "${CC:-cc}" -x c
	need g++ can_compile "${CXX:-c++}" -x c++
	need libmd-dev pkg-config --exists libmd
	need libcmocka-dev pkg-config --exists cmocka
	need libjansson-dev pkg-config --exists jansson
	need libcurl4-openssl-dev pkg-config --exists libcurl
	need git git --version
	need cmake cmake --version
	case " $* " in
	*' check '*)		need_manuals; need_probes ;;
	esac
	case " $* " in
	*' check-fuzz '*)	need_fuzzer ;;
	*' check-valgrind '* | *' check-helgrind '*)
		need valgrind valgrind --version ;;
	*' check-analysis '*)	need_analysis ;;
	*' check-platforms '*)	need_platforms "$@" ;;
	*' check-abi '* | *' abi-dump '*)
		need abigail-tools abidiff --version ;;
	*' deb '* | *' check-deb '*)	need_packages "$@" ;;
	*' coverage '*)		need gcovr gcovr --version ;;
	*' check-etcd '* | *' demo-cluster '*)	need_etcd ;;
	*' check-model '*)	need spin spin -V ;;
	*' bench '*)		need gnuplot-nox gnuplot --version ;;
	*' dist'*)		need xz-utils xz --version ;;
	esac
	case " $* PROGRAMS=${PORTLOCK_PROGRAMS-} " in
	*' check-programs '* | *' PROGRAMS=all '*)	need_programs ;;
	esac
}

give_up() {
	say "missing (by Debian's names):$missing" >&2
	say "as root, on Debian or Ubuntu: apt-get install$missing" >&2
	exit 1
}

apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -qq \
		-o DPkg::Lock::Timeout=120 "$@" </dev/null >/dev/null
}

# Package lists may be absent, or too old to find anything by.
install_missing() {
	say "installing$missing"
	# shellcheck disable=SC2086 # words
	apt install -y --no-install-recommends $missing 2>/dev/null || {
		say "updating the package lists first"
		apt update
		apt install -y --no-install-recommends $missing
	}
}

provide() {
	find_missing "$@"
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		give_up
	fi
	install_missing
	find_missing "$@"
	if [ -n "$missing" ]; then
		say "installed, but still not usable:$missing" >&2
		exit 1
	fi
	rm -f build/config.status # it does not know of them
}

regenerate() {
	say "making ./configure"
	if ! chatter=$(autoreconf -fi 2>&1); then
		printf '%s\n' "$chatter" >&2
		exit 1
	fi
}

if [ $# -eq 0 ]; then
	find_missing
	[ -z "$missing" ] || give_up
	regenerate
	exit
fi
provide "$@"
configure_is_new || regenerate
if [ ! -f build/config.status ]; then
	say "configuring in build/"
	mkdir -p build
	(cd build && ../configure -q)
fi
if [ -z "${MAKEFLAGS-}" ]; then
	MAKEFLAGS=-j$(getconf _NPROCESSORS_ONLN)
	export MAKEFLAGS
fi
say "make -C build $*"
exec make -C build "$@"
