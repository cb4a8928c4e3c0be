#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `init --from-observed` writes of a fleet nobody declared, and what the
# ledger says once a person has filled it in.
set -u
exec python3 "$(dirname "$0")/init_history.py"
