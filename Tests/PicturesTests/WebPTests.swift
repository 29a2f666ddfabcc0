import Foundation
import Pictures
import Testing

@Suite struct WebPTests {
    let picture = Picture(width: 33, height: 20, rgb: (0..<1980).map { UInt8(($0 * 7) % 256) })
    let smooth = Picture(width: 32, height: 32, rgb: (0..<3072).map { UInt8($0 / 24) })

    @Test func losslessFilesKeepEveryPixel() throws {
        #expect(try WebP.decode(try WebP.encode(picture, quality: nil)) == picture)
    }

    @Test func aHigherQualityIsNearerAndLonger() throws {
        let files = try [20, 95].map { try WebP.encode(smooth, quality: $0) }
        #expect(files[0].count < files[1].count)
        let errors = try files.map { file in
            zip(try WebP.decode(file).rgb, smooth.rgb).map { pow(Double($0) - Double($1), 2) }.reduce(0, +)
        }
        #expect(errors[1] < errors[0] && errors[1] < 3072 * 9, "squared errors \(errors)")
    }

    @Test func encodingIsDeterministic() throws {
        #expect(try WebP.encode(smooth, quality: 90) == (try WebP.encode(smooth, quality: 90)))
    }

    @Test(arguments: [nil, 90])
    func aTextIsAddedWithoutTouchingThePixels(quality: Int?) throws {
        let text = "a red mug\nSteps: 25, Überprüft: 🎨"
        let plain = try WebP.encode(picture, quality: quality)
        let file = try WebP.add(text, to: plain)
        #expect(try WebP.decode(file) == WebP.decode(plain))
        #expect(try PictureFormat.webp(quality: quality).encode(picture, parameters: text) == file)
        // The chunk of the container, and in it the comment as Exif wants it.
        let comment = Data("UNICODE\0".utf8) + Data(text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] })
        let chunk = try #require(Data(file).range(of: Data("EXIF".utf8)))
        let found = try #require(Data(file).range(of: comment))
        // Behind the chunk's name stand its length, the TIFF header and two directories of one entry each.
        #expect(found.lowerBound - chunk.upperBound == 4 + 8 + 18 + 18)
        #expect(Array(file[chunk.upperBound + 4..<chunk.upperBound + 8]) == [0x4D, 0x4D, 0, 42])
    }

    @Test(arguments: [nil, 90])
    func everyTruncationIsAnError(quality: Int?) throws {
        let file = try WebP.encode(picture, quality: quality)
        for count in 0..<file.count - 1 {
            #expect(throws: PictureFileError.self) { try WebP.decode(Array(file[..<count])) }
        }
        #expect(throws: PictureFileError.self) { try WebP.add("x", to: Array(file[..<20])) }
    }

    @Test func flippedBytesNeverTrap() throws {
        let file = try WebP.add("x", to: try WebP.encode(picture, quality: nil))
        for index in file.indices {
            var damaged = file
            damaged[index] ^= 0xFF
            _ = try? WebP.decode(damaged)
        }
    }

    @Test func aSideThatTheFormatCannotHoldIsRefused() throws {
        let long = Picture(width: 16384, height: 1, rgb: [UInt8](repeating: 7, count: 3 * 16384))
        let error = try #require(throws: PictureFileError.self) { try WebP.encode(long, quality: 90) }
        #expect(error.message.contains("choose PNG"))
        #expect(!PictureFormat.webp(quality: nil).holds(width: 16384, height: 1))
        #expect(PictureFormat.webp(quality: 90).holds(width: 16383, height: 16383))
        #expect(PictureFormat.png.holds(width: 16384, height: 1))
    }

    @Test func hugeSizeIsRefusedBeforeMemoryIsTaken() throws {
        var file = try WebP.encode(picture, quality: nil)
        // A lossless stream begins at byte 20 with 0x2F, then 14 bits of width − 1 and 14 of height − 1.
        let size = UInt32(16382) | UInt32(16382) << 14
        file.replaceSubrange(21..<25, with: [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: size >> $0) })
        let error = try #require(throws: PictureFileError.self) { try WebP.decode(file) }
        #expect(error.message.contains("16383×16383 is over"))
    }
}
