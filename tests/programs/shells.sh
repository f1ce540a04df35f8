# SPDX-License-Identifier: MIT
# shells.sh - scripts that lock by mkdir, ln -s and "set -C".
program shells 'bash dash coreutils' bash dash mkdir ln

workers=8 rounds=10

setup() {
	echo 0 >counter
}

lost() {
	echo $(($(lines counted.*) - $(cat counter)))
}

# locked LOCK UNLOCK: a script that counts for $1 in between
locked() {
	echo "$1 || exit 1
		read -r count <counter
		echo \$((count + 1)) >counter
		echo counted >>counted.\$1
		$2"
}

job() {
	dash -c "$(locked 'mkdir lock.d' 'rmdir lock.d')" dash "$1"
}
rules='lockfile */lock.d'
row "mkdir, work, rmdir" lockfile "mkdir rmdir"

job() {
	dash -c "$(locked 'ln -s "$$" lock' 'rm lock')" dash "$1"
}
rules='lockfile */lock'
row "ln -s, work, rm" lockfile "symlinkat unlinkat"

job() {
	dash -c "$(locked '(set -C; : >lock)' 'rm lock')" dash "$1"
}
row "dash: set -C" lockfile "open unlinkat" \
	"no: it looks first, and fails without trying"

job() {
	bash -c "$(locked '(set -C; : >lock)' 'rm lock')" bash "$1"
}
row "bash: set -C" lockfile "open unlinkat" \
	"no: it looks first, and fails without trying"

simple() {
	mkdir d && mkdir d; echo $?
	dash -c 'set -C; : >f; : >f'; echo $?
	bash -c 'set -C; : >g; : >g'; echo $?
	ln -s x l; ln f k; ls; rmdir d; rm l k
}
quiet
