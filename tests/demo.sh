#!/bin/sh
# SPDX-License-Identifier: MIT
# demo.sh - two programs that know nothing of portlock, before and after.
#
# "make demo" runs this.  Every number in the table is one of this run.  Exit
# status 1 if anything failed with portlock.
set -u

workers=8
files=25
patience=2 # seconds that the program that hangs gets

rule_git='lockfile */.git/*.lock'
rule_sem='sem /portlock-demo-*'

fail() {
	echo "demo: $*" >&2
	exit 1
}

[ -n "${PORTLOCK_COMMAND:+${top_builddir:-}}" ] ||
	fail "start this by: make demo"
[ -n "${PORTLOCK_SHIM:-}" ] || fail "this build is without the shim"
command -v git >/dev/null || fail "git is missing (Debian: apt-get install git)"
victim=$top_builddir/tests/victim_sem
[ -x "$victim" ] || fail "$victim is missing: start this by make demo"

unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
work=$(mktemp -d) || exit 1
semaphore=/portlock-demo-$$
clean_up() {
	"$victim" $semaphore unlink >/dev/null 2>&1
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
HOME=$work GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export HOME GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM

# progress TEXT: on stderr, while the table is not there yet
progress() {
	echo "  $*" >&2
}

milliseconds() {
	echo $(($(date +%s%N) / 1000000))
}

# preload RULE COMMAND...: with portlock;  bare RULE COMMAND...: without
preload() {
	demo_rule=$1
	shift
	"$PORTLOCK_COMMAND" preload --rule "$demo_rule" -- "$@"
}

bare() {
	shift
	"$@"
}

# seconds MILLISECONDS: as a person reads them
seconds() {
	if [ "$1" -lt 1000 ]; then
		echo "$1 ms"
	else
		echo "$(($1 / 1000)).$(($1 % 1000 / 100)) s"
	fi
}

# ---- git: the story of the index.lock ----------------------------------------

# git_story bare|preload: sets failed, missing, broken, time
git_story() {
	mkdir "$work/$1" && cd "$work/$1" || exit 1
	git init -q . && git config gc.auto 0 || exit 1
	for worker in $(seq $workers); do
		for i in $(seq $files); do
			echo "$worker $i" >"file.$worker.$i"
		done
	done
	start=$(milliseconds)
	for worker in $(seq $workers); do
		# shellcheck disable=SC2016 # for the inner shell
		"$1" "$rule_git" sh -c 'for i in $(seq "$2"); do
			git add "file.$1.$i" 2>/dev/null || echo "$i"
		done' sh "$worker" $files >"failed.$worker" &
	done
	wait
	time=$(($(milliseconds) - start))
	failed=$(cat failed.* | wc -l)
	missing=$((workers * files - $(git ls-files 'file.*' | wc -l)))
	broken=no
	git fsck --no-progress >/dev/null 2>&1 || broken=yes
}

# ---- a semaphore: the story of the killed holder --------------------------------

# Starts the program that will be killed, in place of this subshell.
exec_holder() {
	set -- "$1" "$victim" $semaphore create wait hold
	if [ "$1" = bare ]; then
		shift
		exec "$@"
	fi
	shift
	exec "$PORTLOCK_COMMAND" preload --rule "$rule_sem" -- "$@"
}

# sem_story bare|preload: sets next to what the next program does, hung, time
sem_story() {
	cd "$work" && mkfifo "hold.$1" "say.$1" || exit 1
	(exec_holder "$1" <"hold.$1" >"say.$1" 8>&- 9<&-) &
	holder=$!
	exec 8>"hold.$1" 9<"say.$1"
	# It says what it has done: "create: ok", "wait: ok".
	read -r line <&9 && read -r line <&9
	[ "$line" = 'wait: ok' ] || fail "victim_sem says: $line"
	kill -KILL $holder
	wait $holder 2>/dev/null
	exec 8>&- 9<&-
	start=$(milliseconds)
	"$1" "$rule_sem" timeout $patience "$victim" $semaphore open wait post \
		>/dev/null
	status=$?
	time=$(($(milliseconds) - start))
	"$victim" $semaphore unlink >/dev/null
	hung=yes
	case $status in
	0) hung=no next="goes on at once" ;;
	124) next="hangs" ;;
	*) next="fails, status $status" ;;
	esac
}

# ---- the table --------------------------------------------------------------------

bold='' red='' green='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') red=$(printf '\033[31m')
	green=$(printf '\033[32m') plain=$(printf '\033[0m')
fi

# row TEXT BEFORE AFTER [COLOUR-BEFORE COLOUR-AFTER]
row() {
	printf '  %-32s%s%-22s%s%s%s%s\n' "$1" "${4:-}" "$2" "$plain" \
		"${5:-}" "$3" "$plain"
}

# judge BAD: the colour of a result
judge() {
	case $1 in
	0 | no) echo "$green" ;;
	*) echo "$red" ;;
	esac
}

progress "git without portlock: $workers processes, $files files each ..."
git_story bare
bare_failed=$failed bare_missing=$missing bare_broken=$broken bare_time=$time
progress "git with portlock ..."
git_story preload
git_failed=$failed git_missing=$missing git_broken=$broken git_time=$time
progress "a killed holder of a semaphore, without portlock (takes" \
	"$patience s) ..."
sem_story bare
bare_next=$next bare_hung=$hung bare_sem_time=$time
[ $bare_hung = no ] || bare_sem_time="stopped after $patience s"
[ $bare_hung = yes ] || bare_sem_time=$(seconds "$time")
progress "a killed holder of a semaphore, with portlock ..."
sem_story preload
progress ""

total=$((workers * files))
printf '%s%-34s%-22s%s%s\n' "$bold" "" "without portlock" "with portlock" \
	"$plain"
printf '%s%s%s\n' "$bold" \
	"git: $workers processes add $files files each to one repository" "$plain"
row "git add commands that failed" "$bare_failed of $total" \
	"$git_failed of $total" "$(judge "$bare_failed")" "$(judge "$git_failed")"
row "files missing in the index" "$bare_missing of $total" \
	"$git_missing of $total" "$(judge "$bare_missing")" "$(judge "$git_missing")"
row "repository damaged" "$bare_broken" "$git_broken" \
	"$(judge $bare_broken)" "$(judge $git_broken)"
row "time" "$(seconds $bare_time)" "$(seconds $git_time)"
printf '%s%s%s\n' "$bold" \
	"A semaphore: its holder is killed" "$plain"
row "the next program" "$bare_next" "$next" "$(judge $bare_hung)" \
	"$(judge $hung)"
row "time" "$bare_sem_time" "$(seconds $time)"
echo
echo "Both programs are unchanged.  With portlock they were started by:"
echo "  portlock preload --rule '$rule_git' -- sh -c 'git add ...'"
echo "  portlock preload --rule '$rule_sem' -- victim_sem ..."

if [ "$git_failed$git_missing$git_broken$hung" != 00nono ]; then
	fail "something failed with portlock"
fi
