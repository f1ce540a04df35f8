# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# trace_support.sh - what the tests of portlock preload --trace share.
: "${PORTLOCK_COMMAND:?}" "${top_builddir:?}"
work=$(mktemp -d) || exit 99
work=$(cd "$work" && pwd -P)
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM
failed=0
: "$failed"

fail() {
	echo "FAILED: $*"
	failed=1
}

# has FILE LINE: a line that is exactly that
has() {
	grep -qxF -- "$2" "$1" || { fail "no '$2' in:"; cat "$1"; }
}

# matches FILE REGEXP: a line that is like that from end to end
matches() {
	grep -qxE -- "$2" "$1" || { fail "nothing like '$2' in:"; cat "$1"; }
}

# misses FILE REGEXP: no line with that
misses() {
	! grep -qE -- "$2" "$1" || { fail "'$2' is in:"; cat "$1"; }
}

# rules_of FILE: the rules alone
rules_of() {
	grep -v '^#' "$1"
}
