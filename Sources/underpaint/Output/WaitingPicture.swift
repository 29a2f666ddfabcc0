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
        isInUse = entry.isInUse
    }

    var line: String {
        "\(job)  \(createdAt.formatted(.iso8601))  \(handoffStep)/\(stepCount) steps  seed \(seed)  "
            + "\(verifier ?? "embedded")  \(isInUse ? "(being worked on)  " : "")\(prompt)"
    }
}
