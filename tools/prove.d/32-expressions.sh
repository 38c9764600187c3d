#!/usr/bin/env bash
# 10,000 random expressions mean what they mean to PostgreSQL
set -euo pipefail
test=$(find "$FLOW_BUILD/tests" -type f -name flow_expr_postgres_comparison_test)
cd "$(dirname "$0")/../.." && "$test"
