#!/bin/sh
# Makes wire-*.frame from wire-*.txtpb with protoc and zlib's CRC-32, so that the golden bytes do not come from the
# code that they test. Run it only when the protocol changes on purpose; a changed .frame of an old version is a fault.
set -eu
cd "$(dirname "$0")"
for text in wire-*.txtpb; do
    case $text in
        wire-request*.txtpb) message=VerifyRequest file=verify ;;
        wire-models*.txtpb) message=ModelList file=models ;;
        *) message=VerifyReply file=verify ;;
    esac
    protoc --proto_path=.. --encode="underpaint.v1.$message" "../underpaint/v1/$file.proto" <"$text" |
        python3 -c '
import struct, sys, zlib
message = sys.stdin.buffer.read()
sys.stdout.buffer.write(struct.pack("<II", len(message), zlib.crc32(message)) + message)' \
            >"${text%.txtpb}.frame"
done
