import Diffusion
import Speculation

// The closed vocabularies, domain ↔ wire. Into the domain every mapping is partial: a value that this build does
// not know, or the zero of a field that was never set, is nil.

extension SpeculationMode {
    init?(wire: Underpaint_V1_Mode) {
        switch wire {
        case .handoff: self = .handoff
        case .trust: self = .trust
        case .exact: self = .exact
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }

    var wire: Underpaint_V1_Mode {
        switch self {
        case .handoff: .handoff
        case .trust: .trust
        case .exact: .exact
        }
    }
}

extension CheckStatistic {
    init?(wire: Underpaint_V1_CheckStatistic) {
        switch wire {
        case .estimateDistance: self = .estimateDistance
        case .promptShortfall: self = .promptShortfall
        case .promptDoubt: self = .promptDoubt
        case .unlikeness: self = .unlikeness
        case .UNRECOGNIZED: return nil
        }
    }

    var wire: Underpaint_V1_CheckStatistic {
        switch self {
        case .estimateDistance: .estimateDistance
        case .promptShortfall: .promptShortfall
        case .promptDoubt: .promptDoubt
        case .unlikeness: .unlikeness
        }
    }
}

extension NoiseKind {
    init?(wire: Underpaint_V1_NoiseKind) {
        switch wire {
        case .philox: self = .philox
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }

    var wire: Underpaint_V1_NoiseKind {
        switch self {
        case .philox: .philox
        }
    }
}

extension ResultKind {
    init?(wire: Underpaint_V1_ResultKind) {
        switch wire {
        case .png: self = .png
        case .webp: self = .webp
        case .latent: self = .latent
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }

    var wire: Underpaint_V1_ResultKind {
        switch self {
        case .png: .png
        case .webp: .webp
        case .latent: .latent
        }
    }
}

extension ModelIdentity {
    init(wire: Underpaint_V1_Model) {
        self.init(id: wire.id, weightsDigest: wire.weightsDigest)
    }

    var wire: Underpaint_V1_Model {
        var message = Underpaint_V1_Model()
        message.id = id
        message.weightsDigest = weightsDigest
        return message
    }
}

extension LatentShape {
    /// Nil for a shape that no job may have.
    init?(wire: Underpaint_V1_LatentShape) {
        let (height, width, channelCount) = (Int(wire.height), Int(wire.width), Int(wire.channelCount))
        guard JobLimits.allowsLatent(height: height, width: width, channelCount: channelCount) else { return nil }
        self.init(height: height, width: width, channelCount: channelCount)
    }

    var wire: Underpaint_V1_LatentShape {
        var message = Underpaint_V1_LatentShape()
        message.height = UInt32(clamping: height)
        message.width = UInt32(clamping: width)
        message.channelCount = UInt32(clamping: channelCount)
        return message
    }
}

extension VerifierError.Code {
    init?(wire: Underpaint_V1_ProblemCode) {
        switch wire {
        case .invalidJob: self = .invalidJob
        case .invalidLatent: self = .invalidLatent
        case .unsupportedVersion: self = .unsupportedVersion
        case .unknownModel: self = .unknownModel
        case .incompatibleModel: self = .incompatibleModel
        case .overloaded: self = .overloaded
        case .shuttingDown: self = .shuttingDown
        case .cancelled: self = .cancelled
        case .internalFailure: self = .internalFailure
        case .conflictingJob: self = .conflictingJob
        case .unknownJob: self = .unknownJob
        case .unauthorized: self = .unauthorized
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }

    var wire: Underpaint_V1_ProblemCode {
        switch self {
        case .invalidJob: .invalidJob
        case .invalidLatent: .invalidLatent
        case .unsupportedVersion: .unsupportedVersion
        case .unknownModel: .unknownModel
        case .incompatibleModel: .incompatibleModel
        case .overloaded: .overloaded
        case .shuttingDown: .shuttingDown
        case .cancelled: .cancelled
        case .internalFailure: .internalFailure
        case .conflictingJob: .conflictingJob
        case .unknownJob: .unknownJob
        case .unauthorized: .unauthorized
        }
    }
}
