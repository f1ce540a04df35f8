# SPDX-License-Identifier: MIT
# dpkg.sh - dpkg installs packages into a root of its own; the second one finds
# the database locked.
program dpkg dpkg dpkg dpkg-deb

workers=4 rounds=3 needs_root=yes
rules='fcntl */var/lib/dpkg/lock* timeout=60'

# package NAME: NAME.deb, with nothing in it
package() {
	mkdir -p "$1/DEBIAN"
	printf '%s\n' "Package: $1" 'Version: 1' 'Architecture: all' \
		'Maintainer: a <a@example.org>' 'Description: none' \
		>"$1/DEBIAN/control"
	chmod -R u=rwX,go=rX "$1"
	dpkg-deb -Znone --root-owner-group -b "$1" "$1.deb" >/dev/null
}

setup() {
	local worker round

	mkdir -p root/var/lib/dpkg/updates root/var/lib/dpkg/info
	: >root/var/lib/dpkg/status
	for ((worker = 1; worker <= workers; worker++)); do
		for ((round = 1; round <= rounds; round++)); do
			package "p$worker.$round"
		done
	done
}

install() {
	dpkg --root="$PWD/root" --log=/dev/null --force-unsafe-io -i "$1.deb"
}

job() {
	install "p$1.$2" && echo "p$1.$2" >>"installed.$1"
}

lost() {
	sort installed.* 2>/dev/null | comm -23 - <(sed -n \
		's/^Package: //p' root/var/lib/dpkg/status | sort) | lines
}
row "dpkg -i" fcntl "open fcntl"

simple() {
	workers=1 rounds=1
	setup && install p1.1 && dpkg --root="$PWD/root" -l p1.1
	install none; echo $?
}
quiet
