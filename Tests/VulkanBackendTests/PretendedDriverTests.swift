import CVulkan
import Synchronization
import Testing
import VulkanTestSupport

@testable import VulkanBackend

/// The loader of the system, with a driver that says of itself what a test wants it to say.
private enum PretendedDriver {
    struct Claims {
        var driver: VkDriverId?
        /// The stages that may insist on a size of subgroups, and the largest size.
        var subgroupStages: VkShaderStageFlags?
        var largestSubgroup: UInt32?
        var smallestSubgroup: UInt32?
        var vendor: UInt32?
        /// Whether there are cooperative matrices, 16×16×16 of a subgroup and these of a workgroup.
        var matrices: [Matrix]?
        var hasTensorAddressing = true
        /// Whether conversions to float16 may be told to round.
        var canRound = true
    }

    /// Float16 matrices of a workgroup, or of what else the scope says.
    struct Matrix {
        let rows: UInt32
        let columns: UInt32
        let invocations: UInt32
        var sums = VK_COMPONENT_TYPE_FLOAT32_KHR
        var scope = VK_SCOPE_WORKGROUP_KHR

        var properties: VkCooperativeMatrixFlexibleDimensionsPropertiesNV {
            var matrix = VkCooperativeMatrixFlexibleDimensionsPropertiesNV()
            (matrix.MGranularity, matrix.NGranularity, matrix.KGranularity) = (rows, columns, 16)
            (matrix.AType, matrix.BType) = (VK_COMPONENT_TYPE_FLOAT16_KHR, VK_COMPONENT_TYPE_FLOAT16_KHR)
            (matrix.CType, matrix.ResultType) = (sums, sums)
            (matrix.scope, matrix.workgroupInvocations) = (scope, invocations)
            return matrix
        }
    }

    private static let state = Mutex<(claims: Claims, instance: UInt?)>((Claims(), nil))
    private static var claims: Claims { state.withLock { $0.claims } }

    /// The software device's features as read from such a driver.
    static func features(_ claims: Claims) throws -> DeviceFeatures {
        state.withLock { $0.claims = claims }
        let devices = try VulkanInstance(loader: VulkanLibrary { PretendedDriver.function($0, $1) }).devices()
        return devices[try TestDevice.choice.device(among: devices.map(\.description)).index].features
    }

    private static func real<Function>(_ name: String, as: Function.Type) -> Function? {
        RealDriver.function(name, of: state.withLock { $0.instance }, as: Function.self)
    }

    private static func function(_ instance: VkInstance?, _ name: UnsafePointer<CChar>?) -> PFN_vkVoidFunction? {
        guard let name else { return nil }
        let word = String(cString: name)
        state.withLock { $0.instance = instance.map { UInt(bitPattern: $0) } }
        switch word {
        case "vkGetPhysicalDeviceProperties2":
            let function: PFN_vkGetPhysicalDeviceProperties2 = { device, properties in
                PretendedDriver.real("vkGetPhysicalDeviceProperties2", as: PFN_vkGetPhysicalDeviceProperties2.self)?(
                    device, properties)
                if let vendor = PretendedDriver.claims.vendor { properties?.pointee.properties.vendorID = vendor }
                PretendedDriver.claimProperties(properties?.pointee.pNext)
            }
            return unsafeBitCast(function, to: PFN_vkVoidFunction.self)
        case "vkGetPhysicalDeviceFeatures2":
            let function: PFN_vkGetPhysicalDeviceFeatures2 = { device, features in
                PretendedDriver.real("vkGetPhysicalDeviceFeatures2", as: PFN_vkGetPhysicalDeviceFeatures2.self)?(
                    device, features)
                PretendedDriver.claimFeatures(features?.pointee.pNext)
            }
            return unsafeBitCast(function, to: PFN_vkVoidFunction.self)
        case "vkEnumerateDeviceExtensionProperties":
            let function: PFN_vkEnumerateDeviceExtensionProperties = { device, layer, count, properties in
                PretendedDriver.list(PretendedDriver.extensions(of: device, layer), count, properties)
            }
            return unsafeBitCast(function, to: PFN_vkVoidFunction.self)
        case "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR":
            let function: PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR = { _, count, properties in
                PretendedDriver.list([PretendedDriver.subgroupMatrix], count, properties)
            }
            return unsafeBitCast(function, to: PFN_vkVoidFunction.self)
        case "vkGetPhysicalDeviceCooperativeMatrixFlexibleDimensionsPropertiesNV":
            let function: PFN_vkGetPhysicalDeviceCooperativeMatrixFlexibleDimensionsPropertiesNV = {
                _, count, properties in
                PretendedDriver.list((PretendedDriver.claims.matrices ?? []).map(\.properties), count, properties)
            }
            return unsafeBitCast(function, to: PFN_vkVoidFunction.self)
        default: return real(word, as: PFN_vkVoidFunction.self)
        }
    }

