import Tensors

/// The shape rules of one node, each a check that throws the rule it finds broken.
struct ShapeRules {
    let operation: Operation
    let node: String
    let inputs: [ValueInfo]

    subscript(index: Int) -> Shape { inputs[index].shape }

    func expect(_ condition: Bool, _ rule: @autoclosure () -> String) throws(ShapeError) {
        guard condition else {
            throw ShapeError(
                node: node, operation: operation.kind, inputs: inputs.map(\.shape), rule: rule())
        }
    }

    func expectCount(_ count: Int, integers: Set<Int> = []) throws(ShapeError) {
        try expect(inputs.count == count, "takes \(count) inputs, not \(inputs.count)")
        for (index, input) in inputs.enumerated() {
            let wanted: ElementType = integers.contains(index) ? .int32 : .float32
            try expect(input.elementType == wanted, "input \(index) is \(wanted), not \(input.elementType)")
        }
    }

    func expectAxis(_ axis: Int) throws(ShapeError) {
        try expect((0..<self[0].rank).contains(axis), "there is no axis \(axis)")
    }

    func expectBroadcast() throws(ShapeError) {
        let (a, b) = (self[0], self[1])
        let fits = b.rank <= a.rank && (1..<b.rank + 1).allSatisfy { b[-$0] == 1 || b[-$0] == a[-$0] }
        try expect(fits, "b cannot be broadcast to a")
    }

    func expectModulation(shift: Int, scale: Int) throws(ShapeError) {
        let x = self[0]
        try expect(x.rank == 3, "x is [B, T, D]")
        try expect(self[shift] == [x[0], x[2]] && self[scale] == [x[0], x[2]], "shift and scale are [B, D]")
    }

    func linear(_ linear: Linear) throws(ShapeError) -> Shape {
        let epilogueInputs =
            switch linear.epilogue {
            case .none: 0
            case .residual: 1
            case .gatedResidual: 2
            }
        try expectCount(2 + (linear.hasBias ? 1 : 0) + epilogueInputs)
        let (x, weight) = (self[0], self[1])
        try expect(x.rank >= 1 && weight.rank == 2 && x[-1] == weight[1], "x is [..., in] and weight [out, in]")
        try expect(!linear.hasBias || self[2] == [weight[0]], "the bias is [out]")
        let result = x.replacing(axis: -1, with: weight[0])
        let first = linear.hasBias ? 3 : 2
        if linear.epilogue != .none {
            try expect(self[first] == result, "the residual is shaped as the result \(result)")
        }
        if linear.epilogue == .gatedResidual {
            try expect(
                result.rank == 3 && self[first + 1] == [result[0], result[2]], "the gate is [B, out] of [B, T, out]")
        }
        return result
    }

    func convolution2D(_ convolution: Convolution2D) throws(ShapeError) -> Shape {
        try expectCount(2 + (convolution.hasBias ? 1 : 0) + (convolution.hasResidual ? 1 : 0))
        let (x, weight) = (self[0], self[1])
        try expect(
            x.rank == 4 && weight.rank == 4 && x[3] == weight[1] && weight[2] == weight[3] && weight[2] >= 1,
            "x is [B, H, W, in] and weight [out, in, k, k]")
        try expect(convolution.stride >= 1 && convolution.padding >= 0, "the stride is positive")
        try expect(!convolution.hasBias || self[2] == [weight[0]], "the bias is [out]")
        let (padded, kernel) = (2 * convolution.padding, weight[2])
        try expect(x[1] + padded >= kernel && x[2] + padded >= kernel, "the padded picture is smaller than the window")
        let result: Shape = [
            x[0], (x[1] + padded - kernel) / convolution.stride + 1,
            (x[2] + padded - kernel) / convolution.stride + 1, weight[0],
        ]
        try expect(
            !convolution.hasResidual || inputs[inputs.count - 1].shape == result,
            "the residual is shaped as the result \(result)")
        return result
    }

    func attention(_ attention: Attention) throws(ShapeError) -> Shape {
        try expectCount(attention.hasMoreKeys ? 5 : 3)
        let q = self[0]
        for first in attention.hasMoreKeys ? [1, 3] : [1] {
            let (k, v) = (self[first], self[first + 1])
            try expect(q.rank == 3 && k.rank == 3 && k == v, "q is [B, Tq, D], k and v are [B, Tk, D]")
            try expect(q[0] == k[0] && q[2] == k[2], "q, k and v share batch and channels")
        }
        try expect(
            attention.headCount >= 1 && q[2] % attention.headCount == 0,
            "\(attention.headCount) heads do not divide the channels")
        return q
    }

    func layerNorm(_ norm: LayerNorm) throws(ShapeError) -> Shape {
        try expectCount(1 + (norm.isAffine ? 2 : 0) + (norm.isModulated ? 2 : 0))
        let x = self[0]
        try expect(x.rank >= 1, "x is [..., D]")
        if norm.isAffine {
            try expect(self[1] == [x[-1]] && self[2] == [x[-1]], "weight and bias are [D]")
        }
        if norm.isModulated {
            let first = norm.isAffine ? 3 : 1
            try expectModulation(shift: first, scale: first + 1)
        }
        return x
    }

    func rmsNorm(_ norm: RMSNorm) throws(ShapeError) -> Shape {
        try expectCount(norm.rotaryAxisCount == nil ? 2 : 4)
        try expect(self[0].rank >= 1 && self[1] == [self[0][-1]], "the weight is [D] of x [..., D]")
        if let axisCount = norm.rotaryAxisCount { try expectRotation(axisCount: axisCount, cosine: 2, sine: 3) }
        return self[0]
    }

    func groupNorm(_ norm: GroupNorm) throws(ShapeError) -> Shape {
        try expectCount(3)
        let x = self[0]
        try expect(x.rank == 4, "x is [B, H, W, C]")
        try expect(
            norm.groupCount >= 1 && x[3] % norm.groupCount == 0, "\(norm.groupCount) groups do not divide the channels")
        try expect(self[1] == [x[3]] && self[2] == [x[3]], "weight and bias are [C]")
        return x
    }

    func concatenate(axis: Int) throws(ShapeError) -> Shape {
        try expect(inputs.count >= 2, "joins two or more values")
        try expectCount(inputs.count)
        try expectAxis(axis)
        var extent = 0
        for input in inputs {
            try expect(
                input.shape.rank == self[0].rank
                    && input.shape.replacing(axis: axis, with: 0) == self[0].replacing(axis: axis, with: 0),
                "the values differ outside axis \(axis)")
            extent += input.shape[axis]
        }
        return self[0].replacing(axis: axis, with: extent)
    }

    func expectRotation(axisCount: Int, cosine: Int, sine: Int) throws(ShapeError) {
        let x = self[0]
        try expect(x.rank == 4, "x is [B, T, heads, d]")
        try expect(axisCount >= 1 && x[3] % (2 * axisCount) == 0, "d is a multiple of 2·\(axisCount)")
        try expect(self[cosine] == [x[1], x[3] / 2] && self[sine] == self[cosine], "cosine and sine are [T, d/2]")
    }
}
