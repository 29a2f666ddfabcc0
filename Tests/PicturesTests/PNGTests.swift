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
            #expect(throws: PNGError.self) { try PNG.decode(Array(file[..<count])) }
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
        // IHDR stands at byte 16: width and height, big-endian. The CRC no longer fits, which is refused as well.
        file.replaceSubrange(16..<24, with: [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
        #expect(throws: PNGError.self) { try PNG.decode(file) }
    }

    @Test func decodedFloatsAreClampedAndRounded() {
        let picture = Picture(width: 1, height: 2, decoded: [-2, -1, 0, 1, 2, .nan])
        #expect(picture.rgb == [0, 0, 128, 255, 255, 0])
    }
}
