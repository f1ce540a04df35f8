#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# test_trace_propose.sh - from the lines of a trace to rules, without a program.
set -u
# shellcheck source=tests/trace_support.sh
. "${top_srcdir:?}/tests/trace_support.sh"

# propose: the report on the lines of the input, in $work/out; its rules are
# valid, and in $work/rules
propose() {
	cat >"$work/lines"
	"$PORTLOCK_COMMAND" preload --propose="$work/lines" >"$work/out" ||
		fail "--propose failed"
	rules_of "$work/out" >"$work/rules"
	[ ! -s "$work/rules" ] ||
		"$PORTLOCK_COMMAND" preload --check --rules "$work/out" \
			>"$work/check" 2>&1 ||
		{ fail "the rules are not valid:"; cat "$work/check"; }
}

# proposes RULE...: exactly these
proposes() {
	[ "$(cat "$work/rules")" = "$(printf '%s\n' "$@")" ] ||
		{ fail "expected: $*, but got:"; cat "$work/out"; }
}

echo "several locks of one folder are one pattern"
propose <<'EOF'
0.000001 70 start /bin/app ok 0.000000
0.000002 70 open /srv/app/a.lock ok 0.000001 exclusive
0.000003 70 open /srv/app/b.lock ok 0.000001 exclusive
0.000004 70 open /srv/app/sub/c.lock ok 0.000001 exclusive
0.000005 70 sem_open /app-one ok 0.000001 value=1
0.000006 70 sem_wait /app-one ok 0.000001 value=0
0.000007 70 sem_open /app-two ok 0.000001 value=1
0.000008 70 sem_wait /app-two ok 0.000001 value=0
0.000009 70 semop /0x4d2/0 ok 0.000001 add=-1 value=0
0.000010 70 semop /0x4d2/3 ok 0.000001 add=-1 value=0
0.000011 70 exit - ok 0.000000
EOF
proposes 'lockfile /srv/app/*.lock' 'sem /app-*' 'sysvsem /0x4d2/*'

echo "what differs from run to run is a star"
propose <<'EOF'
0.000001 4711 start /bin/app ok 0.000000
0.000002 4711 open /run/lock/app.4711.lock ok 0.000001 exclusive
0.000003 4711 flock /tmp/tmp.kJ3xYbQ1aZ/state waits 0.000000
0.000003 4711 flock /tmp/tmp.kJ3xYbQ1aZ/state ok 0.000001 lock
0.000004 4711 sem_open /mp-4el2tqe_ ok 0.000001 value=1
0.000005 4711 sem_unlink /mp-4el2tqe_ ok 0.000001
0.000006 4711 sem_trywait /mp-4el2tqe_ ok 0.000001 value=0
EOF
proposes 'lockfile /run/lock/app.*.lock' 'flock /tmp/tmp.*/state' 'sem /mp-*'

echo "names that mean something in a rule"
propose <<'EOF'
0.000001 70 mkdir /srv/a\x20b\x0a[c]'*".lock ok 0.000001
EOF
proposes 'lockfile /srv/a?b??c????.lock'
has "$work/out" "# lockfile /srv/a b\\x0a[c]'*\".lock"
propose <<'EOF'
0.000001 70 mkdir /srv/a\xc2\x9b31m\xc3\xa4\x9b.lock ok 0.000001
EOF
proposes "lockfile /srv/a??31m$(printf '\303\244')?.lock"
has "$work/out" "# lockfile /srv/a\\xc2\\x9b31m$(printf '\303\244')\\x9b.lock"

echo "who reads first must hold the file"
propose <<'EOF'
0.000001 70 open /srv/list.lock ok 0.000001 exclusive read=/srv/list
0.000002 70 rename /srv/list.lock ok 0.000001 to=/srv/list read=/srv/list
EOF
proposes 'open /srv/list hold=exit'
propose <<'EOF'
0.000001 70 open /srv/x/list.lock ok 0.000001 exclusive read=/srv/x/list
0.000002 70 open /srv/y/list.lock ok 0.000001 exclusive read=/srv/y/list
EOF
proposes 'open /srv/x/list hold=exit key=open:/srv/' \
	'open /srv/y/list hold=exit key=open:/srv/'
