#!/usr/bin/env bash
# 1,000 simulated runs with failures write what undisturbed runs write; broken alignment is noticed
set -euo pipefail
test=$(find "$FLOW_BUILD/tests" -type f -name flow_actors_simulation_test)
cd "$(dirname "$0")/../.." && "$test"
