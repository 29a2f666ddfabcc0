import Graphs
import TestSupport
import Testing

@Suite struct BackendConformanceTests {
    @Test(arguments: BackendUnderTest.all, try ConformanceSuite.operations())
    func operationMatchesTheReference(_ backend: BackendUnderTest, _ graphCase: GraphCase) throws {
        try checkConformance(of: backend.backend, to: graphCase)
    }
}
