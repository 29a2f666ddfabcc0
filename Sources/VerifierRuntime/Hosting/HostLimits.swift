/// How much a host takes on and how much it remembers.
public struct HostLimits: Hashable, Sendable {
    /// Jobs that may be under way at once.
    public var runningJobs: Int
    /// Jobs that may wait, those left out that are under way or about to be. Each holds its request, a megabyte at most.
    public var waitingJobs: Int
    /// Jobs that are over and remembered for clients that ask again.
    public var keptJobs: Int
    /// Memory of the kept jobs, results and requests together.
    public var keptBytes: Int
    /// How long a job that is over is remembered.
    public var keptFor: Duration

    public init(
        runningJobs: Int = 1, waitingJobs: Int = 16, keptJobs: Int = 256, keptBytes: Int = 256 << 20,
        keptFor: Duration = .seconds(900)
    ) {
        self.runningJobs = runningJobs
        self.waitingJobs = waitingJobs
        self.keptJobs = keptJobs
        self.keptBytes = keptBytes
        self.keptFor = keptFor
    }
}
