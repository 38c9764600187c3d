#!/usr/bin/env bash
# The fuzz targets run for FLOW_FUZZ_SECONDS (600) each without a crash
exec "$(dirname "$0")/../fuzz.sh" "${FLOW_FUZZ_SECONDS:-600}"
