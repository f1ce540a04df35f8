# SPDX-License-Identifier: MIT
# The benchmarks.

EXTRA_PROGRAMS += %D%/hooks
%C%_hooks_LDADD = lib/libportlock-core.la

# What the shim adds to the calls that it hooks.
bench-hooks: all %D%/hooks
	@HOOKS=%D%/hooks PORTLOCK_SHIM='$(abs_top_builddir)/shim/.libs/portlock-shim.so' \
		'$(abs_top_srcdir)/%D%/hooks.sh'

.PHONY: bench-hooks
CLEANFILES += %D%/hooks
EXTRA_DIST += %D%/README.md %D%/hooks.sh
