/// How many steps are drafted before the verifier is asked.
public enum WindowPolicy: Hashable, Sendable, Codable {
    /// As many as pay, seen from the acceptance so far.
    case auto
    case fixed(Int)

    public static let allowedLengths = 1...32
    /// The lengths that `auto` chooses from; few, because a backend prepares a graph for each size of a batch.
    public static let automaticLengths = [1, 2, 4, 8, 16]

    /// The length of the next window; a pure function of what was settled before, so never of noise yet to come.
    ///
    /// `auto` maximises the steps for a unit of time: with acceptance a, a window of L settles (1 − a^L)/(1 − a) steps in
    /// the time 1 + rowCost·(L − 1). a is the share of accepted steps among the judged ones, windows counting less the
    /// older they are, with two thirds of three steps as a first guess.
    /// - Parameters:
    ///   - rowCost: what one more drafted step costs, as a share of a window of one.
    ///   - limit: steps left before the tail.
    public func nextLength(after history: WindowHistory, rowCost: Double, limit: Int) -> Int {
        switch self {
        case .fixed(let length): return max(1, min(length, limit))
        case .auto:
            let acceptance = history.acceptance
            let best = Self.automaticLengths.max { speed($0, acceptance, rowCost) < speed($1, acceptance, rowCost) }
            return max(1, min(best ?? 1, limit))
        }
    }

    private func speed(_ length: Int, _ acceptance: Double, _ rowCost: Double) -> Double {
        var (settled, power) = (0.0, 1.0)
        for _ in 0..<length {
            settled += power
            power *= acceptance
        }
        return settled / (1 + rowCost * Double(length - 1))
    }
}

extension WindowPolicy: CustomStringConvertible, LosslessStringConvertible {
    /// `auto` or a length; nil for anything else.
    public init?(_ text: String) {
        if text == "auto" {
            self = .auto
        } else if let length = Int(text), Self.allowedLengths.contains(length) {
            self = .fixed(length)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .auto: "auto"
        case .fixed(let length): "\(length)"
        }
    }
}

/// The acceptance of the windows so far, older ones counting less.
public struct WindowHistory: Hashable, Sendable {
    private static let memory = 0.8
    private var accepted = 2.0
    private var judged = 3.0

    public init() {}

    /// a: between 0 and 1.
    public var acceptance: Double { accepted / judged }

    public mutating func add(_ window: SettledWindow) {
        add(accepted: window.acceptedCount, drafted: window.draftedCount)
    }

    public mutating func add(accepted count: Int, drafted: Int) {
        accepted = Self.memory * accepted + Double(count)
        judged = Self.memory * judged + Double(min(count + 1, drafted))
    }
}
