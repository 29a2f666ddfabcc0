/// What is known beforehand of a quantized element's magnitude: the bits of its binary form, with a probability each.
///
/// A magnitude is written in unary, a bit for each "is it more than b?", up to `unaryLimit`. What is above is written
/// as the exponent of (magnitude − unaryLimit + 1) in unary and its lower bits. A sign follows if it is not 0.
struct MagnitudeModel {
    static let unaryLimit = 14
    /// A larger exponent is in no frame.
    static let maximumExponent = 24
    /// The largest magnitude that can be written.
    static let maximumMagnitude = unaryLimit - 1 + (1 << (maximumExponent + 1)) - 1

    /// Elements that are likely to have magnitudes of one kind.
    struct Context {
        static let expectationCount = 28
        static let busynessCount = 4
        /// What is known of the last plane's means has a group of its own, behind those of the three kinds of levels.
        private static let lastPlane = 3 * expectationCount * busynessCount

        /// Which row of the table.
        let row: Int

        /// - Parameters:
        ///   - level: 1 for the finest differences; all above 2 are alike.
        ///   - expected: the expected magnitude in 32nds.
        ///   - sum: the magnitudes of the cell's earlier channels together, `count` of them.
        init(level: Int, expected: Int, sum: Int, count: Int) {
            let busyness = count == 0 ? 0 : 2 * sum < count ? 1 : sum < 2 * count ? 2 : 3
            row =
                ((min(level, 3) - 1) * Self.expectationCount + Self.expectation(expected)) * Self.busynessCount
                + busyness
        }

        init(lastPlaneExpected expected: Int) {
            row = Self.lastPlane + Self.expectation(expected)
        }

        /// Four to an octave.
        private static func expectation(_ expected: Int) -> Int {
            let shifted = expected + 4
            let octave = Int.bitWidth - 3 - shifted.leadingZeroBitCount
            return min(4 * octave + (shifted >> octave & 3), expectationCount - 1)
        }
    }

    static let unaryKinds = 5
    /// [context row, min(b, 4)]
    private var unary = StartingProbabilities.unary.map(AdaptiveBit.init(start:))
    private var exponent = StartingProbabilities.exponent.map(AdaptiveBit.init(start:))

    mutating func encode(_ value: Int, in context: Context, to encoder: inout RangeEncoder) {
        let magnitude = abs(value)
        let first = context.row * Self.unaryKinds
        for b in 0..<min(magnitude + 1, Self.unaryLimit) {
            encoder.encode(magnitude > b, &unary[first + min(b, Self.unaryKinds - 1)])
        }
        if magnitude >= Self.unaryLimit {
            let excess = UInt32(magnitude - Self.unaryLimit + 1)
            let exponent = UInt32.bitWidth - 1 - excess.leadingZeroBitCount
            for e in 0..<exponent { encoder.encode(true, &self.exponent[e]) }
            encoder.encode(false, &self.exponent[exponent])
            encoder.encodeEqual(excess, count: exponent)
        }
        if magnitude > 0 { encoder.encodeEqual(value < 0 ? 1 : 0, count: 1) }
    }

    /// - Throws: `.invalidPayload` for a magnitude that no encoder writes.
    mutating func decode(
        in context: Context, from decoder: inout RangeDecoder
    ) throws(LatentCodingError) -> Int {
        let first = context.row * Self.unaryKinds
        var magnitude = 0
        while magnitude < Self.unaryLimit,
            decoder.decode(&unary[first + min(magnitude, Self.unaryKinds - 1)])
        {
            magnitude += 1
        }
        if magnitude == Self.unaryLimit {
            var exponent = 0
            while decoder.decode(&self.exponent[exponent]) {
                exponent += 1
                guard exponent <= Self.maximumExponent else {
                    throw .invalidPayload("it holds a number beyond all bounds")
                }
            }
            magnitude += (1 << exponent | Int(decoder.decodeEqual(count: exponent))) - 1
        }
        guard magnitude > 0 else { return 0 }
        return decoder.decodeEqual(count: 1) == 1 ? -magnitude : magnitude
    }
}
