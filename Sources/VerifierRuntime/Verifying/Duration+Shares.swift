extension Duration {
    /// Each part's share of this time, by the work in it; equal ones where no work was counted.
    ///
    /// - Parameter work: of each part, not negative.
    func shares(by work: [Int]) -> [Duration] {
        let total = work.reduce(0, +)
        return work.map { total == 0 ? self / work.count : self * $0 / total }
    }
}
