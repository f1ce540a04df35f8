# SPDX-License-Identifier: MIT
# git.sh - git makes X.lock for each X that it changes, and fails if it is there.
#
# A commit reads the index before it asks for its lock, so to wait for the lock
# file alone would not do.  All commands open .git/config before that, also in
# other work trees; and if that fails they end, and try no repository above.
program git git git

workers=8 rounds=25
rules='
lockfile */.git/*.lock
open */.git/config key=git:%d hold=exit
'
GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org
GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
GIT_AUTHOR_DATE='2001-01-01 01:01' GIT_COMMITTER_DATE='2001-01-01 01:01'

setup() {
	git init -q . && git config gc.auto 0 || return
	echo base >base
	git add base && git commit -qm base
}

add() {
	echo "$1" >"$1"
	git add "$1" && echo "$1" >>"added.${1%%-*}"
}

commit() {
	git commit -q --allow-empty -m "$1" && echo "$1" >>"committed.${1%%-*}"
}

# What a git said to have done and is not there; and a damaged repository.
lost() {
	{
		git fsck --no-progress --no-dangling >&2 || echo damaged
		sort added.* 2>/dev/null | comm -23 - <(git ls-files | sort)
		sort committed.* 2>/dev/null |
			comm -23 - <(git log --format=%s | sort)
	} | lines
}

job() {
	add "$1-$2"
}
row "git add" lockfile "open64 rename unlink"

job() {
	commit "$1-$2"
}
row "git commit" open "open64 close"

job() {
	add "$1-$2" && commit "$1-$2"
}
rounds=10
row "both mixed" "lockfile open" "open64 rename unlink"

simple() {
	setup && add file-1 && commit two && git log --format=%s && git status
}
quiet
