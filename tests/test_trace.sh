#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# test_trace.sh - portlock preload --trace names what programs do, and with the
# rules that it proposes they lose nothing.
set -u
if [ -z "${PORTLOCK_SHIM:-}" ]; then
	echo "skipped: PORTLOCK_SHIM does not name the shim"
	exit 77
fi
case $PORTLOCK_SHIM in
*[[:space:]:]*)
	echo "skipped: LD_PRELOAD cannot name $PORTLOCK_SHIM"
	exit 77
	;;
esac
# shellcheck source=tests/trace_support.sh
. "${top_srcdir:?}/tests/trace_support.sh"
victims=$top_builddir/tests
key=0x7$(printf %06x $$)
# A name that no pattern is made of.
sem=/trace-$(printf %s "$$" | tr 0-9 a-j)
workers=4

# trace COMMAND...: its lines, report and rules in $work; its status
trace() {
	local status

	"$PORTLOCK_COMMAND" preload --trace="$work/lines" -- "$@" \
		>"$work/stdout" 2>"$work/report"
	status=$?
	rules_of "$work/report" >"$work/rules"
	return $status
}

# ruled COMMAND...: under the rules of the last trace
ruled() {
	"$PORTLOCK_COMMAND" preload --rules "$work/rules" -- "$@"
}

# together COMMAND...: so many at once; false if one fails
together() {
	local pids=() pid bad=0 i

	for ((i = 0; i < workers; i++)); do
		ruled "$@" >"$work/stdout.$i" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || bad=1
	done
	[ $bad -eq 0 ] || cat "$work"/stdout.*
	return $bad
}

# counted NUMBER: what victims that share $work/memory have counted
counted() {
	local found

	found=$(od -An -tu4 -N4 "$work/memory" | tr -d ' ')
	[ "$found" -eq "$1" ] || fail "counted to $found of $1"
}

# serialises RULE COUNT VICTIM ARGUMENT...: the trace of one proposes exactly
# that, and several with it, who share memory, count right
serialises() {
	local rule=$1 count=$2

	shift 2
	rm -f "$work/memory"
	truncate -s 4096 "$work/memory"
	trace "$@" 3<>"$work/memory" || fail "$1 failed in the trace"
	[ "$(cat "$work/rules")" = "$rule" ] ||
		{ fail "expected: $rule, but got:"; cat "$work/report"; }
	"$PORTLOCK_COMMAND" preload --check --rules "$work/rules" \
		>"$work/check" 2>&1 || { fail "--check:"; cat "$work/check"; }
	together "$@" 3<>"$work/memory" || fail "$* failed"
	counted $((count * (workers + 1)))
}

folder=$work/folder
mkdir "$folder" || exit 99
# The number may look like one of a process, or be drawn by lot.
in_rule=$(printf %s "$folder" | sed 's,/tmp/tmp\.[A-Za-z0-9]*/,/tmp/tmp.*/,')

echo "semaphores"
"$victims/victim_sem" "$sem" create >/dev/null || exit 99
serialises "sem $sem" 200 "$victims/victim_sem" "$sem" open count
"$victims/victim_sem" "$sem" unlink >/dev/null
matches "$work/lines" \
	"[0-9.]+ [0-9]+ sem_wait $sem ok [0-9]+\.[0-9]{6} value=0"
matches "$work/lines" \
	"[0-9.]+ [0-9]+ sem_open $sem ok [0-9]+\.[0-9]{6} value=1"

echo "semaphores of System V"
"$victims/victim_sysvsem" "$key" create set_1 >/dev/null || exit 99
serialises "sysvsem /$key/0" 200 "$victims/victim_sysvsem" "$key" count
"$victims/victim_sysvsem" "$key" remove >/dev/null

echo "mutexes, told by the process that has them"
trace "$victims/victim_mutex" exported lock unlock fail_to_start lock unlock ||
	fail "victim_mutex failed in the trace"
pid=$(sed -n 's/^[0-9.]* \([0-9]*\) start .*/\1/p' "$work/lines")
matches "$work/lines" \
	"[0-9.]+ $pid mutex .*/victim_mutex:exported_mutex ok [0-9.]+ locked=2 busy=0"
matches "$work/report" "# no other lock-like call seen; .*"
misses "$work/report" "mutex .*exported_mutex"
trace "$victims/victim_trace" "$work/v.lock" waited ||
	fail "victim_trace failed in the trace"
if getconf GNU_LIBC_VERSION >/dev/null 2>&1; then
	matches "$work/lines" ".* mutex .*/victim_trace:.* ok .* locked=2 busy=1"
	matches "$work/report" "#   found locked 1 time; .*"
	matches "$work/report" "# perhaps: mutex .*/victim_trace:.*"
