import Graphs
import Tensors
import Testing

@Suite struct GraphReportTests {
    @Test func dumpNamesEveryValue() throws {
        var builder = GraphBuilder()
        let x = builder.input("x", [1, 2, 4])
        let ids = builder.input("ids", [2], .int32)
        let hidden = try builder.activation(builder.linear(x, "fc1", outputs: 8), .silu)
        let rows = try builder.embedding(ids, "table", count: 3, width: 8)
        let sum = try builder.add(hidden, rows)
        builder.output("y", try builder.add(sum, builder.constant(Tensor([8], [Float](repeating: 0, count: 8)))))
        #expect(
            FusionPass().apply(to: builder.graph).dump() == """
                # 4 nodes, 3 parameters of 64 elements, 336 floating-point operations
                input x: float32 [1, 2, 4]
                input ids: int32 [2]
                %5 = linear+silu(x, fc1.weight, fc1.bias) → [1, 2, 8]  # fc1
                %7 = embedding(table.weight, ids) → [2, 8]  # table
                %8 = add(%5, %7) → [1, 2, 8]  # add
                %10 = add(%8, constant[8]) → [1, 2, 8]  # add
                output y = %10
                """)
    }

    @Test func costsFollowFromTheShapes() throws {
        func cost(_ operation: Operation, _ shapes: [Shape]) throws -> (Int, Int) {
            let inputs = shapes.map { ValueInfo(shape: $0) }
            let output = try operation.result(of: inputs, node: "x")
            return (
                operation.floatingPointOperations(inputs: inputs, output: output),
                operation.byteCount(inputs: inputs, output: output)
            )
        }
        // 2·3 rows, 4 in, 5 out: 2·6·5·4 + 30 for the bias; (24 + 20 + 5 + 30) elements of four bytes.
        #expect(try cost(.linear(Linear()), [[2, 3, 4], [5, 4], [5]]) == (270, 316))
        // 32 results of 27 taps, a multiply-add each; 48, 54 and 32 elements.
        let convolution = Convolution2D(padding: 1, hasBias: false)
        #expect(try cost(.convolution2D(convolution), [[1, 4, 4, 3], [2, 3, 3, 3]]) == (1728, 536))
        // q·kᵀ and the sum of v: 4·Tq·Tk·D = 480; 14 for each of 2·3·5 scores; 128 elements.
        let attention = Attention(headCount: 2, scale: 1)
        #expect(try cost(.attention(attention), [[1, 3, 8], [1, 5, 8], [1, 5, 8]]) == (900, 512))
        #expect(try cost(.reshape([6]), [[2, 3]]) == (0, 0))
        #expect(try cost(.slice(axis: 0, start: 0, count: 1), [[100, 3]]) == (0, 24))
    }

    @Test func errorsSayWhatToDo() {
        let missing = ParameterError(name: "fc.weight", origin: "a.safetensors", expected: [2, 3], found: nil)
        #expect(
            missing.description
                == "a.safetensors: the model needs 'fc.weight' as [2, 3], but it is missing; "
                + "use the weights file that belongs to this manifest")
        let misshapen = ParameterError(name: "w", origin: "f", expected: [2], found: [3])
        #expect(misshapen.description.contains("is [3] there"))
        let unreadable = ParameterError(name: "w", origin: "f", expected: [2], found: nil, unreadableType: "F64")
        #expect(unreadable.description.contains("is stored as F64"))
        let input = InputError(
            name: "ids", expected: ValueInfo(shape: [2], elementType: .int32), found: ValueInfo(shape: [3]))
        #expect(input.description == "input 'ids' is int32 [2], but float32 [3] was given")
        #expect(IndexError(node: "table", index: 9, count: 5).description.contains("no row 9"))
        let shape = ShapeError(node: "fc", operation: "linear", inputs: [[2], [3]], rule: "they differ")
        #expect(shape.description == "fc (linear) of [2], [3]: they differ")
        #expect(GraphError(place: "fc", rule: "is broken").description == "fc: is broken")
    }
}
