import Graphs
import Tensors
import TestSupport
import Testing
import VulkanTestSupport

@testable import VulkanBackend

/// What is stored as float16 is the nearest one, ties to even, whatever the device does when it packs two halves.
@Suite(.serialized, .enabled(if: TestDevice.isExpected())) struct RoundingTests {
    /// Pairs of halves whose products lie between two halves: between normal ones, below the least of them, halfway, at the
    /// largest one's edge and beyond, and where nothing can be said.
    private static var factors: [(Float, Float)] {
        var pairs: [(Float, Float)] = [
            (65_504, 1), (65_504, 1.0009766), (32_752, 2), (32_768, 2), (65_472, 1.0004883), (.infinity, -1), (.nan, 1),
            (1, 1), (-1, 0), (6.1035156e-05, 0.5), (5.9604645e-08, 0.5), (5.9604645e-08, 0.75), (5.9604645e-08, 0.25),
            // Halfway between two of them: once down and once up to the even one.
            (1.0009766, 1.5), (1.0029297, 1.5), (2049.0 / 2048, 1), (1.0625, 1.0478516),
        ]
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<4096 {
            let a = Float(Float16(bitPattern: UInt16(truncatingIfNeeded: generator.next())))
            let b = Float(Float16(bitPattern: UInt16(truncatingIfNeeded: generator.next())))
            pairs.append((a, b))
        }
        return pairs
    }

    @Test(arguments: [nil, .integers] as [HalfRounding?]) func aProductIsStoredAsTheNearestHalf(
        _ rounding: HalfRounding?
    )
        throws
    {
        let pairs = Self.factors.map { (Float(Float16($0.0)), Float(Float16($0.1))) }
        var builder = GraphBuilder()
        let (a, b) = (builder.input("a", [pairs.count]), builder.input("b", [pairs.count]))
        // Stored between two nodes; what leaves the graph is float32.
        builder.output("y", try builder.multiply(builder.multiply(a, b), builder.input("one", [pairs.count])))
        let backend = try TestDevice.backend(VulkanOptions(storage: .float16, rounding: rounding))
        let program = try backend.compile(builder.graph, parameters: DictionaryParameters())
        let ones = [Float](repeating: 1, count: pairs.count)
        let inputs = ["a": pairs.map(\.0), "b": pairs.map(\.1), "one": ones].mapValues { Tensor([pairs.count], $0) }
        let y = try #require(try program.run(inputs)["y"]?.floats())
        for ((x, factor), found) in zip(pairs, y) {
            let expected = Float(Float16(Float(x * factor)))
            let isSame = found == expected || (found.isNaN && expected.isNaN)
            #expect(
                isSame && (found.isNaN || found.sign == expected.sign), "\(x) · \(factor): \(found), not \(expected)")
        }
    }
}
