/// The numbers of rows that shared batches have: few, because every one costs a compiled graph.
public struct BatchSizes: Hashable, Sendable {
    /// Powers of two to the largest.
    public static let standard = BatchSizes(largest: 16)

    private let ascending: [Int]

    /// - Precondition: `largest` is a power of two.
    init(largest: Int) {
        precondition(largest > 0 && largest & (largest - 1) == 0, "\(largest) is no power of two")
        ascending = (0...largest.trailingZeroBitCount).map { 1 << $0 }
    }

    var largest: Int { ascending[ascending.count - 1] }

    /// Those that as many rows, or fewer, are batched in.
    public func upTo(_ rows: Int) -> [Int] {
        let most = next(for: max(1, min(rows, largest)))
        return ascending.filter { $0 <= most }
    }

    /// Without the largest, unless it is the only one.
    var smaller: BatchSizes { BatchSizes(largest: max(1, largest / 2)) }

    /// The size of the next batch where `remaining` rows are left: the one that holds them all with at most a quarter of it
    /// empty, or the largest that they fill.
    ///
    /// - Precondition: `remaining` is positive.
    func next(for remaining: Int) -> Int {
        precondition(remaining > 0, "there is nothing to batch")
        if let whole = ascending.first(where: { $0 >= remaining }), 4 * (whole - remaining) <= whole { return whole }
        return ascending.last { $0 <= remaining } ?? 1
    }
}
