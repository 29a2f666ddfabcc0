import Foundation
import Graphs
import TestSupport

@testable import VulkanBackend

/// The device that tests compute on: software, unless the environment names another one.
enum TestDevice {
    static let choice = DeviceChoice.named(
        ProcessInfo.processInfo.environment["UNDERPAINT_TEST_DEVICE"] ?? "llvmpipe")

    /// Whether it is there. `Scripts/test.sh` installs it and then insists (`VulkanConformanceTests`).
    static let isPresent = (try? backend()) != nil

    static func backend(_ options: VulkanOptions = VulkanOptions()) throws(VulkanError) -> VulkanBackend {
        try VulkanBackend(device: choice, options: options)
    }

    /// A small network with products, norms and attention, its weights, and inputs for two runs.
    static func network() throws -> GraphCase { try RandomGraph.make(seed: 5, steps: 14) }
}
