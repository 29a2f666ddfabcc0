/// How rows are shared out for their norms: few invocations a row, so that the sums of all of them are soon read, and several
/// rows a workgroup.
struct RowNormTile: Hashable {
    /// Invocations of a row.
    let across: Int
    /// Rows of a workgroup.
    let rows: Int
    /// Eights of a row that an invocation has in registers.
    let reads: Int

    private static let invocationCount = 128
    /// Eights that an invocation has registers for, with weights and modulation of each; rows longer than all have take more.
    private static let fewReads = 3

    init(width: Int) {
        let eights = max(1, (width + 7) / 8)
        var across = 1
        while across < RowNormTile.invocationCount, across * RowNormTile.fewReads < eights { across *= 2 }
        self.across = across
        rows = RowNormTile.invocationCount / across
        reads = (eights + across - 1) / across
    }

    /// In the order of the shader's specialization constants, up to how a row is read.
    var constants: [Int] { [across, rows, reads] }
}
