public import Tensors

/// What one node of a graph computes.
///
/// The comment at each case gives its inputs in order. Activations are row-major with the feature (channel)
/// innermost: tokens are [batch, token, channel], pictures [batch, row, column, channel]. Elements are
/// float32 unless said.
public enum Operation: Hashable, Sendable {
    /// x·Wᵀ + b, then the activation, then the epilogue.
    ///
    /// x [..., in], weight [out, in], bias [out] if any, then the epilogue's inputs → [..., out]
    case linear(Linear)

    /// Two-dimensional cross-correlation with zero padding, as every deep learning framework means it.
    ///
    /// x [B, H, W, C], weight [out, in, kernel, kernel], bias [out] if any, residual (as result) if any
    /// → [B, H', W', out]
    case convolution2D(Convolution2D)

    /// softmax(q·kᵀ·scale)·v for each head; heads are contiguous runs of channels.
    ///
    /// q [B, Tq, heads·d], k [B, Tk, heads·d], v [B, Tk, heads·d], then, if the keys come in two stretches, k and v of
    /// those that follow [B, Tm, heads·d] → [B, Tq, heads·d]
    case attention(Attention)

    /// (x − mean)/√(variance + ε) over the innermost axis.
    ///
    /// x [..., D], then weight [D] and bias [D] if affine, then shift [B, D] and scale [B, D] if modulated
    /// (x [B, T, D]; the result is then normalised·(1 + scale) + shift, arXiv 2212.09748) → as x
    case layerNorm(LayerNorm)

    /// x/√(mean(x²) + ε)·weight over the innermost axis, then the activation (arXiv 1910.07467), then the rotation.
    ///
    /// x [..., D], weight [D], then cosine and sine [T, D/2] if it is turned (x [B, T, heads, D], see `rotary`) → as x
    case rmsNorm(RMSNorm)

    /// Layer norm over each group of channels of one picture, then the activation (arXiv 1803.08494).
    ///
    /// x [B, H, W, C], weight [C], bias [C] → as x
    case groupNorm(GroupNorm)

    /// x·(1 + scale) + shift, shift and scale the same for all tokens.
    ///
    /// x [B, T, D], shift [B, D], scale [B, D] → as x
    case modulate

    /// One function on every element. x → as x
    case activation(Activation)

    /// a + b; b is broadcast to a's shape by NumPy's rules. a, b → as a
    case add

    /// a·b; b is broadcast to a's shape by NumPy's rules. a, b → as a
    case multiply

    /// Joins two or more values along an axis. values → joined
    case concatenate(axis: Int)

    /// A range of one axis. x → the part
    case slice(axis: Int, start: Int, count: Int)

    /// The same elements in another shape. x → reshaped
    case reshape(Shape)

    /// Axis i of the result is axis `permutation[i]` of the input. x → permuted
    case transpose(permutation: [Int])

    /// Repeats each pixel `factor` times both ways. x [B, H, W, C] → [B, f·H, f·W, C]
    case upsampleNearest(factor: Int)

    /// Rows of a table. table [V, D], ids [...] (int32) → [..., D]; ids must lie in 0..<V.
    case embedding

    /// concat(cos(t·f), sin(t·f)), f_j = period^(−j/(dimension/2)) (arXiv 1706.03762 §3.5, DDPM's order cos, sin).
    ///
    /// t [B] → [B, dimension]
    case timestepEmbedding(TimestepEmbedding)

    /// Rotary position embedding (arXiv 2104.09864) on `axisCount` equal parts of the head dimension.
    ///
    /// Part g has size s = d/axisCount; its pair (g·s + j, g·s + j + s/2) turns by the angle at index
    /// g·s/2 + j. x [B, T, heads, d], cosine [T, d/2], sine [T, d/2] → as x
    case rotary(axisCount: Int)

    /// The mean over one axis, which disappears. x → reduced
    case mean(axis: Int)
}

