#!/bin/sh
# SPDX-License-Identifier: MIT
# test_probes.sh - the library, the command and the shim have the tracepoints
# that lib/probe.h and portlock(3) tell of, with all their arguments.
set -u
: "${top_srcdir:?}" "${top_builddir:?}"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failed=0

if ! grep -q '^#define ENABLE_SDT 1' "$top_builddir/config.h"; then
	echo "skipped: configured without tracepoints" \
		"(Debian: systemtap-sdt-dev, then ./configure again)"
	exit 77
fi

# probes OBJECT: a line for each name, with the number of arguments
probes() {
	readelf -n "$1" | awk '
		/Provider:/ { provider = $2 }
		/Name:/ { name = $2 }
		/Arguments:/ && provider == "portlock" { print name, NF - 1 }' |
		sort -u
}

cat >"$work/right" <<END
acquire 1
grant 3
hand_over 2
release 2
wait 2
END
for object in lib/.libs/libportlock.so portlock shim/.libs/portlock-shim.so; do
	# Left out by --disable-shared or --disable-shim.
	[ -e "$top_builddir/$object" ] || continue
	probes "$top_builddir/$object" >"$work/found"
	diff -u --label probes --label "$object" "$work/right" "$work/found" ||
		failed=1
done
while read -r name count; do
	grep -q "^\\.It Fn $name\\b" "$top_srcdir/lib/portlock.3" || {
		echo "portlock.3 says nothing of the tracepoint $name, $count"
		failed=1
	}
done <"$work/right"
exit $failed
