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

    /// Whole processors of the container's quota (`cpu.max` of cgroup 2: microseconds, period), nil if there is none.
    private static var quota: Int? {
        guard let fields = firstLine(of: "/sys/fs/cgroup/cpu.max")?.split(separator: " "), fields.count == 2,
            let microseconds = Int(fields[0]), let period = Int(fields[1]), period > 0
        else { return nil }
        return max(1, microseconds / period)
    }

    private static func firstLine(of path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 256)
        guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
        let bytes = buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
