import CShaders
import CVulkan

/// Features and limits that kernels are chosen by.
struct DeviceFeatures: Hashable, Sendable {
    var has16BitStorage = false
    var hasFloat16 = false
    /// A shape of float16 matrices that a subgroup multiplies into float32, where there is one.
    var cooperativeMatrix: CooperativeShape?
    /// Matrices of float16 that a whole workgroup multiplies into float32, empty where it cannot.
    var workgroupMatrices: [WorkgroupShape] = []
    var hasIntegerDotProduct = false
    /// Whether the driver tells registers and the like of compiled kernels.
    var hasKernelStatistics = false
    /// Whether what does not fit into float16 is known to become the nearest one when it is packed; Vulkan leaves it open.
    var packsToNearest = false
    /// Whether conversions to float16 can be told to give the nearest one.
    var conversionsCanRound = false
    /// How products for matrix units best bring their tiles to shared memory.
    var staging = TileStaging.double
    var subgroupSize = 1
    /// Whether a kernel can be sure of that size and of full subgroups.
    var hasSubgroupControl = false
    /// Whether it need not insist on the size, since the device has no other.
    var hasOneSubgroupSize = false
    /// Whether the invocations of a subgroup can hand each other values.
    var hasSubgroupShuffle = false

    /// Units that run workgroups side by side: what NVIDIA calls streaming multiprocessors. A guess where no extension
    /// tells; one on a software device, which runs one workgroup after another on each thread.
    var unitCount = 1

    /// Operations after which a new submission is made: a slow device has done them long before a driver takes it for hung
    /// (amdgpu: after 2 to 10 s, i915: after 20 s), and to submit costs some microseconds.
    var operationsPerSubmission = 100_000_000_000

    /// Those of a graphics card: as many times more as it has units, of which the slowest do some ten billion a second.
    static func operationsPerSubmission(unitCount: Int) -> Int {
        min(max(20_000_000_000 * unitCount, 100_000_000_000), 2_000_000_000_000)
    }

    var maxStorageRange = 1 << 27
    var maxAllocation = 1 << 30
    var offsetAlignment = 256
    var maxWorkgroupInvocations = 128
    var maxWorkgroups: [Int] = [65_535, 65_535, 65_535]
    var sharedMemory = 16_384
    /// How the queue's timestamps count, nil if it has none.
    var timestamps: TimestampClock?

    /// Most bytes of one buffer.
    var bufferLimit: Int { min(maxAllocation, 1 << 32 - 64) / 64 * 64 }
    /// Most bytes of one value: what a binding holds, and what 31-bit positions reach.
    var valueLimit: Int { min(bufferLimit, maxStorageRange, Int(Int32.max)) / 64 * 64 }

    /// What a shader needs and the device lacks, nil if nothing.
    func missing(_ needs: UInt32) -> String? {
        let conditions: [(Int, Bool, String)] = [
            (CS_NEEDS_16BIT_STORAGE, has16BitStorage, "16-bit storage"),
            (CS_NEEDS_FLOAT16, hasFloat16, "float16 arithmetic"),
            (CS_NEEDS_INTEGER_DOT_PRODUCT, hasIntegerDotProduct, "integer dot products (Vulkan 1.3)"),
            (CS_NEEDS_COOPERATIVE_MATRIX, cooperativeMatrix != nil, "VK_KHR_cooperative_matrix"),
            (CS_NEEDS_WORKGROUP_MATRIX, !workgroupMatrices.isEmpty, "VK_NV_cooperative_matrix2"),
        ]
        return conditions.first { Int(needs) & $0.0 != 0 && !$0.1 }?.2
    }

    /// In words.
    var names: [String] {
        [
            has16BitStorage ? "16-bit storage" : nil, hasFloat16 ? "float16" : nil,
            hasIntegerDotProduct ? "integer dot products" : nil,
            cooperativeMatrix.map { "cooperative matrices \($0.rows)×\($0.columns)×\($0.depth)" },
            workgroupMatrices.isEmpty ? nil : "cooperative matrices 2",
        ].compactMap { $0 }
    }
}
