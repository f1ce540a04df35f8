#!/bin/sh
# SPDX-License-Identifier: MIT
# test_docs.sh - what doc/cluster.md tells to type does what it says, with etcd.
set -u
: "${top_srcdir:?}" "${top_builddir:?start this by make check-etcd}"
# Hosts have a network of their own already.
PORTLOCK_DOCS=doc/cluster.md PORTLOCK_DOCS_ETCD=yes PORTLOCK_DOCS_ALONE=yes
export PORTLOCK_DOCS PORTLOCK_DOCS_ETCD PORTLOCK_DOCS_ALONE
exec "$top_builddir/tests/etcd/with_etcd" --hosts 2 -- \
	"$top_srcdir/tests/check_docs.sh"
