public import Foundation
public import Pictures
public import Speculation

/// What happens on the way of one picture, in order.
public enum MakingEvent: Sendable {
    /// The draft has taken `done` of `total` steps.
    case drafted(done: Int, total: Int)
    /// The draft's present picture estimate, where previews were asked for.
    case preview(Picture)
    /// The draft's half is done, coded and kept; the verifier is next.
    case handedOff(DraftedPicture, seconds: Double)
    case verifier(VerificationEvent)
}

/// A picture that was drafted but not verified; its hand-off file is kept, unless somebody took it away meanwhile.
public struct UnverifiedError: Error, CustomStringConvertible {
    public let job: JobID
    /// The hand-off file, for `underpaint resume`.
    public let file: URL
    /// Why the verifier did not finish it; `CancellationError` where nobody wished it to any more.
    public let cause: any Error

    public init(job: JobID, file: URL, cause: any Error) {
        self.job = job
        self.file = file
        self.cause = cause
    }

    public var description: String { "\(cause)" }
}
