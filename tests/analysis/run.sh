#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run.sh - make check-analysis: tools that read the sources, which must find
# nothing.
#
#	run.sh [TOOL]...    gcc clang-tidy cppcheck shellcheck; all without
#
# ANALYSIS_FOLDERS in the environment: C files of these only.
#
# First each tool must find the fault that is planted for it in canary.*, then
# it reads everything.  A test is a tool and a folder; what was found is
# printed, and the last lines count as those of automake do.
# Why a check is off stands where it is off: in .clang-tidy, in cppcheck.supp,
# beside gcc's options below, or at the place itself.
set -u
: "${top_srcdir:?}" "${top_builddir:?}"
cd "$top_srcdir" || exit 99
here=tests/analysis
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
jobs=$(getconf _NPROCESSORS_ONLN)
passed=0 failed=0
[ $# -gt 0 ] || set -- gcc clang-tidy cppcheck shellcheck

# As Makefile.am has it.
read -ra jansson <<<"$(pkg-config --cflags jansson 2>/dev/null)"
flags=(-DHAVE_CONFIG_H "-I$top_builddir" "-I$top_builddir/include" -Iinclude
	-iquote . -iquote tests -iquote tests/support -std=gnu11
	'-DPKGLIBDIR="/"' '-DPKGLIBEXECDIR="/"' "${jansson[@]}")

# -Wno-analyzer-null-dereference: CMSG_FIRSTHDR() has room for a header.
# In tests and the benchmark:
# -Wno-analyzer-fd-leak, -malloc-leak: they do not know that an exit of a test
#	gives everything back, nor that a table keeps what it was given.
# -Wno-analyzer-fd-use-without-check: who hands on a bad descriptor learns it
#	from the call.
# In tests gcc does not know that cmocka's assertions end a test; a process that
# ends may leave files open; and calls with NULL are tested.
# -O1: less is found without, and with more most of the code is gone.
gcc_flags='-O1 -Wall -Wextra -fanalyzer -Wno-analyzer-null-dereference'
gcc_flags_of_bench='-Wno-analyzer-fd-leak -Wno-analyzer-malloc-leak
	-Wno-analyzer-fd-use-without-check'
gcc_flags_of_tests="$gcc_flags_of_bench
	-Wno-analyzer-null-argument -Wno-analyzer-file-leak
	-Wno-analyzer-possible-null-argument
	-Wno-analyzer-use-of-uninitialized-value"

need() {
	"$1" --version >/dev/null 2>&1 && return
	echo "make check-analysis needs $1 (Debian: apt-get install $2)" >&2
	exit 1
}

# sources FOLDER: C files that can be compiled on this machine; those of the
# coverage have flags of their own, and a header of gcc's
sources() {
	find "$1" -name '*.c' ! -path "$here/*" ! -path 'tests/coverage/*' |
		sort |
		if grep -q 'define HAVE___SEM_TIMEDWAIT64' \
			"$top_builddir/config.h"; then cat
		else grep -v /hook_time64.c; fi
}

# each COMMAND...: runs it for every name on the input, in parallel, and prints
# what they printed, one after the other; a failure must have a reason
each() {
	rm -rf "$work/each"
	mkdir "$work/each"
	# shellcheck disable=SC2016 # expanded by the inner shell
	logs=$work/each xargs -P "$jobs" -I '{}' sh -c '
		log=$logs/$(echo "$1" | tr / _)
		file=$1
		shift
		"$@" "$file" >"$log" 2>&1 || [ -s "$log" ] ||
			echo "$file: $1 failed with $?" >"$log"' \
		sh '{}' "$@"
	find "$work/each" -type f | sort | xargs cat
}

read_with_gcc() {
	local more=

	case ${folder-} in
	bench)	more=$gcc_flags_of_bench ;;
	tests)	more=$gcc_flags_of_tests ;;
	esac
	# shellcheck disable=SC2086 # words
	each "${ANALYZER:-gcc}" "${flags[@]}" $gcc_flags $more -c -o /dev/null
}

read_with_clang_tidy() {
	# The file comes first here; and it counts what it did not show, too.
	# shellcheck disable=SC2016 # expanded by the inner shell
	each bash -c 'clang-tidy --quiet "${@: -1}" -- "${@:1:$#-1}"' bash \
		"${flags[@]}" | grep -vE '^([0-9]+ (warning|error).* generated.*)?$'
}

read_with_cppcheck() {
	local options=()

	# Its -I is for <...>, too: not of others, as tests have a semaphore.h.
	[ "${folder-}" != tests ] || options=(-Itests -Itests/support)
	for option in "${flags[@]}"; do
		case $option in
		-D* | -I*) options+=("$option") ;;
		esac
	done
	# Without the compiler's headers, of which it knows what matters.
	xargs cppcheck -q "-j$jobs" --std=c11 --library=posix,gnu \
		--enable=warning,performance,portability --inline-suppr \
		--suppressions-list="$here/cppcheck.supp" -I. "${options[@]}" \
		-D__GNUC__=12 -D__linux__=1 --template=gcc 2>&1
}

read_with_shellcheck() {
	xargs shellcheck --external-sources --format=gcc 2>&1
}

# judge NAME FILE: nothing may be in there
judge() {
	if [ -s "$2" ]; then
		cat "$2"
		echo "FAIL: $1"
		failed=$((failed + 1))
	else
		echo "PASS: $1"
		passed=$((passed + 1))
	fi
}

# canary TOOL READER FILE FINDING: must be found
canary() {
	echo "$here/$3" | "$2" >"$work/canary"
	if grep -q -e "$4" "$work/canary"; then
		: >"$work/judged"
	else
		echo "$1 does not find $4 in $here/$3, but:" |
			cat - "$work/canary" >"$work/judged"
	fi
	judge "$1: canary" "$work/judged"
}

# folders TOOL READER: each of them
folders() {
	local folder

	for folder in ${ANALYSIS_FOLDERS:-lib shim bench tests}; do
		sources "$folder" | "$2" >"$work/found"
		judge "$1: $folder" "$work/found"
	done
}

for tool; do
	case $tool in
	gcc)
		need "${ANALYZER:-gcc}" gcc
		canary "$tool" read_with_gcc canary.c Wanalyzer-double-free
		folders "$tool" read_with_gcc
		;;
	clang-tidy)
		need clang-tidy clang-tidy
		canary "$tool" read_with_clang_tidy canary.c \
			bugprone-suspicious-string-compare
		folders "$tool" read_with_clang_tidy
		;;
	cppcheck)
		need cppcheck cppcheck
		canary "$tool" read_with_cppcheck canary.c arrayIndexOutOfBounds
		folders "$tool" read_with_cppcheck
		;;
	shellcheck)
		need shellcheck shellcheck
		canary "$tool" read_with_shellcheck canary.sh SC2086
		find . -name '*.sh' ! -path "./$here/canary.sh" \
			! -path './build*' ! -path './portlock-*' |
			{ cat; [ ! -e .ci/run ] || echo .ci/run; } |
			read_with_shellcheck >"$work/found"
		judge "$tool: all" "$work/found"
		;;
	*)
		echo "$0: unknown tool '$tool'" >&2
		exit 64
		;;
	esac
done

printf '# TOTAL: %d\n# PASS:  %d\n# SKIP:  0\n# FAIL:  %d\n' \
	$((passed + failed)) "$passed" "$failed"
[ "$failed" -eq 0 ]
