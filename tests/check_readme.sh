#!/bin/sh
# SPDX-License-Identifier: MIT
# check_readme.sh - the README's examples are the ones that the tests run.
#
# All ```c blocks of the README together must be example_c.c from the line after
# its SPDX line on; likewise ```cpp and ```sh.  Other languages (```console for
# commands to type) are not looked at.
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

compare c example_c.c
compare cpp example_cxx.cc
compare sh example_shell.sh
exit $failed
