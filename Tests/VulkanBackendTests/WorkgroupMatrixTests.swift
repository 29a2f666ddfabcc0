import Graphs
import Tensors
import TestSupport
import Testing
import VulkanTestSupport

@testable import VulkanBackend

/// Kernels for matrices of whole workgroups, with emulated ones, at sizes and in places that the conformance suite has not.
@Suite(.serialized, .enabled(if: TestDevice.isExpected(VulkanOptions(products: .emulatedWorkgroup))))
struct WorkgroupMatrixTests {
    private static let storage = StorageUnderTest(activations: .float16, roundsSoftmax: true)

    /// Checks a graph, and how many of its calls are of a kernel.
    private func check(
        _ graphCase: GraphCase, splits: Int? = nil, kernel: String = "product_workgroup_emulated", count: Int
    ) throws {
        let backend = try TestDevice.backend(
            VulkanOptions(storage: .float16, products: .emulatedWorkgroup, splits: splits))
        let program = try backend.prepare(graphCase.graph, parameters: graphCase.parameters)
        #expect(try program.program().dispatches.count { $0.key.shader == kernel } == count)
        try checkConformance(of: backend, to: graphCase.storedThroughout(WorkgroupMatrixTests.storage))
    }

    /// Whole tiles and parts of tiles in all three directions, large ones and small ones, steps of a turn and single ones.
    @Test(arguments: [(64, 64, 64), (70, 40, 72), (33, 136, 24), (256, 320, 256), (250, 264, 280)], [nil, 2])
    func productsMatchTheReference(_ sizes: (Int, Int, Int), _ splits: Int?) throws {
        let (rows, inner, columns) = sizes
        let graphCase = try LargerCases.make("products of \(rows) rows, \(inner) to \(columns)") { builder in
            // The first takes float32, as the graph's inputs are.
            let x = try builder.linear(builder.input("x", [1, rows, 16]), "first", outputs: inner)
            return try builder.activation(builder.linear(x, "second", outputs: columns), .geluTanh)
        }
        try check(graphCase, splits: splits, count: 1)
    }

    /// Patches of a picture, of several pictures where these are small, and windows that reach outside: with and without what
    /// follows a convolution.
    @Test(
        arguments: [
            (1, 8, 8, 16, 24, 3), (3, 9, 7, 24, 40, 3), (5, 4, 4, 72, 64, 3), (1, 19, 34, 8, 8, 5), (2, 1, 3, 8, 8, 3),
        ],
        [nil, 3])
    func convolutionsMatchTheReference(_ sizes: (Int, Int, Int, Int, Int, Int), _ splits: Int?) throws {
        let (batch, height, width, channels, outputs, kernel) = sizes
        let graphCase = try LargerCases.make(
            "a convolution of \(batch) \(height)×\(width), \(channels) to \(outputs) by \(kernel)"
        ) { builder in
            let x = try builder.convolution2D(
                builder.input("x", [batch, height, width, 4]), "first", outputs: channels, kernel: 1, padding: 0)
            let y = try builder.activation(
                builder.convolution2D(x, "second", outputs: outputs, kernel: kernel, padding: kernel / 2), .silu)
            let third = try builder.convolution2D(y, "third", outputs: outputs, kernel: kernel, padding: kernel / 2)
            return try builder.add(y, third)
        }
        try check(graphCase, splits: splits, kernel: "convolution_workgroup_emulated", count: 2)
    }

    /// Windows that move by two pixels, results that are no eights, and weights that every run gives are for other kernels.
    @Test func whatTheKernelsDoNotTakeGoesToOthers() throws {
        let graphCase = try LargerCases.make("products for others") { builder in
            let x = try builder.convolution2D(
                builder.input("x", [1, 8, 8, 4]), "first", outputs: 8, kernel: 1, padding: 0)
            let y = try builder.convolution2D(x, "second", outputs: 8, kernel: 3, stride: 2, padding: 1)
            let z = try builder.node(
                .convolution2D(Convolution2D(padding: 1, hasBias: false)), [y, builder.input("kernel", [8, 8, 3, 3])])
            return try builder.convolution2D(z, "third", outputs: 3, kernel: 3, padding: 1)
        }
        try check(graphCase, kernel: "convolution_workgroup_emulated", count: 0)
    }

