public import Tensors

extension Graph {
    /// How often each value is read, by nodes and as an output of the graph.
    public var useCounts: [Int] {
        var counts = [Int](repeating: 0, count: values.count)
        for node in nodes {
            for input in node.inputs { counts[input.index] += 1 }
        }
        for output in outputs { counts[output.value.index] += 1 }
        return counts
    }

    /// The node that makes each value, nil for values from outside.
    public var producers: [Int?] {
        var producers = [Int?](repeating: nil, count: values.count)
        for (index, node) in nodes.enumerated() { producers[node.output.index] = index }
        return producers
    }

    /// Every parameter's tensor, for `Backend.compile`.
    ///
    /// - Throws: `ParameterError` when one is missing, of another shape or of a type that cannot be read.
    public func parameterTensors(
        from source: any ParameterSource
    ) throws(ParameterError) -> [ValueID: Tensor] {
        var tensors: [ValueID: Tensor] = [:]
        for parameter in parameters {
            let expected = self[parameter.value].shape
            guard let tensor = source.tensor(named: parameter.name), tensor.shape == expected else {
                throw ParameterError(
                    name: parameter.name, origin: source.origin, expected: expected,
                    found: source.tensor(named: parameter.name)?.shape,
                    unreadableType: source.unreadableType(ofTensorNamed: parameter.name))
            }
            // Numbers would be read as others.
            guard (tensor.elementType == .int32) == (self[parameter.value].elementType == .int32) else {
                throw ParameterError(
                    name: parameter.name, origin: source.origin, expected: expected, found: nil,
                    unreadableType: "\(tensor.elementType)")
            }
            tensors[parameter.value] = tensor
        }
        return tensors
    }

    /// Every input's tensor, for `ExecutableGraph.run`.
    ///
    /// - Throws: `InputError` when one is missing or not as declared.
    public func inputTensors(from given: [String: Tensor]) throws(InputError) -> [ValueID: Tensor] {
        var tensors: [ValueID: Tensor] = [:]
        for input in inputs {
            let expected = self[input.value]
            let tensor = given[input.name]
            let found = tensor.map { ValueInfo(shape: $0.shape, elementType: $0.elementType) }
            guard let tensor, found == expected else {
                throw InputError(name: input.name, expected: expected, found: found)
            }
            tensors[input.value] = tensor
        }
        return tensors
    }
}
