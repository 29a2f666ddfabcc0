import Pictures
import Testing

@Suite struct PNGTests {
    let picture = Picture(width: 5, height: 3, rgb: (0..<45).map { UInt8($0 * 5) })

    @Test func pictureAndTextComeBack() throws {
        let text = [PNGText(key: "parameters", text: "a red mug\nSteps: 25, Überprüft: 🎨")]
        let back = try PNG.decode(try PNG.encode(picture, text: text))
        #expect(back.picture == picture)
        #expect(back.text == text)
    }

    @Test func encodingIsDeterministic() throws {
        #expect(try PNG.encode(picture) == (try PNG.encode(picture)))
    }

    @Test func everyTruncationIsAnError() throws {
        let file = try PNG.encode(picture)
        // The last 12 bytes are the IEND chunk; libpng accepts a file that has all pixels only with it.
        for count in 0..<file.count {
            #expect(throws: PictureFileError.self) { try PNG.decode(Array(file[..<count])) }
        }
    }

    @Test func flippedBytesNeverTrap() throws {
        let file = try PNG.encode(picture, text: [PNGText(key: "parameters", text: "x")])
        for index in file.indices {
            var damaged = file
            damaged[index] ^= 0xFF
            _ = try? PNG.decode(damaged)
        }
    }

    @Test func hugeSizeIsRefusedBeforeMemoryIsTaken() throws {
        var file = try PNG.encode(picture)
        // IHDR's type stands at byte 12, width and height at 16, big-endian, its checksum at 29: a sound header of
        // 20,000 × 20,000 pixels, so that nothing but the size is wrong with it.
        file.replaceSubrange(16..<24, with: [0, 0, 0x4E, 0x20, 0, 0, 0x4E, 0x20])
        let checksum = Self.checksum(file[12..<29])
        file.replaceSubrange(29..<33, with: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: checksum >> $0) })
        let error = try #require(throws: PictureFileError.self) { try PNG.decode(file) }
        #expect(error.message.contains("20000×20000 is over"))
    }

    /// CRC-32 bit by bit, as the PNG specification's annex D defines it.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(~0 as UInt32) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1 }
        }
    }

    @Test func decodedFloatsAreClampedAndRounded() {
        let picture = Picture(width: 1, height: 2, decoded: [-2, -1, 0, 1, 2, .nan])
        #expect(picture.rgb == [0, 0, 128, 255, 255, 0])
    }
}
