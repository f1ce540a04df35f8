#!/bin/sh
# SPDX-License-Identifier: MIT
# installed.sh - installs the packages that lie here, tries them, removes them.
#
# Each result is a line "PASS: what" or "FAIL: what".
export DEBIAN_FRONTEND=noninteractive
source=$(echo portlock-*/)

# step WHAT COMMAND...
step() {
	what=$1
	shift
	if "$@" >log 2>&1; then
		echo "PASS: $what"
	else
		cat log
		echo "FAIL: $what"
		return 1
	fi
}

installs() {
	apt-get install -y --no-install-recommends "$PWD"/libportlock1_*.deb \
		"$PWD"/libportlock-dev_*.deb "$PWD"/portlock_*.deb \
		"$PWD"/portlock-etcd_*.deb
}

removes() {
	apt-get purge -y portlock portlock-etcd libportlock-dev \
		libportlock1
}

step 'the packages are installed' installs || exit 1

# Every test of debian/tests is a result: its name, then PASS or FAIL.
autopkgtest --output-dir=results --no-built-binaries "$source" -- null \
	>log 2>&1
awk '$2 == "PASS" || $2 == "FAIL" || $2 == "SKIP" {
	print $2 ": installed: " $1
	results++
} END { exit !results }' results/summary || {
	cat log
	echo "FAIL: autopkgtest has run no test"
}
if grep -q FAIL results/summary; then
	cat log
fi

step 'the packages are removed' removes
