import Graphs
import Tensors
import TestSupport
import Testing

@testable import VulkanBackend

/// Kernels for matrix units, with emulated ones, at sizes for which they take other ways than at those of the conformance suite.
@Suite(.serialized, .enabled(if: (try? TestDevice.backend(VulkanOptions(products: .emulated))) != nil))
struct MatrixUnitTests {
    private static let storage = StorageUnderTest(activations: .float16, roundsSoftmax: true)

    private func check(_ graphCase: GraphCase, splits: Int? = nil) throws {
        let options = VulkanOptions(storage: .float16, products: .emulated, splits: splits)
        try checkConformance(of: TestDevice.backend(options), to: graphCase.storedThroughout(MatrixUnitTests.storage))
    }

    /// Depths of few hundreds: lavapipe ends longer loops (`VulkanVariant`). In eights and, with an odd side, one by one.
    @Test(arguments: [(134, 40, 3976), (129, 20, 3971)])
    func largeTilesMatchTheReference(_ rows: Int, _ inner: Int, _ columns: Int) throws {
        let shape = CooperativeShape(rows: 8, columns: 16, depth: 16)
        let unit = MatrixUnit(variant: "emulated", shape: shape, subgroupSize: 1)
        let features = try TestDevice.backend().currentDevice.features
        #expect(CooperativeTile(unit, rows: rows, columns: columns, features).side == 128)
        try check(
            LargerCases.make("a product of large tiles") { builder in
                let x = try builder.linear(builder.input("x", [1, rows, 16]), "first", outputs: inner)
                return try builder.activation(builder.linear(x, "second", outputs: columns), .geluTanh)
            })
    }

    @Test(arguments: [nil, 3]) func aBlockOfTheVerifierMatchesTheReference(_ splits: Int?) throws {
        try check(
            LargerCases.make("a block with its modulation in pieces") { builder in try block(&builder, width: 64) },
            splits: splits)
    }

    /// Few queries with wide heads: a workgroup has no registers for the keys that come next.
    @Test(arguments: [(5, 70, 80), (7, 33, 160), (40, 70, 64), (70, 20, 40)])
    func attentionMatchesTheReference(_ queries: Int, _ keys: Int, _ width: Int) throws {
        try check(
            LargerCases.make("attention of \(queries) over \(keys), heads of \(width)") { builder in
                // Behind a product all of it lies in float16.
                let q = try builder.linear(builder.input("q", [2, queries, 16]), "q", outputs: 2 * width)
                let kv = try builder.linear(builder.input("kv", [2, keys, 16]), "kv", outputs: 4 * width)
                let parts = try builder.split(kv, axis: 2, parts: 2)
                return try builder.attention(q, parts[0], parts[1], headCount: 2)
            })
    }

    /// What modulates and what gates are parts of a joint product, which stay where they are: pictures of a batch lie apart.
    @Test(arguments: [ActivationStorage.float32, .float16]) func modulationIsNotCopied(_ storage: ActivationStorage)
        throws
    {
        let graphCase = try LargerCases.make("a block") { builder in try block(&builder, width: 64) }
        let backend = try TestDevice.backend(VulkanOptions(storage: storage, products: .large))
        let program = try backend.prepare(graphCase.graph, parameters: graphCase.parameters)
        #expect(!program.program.dispatches.contains { $0.key.shader.hasPrefix("gather") })
        try checkConformance(
            of: backend,
            to: graphCase.storedThroughout(StorageUnderTest(activations: storage == .float32 ? .float32 : .float16)))
    }

    private func block(_ builder: inout GraphBuilder, width: Int) throws -> ValueID {
        let x = builder.input("x", [3, 21, width])
        let state = try builder.activation(builder.input("state", [3, width]), .silu)
        let parts = try builder.split(builder.linear(state, "modulation", outputs: 3 * width), axis: 1, parts: 3)
        let normed = try builder.modulate(builder.layerNorm(x, epsilon: 1e-6), shift: parts[0], scale: parts[1])
        let hidden = try builder.activation(builder.linear(normed, "up", outputs: 2 * width), .geluTanh)
        let gate = try builder.reshape(parts[2], [3, 1, width])
        return try builder.add(x, builder.multiply(builder.linear(hidden, "down", outputs: width), gate))
    }

    /// As an H100 or H200 has it: 132 units, 48 KB.
    @Test func tilesFollowTheDevice() {
        let unit = MatrixUnit(
            variant: MatrixUnit.cooperative, shape: CooperativeShape(rows: 16, columns: 16, depth: 16), subgroupSize: 32
        )
        var features = DeviceFeatures()
        (features.unitCount, features.sharedMemory, features.maxWorkgroupInvocations) = (132, 49_152, 1024)
        func tile(_ rows: Int, _ columns: Int) -> CooperativeTile {
            CooperativeTile(unit, rows: rows, columns: columns, features)
        }
        // The verifier's products of one picture and of sixteen.
        #expect((tile(256, 1536).side, tile(256, 1536).depth) == (64, 64))
        #expect((tile(4096, 1536).side, tile(4096, 1536).depth) == (128, 32))
        // 96 large tiles would leave a quarter of the units idle.
        #expect(tile(4096, 384).side == 64)
        for (rows, columns) in [(256, 384), (4096, 1536)] {
            #expect(tile(rows, columns).sharedByteCount <= features.sharedMemory)
        }
        features.sharedMemory = 32_768
        #expect((tile(256, 1536).side, tile(256, 1536).depth) == (64, 32))
        // 128 × 128 in steps of 16 would fit, the strips of its sums would not.
        #expect(tile(4096, 1536).side == 64)
    }
}
