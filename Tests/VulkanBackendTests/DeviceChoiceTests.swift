import Testing
import VulkanBackend

@Suite struct DeviceChoiceTests {
    private func device(
        _ index: Int, _ name: String, _ kind: VulkanDeviceDescription.Kind, isTranslated: Bool = false,
        fault: String? = nil
    ) -> VulkanDeviceDescription {
        VulkanDeviceDescription(
            index: index, name: name, kind: kind, driver: "driver", apiVersion: "1.3.0", isTranslated: isTranslated,
            memoryByteCount: 8 << 30, features: [], fault: fault)
    }

    private var all: [VulkanDeviceDescription] {
        [
            device(0, "llvmpipe (LLVM 15.0.6, 256 bits)", .software), device(1, "Iris Xe", .integrated),
            device(2, "Direct3D 12 of RTX", .discrete, isTranslated: true),
            device(3, "Old card", .discrete, fault: "its driver offers only Vulkan 1.0"),
            device(4, "Radeon RX", .discrete), device(5, "Radeon Pro", .discrete),
        ]
    }

    @Test func aDiscreteCardComesFirst() throws {
        #expect(try DeviceChoice.automatic.device(among: all).index == 4)
        #expect(try DeviceChoice.automatic.device(among: Array(all.prefix(4))).index == 1)
    }

    @Test func softwareAndTranslationAreNeverChosen() {
        let devices = [all[0], all[2]]
        do throws(VulkanError) {
            let chosen = try DeviceChoice.automatic.device(among: devices)
            Issue.record("chose \(chosen)")
        } catch {
            #expect("\(error)".contains("llvmpipe"))
            #expect("\(error)".contains("--backend cpu"))
        }
        #expect(throws: VulkanError.noDevice(skipped: [])) { try DeviceChoice.automatic.device(among: []) }
    }

    @Test func anyUsableDeviceCanBeNamed() throws {
        #expect(try DeviceChoice.named("LLVMpipe").device(among: all).index == 0)
        #expect(try DeviceChoice.named("2").device(among: all).index == 2)
        #expect(try DeviceChoice.named("radeon").device(among: all).index == 4)
        for name in ["3", "old"] {
            #expect(throws: VulkanError.self) { try DeviceChoice.named(name).device(among: all) }
        }
        for name in ["6", "-1", "geforce"] {
            #expect(throws: VulkanError.unknownDevice(name, present: all.map { "\($0.index): \($0.name)" })) {
                try DeviceChoice.named(name).device(among: all)
            }
        }
    }
}
