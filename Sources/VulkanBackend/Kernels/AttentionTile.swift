/// How attention without matrix units is cut into blocks.
struct AttentionTile: Hashable {
    let headWidth: Int
    /// Of a workgroup: 32, 16 or eight.
    let queries: Int
    static let keys = 32
    static let invocationCount = 128
    /// Channels that a head may have: fewer than this.
    static let limit = 2048

    /// The most queries that the device has shared memory for, and registers for their sums, but no more than twice as many as
    /// there are.
    ///
    /// - Parameter sharedMemory: bytes that the device has for a workgroup.
    /// - Throws: `VulkanError.tooLarge` for a head with more channels than the kernel takes.
    init(headWidth: Int, queries: Int, sharedMemory: Int, node: String) throws(VulkanError) {
        guard headWidth < AttentionTile.limit else {
            throw .tooLarge(node: node, reason: "a head of \(headWidth) channels is more than the kernels take")
        }
        let tiles = [32, 16].map { AttentionTile(headWidth: headWidth, queries: $0) }
        self =
            tiles.first { $0.sharedByteCount <= sharedMemory && $0.sumCount <= 64 && $0.queries < 2 * queries }
            ?? AttentionTile(headWidth: headWidth, queries: 8)
    }

    private init(headWidth: Int, queries: Int) { (self.headWidth, self.queries) = (headWidth, queries) }

    /// Invocations side by side over a head's channels, four each: a power of two, as many as the head needs up to sixteen, and
    /// so many that there is a query for each row of them.
    private var across: Int {
        let needed = [1, 2, 4, 8].first { 4 * $0 >= headWidth } ?? 16
        return max(needed, AttentionTile.invocationCount / queries)
    }

    /// Floats of sums that an invocation has.
    private var sumCount: Int {
        let parts = (headWidth + 4 * across - 1) / (4 * across)
        return 4 * parts * queries * across / AttentionTile.invocationCount
    }

    /// Queries, keys or values, weights, and what those that share a query tell each other, as the shader declares them.
    var sharedByteCount: Int {
        let keys = AttentionTile.keys
        return 16 * ((queries + keys) * (across + 1) + queries * (keys / 4 + 1))
            + 4 * (queries + AttentionTile.invocationCount)
    }

    /// In the order of the shader's specialization constants, up to the stretches of keys.
    var constants: [Int] { [AttentionTile.invocationCount, headWidth, queries, across] }
}
