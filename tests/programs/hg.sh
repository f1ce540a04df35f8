# SPDX-License-Identifier: MIT
# hg.sh - Mercurial's locks are symbolic links, which say whose they are.
#
# It polls once a second, for ten minutes unless ui.timeout says less.
program hg mercurial hg

workers=4 rounds=3
rules='
lockfile */.hg/wlock timeout=60
lockfile */.hg/store/lock timeout=60
'
HGRCPATH=/dev/null HGUSER=a

setup() {
	hg init .
}

job() {
	echo "$1" >"f$1-$2"
	hg --config ui.timeout=0 commit -qAm "$1-$2" "f$1-$2" &&
		echo "$1-$2" >>"committed.$1"
}

lost() {
	sort committed.* 2>/dev/null |
		comm -23 - <(hg log --template '{desc}\n' | sort) | lines
}
row "hg commit" lockfile "symlink unlink"

simple() {
	setup && echo a >a && hg commit -qAm one -d '0 0' && hg log && hg verify
	hg commit -m none; echo $?
}
quiet
