import Graphs
import Tensors
import TestSupport
import Testing
import VulkanTestSupport

@testable import VulkanBackend

@Suite(.serialized, .enabled(if: TestDevice.isExpected())) struct KernelStatisticsTests {
    /// A line for each kernel where the driver tells anything, none elsewhere; and the same results either way.
    @Test func statisticsAreOfEveryKernelOrOfNone() throws {
        let graphCase = try TestDevice.network()
        let plain = try TestDevice.backend()
        let backend = try TestDevice.backend(VulkanOptions(capturesStatistics: true))
        let results = try [plain, backend].map {
            try $0.compile(graphCase.graph, parameters: graphCase.parameters).run(graphCase.runs[0])
                .mapValues { $0.floats() }
        }
        #expect(results[0] == results[1])
        #expect(plain.kernelStatistics.isEmpty)
        let hasStatistics = backend.currentDevice.features.hasKernelStatistics
        #expect(backend.kernelStatistics.count == (hasStatistics ? backend.currentDevice.pipelines.keys.count : 0))
        for kernel in backend.kernelStatistics { #expect(!kernel.values.isEmpty, "\(kernel)") }
    }
}
