public import Diffusion
import Foundation
public import Speculation

/// What this machine knows of one verifier and of the way to it, kept from run to run.
public struct VerifierNotes: Hashable, Sendable, Codable {
    /// A pace that the verifier says of itself.
    struct StatedPace: Hashable, Codable {
        var pace: VerifierPace
        /// Of the latents that it was measured with; nil where the verifier does not say.
        var elementCount: Int?
        /// The same latents, as `sizes` calls them.
        var size: String?
    }

    /// What finished pictures of one size showed.
    struct SizeNotes: Hashable, Codable {
        var pace: VerifierPace?
        var payload: PayloadEstimate?
    }

    public var network: NetworkEstimate?
    var stated: StatedPace?
    /// By the shape of the latent: a large picture says nothing of the pace of small ones.
    var sizes: [String: SizeNotes] = [:]
    /// Until a job would begin, as the verifier said when it was last asked.
    public var waitSeconds = 0.0
    /// When it was last asked, seconds since 1970.
    public var askedAt: Double?

    /// After so long the verifier is asked again how it is.
    public static let freshFor = 300.0
    /// How long it keeps being as busy as it said.
    static let waitHoldsFor = 20.0

    public init() {}

    /// The pace at pictures of a size: as they showed, else what the verifier says, by how much larger they are; nil
    /// where nothing is known.
    public func pace(for shape: LatentShape) -> VerifierPace? {
        if let shown = shownPace("\(shape)") { return shown }
        guard var pace = stated?.pace else { return nil }
        if let elementCount = stated?.elementCount {
            let ratio = Double(shape.elementCount) / Double(elementCount)
            pace.secondsPerEvaluation *= ratio
            pace.fixedSeconds *= ratio
        }
        return pace
    }

    /// What travelled for pictures of a size; nil where there was none yet.
    public func payload(for shape: LatentShape) -> PayloadEstimate? { sizes["\(shape)"]?.payload }

    /// Takes a pace that was measured at a size.
    mutating func note(_ pace: VerifierPace, for shape: LatentShape) {
        sizes["\(shape)", default: SizeNotes()].pace = pace
    }

    /// The pace that was measured at a size, by jobs or by the verifier itself.
    private func shownPace(_ size: String) -> VerifierPace? {
        sizes[size]?.pace ?? (stated?.size == size ? stated?.pace : nil)
    }

    /// Whether a picture of a size can be planned without asking the verifier.
    func isFresh(for shape: LatentShape, now: Double) -> Bool {
        guard network != nil, pace(for: shape) != nil, let askedAt else { return false }
        return (0...VerifierNotes.freshFor).contains(now - askedAt)
    }

    func expectedWait(now: Double) -> Double {
        guard let askedAt, (0...VerifierNotes.waitHoldsFor).contains(now - askedAt) else { return 0 }
        return waitSeconds
    }

    /// The notes without what no machine or network can be: they come from a disk.
    var cleaned: VerifierNotes {
        var cleaned = self
        if network?.isPlausible == false { cleaned.network = nil }
        if let stated, !stated.pace.isPlausible || stated.elementCount.map({ $0 < 1 }) == true { cleaned.stated = nil }
        cleaned.sizes = sizes.mapValues { notes in
            var notes = notes
            if notes.pace?.isPlausible == false { notes.pace = nil }
            if notes.payload?.isPlausible == false { notes.payload = nil }
            return notes
        }
        if !(0...86_400).contains(waitSeconds) { cleaned.waitSeconds = 0 }
        return cleaned
    }

    /// Takes in what the verifier says of itself and what asking showed of the network.
    mutating func note(
        _ description: VerifierDescription, model: ModelIdentity, opening: TransferLog.Opening?, now: Double
    ) {
        askedAt = now
        waitSeconds = description.expectedWaitSeconds ?? 0
        if let model = description.models.first(where: { $0.identity == model }), let pace = model.pace {
            // Verifiers measure themselves at the first size that they list.
            let shape = model.latentShapes.first
            var stated = StatedPace(pace: pace, elementCount: shape?.elementCount, size: shape.map { "\($0)" })
            if let former = self.stated {
                // A verifier goes on learning from its jobs, so what it says drifts. What is half or twice of it is another
                // one, or another machine: what jobs showed does not hold any more.
                let ratio = pace.secondsPerEvaluation / former.pace.secondsPerEvaluation
                if former.size != stated.size || !(0.5...2).contains(ratio) {
                    for size in sizes.keys { sizes[size]?.pace = nil }
                } else if stated.pace.rowShare == nil {
                    // Nobody says it; jobs show it.
                    stated.pace.rowShare = former.pace.rowShare
                }
            }
            self.stated = stated
        }
        if let opening {
            let measured = NetworkMeasurement(roundTripSeconds: opening.seconds / opening.roundTrips)
            network = (network ?? NetworkEstimate(roundTripSeconds: .infinity)).updated(with: measured)
        }
    }

    /// Takes in what a finished picture showed.
    mutating func note(_ finished: FinishedPicture, opening: TransferLog.Opening?) {
        let report = finished.report
        let shape = finished.job.latentShape
        let size = "\(shape)"
        guard let telemetry = report.verification else { return }
        if telemetry.exact != nil {
            // Its bytes and times are those of windows; only the batches are learnt from.
            if let pace = shownPace(size), let share = pace.rowShare(shownBy: telemetry) {
                var shown = pace
                shown.rowShare = share
                note(pace.blended(with: shown), for: shape)
            }
            return
        }
        let received = PayloadEstimate(
            latentBytes: Double(report.latentBytes), pictureBytes: Double(report.resultBytes))
        sizes[size, default: SizeNotes()].payload =
            payload(for: shape).map { $0.blended(with: received) } ?? received
        if let latest = VerifierPace(telemetry) {
            note(
                shownPace(size)?.blended(with: latest) ?? latest, for: shape)
        }
        guard var network else { return }
        let waiting = (opening?.roundTrips ?? NetworkEstimate.roundTripsToFirstByte) * network.roundTripSeconds
        let computing = telemetry.stages.reduce(0) { $0 + $1.milliseconds } / 1e3
        let uploaded = PayloadEstimate.requestBytes + received.latentBytes
        let uploading = max(0, (opening?.seconds ?? waiting) - waiting)
        // What is left of the time is the picture's way down, unless the job had to wait for its turn.
        let downloading = report.verifierSeconds - computing - waiting - uploading - report.queuedSeconds
        network = network.updated(
            with: NetworkMeasurement(
                uploadBytesPerSecond: network.rate(ofBytes: uploaded, inSeconds: uploading),
                downloadBytesPerSecond: network.rate(ofBytes: received.pictureBytes, inSeconds: downloading)))
        self.network = network
    }
}

extension PayloadEstimate {
    func blended(with newer: PayloadEstimate) -> PayloadEstimate {
        PayloadEstimate(
            latentBytes: newer.latentBytes > 0 ? (latentBytes + newer.latentBytes) / 2 : latentBytes,
            pictureBytes: (pictureBytes + newer.pictureBytes) / 2)
    }
}
