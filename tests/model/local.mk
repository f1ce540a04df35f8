# SPDX-License-Identifier: MIT
# "make check-model": spin checks a model of the queue; JOBS=4 at a time.

check-model:
	@'$(abs_top_srcdir)/%D%/run.sh' $(ONLY)

clean-local: clean-model
clean-model:
	rm -rf %D%/runs

.PHONY: check-model clean-model

EXTRA_DIST += %D%/README.md %D%/run.sh %D%/table.txt %D%/queue.pml \
	%D%/kernel.pml %D%/lock.pml %D%/world.pml
