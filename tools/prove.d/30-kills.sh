#!/usr/bin/env bash
# 100 kill -9 at random moments and one crash at every failure point: the rows equal the undisturbed run's
set -euo pipefail
cmake --build "$FLOW_BUILD" --target flow_recovery_kill_test
ctest --test-dir "$FLOW_BUILD" -R '^recovery.kill$' --output-on-failure
