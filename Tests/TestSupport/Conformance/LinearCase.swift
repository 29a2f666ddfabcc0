public import Graphs
public import Tensors

public struct LinearCase: OpCase {
    /// x without its last axis.
    let leading: [Int]
    let inputs: Int
    let outputs: Int
    var linear = Linear()
    /// What the weight is stored as.
    var stored = ElementType.float32

    public var label: String {
        var words = ["linear \(Shape(leading + [inputs])) → \(outputs)"]
        if !linear.hasBias { words.append("no bias") }
        if let activation = linear.activation { words.append(activation.rawValue) }
        if linear.epilogue != .none { words.append(linear.epilogue.rawValue) }
        if stored != .float32 { words.append("\(stored) weights") }
        return words.joined(separator: ", ")
    }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        var operands = [
            builder.input("x", Shape(leading + [inputs])), try builder.parameter("weight", [outputs, inputs]),
        ]
        if linear.hasBias { operands.append(try builder.parameter("bias", [outputs])) }
        if linear.epilogue != .none { operands.append(builder.input("residual", Shape(leading + [outputs]))) }
        if linear.epilogue == .gatedResidual { operands.append(builder.input("gate", [leading[0], outputs])) }
        return try builder.node(.linear(linear), operands)
    }

    public func tensor(_ name: String, _ info: ValueInfo, using generator: inout SeededGenerator) -> Tensor {
        guard name == "weight" else { return .normal(info.shape, using: &generator) }
        let deviation = 1 / Double(inputs).squareRoot()  // keeps the result near unit variance
        let weight = Tensor.normal(info.shape, deviation: deviation, using: &generator)
        return Tensor(info.shape, rounding: weight.floats(), to: stored)
    }

    public static let all: [LinearCase] =
        [
            LinearCase(leading: [], inputs: 3, outputs: 5),
            LinearCase(leading: [1], inputs: 1, outputs: 1),
            LinearCase(leading: [1], inputs: 256, outputs: 10),
            LinearCase(leading: [1, 64], inputs: 64, outputs: 64),
            LinearCase(leading: [2, 7], inputs: 33, outputs: 17),
            LinearCase(leading: [4, 3, 2], inputs: 8, outputs: 5),
            LinearCase(leading: [2, 16], inputs: 48, outputs: 144, stored: .bfloat16),
            LinearCase(leading: [2, 5], inputs: 31, outputs: 9, stored: .float16),
            LinearCase(leading: [3], inputs: 1000, outputs: 3),
            LinearCase(leading: [2, 9], inputs: 20, outputs: 12, linear: Linear(hasBias: false)),
        ] + fused

    /// Every activation and epilogue, together and alone, at sizes with one token, one channel and odd ones.
    private static let fused: [LinearCase] = {
        var cases: [LinearCase] = []
        for epilogue in Epilogue.allCases {
            for activation in [nil] + Activation.allCases.map(Optional.some) {
                for hasBias in [true, false] where epilogue != .none || activation != nil {
                    let linear = Linear(hasBias: hasBias, activation: activation, epilogue: epilogue)
                    cases.append(LinearCase(leading: [2, 7], inputs: 24, outputs: 19, linear: linear))
                }
            }
            guard epilogue != .none else { continue }
            let linear = Linear(epilogue: epilogue)
            cases.append(LinearCase(leading: [3, 1], inputs: 16, outputs: 32, linear: linear))
            cases.append(LinearCase(leading: [1, 13], inputs: 5, outputs: 1, linear: linear))
            cases.append(LinearCase(leading: [1, 64], inputs: 64, outputs: 64, linear: linear))
        }
        cases.append(LinearCase(leading: [6], inputs: 7, outputs: 8, linear: Linear(epilogue: .residual)))
        return cases
    }()
}
