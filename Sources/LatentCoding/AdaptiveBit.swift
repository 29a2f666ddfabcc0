/// The probability that a bit is 1, learned while bits are coded.
///
/// It begins at a value that was measured on real hand-offs and moves by 1/(40 + n) of the error after n bits: a frame
/// has only a few thousand bits to learn from.
struct AdaptiveBit {
    /// P(1) in 65,536ths, within `range`.
    private(set) var probability: Int32
    private var count = 0

    /// Neither value of a bit is ever taken for impossible.
    static let range: ClosedRange<Int32> = 64...65_472
    /// Where n stops.
    private static let settled = 90
    /// 65,536 / (40 + n), rounded down.
    private static let rates: [Int32] = (0...Int32(settled)).map { 65_536 / (40 + $0) }

    /// - Parameter start: P(1) in 256ths, not 0.
    init(start: UInt8) {
        probability = Int32(start) << 8
    }

    mutating func learn(_ bit: Bool) {
        // The product is below 2³¹: rates are at most 1,638. The shift rounds down.
        let error = (bit ? 65_535 : 0) - probability
        probability += (error * Self.rates[count]) >> 16
        probability = min(max(probability, Self.range.lowerBound), Self.range.upperBound)
        if count < Self.settled { count += 1 }
    }
}
