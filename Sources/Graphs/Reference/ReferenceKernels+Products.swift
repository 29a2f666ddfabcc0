import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension ReferenceKernels {
    static func linear(_ linear: Linear, _ inputs: [ReferenceArray], _ shape: Shape) -> ReferenceArray {
        let (x, weight) = (inputs[0], inputs[1])  // [..., in], [out, in]
        let bias = linear.hasBias ? inputs[2] : nil
        let first = linear.hasBias ? 3 : 2  // of the epilogue's inputs
        var result = ReferenceArray(zeros: shape)
        for row in 0..<result.rowCount {
            for output in 0..<result.width {
                var sum = bias?.values[output] ?? 0
                for input in 0..<weight.width {
                    sum += x.values[row * x.width + input] * weight.values[output * weight.width + input]
                }
                let y = apply(linear.activation, to: sum)
                let position = row * result.width + output
                switch linear.epilogue {
                case .none: result.values[position] = y
                case .residual: result.values[position] = inputs[first].values[position] + y
                case .gatedResidual:
                    let batch = row / shape[1]
                    let gate = inputs[first + 1].values[batch * result.width + output]
                    result.values[position] = inputs[first].values[position] + gate * y
                }
            }
        }
        return result
    }

    static func convolution2D(
        _ convolution: Convolution2D, _ inputs: [ReferenceArray], _ shape: Shape
    ) -> ReferenceArray {
        let (x, weight) = (inputs[0], inputs[1])  // [B, H, W, in], [out, in, k, k]
        let (height, width, channels) = (x.shape[1], x.shape[2], x.shape[3])
        let kernel = weight.shape[2]
        let bias = convolution.hasBias ? inputs[2] : nil
        let residual = convolution.hasResidual ? inputs.last : nil
        var result = ReferenceArray(zeros: shape)
        forEachIndex(of: shape) { position, index in
            let (batch, output) = (index[0], index[3])
            var sum = bias?.values[output] ?? 0
            for kernelRow in 0..<kernel {
                let row = index[1] * convolution.stride + kernelRow - convolution.padding
                guard (0..<height).contains(row) else { continue }
                for kernelColumn in 0..<kernel {
                    let column = index[2] * convolution.stride + kernelColumn - convolution.padding
                    guard (0..<width).contains(column) else { continue }
                    let pixel = ((batch * height + row) * width + column) * channels
                    let tap = output * channels * kernel * kernel + kernelRow * kernel + kernelColumn
                    for channel in 0..<channels {
                        sum += x.values[pixel + channel] * weight.values[tap + channel * kernel * kernel]
                    }
                }
            }
            result.values[position] =
                apply(convolution.activation, to: sum) + (residual?.values[position] ?? 0)
        }
        return result
    }

    static func attention(_ attention: Attention, _ inputs: [ReferenceArray]) -> ReferenceArray {
        let q = inputs[0]  // [B, Tq, D]
        func joined(_ first: Int) -> ReferenceArray {
            guard attention.hasMoreKeys else { return inputs[first] }
            let (shape, more) = (inputs[first].shape, inputs[first + 2].shape)
            return concatenate(
                [inputs[first], inputs[first + 2]], axis: 1, shape.replacing(axis: 1, with: shape[1] + more[1]))
        }
        let (k, v) = (joined(1), joined(2))  // [B, Tk, D] each
        let (queryCount, keyCount, width) = (q.shape[1], k.shape[1], q.shape[2])
        let headWidth = width / attention.headCount
        var result = ReferenceArray(zeros: q.shape)
        for batch in 0..<q.shape[0] {
            for head in 0..<attention.headCount {
                for query in 0..<queryCount {
                    let to = (batch * queryCount + query) * width + head * headWidth
                    func from(_ key: Int) -> Int { (batch * keyCount + key) * width + head * headWidth }

                    let scores = (0..<keyCount).map { key in
                        Double(attention.scale)
                            * (0..<headWidth).reduce(0.0) { $0 + q.values[to + $1] * k.values[from(key) + $1] }
                    }
                    let largest = scores.max() ?? 0  // so that exp does not overflow; cancels out
                    let weights = scores.map { exp($0 - largest) }
                    let total = weights.reduce(0, +)
                    for channel in 0..<headWidth {
                        var sum = 0.0
                        for key in 0..<keyCount { sum += weights[key] * v.values[from(key) + channel] }
                        result.values[to + channel] = sum / total
                    }
                }
            }
        }
        return result
    }
}
