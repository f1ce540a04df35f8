#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# test_git.sh - git, as it is, in one repository from many processes.
#
# Each scenario has a repository of its own.  Where a git has to be stopped
# halfway, a filter of the repository blocks on a named pipe.
set -u

skip() {
	echo "skipped: $*"
	exit 77
}

# A build folder is where its tests are, whatever git it is in.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
command -v git >/dev/null || skip "git is not installed"
[ -n "${PORTLOCK_SHIM:-}" ] || skip "PORTLOCK_SHIM does not name the shim"
case $PORTLOCK_SHIM in
*[[:space:]:]*)	skip "LD_PRELOAD cannot name $PORTLOCK_SHIM" ;;
esac
if grep -q '__tsan_' "$PORTLOCK_SHIM"; then
	skip "the thread sanitizer cannot be preloaded into git"
fi

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM
HOME=$work GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org
GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
export HOME GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM
export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL

rule='lockfile */.git/*.lock'
lock=.git/index.lock
failures=0

# check WHAT COMMAND...: counts a failure if the command fails
check() {
	what=$1
	shift
	if "$@"; then
		echo "ok: $what"
	else
		echo "FAILED: $what"
		failures=$((failures + 1))
	fi
}

# shim RULE COMMAND...
shim() {
	rules=$1
	shift
	env LD_PRELOAD="$PORTLOCK_SHIM" PORTLOCK_RULES="$rules" "$@"
}

bare() {
	shift
	"$@"
}

# Makes an empty repository, and goes there.
repository() {
	echo "-- $1"
	mkdir "$work/$1" && cd "$work/$1" || exit 99
	git init -q . && git config gc.auto 0 || exit 99
}

# lines FILE...: how many there are in all
lines() {
	cat "$@" 2>/dev/null | wc -l
}

no_lock_is_left() {
	[ -z "$(find .git -name '*.lock')" ]
}

# ---- many processes ------------------------------------------------------

if [ -n "${PORTLOCK_TEST_SLOW:-}" ]; then
	adders=3 adds=4 mixers=3 mixes=4
else
	adders=8 adds=25 mixers=6 mixes=20
fi

make_files() {
	for worker in $(seq "$1"); do
		for i in $(seq "$2"); do
			echo "$worker $i" >"f$worker.$i"
		done
	done
}

# add_all bare|shim: prints how many adds failed
add_all() {
	for worker in $(seq $adders); do
		# shellcheck disable=SC2016 # for the inner shell
		"$1" "$rule" sh -c 'for i in $(seq "$2"); do
			git add "f$1.$i" 2>/dev/null || echo "$i"
		done' sh "$worker" $adds >"failed.$worker" &
	done
	wait
	lines failed.*
}

concurrent_adds() {
	repository "concurrent adds, $1"
	make_files $adders $adds
	failed=$(add_all "$1")
	echo "$failed of $((adders * adds)) commands failed"
	indexed=$(git ls-files | wc -l)
	[ "$1" = shim ] || return 0
	check "no git add failed" [ "$failed" -eq 0 ]
	check "all files are in the index" \
		[ "$indexed" -eq $((adders * adds)) ]
	check "the repository is sound" git fsck --no-progress --no-dangling
	check "no lock is left" no_lock_is_left
}

# mix bare|shim COMMIT-ARGUMENT...: each worker adds and commits its files
mix() {
	how=$1
	shift
	for worker in $(seq $mixers); do
		# shellcheck disable=SC2016 # for the inner shell
		"$how" "$rule" sh -c 'worker=$1 mixes=$2 paths=$3
			shift 3
			for i in $(seq "$mixes"); do
				file=f$worker.$i
				git add "$file" && echo "$file" >>"added.$worker"
				[ "$paths" = no ] || set -- -- "$file"
				git commit -qm "$file" "$@" &&
					echo "$file" >>"committed.$worker"
			done' sh "$worker" $mixes "$@" >/dev/null 2>&1 &
	done
	wait
}

# mixed NAME bare|shim PATHS [COMMIT-ARGUMENT]
mixed() {
	repository "$1, $2"
	make_files $mixers $mixes
	echo base >base
	git add base && git commit -qm base || exit 99
	shift
	mix "$@"
	sort added.* >added
	git ls-files | sort >indexed
	comm -23 added indexed >lost
	echo "$(lines added) of $((mixers * mixes)) adds and" \
		"$(lines committed.*) commits succeeded," \
		"$(lines lost) adds are lost"
	[ "$1" = shim ] || return 0
	check "every git add succeeded" \
		[ "$(lines added)" -eq $((mixers * mixes)) ]
	check "no add is lost" [ ! -s lost ]
	check "the repository is sound" git fsck --no-progress --no-dangling
	check "no lock is left" no_lock_is_left
}

