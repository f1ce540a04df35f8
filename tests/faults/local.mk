# SPDX-License-Identifier: MIT
# Every call of the core made to fail, in scenes.  To add a scene, put it into
# the table of a file; to add a file, put its NAME into this list and below.

fault_tests = \
	%D%/test_faults_free \
	%D%/test_faults_harness \
	%D%/test_faults_release \
	%D%/test_faults_session \
	%D%/test_faults_wait

fault_sources = \
	%D%/actor.c \
	%D%/cast.c \
	%D%/cast.h \
	%D%/errors.c \
	%D%/errors.h \
	%D%/play.c \
	%D%/play.h \
	%D%/play_all.c

unit_tests += $(fault_tests)

%C%_test_faults_free_SOURCES = %D%/test_faults_free.c $(fault_sources)
%C%_test_faults_harness_SOURCES = %D%/test_faults_harness.c $(fault_sources)
%C%_test_faults_release_SOURCES = %D%/test_faults_release.c $(fault_sources)
%C%_test_faults_session_SOURCES = %D%/test_faults_session.c $(fault_sources)
%C%_test_faults_wait_SOURCES = %D%/test_faults_wait.c $(fault_sources)
