/// CRC-32 as in zlib, PNG and Ethernet (reflected polynomial 0xEDB88320); finds damage, not malice.
public enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1
        }
    }

    /// The checksum of some bytes; 0 for none.
    public static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        // One look at the global, not one per byte: it is guarded by a lazy initialiser.
        let table = table
        return ~bytes.reduce(~0) { value, byte in
            table[Int((value ^ UInt32(byte)) & 0xFF)] ^ (value >> 8)
        }
    }
}
