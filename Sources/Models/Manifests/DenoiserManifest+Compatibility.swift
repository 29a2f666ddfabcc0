extension DenoiserManifest {
    /// Why the model cannot work with the latents and prompts of a shared model; nil if it can.
    func conflict(with shared: SharedManifest, id: String) -> String? {
        if self.shared != id { return "it belongs to the shared model '\(self.shared)'" }
        let (encoder, decoder) = (shared.architecture.textEncoder, shared.architecture.vaeDecoder)
        if architecture.latentChannelCount != decoder.latentChannelCount {
            return "latents have \(architecture.latentChannelCount) channels in one "
                + "and \(decoder.latentChannelCount) in the other"
        }
        if architecture.textWidth != encoder.width || architecture.textTokenCount != encoder.tokenCount {
            return "a prompt is \(architecture.textTokenCount) tokens of \(architecture.textWidth) in one and "
                + "\(encoder.tokenCount) of \(encoder.width) in the other"
        }
        return nil
    }
}

extension ModelManifest {
    /// Throws unless a draft's latents mean the same to a verifier, by what both manifests say.
    ///
    /// It is enough that one of the two names the other as partner: a later model can join an earlier one.
    ///
    /// - Throws: `ModelError.wrongRole` or `.incompatiblePair`.
    public static func checkPair(draft: ModelManifest, verifier: ModelManifest) throws(ModelError) {
        guard case .draft(let first) = draft.content else {
            throw .wrongRole(id: draft.id, expected: .draft, found: draft.role)
        }
        guard case .verifier(let second) = verifier.content else {
            throw .wrongRole(id: verifier.id, expected: .verifier, found: verifier.role)
        }
        func conflict(_ reason: String) -> ModelError {
            .incompatiblePair(first: draft.id, second: verifier.id, reason: reason)
        }
        guard first.partners.contains(verifier.id) || second.partners.contains(draft.id) else {
            throw conflict("neither names the other as partner")
        }
        guard first.shared == second.shared else {
            throw conflict("they belong to the shared models '\(first.shared)' and '\(second.shared)'")
        }
        guard first.architecture.latentChannelCount == second.architecture.latentChannelCount else {
            throw conflict(
                "latents have \(first.architecture.latentChannelCount) channels in one "
                    + "and \(second.architecture.latentChannelCount) in the other")
        }
        guard first.schedule.shift == second.schedule.shift else {
            throw conflict(
                "their schedules are shifted by \(first.schedule.shift) and \(second.schedule.shift)")
        }
    }
}