    /// Gates and residuals, parts of joint products, rows that lie apart.
    @Test(arguments: [nil, 2]) func aBlockOfTheVerifierMatchesTheReference(_ splits: Int?) throws {
        let graphCase = try LargerCases.make("a block with its modulation in pieces") { builder in
            let x = try builder.linear(builder.input("x", [3, 21, 16]), "in", outputs: 64)
            let state = try builder.activation(builder.input("state", [3, 64]), .silu)
            let parts = try builder.split(builder.linear(state, "modulation", outputs: 192), axis: 1, parts: 3)
            let normed = try builder.modulate(builder.layerNorm(x, epsilon: 1e-6), shift: parts[0], scale: parts[1])
            let joint = try builder.split(builder.linear(normed, "joint", outputs: 160), axis: 2, parts: 2)
            let hidden = try builder.linear(joint[1], "up", outputs: 128)
            let gate = try builder.reshape(parts[2], [3, 1, 64])
            return try builder.add(x, builder.multiply(builder.linear(hidden, "down", outputs: 64), gate))
        }
        try check(graphCase, splits: splits, count: 4)
    }

    /// What NVIDIA's driver has: 32×32×16 of 128 invocations, 32×64×16 of 256.
    @Test func tilesFollowTheDevice() throws {
        var features = DeviceFeatures()
        features.unitCount = 132
        features.workgroupMatrices = [
            WorkgroupShape(rows: 32, columns: 32, depth: 16, invocationCount: 128, largestSide: 1024),
            WorkgroupShape(rows: 32, columns: 64, depth: 16, invocationCount: 256, largestSide: 1024),
        ]
        func sides(_ rows: Int, _ columns: Int) throws -> [Int] {
            let tile = try #require(
                WorkgroupTile(features.workgroupMatrices, rows: rows, columns: columns, features))
            return [tile.rows, tile.columns]
        }
        #expect(try sides(8192, 8192) == [128, 256])
        #expect(try sides(4096, 1152) == [128, 128])
        #expect(try sides(1024, 1152) == [64, 64])
        #expect(try sides(256, 1536) == [32, 64])
        #expect(try sides(256, 384) == [32, 32])
        // Only small ones.
        features.workgroupMatrices.removeLast()
        #expect(try sides(8192, 8192) == [64, 64])
        features.workgroupMatrices = [
            WorkgroupShape(rows: 48, columns: 48, depth: 16, invocationCount: 128, largestSide: 1024)
        ]
        #expect(WorkgroupTile(features.workgroupMatrices, rows: 64, columns: 64, features) == nil)
    }

    /// The patch is inside the tile whatever the picture, and no smaller than it must be.
    @Test func patchesFollowThePicture() throws {
        var features = DeviceFeatures()
        features.workgroupMatrices = [
            WorkgroupShape(rows: 32, columns: 32, depth: 16, invocationCount: 128, largestSide: 1024)
        ]
        let tile = try #require(
            WorkgroupTile(features.workgroupMatrices, rows: 8192, columns: 64, features))
        #expect(tile.rows == 64)
        #expect(tile.patch(height: 64, width: 64) == (4, 16))
        #expect(tile.patch(height: 8, width: 8) == (8, 8))
        #expect(tile.patch(height: 4, width: 4) == (4, 4))
        #expect(tile.patch(height: 9, width: 7) == (8, 8))
        #expect(tile.patch(height: 1, width: 1) == (1, 1))
        #expect(tile.patch(height: 1, width: 40) == (1, 16))
    }
}
