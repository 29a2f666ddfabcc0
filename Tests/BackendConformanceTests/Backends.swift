import CPUBackend
import Graphs
import Tensors
import TestSupport
import Testing

/// A backend in the name of a test.
struct BackendUnderTest: Sendable, CustomTestStringConvertible {
    let backend: any Backend
    /// What its bounds follow from.
    var storage = StorageUnderTest()

    var testDescription: String { backend.name }

    /// Every backend that can run here and is held to the reference. To hold another one, add it to this list.
    static let measured: [BackendUnderTest] =
        [
            BackendUnderTest(backend: ArenaBackend()),
            BackendUnderTest(backend: CPUBackend(library: .oneDNN, threads: ThreadPolicy(count: 1))),
            BackendUnderTest(backend: CPUBackend(library: .openBLAS, threads: ThreadPolicy(count: 1))),
        ] + narrow

    /// Where the processor has instructions for it. Bytes are `CPUBackendTests`': only layers of sizes that no case here has are
    /// computed in them.
    private static let narrow: [BackendUnderTest] =
        CPUBackend.precisions(of: .oneDNN).contains(.bfloat16)
        ? [
            BackendUnderTest(
                backend: CPUBackend(precision: .bfloat16, threads: ThreadPolicy(count: 1)),
                storage: StorageUnderTest(activations: .bfloat16, roundsSoftmax: true))
        ] : []

    /// The reference, too: it must agree with PyTorch and refuse what others refuse. Vulkan is measured in every
    /// variant by `VulkanConformanceTests`; here it is one more that agrees and refuses.
    static let all =
        [BackendUnderTest(backend: ReferenceBackend())] + measured
        + VulkanVariant.runnable.prefix(1).map { BackendUnderTest(backend: $0.backend) }
}
