import CPUBackend
import TestSupport
import Testing

@Suite(.serialized) struct ConformanceTests {
    @Test(arguments: MatrixLibrary.allCases, try ConformanceSuite.operations())
    func operationMatchesTheReference(_ library: MatrixLibrary, _ graphCase: GraphCase) throws {
        try checkConformance(of: CPUBackend(library: library, threads: ThreadPolicy(count: 1)), to: graphCase)
    }

    @Test(arguments: MatrixLibrary.allCases, try LargerCases.all())
    func sizesOfTheModelsMatchTheReference(_ library: MatrixLibrary, _ graphCase: GraphCase) throws {
        try checkConformance(of: CPUBackend(library: library, threads: ThreadPolicy(count: 2)), to: graphCase)
    }

    @Test(arguments: MatrixLibrary.allCases, UInt64(0)..<30)
    func randomGraphMatchesTheReference(_ library: MatrixLibrary, _ seed: UInt64) throws {
        let graphCase = try RandomGraph.make(seed: seed, steps: 12)
        try checkConformance(of: CPUBackend(library: library, threads: ThreadPolicy(count: 1)), to: graphCase)
    }
}