    /// As Vulkan has lists: their number, or as many as there is room for.
    private static func list<Element>(
        _ all: [Element], _ count: UnsafeMutablePointer<UInt32>?, _ room: UnsafeMutablePointer<Element>?
    ) -> VkResult {
        guard let count else { return VK_ERROR_UNKNOWN }
        guard let room else {
            count.pointee = UInt32(all.count)
            return VK_SUCCESS
        }
        count.pointee = min(count.pointee, UInt32(all.count))
        for index in 0..<Int(count.pointee) { room[index] = all[index] }
        return Int(count.pointee) < all.count ? VK_INCOMPLETE : VK_SUCCESS
    }

    private static func extensions(
        of device: VkPhysicalDevice?, _ layer: UnsafePointer<CChar>?
    ) -> [VkExtensionProperties] {
        guard
            let real = real(
                "vkEnumerateDeviceExtensionProperties", as: PFN_vkEnumerateDeviceExtensionProperties.self)
        else { return [] }
        var count: UInt32 = 0
        _ = real(device, layer, &count, nil)
        var all = [VkExtensionProperties](repeating: VkExtensionProperties(), count: Int(count))
        _ = real(device, layer, &count, &all)
        guard claims.matrices != nil else { return all }
        return all
            + [VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME, VK_NV_COOPERATIVE_MATRIX_2_EXTENSION_NAME].map { name in
                var properties = VkExtensionProperties()
                withUnsafeMutableBytes(of: &properties.extensionName) { $0.copyBytes(from: name.utf8) }
                return properties
            }
    }

    private static var subgroupMatrix: VkCooperativeMatrixPropertiesKHR {
        var matrix = VkCooperativeMatrixPropertiesKHR()
        (matrix.MSize, matrix.NSize, matrix.KSize) = (16, 16, 16)
        (matrix.AType, matrix.BType) = (VK_COMPONENT_TYPE_FLOAT16_KHR, VK_COMPONENT_TYPE_FLOAT16_KHR)
        (matrix.CType, matrix.ResultType) = (VK_COMPONENT_TYPE_FLOAT32_KHR, VK_COMPONENT_TYPE_FLOAT32_KHR)
        matrix.scope = VK_SCOPE_SUBGROUP_KHR
        return matrix
    }

    /// Calls `body` with the structure of a type in a chain.
    private static func edit<Structure>(
        _ chain: UnsafeMutableRawPointer?, _ type: VkStructureType, _ body: (inout Structure) -> Void
    ) {
        var next = chain
        while let link = next {
            let head = link.assumingMemoryBound(to: VkBaseOutStructure.self)
            if head.pointee.sType == type { body(&link.assumingMemoryBound(to: Structure.self).pointee) }
            next = head.pointee.pNext.map { UnsafeMutableRawPointer($0) }
        }
    }

    private static func claimProperties(_ chain: UnsafeMutableRawPointer?) {
        let claims = claims
        edit(chain, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES) {
            (properties: inout VkPhysicalDeviceVulkan12Properties) in
            if let driver = claims.driver { properties.driverID = driver }
            properties.shaderRoundingModeRTEFloat16 = VkBool32(claims.canRound ? VK_TRUE : VK_FALSE)
            properties.shaderRoundingModeRTEFloat64 = properties.shaderRoundingModeRTEFloat16
            properties.roundingModeIndependence = VK_SHADER_FLOAT_CONTROLS_INDEPENDENCE_ALL
        }
        edit(chain, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES) {
            (sizes: inout VkPhysicalDeviceSubgroupSizeControlProperties) in
            if let stages = claims.subgroupStages { sizes.requiredSubgroupSizeStages = stages }
            if let largest = claims.largestSubgroup { sizes.maxSubgroupSize = largest }
            if let smallest = claims.smallestSubgroup { sizes.minSubgroupSize = smallest }
        }
        edit(chain, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_2_PROPERTIES_NV) {
            (limits: inout VkPhysicalDeviceCooperativeMatrix2PropertiesNV) in
            limits.cooperativeMatrixWorkgroupScopeMaxWorkgroupSize = 256
            limits.cooperativeMatrixFlexibleDimensionsMaxDimension = 512
        }
    }

    private static func claimFeatures(_ chain: UnsafeMutableRawPointer?) {
        let claims = claims
        guard claims.matrices != nil else { return }
        let yes = VkBool32(VK_TRUE)
        edit(chain, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR) {
            (features: inout VkPhysicalDeviceCooperativeMatrixFeaturesKHR) in features.cooperativeMatrix = yes
        }
        edit(chain, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_2_FEATURES_NV) {
            (features: inout VkPhysicalDeviceCooperativeMatrix2FeaturesNV) in
            features.cooperativeMatrixWorkgroupScope = yes
            features.cooperativeMatrixFlexibleDimensions = yes
            features.cooperativeMatrixPerElementOperations = yes
            if claims.hasTensorAddressing { features.cooperativeMatrixTensorAddressing = yes }
        }
    }
}

