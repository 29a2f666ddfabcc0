import Testing

@testable import VulkanBackend

@Suite struct ProductTileTests {
    private func rows(
        by kernel: ProductKernel? = nil, _ rows: Int, _ columns: Int,
        _ change: (inout DeviceFeatures) -> Void = { _ in }
    ) -> Int {
        var features = DeviceFeatures()
        (features.unitCount, features.sharedMemory, features.maxWorkgroupInvocations) = (40, 32_768, 1024)
        features.subgroupSize = 64
        change(&features)
        return ProductTile(kernel, rows: rows, columns: columns, features).rows
    }

    @Test func tilesAreAsLargeAsGivesEachUnitWork() {
        #expect(rows(4096, 1536) == 128)
        #expect(rows(1024, 384) == 64)
        #expect(rows(256, 384) == 32)
        #expect(rows(1, 10_000) == 64)
        #expect(rows(1, 100) == 32)
        // A software device has one unit, and small products all the same.
        #expect(rows(64, 128) { $0.unitCount = 1 } == 32)
    }

    @Test func tilesFitTheDevice() {
        // Every device of Vulkan has 16 KB and 128 invocations.
        #expect(rows(by: .large, 4096, 1536) { $0.sharedMemory = 16_384 } == 128)
        #expect(rows(by: .large, 4096, 1536) { $0.maxWorkgroupInvocations = 128 } == 64)
        #expect(rows(4096, 1536) { $0.maxWorkgroupInvocations = 128 } == 64)
        // Small subgroups have few registers; who asks for large tiles gets them.
        #expect(rows(4096, 1536) { $0.subgroupSize = 16 } == 64)
        #expect(rows(by: .large, 4096, 1536) { $0.subgroupSize = 16 } == 128)
        for kernel in [ProductKernel.small, .medium, .large] {
            let tile = ProductTile(kernel, rows: 8, columns: 8, DeviceFeatures())
            // The kernel's loop counts on both.
            #expect(tile.constants[0] % (ProductTile.depth / 8) == 0)
            #expect(tile.constants[0] <= 128)
        }
    }
}
