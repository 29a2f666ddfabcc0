public import Diffusion

extension StudioDenoiser {
    /// What the rows of several askers ask, in batches that they share.
    ///
    /// A single asker's rows are one batch, whatever their number: its answers are those of `answers(to:unconditional:)`.
    /// Those of several are cut into batches of a few sizes, up to 16 where the device has room for it; what is left empty of one
    /// is filled up with rows that nobody reads.
    ///
    /// - Returns: one answer for each asker, with what its rows cost.
    /// - Throws: as `velocities`.
    /// - Precondition: all rows have one latent shape.
    public func answers(toEach askers: [[Row]], unconditional: Conditioning) throws -> [FlowAnswers] {
        let all = askers.flatMap { $0 }
        guard askers.count > 1, let shape = all.first?.state.shape else {
            return try askers.map { try answers(to: $0, unconditional: unconditional) }
        }
        for row in all { try check(row, shape, unconditional) }
        var others: [FlowAnswer] = []
        let velocities = all.filter { !$0.subject.isForCritic }
        for batch in batches(velocities, try batchSizes(for: shape), unconditional) {
            // All that are read are checked; a model need not take the guidance of those that fill up.
            others += try velocityAnswers(to: batch.rows, unconditional).prefix(batch.readCount)
        }
        var rest = others[...]
        let found = try withCritic(all) { rest.removeFirst() }
        var first = 0
        return askers.map { rows in
            defer { first += rows.count }
            return FlowAnswers(
                rows: Array(found[first..<first + rows.count]),
                evaluationCount: rows.reduce(0) { $0 + evaluationCount(of: $1) })
        }
    }

    /// Rows of one run of the network, of which the first `readCount` are wanted.
    private struct Batch {
        var rows: [Row] = []
        var readCount = 0
    }

    private func batches(_ rows: [Row], _ sizes: BatchSizes, _ unconditional: Conditioning) -> [Batch] {
        var (batches, rest) = ([Batch](), rows[...])
        var remaining = rows.reduce(0) { $0 + rowCount($1) }
        while let filling = rest.first {
            // A row that takes two of the network's cannot be cut.
            let size = max(sizes.next(for: remaining), rowCount(filling))
            var (batch, used) = (Batch(), 0)
            while let row = rest.first, used + rowCount(row) <= size {
                batch.rows.append(row)
                used += rowCount(row)
                rest.removeFirst()
            }
            batch.readCount = batch.rows.count
            remaining -= used
            // At guidance 1 a row takes one of the network's.
            let empty = Row(state: filling.state, time: filling.time, prompt: unconditional, guidance: 1)
            batch.rows += Array(repeating: empty, count: size - used)
            batches.append(batch)
        }
        return batches
    }
}
