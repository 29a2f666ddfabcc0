import CPUBackend
import Graphs
import Testing

/// A backend that must agree with PyTorch.
struct ParityBackend: Sendable, CustomTestStringConvertible {
    let backend: any Backend

    var testDescription: String { backend.name }

    static let all = [
        ParityBackend(backend: ReferenceBackend()),
        ParityBackend(backend: CPUBackend(library: .oneDNN)),
        ParityBackend(backend: CPUBackend(library: .openBLAS)),
    ]
}
