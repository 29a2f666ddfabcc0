import Graphs
import Tensors
import TestSupport
import Testing
import VulkanTestSupport

@testable import VulkanBackend

/// Kernels for matrix units, with emulated ones, at sizes for which they take other ways than at those of the conformance suite.
@Suite(.serialized, .enabled(if: TestDevice.isExpected(VulkanOptions(products: .emulated))))
struct MatrixUnitTests {
    private static let storage = StorageUnderTest(activations: .float16, roundsSoftmax: true)

    /// With two tiles by turns and with one.
    private func check(_ graphCase: GraphCase, splits: Int? = nil) throws {
        for staging in TileStaging.allCases {
            let options = VulkanOptions(storage: .float16, products: .emulated, splits: splits, staging: staging)
            try checkConformance(
                of: TestDevice.backend(options), to: graphCase.storedThroughout(MatrixUnitTests.storage))
        }
    }

    /// Depths of few hundreds: lavapipe ends longer loops (`VulkanVariant`). In eights and, with an odd side, one by one.
    @Test(arguments: [(134, 40, 3976, 128), (129, 20, 3971, 128), (134, 40, 1000, 64), (129, 20, 965, 64)])
    func largeTilesMatchTheReference(_ rows: Int, _ inner: Int, _ columns: Int, _ across: Int) throws {
        let shape = CooperativeShape(rows: 8, columns: 16, depth: 16)
        let unit = MatrixUnit(variant: "emulated", shape: shape, subgroupSize: 16)
        let features = try TestDevice.backend().currentDevice.features
        let size = CooperativeTile(unit, .double, rows: rows, columns: columns, features).size
        #expect((size.rows, size.columns) == (128, across))
        try check(
            LargerCases.make("a product of large tiles") { builder in
                let x = try builder.linear(builder.input("x", [1, rows, 16]), "first", outputs: inner)
                return try builder.activation(builder.linear(x, "second", outputs: columns), .geluTanh)
            })
    }

    /// One tile with the next on its way, as no product has them on its own: whole tiles, in eights and one by one.
    @Test(arguments: [5, 6]) func tilesForMeasurementsMatchTheReference(_ size: Int) throws {
        let options = VulkanOptions(storage: .float16, products: .emulated, staging: .single, tileSize: size)
        let backend = try TestDevice.backend(options)
        for (rows, inner, columns) in [(70, 128, 72), (33, 35, 37)] {
            let graphCase = try LargerCases.make("a product of \(rows), \(inner) to \(columns)") { builder in
                let x = try builder.linear(builder.input("x", [1, rows, 16]), "first", outputs: inner)
                return try builder.linear(x, "second", outputs: columns)
            }
            let program = try backend.prepare(graphCase.graph, parameters: graphCase.parameters)
            #expect(
                try program.program().dispatches.allSatisfy { dispatch in
                    let values = Dictionary(uniqueKeysWithValues: dispatch.key.constants.map { ($0.number, $0.value) })
                    return values[14] == 1 && values[16] == 1
                })
            try checkConformance(of: backend, to: graphCase.storedThroughout(MatrixUnitTests.storage))
        }
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

    /// Four invocations a query, as in subgroups of 64 with units of 16 rows, take blocks of 64 keys: whole ones and parts,
    /// one tile of them and two.
    @Test(arguments: [(5, 70, 40), (5, 70, 80), (20, 150, 40), (7, 33, 96)])
    func attentionOfWideSubgroupsMatchesTheReference(_ queries: Int, _ keys: Int, _ width: Int) throws {
        var options = VulkanOptions(storage: .float16, products: .emulated)
        options.emulatedSubgroupSize = 32
        let graphCase = try LargerCases.make("attention of wide subgroups, heads of \(width)") { builder in
            let q = builder.input("q", [2, queries, 2 * width])
            let (k, v) = (builder.input("k", [2, keys, 2 * width]), builder.input("v", [2, keys, 2 * width]))
            return try builder.attention(q, k, v, headCount: 2)
        }.storedThroughout(MatrixUnitTests.storage)
        let backend = try TestDevice.backend(options)
        let program = try backend.prepare(graphCase.graph, parameters: graphCase.parameters)
        let keyConstants: [Int?] = try program.program().dispatches.map { dispatch in
            dispatch.key.shader == "attention_emulated"
                ? dispatch.key.constants.first { $0.number == 4 }.map { Int($0.value) } : nil
        }
        #expect(keyConstants == [64])
        try checkConformance(of: backend, to: graphCase)
    }

