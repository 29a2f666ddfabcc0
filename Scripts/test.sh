#!/usr/bin/env bash
# All tests: installs what is missing, lints, checks generated code and shaders, runs the quick tests of the training package,
# builds with import checks, runs every test. Options go to `swift test`.
set -euo pipefail
cd "$(dirname "$0")/.."

Scripts/install-dependencies.sh --tests
Scripts/lint.sh
Scripts/generate-protos.sh --check
Scripts/build-shaders.sh --check
Scripts/test-training.sh
swift build --build-tests --explicit-target-dependency-import-check error
# The programs set this for themselves: without it, waiting kernel threads hold up a busy machine.
export GOMP_SPINCOUNT=1000
# Installed above, so that the tests of the Vulkan backend must find it.
export UNDERPAINT_REQUIRE_VULKAN=1

# Other kernels are taken on smaller processors: those, too, as far as this one has their instructions.
for instructions in AVX2_VNNI AVX512_CORE_BF16; do
    echo "The CPU backend with no more than $instructions:"
    DNNL_MAX_CPU_ISA=$instructions NO_COLOR=1 swift test --skip-build --disable-xctest --filter CPUBackendTests 2>&1 \
        | { grep -E '^✘|^✔ Test run' || true; }
done

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Thousands of started cases would bury what matters; what failed is repeated at the end, before the runner's summary.
# A test whose threads wait for each other ends by no limit of its own.
if NO_COLOR=1 timeout --kill-after=30 1800 swift test --skip-build --disable-xctest "$@" 2>&1 | tee "$log" | grep --line-buffered -v '^◇.*started\.$'; then
    exit 0
fi
{ grep -A 3 -E '^✘ .*(recorded an issue|Suite|Test )' "$log" || tail -n 40 "$log"; } | grep -v '^◇'
exit 1
