#!/bin/sh
# SPDX-License-Identifier: MIT
# canary.sh - a fault that shellcheck must find.
rm $1
