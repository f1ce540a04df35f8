#!/bin/sh
# SPDX-License-Identifier: MIT
# test_completion_zsh.sh - what zsh completes for portlock and portlock-bench,
# typed into a zsh on a terminal of its own.
set -u
folder=${top_srcdir:?}/lib/cli/completion
if ! zsh -c 'zmodload zsh/zpty' 2>/dev/null; then
	echo "skipped: there is no zsh with zpty (Debian: zsh)"
	exit 77
fi
zsh -n "$folder/_portlock" || exit 1
if [ -n "${LSAN_OPTIONS-}" ]; then
	echo "skipped: with a sanitizer in it each start of portlock is slow"
	exit 77
fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
cat >"$work/bin/portlock" <<'END'
#!/bin/sh
case $1 in
list)	if [ "${2-}" = --help ]; then exec "$PORTLOCK_COMMAND" "$@"; fi
	echo 'KEY      TRANSPORT STATE PID COMMAND'
	echo 'nightly  etcd      held  1   tcp unix'
	echo '                         2   waiter' ;;
*)	exec "$PORTLOCK_COMMAND" "$@" ;;
esac
END
chmod +x "$work/bin/portlock"
ln -s "$work/bin/portlock" "$work/bin/portlock-test-program"
PATH=$work/bin:$PATH
export PATH

# The inner zsh says what it would offer, in place of showing it.
cat >"$work/inner" <<'END'
PROMPT= RPROMPT=
stty -echo
unsetopt zle_bracketed_paste prompt_cr prompt_sp 2>/dev/null
fpath=($1 $fpath)
autoload -Uz compinit
compinit -D -u
zstyle ':completion:*' list-grouped false
compadd() {
	if [[ ${@[(I)-O]} -ne 0 || ${@[(I)-A]} -ne 0 || ${@[(I)-D]} -ne 0 ]]
	then
		builtin compadd "$@"
		return
	fi
	typeset -ga hits
	builtin compadd -O hits "$@"
	printf 'OFFERED<%s>\n' $hits
	builtin compadd "$@"
}
report() {
	zle complete-word
	print 'END OF OFFER'
	BUFFER=
}
zle -C complete-word complete-word _main_complete
zle -N report
bindkey '^X' report
print 'READY'
END

cat >"$work/outer" <<'END'
zmodload zsh/zpty
work=$1 folder=$2
integer failed=0

# offers LINE: what is offered at its end, in the array offered
offers() {
	local text= chunk
	offered=()
	zpty -w -n inner "$1"$'\C-x'
	while [[ $text != *'END OF OFFER'* ]]; do
		zpty -r inner chunk || exit 99
		text+=$chunk
	done
	offered=(${${(M)${(f)${text//$'\r'/}}:#*OFFERED<*>}#*OFFERED<})
	offered=(${offered%>*})
}

# expect LINE WORD...: these are among the offered
expect() {
	local line=$1 word
	shift
	offers $line
	for word; do
		if ((! ${offered[(Ie)$word]})); then
			print -r -- "'$line': '$word' is not among: $offered"
			failed=1
		fi
	done
}

# refuse LINE WORD: it is not
refuse() {
	offers $1
	if ((${offered[(Ie)$2]})); then
		print -r -- "'$1': '$2' is offered"
		failed=1
	fi
}

# options COMMAND...: those of its help
options() {
	print -r -- "$("$@" --help)" | grep -oE -e '(^ +|, )--?[a-z][a-z-]*' \
		-e '^ +-[a-zA-Z]' | tr -d ' ,' | sort -u
}

zpty inner "zsh -f -i"
zpty -w inner "TERM=dumb; . $work/inner $folder"
chunk= text=
while [[ $text != *READY$'\r'* ]]; do
	zpty -r inner chunk || exit 99
	text+=$chunk
done

verbs=($(portlock help | sed -nE 's/^  ([a-z]+) .*/\1/p'))
(($#verbs > 3)) || failed=1
expect 'portlock ' $verbs
expect 'portlock help ' $verbs
for verb in ${verbs:#help}; do
	names=($(options portlock $verb))
	((${names[(Ie)--help]})) || failed=1
	expect "portlock $verb -" $names
done
expect 'portlock -' --help --version
expect 'portlock run --transport ' etcd tcp unix
expect 'portlock run --transport=' etcd tcp unix
expect 'portlock run --on-lost ' kill warn
expect 'portlock preload --rule ' sem lockfile open mutex sysvsem flock \
	fcntl passwd liblockfile
for verb in run address; do
	expect "portlock $verb " nightly
done
refuse 'portlock run ' waiter
expect 'portlock run key -- portlock-test-' portlock-test-program
expect 'portlock run key portlock-test-' portlock-test-program
expect 'portlock preload -- portlock-test-' portlock-test-program
expect 'portlock doctor -- portlock-test-' portlock-test-program
refuse 'portlock run key -- cat --' --transport
if [[ -x ${PORTLOCK_COMMAND:h}/portlock-bench ]]; then
	expect 'portlock-bench -' $(options ${PORTLOCK_COMMAND:h}/portlock-bench)
	expect 'portlock-bench ' handoff shim
	refuse 'portlock-bench ' flock
else
	print 'portlock-bench is not there and was not looked at'
fi
zpty -d inner
exit $failed
END
timeout 120 zsh -f "$work/outer" "$work" "$folder"
