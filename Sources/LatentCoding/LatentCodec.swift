public import Diffusion

/// Codes latents to self-contained frames of bytes with a checksum (Protocol/latent-frame.md), and back.
///
/// Decoding is total: any bytes give a latent of the expected shape or a typed error, in memory bounded by
/// that shape. An edge goes on from the *decoded* latent, so that it holds the bits that the verifier gets.
public struct LatentCodec: Hashable, Sendable {
    /// The quantizer step in standard deviations of each channel; nil for exact frames.
    public let step: Float?
    /// zstd's compression level; out-of-range levels mean the nearest one.
    public let level: Int

    /// A codec that quantizes; no element moves by more than step/2 standard deviations of its channel.
    ///
    /// The defaults are measured on smooth synthetic latents of 2,048 elements: a step of ¼ takes 3.5 bits an
    /// element, ½ 2.6. zstd's low levels leave frames this small half a bit larger and save no time one would notice.
    public init(step: Float = 0.25, level: Int = 19) {
        self.step = step
        self.level = level
    }

    /// Every element with all its bits, for final latents and for reference.
    public static let lossless = LatentCodec(exactAtLevel: 19)

    private init(exactAtLevel level: Int) {
        self.step = nil
        self.level = level
    }

    /// One frame that holds `latent`.
    ///
    /// - Throws: `.notFinite`, `.shapeTooLarge`, `.invalidStep`, `.rangeTooWide` or `.compressionFailed`.
    public func encode(_ latent: Latent) throws(LatentCodingError) -> [UInt8] {
        if let element = latent.values.firstIndex(where: { !$0.isFinite }) {
            throw .notFinite(element: element)
        }
        guard let step else {
            let content = BytePlanes.split(latent.values.map(\.bitPattern))
            return try frame(coding: .exact, shape: latent.shape, step: 0, channels: [], content: content)
        }
        guard step > 0, step.isFinite else { throw .invalidStep(step) }
        let channels = try Self.quantizers(for: latent, step: step)
        var elements = [Int16](repeating: 0, count: latent.values.count)
        for i in elements.indices {
            let channel = i % channels.count
            guard let q = channels[channel].quantize(latent.values[i]) else {
                throw .rangeTooWide(channel: channel)
            }
            elements[i] = q
        }
        let content = BytePlanes.split(NeighbourPrediction.residuals(of: elements, shape: latent.shape))
        return try frame(
            coding: .quantized, shape: latent.shape, step: step, channels: channels, content: content)
    }

    /// The latent in one frame; always the same bits for the same bytes.
    ///
    /// - Parameters:
    ///   - bytes: anything at all.
    ///   - shape: the only shape that is taken.
    /// - Throws: which rule of the frame the bytes break.
    public static func decode(
        _ bytes: [UInt8], expecting shape: LatentShape
    ) throws(LatentCodingError) -> Latent {
        let header = try LatentFrameHeader(bytes)
        guard bytes.count == header.frameBytes else {
            throw .wrongLength(expected: header.frameBytes, got: bytes.count)
        }
        guard Int(header.height) == shape.height, Int(header.width) == shape.width,
            Int(header.channelCount) == shape.channelCount
        else {
            throw .shapeMismatch(
                expected: shape, height: Int(header.height), width: Int(header.width),
                channelCount: Int(header.channelCount))
        }
        let contentBytes = shape.elementCount * header.coding.bytesPerElement
        let limit = header.payloadOffset + ZstdPayload.bound(contentBytes) + 4
        guard bytes.count <= limit else { throw .frameTooLong(limit: limit, got: bytes.count) }
        let end = bytes.count - 4
        guard CRC32C.checksum(bytes[..<end]) == bytes.littleEndian(at: end) as UInt32 else {
            throw .checksumMismatch
        }
        let channels = try quantizers(from: bytes, header: header)
        let content = try ZstdPayload.decompress(bytes[header.payloadOffset..<end], count: contentBytes)
        let values: [Float]
        switch header.coding {
        case .exact:
            values = BytePlanes.join(content, as: UInt32.self).map(Float.init(bitPattern:))
        case .quantized:
            let residuals = BytePlanes.join(content, as: UInt16.self)
            values = NeighbourPrediction.elements(from: residuals, shape: shape).enumerated().map { i, q in
                channels[i % channels.count].dequantize(q)
            }
        }
        if let element = values.firstIndex(where: { !$0.isFinite }) {
            throw .decodedNotFinite(element: element)
        }
        return Latent(shape: shape, values: values)
    }

    private func frame(
        coding: LatentFrameHeader.Coding, shape: LatentShape, step: Float, channels: [ChannelQuantizer],
        content: [UInt8]
    ) throws(LatentCodingError) -> [UInt8] {
        let payload = try ZstdPayload.compress(content, level: level)
        guard
            let header = LatentFrameHeader(
                coding: coding, shape: shape, step: step, payloadBytes: payload.count)
        else { throw .shapeTooLarge(shape) }
        var bytes = header.bytes
        for channel in channels {
            bytes.appendLittleEndian(channel.offset.bitPattern)
            bytes.appendLittleEndian(channel.scale.bitPattern)
        }
        bytes += payload
        bytes.appendLittleEndian(CRC32C.checksum(bytes))
        return bytes
    }

    private static func quantizers(
        for latent: Latent, step: Float
    ) throws(LatentCodingError) -> [ChannelQuantizer] {
        let channelCount = latent.shape.channelCount
        var channels: [ChannelQuantizer] = []
        for channel in 0..<channelCount {
            let values = stride(from: channel, to: latent.values.count, by: channelCount).map { latent.values[$0] }
            guard let quantizer = ChannelQuantizer(fitting: values, step: step) else {
                throw .rangeTooWide(channel: channel)
            }
            channels.append(quantizer)
        }
        return channels
    }

    private static func quantizers(
        from bytes: [UInt8], header: LatentFrameHeader
    ) throws(LatentCodingError) -> [ChannelQuantizer] {
        guard header.coding == .quantized else {
            guard header.step.bitPattern == 0 else { throw .invalidHeader("step is set though it is exact") }
            return []
        }
        guard header.step > 0, header.step.isFinite else {
            throw .invalidHeader("quantizer step \(header.step) is not a positive number")
        }
        var channels: [ChannelQuantizer] = []
        for channel in 0..<Int(header.channelCount) {
            let entry = LatentFrameHeader.byteCount + channel * header.coding.bytesPerChannel
            guard
                let quantizer = ChannelQuantizer(
                    offset: Float(bitPattern: bytes.littleEndian(at: entry)),
                    scale: Float(bitPattern: bytes.littleEndian(at: entry + 4)), step: header.step)
            else { throw .invalidHeader("scale or offset of channel \(channel) is not a usable number") }
            channels.append(quantizer)
        }
        return channels
    }
}
