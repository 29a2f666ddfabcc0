import CVulkan
import Foundation
import Graphs
import Synchronization
import Tensors
import TestSupport
import Testing
import VulkanTestSupport

@testable import VulkanBackend

/// The loader of the system, but for functions that are missing or fail.
private enum FaultyLoader {
    struct State {
        /// A function that the driver seems not to have.
        var missing: String?
        /// Calls that fail from now on.
        var waitFailures = 0
        /// Submissions that go well until one fails, nil where none does.
        var submissionsLeft: Int?
        var cacheFailures = 0
        /// Bytes that the last pipeline cache was made with.
        var cacheByteCount: Int?
        /// Calls so far.
        var destroyedInstances = 0
        var destroyedDevices = 0
        /// The one that a function was looked up for last, by its address.
        var instance: UInt?
    }

    private static let state = Mutex(State())

    static var destroyedInstances: Int { state.withLock { $0.destroyedInstances } }
    static var destroyedDevices: Int { state.withLock { $0.destroyedDevices } }
    static var cacheByteCount: Int? { state.withLock { $0.cacheByteCount } }

    /// Makes it the real one again, but for what `body` changes.
    static func reset(_ body: (inout State) -> Void = { _ in }) {
        state.withLock { state in
            let instance = state.instance
            state = State()
            state.instance = instance
            body(&state)
        }
    }

    static var loader: VulkanLibrary {
        VulkanLibrary { instance, name in FaultyLoader.instanceFunction(instance, name) }
    }

    /// A function of the real driver.
    static func real<Function>(_ name: String, as: Function.Type) -> Function? {
        RealDriver.function(name, of: state.withLock { $0.instance }, as: Function.self)
    }

    private static func instanceFunction(
        _ instance: VkInstance?, _ name: UnsafePointer<CChar>?
    ) -> PFN_vkVoidFunction? {
        guard let name else { return nil }
        let word = String(cString: name)
        state.withLock { $0.instance = instance.map { UInt(bitPattern: $0) } }
        if state.withLock({ $0.missing }) == word { return nil }
        return replacement(for: word) ?? real(word, as: PFN_vkVoidFunction.self)
    }

    private static func deviceFunction(_ device: VkDevice?, _ name: UnsafePointer<CChar>?) -> PFN_vkVoidFunction? {
        guard let name else { return nil }
        let word = String(cString: name)
        if state.withLock({ $0.missing }) == word { return nil }
        return replacement(for: word)
            ?? real("vkGetDeviceProcAddr", as: PFN_vkGetDeviceProcAddr.self).flatMap { $0(device, name) }
    }

    /// What takes the place of a function, nil for those that are left alone.
    private static func replacement(for name: String) -> PFN_vkVoidFunction? {
        switch name {
        case "vkGetDeviceProcAddr":
            let function: PFN_vkGetDeviceProcAddr = { FaultyLoader.deviceFunction($0, $1) }
            return unsafeBitCast(function, to: PFN_vkVoidFunction.self)
        case "vkDestroyInstance":
            let function: PFN_vkDestroyInstance = { instance, allocator in
                FaultyLoader.state.withLock { $0.destroyedInstances += 1 }
                FaultyLoader.real("vkDestroyInstance", as: PFN_vkDestroyInstance.self)?(instance, allocator)
            }
            return unsafeBitCast(function, to: PFN_vkVoidFunction.self)
        case "vkDestroyDevice":
            let function: PFN_vkDestroyDevice = { device, allocator in
                FaultyLoader.state.withLock { $0.destroyedDevices += 1 }
                FaultyLoader.real("vkDestroyDevice", as: PFN_vkDestroyDevice.self)?(device, allocator)
            }
            return unsafeBitCast(function, to: PFN_vkVoidFunction.self)
        case "vkWaitForFences":
            let function: PFN_vkWaitForFences = { device, count, fences, waitsForAll, timeout in
                if FaultyLoader.takesOne(\.waitFailures) { return VK_ERROR_OUT_OF_HOST_MEMORY }
                return FaultyLoader.real("vkWaitForFences", as: PFN_vkWaitForFences.self)?(
                    device, count, fences, waitsForAll, timeout) ?? VK_ERROR_UNKNOWN
            }
            return unsafeBitCast(function, to: PFN_vkVoidFunction.self)
        case "vkQueueSubmit":
            let function: PFN_vkQueueSubmit = { queue, count, infos, fence in
                let isLast = FaultyLoader.state.withLock { state in
                    defer { state.submissionsLeft = state.submissionsLeft.map { $0 - 1 } }
                    return state.submissionsLeft == 0
                }
                if isLast { return VK_ERROR_OUT_OF_HOST_MEMORY }
                return FaultyLoader.real("vkQueueSubmit", as: PFN_vkQueueSubmit.self)?(queue, count, infos, fence)
                    ?? VK_ERROR_UNKNOWN
            }
            return unsafeBitCast(function, to: PFN_vkVoidFunction.self)
        case "vkCreatePipelineCache":
            let function: PFN_vkCreatePipelineCache = { device, info, allocator, cache in
                FaultyLoader.state.withLock { $0.cacheByteCount = info?.pointee.initialDataSize }
                return FaultyLoader.real("vkCreatePipelineCache", as: PFN_vkCreatePipelineCache.self)?(
                    device, info, allocator, cache) ?? VK_ERROR_UNKNOWN
            }
            return unsafeBitCast(function, to: PFN_vkVoidFunction.self)
        case "vkGetPipelineCacheData":
            let function: PFN_vkGetPipelineCacheData = { device, cache, count, data in
                if FaultyLoader.takesOne(\.cacheFailures) { return VK_ERROR_OUT_OF_HOST_MEMORY }
                return FaultyLoader.real("vkGetPipelineCacheData", as: PFN_vkGetPipelineCacheData.self)?(
                    device, cache, count, data) ?? VK_ERROR_UNKNOWN
            }
            return unsafeBitCast(function, to: PFN_vkVoidFunction.self)
        default: return nil
        }
    }