    /// Keys and values of a picture and of a prompt, left where joint products put them, with norm and rotation before: as a
    /// block of the verifier has them, and with heads and stretches that fill no block of keys.
    @Test(arguments: [(37, 32, 24, 32), (70, 33, 5, 16), (9, 3, 40, 40)])
    func attentionOverTwoStretchesMatchesTheReference(_ queries: Int, _ keys: Int, _ more: Int, _ width: Int) throws {
        let graphCase = try LargerCases.make("attention over \(keys) and \(more), heads of \(width)") { builder in
            let x = try builder.linear(builder.input("x", [2, queries, 16]), "q", outputs: 2 * width)
            let q = try builder.reshape(
                turned(&builder, builder.reshape(x, [2, queries, 2, width]), "q_norm"), [2, queries, 2 * width])
            let parts = try [("x_kv", keys), ("text_kv", more)].map { name, count in
                let joint = try builder.linear(builder.input(name, [2, count, 16]), name, outputs: 4 * width)
                return try builder.split(joint, axis: 2, parts: 2)
            }
            let k = try builder.concatenate([parts[0][0], parts[1][0]], axis: 1)
            let v = try builder.concatenate([parts[0][1], parts[1][1]], axis: 1)
            return try builder.attention(q, k, v, headCount: 2)
        }
        try check(graphCase)
        for products in [ProductKernel.large, .emulated] {
            let backend = try TestDevice.backend(VulkanOptions(storage: .float16, products: products))
            let program = try backend.prepare(graphCase.graph, parameters: graphCase.parameters)
            let shaders = try program.program().dispatches.map(\.key.shader)
            #expect(!shaders.contains { $0.hasPrefix("gather") }, "nothing is joined")
            #expect(!shaders.contains { $0.hasPrefix("rotary") })
        }
        for options in [VulkanOptions(products: .small), VulkanOptions(storage: .bfloat16)] {
            try checkConformance(
                of: TestDevice.backend(options),
                to: graphCase.storedThroughout(
                    StorageUnderTest(activations: options.storage == .float32 ? .float32 : .bfloat16)))
        }
    }

    /// x [B, T, heads, d] → as x
    private func turned(_ builder: inout GraphBuilder, _ x: ValueID, _ name: String) throws -> ValueID {
        let shape = builder.shape(of: x)
        let angles = (0..<shape[1] * shape[3] / 2).map { 0.37 * Double($0) - 1 }
        let table: Shape = [shape[1], shape[3] / 2]
        return try builder.rotary(
            builder.rmsNorm(x, name, epsilon: 1e-6),
            cosine: builder.constant(Tensor(table, angles.map { Float(cosine($0)) })),
            sine: builder.constant(Tensor(table, angles.map { Float(sine($0)) })), axisCount: 2)
    }

