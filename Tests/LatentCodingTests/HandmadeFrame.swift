import CZstd

/// A latent frame put together field by field, so that tests can break each on its own.
struct HandmadeFrame {
    var magic: [UInt8] = Array("UPLF".utf8)
    var version: UInt8 = 1
    var coding: UInt8 = 0
    var height: UInt16 = 2
    var width: UInt16 = 2
    var channelCount: UInt16 = 1
    var step: Float = 0
    var declaredPayloadBytes: UInt32?
    var channels: [Float] = []
    var payload: [UInt8] = []

    var bytes: [UInt8] {
        var bytes = magic + [version, coding]
        for extent in [height, width, channelCount] { bytes += littleEndian(UInt64(extent), 2) }
        bytes += littleEndian(UInt64(step.bitPattern), 4)
        bytes += littleEndian(UInt64(declaredPayloadBytes ?? UInt32(payload.count)), 4)
        for number in channels { bytes += littleEndian(UInt64(number.bitPattern), 4) }
        return sealed(bytes + payload + [0, 0, 0, 0])
    }
}

/// The frame with its last four bytes replaced by the checksum of the others (RFC 3720, bit by bit).
func sealed(_ frame: [UInt8]) -> [UInt8] {
    var crc: UInt32 = ~0
    for byte in frame.dropLast(4) {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = (crc >> 1) ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
    }
    return frame.dropLast(4) + littleEndian(UInt64(~crc), 4)
}

/// One zstd frame, made with any advanced parameters.
func zstd(_ content: [UInt8], _ parameters: [(ZSTD_cParameter, Int32)] = []) -> [UInt8] {
    let context = ZSTD_createCCtx()
    defer { ZSTD_freeCCtx(context) }
    for (name, value) in parameters { ZSTD_CCtx_setParameter(context, name, value) }
    return [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(content.count)) { output, count in
        count = ZSTD_compress2(context, output.baseAddress, output.count, content, content.count)
        precondition(ZSTD_isError(count) == 0)
    }
}

private func littleEndian(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
}
