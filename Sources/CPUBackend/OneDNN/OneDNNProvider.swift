import CKernels
import COneDNN
import Graphs

/// Matrix products and convolutions by oneDNN: weights packed once in the layout that the library chooses.
final class OneDNNProvider: MatrixProvider {
    let engine: OneDNNEngine
    let team: ck_team
    let precision: ProductPrecision
    let weights: PackedWeights
    var products: [ProductKey: OneDNNPrimitive] = [:]
    var convolutions: [ConvolutionKey: OneDNNPrimitive] = [:]

    init(team: ck_team, precision: ProductPrecision, weights: PackedWeights) throws(CPUBackendError) {
        engine = try OneDNNEngine()
        self.team = team
        self.precision = precision
        self.weights = weights
    }

    /// Whether the processor has instructions for bfloat16; without them the library widens, which is slower than float32.
    static var multipliesBFloat16: Bool {
        [dnnl_cpu_isa_avx512_core_bf16, dnnl_cpu_isa_avx512_core_amx].contains(dnnl_get_effective_cpu_isa())
    }

    /// Whether the processor has instructions for bytes (VNNI); those before them saturate between two products.
    static var multipliesBytes: Bool {
        let isa = dnnl_get_effective_cpu_isa()
        return multipliesBFloat16 || isa == dnnl_cpu_isa_avx512_core_vnni || isa == dnnl_cpu_isa_avx2_vnni
    }

    /// Whether the processor multiplies tiles of matrices.
    static var hasMatrixTiles: Bool { dnnl_get_effective_cpu_isa() == dnnl_cpu_isa_avx512_core_amx }

    /// A product of float32 on the calling thread alone.
    private var gemm: ck_gemm {
        { transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc in
            let status = dnnl_sgemm(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
            return Int32(status.rawValue)
        }
    }

    /// What all but the larger linear layers is multiplied in: convolutions and attention have no rows to scale.
    var otherPrecision: ProductPrecision {
        precision == .int8 ? (OneDNNProvider.hasMatrixTiles ? .bfloat16 : .float32) : precision
    }

    var narrowing: Narrowing? {
        // Without tiles most convolutions are Winograd's, in float32.
        precision == .bfloat16 ? Narrowing(roundsConvolutions: OneDNNProvider.hasMatrixTiles) : nil
    }

    func attention(_ problem: AttentionProblem) throws(CPUBackendError) -> any KernelStep {
        otherPrecision == .bfloat16
            ? try OneDNNAttentionStep(problem, engine: engine, team: team)
            : AttentionStep(problem, gemm: gemm, team: team)
    }
}
