/// A control group that a process is in, as a line of `/proc/PID/cgroup` names it (cgroups(7)).
struct ControlGroup {
    /// Whether it is of the one hierarchy of cgroup 2, or of the old ones with a folder each.
    private let isUnified: Bool
    private let path: String

    /// - Parameter line: `number:controllers:path`, without controllers of cgroup 2. Nil if it limits no processors.
    init?(_ line: String) {
        let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3, fields[1].isEmpty || fields[1].split(separator: ",").contains("cpu") else {
            return nil
        }
        isUnified = fields[1].isEmpty
        path = String(fields[2])
    }

    /// Whole processors of the smallest quota of it and those above, nil if none has one.
    ///
    /// - Parameter read: the first line of a file, nil if there is none.
    func quota(_ read: (String) -> String?) -> Int? {
        let names = path.split(separator: "/")
        // All up to the root: a container may see the paths of its host, and its own group there.
        return (0...names.count).compactMap { depth in
            ControlGroup.quota(limits(of: names.prefix(depth).map { "/\($0)" }.joined(), read))
        }.min()
    }

    /// Microseconds in each period, and those of a period.
    private func limits(of place: String, _ read: (String) -> String?) -> [Int?] {
        isUnified
            ? read("/sys/fs/cgroup\(place)/cpu.max")?.split(separator: " ").map { Int($0) } ?? []
            : ["quota", "period"].map { read("/sys/fs/cgroup/cpu\(place)/cpu.cfs_\($0)_us").flatMap { Int($0) } }
    }

    private static func quota(_ limits: [Int?]) -> Int? {
        guard limits.count == 2, let microseconds = limits[0], let period = limits[1], microseconds > 0, period > 0
        else { return nil }
        return max(1, microseconds / period)
    }
}
