import Diffusion
import Foundation
import LatentCoding
import Testing

struct GoldenFrameTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Protocol/golden")

    /// The expected bits come from `Protocol/golden/read_latent_frame.py`.
    @Test(arguments: ["latent-quantized", "latent-exact"])
    func committedFramesDecodeToTheBitsOfTheIndependentReader(name: String) throws {
        let bytes = [UInt8](try Data(contentsOf: Self.folder.appending(path: "\(name).bin")))
        let text = try String(contentsOf: Self.folder.appending(path: "\(name).txt"), encoding: .utf8)
        let expected = text.split(whereSeparator: \.isWhitespace).compactMap { UInt32($0, radix: 16) }
        let shape = LatentShape(height: 6, width: 5, channelCount: 3)
        let latent = try LatentCodec.decode(bytes, expecting: shape)
        #expect(latent.values.map(\.bitPattern) == expected)
    }

    @Test func checksumIsThatOfTheStandard() throws {
        // RFC 3720, appendix B.4: 32 zero bytes have the CRC-32C AA 36 91 8A.
        #expect(sealed([UInt8](repeating: 0, count: 36)).suffix(4) == [0xAA, 0x36, 0x91, 0x8A])
    }
}
