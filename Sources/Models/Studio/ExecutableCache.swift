import Graphs

/// The graphs compiled last, by shape; the one unused longest gives way to a new one.
///
/// They share the model's weights; each has room for its own values.
struct ExecutableCache<Key: Hashable> {
    let capacity: Int
    /// Oldest use first.
    private var entries: [(key: Key, executable: any ExecutableGraph)] = []
    /// What compiling has taken so far.
    private(set) var compiling = Duration.zero

    /// - Precondition: `capacity` is positive.
    init(capacity: Int) {
        precondition(capacity > 0, "a cache without room holds nothing")
        self.capacity = capacity
    }

    var count: Int { entries.count }

    /// The executable for `key`, made by `compile` unless it is here; where that fails, once more when all others are gone.
    mutating func executable(
        for key: Key, compile: () throws -> any ExecutableGraph
    ) throws -> any ExecutableGraph {
        if let index = entries.firstIndex(where: { $0.key == key }) {
            let entry = entries.remove(at: index)
            entries.append(entry)
            return entry.executable
        }
        let start = ContinuousClock.now
        defer { compiling += ContinuousClock.now - start }
        // Room first: what goes need not lie beside what comes.
        if entries.count >= capacity { entries.removeFirst() }
        let executable: any ExecutableGraph
        do {
            executable = try compile()
        } catch {
            // What is kept may be what there is no room beside.
            guard !entries.isEmpty else { throw error }
            entries.removeAll()
            executable = try compile()
        }
        entries.append((key, executable))
        return executable
    }
}
