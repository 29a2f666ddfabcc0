import Diffusion
import ExactWindows
import Models
import Speculation

/// The exact chains whose edges are drafting the next window.
///
/// Bounded in number and bytes: a chain whose next window does not come for `idleLimit` is forgotten, a finished one when
/// its place is needed, and while there is no room a new one is refused. Owned by the models' lock, so one thread at a time
/// uses it.
final class ExactSessions {
    struct Session {
        /// What every window of the chain must say alike.
        let job: VerificationJob
        var chain: VerifierChain
        /// The encoded prompt; nil until the first window is evaluated.
        var prompt: Conditioning?
        /// The window to come.
        var nextIndex = 0
        /// What was answered to the window before it, for one that is sent again.
        var answered: (exchange: WindowExchange, outcome: VerificationOutcome)?
        /// The end of its last window.
        var lastUse: ContinuousClock.Instant

        /// Whether the picture is done; what is left is its answer, should somebody ask again.
        var isFinished: Bool { answered.map { $0.outcome.verdict == nil } ?? false }

        /// State, mean pictures that both sides know, and the last answer.
        var byteCount: Int {
            let latent = 4 * job.latentShape.elementCount
            return (2 + WindowExchange.lengthLimit) * latent + (answered?.outcome.payload.count ?? 0)
        }
    }

    private let countLimit: Int
    private let byteLimit: Int
    private let idleLimit: Duration
    private var sessions: [JobID: Session] = [:]

    init(countLimit: Int = 64, byteLimit: Int = 512 << 20, idleLimit: Duration = .seconds(120)) {
        self.countLimit = countLimit
        self.byteLimit = byteLimit
        self.idleLimit = idleLimit
    }

    /// The session that a window belongs to.
    ///
    /// - Throws: `unknownJob` when it is not here (any more), `conflictingJob` when the chain is another job's.
    func session(for exchange: WindowExchange, of job: VerificationJob) throws(VerifierError) -> Session {
        guard let session = sessions[exchange.chain] else {
            throw VerifierError(
                .unknownJob,
                "the exact chain \(exchange.chain) is not known here (any more); begin it anew from its seed")
        }
        guard session.job.isSameChain(as: job) else {
            throw VerifierError(.conflictingJob, "the exact chain \(exchange.chain) belongs to another job")
        }
        return session
    }

    func has(_ chain: JobID) -> Bool { sessions[chain] != nil }

    /// Keeps a session, new or gone on.
    ///
    /// - Throws: `overloaded` when there is no room for a new one.
    func keep(_ session: Session, as chain: JobID) throws(VerifierError) {
        if sessions[chain] == nil {
            while !hasRoom(for: session), let oldest = oldestFinished { sessions[oldest] = nil }
            guard hasRoom(for: session) else {
                throw VerifierError(
                    .overloaded, "\(sessions.count) exact chains are open here, which is all that is taken; try later")
            }
        }
        sessions[chain] = session
    }

    func forget(_ chain: JobID) { sessions[chain] = nil }

    /// Forgets the chains whose next window has not come for too long.
    ///
    /// - Parameter admission: when the window that is to be taken now came. Windows are taken in the order in which they
    ///   came, so none that waits is older, and what it has waited in the queue is not its chain's idleness.
    func forgetIdle(at admission: ContinuousClock.Instant) {
        sessions = sessions.filter { admission - $0.value.lastUse <= idleLimit }
    }

    private func hasRoom(for session: Session) -> Bool {
        sessions.count < countLimit && sessions.values.reduce(session.byteCount) { $0 + $1.byteCount } <= byteLimit
    }

    private var oldestFinished: JobID? {
        sessions.filter(\.value.isFinished).min { $0.value.lastUse < $1.value.lastUse }?.key
    }
}

extension VerificationJob {
    /// Whether both are windows of one chain: alike but for the job's id and the window.
    fileprivate func isSameChain(as other: VerificationJob) -> Bool {
        var (a, b) = (self, other)
        b.id = a.id
        a.exact?.exchange = nil
        b.exact?.exchange = nil
        // How an edge cuts its windows is its own business.
        b.exact?.window = a.exact?.window ?? .auto
        return a == b
    }
}
