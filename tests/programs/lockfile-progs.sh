# SPDX-License-Identifier: MIT
# lockfile-progs.sh - lockfile-create leaves a lock that lockfile-remove takes
# away; both by liblockfile.
program lockfile-progs lockfile-progs lockfile-create lockfile-remove

workers=8 rounds=10

setup() {
	echo 0 >counter
}

job() {
	local count

	lockfile-create --retry 0 counter || return
	count=$(cat counter)
	echo $((count + 1)) >counter
	echo counted >>"counted.$1"
	lockfile-remove counter
}

lost() {
	echo $(($(lines counted.*) - $(cat counter)))
}
rules='lockfile */counter.lock'
row "create, work, remove" lockfile "open link unlink"
rules='liblockfile */counter.lock'
row "the same, liblockfile" liblockfile "lockfile_create unlink"

simple() {
	lockfile-create file && ls && lockfile-check file; echo $?
	lockfile-create --retry 0 file; echo $?
	lockfile-remove file; ls
}
quiet
