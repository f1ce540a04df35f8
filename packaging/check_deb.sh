#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_deb.sh - make check-deb: Debian's packages are as they should be.
#
#	check_deb.sh FOLDER ARCHIVE VERSION
#
# FOLDER is what deb.sh has made of ARCHIVE.  The packages are installed in a
# copy of this machine, which needs root and the right to mount.
set -u
here=$(cd "$(dirname "$0")" && pwd)
folder=$1 archive=$2 version=$3
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
results=$work/results

give_up() {
	echo "make check-deb: $*" >&2
	exit 1
}

# result PASS|FAIL|SKIP WHAT
result() {
	echo "$1: $2" | tee -a "$results"
}

# count RESULT
count() {
	grep -c "^$1: " "$results"
}

check_lintian() {
	if lintian --fail-on error,warning --tag-display-limit 0 \
		"$folder"/*.changes >"$work/log" 2>&1; then
		result PASS 'lintian finds nothing'
	else
		cat "$work/log"
		result FAIL 'lintian finds nothing'
	fi
}

# Another folder, another time, another number of processes.
check_reproducible() {
	local differs=0 package

	DEB_BUILD_OPTIONS='nocheck parallel=2' TZ=Pacific/Apia \
		"$here/deb.sh" "$archive" "$version" "$work/again" \
		>"$work/log" 2>&1 || {
		cat "$work/log"
		result FAIL 'the packages can be built twice'
		return
	}
	for package in "$folder"/*.deb; do
		cmp "$package" "$work/again/${package##*/}" || differs=1
	done
	if [ $differs -eq 0 ]; then
		result PASS 'built twice, the packages are the same'
	else
		result FAIL 'built twice, the packages are the same'
	fi
}

# What may be left: what dpkg, apt and triggers of other packages write.
may_stay='/var/(cache|lib/apt|lib/dpkg|log)/|/etc/ld\.so\.cache$'

check_installed() {
	mkdir "$work/packages"
	cp "$folder"/*.deb "$work/packages"
	cp "$here/installed.sh" "$work/packages"
	tar -C "$work/packages" -xf "$archive"
	unshare -m "$here/aside.sh" ./installed.sh "$work/packages" \
		>"$work/log" 2>&1 || result FAIL 'the copy of this machine works'
	grep -v '^left ' "$work/log"
	grep -E '^(PASS|FAIL|SKIP): ' "$work/log" >>"$results"
	if grep '^left ' "$work/log" | grep -vE "^left ($may_stay)"; then
		result FAIL 'nothing of them is left'
	else
		result PASS 'nothing of them is left'
	fi
}

lintian --version >/dev/null 2>&1 ||
	give_up 'it needs lintian (Debian: apt-get install lintian)'
command -v autopkgtest >/dev/null ||
	give_up 'it needs autopkgtest (Debian: apt-get install autopkgtest)'
: >"$results"
check_lintian
check_reproducible
if [ -n "$(dpkg-query -W '*portlock*' 2>/dev/null)" ]; then
	result FAIL 'no package of portlock is installed beforehand'
elif unshare -m mount -t tmpfs none "$work" 2>/dev/null; then
	check_installed
else
	result SKIP 'installed and removed: that needs root and a right to mount'
fi
printf '# TOTAL: %d\n# PASS:  %d\n# SKIP:  %d\n# FAIL:  %d\n' \
	"$(wc -l <"$results")" "$(count PASS)" "$(count SKIP)" "$(count FAIL)"
[ "$(count FAIL)" -eq 0 ]
