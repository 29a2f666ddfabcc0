import Graphs
import TestSupport
import Testing
import VulkanTestSupport

/// Every kernel in every variant that the device runs.
@Suite(.serialized) struct VulkanConformanceTests {
    @Test func variantsAreCounted() throws {
        let (run, skipped) = (VulkanVariant.runnable, VulkanVariant.skipped)
        print("Vulkan conformance: \(run.count) variants run, \(skipped.count) are skipped")
        for reason in skipped { print("  skipped: \(reason)") }
        if TestDevice.isRequired { #expect(VulkanVariant.missing == []) }
        for variant in run {
            #expect(try ConformanceSuite.operations().contains(where: variant.takes), "\(variant) is held to nothing")
        }
    }

    private static func operations() throws -> [(VulkanVariant, GraphCase)] {
        let cases = try ConformanceSuite.operations()
        return VulkanVariant.runnable.flatMap { variant in cases.filter(variant.takes).map { (variant, $0) } }
    }

    @Test(arguments: try operations())
    func operationMatchesTheReference(_ variant: VulkanVariant, _ graphCase: GraphCase) throws {
        try checkConformance(of: variant.backend, to: graphCase.stored(variant.storage))
    }

    @Test(
        arguments: VulkanVariant.runnable.filter { !$0.isEmulated && !$0.isOfProducts },
        UInt64(1)...12)
    func randomGraphMatchesTheReference(_ variant: VulkanVariant, _ seed: UInt64) throws {
        let graphCase = try RandomGraph.make(seed: seed, steps: 14).storedThroughout(variant.storage)
        try checkConformance(of: variant.backend, to: graphCase)
    }
}
