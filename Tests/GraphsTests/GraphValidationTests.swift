import Graphs
import Tensors
import Testing

@Suite struct GraphValidationTests {
    private static func sample() throws -> Graph {
        var builder = GraphBuilder()
        let x = builder.input("x", [2, 4])
        let y = try builder.linear(x, "fc", outputs: 4)
        let z = try builder.add(y, builder.constant(Tensor([4], [Float](repeating: 1, count: 4))))
        builder.output("z", z)
        return builder.graph
    }

    private func expectFault(_ place: String, _ rule: String, _ change: (inout Graph) -> Void) throws {
        var graph = try GraphValidationTests.sample()
        try graph.validate()
        change(&graph)
        #expect(throws: GraphError(place: place, rule: rule)) { try graph.validate() }
    }

    @Test func builtGraphIsValid() throws {
        try GraphValidationTests.sample().validate()
    }

    @Test func nodeBeforeItsInputIsFound() throws {
        try expectFault("add", "value 3 is read before it is made") { $0.nodes.reverse() }
    }

    @Test func valueOutOfRangeIsFound() throws {
        try expectFault("fc", "there is no value 99") { $0.nodes[0].inputs[0] = ValueID(index: 99) }
        try expectFault("fc", "there is no value -1") { $0.nodes[0].inputs[0] = ValueID(index: -1) }
    }

    @Test func valueMadeTwiceIsFound() throws {
        try expectFault("add", "value 3 is made twice") { $0.nodes[1].output = ValueID(index: 3) }
    }

    @Test func wrongShapeIsFound() throws {
        try expectFault("fc", "its result is [2, 4], not [2, 5]") { $0.values[3].shape = [2, 5] }
    }

    @Test func outputThatNothingMakesIsFound() throws {
        try expectFault("output 'z'", "nothing makes it") { $0.nodes.removeLast() }
    }

    @Test func nameTakenTwiceIsFound() throws {
        try expectFault("input 'x'", "the name is taken") { $0.inputs.append($0.inputs[0]) }
        try expectFault("output 'z'", "the name is taken") { $0.outputs.append($0.outputs[0]) }
        try expectFault("parameter 'fc.bias'", "the name is taken") { $0.parameters.append($0.parameters[1]) }
    }

    @Test func emptyValueIsFound() throws {
        try expectFault("input 'x'", "[0, 4] has no elements") { $0.values[0].shape = [0, 4] }
    }

    @Test func constantOfAnotherShapeIsFound() throws {
        try expectFault("constant 4", "its tensor is not [4]") {
            $0.constants[0] = Constant(value: $0.constants[0].value, tensor: Tensor([1], [1 as Float]))
        }
    }

    @Test func brokenNodeIsAShapeError() throws {
        var graph = try GraphValidationTests.sample()
        graph.nodes[0].operation = .modulate
        #expect(throws: ShapeError.self) { try graph.validate() }
    }
}