fi

# The folder of the test has a made-up name, which a rule need not repeat.
same_rule() {
	sed -E 's,/tmp\.(\*|[A-Za-z0-9]+)/,/tmp.X/,' <<<"$1"
}

# serialises_files RULE COUNT VICTIM ARGUMENT...
serialises_files() {
	local rule=$1 count=$2

	shift 2
	rm -f "$work/memory"
	truncate -s 4096 "$work/memory"
	trace "$@" 3<>"$work/memory" || fail "$1 failed in the trace"
	[ "$(same_rule "$(cat "$work/rules")")" = "$(same_rule "$rule")" ] ||
		{ fail "expected: $rule, but got:"; cat "$work/report"; }
	"$PORTLOCK_COMMAND" preload --check --rules "$work/rules" \
		>"$work/check" 2>&1 || { fail "--check:"; cat "$work/check"; }
	together "$@" 3<>"$work/memory" || fail "$* failed"
	[ "$count" -eq 0 ] || counted $((count * (workers + 1)))
}

echo "lock files"
serialises_files "lockfile $in_rule/x.lock" 25 \
	"$victims/victim_lockfile" "$folder/x.lock" turns
matches "$work/lines" "[0-9.]+ [0-9]+ open $folder/x.lock ok [0-9.]+ exclusive"

echo "locks on files"
touch "$folder/a" "$folder/b"
serialises_files "flock $in_rule/a" 200 \
	"$victims/victim_filelock" "$folder" count_ex
serialises_files "fcntl $in_rule/a" 200 \
	"$victims/victim_filelock" "$folder" count_w
if flock --version >/dev/null 2>&1; then
	serialises_files "flock $in_rule/try timeout=30" 0 \
		flock -n "$folder/try" sleep 0.1
fi

echo "no lock at all"
echo 0 >"$folder/number"
serialises_files "open $in_rule/number" 0 \
	"$victims/victim_open" "$folder/number" count
value=$("$victims/victim_open" "$folder/number" update value 2>&1 |
	tr -dc 0-9)
[ "$(tr -dc 0-9 <"$folder/number")" -eq $((200 * (workers + 1))) ] ||
	fail "$folder/number has $(cat "$folder/number"), $value"

if sed --version 2>/dev/null | grep -q 'GNU sed'; then
	echo "sed -i"
	echo >"$folder/list"
	serialises_files "open $in_rule/list hold=exit" 0 \
		sed -i '1s/$/x/' "$folder/list"
	[ "$(cat "$folder/list")" = xxxxx ] ||
		fail "sed lost a line: $(cat "$folder/list")"
fi

if git --version >/dev/null 2>&1; then
	echo "git commit"
	export GIT_CONFIG_NOSYSTEM=1 HOME=$work GIT_AUTHOR_NAME=a \
		GIT_AUTHOR_EMAIL=a GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a
	git init -q "$folder/repository" || exit 99
	trace git -C "$folder/repository" commit -q --allow-empty -m one ||
		fail "git commit failed"
	together git -C "$folder/repository" commit -q --allow-empty -m more ||
		fail "git commit failed under the rules"
	[ "$(git -C "$folder/repository" rev-list --count HEAD)" -eq \
		$((workers + 1)) ] || fail "git has lost a commit"
fi

echo "flock(1), children, exec, and who changes the folder"
# shellcheck disable=SC2016
(cd "$folder" && "$PORTLOCK_COMMAND" preload --trace=lines -- sh -c \
	'cd /; (mkdir "$1/d.lock"; rmdir "$1/d.lock"); exec flock "$1/f" true' \
	sh "$folder" 2>"$work/report") || fail "the shell failed"
matches "$folder/lines" "[0-9.]+ [0-9]+ mkdir $folder/d.lock ok [0-9.]+"
matches "$folder/lines" "[0-9.]+ [0-9]+ rmdir $folder/d.lock ok [0-9.]+"
matches "$folder/lines" "[0-9.]+ [0-9]+ flock $folder/f ok [0-9.]+ lock"
[ ! -e /lines ] || fail "/lines was written"

echo "nothing is changed for the program"
trace "$victims/victim_lockfile" "$folder/y.lock" open_as_zero open &&
	fail "the file was made twice"
has "$work/stdout" "open_as_zero: ok"
has "$work/stdout" "open: File exists"
matches "$work/lines" "[0-9.]+ [0-9]+ open $folder/y.lock EEXIST .*"

