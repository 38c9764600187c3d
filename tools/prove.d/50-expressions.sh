#!/usr/bin/env bash
# Random expressions give what PostgreSQL gives, value by value and error by error
set -euo pipefail
test_program=$FLOW_BUILD/tests/external/expr/flow_expr_postgres_comparison_test
for seed in ${FLOW_TEST_SEED:-20010101 1 2}; do
  FLOW_TEST_SEED=$seed FLOW_EXPR_CASES=${FLOW_EXPR_CASES:-10000} "$test_program" 2>&1 | grep -E 'compared with|values,|passed|failed'
done
