# SPDX-License-Identifier: MIT
# The core, the library and the command.

# The core is PIC and is in the library, the shim, the command and the tests.
noinst_LTLIBRARIES += %D%/libportlock-core.la
%C%_libportlock_core_la_LIBADD = $(LIBMD_LIBS)
%C%_libportlock_core_la_SOURCES = \
	%D%/acquire.c \
	%D%/address.c \
	%D%/attempt.h \
	%D%/bundle.c \
	%D%/bundle.h \
	%D%/cargo.c \
	%D%/clock.c \
	%D%/cluster.c \
	%D%/error.c \
	%D%/fork.c \
	%D%/gate.c \
	%D%/gate_win.c \
	%D%/grant.c \
	%D%/internal.h \
	%D%/lock.c \
	%D%/ops.c \
	%D%/ops.h \
	%D%/options.c \
	%D%/ports.c \
	%D%/probe.h \
	%D%/process.c \
	%D%/process.h \
	%D%/query.c \
	%D%/registry.c \
	%D%/session.c \
	%D%/session.h \
	%D%/session_ask.c \
	%D%/session_note.c \
	%D%/session_start.c \
	%D%/session_win.c \
	%D%/sign.c \
	%D%/spawn.c

# Who holds what: in the library and the command, not in the shim.
noinst_LTLIBRARIES += %D%/liblook.la
%C%_liblook_la_SOURCES = \
	%D%/look/diag_inet.c \
	%D%/look/diag_inet.h \
	%D%/look/diag_unix.c \
	%D%/look/fact.c \
	%D%/look/fill.c \
	%D%/look/fill.h \
	%D%/look/holder.c \
	%D%/look/look.c \
	%D%/look/look.h \
	%D%/look/look_ports.c \
	%D%/look/netlink.c \
	%D%/look/netlink.h \
	%D%/look/owners.c \
	%D%/look/owners.h \
	%D%/look/proc_unix.c \
	%D%/look/table.c \
	%D%/look/table.h

lib_LTLIBRARIES += %D%/libportlock.la
%C%_libportlock_la_SOURCES =
%C%_libportlock_la_LIBADD = %D%/liblook.la %D%/libportlock-core.la
%C%_libportlock_la_LDFLAGS = $(AM_LDFLAGS) $(SHARED_LDFLAGS) -Wl,-z,nodelete \
	-version-info $(PORTLOCK_ABI) \
	-Wl,--version-script=$(srcdir)/%D%/portlock.map
EXTRA_%C%_libportlock_la_DEPENDENCIES = %D%/portlock.map

# The command has the core inside: it works wherever it is put, without a
# library path, and runs in the build folder as it will run when installed.
bin_PROGRAMS += portlock
portlock_CPPFLAGS = $(AM_CPPFLAGS) -DPKGLIBDIR='"$(pkglibdir)"'
portlock_LDADD = shim/librules.la %D%/liblook.la %D%/libportlock-core.la \
	$(JANSSON_LIBS)
portlock_SOURCES = \
	%D%/cli/child.c \
	%D%/cli/cli.h \
	%D%/cli/cmd_address.c \
	%D%/cli/cmd_doctor.c \
	%D%/cli/cmd_list.c \
	%D%/cli/cmd_preload.c \
	%D%/cli/cmd_run.c \
	%D%/cli/cmd_wait.c \
	%D%/cli/cmd_who.c \
	%D%/cli/elf.c \
	%D%/cli/elf_imports.c \
	%D%/cli/ended.c \
	%D%/cli/group.c \
	%D%/cli/keeper.c \
	%D%/cli/main.c \
	%D%/cli/message.c \
	%D%/cli/preload.h \
	%D%/cli/program.c \
	%D%/cli/rule_check.c \
	%D%/cli/rule_sources.c \
	%D%/cli/run.h \
	%D%/cli/run_lock.c \
	%D%/cli/seconds.c \
	%D%/cli/shim_path.c \
	%D%/cli/shim_path.h \
	%D%/cli/supervise.c \
	%D%/cli/supervise.h \
	%D%/cli/terminal.c \
	%D%/cli/doctor/etcd.c \
	%D%/cli/doctor/doctor.h \
	%D%/cli/doctor/environment.c \
	%D%/cli/doctor/libraries.c \
	%D%/cli/doctor/look.c \
	%D%/cli/doctor/machine.c \
	%D%/cli/doctor/port_range.c \
	%D%/cli/doctor/print.c \
	%D%/cli/doctor/program.c \
	%D%/cli/doctor/report.c \
	%D%/cli/doctor/uses.c \
	%D%/cli/show/busy.c \
	%D%/cli/show/facts.c \
	%D%/cli/show/json.c \
	%D%/cli/show/show.h \
	%D%/cli/show/table.c \
	%D%/cli/show/text.c \
	%D%/cli/show/waiting.c \
	%D%/cli/trace/call.c \
	%D%/cli/trace/call.h \
	%D%/cli/trace/files.c \
	%D%/cli/trace/locks.c \
	%D%/cli/trace/pattern.c \
	%D%/cli/trace/propose.c \
	%D%/cli/trace/propose.h \
	%D%/cli/trace/read.c \
	%D%/cli/trace/reduce.c \
	%D%/cli/trace/run.c \
	%D%/cli/trace/tell.c \
	%D%/cli/trace/trace.h

