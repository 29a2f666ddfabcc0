import Graphs
import Tensors
import TestSupport
import Testing
import VulkanTestSupport

@testable import VulkanBackend

/// Linear layers by dot products of bytes. That what bytes hold exactly comes out exactly is the conformance suite's.
@Suite(.serialized, .enabled(if: TestDevice.isExpected(VulkanOptions(products: .integer))))
struct IntegerProductTests {
    private static let backend = Result { try TestDevice.backend(VulkanOptions(products: .integer)) }

    private func program(_ rows: Int, _ inner: Int, _ outputs: Int, _ weight: [Float]) throws -> VulkanExecutable {
        var builder = GraphBuilder()
        builder.output(
            "y", try builder.linear(builder.input("x", [rows, inner]), "fc", outputs: outputs, hasBias: false))
        return try Self.backend.get().prepare(
            builder.graph, parameters: DictionaryParameters(["fc.weight": Tensor([outputs, inner], weight)]))
    }

    /// Bytes round each element by up to half a step s = max|x|/127, evenly: a mean square of s²/12. With weights that
    /// are exact in bytes and do not know of it, the result is off by as much of its energy as x is.
    @Test func activationsAreRoundedToBytesOfTheirRow() throws {
        let (rows, inner, outputs) = (70, 256, 67)
        var generator = SeededGenerator(seed: 11)
        // Rows of very unlike size, as they would not be if one scale served all.
        let x = (0..<rows).flatMap { row in
            Tensor.normal([inner], deviation: row % 2 == 0 ? 1 : 1e-3, using: &generator).floats()
        }
        let weight = (0..<outputs * inner).map {
            $0 % inner == 0 ? Float(127) : Float(Int.random(in: -127...127, using: &generator))
        }
        let program = try program(rows, inner, outputs, weight)
        #expect(try program.program().dispatches.map(\.key.shader) == ["quantize_wide", "product_integer"])
        let found = try #require(try program.run(["x": Tensor([rows, inner], x)])["y"]?.floats())
        for row in 0..<rows {
            let values = x[row * inner..<(row + 1) * inner].map(Double.init)
            let step = (values.map(abs).max() ?? 0) / 127
            let expected = step * step / 12 / (values.reduce(0) { $0 + $1 * $1 } / Double(inner))
            var (error, energy) = (0.0, 0.0)
            for output in 0..<outputs {
                let exact = (0..<inner).reduce(0.0) { $0 + values[$1] * Double(weight[output * inner + $1]) }
                let distance = Double(found[row * outputs + output]) - exact
                error += distance * distance
                energy += exact * exact
            }
            // 67 results a row: the ratio of two such means is within a factor of three, and far from nothing.
            #expect(error / energy < 3 * expected, "row \(row)")
            #expect(error / energy > expected / 3, "row \(row)")
        }
    }

    @Test func whatIsNotFiniteShowsAndZeroStaysZero() throws {
        let program = try program(4, 8, 3, (0..<24).map { Float($0 % 5 + 1) })
        var x = [Float](repeating: 1, count: 32)
        x[3] = .nan
        x[8 + 5] = .infinity
        for index in 16..<24 { x[index] = 0 }
        let found = try #require(try program.run(["x": Tensor([4, 8], x)])["y"]?.floats())
        #expect(found[0..<3].allSatisfy { $0.isNaN })
        #expect(found[3..<6].allSatisfy { !$0.isFinite })
        #expect(found[6..<9].allSatisfy { $0 == 0 })
        #expect(found[9..<12].allSatisfy { $0.isFinite && $0 > 0 })
    }

    /// Bytes come in fours: other widths go the way of all int8 weights.
    @Test func rowsThatAreNoMultipleOfFourAreNotRounded() throws {
        let program = try program(3, 10, 4, [Float](repeating: 1, count: 40))
        #expect(try program.program().dispatches.map(\.key.shader) == ["product_narrow"])
    }
}
