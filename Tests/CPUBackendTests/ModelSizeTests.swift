import CPUBackend
import TestSupport
import Testing

/// The sizes that the shipped models have; the operations at all shapes are in `BackendConformanceTests`.
@Suite(.serialized) struct ModelSizeTests {
    @Test(arguments: MatrixLibrary.allCases, try LargerCases.all())
    func sizesOfTheModelsMatchTheReference(_ library: MatrixLibrary, _ graphCase: GraphCase) throws {
        try checkConformance(of: CPUBackend(library: library, threads: ThreadPolicy(count: 2)), to: graphCase)
    }
}
