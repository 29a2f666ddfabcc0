/// Reads what `RangeEncoder` wrote; any bytes give some bits.
struct RangeDecoder {
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    /// How far the number lies above the interval's lower end; below `range`.
    private var offset: UInt32 = 0
    private var range: UInt32 = .max

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
        for _ in 0..<4 { offset = offset << 8 | next() }
    }

    /// Whether every byte was looked at; an encoder writes none that its reader does not need.
    var isAtEnd: Bool { position >= bytes.endIndex }

    mutating func decode(_ model: inout AdaptiveBit) -> Bool {
        let share = (range >> 12) * UInt32(model.probability >> 4)
        let bit = offset < share
        if bit {
            range = share
        } else {
            offset -= share
            range -= share
        }
        model.learn(bit)
        normalise()
        return bit
    }

    mutating func decodeEqual(count: Int) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            range >>= 1
            let bit = offset < range
            if !bit { offset -= range }
            value = value << 1 | (bit ? 1 : 0)
            normalise()
        }
        return value
    }

    private mutating func normalise() {
        while range < 1 << 24 {
            range <<= 8
            offset = offset << 8 | next()
        }
    }

    /// The bytes behind the end are zeros.
    private mutating func next() -> UInt32 {
        guard position < bytes.endIndex else { return 0 }
        defer { position += 1 }
        return UInt32(bytes[position])
    }
}
