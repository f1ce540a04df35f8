#!/bin/sh
# SPDX-License-Identifier: MIT
# canary_leak_child.sh - a leak in a program that a script starts: valgrind must not
# let it pass.
set -eu
"${top_builddir:?}/tests/canary_leak" memory
echo "the leak went unseen"
