import CPUBackend
import TestSupport
import Testing

@Suite struct ConformanceTests {
    @Test(arguments: MatrixLibrary.allCases, try ConformanceSuite.operations())
    func operationMatchesTheReference(_ library: MatrixLibrary, _ graphCase: GraphCase) throws {
        try checkConformance(of: CPUBackend(library: library, threads: ThreadPolicy(count: 2)), to: graphCase)
    }
}
