import EdgeRuntime
import Foundation
import Graphs
import Speculation
import Testing
import VerifierRuntime
import VulkanBackend

/// The software device, which `Scripts/test.sh` installs.
private enum SoftwareDevice {
    static let choice = DeviceChoice.named("llvmpipe")
    static let isPresent = (try? VulkanBackend(device: choice)) != nil
}

/// Whole pictures by the Vulkan verifier beside those of the CPU's.
@Suite(.serialized, .enabled(if: SoftwareDevice.isPresent)) struct VulkanPictureTests {
    /// 10·log₁₀(255²/MSE) of the two finished pictures of one job, infinite if they are equal.
    private func psnr(_ workshop: Workshop, _ options: VulkanOptions, mode: SpeculationMode) throws -> Double {
        let request = workshop.request(mode: mode)
        let job = try workshop.painter.draft(request, id: .random(), progress: { _ in }).job
        let vulkan = try PictureVerifier(
            models: workshop.models, backend: VulkanBackend(device: SoftwareDevice.choice, options: options))
        let pictures = try [workshop.verifier, vulkan].map { verifier in
            try FinishedPNG.pixels(verifier.execute(job, report: { _ in }).payload).map { Double($0) }
        }
        #expect(pictures[0].count == 64 * 96 * 3 && pictures[1].count == pictures[0].count)
        let error = zip(pictures[0], pictures[1]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return 10 * log10(255 * 255 * Double(pictures[0].count) / error)
    }

    /// In float32 only what lies on the edge between two of 256 levels may differ, by one: with one byte in a hundred
    /// doing so, 68 dB.
    @Test(arguments: [SpeculationMode.handoff, .trust])
    func float32PicturesAreTheCPUs(_ mode: SpeculationMode) throws {
        let found = try psnr(Workshop(), VulkanOptions(), mode: mode)
        print("tiny models, \(mode.rawValue): Vulkan float32 beside the CPU \(found) dB")
        #expect(found >= 60)
    }

    /// 16 bits round every value between layers by up to 2⁻¹¹ or 2⁻⁸. An 8-bit picture of full contrast that is off by
    /// one in 2⁸ everywhere has 48 dB; ten such errors in a row cost another 10 to 20.
    @Test(arguments: [ActivationStorage.float16, .bfloat16])
    func narrowPicturesAreNear(_ storage: ActivationStorage) throws {
        let found = try psnr(Workshop(), VulkanOptions(storage: storage), mode: .trust)
        print("tiny models: Vulkan \(storage.rawValue) beside the CPU \(found) dB")
        #expect(found >= 28)
    }
}
