#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# aside.sh - runs a script as root of a copy of this machine, whose changes
# vanish with it; and tells what changed.
#
#	unshare -m aside.sh SCRIPT FOLDER
#
# FOLDER is copied to /tmp of the copy, and SCRIPT is started there by its name
# in it.  Then every file that was made, changed or removed is a line "left
# FILE", but for what is temporary.
set -eu
script=$1 folder=$2
work=$(mktemp -d)
mount -t tmpfs aside "$work"
mkdir "$work/upper" "$work/work" "$work/root"
root=$work/root
mount -t overlay aside "$root" \
	-o "lowerdir=/,upperdir=$work/upper,workdir=$work/work"
for part in dev proc sys; do
	mount --rbind "/$part" "$root/$part"
done
for part in run tmp var/tmp; do
	mount -t tmpfs aside "$root/$part"
done
chmod 1777 "$root/tmp" "$root/var/tmp"
cp -r "$folder" "$root/tmp/aside"
status=0
chroot "$root" env -i HOME=/root LC_ALL=C.UTF-8 \
	PYTHONDONTWRITEBYTECODE=1 \
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	sh -c "cd /tmp/aside && exec $script" || status=$?
# Folders are in the layer also where only something in them was looked up.
cd "$work/upper"
find . ! -type d | sed 's/^\.//; s/^/left /'
find . -type d | while read -r made; do
	[ -d "/${made#.}" ] || echo "left ${made#.}"
done
# The mounts end with their namespace; the folder that they were on is below.
cd /
umount -R "$work"
rmdir "$work"
exit $status
