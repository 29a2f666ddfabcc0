import TestSupport
import VulkanTestSupport

extension TestDevice {
    /// A small network with products, norms and attention, its weights, and inputs for two runs.
    static func network() throws -> GraphCase { try RandomGraph.make(seed: 5, steps: 14) }
}
