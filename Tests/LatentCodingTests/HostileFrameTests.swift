import CZstd
import Diffusion
import LatentCoding
import TestSupport
import Testing

private let shape = LatentShape(height: 4, width: 4, channelCount: 2)

/// Bytes from anywhere must give a latent or a typed error, and never a trap or a large allocation.
struct HostileFrameTests {
    private static let codecs = [LatentCodec(), LatentCodec(.planes(step: 0.25)), .lossless]

    @Test(arguments: codecs)
    func everyTruncationIsRefused(codec: LatentCodec) throws {
        let frame = try codec.encode(smoothLatent(shape, seed: 1))
        for length in 0..<frame.count {
            #expect(throws: LatentCodingError.self) {
                try LatentCodec.decode(Array(frame[..<length]), expecting: shape)
            }
            // The same with a checksum that fits, so that the checks behind it are asked. What a pyramid lacks at its end
            // counts as zeros: then the checksum alone tells.
            let forged = sealed(Array(frame[..<length]))
            if case .pyramid = codec.coding, length >= 18 {
                if let latent = try? LatentCodec.decode(forged, expecting: shape) {
                    #expect(latent.isFinite && latent.shape == shape)
                }
            } else {
                #expect(throws: LatentCodingError.self) { try LatentCodec.decode(forged, expecting: shape) }
            }
        }
    }

    @Test(arguments: codecs)
    func everyFlippedBitIsRefused(codec: LatentCodec) throws {
        let frame = try codec.encode(smoothLatent(shape, seed: 1))
        for bit in 0..<8 * frame.count {
            var damaged = frame
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: LatentCodingError.self) { try LatentCodec.decode(damaged, expecting: shape) }
        }
    }

    @Test func bytesAfterTheEndAreRefused() throws {
        let frame = try LatentCodec(.planes(step: 0.25)).encode(smoothLatent(shape, seed: 1))
        #expect(throws: LatentCodingError.wrongLength(expected: frame.count, got: frame.count + 1)) {
            try LatentCodec.decode(frame + [0], expecting: shape)
        }
        // A pyramid has no length of its own: what is too much is a zero at the end, or never looked at.
        let pyramid = try LatentCodec().encode(smoothLatent(shape, seed: 1))
        for tail in [[0], [7], Array(repeating: 7, count: 9)] as [[UInt8]] {
            #expect(throws: LatentCodingError.checksumMismatch) {
                try LatentCodec.decode(pyramid + tail, expecting: shape)
            }
        }
        for tail in [[0], Array(repeating: 7, count: 9)] as [[UInt8]] {
            #expect(throws: LatentCodingError.self) {
                try LatentCodec.decode(sealed(pyramid.dropLast(4) + tail + [0, 0, 0, 0]), expecting: shape)
            }
        }
        let long = sealed(pyramid + [UInt8](repeating: 1, count: 100_000))
        #expect(throws: LatentCodingError.frameTooLong(limit: 18 + 32 * 96 + 4, got: long.count)) {
            try LatentCodec.decode(long, expecting: shape)
        }
        // Inside the payload, where the outer length still fits.
        let content = [UInt8](repeating: 0, count: 16)
        for tail in [[0], zstd(content), [0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0]] {
            let frame = HandmadeFrame(payload: zstd(content) + tail)
            #expect(throws: LatentCodingError.invalidPayload("it is not one whole zstd frame")) {
                try decodeSmall(frame)
            }
        }
    }

    /// Half of the mutants get a checksum that fits, so that they reach zstd and the quantizer.
    @Test(arguments: codecs)
    func twentyThousandMutantsGiveALatentOrATypedError(codec: LatentCodec) throws {
        let frame = try codec.encode(smoothLatent(shape, seed: 1))
        var random = SeededGenerator(seed: 99)
        var (decoded, refused) = (0, 0)
        for _ in 0..<20_000 {
            var mutant = frame
            for _ in 0...random.below(6) {
                // Twice as often in the head, where the sizes are.
                let range = random.below(2) == 0 ? min(40, mutant.count) : mutant.count
                switch random.below(4) {
                case 0: mutant[random.below(range)] = UInt8(random.below(256))
                case 1: mutant[random.below(range)] ^= 1 << UInt8(random.below(8))
                case 2: mutant.insert(UInt8(random.below(256)), at: random.below(range))
                default: if mutant.count > 8 { mutant.remove(at: random.below(min(range, mutant.count))) }
                }
            }
            if random.below(2) == 0 {
                mutant = sealed(mutant)
            }
            do throws(LatentCodingError) {
                let latent = try LatentCodec.decode(mutant, expecting: shape)
                #expect(latent.isFinite && latent.shape == shape)
                decoded += 1
            } catch {
                #expect(!error.description.isEmpty)
                refused += 1
            }
        }
        // Both ways out are really taken.
        #expect(decoded > 20)
        #expect(refused > 10_000)
    }

    @Test func aFrameThatExpandsBeyondTheShapeIsRefused() {
        // 64 MiB of zeros in about 2 KiB, honest about its size, and the same without a size.
        let bomb = [UInt8](repeating: 0, count: 64 << 20)
        for parameters in [[], [(ZSTD_c_contentSizeFlag, 0)]] as [[(ZSTD_cParameter, Int32)]] {
            let payload = zstd(bomb, parameters)
            #expect(payload.count < 16384)
            #expect(throws: LatentCodingError.self) { try decodeSmall(HandmadeFrame(payload: payload)) }
            // In a shape whose frame may be this long, so that zstd's own fields are what is refused.
            let frame = HandmadeFrame(height: 128, width: 128, payload: payload)
            #expect(
                throws: LatentCodingError.invalidPayload(
                    "it does not declare the 65536 bytes that the shape needs")
            ) {
                try LatentCodec.decode(
                    frame.bytes, expecting: LatentShape(height: 128, width: 128, channelCount: 1))
            }
        }
    }

    @Test func aFrameThatLiesAboutItsContentSizeIsRefused() {
        // A single-segment frame with a one-byte content size: the descriptor is byte 4, the size byte 5.
        for actual in [1, 15, 17, 200] {
            var payload = zstd([UInt8](repeating: 7, count: actual))
            #expect(payload[4] == 0x20 && payload[5] == UInt8(actual))
            payload[5] = 16
            #expect(throws: LatentCodingError.self) { try decodeSmall(HandmadeFrame(payload: payload)) }
        }
    }

    @Test func zstdFramesOfOtherKindsAreRefused() {
        let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 16, 0, 0, 0] + [UInt8](repeating: 0, count: 16)
        let versionSeven: [UInt8] = [0x27, 0xB5, 0x2F, 0xFD] + [UInt8](repeating: 0, count: 16)
        for payload in [skippable, versionSeven, [], [0x28]] {
            #expect(throws: LatentCodingError.invalidPayload("it is not a zstd frame")) {
                try decodeSmall(HandmadeFrame(payload: payload))
            }
        }
        let headless = HandmadeFrame(payload: [0x28, 0xB5, 0x2F, 0xFD])
        #expect(throws: LatentCodingError.self) { try decodeSmall(headless) }
    }

    @Test func declaredLengthsThatDoNotFitAreRefused() {
        let payload = zstd([UInt8](repeating: 0, count: 16))
        for declared in [0, 1, UInt32(payload.count) - 1, UInt32(payload.count) + 1, .max] {
            let frame = HandmadeFrame(declaredPayloadBytes: declared, payload: payload)
            #expect(throws: LatentCodingError.self) { try decodeSmall(frame) }
        }
        // A frame far longer than the shape can need is refused before its checksum is computed.
        let long = HandmadeFrame(payload: [UInt8](repeating: 0, count: 100_000))
        #expect(throws: LatentCodingError.frameTooLong(limit: 24 + ZSTD_compressBound(16), got: 100_024)) {
            try decodeSmall(long)
        }
    }

    @Test func versionsShapesAndMagicHaveTheirOwnErrors() {
        let payload = zstd([UInt8](repeating: 0, count: 16))
        for version: UInt8 in [0, 3, 255] {
            #expect(throws: LatentCodingError.unsupportedVersion(Int(version))) {
                try decodeSmall(HandmadeFrame(version: version, payload: payload))
            }
        }
        #expect(throws: Never.self) { try decodeSmall(HandmadeFrame(version: 2, payload: payload)) }
        #expect(throws: LatentCodingError.notALatentFrame) {
            try decodeSmall(HandmadeFrame(magic: Array("PNG!".utf8), payload: payload))
        }
        for (height, width, channelCount) in [(2, 2, 4), (4, 1, 1), (0, 2, 1), (2, 2, 0), (65535, 65535, 65535)] {
            let frame = HandmadeFrame(
                height: UInt16(height), width: UInt16(width), channelCount: UInt16(channelCount), payload: payload)
            #expect(
                throws: LatentCodingError.shapeMismatch(
                    expected: LatentShape(height: 2, width: 2, channelCount: 1), height: height, width: width,
                    channelCount: channelCount)
            ) {
                try decodeSmall(frame)
            }
        }
        // Version 1 has no pyramid.
        for (version, coding) in [(1, 2), (1, 3), (2, 3)] as [(UInt8, UInt8)] {
            #expect(throws: LatentCodingError.invalidHeader("coding \(coding) is unknown")) {
                try decodeSmall(HandmadeFrame(version: version, coding: coding, payload: payload))
            }
        }
        #expect(throws: LatentCodingError.self) { try decodeSmall(HandmadeFrame(step: 1, payload: payload)) }
    }

    /// Any bytes where the range-coded ones belong: most give some latent.
    @Test func noiseInAPyramidGivesALatentOrATypedError() throws {
        var random = SeededGenerator(seed: 4)
        var (decoded, refused) = (0, 0)
        for _ in 0..<3000 {
            let payload = (0..<random.below(24)).map { _ in UInt8(random.below(256)) }
            let head: [UInt8] =
                Array("UPLF".utf8) + [2, 2, 4, 0, 4, 0, 2, 0, UInt8(random.below(256)), UInt8(random.below(256))]
            do throws(LatentCodingError) {
                let latent = try LatentCodec.decode(sealed(head + payload + [0, 0, 0, 0]), expecting: shape)
                #expect(latent.isFinite && latent.shape == shape)
                decoded += 1
            } catch {
                refused += 1
            }
        }
        #expect(decoded > 300 && refused > 300)
    }

    @Test func aMagnitudeBeyondAllBoundsIsRefused() {
        // The largest numbers: all bits 1, as long as they say so.
        let head: [UInt8] = Array("UPLF".utf8) + [2, 2, 1, 0, 1, 0, 1, 0, 0, 0]
        #expect(throws: LatentCodingError.invalidPayload("it holds a number beyond all bounds")) {
            try LatentCodec.decode(
                sealed(head + [0, 0, 0, 0]), expecting: LatentShape(height: 1, width: 1, channelCount: 1))
        }
        // An odd count of channels leaves half a byte over, which must be 0.
        #expect(throws: LatentCodingError.invalidHeader("tilt of a channel that does not exist is set")) {
            try LatentCodec.decode(
                sealed(head.dropLast() + [0x10, 9, 0, 0, 0, 0]),
                expecting: LatentShape(height: 1, width: 1, channelCount: 1))
        }
    }

    @Test func numbersThatAreNotFiniteAreRefused() {
        let payload = zstd([UInt8](repeating: 0, count: 8))
        let good = HandmadeFrame(coding: 1, step: 0.25, channels: [1, 2], payload: payload)
        #expect(throws: Never.self) { try decodeSmall(good) }
        for bad in [Float.nan, .infinity, -.infinity] {
            for entry in 0..<2 {
                var frame = good
                frame.channels[entry] = bad
                #expect(throws: LatentCodingError.self) { try decodeSmall(frame) }
            }
        }
        for step in [Float.nan, .infinity, 0, -1] {
            var frame = good
            frame.step = step
            #expect(throws: LatentCodingError.self) { try decodeSmall(frame) }
        }
        var negative = good
        negative.channels[1] = -2
        #expect(throws: LatentCodingError.self) { try decodeSmall(negative) }
        var overflowing = good
        (overflowing.step, overflowing.channels[1]) = (2, .greatestFiniteMagnitude)
        #expect(throws: LatentCodingError.self) { try decodeSmall(overflowing) }
        // A finite quantum whose multiple overflows: q = 3 at the first element.
        var large = good
        (large.step, large.channels[1]) = (1, .greatestFiniteMagnitude / 2)
        large.payload = zstd([6, 0, 0, 0, 0, 0, 0, 0])
        #expect(throws: LatentCodingError.decodedNotFinite(element: 0)) { try decodeSmall(large) }
        // A NaN in an exact frame: 0x7FC00000 in planes, at element 2.
        let planes: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0x7F, 0]
        #expect(throws: LatentCodingError.decodedNotFinite(element: 2)) {
            try decodeSmall(HandmadeFrame(payload: zstd(planes)))
        }
    }
}

/// Decodes as 2×2×1, the shape of a plain `HandmadeFrame`.
@discardableResult
private func decodeSmall(_ frame: HandmadeFrame) throws(LatentCodingError) -> Latent {
    try LatentCodec.decode(frame.bytes, expecting: LatentShape(height: 2, width: 2, channelCount: 1))
}

extension SeededGenerator {
    fileprivate mutating func below(_ bound: Int) -> Int { integer(in: 0...bound - 1) }
}
