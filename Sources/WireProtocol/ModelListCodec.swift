import Diffusion
public import Speculation
import SwiftProtobuf

/// A verifier's description of itself as bytes: one frame with a `ModelList`.
public enum ModelListCodec {
    static let listLimit = 4096

    /// - Throws: `WireError` with `oversized` when the list exceeds what a client takes.
    public static func encode(_ description: VerifierDescription) throws(WireError) -> [UInt8] {
        var list = Underpaint_V1_ModelList()
        list.oldestVersion = UInt32(ProtocolVersions.current.oldest)
        list.newestVersion = UInt32(ProtocolVersions.current.newest)
        list.ready = description.isReady
        list.waitingJobCount = UInt32(clamping: description.waitingJobCount)
        if let seconds = description.expectedWaitSeconds { list.expectedWaitSeconds = seconds }
        list.models = description.models.map { model in
            var message = Underpaint_V1_VerifierModel()
            message.model = model.identity.wire
            message.drafts = model.drafts.map(\.wire)
            message.latentShapes = model.latentShapes.map(\.wire)
            if let pace = model.pace {
                message.pace.secondsPerEvaluation = pace.secondsPerEvaluation
                message.pace.fixedSeconds = pace.fixedSeconds
                if let share = pace.rowShare { message.pace.rowShare = share }
            }
            return message
        }
        return try Frame.wrap(serialize(list), limit: Frame.requestLimit)
    }

    /// - Throws: `WireError` for a body that is no model list, or `unsupportedVersion` for that of a verifier
    ///   which this build cannot talk to.
    public static func decode(_ body: some Sequence<UInt8>) throws(WireError) -> VerifierDescription {
        let list: Underpaint_V1_ModelList = try parse(Frame.unwrap(body, limit: Frame.requestLimit))
        let offered = ProtocolVersions(oldest: Int(list.oldestVersion), newest: Int(list.newestVersion))
        guard ProtocolVersions.current.agreed(with: offered) != nil else {
            throw WireError(
                .unsupportedVersion,
                "the verifier speaks protocol version \(offered), this client \(ProtocolVersions.current); "
                    + "update the older of the two")
        }
        guard list.models.count <= listLimit else {
            throw WireError(.malformed, "the verifier lists \(list.models.count) models")
        }
        var models: [VerifierModel] = []
        for message in list.models { models.append(try model(message)) }
        return VerifierDescription(
            models: models, isReady: list.ready, waitingJobCount: Int(list.waitingJobCount),
            // A wait that is none says nothing; it only helps to plan, so it is no reason to refuse the verifier.
            expectedWaitSeconds: list.hasExpectedWaitSeconds && (0...86_400).contains(list.expectedWaitSeconds)
                ? list.expectedWaitSeconds : nil)
    }

    private static func model(_ message: Underpaint_V1_VerifierModel) throws(WireError) -> VerifierModel {
        let identities = [message.model] + message.drafts
        let shapes = message.latentShapes.compactMap(LatentShape.init(wire:))
        guard identities.allSatisfy({ ModelIdentity(wire: $0).isWellFormed }),
            shapes.count == message.latentShapes.count
        else {
            throw WireError(.malformed, "the verifier lists a model without proper id, digest or shapes")
        }
        return VerifierModel(
            identity: ModelIdentity(wire: message.model), drafts: message.drafts.map(ModelIdentity.init(wire:)),
            latentShapes: shapes, pace: message.hasPace ? pace(message.pace) : nil)
    }

    /// Nil for numbers that are no pace: a plan can do without.
    private static func pace(_ message: Underpaint_V1_VerifierPace) -> VerifierPace? {
        let pace = VerifierPace(
            secondsPerEvaluation: message.secondsPerEvaluation, fixedSeconds: message.fixedSeconds,
            rowShare: message.hasRowShare ? message.rowShare : nil)
        return pace.isPlausible ? pace : nil
    }
}
