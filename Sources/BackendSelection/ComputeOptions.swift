public import ArgumentParser
import BaseDirectories
public import CPUBackend
import Foundation

/// What computes, and how.
public struct ComputeOptions: ParsableArguments, Sendable {
    @Option(help: "What the verifier computes on: auto (a graphics card if there is one), vulkan or cpu.")
    public var backend = BackendChoice.auto

    @Option(
        help: ArgumentHelp(
            "Vulkan device, by its index or part of its name (`underpaint doctor` lists them); implies vulkan.",
            valueName: "name|index"))
    public var device: String?

    @Option(
        help: ArgumentHelp(
            "float32, float16 (Vulkan devices alone), bfloat16 or int8: what a Vulkan device stores, and what the processor "
                + "multiplies in where it has instructions for it (`underpaint doctor` says), else float32.",
            valueName: "type"))
    public var precision = Precision.float32

    @Option(
        help: ArgumentHelp(
            "Decode the picture in tiles of so many pixels a side, with what surrounds them: less memory, the same picture. "
                + "Without it, only where the device has no room for the whole.",
            valueName: "pixels"))
    public var decodeTile: Int?

    public init() {}

    public func validate() throws {
        if let decodeTile, decodeTile < 1 { throw ValidationError("--decode-tile is a number of pixels, at least 1") }
        if backend == .cpu, device != nil { throw ValidationError("--device is of Vulkan; leave out --backend cpu") }
        if backend == .cpu, device == nil, precision == .float16 {
            throw ValidationError("--precision float16 is of Vulkan; the processor has float32, bfloat16 and int8")
        }
    }

    /// The backend that the options ask for.
    ///
    /// - Throws: `VulkanError` if Vulkan was asked for and cannot be used.
    public func makeBackend(threads: ThreadPolicy) throws -> SelectedBackend {
        let environment = ProcessInfo.processInfo.environment
        return try SelectedBackend(
            backend, device: device, precision: precision,
            cacheFolder: BaseDirectory.cache.ours(environment: environment).path, threads: threads)
    }
}