    /// What modulates and what gates are parts of a joint product, which stay where they are: pictures of a batch lie apart.
    @Test(arguments: [ActivationStorage.float32, .float16]) func modulationIsNotCopied(_ storage: ActivationStorage)
        throws
    {
        let graphCase = try LargerCases.make("a block") { builder in try block(&builder, width: 64) }
        let backend = try TestDevice.backend(VulkanOptions(storage: storage, products: .large))
        let program = try backend.prepare(graphCase.graph, parameters: graphCase.parameters)
        let shaders = try program.program().dispatches.map(\.key.shader)
        #expect(!shaders.contains { $0.hasPrefix("gather") })
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
        func sides(_ rows: Int, _ columns: Int, _ staging: TileStaging = .double) -> [Int] {
            let tile = CooperativeTile(unit, staging, rows: rows, columns: columns, features)
            #expect(tile.sharedByteCount <= features.sharedMemory)
            #expect(tile.size.rows % tile.size.partRows == 0 && tile.size.columns % tile.size.partColumns == 0)
            return [tile.size.rows, tile.size.columns, tile.size.depth]
        }
        // The verifier's products of one picture, of four and of sixteen.
        for columns in [384, 1152, 1536] { #expect(sides(256, columns) == [32, 32, 64]) }
        #expect(sides(1024, 384) == [32, 32, 64])
        #expect(sides(1024, 1536) == [128, 64, 32])
        for columns in [384, 1152, 1536] { #expect(sides(4096, columns) == [128, 64, 32]) }
        // A large U-Net's.
        #expect(sides(8192, 2560) == [128, 128, 32])
        for columns in [64, 96, 320] { #expect(sides(262_144, columns) == [128, 64, 32]) }
        // The same products from one tile of each factor.
        #expect(sides(256, 1536, .single) == [32, 32, 128])
        #expect(sides(1024, 1536, .single) == [64, 64, 64])
        #expect(sides(4096, 384, .single) == [64, 64, 64])
        #expect(sides(4096, 1536, .single) == [128, 128, 32])
        #expect(sides(262_144, 320, .single) == [128, 64, 32])
        features.sharedMemory = 32_768
        #expect(sides(256, 1536) == [32, 32, 64])
        #expect(sides(8192, 2560) == [128, 128, 16])
        // Units too wide for the parts of small tiles.
        let wide = MatrixUnit(
            variant: MatrixUnit.cooperative, shape: CooperativeShape(rows: 32, columns: 32, depth: 16), subgroupSize: 32
        )
        let tile = CooperativeTile(wide, .double, rows: 256, columns: 1536, features)
        #expect((tile.size.rows, tile.size.depth) == (64, 32))
        // Subgroups of eight have no registers for the sums of large parts.
        let narrow = MatrixUnit(
            variant: MatrixUnit.cooperative, shape: CooperativeShape(rows: 8, columns: 8, depth: 8), subgroupSize: 8)
        #expect(CooperativeTile(narrow, .double, rows: 8192, columns: 2560, features).size.partRows == 16)
    }

    /// Wide heads, and devices with less shared memory, take smaller blocks; few pictures take more workgroups.
    @Test func attentionFollowsTheDevice() throws {
        let unit = MatrixUnit(
            variant: MatrixUnit.cooperative, shape: CooperativeShape(rows: 16, columns: 16, depth: 16), subgroupSize: 32
        )
        var features = DeviceFeatures()
        (features.unitCount, features.sharedMemory, features.maxWorkgroupInvocations) = (132, 49_152, 1024)
        func tile(_ headWidth: Int, _ queries: Int, _ heads: Int) throws -> CooperativeAttentionTile {
            let tile = try #require(
                CooperativeAttentionTile(unit, .double, headWidth: headWidth, queries: queries, heads: heads, features))
            #expect(tile.sharedByteCount <= features.sharedMemory)
            return tile
        }
        // The verifier's of one picture, of four and of sixteen; a large U-Net's of 4096 tokens and of 256.
        #expect(try tile(64, 256, 6).queries == 32)
        #expect(try tile(64, 256, 24).queries == 32)
        #expect(try tile(64, 256, 96).queries == 64)
        #expect(try tile(40, 4096, 16).queries == 128)
        #expect(try tile(160, 256, 16).tiles == 1)
        #expect(try tile(64, 7, 1000).queries == 16)
        features.sharedMemory = 16_384
        for (headWidth, queries) in [(40, 4096), (64, 256), (64, 7)] { _ = try tile(headWidth, queries, 16) }
        #expect(CooperativeAttentionTile(unit, .double, headWidth: 36, queries: 16, heads: 1, features) == nil)
    }
}
