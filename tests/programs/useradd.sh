# SPDX-License-Identifier: MIT
# useradd.sh - six new users at once: each file has a lock file by a link, and
# whoever finds one sleeps for a second, fifteen times.
#
# With -R it changes its root, to one that has little more than an /etc.  There
# is lckpwdf() around it all.
program useradd passwd useradd

workers=6 rounds=1
fails_bare=no

setup() {
	mkdir -p root/etc root/var/mail
	echo 'root:x:0:0:root:/root:/bin/sh' >root/etc/passwd
	echo 'root:*:19000:0:99999:7:::' >root/etc/shadow
	echo 'root:x:0:' >root/etc/group
	echo 'root:*::' >root/etc/gshadow
	: >root/etc/subuid
	: >root/etc/subgid
	: >root/etc/login.defs
}

job() {
	useradd $where "$PWD/root" "user$1" && echo "user$1" >>"added.$1"
}

lost() {
	sort added.* | comm -23 - <(cut -d : -f 1 root/etc/passwd | sort) |
		lines
}
where=-P
# Each file is read when it is locked.
rules='lockfile */etc/*.lock guard=no'
row "-P, six at once" lockfile "open link unlink"

rules='open */etc/passwd hold=exit'
row "the same, whole" open "open close"

where=-R needs_root=yes
rules='passwd *'
row "-R, six at once" passwd "lckpwdf ulckpwdf"

simple() {
	setup && useradd -P "$PWD/root" one && useradd -R "$PWD/root" two
	useradd -P "$PWD/root" one; echo $?
	cat root/etc/passwd root/etc/group root/etc/subuid; ls root/etc
}
quiet
