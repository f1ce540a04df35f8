# SPDX-License-Identifier: MIT
# Which lines of the library, the command and the shim the tests run.

if COVERAGE
# Only what is measured is instrumented; the rest knows nothing of it.  As a
# builtin, fork() would clear the counters, and exec() write them.
coverage_flags = $(COVERAGE_FLAGS) -fno-builtin \
	-DCOVERAGE_FOLDER='"$(abs_top_builddir)/counters"' \
	'-fprofile-filter-files=^$(srcdir)/lib/;^$(srcdir)/shim/'
coverage_ldflags = --coverage -Wl,--build-id -Wl,--wrap=__gcov_exit \
	-Wl,-T,$(abs_top_srcdir)/%D%/counters.ld
lib_libportlock_core_la_SOURCES += %D%/counters.c
endif

# At least so many lines in a hundred, in lib/ and in shim/ each.
COVERAGE_BAR = 95

coverage_report = COVERAGE_BAR=$(COVERAGE_BAR) \
	'$(abs_top_srcdir)/%D%/report.sh' '$(abs_top_srcdir)'

coverage:
	@gcovr --version >/dev/null 2>&1 || { echo 'make coverage needs gcovr' \
		'(Debian: apt-get install gcovr)' >&2; exit 1; }
	@mkdir -p coverage
	@test -f coverage/config.status || { cd coverage && \
		'$(abs_top_srcdir)/configure' -q --enable-coverage \
			CFLAGS='-g -O0' CXXFLAGS='-g -O0'; }
	@cd coverage && $(coverage_report) clear
	@status=0; $(MAKE) -C coverage check || status=1; \
	cd coverage && $(coverage_report) show || status=1; exit $$status

clean-local:
	rm -rf coverage

.PHONY: coverage

EXTRA_DIST += %D%/counters.c %D%/counters.ld %D%/report.sh
