import Graphs

/// Limits of hyperparameters: wide enough for any model that this engine could run, narrow enough that a
/// hostile manifest can neither overflow an integer nor ask for a graph without end.
enum Bounds {
    static let widths = 1...16_384
    static let headCounts = 1...256
    static let layerCounts = 1...256
    static let channelCounts = 1...64
    static let tokenCounts = 1...4096
    static let vocabularySizes = 2...1_000_000

    /// The first of named numbers outside its range, in words; nil if there is none.
    static func fault(_ numbers: (name: String, value: Int, range: ClosedRange<Int>)...) -> String? {
        for number in numbers where !number.range.contains(number.value) {
            return "\(number.name) \(number.value) is not in "
                + "\(number.range.lowerBound)…\(number.range.upperBound)"
        }
        return nil
    }

    /// Throws a fault as a shape error of the whole network.
    static func check(_ fault: String?, _ network: String) throws(ShapeError) {
        if let fault {
            throw ShapeError(node: network, operation: "network", inputs: [], rule: fault)
        }
    }
}
