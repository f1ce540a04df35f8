#!/bin/sh
# SPDX-License-Identifier: MIT
# check_readme.sh - the READMEs show what is there.
#
# All ```c blocks of the README together must be example_c.c from the line after
# its SPDX line on; likewise ```cpp and ```sh.  Other languages (```console for
# commands to type) are not looked at.
# The tables of files in lib, lib/etcd, shim, tests and bench have each file once; what
# stands in their first column is a pattern, in which the suffix may be missing.
set -u
tests=$(dirname "$0")
readme=$tests/../README.md
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failed=0
if [ ! -r "$readme" ]; then
	echo "cannot read $readme"
	exit 1
fi

# compare LANGUAGE FILE
compare() {
	awk 'shown; /SPDX-License-Identifier/ { shown = 1 }' "$tests/$2" \
		>"$work/example"
	awk -v fence="\`\`\`$1" '
		/^```/ { inside = ($0 == fence); next }
		inside' "$readme" >"$work/shown"
	if [ ! -s "$work/shown" ]; then
		echo "README.md has no \`\`\`$1 block: it should show tests/$2"
		failed=1
	elif ! diff -u --label "tests/$2" --label "README.md, $1" \
		"$work/example" "$work/shown"; then
		failed=1
	fi
}

# table FOLDER: its README names every file once, and nothing that is not there
table() {
	awk -F'|' '/^\|/ {
		count = split($2, part, "`")
		for (i = 2; i <= count; i += 2)
			print part[i]
	}' "$1/README.md" >"$work/patterns"
	for file in "$1"/*.c "$1"/*.cc "$1"/*.h "$1"/*.map "$1"/*.sh \
		"$1"/*.supp; do
		[ -e "$file" ] || continue
		name=${file##*/}
		found=0
		while read -r pattern; do
			# shellcheck disable=SC2254 # it is a pattern
			case $name in
			$pattern | $pattern.*) found=$((found + 1)) ;;
			esac
		done <"$work/patterns"
		if [ "$found" -ne 1 ]; then
			echo "$1/README.md names $name $found times"
			failed=1
		fi
	done
	while read -r pattern; do
		pattern=${pattern%/}
		pattern=${pattern##*/}
		if [ -z "$(find "$1" -name "$pattern" -o \
			-name "$pattern.*")" ]; then
			echo "$1/README.md names $pattern, which is not there"
			failed=1
		fi
	done <"$work/patterns"
}

compare c example_c.c
compare cpp example_cxx.cc
compare sh example_shell.sh
for folder in lib lib/etcd shim tests bench; do
	table "$tests/../$folder"
done
exit $failed
