public import Pictures
public import Speculation

/// A picture and how it came to be.
public struct FinishedPicture: Sendable {
    public let picture: Picture
    public let job: VerificationJob
    public let report: MakingReport

    public init(picture: Picture, job: VerificationJob, report: MakingReport) {
        self.picture = picture
        self.job = job
        self.report = report
    }

    /// The file, with the generation parameters in a text chunk; the same picture and job give the same bytes.
    public func png() throws(PNGError) -> [UInt8] {
        let parameters = GenerationParameters(
            job: job, origin: report.origin, width: picture.width, height: picture.height,
            verification: report.verification)
        return try PNG.encode(picture, text: [parameters.chunk])
    }
}
