/// In how many parts the depth of a product is cut, so that few tiles give a large device enough to do.
///
/// Each part's sums go to scratch memory, and a second call adds them up in order: no atomics, the same bits at every run.
struct ProductSplit: Hashable {
    let count: Int
    /// Depth of each part but the last, a multiple of what the kernel takes at a time.
    let stretch: Int

    /// Most parts: the second call reads them one after another.
    static let most = 16
    /// Most bytes of all parts' sums together.
    static let scratchByteCount = 64 << 20
    /// Parts whose sums have room.
    static func room(rows: Int, columns: Int) -> Int { scratchByteCount / max(1, 4 * rows * columns) }
    /// What the second call costs beside a workgroup's own work, in steps along the depth: about three microseconds
    /// for the barrier and the launch, at some 0.3 steps a nanosecond. An estimate: on an H200 products of one picture took
    /// 2.2 µs longer each in two parts than whole (`Benchmarks/graphics-cards.md`).
    private static let callCost = 1024

    /// The number of parts that ends first where `units` workgroups run at once, each as long as its depth; or the number
    /// that is wanted, as far as there is depth.
    ///
    /// - Parameters:
    ///   - tiles: workgroups of one part.
    ///   - tile: rows and columns of each.
    ///   - inner: elements that are summed.
    ///   - depth: of a tile, or of as many as the kernel takes at a time.
    ///   - most: parts that there is room for.
    init(
        tiles: Int, of tile: (rows: Int, columns: Int), inner: Int, depth: Int, units: Int, most room: Int, wanted: Int?
    ) {
        // What laying a tile's sums down and taking them up costs, in the same steps: sums of four bytes, twice, against rows
        // and columns of factors of two bytes a step.
        let tileCost = 4 * tile.rows * tile.columns / (tile.rows + tile.columns)
        let steps = max(1, (inner + depth - 1) / depth)
        let limit = max(1, min(ProductSplit.most, steps, room))
        func stretch(_ count: Int) -> Int { (steps + count - 1) / count * depth }
        func cost(_ count: Int) -> Int {
            let rounds = (tiles * count + units - 1) / units
            return count == 1
                ? rounds * stretch(1) : rounds * (stretch(count) + tileCost) + ProductSplit.callCost
        }
        // The first of equals: fewer parts are less to add up.
        let best = (1...limit).min { cost($0) < cost($1) } ?? 1
        self.stretch = stretch(min(limit, max(1, wanted ?? best)))
        // Rounding up may leave nothing for the last ones.
        count = max(1, (inner + self.stretch - 1) / self.stretch)
    }
}
