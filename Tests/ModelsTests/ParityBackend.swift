import CPUBackend
import Graphs
import Testing
import VulkanTestSupport

/// A backend that must agree with PyTorch.
struct ParityBackend: Sendable, CustomTestStringConvertible {
    let backend: any Backend

    var testDescription: String { backend.name }

    /// On a machine without a Vulkan device all but the last.
    static let all = Result {
        [
            ParityBackend(backend: ReferenceBackend()),
            ParityBackend(backend: CPUBackend(library: .oneDNN)),
            ParityBackend(backend: CPUBackend(library: .openBLAS)),
        ] + (try vulkan())
    }

    private static func vulkan() throws -> [ParityBackend] {
        TestDevice.isExpected() ? [ParityBackend(backend: try TestDevice.backend())] : []
    }
}
