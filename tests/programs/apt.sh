# SPDX-License-Identifier: MIT
# apt.sh - apt-get in folders of its own, with nowhere to get anything from.
program apt apt apt-get

workers=8 rounds=5
rules='fcntl */lists/lock timeout=60'

setup() {
	mkdir -p root/etc/apt/apt.conf.d root/var/lib/apt/lists/partial \
		root/var/cache/apt/archives/partial root/var/lib/dpkg
	: >root/etc/apt/sources.list
	: >root/var/lib/dpkg/status
	echo "Dir \"$PWD/root\";
		Dir::State::status \"$PWD/root/var/lib/dpkg/status\";
		Dir::Cache::pkgcache \"\"; // these are not locked
		Dir::Cache::srcpkgcache \"\";
		APT::Sandbox::User \"root\";
		// with the lock held: the others have a chance
		APT::Update::Post-Invoke { \"sleep 0.02\"; };" >apt.conf
}

update() {
	APT_CONFIG=$PWD/apt.conf apt-get -q update
}

job() {
	update
}
row "apt-get update" fcntl "open fcntl"

simple() {
	setup && update && APT_CONFIG=$PWD/apt.conf apt-get -s install none
	echo $?
}
quiet
