/// A graph that does not hold together: the fault of the pass or the code that made it.
public struct GraphError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The node, input or output where the fault is.
    public let place: String
    /// The rule that is broken.
    public let rule: String

    public init(place: String, rule: String) {
        self.place = place
        self.rule = rule
    }

    public var description: String { "\(place): \(rule)" }
}
