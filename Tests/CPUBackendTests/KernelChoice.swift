import CPUBackend
import Tensors
import TestSupport
import Testing

/// A library and a precision that it has on this processor.
struct KernelChoice: Hashable, Sendable, CustomTestStringConvertible {
    let library: MatrixLibrary
    let precision: ProductPrecision

    var testDescription: String { "\(library.rawValue), \(precision.rawValue)" }

    static let all = MatrixLibrary.allCases.flatMap { library in
        CPUBackend.precisions(of: library).map { KernelChoice(library: library, precision: $0) }
    }

    static let oneDNN = all.filter { $0.library == .oneDNN }

    func backend(threads: Int) -> CPUBackend {
        CPUBackend(library: library, precision: precision, threads: ThreadPolicy(count: threads))
    }

    /// What the bounds of a comparison follow from.
    var storage: StorageUnderTest {
        switch precision {
        case .float32: StorageUnderTest()
        case .bfloat16: StorageUnderTest(activations: .bfloat16, roundsSoftmax: true)
        case .int8: StorageUnderTest(activations: .bfloat16, weights: .int8)
        }
    }

    /// The case as its bounds are for what the kernels round: single roundings, or for bytes, whose rows are rounded in the
    /// middle of a case, the sum of them all.
    func bounded(_ graphCase: GraphCase) -> GraphCase {
        precision == .int8 ? graphCase.storedThroughout(storage) : graphCase.stored(storage)
    }
}
