import Pictures
import Testing

@testable import SplitLab

@Suite struct PictureDistanceTests {
    private func grey(_ value: UInt8, width: Int = 4) -> Picture {
        Picture(width: width, height: 2, rgb: [UInt8](repeating: value, count: 6 * width))
    }

    @Test func aFifthOfTheRangeApartIsAFifth() throws {
        let distance = try #require(grey(0).distance(to: grey(51)))
        #expect(abs(distance - 0.2) < 1e-12)
        #expect(abs(Picture.decibels(of: distance) - 13.9794) < 1e-4)
        #expect(grey(51).distance(to: grey(0)) == distance)
    }

    @Test func oneDifferentValueCountsByItsSquare() throws {
        var rgb = grey(10).rgb
        rgb[5] = 10 + 48
        let distance = try #require(Picture(width: 4, height: 2, rgb: rgb).distance(to: grey(10)))
        #expect(abs(distance - 48 / 24.0.squareRoot() / 255) < 1e-12)
    }

    @Test func equalPicturesHaveTheMostDecibelsAndOthersOfAnotherSizeNoDistance() {
        #expect(grey(7).distance(to: grey(7)) == 0)
        #expect(Picture.decibels(of: 0) == 99 && Picture.decibels(of: 0, atMost: 60) == 60)
        #expect(Picture.decibels(of: 1e-6, atMost: 60) == 60)
        #expect(grey(7).distance(to: grey(7, width: 8)) == nil)
    }
}
