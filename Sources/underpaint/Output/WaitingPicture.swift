import EdgeRuntime
import Foundation
import Speculation

/// What `resume --list` says of a picture: one line for people, an object for programs.
struct WaitingPicture: Encodable {
    let job: String
    /// The hand-off file.
    let file: String
    /// Where the picture shall be written.
    let output: String
    /// nil is the embedded one.
    let verifier: String?
    let createdAt: Date
    let handoffStep: Int
    let stepCount: Int
    let seed: UInt64
    let prompt: String
    let mode: String
    /// Whether another underpaint works on it now.
    let isInUse: Bool

    init(_ picture: UnfinishedPicture, in entry: HandoffJournal.Entry) {
        job = picture.job.id.text
        file = entry.file.path
        output = picture.outputPath
        verifier = picture.verifier
        createdAt = picture.createdAt
        handoffStep = picture.job.handoffStep
        stepCount = picture.job.stepCount
        seed = picture.job.seed
        prompt = picture.job.prompt
        mode = picture.job.mode.rawValue
        isInUse = entry.isInUse
    }

    var line: String {
        // Of an exact chain nothing is kept but what it is made from.
        let progress =
            mode == SpeculationMode.exact.rawValue
            ? "exact, from the seed" : "\(handoffStep)/\(stepCount) steps drafted"
        return "\(job)  \(createdAt.formatted(.iso8601))  \(progress)  seed \(seed)  "
            + "\(verifier ?? "embedded")  \(isInUse ? "(being worked on)  " : "")\(prompt.shown)"
    }
}
