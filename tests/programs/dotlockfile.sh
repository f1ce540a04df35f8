# SPDX-License-Identifier: MIT
# dotlockfile.sh - one process makes the lock file, and another removes it.
#
# Debian's is set-group-ID mail, so nothing can be preloaded into it; a copy is
# not.  Here -r 0 makes it fail at once, as it would be after its 5 retries.
program dotlockfile liblockfile-bin dotlockfile

workers=8 rounds=10
rules='lockfile *.lock'

setup() {
	cp "$(command -v dotlockfile)" copy && chmod 755 copy
	echo 0 >counter
}

# The counter would not survive two at once.
job() {
	local count

	./copy -r 0 -l box.lock || return
	count=$(cat counter)
	echo $((count + 1)) >counter
	echo counted >>"counted.$1"
	./copy -u box.lock
}

lost() {
	echo $(($(lines counted.*) - $(cat counter)))
}
row "-l, -u, a copy without setgid" lockfile "open link unlink"

simple() {
	setup && ./copy -l box.lock && ls box.lock && ./copy -u box.lock; ls
}
quiet