propose <<'EOF'
0.000001 70 open /srv/list.lock ok 0.000001 exclusive
0.000002 70 unlink /srv/list.lock ok 0.000001
0.000003 70 open /srv/list.lock ok 0.000001 exclusive again=/srv/list
EOF
proposes 'lockfile /srv/list.lock guard=no'
propose <<'EOF'
0.000001 70 open /srv/r/.git/index.lock ok 0.000001 exclusive read=/srv/r/.git/index
0.000002 70 open /srv/r/.git/HEAD.lock ok 0.000001 exclusive read=/srv/r/.git/HEAD
EOF
proposes 'open /srv/r/.git/config hold=exit key=git:%d' \
	'lockfile /srv/r/.git/*.lock'

echo "what no rule can serve is told"
propose <<'EOF'
0.000001 70 sem_open /slots ok 0.000001 value=3
0.000002 70 sem_wait /slots ok 0.000001 value=2
0.000003 70 sem_open /event ok 0.000001 value=0
0.000004 70 sem_post /event ok 0.000001 value=1
0.000005 70 semop /private/0 ok 0.000001 add=-1 value=0
0.000006 70 flock /srv/read ok 0.000001 shared
0.000007 70 lockf /srv/deleted\x20(deleted) ok 0.000001 lock
EOF
proposes
[ "$(grep -c 'it counts, or tells of events' "$work/out")" -eq 2 ] ||
	fail "not both semaphores are told"
has "$work/out" "#   it has no key (IPC_PRIVATE), so no rule can name it"
has "$work/out" "#   by readers alone, who share it: rules let them pass"

echo "files that are no locks"
propose <<'EOF'
0.000001 70 start /bin/cp ok 0.000000
0.000002 70 open /srv/copy ok 0.000001 exclusive
0.000003 70 mkdir /srv ok 0.000001
0.000004 70 mkdir /srv EEXIST 0.000001
0.000005 70 open ? ENOENT 0.000001 exclusive
EOF
proposes
matches "$work/out" "# no lock-like call seen; .*"
has "$work/out" \
	"# 2 more files or folders were made that were not taken for locks"

echo "a lock by what was done with it"
propose <<'EOF'
0.000001 70 open /srv/busy EEXIST 0.000001 exclusive
0.000002 70 mkdir /srv/turn ok 0.000001
0.000003 70 rmdir /srv/turn ok 0.000001
0.000004 70 mkdir /srv/turn ok 0.000001
0.000005 70 open /srv/list.new ok 0.000001 exclusive
0.000006 70 rename /srv/list.new ok 0.000001 to=/srv/list
EOF
proposes 'lockfile /srv/busy' 'lockfile /srv/turn' 'lockfile /srv/list.new'

echo "a file that was there for a while may be a lock, or a copy that stays"
propose <<'EOF'
0.000001 70 start /bin/app ok 0.000000
0.000002 70 open /run/app.pid ok 0.000001 exclusive
0.000003 70 open /srv/count ok 0.000001 update read=/srv/count
0.000004 70 unlink /run/app.pid ok 0.000001
0.000005 70 open /srv/new.tmp ok 0.000001 exclusive
0.000006 70 unlink /srv/new.tmp ok 0.000001
0.000007 70 link /srv/status-old ok 0.000001
0.000008 70 unlink /srv/status-old ok 0.000001
0.000009 70 link /srv/status-old ok 0.000001
0.000010 70 exit - ok 0.000000
EOF
proposes
has "$work/out" "# perhaps: lockfile /run/app.pid"
has "$work/out" "# lockfile /run/app.pid"
misses "$work/out" "no lock-like call|new.tmp"

echo "who only tries needs a time to wait"
propose <<'EOF'
0.000001 70 flock /srv/try ok 0.000001 lock
0.000002 70 flock /srv/wait waits 0.000000
0.000003 70 flock /srv/wait ok 0.000001 lock
0.000004 70 fcntl /srv/db ok 0.000001 shared start=1 length=1
0.000005 70 fcntl /srv/db ok 0.000001 unlock start=2 length=1
0.000006 70 fcntl /srv/db ok 0.000001 lock start=3 length=1
0.000007 70 fcntl /srv/turns ok 0.000001 shared
0.000008 70 fcntl /srv/turns ok 0.000001 unlock
0.000009 70 fcntl /srv/turns ok 0.000001 lock
EOF
proposes 'flock /srv/try timeout=30' 'flock /srv/wait' \
	'fcntl /srv/db timeout=30 shared=exclusive' 'fcntl /srv/turns timeout=30'

