import CPUBackend
import Graphs
import Testing
import VulkanBackend

/// A backend that must agree with PyTorch.
struct ParityBackend: Sendable, CustomTestStringConvertible {
    let backend: any Backend

    var testDescription: String { backend.name }

    /// On a machine without a Vulkan device all but the last.
    static let all =
        [
            ParityBackend(backend: ReferenceBackend()),
            ParityBackend(backend: CPUBackend(library: .oneDNN)),
            ParityBackend(backend: CPUBackend(library: .openBLAS)),
        ] + vulkan

    private static let vulkan = [try? VulkanBackend(device: .named("llvmpipe"))].compactMap { backend in
        backend.map { ParityBackend(backend: $0) }
    }
}
