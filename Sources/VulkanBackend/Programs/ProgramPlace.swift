import Synchronization

/// Where an executable keeps its program, so that its host can take it away once the device is lost.
final class ProgramPlace: Sendable {
    private let held = Mutex<VulkanProgram?>(nil)

    /// nil until there is one, and from the loss of its device until it is built anew.
    var program: VulkanProgram? {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }

    /// Lets go of the program if it is one of this device. Who runs it holds it until the device gives it back.
    func clear(of device: VulkanDevice) {
        held.withLock { program in
            if program?.device === device { program = nil }
        }
    }
}