/// What is made of what a driver says.
@Suite(.serialized, .enabled(if: TestDevice.isExpected())) struct PretendedDriverTests {
    /// A kernel that counts subgroups must know their size: it insists on one, or there is only one.
    @Test func kernelsThatCountSubgroupsKnowTheirSize() throws {
        var claims = PretendedDriver.Claims(subgroupStages: 0)
        let alone = try PretendedDriver.features(claims)
        #expect(alone.hasSubgroupControl && alone.hasOneSubgroupSize)
        claims.largestSubgroup = 64
        let one = try PretendedDriver.features(claims)
        #expect(!one.hasSubgroupControl && !one.hasOneSubgroupSize)
        claims.subgroupStages = VK_SHADER_STAGE_COMPUTE_BIT.rawValue
        let chosen = try PretendedDriver.features(claims)
        #expect(chosen.hasSubgroupControl && !chosen.hasOneSubgroupSize)
    }

    /// As drivers of Intel's second Xe generation report it: sizes of 16 and 32.
    @Test func intelsSubgroupsAreTheirSmallest() throws {
        let compute = VK_SHADER_STAGE_COMPUTE_BIT.rawValue
        var claims = PretendedDriver.Claims(
            subgroupStages: compute, largestSubgroup: 32, smallestSubgroup: 16, vendor: 0x8086)
        #expect(try PretendedDriver.features(claims).subgroupSize == 16)
        claims.vendor = 0x1002
        let reported = try TestDevice.backend().currentDevice.features.subgroupSize
        #expect(try PretendedDriver.features(claims).subgroupSize == reported)
        (claims.vendor, claims.subgroupStages) = (0x8086, 0)
        #expect(try PretendedDriver.features(claims).subgroupSize == reported)
    }

    @Test func float16IsLeftToDriversThatAreKnownToRound() throws {
        let known = [VK_DRIVER_ID_NVIDIA_PROPRIETARY, VK_DRIVER_ID_MESA_LLVMPIPE]
        let others = [VK_DRIVER_ID_MESA_RADV, VK_DRIVER_ID_MESA_NVK, VK_DRIVER_ID_INTEL_OPEN_SOURCE_MESA]
        for driver in known { #expect(try PretendedDriver.features(.init(driver: driver)).packsToNearest) }
        for driver in others { #expect(try !PretendedDriver.features(.init(driver: driver)).packsToNearest) }
    }

    @Test func matricesOfWorkgroupsAreThoseOfFloat16AndFloat32() throws {
        var claims = PretendedDriver.Claims(matrices: [
            .init(rows: 16, columns: 16, invocations: 0, scope: VK_SCOPE_SUBGROUP_KHR),
            .init(rows: 32, columns: 32, invocations: 128),
            .init(rows: 32, columns: 32, invocations: 128, sums: VK_COMPONENT_TYPE_FLOAT16_KHR),
            .init(rows: 32, columns: 64, invocations: 256),
            .init(rows: 64, columns: 32, invocations: 256, sums: VK_COMPONENT_TYPE_FLOAT16_KHR),
            // Sums that cannot become float16, sides that no tile has, and too many invocations.
            .init(rows: 32, columns: 32, invocations: 64), .init(rows: 96, columns: 32, invocations: 128),
            .init(rows: 64, columns: 64, invocations: 512),
        ])
        let features = try PretendedDriver.features(claims)
        #expect(features.cooperativeMatrix == CooperativeShape(rows: 16, columns: 16, depth: 16))
        #expect(
            features.workgroupMatrices == [
                WorkgroupShape(rows: 32, columns: 32, depth: 16, invocationCount: 128, largestSide: 512),
                WorkgroupShape(rows: 64, columns: 64, depth: 16, invocationCount: 256, largestSide: 512),
            ])
        #expect(features.names.contains("cooperative matrices 2"))
        // Nothing rounds what is stored.
        claims.driver = VK_DRIVER_ID_MESA_RADV
        claims.canRound = false
        #expect(try PretendedDriver.features(claims).workgroupMatrices.isEmpty)
        (claims.driver, claims.canRound) = (nil, true)
        // As llvmpipe of Mesa 26.2 has it.
        claims.hasTensorAddressing = false
        #expect(try PretendedDriver.features(claims).workgroupMatrices.isEmpty)
        claims.matrices = nil
        #expect(try PretendedDriver.features(claims).cooperativeMatrix == nil)
    }
}
