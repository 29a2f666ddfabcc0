#!/usr/bin/env bash
# All tests: installs what is missing, lints, checks generated code, builds with import checks, runs every test.
set -euo pipefail
cd "$(dirname "$0")/.."

Scripts/install-dependencies.sh
Scripts/lint.sh
Scripts/generate-protos.sh --check
swift build --build-tests --explicit-target-dependency-import-check error
exec swift test --skip-build --disable-xctest "$@"
