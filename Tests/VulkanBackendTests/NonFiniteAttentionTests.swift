import Graphs
import Tensors
import TestSupport
import Testing
import VulkanTestSupport

@testable import VulkanBackend

/// What is NaN or infinite in queries and keys shows in all that depends on it, and in nothing else: as in the reference.
@Suite(.serialized, .enabled(if: TestDevice.isExpected())) struct NonFiniteAttentionTests {
    /// q [2, 5, 32], k and v [2, keys, 32]: two heads of sixteen channels, which is what units take without zeros behind
    /// them.
    private struct Values {
        static let width = 32
        let keyCount: Int
        var q: [Float]
        var k: [Float]
        let v: [Float]

        init(keyCount: Int) {
            self.keyCount = keyCount
            var generator = SeededGenerator(seed: 17)
            q = Tensor.normal([2, 5, 32], using: &generator).floats()
            k = Tensor.normal([2, keyCount, 32], using: &generator).floats()
            v = Tensor.normal([2, keyCount, 32], using: &generator).floats()
        }

        mutating func setQuery(_ picture: Int, _ token: Int, _ channel: Int, _ value: Float) {
            q[(picture * 5 + token) * Values.width + channel] = value
        }

        mutating func setKey(_ picture: Int, _ token: Int, _ channel: Int, _ value: Float) {
            k[(picture * keyCount + token) * Values.width + channel] = value
        }

        var inputs: [String: Tensor] {
            [
                "q": Tensor([2, 5, 32], q), "k": Tensor([2, keyCount, 32], k), "v": Tensor([2, keyCount, 32], v),
            ]
        }
    }

    private static let options = [
        VulkanOptions(products: .small), VulkanOptions(storage: .float16, products: .large),
        VulkanOptions(storage: .float16, products: .emulated),
    ]

    /// The numbers of rows [picture, token, head] that the reference has as NaN, after comparing all of them.
    private func check(_ values: Values, _ options: VulkanOptions) throws -> Set<Int> {
        var builder = GraphBuilder()
        // Behind a product they are stored as the options say; inputs never are.
        let one = builder.constant(Tensor([], [Float(1)]))
        let k = builder.input("k", [2, values.keyCount, 32])
        let v = builder.input("v", [2, values.keyCount, 32])
        let parts = try [builder.input("q", [2, 5, 32]), k, v].map { try builder.multiply($0, one) }
        builder.output("y", try builder.attention(parts[0], parts[1], parts[2], headCount: 2))
        let reference = try ReferenceBackend().compile(builder.graph, parameters: DictionaryParameters())
        let program = try TestDevice.backend(options).compile(builder.graph, parameters: DictionaryParameters())
        let expected = try #require(try reference.run(values.inputs)["y"]?.floats())
        let found = try #require(try program.run(values.inputs)["y"]?.floats())
        for index in expected.indices {
            #expect(found[index].isNaN == expected[index].isNaN, "element \(index)")
            // float16 is good to far less.
            if !expected[index].isNaN { #expect(abs(found[index] - expected[index]) < 0.05, "element \(index)") }
        }
        return Set(expected.indices.filter { expected[$0].isNaN }.map { $0 / 16 })
    }

    @Test(arguments: options) func queriesShowInTheirOwnRows(_ options: VulkanOptions) throws {
        var values = Values(keyCount: 70)
        values.setQuery(0, 1, 3, .nan)
        values.setQuery(0, 2, 19, .infinity)
        values.setQuery(1, 0, 0, -.infinity)
        // (picture · 5 + token) · 2 + head
        #expect(try check(values, options) == [2, 5, 10])
    }

    /// In the middle and in the last, partial block.
    @Test(arguments: options) func aNaNAmongKeysShowsInEveryRow(_ options: VulkanOptions) throws {
        var values = Values(keyCount: 70)
        values.setKey(0, 33, 1, .nan)
        values.setKey(1, 69, 31, .nan)
        #expect(try check(values, options) == [0, 2, 4, 6, 8, 11, 13, 15, 17, 19])
    }

    /// A score of +∞ leaves no weights, one of −∞ is a weight of nothing.
    @Test(arguments: options) func infiniteKeysCountBySign(_ options: VulkanOptions) throws {
        var values = Values(keyCount: 70)
        for token in 0..<5 { values.setQuery(0, token, 2, token < 2 ? 0.5 : -0.5) }
        values.setKey(0, 40, 2, .infinity)
        #expect(try check(values, options) == [0, 2])
    }

    /// Where all scores are −∞ there is nothing to take a mean by.
    @Test(arguments: options, [1, 34]) func aRowWithoutAFiniteScoreIsNaN(
        _ options: VulkanOptions, _ keyCount: Int
    ) throws {
        var values = Values(keyCount: keyCount)
        for key in 0..<keyCount { values.setKey(1, key, 0, 0.5) }
        values.setQuery(1, 3, 0, -.infinity)
        #expect(try check(values, options) == [16])
    }
}
