import Diffusion
import LatentCoding
import Speculation

/// Decodes damaged frames and holds the decoder to its promise: a latent of the expected shape, or a typed error.
public struct FrameFuzzer {
    /// What came out, and how often.
    public struct Report: Hashable, Sendable, Codable {
        public var frames = 0
        /// By the error's case, `decoded` for latents.
        public var outcomes: [String: Int] = [:]
        /// Rules that were broken, each with the seed of its frame; empty when all is well.
        public var violations: [String] = []
        public var slowestMicroseconds = 0.0

        public var isClean: Bool { violations.isEmpty }
    }

    private let originals: [(shape: LatentShape, frame: [UInt8])]
    private let seed: UInt64

    /// Makes the frames that are damaged, of every coding and of several shapes.
    ///
    /// - Throws: `LatentCodingError`, if the encoder fails.
    public init(seed: UInt64) throws {
        self.seed = seed
        let shapes = [
            LatentShape(height: 4, width: 4, channelCount: 2), LatentShape(height: 1, width: 1, channelCount: 1),
            LatentShape(height: 5, width: 3, channelCount: 3), LatentShape(height: 16, width: 16, channelCount: 8),
        ]
        let codecs = [
            LatentCodec(), LatentCodec(step: 0.02), LatentCodec(.planes(step: 0.25)), LatentCodec.lossless,
        ]
        var originals: [(LatentShape, [UInt8])] = []
        for (index, shape) in shapes.enumerated() {
            let latent = NoiseGenerator(seed: seed).latent(shape, stream: UInt32(index))
            for codec in codecs { originals.append((shape, try codec.encode(latent))) }
        }
        self.originals = originals
    }

    /// Damages and decodes `count` frames; the same seed damages them alike.
    public func run(count: Int, progress: (Int) -> Void = { _ in }) -> Report {
        var report = Report()
        var random = SplitMix(state: seed)
        for index in 0..<count {
            // The large shape seldom: it takes a hundred times as long.
            let isLarge = random.below(32) == 0
            let choices = originals.count / 4
            let original = originals[isLarge ? 3 * choices + random.below(choices) : random.below(3 * choices)]
            let frame = mutant(of: original.frame, &random)
            let start = ContinuousClock.now
            let outcome = outcome(of: frame, shape: original.shape)
            let microseconds = 1e6 * (ContinuousClock.now - start).inSeconds
            report.frames += 1
            report.outcomes[outcome.name, default: 0] += 1
            report.slowestMicroseconds = max(report.slowestMicroseconds, microseconds)
            for violation in outcome.violations { report.violations.append("frame \(index): \(violation)") }
            if (index + 1) % 100_000 == 0 { progress(index + 1) }
        }
        return report
    }

    private func outcome(of frame: [UInt8], shape: LatentShape) -> (name: String, violations: [String]) {
        do throws(LatentCodingError) {
            let latent = try LatentCodec.decode(frame, expecting: shape)
            var violations: [String] = []
            if latent.shape != shape { violations.append("shape \(latent.shape) instead of \(shape)") }
            if !latent.isFinite { violations.append("a value that is not finite") }
            let again = try LatentCodec.decode(frame, expecting: shape)
            if again.values.map(\.bitPattern) != latent.values.map(\.bitPattern) {
                violations.append("two decodings differ")
            }
            let exact = try LatentCodec.decode(LatentCodec.lossless.encode(latent), expecting: shape)
            if exact.values.map(\.bitPattern) != latent.values.map(\.bitPattern) {
                violations.append("coding the latent again exactly gives another one")
            }
            return ("decoded", violations)
        } catch {
            return (Self.name(of: error), error.description.isEmpty ? ["an error without words"] : [])
        }
    }

    /// The error's case without its values.
    private static func name(of error: LatentCodingError) -> String {
        switch error {
        case .checksumMismatch: "checksumMismatch"
        case .notALatentFrame: "notALatentFrame"
        default: Mirror(reflecting: error).children.first?.label ?? "\(error)"
        }
    }

    /// Some damage: other bytes, bits, more, fewer, pieces of another frame; half of the time with a checksum that fits,
    /// so that what lies behind the checksum is reached.
    private func mutant(of frame: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var bytes = frame
        for _ in 0...random.below(6) {
            guard !bytes.isEmpty else { break }
            // Half of the damage is in the head, where the sizes are.
            let range = random.below(2) == 0 ? min(40, bytes.count) : bytes.count
            let position = random.below(range)
            switch random.below(7) {
            case 0: bytes[position] = UInt8(random.below(256))
            case 1: bytes[position] ^= 1 << UInt8(random.below(8))
            case 2: bytes.insert(UInt8(random.below(256)), at: position)
            case 3: bytes.remove(at: position)
            case 4: bytes[position] = [0, 0x7F, 0x80, 0xFF][random.below(4)]
            case 5: bytes.removeLast(random.below(min(bytes.count, 8)))
            default:
                let other = originals[random.below(originals.count)].frame
                let from = random.below(other.count)
                bytes.replaceSubrange(
                    position..<min(position + 4, bytes.count), with: other[from..<min(from + 4, other.count)])
            }
        }
        if random.below(2) == 0, bytes.count >= 4 {
            let checksum = CRC32C.checksum(bytes.dropLast(4))
            for byte in 0..<4 {
                bytes[bytes.count - 4 + byte] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * byte))
            }
        }
        return bytes
    }
}
