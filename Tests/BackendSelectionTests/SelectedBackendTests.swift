import ArgumentParser
import CPUBackend
import Foundation
import Testing
import VulkanBackend

@testable import BackendSelection

@Suite struct SelectedBackendTests {
    private let threads = ThreadPolicy(count: 1)

    @Test func theProcessorIsThereForTheAsking() throws {
        let selected = try SelectedBackend(.cpu, threads: threads)
        #expect(selected.backend is CPUBackend)
        #expect(selected.reason == nil)
    }

    /// On a machine without a graphics card `auto` says why it computes on the processor.
    @Test func automaticSelectionNeverFailsAndExplainsTheProcessor() throws {
        let selected = try SelectedBackend(.auto, threads: threads)
        #expect((selected.backend is CPUBackend) == (selected.reason != nil))
    }

    @Test func aNamedDeviceThatIsNotThereIsAnError() {
        for choice in [BackendChoice.auto, .vulkan] {
            #expect(throws: VulkanError.self) {
                try SelectedBackend(choice, device: "no such device", threads: threads)
            }
        }
    }

    @Test func softwareIsOnlyUsedWhenItIsNamed() throws {
        let isRequired = ProcessInfo.processInfo.environment["UNDERPAINT_REQUIRE_VULKAN"] == "1"
        let devices = isRequired ? try VulkanBackend.devices() : (try? VulkanBackend.devices()) ?? []
        guard let software = devices.first(where: { $0.kind == .software }) else {
            #expect(!isRequired, "no software device")
            return
        }
        let selected = try SelectedBackend(.auto, device: "\(software.index)", threads: threads)
        #expect((selected.backend as? VulkanBackend)?.device == software)
        if devices.allSatisfy({ $0.reasonToSkip != nil }) {
            #expect(throws: VulkanError.self) { try SelectedBackend(.vulkan, threads: threads) }
        }
    }

    @Test(arguments: [(Precision.bfloat16, ProductPrecision.bfloat16), (.int8, .int8)])
    func theProcessorComputesInTheWantedPrecisionWhereItCan(_ wanted: Precision, _ products: ProductPrecision) throws {
        let selected = try SelectedBackend(.cpu, precision: wanted, threads: threads)
        let backend = try #require(selected.backend as? CPUBackend)
        let isThere = CPUBackend.precisions(of: .oneDNN).contains(products)
        #expect(backend.precision == (isThere ? products : .float32))
        #expect((selected.reason == nil) == isThere)
        #expect(wanted.weights == (wanted == .int8 ? .int8 : .bfloat16))
    }

    @Test func float16IsOfVulkan() throws {
        let selected = try SelectedBackend(.cpu, precision: .float16, threads: threads)
        #expect((selected.backend as? CPUBackend)?.precision == .float32)
        #expect(selected.reason?.contains("float16") == true)
        #expect(throws: (any Error).self) { try ComputeOptions.parse(["--backend", "cpu", "--precision", "float16"]) }
        #expect(try ComputeOptions.parse(["--backend", "cpu", "--precision", "bfloat16"]).precision == .bfloat16)
    }
}
