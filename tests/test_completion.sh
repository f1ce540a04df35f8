#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# test_completion.sh - what bash completes for portlock and portlock-bench.
#
# The function is called as bash would call it; no bash-completion is needed.
# "portlock list" is stood in for where its answer matters.
set -u
folder=${top_srcdir:?}/lib/cli/completion
# shellcheck source=/dev/null
. "$folder/portlock.bash" || exit 1
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failed=0

# complete_words WORD...: the completions of the last word, in COMPREPLY
complete_words() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	if [[ ${1##*/} == portlock-bench ]]; then
		_portlock_bench "$1" "${COMP_WORDS[COMP_CWORD]}" ''
	else
		_portlock "$1" "${COMP_WORDS[COMP_CWORD]}" ''
	fi
}

# expect WORDS... = COMPLETIONS...: exactly these, in any order
expect() {
	local words=() offered wanted

	while [[ $1 != '=>' ]]; do
		words+=("$1")
		shift
	done
	shift
	complete_words "${words[@]}"
	offered=$(printf '%s\n' "${COMPREPLY[@]}" | sort)
	wanted=$(printf '%s\n' "$@" | sort)
	if [[ $offered != "$wanted" ]]; then
		echo "'${words[*]}': offered" "${offered//$'\n'/ }," \
			"not ${wanted//$'\n'/ }"
		failed=1
	fi
}

# expect_among WORDS... => COMPLETION: that is one of them
expect_among() {
	local word=${*: -1}

	complete_words "${@:1:$#-2}"
	if ! printf '%s\n' "${COMPREPLY[@]}" | grep -qxF -e "$word"; then
		echo "'${*:1:$#-2}': '$word' is not offered"
		failed=1
	fi
}

# all_options PROGRAM [VERB]: each that its help has anywhere is offered
all_options() {
	local options

	options=$("$@" --help | grep -oE -e '(^ +|, )--?[a-z][a-z-]*' \
		-e '^ +-[a-zA-Z]' | tr -d ' ,' | sort -u)
	if [[ $options != *--help* ]]; then
		echo "$*: its help tells of no --help"
		failed=1
	fi
	for option in $options; do
		expect_among "$@" - '=>' "$option"
		expect_among "$@" "$option" '=>' "$option"
	done
}

portlock=$PORTLOCK_COMMAND
verbs=$("$portlock" help | sed -nE 's/^  ([a-z]+) .*/\1/p')
for verb in $verbs; do
	expect_among "$portlock" '' '=>' "$verb"
	expect_among "$portlock" help '' '=>' "$verb"
	[[ $verb == help ]] || all_options "$portlock" "$verb"
done
all_options "$portlock"
expect "$portlock" addr '=>' address
expect "$portlock" nonsense '=>' ''

expect "$portlock" run --transport '' '=>' etcd tcp unix
expect "$portlock" run --transport u '=>' unix
expect "$portlock" run --transport = t '=>' tcp
expect "$portlock" run -n --transport '' '=>' etcd tcp unix
expect "$portlock" run --on-lost '' '=>' kill warn
families=$("$portlock" preload --check --rule 'none x' 2>&1 |
	sed -n 's/.*: use \(.*\) (a good.*/\1/p' | sed 's/,//g; s/ or / /')
[[ $families == *sem*lockfile* ]] || failed=1
# shellcheck disable=SC2086 # words
expect "$portlock" preload --rule '' '=>' $families
# shellcheck disable=SC2086 # words
expect "$portlock" doctor -r '' '=>' $families

# Files and commands, from a place where there is one of each.
mkdir "$work/bin"
printf '#!/bin/sh\n' >"$work/bin/portlock-test-program"
chmod +x "$work/bin/portlock-test-program"
touch "$work/portlock-test-rules"
cd "$work" || exit 99
PATH=$work/bin:$PATH
expect "$portlock" preload --rules portlock-test '=>' portlock-test-rules
expect "$portlock" preload -- portlock-test '=>' portlock-test-program
expect "$portlock" preload -c -- portlock-test '=>' portlock-test-program
expect "$portlock" preload -r 'sem /x' -- portlock-test \
	'=>' portlock-test-program
expect "$portlock" doctor -- portlock-test '=>' portlock-test-program
expect "$portlock" run key -- portlock-test '=>' portlock-test-program
expect "$portlock" run -t 5 key -- portlock-test '=>' portlock-test-program
expect "$portlock" run key portlock-test '=>' portlock-test-program
expect "$portlock" run key -- cat portlock-test '=>' portlock-test-rules
# A COMMAND's options are not ours.
expect "$portlock" run key -- cat --t '=>' ''

# Held keys.
cat >"$work/bin/portlock" <<'END'
#!/bin/sh
case $1 in
list)	echo 'KEY      TRANSPORT STATE PID COMMAND'
	echo 'nightly  etcd      held  1   tcp unix'
	echo '                         2   waiter'
	echo 'night    unix      held  3   x' ;;
*)	exec "$PORTLOCK_COMMAND" "$@" ;;
esac
END
chmod +x "$work/bin/portlock"
for verb in run who wait address; do
	expect portlock $verb '' '=>' nightly night
	expect portlock $verb nightl '=>' nightly
done

# Any user can hold a key whose name is a command: it is never run, neither
# here nor on the line.
cat >"$work/bin/portlock" <<'END'
#!/bin/sh
case $1 in
list)	echo 'KEY             TRANSPORT STATE PID COMMAND'
	echo '$(touch${IFS}trap) tcp    held  1   x'
	echo '`touch${IFS}trap`  tcp    held  2   x'
	echo 'a;touch            tcp    held  3   x'
	echo 'b\x20c             tcp    held  4   x' ;;
*)	exec "$PORTLOCK_COMMAND" "$@" ;;
esac
END
for verb in run who wait address; do
	# shellcheck disable=SC2016 # literally
	expect portlock $verb '' '=>' '\$\(touch\$\{IFS\}trap\)' \
		'\`touch\$\{IFS\}trap\`' 'a\;touch'
done

# What of a key is on the line already, up to its last colon, stays there.
cat >"$work/bin/portlock" <<'END'
#!/bin/sh
case $1 in
list)	echo 'KEY            TRANSPORT STATE PID COMMAND'
	echo 'lockfile:/a:b  unix      held  1   x'
	echo 'night          unix      held  3   x' ;;
*)	exec "$PORTLOCK_COMMAND" "$@" ;;
esac
END
COMP_LINE='portlock who lockfile:'
expect portlock who lockfile : '=>' /a:b
COMP_LINE='portlock run lockfile:/a:'
expect portlock run lockfile : /a : '=>' b
COMP_LINE='portlock run lockfile:/a:b portlock-test'
expect portlock run lockfile : /a : b portlock-test '=>' portlock-test-program
unset COMP_LINE
if [[ -e $work/trap ]]; then
	echo "the name of a key was run as a command"
	failed=1
fi

bench=${PORTLOCK_COMMAND%/*}/portlock-bench
if [[ -x $bench ]]; then
	all_options "$bench"
	expect "$bench" hand '=>' handoff
	expect "$bench" --quick sh '=>' shim
	expect "$bench" --report portlock-test '=>' portlock-test-rules
else
	echo "portlock-bench is not there and was not looked at"
fi
exit $failed
