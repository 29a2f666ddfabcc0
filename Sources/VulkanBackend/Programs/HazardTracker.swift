/// Finds out where a dispatch must wait for those before it: where it reads or writes what they wrote, or writes what
/// they read, since the last barrier. Everything else may overlap; the calls of one node never write the same element.
struct HazardTracker {
    private struct Access {
        let buffer: ObjectIdentifier
        let range: Range<Int>
        let node: Int

        func overlaps(_ other: Access) -> Bool { buffer == other.buffer && range.overlaps(other.range) }
    }

    private var reads: [Access] = []
    private var writes: [Access] = []

    /// Books a dispatch and tells whether a barrier must come before it.
    mutating func needsBarrier(_ dispatch: Dispatch) -> Bool {
        func access(_ operand: Operand) -> Access {
            Access(buffer: ObjectIdentifier(operand.view.buffer), range: operand.view.range, node: dispatch.node)
        }
        let write = access(dispatch.bindings[dispatch.result])
        let read = dispatch.bindings.indices.filter { $0 != dispatch.result }.map { access(dispatch.bindings[$0]) }
        let conflicts =
            writes.contains { earlier in
                earlier.node != write.node && earlier.overlaps(write) || read.contains { earlier.overlaps($0) }
            }
            || reads.contains { $0.overlaps(write) }
        if conflicts { (reads, writes) = ([], []) }
        reads += read
        writes.append(write)
        return conflicts
    }
}
