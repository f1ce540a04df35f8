#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# abi.sh - make check-abi: programs that were linked with the last release work
# with the library as it is built now.
#
#	abi.sh check-abi   compares with lib/abi/libportlock.abi
#	abi.sh abi-dump    makes that file anew, of this build
#
# What was added is well; what was removed or changed is not.  Changes that are
# planted in the dump are judged before.
set -u
: "${top_srcdir:?}" "${top_builddir:?}"
dump=$top_srcdir/lib/abi/libportlock.abi
library=$top_builddir/lib/.libs/libportlock.so
# Only what the headers show is the interface: the handle may change.
interface=(--drop-private-types --exported-interfaces-only)
headers=$top_srcdir/include/portlock
passed=0 skipped=0 failed=0

summary() {
	printf '# TOTAL: %d\n# PASS:  %d\n# SKIP:  %d\n# FAIL:  %d\n' \
		$((passed + skipped + failed)) "$passed" "$skipped" "$failed"
	[ "$failed" -eq 0 ]
	exit
}

give_up() {
	echo "check-abi: $*" >&2
	exit 1
}

# changes_from DUMP: since then, in $work/report; 0 if there are none, or only
# additions; 1 if there are others
changes_from() {
	abidiff --headers-dir2 "$headers" "${interface[@]}" --no-added-syms \
		"$1" "$library" >"$work/report" 2>&1
	case $? in
	0)	return 0 ;;
	4 | 8 | 12) return 1 ;; # a change, one that is surely incompatible
	*)	cat "$work/report"
		give_up "abidiff cannot compare $1 with $library" ;;
	esac
}

# judge NAME EXPECTED DUMP
judge() {
	changes_from "$3"
	if [ $? -eq "$2" ]; then
		echo "PASS: $1"
		((passed += 1))
	else
		echo "FAIL: $1"
		sed 's/^/    /' "$work/report"
		((failed += 1))
	fi
}

# plant NAME EXPECTED SED-SCRIPT: as if the last release had been otherwise
plant() {
	sed "$3" "$dump" >"$work/planted.abi"
	! cmp -s "$dump" "$work/planted.abi" ||
		give_up "nothing to plant '$1' in: $dump has changed its form"
	judge "$1" "$2" "$work/planted.abi"
}

for tool in abidw abidiff; do
	"$tool" --version >/dev/null 2>&1 || give_up "it needs $tool" \
		"(Debian: apt-get install abigail-tools)"
done
[ -e "$library" ] || give_up "$library is missing: it needs a build without" \
	"--disable-shared"
case $(LC_ALL=C readelf -h "$library") in
*X86-64*) ;;
*)	echo "SKIP: the dump is for x86-64, and this build is not"
	skipped=1
	summary ;;
esac
case $(readelf -S "$library") in
*.debug_info*) ;;
*)	give_up "$library has no debug information: it needs a build with -g" ;;
esac
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

# The places where types are declared tell the headers' from others.
if [ "${1-}" = abi-dump ]; then
	abidw --headers-dir "$headers" "${interface[@]}" --no-corpus-path \
		--no-comp-dir-path "$library" >"$work/new" ||
		give_up "abidw cannot read $library"
	mkdir -p "${dump%/*}" || exit
	sed -E "s,filepath='[^']*/((lib|include)/),filepath='\1," \
		"$work/new" >"$dump" || exit
	echo "$dump is the ABI of this build"
	exit
fi
[ -r "$dump" ] || give_up "$dump is missing: make abi-dump makes it"

plant 'a function that is gone is found' 1 's/portlock_gate/portlock_door/'
plant 'a member of another type is found' 1 \
	"s/\\(name='timeout_ms' type-id='\\)[^']*/\\1type-id-1/"
plant 'a struct of another size is found' 1 \
	"s/\\(portlock_options' size-in-bits='\\)[^']*/\\1512/"
plant 'a function that is new is well' 0 "/elf-symbol name='portlock_gate'/d
	/function-decl name='portlock_gate'/,/<\\/function-decl>/d"
judge 'programs linked with the last release still work' 0 "$dump"
if [ "$failed" -gt 0 ]; then
	cat <<'END'
Where that is compatible after all (struct portlock_options, which tells its
size, has grown at its end), make abi-dump makes it the new measure.  Otherwise
the soname must change first: see PORTLOCK_ABI in configure.ac.
END
else
	abidiff --headers-dir2 "$headers" "${interface[@]}" "$dump" "$library" \
		>"$work/report"
	grep -q Added "$work/report" && {
		cat "$work/report"
		echo "Additions are well; the release that brings them has" \
			"them in its dump (make abi-dump)."
	}
fi
summary
