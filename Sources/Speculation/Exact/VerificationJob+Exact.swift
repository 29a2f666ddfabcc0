import Diffusion

extension VerificationJob {
    /// The rules of mode `exact` that need no model.
    ///
    /// - Throws: `invalidJob` with the field's name and allowed range.
    func validateExact() throws(VerifierError) {
        func require(_ holds: Bool, _ message: @autoclosure () -> String) throws(VerifierError) {
            guard holds else { throw VerifierError(.invalidJob, message()) }
        }
        guard mode == .exact, let exact else {
            throw VerifierError(.invalidJob, "mode exact and its options belong together; send both or neither")
        }
        try require(codedEstimate.isEmpty, "an exact chain starts from the seed's noise; send no estimate")
        try require(exact.placement != .auto, "the placement of a job is edge or verifier")
        if case .fixed(let length) = exact.window {
            let allowed = WindowPolicy.allowedLengths
            try require(
                allowed.contains(length),
                "a window of \(length) steps is not in \(allowed.lowerBound)…\(allowed.upperBound)")
        }
        guard let exchange = exact.exchange else { return }
        try require(exact.placement == .edge, "a window comes from an edge that drafts; say placement edge")
        try require(
            (0...WindowExchange.indexLimit).contains(exchange.index),
            "window \(exchange.index) is not in 0…\(WindowExchange.indexLimit)")
        try require(
            (0..<stepCount).contains(exchange.firstStep), "the window's first step \(exchange.firstStep) is no step")
        try require(
            exchange.codedPictures.count <= WindowExchange.lengthLimit,
            "the window has \(exchange.codedPictures.count) steps, at most \(WindowExchange.lengthLimit) are taken")
        try require(
            exchange.firstStep + exchange.codedPictures.count <= min(handoffStep, stepCount - 1),
            "the window reaches into the verifier's own steps from \(min(handoffStep, stepCount - 1)) on")
        try require(
            exchange.byteCount <= JobLimits.codedEstimateBytes,
            "the window has \(exchange.byteCount) bytes, at most \(JobLimits.codedEstimateBytes) are taken; "
                + "send shorter windows")
    }

    /// Bytes of all coded latents that the job brings.
    public var codedBytes: Int { codedEstimate.count + (exact?.exchange?.byteCount ?? 0) }
}
