public import Graphs
public import Tensors

public struct Convolution2DCase: OpCase {
    /// [B, H, W, C]
    let picture: Shape
    let outputs: Int
    let kernel: Int
    let convolution: Convolution2D

    init(_ picture: Shape, outputs: Int, kernel: Int, _ convolution: Convolution2D) {
        self.picture = picture
        self.outputs = outputs
        self.kernel = kernel
        self.convolution = convolution
    }

    public var label: String {
        var words = ["convolution2D \(picture) → \(outputs), kernel \(kernel)"]
        words.append("stride \(convolution.stride), padding \(convolution.padding)")
        if !convolution.hasBias { words.append("no bias") }
        if let activation = convolution.activation { words.append(activation.rawValue) }
        if convolution.hasResidual { words.append("residual") }
        return words.joined(separator: ", ")
    }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        var operands = [
            builder.input("x", picture), try builder.parameter("weight", [outputs, picture[3], kernel, kernel]),
        ]
        if convolution.hasBias { operands.append(try builder.parameter("bias", [outputs])) }
        if convolution.hasResidual {
            let reach = 2 * convolution.padding - kernel
            operands.append(
                builder.input(
                    "residual",
                    [
                        picture[0], (picture[1] + reach) / convolution.stride + 1,
                        (picture[2] + reach) / convolution.stride + 1, outputs,
                    ]))
        }
        return try builder.node(.convolution2D(convolution), operands)
    }

    public func tensor(_ name: String, _ info: ValueInfo, using generator: inout SeededGenerator) -> Tensor {
        guard name == "weight" else { return .normal(info.shape, using: &generator) }
        let deviation = 1 / Double(picture[3] * kernel * kernel).squareRoot()
        return .normal(info.shape, deviation: deviation, using: &generator)
    }

    public static let all: [Convolution2DCase] = {
        let same = Convolution2D(padding: 1)
        var cases = [
            Convolution2DCase([1, 1, 1, 1], outputs: 1, kernel: 1, Convolution2D(padding: 0)),
            Convolution2DCase([1, 1, 1, 4], outputs: 3, kernel: 3, same),
            Convolution2DCase([1, 5, 7, 3], outputs: 8, kernel: 3, same),
            Convolution2DCase([2, 8, 8, 16], outputs: 16, kernel: 3, same),
            Convolution2DCase([3, 4, 6, 5], outputs: 7, kernel: 3, same),
            Convolution2DCase([1, 9, 9, 32], outputs: 32, kernel: 3, same),
            Convolution2DCase([1, 12, 12, 64], outputs: 12, kernel: 3, same),
            Convolution2DCase([1, 8, 8, 8], outputs: 24, kernel: 1, Convolution2D(padding: 0)),
            Convolution2DCase([2, 3, 3, 6], outputs: 4, kernel: 1, Convolution2D(padding: 1)),
            Convolution2DCase([1, 6, 5, 4], outputs: 4, kernel: 3, Convolution2D(padding: 0)),
            Convolution2DCase([2, 8, 8, 4], outputs: 6, kernel: 3, Convolution2D(stride: 2, padding: 1)),
            Convolution2DCase([1, 7, 9, 3], outputs: 5, kernel: 3, Convolution2D(stride: 2, padding: 1)),
            Convolution2DCase([1, 8, 8, 4], outputs: 4, kernel: 4, Convolution2D(stride: 2, padding: 1)),
            Convolution2DCase([1, 8, 8, 3], outputs: 16, kernel: 2, Convolution2D(stride: 2, padding: 0)),
            Convolution2DCase([1, 9, 6, 3], outputs: 4, kernel: 5, Convolution2D(padding: 2)),
            Convolution2DCase([1, 6, 6, 5], outputs: 6, kernel: 3, Convolution2D(padding: 1, hasBias: false)),
        ]
        for activation in [nil] + Activation.allCases.map(Optional.some) {
            for hasResidual in [true, false] where hasResidual || activation != nil {
                cases.append(
                    Convolution2DCase(
                        [2, 5, 6, 8], outputs: 9, kernel: 3,
                        Convolution2D(padding: 1, activation: activation, hasResidual: hasResidual)))
            }
        }
        cases.append(
            Convolution2DCase(
                [1, 8, 8, 16], outputs: 16, kernel: 3, Convolution2D(padding: 1, hasBias: false, hasResidual: true)))
        cases.append(
            Convolution2DCase(
                [1, 7, 7, 4], outputs: 4, kernel: 3,
                Convolution2D(stride: 2, padding: 1, activation: .silu, hasResidual: true)))
        return cases
    }()
}