    /// Whether a call is one of those that fail, which then are one fewer.
    private static func takesOne(_ failures: WritableKeyPath<State, Int>) -> Bool {
        state.withLock { state in
            guard state[keyPath: failures] > 0 else { return false }
            state[keyPath: failures] -= 1
            return true
        }
    }
}

/// What becomes of handles, memory and files when a driver lacks a function or a call fails.
@Suite(.serialized, .enabled(if: TestDevice.isExpected())) struct FaultyDriverTests {
    init() { FaultyLoader.reset() }

    private func physicalDevice() throws -> PhysicalDevice {
        let devices = try VulkanInstance(loader: FaultyLoader.loader).devices()
        let index = try TestDevice.choice.device(among: devices.map(\.description)).index
        return devices[index]
    }

    private func device(cacheFolder: String? = nil) throws -> VulkanDevice {
        try VulkanDevice(physicalDevice(), shaders: ShaderLibrary(folder: nil), cacheFolder: cacheFolder)
    }

    @Test func anInstanceThatLacksAFunctionIsDestroyed() throws {
        FaultyLoader.reset { $0.missing = "vkEnumeratePhysicalDevices" }
        #expect(throws: VulkanError.self) { try VulkanInstance(loader: FaultyLoader.loader) }
        #expect(FaultyLoader.destroyedInstances == 1)
    }

    @Test(
        .enabled(if: ValidationTests.isPresent),
        arguments: ["vkCreateDebugUtilsMessengerEXT", "vkDestroyDebugUtilsMessengerEXT"])
    func anInstanceThatCannotBeHeardIsDestroyed(_ missing: String) throws {
        FaultyLoader.reset { $0.missing = missing }
        #expect(throws: VulkanError.self) { try VulkanInstance(validates: true, loader: FaultyLoader.loader) }
        #expect(FaultyLoader.destroyedInstances == 1)
    }

    @Test func aDeviceThatLacksAFunctionIsDestroyed() throws {
        FaultyLoader.reset { $0.missing = "vkQueueSubmit" }
        #expect(throws: VulkanError.self) { try device() }
        #expect(FaultyLoader.destroyedDevices == 1)
    }

    /// Whether the commands have finished is not known: nothing of the device may be used again.
    @Test func aDeviceWhoseWaitFailedIsLost() throws {
        let device = try device()
        let commands = try CommandBuffer(device)
        try commands.record { _ in }
        try commands.run()
        #expect(!device.isLost)
        FaultyLoader.reset { $0.waitFailures = 1 }
        #expect(throws: VulkanError.call("vkWaitForFences", code: VK_ERROR_OUT_OF_HOST_MEMORY.rawValue)) {
            try commands.run()
        }
        #expect(device.isLost)
    }

    /// The first of several may be running when the second cannot be made, and no fence tells when it ends.
    @Test(arguments: [(0, false), (1, true)])
    func aDeviceIsLostIfASubmissionBehindAnotherFails(_ successes: Int, _ isLost: Bool) throws {
        let device = try device()
        let commands = try CommandBuffer(device)
        try commands.record { commands throws(VulkanError) in try commands.cut() }
        FaultyLoader.reset { $0.submissionsLeft = successes }
        #expect(throws: VulkanError.call("vkQueueSubmit", code: VK_ERROR_OUT_OF_HOST_MEMORY.rawValue)) {
            try commands.run()
        }
        #expect(device.isLost == isLost)
        if !isLost { try commands.run() }
    }

    @Test func aProgramRecoversFromAWaitThatFailed() throws {
        let graphCase = try TestDevice.network()
        let host = try DeviceHost(TestDevice.choice, VulkanOptions(), loader: FaultyLoader.loader)
        let program = try VulkanExecutable(graphCase.graph, parameters: graphCase.parameters, host: host)
        let before = try program.run(graphCase.runs[0]).mapValues { $0.floats() }
        FaultyLoader.reset { $0.waitFailures = 1 }
        #expect(try program.run(graphCase.runs[0]).mapValues { $0.floats() } == before)
        #expect(host.lossCount == 1)
    }

    /// A way that takes the device along is refused, and the others are measured on a new one.
    @Test func aWayThatLosesTheDeviceIsRefused() throws {
        let graphCase = try LargerCases.make("a product to tune") { builder in
            try builder.linear(builder.input("x", [1, 70, 67]), "fc", outputs: 131)
        }
        let host = try DeviceHost(TestDevice.choice, VulkanOptions(), loader: FaultyLoader.loader)
        let measurement = TuningMeasurement(
            VulkanBackend.optimised(graphCase.graph), graphCase.parameters, host, runCount: 1)
        // A loss at the rules is made good once.
        FaultyLoader.reset { $0.waitFailures = 1 }
        var run = try TuningRun(measurement)
        #expect(host.lossCount == 1)
        FaultyLoader.reset { $0.waitFailures = 1 }
        try run.measure(.plain(.small))
        #expect(run.refused.count == 1 && run.refused.allSatisfy { $0.hasPrefix("small: ") })
        #expect(host.lossCount == 2)
        try run.measure(.plain(.medium))
        #expect(run.refused.count == 1)
    }

    @Test func pipelinesThatWereNotSavedAreSavedLater() throws {
        try withTemporaryFile { path in
            let device = try device(cacheFolder: (path as NSString).deletingLastPathComponent)
            let file = PipelineCacheFile(folder: (path as NSString).deletingLastPathComponent, device.physical)
            #expect(FaultyLoader.cacheByteCount == 0)
            _ = try device.pipelines.pipeline(
                PipelineKey(shader: "pointwise_wide", bindingCount: 4, constants: [], subgroupSize: nil))
            FaultyLoader.reset { $0.cacheFailures = 1 }
            device.pipelines.save()
            #expect(file.load().isEmpty)
            device.pipelines.save()
            #expect(!file.load().isEmpty)
            // The next device begins with them.
            _ = try VulkanDevice(
                device.physical, shaders: ShaderLibrary(folder: nil),
                cacheFolder: (path as NSString).deletingLastPathComponent)
            #expect(FaultyLoader.cacheByteCount == file.load().count)
        }
    }
}

@Suite struct PhysicalDeviceTests {
    private func fault(version: UInt32 = 1 << 22 | 2 << 12, hasQueue: Bool = true, buffers: UInt32 = 8) -> String? {
        PhysicalDevice.fault(apiVersion: version, hasComputeQueue: hasQueue, storageBufferCount: buffers)
    }

    @Test func aDeviceIsUsableOnlyWithAllThatKernelsNeed() throws {
        #expect(fault() == nil)
        #expect(fault(buffers: 7) == nil)
        #expect(try #require(fault(buffers: 4)).contains("4 buffers"))
        #expect(try #require(fault(version: 1 << 22 | 1 << 12)).contains("1.1"))
        #expect(try #require(fault(hasQueue: false)).contains("queue"))
    }
}
