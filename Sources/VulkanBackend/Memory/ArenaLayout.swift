import Graphs

/// The arena of a memory plan cut into pieces that a device can allocate.
///
/// One piece, as planned, wherever that is small enough. Else the plan is cut between values; and where values that
/// share memory over time chain up to more than a piece, they are laid side by side instead.
struct ArenaLayout {
    struct Place: Hashable {
        let piece: Int
        let offset: Int
    }

    /// Bytes of each piece.
    private(set) var pieces: [Int] = []
    private var places: [ValueID: Place] = [:]

    /// - Parameters:
    ///   - plan: with values as the device stores them.
    ///   - limit: most bytes of a piece.
    ///   - valueLimit: most bytes of a value.
    /// - Throws: `VulkanError.tooLarge` if one value alone is larger.
    init(_ plan: MemoryPlan, limit: Int, valueLimit: Int) throws(VulkanError) {
        let blocks = plan.blocks.sorted { $0.offset < $1.offset }
        for block in blocks where block.byteCount > valueLimit {
            throw .tooLarge(
                node: "value \(block.value.index)",
                reason: "\(block.byteCount) bytes are more than the device allows in one binding (\(valueLimit))")
        }
        guard plan.arenaByteCount > limit else {
            pieces = [plan.arenaByteCount]
            for block in blocks { places[block.value] = Place(piece: 0, offset: block.offset) }
            return
        }
        for run in ArenaLayout.runs(of: blocks) {
            let start = run[0].offset
            let end = run.map { $0.offset + ArenaLayout.aligned($0.byteCount) }.max() ?? start
            if end - start <= limit {
                let place = take(end - start, limit)
                for block in run {
                    places[block.value] = Place(piece: place.piece, offset: place.offset + block.offset - start)
                }
            } else {
                for block in run { places[block.value] = take(ArenaLayout.aligned(block.byteCount), limit) }
            }
        }
    }

    subscript(value: ValueID) -> Place? { places[value] }

    /// Room behind what is there, in the last piece or a new one.
    private mutating func take(_ byteCount: Int, _ limit: Int) -> Place {
        if let last = pieces.last, last + byteCount <= limit {
            pieces[pieces.count - 1] += byteCount
            return Place(piece: pieces.count - 1, offset: last)
        }
        pieces.append(byteCount)
        return Place(piece: pieces.count - 1, offset: 0)
    }

    /// Blocks by offset, cut wherever no block reaches across.
    private static func runs(of blocks: [MemoryPlan.Block]) -> [[MemoryPlan.Block]] {
        var (runs, end): ([[MemoryPlan.Block]], Int) = ([], -1)
        for block in blocks {
            if block.offset >= end || runs.isEmpty {
                runs.append([block])
            } else {
                runs[runs.count - 1].append(block)
            }
            end = max(end, block.offset + aligned(block.byteCount))
        }
        return runs
    }

    private static func aligned(_ byteCount: Int) -> Int {
        (byteCount + MemoryPlan.alignment - 1) / MemoryPlan.alignment * MemoryPlan.alignment
    }
}
