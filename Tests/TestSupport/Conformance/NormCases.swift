public import Graphs
public import Tensors

/// Sizes that all norms over the innermost axis run at.
private let rowShapes: [Shape] = [
    [5], [1, 1, 8], [2, 7, 33], [1, 16, 64], [3, 1, 256], [2, 3, 4, 12], [2, 5, 384], [1, 2, 1032],
]

/// Input away from zero, so that a variance computed as a difference of large numbers shows.
private func offCentre(
    _ name: String, _ info: ValueInfo, using generator: inout SeededGenerator
) -> Tensor {
    .normal(info.shape, mean: name == "x" ? 3 : 0.5, using: &generator)
}

public struct LayerNormCase: OpCase {
    let x: Shape
    let norm: LayerNorm

    public var label: String {
        "layerNorm \(x), ε \(norm.epsilon)" + (norm.isAffine ? ", affine" : "")
            + (norm.isModulated ? ", modulated" : "")
    }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        var operands = [builder.input("x", x)]
        if norm.isAffine {
            operands.append(try builder.parameter("weight", [x[-1]]))
            operands.append(try builder.parameter("bias", [x[-1]]))
        }
        if norm.isModulated {
            operands.append(builder.input("shift", [x[0], x[-1]]))
            operands.append(builder.input("scale", [x[0], x[-1]]))
        }
        return try builder.node(.layerNorm(norm), operands)
    }

    public func tensor(_ name: String, _ info: ValueInfo, using generator: inout SeededGenerator) -> Tensor {
        offCentre(name, info, using: &generator)
    }

    public static let all: [LayerNormCase] = rowShapes.flatMap { x in
        [(true, false), (false, false), (true, true), (false, true)].compactMap { isAffine, isModulated in
            guard !isModulated || x.rank == 3 else { return nil }
            return LayerNormCase(
                x: x,
                norm: LayerNorm(epsilon: isAffine ? 1e-5 : 1e-6, isAffine: isAffine, isModulated: isModulated))
        }
    }
}

public struct RMSNormCase: OpCase {
    let x: Shape
    var activation: Activation?
    /// Of a rotation behind it.
    var axisCount: Int?

    public var label: String {
        "rmsNorm \(x)" + (activation.map { ", \($0.rawValue)" } ?? "")
            + (axisCount.map { ", turned on \($0) axes" } ?? "")
    }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        var operands = [builder.input("x", x), try builder.parameter("weight", [x[-1]])]
        if axisCount != nil {
            let (cosine, sine) = RotaryCase.tables(for: x)
            operands += [builder.constant(cosine), builder.constant(sine)]
        }
        let norm = RMSNorm(epsilon: 1e-6, activation: activation, rotaryAxisCount: axisCount)
        return try builder.node(.rmsNorm(norm), operands)
    }

    public static let all: [RMSNormCase] =
        rowShapes.map { RMSNormCase(x: $0) } + [RMSNormCase(x: [4, 1])]
        + Activation.allCases.map { RMSNormCase(x: [2, 3, 5, 24], activation: $0) }
        + [
            RMSNormCase(x: [1, 1, 1, 2], axisCount: 1), RMSNormCase(x: [2, 5, 3, 64], axisCount: 2),
            RMSNormCase(x: [2, 9, 2, 16], axisCount: 1), RMSNormCase(x: [1, 3, 2, 12], axisCount: 3),
            RMSNormCase(x: [1, 7, 1, 96], axisCount: 3),
            RMSNormCase(x: [2, 3, 2, 40], activation: .silu, axisCount: 2),
        ]
}

public struct GroupNormCase: OpCase {
    let x: Shape
    let groupCount: Int
    var activation: Activation?

    public var label: String {
        "groupNorm \(x), \(groupCount) groups" + (activation.map { ", \($0.rawValue)" } ?? "")
    }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        let operands = [
            builder.input("x", x), try builder.parameter("weight", [x[3]]), try builder.parameter("bias", [x[3]]),
        ]
        let norm = GroupNorm(groupCount: groupCount, epsilon: 1e-5, activation: activation)
        return try builder.node(.groupNorm(norm), operands)
    }

    public func tensor(_ name: String, _ info: ValueInfo, using generator: inout SeededGenerator) -> Tensor {
        offCentre(name, info, using: &generator)
    }

    public static let all: [GroupNormCase] =
        [
            GroupNormCase(x: [1, 1, 1, 4], groupCount: 2),
            GroupNormCase(x: [2, 5, 3, 12], groupCount: 3),
            GroupNormCase(x: [1, 8, 8, 32], groupCount: 32),
            GroupNormCase(x: [2, 4, 4, 7], groupCount: 1),
        ] + Activation.allCases.map { GroupNormCase(x: [2, 3, 3, 16], groupCount: 4, activation: $0) }
}
