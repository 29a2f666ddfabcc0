import Foundation
import Speculation

// The messages of mode `exact`, domain ↔ wire.

extension ExactOptions {
    /// - Throws: `invalidJob` for values that this build does not know, `invalidLatent` for damaged pictures.
    init(wire: Underpaint_V1_ExactOptions) throws(VerifierError) {
        guard let placement = ExactPlacement(wire: wire.placement), let draft = ExactDraft(wire: wire.draft),
            let correction = ResidualCorrection(wire: wire.correction)
        else {
            throw VerifierError(
                .invalidJob, "the exact job lacks a placement, draft or correction that this verifier knows")
        }
        self.init(
            window: wire.window == 0 ? .auto : .fixed(Int(wire.window)), placement: placement, draft: draft,
            correction: correction, exchange: wire.hasExchange ? try WindowExchange(wire: wire.exchange) : nil)
    }

    var wire: Underpaint_V1_ExactOptions {
        var message = Underpaint_V1_ExactOptions()
        if case .fixed(let length) = window { message.window = UInt32(clamping: length) }
        message.placement = placement.wire
        message.draft = draft.wire
        message.correction = correction.wire
        if let exchange { message.exchange = exchange.wire }
        return message
    }
}

extension WindowExchange {
    /// - Throws: `invalidJob` for an improper chain name or too many pictures, `invalidLatent` for damaged pictures.
    init(wire: Underpaint_V1_Window) throws(VerifierError) {
        guard let chain = JobID(wire.chain) else {
            throw VerifierError(.invalidJob, "the chain's name must be 1…64 letters, digits, '-' or '_'")
        }
        guard wire.codedPictures.count <= Self.lengthLimit else {
            throw VerifierError(
                .invalidJob, "the window has \(wire.codedPictures.count) steps, at most \(Self.lengthLimit) are taken")
        }
        let frames = wire.codedPictures.map(Array.init)
        guard CRC32.checksum(frames.flatMap { $0 }) == wire.crc32 else {
            throw VerifierError(.invalidLatent, "the window's pictures do not match their checksum; code them again")
        }
        self.init(chain: chain, index: Int(wire.index), firstStep: Int(wire.firstStep), codedPictures: frames)
    }

    var wire: Underpaint_V1_Window {
        var message = Underpaint_V1_Window()
        message.chain = chain.text
        message.index = UInt32(clamping: index)
        message.firstStep = UInt32(clamping: firstStep)
        message.codedPictures = codedPictures.map { Data($0) }
        message.crc32 = CRC32.checksum(codedPictures.flatMap { $0 })
        return message
    }
}

extension WindowVerdict {
    /// - Throws: `malformed` for counts that no window has, `checksumMismatch` for damaged residuals.
    init(wire: Underpaint_V1_Verdict) throws(WireError) {
        let limit = WindowExchange.lengthLimit
        guard wire.draftedCount <= limit, wire.acceptedCount <= wire.draftedCount,
            wire.codedResiduals.count <= wire.draftedCount
        else {
            throw WireError(
                .malformed,
                "the verdict accepts \(wire.acceptedCount) of \(wire.draftedCount) steps with "
                    + "\(wire.codedResiduals.count) residuals")
        }
        let frames = wire.codedResiduals.map(Array.init)
        guard CRC32.checksum(frames.flatMap { $0 }) == wire.crc32 else {
            throw WireError(.checksumMismatch, "the residuals were damaged on their way; send the window again")
        }
        self.init(
            acceptedCount: Int(wire.acceptedCount), draftedCount: Int(wire.draftedCount), codedResiduals: frames)
    }

    var wire: Underpaint_V1_Verdict {
        var message = Underpaint_V1_Verdict()
        message.acceptedCount = UInt32(clamping: acceptedCount)
        message.draftedCount = UInt32(clamping: draftedCount)
        message.codedResiduals = codedResiduals.map { Data($0) }
        message.crc32 = CRC32.checksum(codedResiduals.flatMap { $0 })
        return message
    }
}

extension ExactTelemetry {
    /// - Throws: `malformed` for a placement that this build does not know.
    init(wire: Underpaint_V1_ExactTelemetry) throws(WireError) {
        guard let placement = ExactPlacement(wire: wire.placement) else {
            throw WireError(.malformed, "the telemetry has no placement that this version knows")
        }
        self.init(placement: placement)
        rounds = Int(wire.rounds)
        windows = Int(wire.windows)
        setSteps(
            drafted: Int(wire.draftedSteps), judged: Int(wire.judgedSteps), accepted: Int(wire.acceptedSteps))
        tailSteps = Int(wire.tailSteps)
        verifierEvaluations = Int(wire.verifierEvaluations)
        draftEvaluations = Int(wire.draftEvaluations)
        sentBytes = Int(wire.sentBytes)
        receivedBytes = Int(wire.receivedBytes)
    }

    var wire: Underpaint_V1_ExactTelemetry {
        var message = Underpaint_V1_ExactTelemetry()
        message.placement = placement.wire
        message.rounds = UInt32(clamping: rounds)
        message.windows = UInt32(clamping: windows)
        message.draftedSteps = UInt32(clamping: draftedSteps)
        message.judgedSteps = UInt32(clamping: judgedSteps)
        message.acceptedSteps = UInt32(clamping: acceptedSteps)
        message.tailSteps = UInt32(clamping: tailSteps)
        message.verifierEvaluations = UInt32(clamping: verifierEvaluations)
        message.draftEvaluations = UInt32(clamping: draftEvaluations)
        message.sentBytes = UInt32(clamping: sentBytes)
        message.receivedBytes = UInt32(clamping: receivedBytes)
        return message
    }
}

extension ExactPlacement {
    init?(wire: Underpaint_V1_Placement) {
        switch wire {
        case .edge: self = .edge
        case .verifier: self = .verifier
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }

    var wire: Underpaint_V1_Placement {
        switch self {
        case .auto: .unspecified
        case .edge: .edge
        case .verifier: .verifier
        }
    }
}

extension ExactDraft {
    init?(wire: Underpaint_V1_DraftKind) {
        switch wire {
        case .model: self = .model
        case .held: self = .held
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }

    var wire: Underpaint_V1_DraftKind {
        switch self {
        case .model: .model
        case .held: .held
        }
    }
}

extension ResidualCorrection {
    init?(wire: Underpaint_V1_Correction) {
        switch wire {
        case .none: self = .none
        case .last: self = .last
        case .ahead: self = .ahead
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }

    var wire: Underpaint_V1_Correction {
        switch self {
        case .none: .none
        case .last: .last
        case .ahead: .ahead
        }
    }
}
