import Graphs
import Tensors
import TestSupport
import Testing

@testable import VulkanBackend

@Suite struct ArenaLayoutTests {
    /// Cut at any limit, values that are alive together never share a byte, and no piece is larger than the limit.
    @Test(arguments: UInt64(1)...16)
    func valuesAliveTogetherNeverShareAByte(_ seed: UInt64) throws {
        let graph = try RandomGraph.make(seed: seed, steps: 14).graph.applying([FusionPass()])
        let plan = MemoryPlan(graph)
        let largest = (plan.blocks.map(\.byteCount).max() ?? 0) + 63
        for limit in [largest / 64 * 64, 2 * largest / 64 * 64, 1 << 30] {
            let layout = try ArenaLayout(plan, limit: limit, valueLimit: limit)
            #expect(layout.pieces.allSatisfy { $0 <= limit })
            for (index, block) in plan.blocks.enumerated() {
                let place = try #require(layout[block.value])
                #expect(place.offset % MemoryPlan.alignment == 0)
                #expect(place.offset + block.byteCount <= layout.pieces[place.piece])
                for other in plan.blocks[..<index] where other.lifetime.overlaps(block.lifetime) {
                    let otherPlace = try #require(layout[other.value])
                    let meets =
                        place.piece == otherPlace.piece && place.offset < otherPlace.offset + other.byteCount
                        && otherPlace.offset < place.offset + block.byteCount
                    #expect(!meets, "\(block) and \(other) at a limit of \(limit)")
                }
            }
        }
    }

    @Test func oneValueBeyondTheLimitIsNamed() throws {
        var builder = GraphBuilder()
        builder.output("y", try builder.activation(builder.input("x", [1000]), .silu))
        let plan = MemoryPlan(builder.graph)
        #expect(throws: VulkanError.self) { try ArenaLayout(plan, limit: 1 << 20, valueLimit: 3999) }
        #expect(throws: Never.self) { try ArenaLayout(plan, limit: 1 << 20, valueLimit: 4000) }
    }
}

@Suite struct StoragePlanTests {
    @Test func timesInputsAndOutputsStayWide() throws {
        var builder = GraphBuilder()
        let time = builder.input("time", [2])
        let scaled = try builder.multiply(time, builder.constant(Tensor([1], [Float(1000)])))
        let spread = try builder.timestepEmbedding(scaled, dimension: 8)
        let hidden = try builder.linear(spread, "fc1", outputs: 4)
        let shaped = try builder.reshape(hidden, [2, 2, 2])
        let result = try builder.reshape(builder.linear(hidden, "fc2", outputs: 4), [8])
        builder.output("result", result)
        let graph = builder.graph
        let plan = StoragePlan(graph, storage: .bfloat16, root: MemoryPlan(graph).root)
        #expect([time, scaled, result].allSatisfy { plan[$0] == .float32 })
        #expect([spread, hidden, shaped].allSatisfy { plan[$0] == .bfloat16 })
    }
}

@Suite struct WeightFormTests {
    @Test func kernelsAreTurnedSoThatChannelsLieInside() {
        // [2 outputs, 3 channels, 1, 1] stays; [1, 2, 2, 2] is turned.
        let kernel = Tensor([1, 2, 2, 2], (0..<8).map(Float.init))
        let (bytes, scales) = WeightForm.kernel(.float32).pack(kernel, as: ValueInfo(shape: kernel.shape))
        let values = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        #expect(values == [0, 4, 1, 5, 2, 6, 3, 7])
        #expect(scales.isEmpty)
    }

    @Test func bytesKeepTheSignAndTheLargestMagnitudeOfEachRow() {
        let matrix = Tensor([3, 2], [1, -0.5, 0, 0, -254, 3] as [Float])
        let (bytes, scales) = WeightForm.matrix(.int8).pack(matrix, as: ValueInfo(shape: matrix.shape))
        #expect(bytes.map { Int8(bitPattern: $0) } == [127, -64, 0, 0, -127, 2])
        #expect(scales == [1 / 127, 0, 2])
    }

    /// A product with that scale then shows it.
    @Test func whatIsNotFiniteMakesTheScaleOfItsRowSo() {
        let matrix = Tensor([4, 2], [.nan, 1, 1, .nan, -.infinity, 1, 254, 254] as [Float])
        let (bytes, scales) = WeightForm.matrix(.int8).pack(matrix, as: ValueInfo(shape: matrix.shape))
        #expect(scales[0].isNaN && scales[1].isNaN)
        #expect(Array(scales[2...]) == [.infinity, 2])
        #expect(bytes.map { Int8(bitPattern: $0) } == [0, 0, 0, 0, 0, 0, 127, 127])
    }
}
