import Tensors

extension Graph {
    /// Checks that the graph can run: every value is there before it is read, made once, and as large as shape
    /// inference says; names are unique; nothing is empty.
    ///
    /// - Throws: `GraphError` naming the node, or the `ShapeError` of a node.
    public func validate() throws {
        var known = [Bool](repeating: false, count: values.count)

        func define(_ value: ValueID, by place: String) throws(GraphError) {
            try expectInRange(value, place)
            guard !known[value.index] else {
                throw GraphError(place: place, rule: "value \(value.index) is made twice")
            }
            guard self[value].shape.dimensions.allSatisfy({ $0 > 0 }) else {
                throw GraphError(place: place, rule: "\(self[value].shape) has no elements")
            }
            known[value.index] = true
        }

        try expectUnique(inputs, "input")
        try expectUnique(parameters, "parameter")
        try expectUnique(outputs, "output")
        for input in inputs { try define(input.value, by: "input '\(input.name)'") }
        for parameter in parameters { try define(parameter.value, by: "parameter '\(parameter.name)'") }
        for constant in constants {
            try define(constant.value, by: "constant \(constant.value.index)")
            let declared = self[constant.value]
            guard constant.tensor.shape == declared.shape, constant.tensor.elementType == declared.elementType
            else {
                throw GraphError(
                    place: "constant \(constant.value.index)", rule: "its tensor is not \(declared.shape)")
            }
        }
        for node in nodes {
            for input in node.inputs {
                try expectInRange(input, node.name)
                guard known[input.index] else {
                    throw GraphError(place: node.name, rule: "value \(input.index) is read before it is made")
                }
            }
            let info = try node.operation.result(of: node.inputs.map { self[$0] }, node: node.name)
            try define(node.output, by: node.name)
            guard info == self[node.output] else {
                throw GraphError(
                    place: node.name, rule: "its result is \(info.shape), not \(self[node.output].shape)")
            }
        }
        for output in outputs {
            try expectInRange(output.value, "output '\(output.name)'")
            guard known[output.value.index] else {
                throw GraphError(place: "output '\(output.name)'", rule: "nothing makes it")
            }
        }
    }

    private func expectInRange(_ value: ValueID, _ place: String) throws(GraphError) {
        guard values.indices.contains(value.index) else {
            throw GraphError(place: place, rule: "there is no value \(value.index)")
        }
    }

    private func expectUnique(_ named: [NamedValue], _ kind: String) throws(GraphError) {
        var seen: Set<String> = []
        for entry in named where !seen.insert(entry.name).inserted {
            throw GraphError(place: "\(kind) '\(entry.name)'", rule: "the name is taken")
        }
    }
}
