#!/usr/bin/env bash
# In a bare Debian 12, the demo and all tests succeed from a fresh clone
exec "$(dirname "$0")/../bare_debian.sh" bookworm
