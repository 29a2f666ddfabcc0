import CVulkan
import Foundation
import Graphs
import TestSupport
import Testing
import VulkanTestSupport

@testable import VulkanBackend

/// Every call under the eyes of the validation layer.
@Suite(.serialized) struct ValidationTests {
    private static let options = VulkanOptions(validates: true)
    /// The layer is a package of its own.
    static let isPresent = TestDevice.isExpected(options)

    @Test(.enabled(if: isPresent), arguments: [ActivationStorage.float32, .bfloat16, .float16])
    func theLayerHasNothingToSay(_ storage: ActivationStorage) throws {
        let backend = try TestDevice.backend(
            VulkanOptions(
                storage: storage, weights: storage == .float32 ? nil : .int8,
                products: storage == .float16 ? .integer : nil, splits: storage == .float32 ? nil : 2,
                validates: true))
        for graphCase in try ConformanceSuite.operations() + [TestDevice.network()] {
            let program = try backend.compile(graphCase.graph, parameters: graphCase.parameters)
            _ = try program.run(graphCase.runs[0])
            program.isProfiling = true
            _ = try program.run(graphCase.runs[0])
        }
        #expect(backend.validationMessages == [])
    }

    /// That the layer is heard at all.
    @Test(.enabled(if: isPresent)) func aMistakeIsReported() throws {
        let backend = try TestDevice.backend(ValidationTests.options)
        let device = backend.currentDevice
        var info = VkBufferCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO
        info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT.rawValue
        var buffer: VkBuffer?
        let result = device.functions.createBuffer(device.handle, &info, nil, &buffer)
        if result == VK_SUCCESS { device.functions.destroyBuffer(device.handle, buffer, nil) }
        #expect(backend.validationMessages.contains { $0.contains("VUID-VkBufferCreateInfo-size") })
    }
}
