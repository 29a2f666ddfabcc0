/// CRC-32 as in zlib, PNG and Ethernet (reflected polynomial 0xEDB88320); finds damage, not malice.
public enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1
        }
    }

    /// The checksum of some bytes; 0 for none.
    public static func checksum(_ bytes: [UInt8]) -> UInt32 {
        // Plain pointers: megabytes go through here, also in builds that do not optimise.
        bytes.withUnsafeBufferPointer { bytes in
            table.withUnsafeBufferPointer { table in
                var value: UInt32 = ~0
                var index = 0
                while index < bytes.count {
                    value = table[Int((value ^ UInt32(bytes[index])) & 0xFF)] ^ (value >> 8)
                    index += 1
                }
                return ~value
            }
        }
    }
}
