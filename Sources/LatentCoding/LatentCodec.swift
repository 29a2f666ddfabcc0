public import Diffusion

/// Codes latents to self-contained frames of bytes with a checksum (Protocol/latent-frame.md), and back.
///
/// Decoding is total: any bytes give a latent of the expected shape or a typed error, in memory and time bounded by
/// that shape. An edge goes on from the *decoded* latent, so that it holds the bits that the verifier gets.
public struct LatentCodec: Hashable, Sendable {
    /// How the elements are coded.
    public enum Coding: Hashable, Sendable {
        /// Differences in a pyramid of means, predicted, quantized and range-coded: the fewest bits.
        ///
        /// - Parameters:
        ///   - step: the quantizer step of the finest detail as an orthonormal transform would have it, in the latent's own
        ///     units: elements move by about step/√12. It is rounded down to a power of 2^(1/8).
        ///   - tilts: for each channel how much finer the step gets with every halving of detail, in eighths of an
        ///     octave, at most 15; empty for none.
        case pyramid(step: Float, tilts: [UInt8])
        /// Rounded to `step` standard deviations of each channel, predicted from neighbours, in byte planes for zstd.
        case planes(step: Float)
        /// Every element with all its bits.
        case exact
    }

    public let coding: Coding
    /// zstd's compression level for byte planes; out-of-range levels mean the nearest one.
    public let level: Int

    public init(_ coding: Coding, level: Int = 19) {
        self.coding = coding
        self.level = level
    }

    /// The pyramid code.
    ///
    /// At the default step the final picture is 46.6 dB from that of the unquantized hand-off, for 1.80 bits an
    /// element; a step of 0.78 takes 1.62 bits at 45.1 dB. Measured by `underpaint lab code` on the studio pair 0.8.0
    /// (Benchmarks/latent-code.md).
    ///
    /// - Parameters:
    ///   - step: see `Coding.pyramid`.
    ///   - channelDeviations: the standard deviation that each channel has where the picture decoder takes it. Strong
    ///     channels hold the layout, and what is wrong there grows while the verifier refines; they are sent finer.
    ///     Empty where the latent is of no known decoder: all channels alike.
    public init(step: Float = 0.65, channelDeviations: [Float] = []) {
        self.init(.pyramid(step: step, tilts: channelDeviations.map(Self.tilt)))
    }

    /// Every element with all its bits, for final latents and for reference.
    public static let lossless = LatentCodec(.exact)

    /// 1 + 3·log₂(deviation), rounded down, between 0 and 15: about what the measured sensitivity of pictures asks for.
    private static func tilt(deviation: Float) -> UInt8 {
        guard deviation.isFinite else { return 0 }
        // Powers instead of a logarithm, which this room has not.
        let goal = 2 * Double(deviation) * Double(deviation) * Double(deviation)
        return (1...PyramidQuanta.maximumTilt).last { Double(1 << Int($0)) <= goal } ?? 0
    }

    /// One frame that holds `latent`.
    ///
    /// - Throws: `.notFinite`, `.shapeTooLarge`, `.invalidStep`, `.invalidTilts`, `.rangeTooWide` or
    ///   `.compressionFailed`.
    public func encode(_ latent: Latent) throws(LatentCodingError) -> [UInt8] {
        if let element = latent.values.firstIndex(where: { !$0.isFinite }) {
            throw .notFinite(element: element)
        }
        let body: (coding: LatentFrameHeader.Coding, bytes: [UInt8]?)
        switch coding {
        case .exact:
            let content = BytePlanes.split(latent.values.map(\.bitPattern))
            let payload = try ZstdPayload.compress(content, level: level)
            body = (.exact, PlaneBody.bytes(step: 0, channels: [], payload: payload))
        case .planes(let step):
            body = (.planes, try planes(of: latent, step: step))
        case .pyramid(let step, let tilts):
            let quanta = try Self.quanta(step: step, tilts: tilts, channelCount: latent.shape.channelCount)
            body = (.pyramid, PyramidBody.bytes(quanta, payload: try PyramidCode.encode(latent, quanta)))
        }
        guard let header = LatentFrameHeader(coding: body.coding, shape: latent.shape), let bytes = body.bytes
        else { throw .shapeTooLarge(latent.shape) }
        var frame = header.bytes + bytes
        frame.appendLittleEndian(CRC32C.checksum(frame))
        return frame
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
        if header.coding != .pyramid {
            let declared = try PlaneBody.declaredFrameBytes(of: bytes, header: header)
            guard bytes.count == declared else { throw .wrongLength(expected: declared, got: bytes.count) }
        }
        guard header.matches(shape) else {
            throw .shapeMismatch(
                expected: shape, height: Int(header.height), width: Int(header.width),
                channelCount: Int(header.channelCount))
        }
        let isPyramid = header.coding == .pyramid
        let limit =
            isPyramid
            ? PyramidBody.limit(header, count: shape.elementCount)
            : PlaneBody.limit(header, count: shape.elementCount)
        guard bytes.count <= limit else { throw .frameTooLong(limit: limit, got: bytes.count) }
        let minimum = isPyramid ? PyramidBody.minimumFrameBytes(header) : 0
        guard bytes.count >= minimum else { throw .wrongLength(expected: minimum, got: bytes.count) }
        let end = bytes.count - 4
        guard CRC32C.checksum(bytes[..<end]) == bytes.littleEndian(at: end) as UInt32 else {
            throw .checksumMismatch
        }
        let values = try values(in: bytes, header: header, shape: shape)
        if let element = values.firstIndex(where: { !$0.isFinite }) {
            throw .decodedNotFinite(element: element)
        }
        return Latent(shape: shape, values: values)
    }

    private static func values(
        in frame: [UInt8], header: LatentFrameHeader, shape: LatentShape
    ) throws(LatentCodingError) -> [Float] {
        switch header.coding {
        case .exact:
            return try PlaneBody.words(in: frame, header: header, count: shape.elementCount, as: UInt32.self)
                .words.map(Float.init(bitPattern:))
        case .planes:
            let (residuals, channels) = try PlaneBody.words(
                in: frame, header: header, count: shape.elementCount, as: UInt16.self)
            return NeighbourPrediction.elements(from: residuals, shape: shape).enumerated().map { i, q in
                channels[i % channels.count].dequantize(q)
            }
        case .pyramid:
            let quanta = try PyramidBody.quanta(in: frame, header: header)
            return try PyramidCode.decode(
                frame[PyramidBody.payloadOffset(header)..<frame.count - 4], quanta, shape: shape)
        }
    }

    private func planes(of latent: Latent, step: Float) throws(LatentCodingError) -> [UInt8]? {
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
        return PlaneBody.bytes(
            step: step, channels: channels, payload: try ZstdPayload.compress(content, level: level))
    }

    private static func quanta(
        step: Float, tilts: [UInt8], channelCount: Int
    ) throws(LatentCodingError) -> PyramidQuanta {
        guard let rung = QuantumLadder.rung(atMost: step) else { throw .invalidStep(step) }
        let tilts = tilts.isEmpty ? Array(repeating: 0, count: channelCount) : tilts
        guard tilts.count == channelCount, tilts.allSatisfy({ $0 <= PyramidQuanta.maximumTilt }) else {
            throw .invalidTilts(tilts, channelCount: channelCount)
        }
        return PyramidQuanta(baseRung: Int(rung), tilts: tilts)
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
}
