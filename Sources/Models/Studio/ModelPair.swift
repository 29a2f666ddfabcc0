/// A draft, the verifier that finishes its pictures, and what they share.
public struct ModelPair: Sendable {
    public let shared: SharedModel
    public let draft: DenoiserModel
    public let verifier: DenoiserModel

    /// Finds, checks and maps all three; the draft says which shared model it is.
    ///
    /// - Parameter needsVerifier: whether the verifier's weights must be there; where it computes elsewhere they need not.
    /// - Throws: `ModelError`.
    public init(
        draft draftID: String, verifier verifierID: String, in store: ModelStore, needsVerifier: Bool = true
    ) throws(ModelError) {
        let (draftFolder, verifierFolder) = (try store.folder(id: draftID), try store.folder(id: verifierID))
        try ModelManifest.checkPair(draft: draftFolder.manifest, verifier: verifierFolder.manifest)
        // `checkPair` lets only a draft through, which has a denoiser.
        let sharedID = draftFolder.manifest.denoiser?.shared ?? ""
        shared = try SharedModel(store.folder(id: sharedID))
        draft = try DenoiserModel(draftFolder, role: .draft, shared: shared)
        verifier = try DenoiserModel(verifierFolder, role: .verifier, shared: shared, needsWeights: needsVerifier)
    }
}
