import Models
public import Pictures
public import Speculation

/// A picture and how it came to be.
public struct FinishedPicture: Sendable {
    public let picture: Picture
    public let job: VerificationJob
    public let report: MakingReport
    /// Where it is kept until it is safe on disk; nil where nothing is.
    public let handoff: HandoffFile?
    /// The file that the verifier sent; nil for a picture that was decoded here.
    private let sent: [UInt8]?

    /// A picture that was decoded here.
    public init(picture: Picture, job: VerificationJob, report: MakingReport, handoff: HandoffFile? = nil) {
        (self.picture, self.job, self.report, self.handoff, sent) = (picture, job, report, handoff, nil)
    }

    /// A picture that the verifier sent.
    ///
    /// - Parameter size: that was asked for.
    /// - Throws: `PictureFileError` when it is damaged, `TransportError.protocolViolation` when it is of another size.
    init(
        sent: [UInt8], size: PictureSize, job: VerificationJob, report: MakingReport, handoff: HandoffFile?
    ) throws {
        picture = try job.result == .webp ? WebP.decode(sent) : PNG.decode(sent).picture
        guard picture.width == size.width, picture.height == size.height else {
            throw TransportError.protocolViolation(
                "the verifier sent a picture of \(picture.width)×\(picture.height) where \(size) was asked for")
        }
        (self.job, self.report, self.handoff, self.sent) = (job, report, handoff, sent)
    }

    /// The file, with the generation parameters in it; the same picture and job give the same bytes.
    ///
    /// A WebP that the verifier sent is kept as it is, so that it loses nothing a second time.
    public func file(as format: PictureFormat) throws(PictureFileError) -> [UInt8] {
        let parameters = GenerationParameters(
            job: job, origin: report.origin, width: picture.width, height: picture.height,
            verification: report.verification
        ).text
        if let sent, job.result == .webp, case .webp = format { return try WebP.add(parameters, to: sent) }
        return try format.encode(picture, parameters: parameters)
    }
}
