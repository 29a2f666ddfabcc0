import Testing

@testable import VulkanBackend

@Suite struct ProductSplitTests {
    private func split(
        tiles: Int, inner: Int, units: Int = 132, depth: Int = 32, most: Int = 1000, wanted: Int? = nil
    ) -> ProductSplit {
        ProductSplit(
            tiles: tiles, of: (64, 64), inner: inner, depth: depth, units: units, most: most, wanted: wanted)
    }

    /// 132 units, as an H100 has.
    @Test func fewTilesAreCutSoThatAllUnitsWork() {
        // A convolution of 1280 channels at 8×8, two pictures: 40 tiles, three times as many in one go.
        #expect(split(tiles: 40, inner: 11_520).count == 3)
        // One tile for each unit is enough, and so is a short sum.
        #expect(split(tiles: 132, inner: 11_520).count == 1)
        #expect(split(tiles: 40, inner: 1024).count == 1)
        #expect(split(tiles: 4, inner: 256).count == 1)
        // A second, nearly empty round is worth avoiding only if the first is long.
        #expect(split(tiles: 140, inner: 320).count == 1)
        #expect(split(tiles: 140, inner: 20_000).count > 1)
        // A software device never cuts.
        for tiles in 1..<50 { #expect(split(tiles: tiles, inner: 100_000, units: 1).count == 1) }
    }

    @Test func partsCoverTheDepthAndNoneIsEmpty() {
        for inner in [1, 16, 31, 32, 33, 100, 513, 1000, 11_520] {
            for wanted in [nil, 1, 2, 3, 5, 16, 99] {
                for tiles in [1, 7, 40, 1000] {
                    let split = split(tiles: tiles, inner: inner, wanted: wanted)
                    #expect((1...ProductSplit.most).contains(split.count))
                    #expect(split.stretch % 32 == 0)
                    #expect(split.stretch * split.count >= inner)
                    #expect(split.stretch * (split.count - 1) < inner)
                }
            }
        }
        #expect(split(tiles: 1, inner: 320, wanted: 5) == split(tiles: 1000, inner: 320, wanted: 5))
        #expect(split(tiles: 1, inner: 320, wanted: 5).count == 5)
    }

    @Test func thereAreNoMorePartsThanRoom() {
        #expect(split(tiles: 40, inner: 11_520, most: 2).count == 2)
        #expect(split(tiles: 40, inner: 11_520, most: 0).count == 1)
    }
}
