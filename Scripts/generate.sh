#!/usr/bin/env bash
# From nothing to a picture: installs what is missing, builds, and makes a picture with the embedded verifier.
#   Scripts/generate.sh "a red ceramic mug on a wooden table, soft window light" [options of `underpaint generate`]
set -euo pipefail
cd "$(dirname "$0")/.."

Scripts/install-dependencies.sh
swift build --configuration release --product underpaint >&2
exec "$(swift build --configuration release --show-bin-path)/underpaint" generate "$@"
