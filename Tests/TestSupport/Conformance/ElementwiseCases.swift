public import Graphs
public import Tensors

public struct ActivationCase: OpCase {
    let x: Shape
    let activation: Activation
    /// Inputs are spread evenly between minus this and this.
    let reach: Double

    public var label: String { "\(activation.rawValue) \(x) on ±\(reach)" }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        try builder.activation(builder.input("x", x), activation)
    }

    public func tensor(_ name: String, _ info: ValueInfo, using generator: inout SeededGenerator) -> Tensor {
        .uniform(info.shape, in: -reach...reach, using: &generator)
    }

    /// ±200 is beyond where exp overflows a float32 (88.7).
    public static let all: [ActivationCase] = Activation.allCases.flatMap { activation in
        [
            ActivationCase(x: [1], activation: activation, reach: 4),
            ActivationCase(x: [2, 7, 33], activation: activation, reach: 6),
            ActivationCase(x: [2, 3, 5, 8], activation: activation, reach: 200),
        ]
    }
}

public struct BinaryCase: OpCase {
    let operation: Operation
    let a: Shape
    let b: Shape

    public var label: String { "\(operation.kind) \(a), \(b)" }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        try builder.node(operation, [builder.input("a", a), builder.input("b", b)])
    }

    public static let all: [BinaryCase] = [Operation.add, .multiply].flatMap { operation in
        [
            BinaryCase(operation: operation, a: [], b: []),
            BinaryCase(operation: operation, a: [1], b: [1]),
            BinaryCase(operation: operation, a: [2, 7, 33], b: [2, 7, 33]),
            BinaryCase(operation: operation, a: [2, 7, 33], b: [2, 1, 33]),
            BinaryCase(operation: operation, a: [2, 7, 33], b: [7, 33]),
            BinaryCase(operation: operation, a: [2, 7, 33], b: [33]),
            BinaryCase(operation: operation, a: [2, 7, 33], b: [1]),
            BinaryCase(operation: operation, a: [2, 7, 33], b: []),
            BinaryCase(operation: operation, a: [2, 7, 33], b: [2, 7, 1]),
            BinaryCase(operation: operation, a: [2, 7, 33], b: [7, 1]),
            BinaryCase(operation: operation, a: [3, 4, 5, 6], b: [1, 4, 1, 6]),
            BinaryCase(operation: operation, a: [3, 4, 5, 6], b: [3, 1, 5, 1]),
            BinaryCase(operation: operation, a: [2, 6, 16], b: [6, 16]),
        ]
    }
}

public struct ModulateCase: OpCase {
    let x: Shape

    public var label: String { "modulate \(x)" }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        try builder.modulate(
            builder.input("x", x), shift: builder.input("shift", [x[0], x[2]]),
            scale: builder.input("scale", [x[0], x[2]]))
    }

    public static let all = [
        ModulateCase(x: [1, 1, 1]), ModulateCase(x: [2, 7, 33]), ModulateCase(x: [3, 1, 16]),
    ]
}
