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
    ///   - groups: lines as `ControlGroup` takes them.
    ///   - read: the first line of a file, nil if there is none.
    static func quota(groups: [String], read: (String) -> String?) -> Int? {
        groups.compactMap { ControlGroup($0)?.quota(read) }.min()
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
