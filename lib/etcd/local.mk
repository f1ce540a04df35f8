# SPDX-License-Identifier: MIT
# portlock-session, the process that speaks to etcd for the handles of a host.
# Neither the library nor the shim has anything of libcurl.

if ENABLE_ETCD
pkglibexec_PROGRAMS += portlock-session
dist_man_MANS += %D%/portlock-session.8
endif
portlock_session_CPPFLAGS = $(AM_CPPFLAGS) $(LIBCURL_CFLAGS)
portlock_session_LDADD = $(LIBCURL_LIBS) $(JANSSON_LIBS)
portlock_session_SOURCES = \
	%D%/main.c \
	%D%/protocol.h
