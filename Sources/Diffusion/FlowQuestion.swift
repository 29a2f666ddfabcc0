/// One row of a batch in which a model is asked more than its velocity.
public struct FlowQuestion: Hashable, Sendable {
    public enum Subject: Hashable, Sendable {
        /// The velocity that the sampler takes, guidance applied.
        case velocity
        /// What the prompt adds: the velocities with it and with the empty one, without guidance.
        case prompt
        /// How sure a critic is that the picture in the state shows the prompt.
        case agreement
        /// How sure a critic is that the state is one of the verifier's and none of the draft's.
        case likeness

        /// Whether a critic answers, and not the model itself.
        public var isForCritic: Bool { self == .agreement || self == .likeness }
    }

    public let subject: Subject
    /// x_t, in flow coordinates.
    public let state: Latent
    /// t in (0, 1].
    public let time: Double

    public init(_ subject: Subject, state: Latent, time: Double) {
        self.subject = subject
        self.state = state
        self.time = time
    }

    /// Asked of a picture under noise: at (1 − t)·picture + t·noise.
    public init(_ subject: Subject, picture: Latent, noise: Latent, time: Double) {
        self.init(subject, state: noisedState(picture: picture, noise: noise, time: time), time: time)
    }
}
