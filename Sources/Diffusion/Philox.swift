/// The counter-based generator Philox4x32-10: one block of four words from a counter and a key.
///
/// Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), §3.3. A block
/// depends on nothing but its arguments, so any element of any stream can be made on its own.
public enum Philox {
    /// The block at `counter` under `key`.
    public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var (x, key) = (counter, key)
        for round in 0..<10 {
            if round > 0 {
                key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
            }
            let first = x[0].multipliedFullWidth(by: 0xD251_1F53)
            let second = x[2].multipliedFullWidth(by: 0xCD9E_8D57)
            x = SIMD4(second.high ^ x[1] ^ key[0], second.low, first.high ^ x[3] ^ key[1], first.low)
        }
        return x
    }
}
