# SPDX-License-Identifier: MIT
# mutt.sh - mutt_dotlock locks a mailbox by a link, for a whole command or until
# another mutt_dotlock unlocks it.
#
# Debian's is set-group-ID mail, so nothing can be preloaded into it; a copy is
# not.  It polls once a second: with -r 1 it fails after the first.  It looks at
# the mailbox before it asks for the lock, but does not read it; and it fails if
# the mailbox grows while it looks, so what is sent goes to a file beside it.
program mutt mutt mutt_dotlock

workers=8 rounds=4
rules='lockfile */box.lock guard=no'

setup() {
	cp "$(command -v mutt_dotlock)" copy && chmod 755 copy
	touch box sent
}

# A message is written slowly, in two halves.
job() {
	./copy -r 1 box || return
	echo "from $1 $2" >>sent
	echo "end $1 $2" >>sent
	echo "$2" >>"sent.$1"
	./copy -u box
}

lost() {
	awk '$1 == "from" { from = $2 " " $3 }
	$1 == "end" && from == $2 " " $3 { whole++ }
	END { print whole + 0 }' sent |
		{ read -r whole; echo $(($(lines sent.*) - whole)); }
}
row "mutt_dotlock, a copy without setgid" lockfile "open link unlink"

simple() {
	setup && ./copy box && ls && ./copy -t box; echo $?; ./copy -u box; ls
}
quiet
