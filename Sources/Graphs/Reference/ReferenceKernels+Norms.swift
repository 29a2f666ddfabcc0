import Tensors

extension ReferenceKernels {
    static func layerNorm(_ norm: LayerNorm, _ inputs: [ReferenceArray]) -> ReferenceArray {
        var result = inputs[0]  // [..., D]
        let width = result.width
        for row in 0..<result.rowCount {
            normalise(&result, Array(row * width..<(row + 1) * width), epsilon: norm.epsilon)
        }
        if norm.isAffine {
            for position in result.values.indices {
                let channel = position % width
                result.values[position] =
                    result.values[position] * inputs[1].values[channel] + inputs[2].values[channel]
            }
        }
        guard norm.isModulated else { return result }
        let first = norm.isAffine ? 3 : 1
        return modulate(result, shift: inputs[first], scale: inputs[first + 1])
    }

    static func rmsNorm(_ norm: RMSNorm, _ inputs: [ReferenceArray]) -> ReferenceArray {
        let (x, weight) = (inputs[0], inputs[1])  // [..., D], [D]
        var result = x
        for row in 0..<x.rowCount {
            let range = row * x.width..<(row + 1) * x.width
            let meanSquare = x.values[range].reduce(0) { $0 + $1 * $1 } / Double(x.width)
            let root = (meanSquare + Double(norm.epsilon)).squareRoot()
            for position in range {
                let scaled = x.values[position] / root * weight.values[position - range.lowerBound]
                result.values[position] = apply(norm.activation, to: scaled)
            }
        }
        guard let axisCount = norm.rotaryAxisCount else { return result }
        return rotary(result, cosine: inputs[2], sine: inputs[3], axisCount: axisCount)
    }

    static func groupNorm(_ norm: GroupNorm, _ inputs: [ReferenceArray]) -> ReferenceArray {
        var result = inputs[0]  // [B, H, W, C]
        let channels = result.shape[3]
        let pixels = result.shape[1] * result.shape[2]
        let groupWidth = channels / norm.groupCount
        for batch in 0..<result.shape[0] {
            for group in 0..<norm.groupCount {
                let positions = (0..<pixels).flatMap { pixel in
                    let start = (batch * pixels + pixel) * channels + group * groupWidth
                    return start..<start + groupWidth
                }
                normalise(&result, positions, epsilon: norm.epsilon)
            }
        }
        for position in result.values.indices {
            let channel = position % channels
            result.values[position] = apply(
                norm.activation,
                to: result.values[position] * inputs[1].values[channel] + inputs[2].values[channel])
        }
        return result
    }

    /// Takes mean and (biased) variance out of the elements at `positions`.
    private static func normalise(_ array: inout ReferenceArray, _ positions: [Int], epsilon: Float) {
        let count = Double(positions.count)
        let mean = positions.reduce(0.0) { $0 + array.values[$1] } / count
        let variance =
            positions.reduce(0.0) { sum, position in
                let distance = array.values[position] - mean
                return sum + distance * distance
            } / count
        let root = (variance + Double(epsilon)).squareRoot()
        for position in positions { array.values[position] = (array.values[position] - mean) / root }
    }
}
