#!/bin/sh
# Generates Sources/WireProtocol/Generated from Protocol/underpaint/v1/*.proto.
#
#   Scripts/generate-protos.sh           regenerate, and record what the files were made from
#   Scripts/generate-protos.sh --check   fail if the committed files do not belong to the .proto files
#
# Generating needs protoc (Debian: protobuf-compiler) and protoc-gen-swift of the swift-protobuf version that
# Package.swift names; where the plugin is not on PATH it is built from the package, which takes a minute. The check
# needs neither: it compares recorded SHA-256 sums. With both at hand it also regenerates and compares.
set -eu
cd "$(dirname "$0")/.."

generated=Sources/WireProtocol/Generated
sums=Protocol/underpaint/v1/generated.sha256

generate_into() {
    protoc --proto_path=Protocol --plugin="protoc-gen-swift=$plugin" --swift_out="$1" \
        --swift_opt=Visibility=Internal --swift_opt=FileNaming=DropPath \
        --swift_opt=UseAccessLevelOnImports=true Protocol/underpaint/v1/*.proto
}

if [ "${1:-}" = --check ]; then
    LC_ALL=C
    export LC_ALL
    listed=$(sed 's/^[0-9a-f]*  //' "$sums" | sort)
    present=$(ls Protocol/underpaint/v1/*.proto "$generated"/*.swift | sort)
    if [ "$listed" != "$present" ] || ! sha256sum --check --quiet "$sums"; then
        echo "generated protobuf code and .proto files differ; run Scripts/generate-protos.sh" >&2
        exit 1
    fi
    if command -v protoc >/dev/null && plugin=$(command -v protoc-gen-swift); then
        scratch=$(mktemp -d)
        trap 'rm -rf "$scratch"' EXIT
        generate_into "$scratch"
        diff -r "$scratch" "$generated" || {
            echo "generating anew gives other code; run Scripts/generate-protos.sh" >&2
            exit 1
        }
    fi
    exit 0
fi

command -v protoc >/dev/null || {
    echo "protoc is missing; on Debian: apt-get install protobuf-compiler" >&2
    exit 1
}
plugin=$(command -v protoc-gen-swift) || {
    swift build --product protoc-gen-swift
    plugin=$(swift build --show-bin-path)/protoc-gen-swift
}
mkdir -p "$generated"
rm -f "$generated"/*.pb.swift
generate_into "$generated"
sha256sum Protocol/underpaint/v1/*.proto "$generated"/*.swift >"$sums"