# Of bash one file is for each command; the other one is a link to it.
bashcompletiondir = $(BASH_COMPLETION_DIR)
zshcompletiondir = $(ZSH_COMPLETION_DIR)
dist_zshcompletion_DATA = %D%/cli/completion/_portlock
EXTRA_DIST += %D%/cli/completion/portlock.bash
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(bashcompletiondir)'
	$(INSTALL_DATA) '$(srcdir)/%D%/cli/completion/portlock.bash' \
		'$(DESTDIR)$(bashcompletiondir)/portlock'
	cd '$(DESTDIR)$(bashcompletiondir)' && \
		rm -f portlock-bench && $(LN_S) portlock portlock-bench
uninstall-local:
	rm -f '$(DESTDIR)$(bashcompletiondir)/portlock' \
		'$(DESTDIR)$(bashcompletiondir)/portlock-bench'

dist_man_MANS += \
	%D%/cli/portlock.1 \
	%D%/portlock.3 \
	%D%/portlock_acquire.3 \
	%D%/portlock_holder.3 \
	%D%/portlock_mutex.3 \
	%D%/portlock_open.3 \
	%D%/portlock_query.3 \
	%D%/portlock_release.3 \
	%D%/portlock_strerror.3

# So that man finds each function by its name: PAGE.3 is with these the page
# that is named on the left.
acquire_links = \
	%D%/man3/portlock_acquire_for.3 \
	%D%/man3/portlock_acquire_interruptible.3 \
	%D%/man3/portlock_try_lock.3
holder_links = %D%/man3/portlock_waiters.3
open_links = %D%/man3/portlock_close.3
query_links = \
	%D%/man3/portlock_detail.3 \
	%D%/man3/portlock_gate.3 \
	%D%/man3/portlock_has_locked.3 \
	%D%/man3/portlock_lost_fd.3 \
	%D%/man3/portlock_ports.3 \
	%D%/man3/portlock_token.3
strerror_links = %D%/man3/portlock_version.3
man_links = $(acquire_links) $(holder_links) $(open_links) $(query_links) \
	$(strerror_links)

link_to = $(AM_V_GEN)$(MKDIR_P) %D%/man3 && echo .so man3/portlock_
$(acquire_links):
	$(link_to)acquire.3 >$@
$(holder_links):
	$(link_to)holder.3 >$@
$(open_links):
	$(link_to)open.3 >$@
$(query_links):
	$(link_to)query.3 >$@
$(strerror_links):
	$(link_to)strerror.3 >$@
nodist_man_MANS = $(man_links)
CLEANFILES += $(man_links)
# For bpftrace, about the tracepoints in probe.h.
dist_pkgdata_DATA += %D%/portlock-waits.bt
pkgconfig_DATA = %D%/portlock.pc
cmakedir = $(libdir)/cmake/Portlock
cmake_DATA = %D%/PortlockConfig.cmake %D%/PortlockConfigVersion.cmake
EXTRA_DIST += %D%/README.md %D%/etcd/README.md %D%/look/README.md \
	%D%/portlock.map %D%/abi/libportlock.abi
