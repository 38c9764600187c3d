#!/usr/bin/env bash
# 100 kill -9 at random moments and a crash at each failure point there is neither lose nor double a row
set -euo pipefail
test=$(find "$FLOW_BUILD/tests" -type f -name flow_recovery_kill_test)
FLOW_FLOWCTL=$(find "$FLOW_BUILD/tools" -type f -name flowctl)
export FLOW_FLOWCTL
cd "$(dirname "$0")/../.." && "$test"