has "$work/out" \
	"#   the kernel frees it when its holder dies; only tried: with timeout="
[ "$(grep -c 'a rule only adds order' "$work/out")" -eq 1 ] ||
	fail "it is not told of the one that is waited for alone"

echo "mutexes come last, and only those that were found locked"
propose <<'EOF'
0.000001 70 start /bin/app ok 0.000000
0.000002 70 mutex /bin/app:busy ok 0.000001 locked=9 busy=2
0.000003 70 mutex /bin/app:idle ok 0.000001 locked=9 busy=0
EOF
proposes
has "$work/out" "# perhaps: mutex /bin/app:busy"
matches "$work/out" "#   found locked 2 times; .*"
has "$work/out" "# 2 mutexes of single processes, 1 of which was found locked"
misses "$work/out" idle
propose <<'EOF'
0.000002 70 mutex /bin/app:busy ok 0.000001 locked=9 busy=2
0.000003 70 flock /srv/wait waits 0.000000
0.000004 70 flock /srv/wait ok 0.000001 lock
EOF
proposes 'flock /srv/wait'
misses "$work/out" app:busy
propose <<'EOF'
0.000002 70 mutex /bin/app:idle ok 0.000001 locked=9 busy=0
EOF
proposes
matches "$work/out" "# portlock trace: .*, 1 line, .*"
has "$work/out" "# 1 mutex of single processes, never found locked"

echo "what was ended only was not taken"
propose <<'EOF'
0.000001 70 start /bin/app ok 0.000000
0.000002 70 ulckpwdf /etc/.pwd.lock ok 0.000001
EOF
proposes

echo "waits, tries and who died"
propose <<'EOF'
0.000001 1 start /bin/app ok 0.000000
0.000002 1 exit - ok 0.000000
0.000003 4194303 sem_open /app ok 0.000001 value=1
0.000004 4194303 sem_wait /app waits 0.000000
1.250004 4194303 sem_wait /app ok 1.250000 value=0
1.250005 1 sem_wait /app waits 0.000000
1.250006 1 sem_trywait /app EAGAIN 0.000001 value=0
EOF
has "$work/out" "#   taken 1 time (sem_wait sem_trywait), longest call 1.250000 s"
has "$work/out" "#   failed 1 time"
has "$work/out" "#   1 call waited and did not come back"
matches "$work/out" "#   held by process 4194303 when that was killed .*"

echo "files that are written without a lock"
propose <<'EOF'
0.000001 70 open /srv/count ok 0.000001 update
0.000002 70 rename /srv/sedAb12cd ok 0.000001 to=/srv/list read=/srv/list
EOF
proposes 'open /srv/count' 'open /srv/list hold=exit'
propose <<'EOF'
0.000001 70 open /srv/count ok 0.000001 update
0.000002 70 lckpwdf /etc/.pwd.lock ok 0.000001
0.000003 70 open /srv/other ok 0.000001 update
EOF
proposes 'passwd /etc/.pwd.lock'
has "$work/out" "# perhaps: open /srv/count"
misses "$work/out" /srv/other

echo "lines that nobody has traced"
propose <<'EOF'
hello
0.1 70 open /srv/a.lock ok 0.000001 exclusive
0.000001 -1 open /srv/a.lock ok 0.000001 exclusive
0.000001 70 open
0.000001 70 flock /srv/\x00\xzz ok 0.000001 lock
99999999999999999999.000001 70 open /srv/a.lock ok 0.000001 exclusive
EOF
[ "$(wc -l <"$work/rules")" -eq 1 ] || fail "more than one line was believed"
propose <<<'#!/bin/sh'
matches "$work/out" "# no lock-like call seen, nor any line of a trace: .*"

echo "rules that are there already"
"$PORTLOCK_COMMAND" preload --rule 'flock */state' --propose=/dev/stdin \
	>"$work/out" <<'EOF' || fail "--propose with a rule failed"
0.000001 70 flock /srv/state ok 0.000001 lock
EOF
rules_of "$work/out" >"$work/rules"
proposes
has "$work/out" "#   matched by the rule 'flock */state'"

"$PORTLOCK_COMMAND" preload --propose="$work/none" 2>"$work/out"
[ $? -eq 64 ] || fail "there is no such file"
matches "$work/out" ".*cannot read the trace '$work/none': No such file.*"
exit $failed
