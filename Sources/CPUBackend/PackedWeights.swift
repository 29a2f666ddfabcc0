import Synchronization
import Tensors

/// A weight in the layout of a library, and what it was packed from.
final class PackedWeight: @unchecked Sendable {
    // @unchecked: written before it is shared, and only read since.

    /// The packed values, and what belongs to them: of bytes, the scale and the sum of each row.
    let memories: [AlignedMemory]
    /// Keeps the place in memory that the weight is known by.
    private let source: Tensor

    init(_ memories: [AlignedMemory], of source: Tensor) {
        self.memories = memories
        self.source = source
    }
}

/// The weights packed by a backend, so that the graphs of one model share them: each is packed for the first graph that wants
/// it in a layout, and goes with the last.
final class PackedWeights: Sendable {
    private struct Place: Hashable {
        let address: UInt
        let byteCount: Int
    }

    private struct Entry {
        let layout: OneDNNLayout
        weak var weight: PackedWeight?
    }

    private let entries = Mutex<[Place: [Entry]]>([:])

    /// Weights that a graph holds.
    var count: Int { entries.withLock { $0.values.reduce(0) { $0 + $1.filter { $0.weight != nil }.count } } }

    /// A weight in a layout, packed unless a graph has it.
    ///
    /// - Parameter pack: makes it; the memory is filled when it returns.
    func weight(
        of tensor: Tensor, as layout: OneDNNLayout, pack: () throws(CPUBackendError) -> [AlignedMemory]
    ) throws(CPUBackendError) -> PackedWeight {
        let place = tensor.withBytes { Place(address: UInt(bitPattern: $0.baseAddress), byteCount: $0.count) }
        return try entries.withLock { entries throws(CPUBackendError) in
            let living = entries[place, default: []].filter { $0.weight != nil }
            if let known = living.first(where: { $0.layout == layout })?.weight { return known }
            let weight = PackedWeight(try pack(), of: tensor)
            // What went with its graphs leaves no trace.
            entries = entries.filter { $0.value.contains { $0.weight != nil } }
            entries[place] = living + [Entry(layout: layout, weight: weight)]
            return weight
        }
    }
}
