#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# test_sed.sh - two that edit one file in place, with GNU sed, as it is.
#
# sed reads the file, writes another one and renames it: what the other one
# wrote in between is lost, unless both hold the file until they end.
set -u

skip() {
	echo "skipped: $*"
	exit 77
}

sed --version 2>/dev/null | grep -q 'GNU sed' || skip "there is no GNU sed"
[ -n "${PORTLOCK_SHIM:-}" ] || skip "PORTLOCK_SHIM does not name the shim"
case $PORTLOCK_SHIM in
*[[:space:]:]*)	skip "LD_PRELOAD cannot name $PORTLOCK_SHIM" ;;
esac
if grep -q '__tsan_' "$PORTLOCK_SHIM"; then
	skip "the thread sanitizer cannot be preloaded into sed"
fi

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM
file=$work/file
rounds=${PORTLOCK_TEST_SLOW:+10}
rounds=${rounds:-60}

# edit LETTER: appends a line with it, that many times
edit() {
	for ((i = 0; i < rounds; i++)); do
		env LD_PRELOAD="$PORTLOCK_SHIM" \
			PORTLOCK_RULES="open $work/file hold=exit" \
			sed -i "\$a $1" "$file" || return 1
	done
}

work=$(cd "$work" && pwd -P)
echo first >"$file"
edit a & first=$!
edit b & second=$!
if ! wait "$first" || ! wait "$second"; then
	echo "FAILED: sed failed"
	exit 1
fi
for letter in a b; do
	found=$(grep -c "^$letter$" "$file")
	echo "lines of $letter: $found of $rounds"
	[ "$found" -eq "$rounds" ] || exit 1
done
[ "$(ls -A "$work")" = file ] || { echo "FAILED: something is left"; exit 1; }