echo "bad pointers, and threads that are about to be cancelled"
for command in null wild cancelled cancelled_exit; do
	"$victims/victim_trace" "$folder/v.lock" $command >"$work/bare" 2>&1 ||
		{ fail "without a trace, $command:"; cat "$work/bare"; }
	trace "$victims/victim_trace" "$folder/v.lock" $command ||
		{ fail "$command in a trace:"; cat "$work/stdout" "$work/report"; }
	cmp -s "$work/bare" "$work/stdout" || fail "$command told another tale"
done

echo "names that would steer a terminal"
bad=$(printf 'a\302\2331mred\033[2J\233\177.lock')
"$PORTLOCK_COMMAND" preload --trace -- mkdir "$folder/$bad" \
	2>"$work/report" || fail "mkdir failed"
shown='/a\\xc2\\x9b1mred\\x1b\[2J\\x9b\\x7f\.lock'
matches "$work/report" "[0-9.]+ [0-9]+ mkdir .*$shown ok .*"
matches "$work/report" "# lockfile .*$shown"
matches "$work/report" 'lockfile .*/a\?\?1mred\?\?2J\?\?\.lock'
if LC_ALL=C tr -d '\n -~' <"$work/report" | grep -q .; then
	fail "the report is not plain"
fi
rmdir "$folder/$bad"

echo "closed descriptors"
rm -f "$folder/z.lock"
# shellcheck disable=SC2016
trace sh -c 'exec 0<&- 1>&- 2>&-; mkdir "$1"' sh "$folder/z.lock" ||
	fail "mkdir failed"
matches "$work/lines" "[0-9.]+ [0-9]+ mkdir $folder/z.lock ok [0-9.]+"
"$PORTLOCK_COMMAND" preload --trace="$work/lines" -- rmdir "$folder/z.lock" \
	0<&- 1>&- 2>&- || fail "rmdir failed"
matches "$work/lines" "[0-9.]+ [0-9]+ rmdir $folder/z.lock ok [0-9.]+"
misses "$work/lines" '^#'

echo "without a file"
"$PORTLOCK_COMMAND" preload --trace -- mkdir "$folder/w.lock" \
	2>"$work/report" || fail "mkdir failed"
matches "$work/report" "[0-9.]+ [0-9]+ mkdir $folder/w.lock ok [0-9.]+"
matches "$work/report" "lockfile .*/w.lock"

echo "a killed program"
mkfifo "$work/hold"
exec 4<>"$work/hold"
coproc { "$PORTLOCK_COMMAND" preload --trace="$work/lines" -- \
	"$victims/victim_sem" "$sem" create wait hold \
	<"$work/hold" 2>"$work/report"; echo "status $?"; }
# shellcheck disable=SC2153
read -r -u "${COPROC[0]}" line && read -r -u "${COPROC[0]}" line
[ "$line" = "wait: ok" ] || fail "the victim said $line"
pid=$(sed -n 's/^[0-9.]* \([0-9]*\) sem_wait .* ok .*/\1/p' "$work/lines")
kill -9 "$pid"
read -r -u "${COPROC[0]}" line
[ "$line" = "status 137" ] || fail "it ended with $line"
matches "$work/report" "#   held by process $pid when that was killed .*"
has "$work/report" "sem $sem"
wait # for what bash says of it

echo "the same with the rule: who comes next gets the semaphore"
rules_of "$work/report" >"$work/rules"
"$victims/victim_sem" "$sem" open post >/dev/null || exit 99
coproc { exec "$PORTLOCK_COMMAND" preload --rules "$work/rules" -- \
	"$victims/victim_sem" "$sem" open wait hold <"$work/hold"; }
pid=$COPROC_PID
read -r -u "${COPROC[0]}" line && read -r -u "${COPROC[0]}" line
[ "$line" = "wait: ok" ] || fail "the victim said $line"
kill -9 "$pid" # the command has become the program
wait "$pid" 2>/dev/null
ruled timeout 20 "$victims/victim_sem" "$sem" open wait post >/dev/null ||
	fail "the semaphore is lost"
"$victims/victim_sem" "$sem" unlink >/dev/null

echo "what is wrong is said"
"$PORTLOCK_COMMAND" preload --trace="$work/none/lines" -- true \
	2>"$work/report"
[ $? -eq 64 ] || fail "a file that cannot be written"
matches "$work/report" ".*cannot write the trace '$work/none/lines': .*"
"$PORTLOCK_COMMAND" preload --trace --check -- true 2>"$work/report"
[ $? -eq 64 ] || fail "--trace and --check"
trace sh -c 'exit 7'
[ $? -eq 7 ] || fail "the status is not that of the program"
matches "$work/report" "# no lock-like call seen; .*"
exit $failed
