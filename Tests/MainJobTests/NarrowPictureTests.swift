import CPUBackend
import Speculation
import Testing

/// Whole pictures with narrower products beside those in float32, all on the processor.
@Suite(.serialized) struct NarrowPictureTests {
    /// Where the processor has instructions for them.
    private static let precisions = CPUBackend.precisions(of: .oneDNN).filter { $0 != .float32 }

    /// Factors are rounded by up to 2⁻⁸, as a Vulkan device's values are: the bound is that of `VulkanPictureTests`. Bytes of
    /// a row are off by up to a 254th of its largest: no more.
    @Test(arguments: precisions) func narrowPicturesAreNear(_ precision: ProductPrecision) throws {
        let backend = CPUBackend(precision: precision, threads: ThreadPolicy(count: 2))
        // The tiny models' layers are too small to be multiplied in bytes.
        let workshop = try precision == .int8 ? Workshop.released() : Workshop()
        let found = try workshop.psnr(of: backend, mode: .trust)
        print("\(precision.rawValue) products beside float32: \(found) dB")
        #expect(found >= 28 && found.isFinite)
    }
}
