#!/bin/sh
# SPDX-License-Identifier: MIT
# cluster.sh - transport etcd finds its helper as installed: what a cluster that
# is not there leads to is what the helper says.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PORTLOCK_ETCD_ENDPOINTS=http://127.0.0.1:1
export PORTLOCK_ETCD_CONTACT_MS=500

status=0
portlock run --transport etcd "$work" -- true >"$work/said" 2>&1 || status=$?
cat "$work/said"
if [ $status -ne 71 ] || ! grep -q "$PORTLOCK_ETCD_ENDPOINTS" "$work/said"; then
	echo "status $status, where 71 and a word about the endpoint were due"
	exit 1
fi
