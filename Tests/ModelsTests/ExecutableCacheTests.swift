import Graphs
import Tensors
import Testing

@testable import Models

@Suite struct ExecutableCacheTests {
    private struct NoRoom: Error {}

    private final class Nothing: ExecutableGraph {
        var isProfiling = false
        var profile: [NodeCost] { [] }
        func run(_ inputs: [String: Tensor]) throws -> [String: Tensor] { [:] }
    }

    @Test func theOneUnusedLongestGivesWay() throws {
        var cache = ExecutableCache<Int>(capacity: 2)
        var made: [Int] = []
        func ask(_ key: Int) throws {
            _ = try cache.executable(for: key) {
                made.append(key)
                return Nothing()
            }
        }
        for key in [1, 2, 1, 3, 1, 2] { try ask(key) }
        #expect(made == [1, 2, 3, 2] && cache.count == 2)
    }

    @Test func whatIsKeptGoesWhereThereIsNoRoomBesideIt() throws {
        var cache = ExecutableCache<Int>(capacity: 8)
        for key in 1...3 { _ = try cache.executable(for: key) { Nothing() } }
        var attempts = 0
        _ = try cache.executable(for: 4) {
            attempts += 1
            if attempts == 1 { throw NoRoom() }
            return Nothing()
        }
        #expect(attempts == 2 && cache.count == 1)
        // Alone it has all the room there is.
        var empty = ExecutableCache<Int>(capacity: 8)
        attempts = 0
        #expect(throws: NoRoom.self) {
            try empty.executable(for: 1) {
                attempts += 1
                throw NoRoom()
            }
        }
        #expect(attempts == 1 && empty.count == 0)
    }
}
