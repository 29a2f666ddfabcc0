/// Writes bits as one long binary fraction (G. N. N. Martin, "Range encoding", 1979, with two symbols).
struct RangeEncoder {
    private var bytes: [UInt8] = []
    /// The interval is [low, low + range); bit 32 of `low` is a carry into `bytes`.
    private var low: UInt64 = 0
    private var range: UInt32 = .max

    mutating func encode(_ bit: Bool, _ model: inout AdaptiveBit) {
        let share = (range >> 12) * UInt32(model.probability >> 4)
        if bit {
            range = share
        } else {
            low += UInt64(share)
            range -= share
        }
        model.learn(bit)
        normalise()
    }

    /// The low `count` bits of `value`, highest first, each as likely as its opposite.
    mutating func encodeEqual(_ value: UInt32, count: Int) {
        for shift in (0..<count).reversed() {
            range >>= 1
            if value >> UInt32(shift) & 1 == 0 { low += UInt64(range) }
            normalise()
        }
    }

    /// The bytes of everything encoded. The shortest number inside the interval is taken, and the zero bytes at its
    /// end are left out: a reader takes what is missing for zeros.
    consuming func finish() -> [UInt8] {
        for zeros in stride(from: UInt64(24), through: 0, by: -8) {
            let unit = UInt64(1) << zeros
            let candidate = (low + unit - 1) / unit * unit
            if candidate < low + UInt64(range) {
                low = candidate
                break
            }
        }
        for _ in 0..<4 { shift() }
        while bytes.last == 0 { bytes.removeLast() }
        return bytes
    }

    private mutating func normalise() {
        while range < 1 << 24 {
            range <<= 8
            shift()
        }
    }

    /// Moves the highest byte of `low` out.
    private mutating func shift() {
        if low >> 32 != 0 {
            var index = bytes.count - 1
            // The whole fraction is below 1, so that a carry ends inside the bytes written.
            while bytes[index] == 0xFF {
                bytes[index] = 0
                index -= 1
            }
            bytes[index] += 1
        }
        bytes.append(UInt8(truncatingIfNeeded: low >> 24))
        low = low << 8 & 0xFFFF_FFFF
    }
}
