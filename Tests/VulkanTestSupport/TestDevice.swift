import Foundation
public import VulkanBackend

/// The Vulkan device that tests compute on: software, unless the environment names another one.
public enum TestDevice {
    private static let environment = ProcessInfo.processInfo.environment

    /// As programs take it (`--device`).
    public static let name = environment["UNDERPAINT_TEST_DEVICE"] ?? "llvmpipe"
    public static let choice = DeviceChoice.named(name)

    /// Whether the tests insist on a device: `Scripts/test.sh` installs one.
    public static let isRequired = environment["UNDERPAINT_REQUIRE_VULKAN"] == "1"

    /// Whether there is one for these options, or must be: where one is required and cannot be made, its tests fail
    /// instead of being left out.
    public static func isExpected(_ options: VulkanOptions = VulkanOptions()) -> Bool {
        isRequired || (try? backend(options)) != nil
    }

    public static func backend(_ options: VulkanOptions = VulkanOptions()) throws(VulkanError) -> VulkanBackend {
        try VulkanBackend(device: choice, options: options)
    }
}
