#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A thousand random histories: `recompute` and the twin give the same bytes in
# every order of arrival. `20-random.sh --seed N` tries one and says what is in
# it; `--count N --first N` tries others.
set -u
here=$(cd "$(dirname "$0")" && pwd)
exec python3 "$here/random_histories.py" "$@"
