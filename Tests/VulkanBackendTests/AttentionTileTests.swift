import Testing

@testable import VulkanBackend

@Suite struct AttentionTileTests {
    private func tile(_ headWidth: Int, _ queries: Int, _ sharedMemory: Int) throws -> AttentionTile {
        try AttentionTile(headWidth: headWidth, queries: queries, sharedMemory: sharedMemory, node: "attention")
    }

    /// 16 KiB are the least that a device may have.
    @Test func everyHeadFitsInSharedMemory() throws {
        for sharedMemory in [16_384, 32_768] {
            let tooLarge = try (1..<2048).filter { try tile($0, 100, sharedMemory).sharedByteCount > sharedMemory }
            #expect(tooLarge == [], "of \(sharedMemory) bytes")
        }
        #expect(try tile(32, 100, 16_384).queries == 32)
        #expect(try tile(33, 100, 16_384).queries == 16)
        #expect(try tile(64, 100, 32_768).queries == 32)
        #expect(try tile(512, 100, 32_768).queries == 16)
        #expect(try tile(2047, 100, 32_768).queries == 8)
        #expect(try tile(64, 17, 32_768).queries == 32)
        #expect(try tile(64, 16, 32_768).queries == 16)
        #expect(try tile(64, 7, 32_768).queries == 8)
        #expect(throws: VulkanError.self) { try tile(2048, 1, 32_768) }
    }
}

@Suite struct CooperativeAttentionTileTests {
    /// Of a unit, and of the subgroup that it belongs to.
    struct Unit: Sendable, CustomTestStringConvertible {
        let shape: CooperativeShape
        let lanes: Int

        init(_ rows: Int, _ columns: Int, _ depth: Int, lanes: Int) {
            (shape, self.lanes) = (CooperativeShape(rows: rows, columns: columns, depth: depth), lanes)
        }

        var testDescription: String { "\(shape.rows)×\(shape.columns)×\(shape.depth), \(lanes) lanes" }

        func tile(headWidth: Int, queries: Int) -> CooperativeAttentionTile? {
            var features = DeviceFeatures()
            (features.unitCount, features.sharedMemory, features.maxWorkgroupInvocations) = (48, 49_152, 1024)
            let unit = MatrixUnit(variant: MatrixUnit.cooperative, shape: shape, subgroupSize: lanes)
            return CooperativeAttentionTile(unit, .double, headWidth: headWidth, queries: queries, heads: 16, features)
        }
    }

    /// As cards have them: units of sixteen and of eight rows, subgroups of eight to 64.
    private static let units = [
        Unit(16, 16, 16, lanes: 32), Unit(16, 8, 16, lanes: 32), Unit(16, 8, 8, lanes: 32),
        Unit(16, 16, 16, lanes: 64), Unit(8, 16, 16, lanes: 32), Unit(8, 8, 16, lanes: 32),
        Unit(8, 16, 16, lanes: 16), Unit(8, 8, 16, lanes: 8),
    ]

    /// Heads of the verifier and of U-Nets, for few queries and many.
    @Test(arguments: units) func everyUnitTakesPart(_ unit: Unit) throws {
        for headWidth in [8, 40, 64, 80, 96] {
            for queries in [7, 64, 256, 4096] {
                let tile = try #require(
                    unit.tile(headWidth: headWidth, queries: queries), "\(queries) queries, heads of \(headWidth)")
                // What the shader asks for, of a subgroup's rows and of the keys that an invocation has.
                let rows = tile.queries / tile.subgroups
                let ownKeys = tile.keys / max(1, unit.lanes / rows)
                #expect(rows % unit.shape.rows == 0 && tile.keys % unit.shape.columns == 0)
                #expect(ownKeys % unit.shape.depth == 0 && ownKeys % 8 == 0)
                #expect(tile.sharedByteCount <= 49_152)
                #expect(Array(tile.constants[2...4]) == [tile.queries, rows, tile.keys])
            }
        }
    }

    /// Longer blocks of keys only where there is no other way.
    @Test func blocksOfKeysAreShortWhereTheyCanBe() throws {
        let (narrow, wide) = (Unit(16, 16, 16, lanes: 32), Unit(16, 16, 16, lanes: 64))
        for headWidth in [40, 64, 96] {
            for queries in [7, 256, 4096] {
                #expect(try #require(narrow.tile(headWidth: headWidth, queries: queries)).keys == 32)
            }
        }
        #expect(try #require(wide.tile(headWidth: 40, queries: 4096)).keys == 32)
        #expect(try #require(wide.tile(headWidth: 40, queries: 7)).keys == 64)
        #expect(try #require(wide.tile(headWidth: 96, queries: 4096)).keys == 64)
    }

    /// Eight invocations a query leave it to the kernels without units.
    @Test func largeSubgroupsOfSmallUnitsTakePartInSomeSizes() {
        let unit = Unit(8, 16, 16, lanes: 64)
        #expect(unit.tile(headWidth: 40, queries: 4096) != nil)
        #expect(unit.tile(headWidth: 40, queries: 7) == nil)
        #expect(unit.tile(headWidth: 96, queries: 4096) == nil)
    }
}
