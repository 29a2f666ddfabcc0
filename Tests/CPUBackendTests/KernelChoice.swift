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
        precision == .float32 ? StorageUnderTest() : StorageUnderTest(activations: .bfloat16, roundsSoftmax: true)
    }
}
