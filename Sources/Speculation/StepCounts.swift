/// N of both schedules: how many steps lead from noise to picture, for the draft and for the verifier.
public struct StepCounts: Hashable, Sendable, Codable {
    public let draft: Int
    public let verifier: Int

    /// - Parameter verifier: nil takes the draft's.
    public init(draft: Int, verifier: Int? = nil) {
        self.draft = draft
        self.verifier = verifier ?? draft
    }
}

extension StepCounts: CustomStringConvertible {
    public var description: String { draft == verifier ? "\(draft)" : "\(draft)/\(verifier)" }
}
