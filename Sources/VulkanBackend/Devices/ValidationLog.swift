import CVulkan
import Synchronization

/// What the validation layer has said.
final class ValidationLog: Sendable {
    private let entries = Mutex<[String]>([])

    /// Errors and warnings, oldest first.
    var messages: [String] { entries.withLock { $0 } }

    func append(_ message: String) { entries.withLock { $0.append(message) } }

    /// For `VkDebugUtilsMessengerCreateInfoEXT`, with this object as its user data.
    static let callback:
        @convention(c) (
            VkDebugUtilsMessageSeverityFlagBitsEXT, VkDebugUtilsMessageTypeFlagsEXT,
            UnsafePointer<VkDebugUtilsMessengerCallbackDataEXT>?, UnsafeMutableRawPointer?
        ) -> VkBool32 = { _, _, data, log in
            guard let data, let log else { return VkBool32(VK_FALSE) }
            let text = data.pointee.pMessage.map { String(cString: $0) } ?? "a message without words"
            Unmanaged<ValidationLog>.fromOpaque(log).takeUnretainedValue().append(text)
            return VkBool32(VK_FALSE)
        }
}
