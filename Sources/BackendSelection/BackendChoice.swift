public import ArgumentParser

/// What computes a model.
public enum BackendChoice: String, Hashable, Sendable, CaseIterable, ExpressibleByArgument {
    /// The graphics card where there is one that Vulkan drives, else the processor.
    case auto
    case vulkan
    case cpu
}