/// What follows a matrix product in the same node.
public enum Epilogue: String, Hashable, Sendable, CaseIterable {
    case none
    /// residual + y; one more input, shaped as the result.
    case residual
    /// residual + gate·y; two more inputs, the residual [B, T, out] and the gate [B, out].
    case gatedResidual
}

public struct Linear: Hashable, Sendable {
    public var hasBias: Bool
    public var activation: Activation?
    public var epilogue: Epilogue

    public init(hasBias: Bool = true, activation: Activation? = nil, epilogue: Epilogue = .none) {
        self.hasBias = hasBias
        self.activation = activation
        self.epilogue = epilogue
    }
}

public struct Convolution2D: Hashable, Sendable {
    /// Rows and columns that the window moves by.
    public var stride: Int
    /// Zeros added on every side.
    public var padding: Int
    public var hasBias: Bool
    public var activation: Activation?
    /// Whether a last input is added to the result, after the activation.
    public var hasResidual: Bool

    public init(
        stride: Int = 1, padding: Int, hasBias: Bool = true, activation: Activation? = nil,
        hasResidual: Bool = false
    ) {
        self.stride = stride
        self.padding = padding
        self.hasBias = hasBias
        self.activation = activation
        self.hasResidual = hasResidual
    }
}

public struct Attention: Hashable, Sendable {
    public var headCount: Int
    /// What the scores are multiplied by before the softmax, usually 1/√d.
    public var scale: Float
    /// Whether more keys and values follow, as if they were joined to the first.
    public var hasMoreKeys: Bool

    public init(headCount: Int, scale: Float, hasMoreKeys: Bool = false) {
        self.headCount = headCount
        self.scale = scale
        self.hasMoreKeys = hasMoreKeys
    }
}

public struct LayerNorm: Hashable, Sendable {
    public var epsilon: Float
    public var isAffine: Bool
    public var isModulated: Bool

    public init(epsilon: Float, isAffine: Bool, isModulated: Bool = false) {
        self.epsilon = epsilon
        self.isAffine = isAffine
        self.isModulated = isModulated
    }
}

public struct RMSNorm: Hashable, Sendable {
    public var epsilon: Float
    public var activation: Activation?
    /// Equal parts of a row that a rotation behind it turns, see `Operation.rotary`; nil for none.
    public var rotaryAxisCount: Int?

    public init(epsilon: Float, activation: Activation? = nil, rotaryAxisCount: Int? = nil) {
        self.epsilon = epsilon
        self.activation = activation
        self.rotaryAxisCount = rotaryAxisCount
    }
}

public struct GroupNorm: Hashable, Sendable {
    public var groupCount: Int
    public var epsilon: Float
    public var activation: Activation?

    public init(groupCount: Int, epsilon: Float, activation: Activation? = nil) {
        self.groupCount = groupCount
        self.epsilon = epsilon
        self.activation = activation
    }
}

public struct TimestepEmbedding: Hashable, Sendable {
    /// Size of the result; even.
    public var dimension: Int
    public var period: Float

    public init(dimension: Int, period: Float = 10_000) {
        self.dimension = dimension
        self.period = period
    }
}

extension Operation {
    /// Whether it moves no element.
    public var isReshape: Bool {
        if case .reshape = self { true } else { false }
    }

    /// A short name for error messages, profiles and dumps.
    public var kind: String {
        switch self {
        case .linear: "linear"
        case .convolution2D: "convolution2D"
        case .attention: "attention"
        case .layerNorm: "layerNorm"
        case .rmsNorm: "rmsNorm"
        case .groupNorm: "groupNorm"
        case .modulate: "modulate"
        case .activation: "activation"
        case .add: "add"
        case .multiply: "multiply"
        case .concatenate: "concatenate"
        case .slice: "slice"
        case .reshape: "reshape"
        case .transpose: "transpose"
        case .upsampleNearest: "upsampleNearest"
        case .embedding: "embedding"
        case .timestepEmbedding: "timestepEmbedding"
        case .rotary: "rotary"
        case .mean: "mean"
        }
    }
}
