import CZstd

/// One zstd frame of a size that both sides know beforehand.
enum ZstdPayload {
    /// The most bytes that `compress` gives for `count` bytes.
    static func bound(_ count: Int) -> Int { ZSTD_compressBound(count) }

    static func compress(_ bytes: [UInt8], level: Int) throws(LatentCodingError) -> [UInt8] {
        var result = 0
        let payload = [UInt8](unsafeUninitializedCapacity: bound(bytes.count)) { output, count in
            result = bytes.withUnsafeBytes { input in
                ZSTD_compress(
                    output.baseAddress, output.count, input.baseAddress, input.count, Int32(clamping: level))
            }
            count = ZSTD_isError(result) == 0 ? result : 0
        }
        guard ZSTD_isError(result) == 0 else { throw .compressionFailed(name(of: result)) }
        return payload
    }

    /// The content of a payload that is exactly one zstd frame of exactly `count` bytes.
    ///
    /// All of it is read in one pass straight into the result, so neither the size nor the window that the
    /// frame declares can make zstd reserve memory.
    static func decompress(_ payload: ArraySlice<UInt8>, count: Int) throws(LatentCodingError) -> [UInt8] {
        // Without this, skippable frames and the formats of zstd's early versions would be taken, too.
        guard payload.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) else {
            throw .invalidPayload("it is not a zstd frame")
        }
        let (declared, frameBytes) = payload.withUnsafeBytes { input in
            (
                ZSTD_getFrameContentSize(input.baseAddress, input.count),
                ZSTD_findFrameCompressedSize(input.baseAddress, input.count)
            )
        }
        // An unknown and an unreadable size are large numbers and fail here as well.
        guard declared == UInt64(count) else {
            throw .invalidPayload("it does not declare the \(count) bytes that the shape needs")
        }
        guard ZSTD_isError(frameBytes) == 0, frameBytes == payload.count else {
            throw .invalidPayload("it is not one whole zstd frame")
        }
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, written in
            result = payload.withUnsafeBytes { input in
                ZSTD_decompress(output.baseAddress, count, input.baseAddress, input.count)
            }
            written = ZSTD_isError(result) == 0 ? result : 0
        }
        guard ZSTD_isError(result) == 0 else { throw .invalidPayload(name(of: result)) }
        guard bytes.count == count else {
            throw .invalidPayload("it expands to \(bytes.count) bytes where the shape needs \(count)")
        }
        return bytes
    }

    private static func name(of result: Int) -> String { String(cString: ZSTD_getErrorName(result)) }
}
