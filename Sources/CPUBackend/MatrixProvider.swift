import CKernels
import Graphs
import Tensors

/// A library that multiplies matrices: what stands behind `MatrixLibrary`.
protocol MatrixProvider: AnyObject {
    /// Prepares y = residual + gate·activation(x·Wᵀ + b).
    func linear(_ problem: LinearProblem) throws(CPUBackendError) -> any KernelStep

    /// Prepares a convolution with its bias, activation and residual.
    func convolution(_ problem: ConvolutionProblem) throws(CPUBackendError) -> any KernelStep

    /// Prepares attention.
    func attention(_ problem: AttentionProblem) throws(CPUBackendError) -> any KernelStep

    /// What the graph may store as bfloat16 because the products here round it; nil if they do not.
    var narrowing: Narrowing? { get }
}

/// What follows a product, on rows of the result.
struct ProductEpilogue {
    var bias: UnsafePointer<Float>?
    var activation: Activation?
    /// As the result.
    var residual: UnsafePointer<Float>?
    /// [rows / gateRows, width]
    var gate: UnsafePointer<Float>?
    var gateRows = 1

    /// The same as a kernel of ours on `y` [rows, width].
    func finish(_ y: UnsafeMutablePointer<Float>, rows: Int, width: Int) -> ck_finish_args {
        ck_finish_args(
            y: y, rows: rows, width: width, bias: bias, activation: ck_activation(activation), residual: residual,
            gate: gate, gate_rows: gateRows, row_scales: nil, column_scales: nil, column_sums: nil)
    }

    /// Whether there is nothing to do.
    var isEmpty: Bool { bias == nil && activation == nil && residual == nil && gate == nil }
}

/// y = epilogue(x·Wᵀ). x [rows, inner], weight [width, inner], y [rows, width]
struct LinearProblem {
    let rows: Int
    /// Whether the rows are tokens or pixels, and not one a picture of the batch.
    let isOfTokens: Bool
    let inner: Int
    let width: Int
    let x: Values
    let weight: Weight
    let y: Values
    var epilogue: ProductEpilogue
}

/// x [batch, height, width, channels], weight [outputs, channels, kernel, kernel], y [batch, H', W', outputs]
struct ConvolutionProblem {
    let batch: Int
    let height: Int
    let width: Int
    let channels: Int
    let outputs: Int
    let kernel: Int
    let stride: Int
    let padding: Int
    let x: Values
    let weight: Weight
    let y: UnsafeMutablePointer<Float>
    var epilogue: ProductEpilogue

    var outputHeight: Int { (height + 2 * padding - kernel) / stride + 1 }
    var outputWidth: Int { (width + 2 * padding - kernel) / stride + 1 }
    var outputPixelCount: Int { batch * outputHeight * outputWidth }

    /// The convolution as a linear layer over pixels, if it is one.
    var asLinear: LinearProblem? {
        guard kernel == 1, stride == 1, padding == 0 else { return nil }
        return LinearProblem(
            rows: outputPixelCount, isOfTokens: true, inner: channels, width: outputs, x: x, weight: weight,
            y: Values(base: y, elementType: .float32), epilogue: epilogue)
    }
}

extension ck_activation {
    init(_ activation: Activation?) {
        switch activation {
        case nil: self = CK_IDENTITY
        case .silu: self = CK_SILU
        case .geluTanh: self = CK_GELU_TANH
        case .gelu: self = CK_GELU
        case .geluSigmoid: self = CK_GELU_SIGMOID
        }
    }
}
