/// Largest normalised mean squared errors against PyTorch, by the rung of the ladder.
///
/// PyTorch computes in float32 with unit roundoff u = 2⁻²⁴ ≈ 6e-8, and so do all backends but the reference. A sum
/// of n products then carries a relative error of about u·√n on either side, an NMSE of 2n·u². Errors of layers one
/// after another add.
enum ParityBound {
    /// One sum of at most 36 products: 2·36·u² = 2.6e-13.
    static let operation = 3e-13
    /// About ten sums in a row, of up to 128 products: 10·2·128·u² = 9e-12.
    static let block = 1e-11
    /// Angles v·f of the time's embedding, up to 1000, are rounded at 3e-5 and f itself, made by exp or pow, at u, which moves the
    /// angle as much. The mean of f² over the 128 frequencies is 0.06: 2·0.06·(3e-5)²/½ = 2e-10. The condition sees it beside two
    /// other terms, so half of that.
    static let step = 1e-10
    /// Guidance stretches what the two predictions do not share, and the time's error is shared; (2w − 1)² = 25
    /// times a block's error besides.
    static let guidedStep = 3.5e-10
    /// A state is the noise and a mean of velocities: no worse than one velocity, unless the network amplifies.
    static let trajectory = guidedStep
    /// The decoder adds twenty convolutions of up to 144 products, 20·2·144·u² = 2e-11.
    static let picture = 3.7e-10
}