# Commits read before they lock: only one git at a time helps those.
whole_commands() {
	lock_rule=$rule
	rule="open */.git/config hold=exit key=git:%d
$lock_rule"
	mixed "adds and commits of paths, one git at a time" shim yes
	rule=$lock_rule
	check "every git commit succeeded" \
		[ "$(lines committed.*)" -eq $((mixers * mixes)) ]
}

# ---- one that is stopped halfway --------------------------------------------

# A repository in which the first "git add a.slow" says "held" into the pipe
# "held" when it has the lock, and goes on after a line from the pipe "go".
slow_repository() {
	repository "$1"
	mkfifo held go || exit 99
	exec 9<>go # or who writes into it would block without a reader
	echo '*.slow filter=slow' >.gitattributes
	git config filter.slow.clean \
		'[ -e gone ] || { echo held >held; read line <go; }; cat'
	echo slow >a.slow
	echo quick >b
}

# start_slow bare|shim: $slow is the git that holds the lock then
start_slow() {
	case $1 in
	shim) preload=$PORTLOCK_SHIM ;;
	*) preload= ;;
	esac
	(exec env LD_PRELOAD="$preload" PORTLOCK_RULES="$rule" \
		git add a.slow 2>/dev/null 9>&-) &
	slow=$!
	if ! timeout 60 head -n 1 held >/dev/null || [ ! -e $lock ]; then
		echo "FAILED: git add holds no lock"
		exit 1
	fi
}

# end_slow SIGNAL: 0 lets it end; its filter goes on in any case
end_slow() {
	: >gone
	[ "$1" = 0 ] || kill "-$1" $slow
	echo go >&9
	wait $slow
}

killed() {
	slow_repository "a git that was killed"
	start_slow shim
	end_slow KILL 2>/dev/null
	check "its lock is left" [ -e $lock ]
	git add b 2>/dev/null
	check "bare, the next git add fails" [ $? -eq 128 ]
	check "under the shim the next git add succeeds" shim "$rule" git add b
	check "its file is in the index" git ls-files --error-unmatch b
	check "no lock is left" no_lock_is_left
}

terminated() {
	slow_repository "a git that was told to end"
	start_slow shim
	end_slow TERM 2>/dev/null
	check "it has removed its lock" no_lock_is_left
	check "the next git add succeeds" shim "$rule" git add b
}

# kept NAME: a git add gives up, and the lock stays
kept() {
	shim "$rule timeout=0.1" git add b 2>/dev/null
	check "git add fails at the rule's timeout" [ $? -eq 128 ]
	check "$1" [ -e $lock ]
}

alive() {
	slow_repository "a git that is at work"
	start_slow shim
	kept "its lock stays"
	(exec env LD_PRELOAD="$PORTLOCK_SHIM" PORTLOCK_RULES="$rule" \
		git add b) &
	waiter=$!
	end_slow 0
	check "it ends well" [ $? -eq 0 ]
	wait $waiter
	check "who waited for it succeeds" [ $? -eq 0 ]
	check "both files are in the index" \
		git ls-files --error-unmatch a.slow b
}

from_outside() {
	slow_repository "a git outside the shim that was killed"
	start_slow bare
	end_slow KILL 2>/dev/null
	kept "its lock stays"
}

on_purpose() {
	slow_repository "a lock left on purpose"
	# The shell ends by exit(), and by becoming another program.
	shim "$rule" sh -c 'set -C; : >.git/index.lock'
	kept "that of an ended shell stays"
	rm $lock
	shim "$rule" sh -c 'set -C; : >.git/index.lock; exec true'
	kept "that of a shell that became another program stays"
	(exec env LD_PRELOAD="$PORTLOCK_SHIM" PORTLOCK_RULES="$rule" \
		git add b) &
	waiter=$!
	shim "$rule" rm $lock
	wait $waiter
	check "after its removal git add succeeds" [ $? -eq 0 ]
}

hook() {
	repository "a hook of the git that holds the lock"
	echo 1 >a
	echo 1 >b
	git add a && git commit -qm a || exit 99
	mkdir -p .git/hooks
	cat >.git/hooks/pre-commit <<'EOF'
#!/bin/sh
unset GIT_INDEX_FILE
git add b 2>/dev/null
echo $? >hook-status
EOF
	chmod +x .git/hooks/pre-commit
	echo 2 >a
	check "git commit -a succeeds" shim "$rule" git commit -qam hook
	check "the hook's git add has failed at once, as without the shim" \
		[ "$(cat hook-status)" -eq 128 ]
}

[ -n "${PORTLOCK_TEST_SLOW:-}" ] || concurrent_adds bare
concurrent_adds shim
mixed "adds and commits" shim no
mixed "adds and commits -a" shim no -a
mixed "adds and commits of paths" shim yes
whole_commands
killed
terminated
alive
from_outside
on_purpose
hook
echo "$failures failed"
[ $failures -eq 0 ]
