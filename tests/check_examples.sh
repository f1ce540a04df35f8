#!/bin/sh
# SPDX-License-Identifier: MIT
# check_examples.sh - what the manual pages show runs.
#
#	check_examples.sh [PAGE...]	by default all that are there
#
# Every .Bd block of a page, and every .Dl line with a command, stands after
# comments that say how it is run, in a folder that the page has for itself:
#
#	.\" run: sh		its lines that begin with "$ " if it has such,
#				and then the others are what that prints;
#				else all lines
#	.\" run: c, or c++	a program
#	.\" file: NAME		nothing, but the blocks after it find it there;
#				NAME.rules must be rules that can be used
#	.\" not run: REASON
#	.\" given: COMMAND	for the shell, before it; any number of lines
#	.\" then: COMMAND	must be true afterwards
#	.\" output: LINE	is what a program prints; any number of lines
#	.\" needs: WORD...	"shim", or programs; else it is skipped
#
# A .Dl line that begins with a family's name is a rule, and must be a good one.
set -u
: "${top_srcdir:?}" "${top_builddir:?}" "${PORTLOCK_COMMAND:?}"

# The keys are those of the manual, so if it may be the network is one of our
# own.
if [ -z "${own_network-}" ]; then
	own_network=tried
	export own_network
	# shellcheck disable=SC2016 # for the inner shell
	up='PATH=$PATH:/usr/sbin:/sbin; ip link set lo up && exec "$@"'
	if unshare -rn sh -c "$up" sh true 2>/dev/null; then
		exec unshare -rn sh -c "$up" sh "$0" "$@"
	fi
fi
if [ $# -eq 0 ]; then
	set -- "$top_srcdir"/lib/*.[1-9] "$top_srcdir"/lib/cli/*.[1-9] \
		"$top_srcdir"/lib/etcd/*.[1-9] "$top_srcdir"/shim/*.[1-9] \
		"$top_srcdir"/bench/*.[1-9]
fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failed=0 ran=0 told=0 skipped=0
unset LD_PRELOAD

fail() {
	echo "FAIL $place: $*"
	failed=1
}

# blocks PAGE: a file for each part of each block: NUMBER.text, .run, .given...
blocks() {
	awk -v prefix="$work/blocks/" '
	function begin() {
		number++
		for (part in parts) {
			printf "%s", parts[part] >(prefix number "." part)
			close(prefix number "." part)
		}
		delete parts
		print FNR >(prefix number ".line")
	}
	function put(line) {
		gsub(/\\e/, "\\", line)
		gsub(/\\&/, "", line)
		gsub(/\\-/, "-", line)
		gsub(/\\\(dq/, "\"", line)
		gsub(/\\\(aq/, "\047", line)
		print line >(prefix number ".text")
	}
	/^\.\\" [a-z ]+: / {
		part = $0
		sub(/^\.\\" /, "", part)
		sub(/: .*/, "", part)
		line = $0
		sub(/^[^:]*: /, "", line)
		sub(/ /, "_", part)
		parts[part] = parts[part] line "\n"
		next
	}
	/^\.Bd/ { begin(); inside = 1; next }
	/^\.Ed/ { inside = 0 }
	inside { put($0); next }
	/^\.Dl/ {
		line = substr($0, 5)
		if (line ~ /^(\$|portlock|[A-Z_]+=) ?/ && line !~ /\[/ ||
		    "run" in parts) {
			begin()
			put(line)
		} else if (line ~ families) {
			parts["run"] = "rule\n"
			begin()
			put(line)
		}
	}
	{ delete parts }
	BEGIN {
		families = "^(sem|lockfile|open|mutex|sysvsem|flock|fcntl" \
			"|passwd|liblockfile) "
	}' "$1"
}

# have WORD...: what a block needs
have() {
	for word; do
		case $word in
		shim)	[ -n "${PORTLOCK_SHIM-}" ] || return
			# Perhaps it is for another kind of machine.
			"$PORTLOCK_COMMAND" preload --rule 'sem /none' -- \
				true 2>/dev/null || return ;;
		*)	command -v "$word" >/dev/null || return ;;
		esac
	done
}

