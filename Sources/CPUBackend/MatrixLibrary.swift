/// The library that multiplies matrices.
public enum MatrixLibrary: String, Hashable, Sendable, CaseIterable {
    /// Fastest here: packed weights, Winograd convolutions.
    case oneDNN = "onednn"
    /// Portable.
    case openBLAS = "openblas"
}
