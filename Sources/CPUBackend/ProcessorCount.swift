import CKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// How many processors this process may keep busy.
enum ProcessorCount {
    /// Physical cores in the process's affinity, no more than its CPU quota; at least one.
    ///
    /// Two threads on one core share its vector units, so a thread for each core is enough.
    static var usable: Int {
        let processors = allowedProcessors
        let cores = Set(
            processors.map { processor in
                firstLine(of: "/sys/devices/system/cpu/cpu\(processor)/topology/thread_siblings_list")
                    ?? "\(processor)"
            })
        return max(1, min(cores.count, quota ?? cores.count))
    }

    /// The processors that the scheduler may put this process on.
    private static var allowedProcessors: [Int] {
        var processors = [Int32](repeating: 0, count: 1024)
        let count = ck_allowed_processors(&processors, Int32(processors.count))
        return processors.prefix(Int(count)).map(Int.init)
    }

    /// Whole processors of the smallest quota of the process's control groups, nil if none has one.
    private static var quota: Int? {
        quota(groups: lines(of: "/proc/self/cgroup")) { lines(of: $0).first }
    }

    /// - Parameters:
    ///   - groups: lines `number:controllers:path`, of cgroup 2 without controllers (cgroups(7)).
    ///   - read: the first line of a file, nil if there is none.
    static func quota(groups: [String], read: (String) -> String?) -> Int? {
        var quotas: [Int] = []
        for group in groups {
            let fields = group.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: ",")
            guard controllers.isEmpty || controllers.contains("cpu") else { continue }
            // A container may see the paths of its host, and its own group at the root.
            var path = String(fields[2])
            while true {
                let place = path == "/" ? "" : path
                let limits =
                    controllers.isEmpty
                    ? read("/sys/fs/cgroup\(place)/cpu.max")?.split(separator: " ").map { Int($0) } ?? []
                    : ["quota", "period"].map {
                        read("/sys/fs/cgroup/cpu\(place)/cpu.cfs_\($0)_us").flatMap { Int($0) }
                    }
                if limits.count == 2, let microseconds = limits[0], let period = limits[1], microseconds > 0, period > 0
                {
                    quotas.append(max(1, microseconds / period))
                }
                guard let slash = path.lastIndex(of: "/"), path != "/" else { break }
                path = slash == path.startIndex ? "/" : String(path[..<slash])
            }
        }
        return quotas.min()
    }

    private static func firstLine(of path: String) -> String? { lines(of: path).first }

    private static func lines(of path: String) -> [String] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var lines: [String] = []
        var buffer = [CChar](repeating: 0, count: 4096)
        while fgets(&buffer, Int32(buffer.count), file) != nil {
            let bytes = buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
            lines.append(String(decoding: bytes, as: UTF8.self))
        }
        return lines
    }
}
