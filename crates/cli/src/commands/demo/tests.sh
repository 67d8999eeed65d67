#!/bin/sh
# Runs every test that is there; the first that fails ends it.
set -eu
cd "$(dirname "$0")/.."
count=0
for test in tests/test_*.sh; do
    [ -e "$test" ] || continue
    sh "$test"
    count=$((count + 1))
done
echo "$count tests passed"
