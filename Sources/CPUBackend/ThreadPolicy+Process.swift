#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension ThreadPolicy {
    /// Makes waiting threads give up the processor soon. Call it first in `main`, before anything else runs.
    ///
    /// libgomp's threads spin for about three milliseconds before they sleep. On a machine with other work that
    /// holds back the very thread that is waited for: a step of the verifier on two busy cores took 30 times as
    /// long as with spins of 20 microseconds, which lose nothing on idle ones. libgomp reads the number from the
    /// environment when it is loaded, so the program starts itself anew, once, with it set. Where the user has
    /// set `GOMP_SPINCOUNT` or `OMP_WAIT_POLICY`, or there is no `/proc`, nothing happens.
    ///
    /// OpenBLAS's own threads are never used (see `ThreadPolicy`) and, by the same means, not even started.
    public static func prepareProcess() {
        guard getenv("GOMP_SPINCOUNT") == nil, getenv("OMP_WAIT_POLICY") == nil else { return }
        setenv("GOMP_SPINCOUNT", "\(spinCount)", 1)
        setenv("OPENBLAS_NUM_THREADS", "1", 0)
        // By its own name, by which lists of processes show it. Comes back only if it fails, and then the default has to do.
        var name = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &name, name.count - 1)
        guard length > 0 else { return }
        let file = name[..<length].split(separator: 0x2F).last.map { $0.map { UInt8(bitPattern: $0) } } ?? []
        // Started by the dynamic loader, which would take the first argument for the program.
        guard !String(decoding: file, as: UTF8.self).hasPrefix("ld") else { return }
        execv(name, CommandLine.unsafeArgv)
    }

    /// Turns of libgomp's waiting loop, each some 10 to 20 nanoseconds.
    private static let spinCount = 1000
}
