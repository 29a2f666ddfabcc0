import CPUBackend
import Speculation
import Testing

/// Whole pictures with products in bfloat16 beside those in float32, both on the processor.
@Suite(.serialized, .enabled(if: CPUBackend.precisions(of: .oneDNN).contains(.bfloat16)))
struct NarrowPictureTests {
    /// Factors are rounded by up to 2⁻⁸, as a Vulkan device's values are: the bound is that of `VulkanPictureTests`.
    @Test func bfloat16PicturesAreNear() throws {
        let backend = CPUBackend(precision: .bfloat16, threads: ThreadPolicy(count: 2))
        let found = try Workshop().psnr(of: backend, mode: .trust)
        print("tiny models: bfloat16 products beside float32 \(found) dB")
        #expect(found >= 28 && found.isFinite)
    }
}
