import EdgeRuntime
import Speculation
import Testing
import VerifierRuntime
import VulkanBackend
import VulkanTestSupport

/// Whole pictures by the Vulkan verifier beside those of the CPU's.
@Suite(.serialized, .enabled(if: TestDevice.isExpected())) struct VulkanPictureTests {
    /// In float32 only what lies on the edge between two of 256 levels may differ, by one: with one byte in a hundred
    /// doing so, 68 dB.
    @Test(arguments: [SpeculationMode.handoff, .trust])
    func float32PicturesAreTheCPUs(_ mode: SpeculationMode) throws {
        let found = try psnr(VulkanOptions(), mode: mode)
        print("tiny models, \(mode.rawValue): Vulkan float32 beside the CPU \(found) dB")
        #expect(found >= 60)
    }

    /// 16 bits round every value between layers by up to 2⁻¹¹ or 2⁻⁸. An 8-bit picture of full contrast that is off by
    /// one in 2⁸ everywhere has 48 dB; ten such errors in a row cost another 10 to 20.
    @Test(arguments: [ActivationStorage.float16, .bfloat16])
    func narrowPicturesAreNear(_ storage: ActivationStorage) throws {
        let found = try psnr(VulkanOptions(storage: storage), mode: .trust)
        print("tiny models: Vulkan \(storage.rawValue) beside the CPU \(found) dB")
        #expect(found >= 28)
    }

    /// What `serve` does on a card: jobs at different steps in batches that they share.
    @Test func jobsThatShareBatchesEndAsTheyDoAlone() throws {
        let workshop = try Workshop()
        let verifier = try PictureVerifier(
            models: workshop.models, backend: TestDevice.backend())
        let jobs = try [SpeculationMode.handoff, .trust, .handoff].enumerated().map { index, mode in
            try workshop.painter.draft(
                workshop.request(handoff: index == 2 ? 0.5 : 0.8, seed: UInt64(index), mode: mode), id: .random(),
                progress: { _ in }
            ).job
        }
        let feed = ListFeed(jobs, limit: 3)
        feed.run(with: verifier)
        for job in jobs {
            let found = try FinishedPNG.pixels(try #require(feed.end(of: job.id)).get().payload)
            let alone = try FinishedPNG.pixels(verifier.execute(job, report: { _ in }).payload)
            #expect(found.count == alone.count && zip(found, alone).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
        }
    }

    private func psnr(_ options: VulkanOptions, mode: SpeculationMode) throws -> Double {
        try Workshop().psnr(of: TestDevice.backend(options), mode: mode)
    }
}
