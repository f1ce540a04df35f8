# SPDX-License-Identifier: MIT
# flock.sh - flock(1) of util-linux, in all its forms.
#
# Its lock is the kernel's, and is never taken away; the shim adds order and, by
# timeout=, a wait for those that would not wait.
program flock util-linux flock

workers=8 rounds=10
rules='flock */lock timeout=60'

setup() {
	echo 0 >counter
	: >lock
}

count() {
	local count

	read -r count <counter
	echo $((count + 1)) >counter
	echo counted >>"counted.$1"
}

lost() {
	echo $(($(lines counted.*) - $(cat counter)))
}

job() {
	flock -n lock bash -c "count $1"
}
row "-n FILE COMMAND" flock "open flock"

job() {
	flock -F -n lock bash -c "count $1"
}
row "-F -n, which execs" flock "open flock execvp"

job() {
	SHELL=$(command -v bash) flock -n -E 9 -x lock -c "count $1"
}
row "-n FILE -c COMMAND" flock "open flock"

fails_bare=no
job() {
	flock lock bash -c "count $1"
}
row "FILE COMMAND" flock "open flock"

job() {
	flock -w 60 lock bash -c "count $1"
}
row "-w 60 FILE COMMAND" flock "open flock"

# The lock belongs to what the shell has open.
job() {
	{
		flock 9 && count "$1"
	} 9>>lock
}
row "flock 9 in a shell" flock flock \
	"no: flock(1) takes it for the shell and ends; the real lock is still there"

# holder FLOCK-ARGUMENT...: $holder has the lock until 8 is closed
holder() {
	local line

	mkfifo in out
	(exec_start flock "$@" lock sh -c 'echo has it; read line' <in >out) &
	holder=$!
	exec 8>in 9<out
	read -r line <&9
}

# While one has it, -w must give up in time, and two readers may be in at once.
gives_up() {
	start flock -w 0.1 lock true 8>&- 9<&-
	[ $? -eq 1 ]
}

contend() {
	holder -x
	try gives_up
	exec 8>&- 9<&-
	wait
	try start flock -w 60 lock true
}
row "-w 0.1, and it is held" flock "open flock"

contend() {
	holder -s
	try start flock -s -n lock true 8>&- 9<&-
	exec 8>&- 9<&-
	wait
}
row "-s twice" flock "open flock"

simple() {
	flock lock echo in; flock -n lock false; echo $?
	{ flock 9 && flock -u 9; echo $?; } 9>>lock
	flock -n lock flock -n lock true; echo $?
}
quiet
