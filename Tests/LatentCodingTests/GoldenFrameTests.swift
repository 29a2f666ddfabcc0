import Diffusion
import Foundation
import LatentCoding
import Testing

struct GoldenFrameTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Protocol/golden")

    /// The expected bits come from `Protocol/golden/read_latent_frame.py`.
    @Test(arguments: [
        ("latent-quantized", "latent-quantized"), ("latent-exact", "latent-exact"), ("latent-exact-2", "latent-exact"),
        ("latent-pyramid", "latent-pyramid"),
    ])
    func committedFramesDecodeToTheBitsOfTheIndependentReader(frame: String, elements: String) throws {
        let bytes = [UInt8](try Data(contentsOf: Self.folder.appending(path: "\(frame).bin")))
        let text = try String(contentsOf: Self.folder.appending(path: "\(elements).txt"), encoding: .utf8)
        let expected = text.split(whereSeparator: \.isWhitespace).compactMap { UInt32($0, radix: 16) }
        let shape = LatentShape(height: 6, width: 5, channelCount: 3)
        let latent = try LatentCodec.decode(bytes, expecting: shape)
        #expect(latent.values.map(\.bitPattern) == expected)
    }

    /// A real hand-off of the studio pair at the default step: it comes by most of the starting probabilities.
    @Test func aHandoffDecodesToTheBitsOfTheIndependentReaderAndBack() throws {
        let bytes = [UInt8](try Data(contentsOf: Self.folder.appending(path: "latent-handoff.bin")))
        let text = try String(contentsOf: Self.folder.appending(path: "latent-handoff.txt"), encoding: .utf8)
        let expected = text.split(whereSeparator: \.isWhitespace).compactMap { UInt32($0, radix: 16) }
        let latent = try LatentCodec.decode(bytes, expecting: LatentShape(height: 16, width: 16, channelCount: 8))
        #expect(latent.values.map(\.bitPattern) == expected)
        // Elements that lie on the steps already are coded to the same bytes.
        let codec = LatentCodec(.pyramid(step: 0.65, tilts: [7, 4, 3, 1, 0, 0, 0, 0]))
        #expect(try codec.encode(latent) == bytes)
    }

    @Test func thePyramidIsEncodedToTheCommittedBytes() throws {
        func frame(_ name: String) throws -> [UInt8] {
            [UInt8](try Data(contentsOf: Self.folder.appending(path: "\(name).bin")))
        }
        let shape = LatentShape(height: 6, width: 5, channelCount: 3)
        let latent = try LatentCodec.decode(try frame("latent-exact"), expecting: shape)
        #expect(try LatentCodec(.pyramid(step: 0.1, tilts: [7, 0, 3])).encode(latent) == frame("latent-pyramid"))
    }

    @Test func checksumIsThatOfTheStandard() throws {
        // RFC 3720, appendix B.4: 32 zero bytes have the CRC-32C AA 36 91 8A.
        #expect(sealed([UInt8](repeating: 0, count: 36)).suffix(4) == [0xAA, 0x36, 0x91, 0x8A])
    }
}