# What configure has found, as shell variables.
for name in CC CFLAGS CXX CXXFLAGS SANITIZE_FLAGS; do
	echo "$name='@$name@'"
done >"$work/names"
(cd "$top_builddir" && ./config.status -q --file=-) \
	<"$work/names" >"$work/configured" || exit 99
# shellcheck disable=SC1091 # made just now
. "$work/configured"

# part NAME: that part of the block
part() {
	cat "$block.$1" 2>/dev/null
}

# run_shell: what it prints goes to $work/output
run_shell() {
	part output >"$work/expected"
	if grep -q '^\$ ' "$block.text"; then
		sed -n '/^\$ /!p' "$block.text" >"$work/expected"
		sed -n 's/^\$ //p' "$block.text" >"$work/commands"
	else
		cp "$block.text" "$work/commands"
	fi
	{
		echo 'set -eu'
		part given
		echo "exec >'$work/output'"
		cat "$work/commands"
		echo 'exec >&2'
		part 'then'
	} >"$work/script"
	sh "$work/script" </dev/null
}

# run_program TAG SUFFIX COMPILER: through libtool, as it knows our library
run_program() {
	part output >"$work/expected"
	cp "$block.text" "$work/program.$2"
	# shellcheck disable=SC2086 # words
	$3 -Wall -Wextra -Werror -I"$top_srcdir/include" \
		-I"$top_builddir/include" -c "$work/program.$2" \
		-o "$work/program.o" &&
		"$top_builddir/libtool" --quiet --tag="$1" --mode=link \
			$3 -o "$work/program" "$work/program.o" \
			"$top_builddir/lib/libportlock.la" &&
		"$work/program" >"$work/output" </dev/null
}

# run HOW: the block; false if something went wrong
run() {
	case $1 in
	sh)	run_shell ;;
	c)	run_program CC c "$CC $CFLAGS $SANITIZE_FLAGS -pthread" ;;
	c++)	run_program CXX cc "$CXX $CXXFLAGS $SANITIZE_FLAGS -pthread" ;;
	rule)	: >"$work/expected"
		"$PORTLOCK_COMMAND" preload --check --rule "$(part text)" \
			>/dev/null
		;;
	*)	echo "nobody knows how to run '$1'" >&2
		return 1
		;;
	esac
}

# judge: runs $block, of $place, in the folder of its page
judge() {
	if [ -e "$block.not_run" ]; then
		told=$((told + 1))
		echo "not run, $place: $(part not_run)"
		return
	fi
	if [ -e "$block.file" ]; then
		name=$(part file)
		cp "$block.text" "$name"
		case $name in
		*.rules) "$PORTLOCK_COMMAND" preload --check --rules "$name" \
			>/dev/null || fail "these are no rules" ;;
		esac
		return
	fi
	[ -e "$block.run" ] || {
		fail "no comment before it says how it is run"
		return
	}
	how=$(part run)
	needs=$(part needs)
	# Without its flags.
	[ "$how" != c++ ] || needs=${CXX%% *}
	# shellcheck disable=SC2086 # words
	if ! have $needs; then
		skipped=$((skipped + 1))
		echo "skipped, $place: needs $needs"
		return
	fi
	: >"$work/output"
	if ! run "$how" 2>"$work/errors"; then
		fail "it failed:"
		cat "$block.text" "$work/output" "$work/errors"
	elif [ -s "$work/expected" ] &&
		! diff -u --label shown --label printed "$work/expected" \
			"$work/output"; then
		fail "it prints something else"
	else
		ran=$((ran + 1))
	fi
}

for page; do
	[ -r "$page" ] || continue
	rm -rf "$work/blocks" "$work/place"
	mkdir "$work/blocks" "$work/place"
	cd "$work/place" || exit 99
	blocks "$page"
	number=1
	while [ -e "$work/blocks/$number.line" ]; do
		block=$work/blocks/$number
		place="$(basename "$page") line $(part line)"
		judge
		number=$((number + 1))
	done
	cd "$top_builddir" || exit 99
done
echo "$ran examples ran, $told are not run, $skipped were skipped"
[ $ran -gt 0 ] || failed=1
exit $failed
