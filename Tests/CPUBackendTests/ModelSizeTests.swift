import TestSupport
import Testing

/// The sizes that the shipped models have; the operations at all shapes are in `BackendConformanceTests`.
@Suite(.serialized) struct ModelSizeTests {
    @Test(arguments: KernelChoice.all, try LargerCases.all())
    func sizesOfTheModelsMatchTheReference(_ kernels: KernelChoice, _ graphCase: GraphCase) throws {
        try checkConformance(of: kernels.backend(threads: 2), to: kernels.bounded(graphCase))
    }
}
