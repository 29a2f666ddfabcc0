import Foundation
public import Speculation

/// What this machine knows of one verifier and of the way to it, kept from run to run.
public struct VerifierNotes: Hashable, Sendable, Codable {
    public var network: NetworkEstimate?
    public var pace: VerifierPace?
    public var payload: PayloadEstimate?
    /// Until a job would begin, as the verifier said when it was last asked.
    public var waitSeconds = 0.0
    /// When it was last asked, seconds since 1970.
    public var askedAt: Double?

    /// After so long the verifier is asked again how it is.
    public static let freshFor = 300.0
    /// How long it keeps being as busy as it said.
    static let waitHoldsFor = 20.0

    /// The latest picture's share in what is kept of the pace.
    static let newestShare = 0.2

    public init() {}

    /// Whether a plan can be made without asking the verifier.
    func isFresh(now: Double) -> Bool {
        guard network != nil, pace != nil, let askedAt else { return false }
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
        if pace?.isPlausible == false { cleaned.pace = nil }
        if payload?.isPlausible == false { cleaned.payload = nil }
        if !(0...86_400).contains(waitSeconds) { cleaned.waitSeconds = 0 }
        return cleaned
    }

    /// Takes in what the verifier says of itself and what asking showed of the network.
    mutating func note(
        _ description: VerifierDescription, model: ModelIdentity, opening: TransferLog.Opening?, now: Double
    ) {
        askedAt = now
        waitSeconds = description.expectedWaitSeconds ?? 0
        if var pace = description.models.first(where: { $0.identity == model })?.pace {
            // What a row costs in a batch only finished jobs show.
            pace.rowShare = pace.rowShare ?? self.pace?.rowShare
            self.pace = pace
        }
        if let opening {
            let measured = NetworkMeasurement(roundTripSeconds: opening.seconds / opening.roundTrips)
            network = (network ?? NetworkEstimate(roundTripSeconds: .infinity)).updated(with: measured)
        }
    }

    /// Takes in what a finished picture showed.
    mutating func note(_ finished: FinishedPicture, opening: TransferLog.Opening?) {
        let report = finished.report
        guard let telemetry = report.verification else { return }
        if telemetry.exact != nil {
            // Its bytes and times are those of windows; only the batches are learnt from.
            if let pace, let share = pace.rowShare(shownBy: telemetry) {
                var shown = pace
                shown.rowShare = share
                self.pace = pace.blended(with: shown, weight: VerifierNotes.newestShare)
            }
            return
        }
        let received = PayloadEstimate(
            latentBytes: Double(report.latentBytes), pictureBytes: Double(report.resultBytes))
        payload = payload.map { $0.blended(with: received) } ?? received
        if let latest = VerifierPace(telemetry) {
            pace = pace?.blended(with: latest, weight: VerifierNotes.newestShare) ?? latest
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
