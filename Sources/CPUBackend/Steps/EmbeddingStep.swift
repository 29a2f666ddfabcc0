import Graphs

/// Rows of a table, each id checked.
struct EmbeddingStep: KernelStep {
    /// For the error message.
    let node: String
    let table: UnsafePointer<Float>
    let rowCount: Int
    let width: Int
    let ids: UnsafePointer<Int32>
    let idCount: Int
    let result: UnsafeMutablePointer<Float>
    let implementation = "lookup"

    func run() throws {
        for position in 0..<idCount {
            let id = Int(ids[position])
            guard (0..<rowCount).contains(id) else { throw IndexError(node: node, index: id, count: rowCount) }
            (result + position * width).update(from: table + id * width, count: width)
        }
    }
}
