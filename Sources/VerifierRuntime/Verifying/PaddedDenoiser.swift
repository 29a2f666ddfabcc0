public import Diffusion
public import Models
import Speculation

/// A denoiser that fills a batch up to one of a few sizes, because every size costs a compiled graph.
public struct PaddedDenoiser: VelocityPredicting {
    public var base: PromptedDenoiser

    public init(base: PromptedDenoiser) {
        self.base = base
    }

    public mutating func velocities(_ states: [Latent], at times: [Double]) throws -> [Latent] {
        guard let state = states.last, let time = times.last else { return [] }
        let sizes = WindowPolicy.automaticLengths + [WindowPolicy.allowedLengths.upperBound]
        let size = sizes.first { $0 >= states.count } ?? states.count
        let missing = size - states.count
        let all = try base.velocities(
            states + Array(repeating: state, count: missing), at: times + Array(repeating: time, count: missing))
        return Array(all.prefix(states.count))
    }
}
