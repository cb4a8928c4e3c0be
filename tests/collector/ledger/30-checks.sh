#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every check that ships has a history that passes, one that fails, and one of
# which nobody can know; judged by the twin and by `recompute`.
set -u
here=$(cd "$(dirname "$0")" && pwd)
exec python3 "$here/check_histories.py" "$@"
