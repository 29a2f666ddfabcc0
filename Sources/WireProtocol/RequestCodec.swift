import Diffusion
import Foundation
public import Speculation
import SwiftProtobuf

/// A verification job as bytes: one frame with a `VerifyRequest`.
///
/// The frame checks itself, so it is also what an unfinished job is kept as on disk.
public enum RequestCodec {
    /// The frame that asks a verifier for this job.
    /// - Throws: `WireError` with `oversized` when the job exceeds what a verifier takes.
    public static func encode(_ job: VerificationJob) throws(WireError) -> [UInt8] {
        try Frame.wrap(serialize(request(for: job)), limit: Frame.requestLimit)
    }

    /// The job in a body, whatever bytes the body has.
    /// - Throws: `VerifierError` with `unsupportedVersion`, `invalidLatent` for a damaged estimate, and
    ///   `invalidJob` for everything else that is wrong.
    public static func decode(_ body: some Sequence<UInt8>) throws(VerifierError) -> VerificationJob {
        let message: Underpaint_V1_VerifyRequest
        do throws(WireError) {
            message = try parse(Frame.unwrap(body, limit: Frame.requestLimit))
        } catch {
            throw VerifierError(.invalidJob, error.message)
        }
        return try job(from: message)
    }

    static func request(for job: VerificationJob) -> Underpaint_V1_VerifyRequest {
        var message = Underpaint_V1_VerifyRequest()
        let version = UInt32(ProtocolVersions.needed(by: job))
        message.protocolVersion = version
        message.minimumVersion = version
        message.jobID = job.id.text
        message.draft = job.draft.wire
        message.verifier = job.verifier.wire
        message.prompt = job.prompt
        message.guidanceScale = job.guidanceScale
        message.latentShape = job.latentShape.wire
        message.stepCount = UInt32(clamping: job.stepCount)
        if job.verifierStepCount != job.stepCount {
            message.verifierStepCount = UInt32(clamping: job.verifierStepCount)
        }
        message.scheduleShift = job.scheduleShift
        message.handoffStep = UInt32(clamping: job.handoffStep)
        message.seed = job.seed
        message.noiseKind = job.noise.wire
        message.mode = job.mode.wire
        if let checkThreshold = job.checkThreshold { message.checkThreshold = checkThreshold }
        if let checkQuantile = job.checkQuantile { message.checkQuantile = checkQuantile }
        if let checkLikeness = job.checkLikeness { message.checkLikeness = checkLikeness }
        message.checkLevels = job.checkLevels ?? []
        message.resultKind = job.result.wire
        if let quality = job.pictureQuality { message.pictureQuality = UInt32(clamping: quality) }
        message.codedEstimate = .init(job.codedEstimate)
        message.codedEstimateCrc32 = CRC32.checksum(job.codedEstimate)
        if let stopStep = job.stopStep { message.stopStep = UInt32(clamping: stopStep) }
        if let exact = job.exact { message.exact = exact.wire }
        return message
    }

    static func job(from message: Underpaint_V1_VerifyRequest) throws(VerifierError) -> VerificationJob {
        // Versions first: the other fields of a request from the future may mean something else.
        let offered = ProtocolVersions(
            oldest: Int(message.minimumVersion), newest: Int(message.protocolVersion))
        guard ProtocolVersions.current.agreed(with: offered) != nil else {
            throw VerifierError(
                .unsupportedVersion,
                "the client speaks protocol version \(offered), this verifier \(ProtocolVersions.current); "
                    + "update the older of the two")
        }
        guard let id = JobID(message.jobID) else {
            throw VerifierError(.invalidJob, "the job id must be 1…64 letters, digits, '-' or '_'")
        }
        var job = VerificationJob(
            id: id, draft: ModelIdentity(wire: message.draft), verifier: ModelIdentity(wire: message.verifier),
            prompt: message.prompt, guidanceScale: message.guidanceScale,
            latentShape: try known(LatentShape(wire: message.latentShape), "a latent shape within the limits"),
            stepCount: Int(message.stepCount), scheduleShift: message.scheduleShift,
            handoffStep: Int(message.handoffStep), seed: message.seed,
            noise: try known(NoiseKind(wire: message.noiseKind), "a noise kind that this verifier knows"),
            mode: try known(SpeculationMode(wire: message.mode), "a mode that this verifier knows"),
            checkThreshold: message.hasCheckThreshold ? message.checkThreshold : nil,
            result: try known(ResultKind(wire: message.resultKind), "a result kind that this verifier knows"),
            codedEstimate: Array(message.codedEstimate),
            verifierStepCount: message.hasVerifierStepCount ? Int(message.verifierStepCount) : nil,
            stopStep: message.hasStopStep ? Int(message.stopStep) : nil,
            exact: message.hasExact ? try ExactOptions(wire: message.exact) : nil)
        job.checkQuantile = message.hasCheckQuantile ? message.checkQuantile : nil
        job.checkLikeness = message.hasCheckLikeness ? message.checkLikeness : nil
        job.checkLevels = message.checkLevels.isEmpty ? nil : message.checkLevels
        job.pictureQuality = message.hasPictureQuality ? Int(message.pictureQuality) : nil
        guard CRC32.checksum(job.codedEstimate) == message.codedEstimateCrc32 else {
            throw VerifierError(
                .invalidLatent, "the coded estimate does not match its checksum; code the latent again")
        }
        try job.validate()
        return job
    }

    private static func known<Value>(_ value: Value?, _ what: String) throws(VerifierError) -> Value {
        guard let value else { throw VerifierError(.invalidJob, "the request lacks \(what)") }
        return value
    }
}
