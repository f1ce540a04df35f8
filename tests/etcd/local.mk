# SPDX-License-Identifier: MIT
# Tests with a real etcd: "make check-etcd".  To add one, put its file here and
# its name into etcd_tests; it has what the unit tests have, and the support of
# this folder.  "make check" builds them, but does not run them.

etcd_tests = \
	%D%/test_cluster \
	%D%/test_costs \
	%D%/test_death \
	%D%/test_errors \
	%D%/test_exclusion \
	%D%/test_families \
	%D%/test_hosts \
	%D%/test_late \
	%D%/test_outage \
	%D%/test_rows \
	%D%/test_run_lost \
	%D%/test_session \
	%D%/test_session_clock \
	%D%/test_session_end \
	%D%/test_session_garbled \
	%D%/test_session_hole \
	%D%/test_session_login \
	%D%/test_session_lost \
	%D%/test_session_refused \
	%D%/test_session_slow \
	%D%/test_session_watch \
	%D%/test_settings

# These are whole as they are.
etcd_scripts = \
	tests/demo-cluster.sh \
	%D%/test_bench.sh \
	%D%/test_docs.sh \
	%D%/test_shells.sh

support_sources += \
	%D%/certificates.c \
	%D%/cluster.c \
	%D%/cluster.h \
	%D%/ctl.c \
	%D%/folder.c \
	%D%/ground.c \
	%D%/helper.c \
	%D%/helper.h \
	%D%/hosts.c \
	%D%/hosts.h \
	%D%/places.c \
	%D%/places.h \
	%D%/player.c \
	%D%/proxy.c \
	%D%/proxy.h \
	%D%/referee.c \
	%D%/referee.h \
	%D%/sessions.c \
	%D%/talk.c

program_tools += $(etcd_tests) %D%/with_etcd
if NEVER
TESTS += $(etcd_tests) $(etcd_scripts)
endif

# ONLY="tests/etcd/test_cluster" makes it those alone.  With
# PORTLOCK_PROGRAMS=all none may be skipped.
check-etcd:
	@etcd --version >/dev/null 2>&1 && etcdctl version >/dev/null 2>&1 && \
		openssl version >/dev/null 2>&1 && ip -V >/dev/null 2>&1 || { \
		echo 'make check-etcd needs etcd, openssl and ip (Debian:' \
		'apt-get install etcd-server etcd-client openssl' \
		'iproute2)' >&2; exit 1; }
	@test -n '$(etcd_is_built)' || { echo 'make check-etcd needs' \
		'portlock-session, so libcurl (Debian: apt-get install' \
		'libcurl4-openssl-dev), and then ./configure again' >&2; \
		exit 1; }
	@only='$(ONLY)'; tests="$${only:-$(etcd_tests) $(etcd_scripts)}"; \
	$(MAKE) check TESTS="$$tests" || exit; \
	test "$$PORTLOCK_PROGRAMS" = all || exit 0; \
	for test in $$tests; do \
		! grep -q 'result: SKIP' "$${test%.sh}.trs" || { \
			echo "$$test: skipped, but must not be" >&2; \
			exit 1; }; \
	done
if ENABLE_ETCD
etcd_is_built = yes
endif

.PHONY: check-etcd

EXTRA_DIST += %D%/README.md %D%/test_bench.sh %D%/test_docs.sh
