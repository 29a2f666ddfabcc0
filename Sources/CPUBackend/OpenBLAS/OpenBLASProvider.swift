import CKernels
import COpenBLAS

/// Matrix products by OpenBLAS, convolutions as products of gathered windows: the portable library.
///
/// OpenBLAS itself runs on one thread; the team here splits the rows. Its own pool of threads beside libgomp's
/// would cost up to a third of the speed.
final class OpenBLASProvider: MatrixProvider {
    let team: ck_team

    init(team: ck_team) {
        self.team = team
        openblas_set_num_threads(1)
    }

    let narrowing: Narrowing? = nil

    private var gemm: ck_gemm {
        { transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc in
            let transposed = CChar(bitPattern: UInt8(ascii: "T"))
            cblas_sgemm(
                CblasRowMajor, transposeA == transposed ? CblasTrans : CblasNoTrans,
                transposeB == transposed ? CblasTrans : CblasNoTrans, blasint(m), blasint(n), blasint(k), alpha, a,
                blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
            return 0
        }
    }

    func linear(_ problem: LinearProblem) throws(CPUBackendError) -> any KernelStep {
        try OpenBLASProvider.expectIndexable([problem.rows, problem.inner, problem.width])
        return OpenBLASLinearStep(
            team: team, weight: problem.weight,
            arguments: ck_linear_args(
                gemm: gemm, x: problem.x.floats, weight: problem.weight.values, inner: problem.inner,
                finish: problem.epilogue.finish(problem.y.floats, rows: problem.rows, width: problem.width)))
    }

    func convolution(_ problem: ConvolutionProblem) throws(CPUBackendError) -> any KernelStep {
        if let linear = problem.asLinear { return try self.linear(linear) }
        try OpenBLASProvider.expectIndexable([
            problem.kernel * problem.kernel * problem.channels, problem.outputs, problem.outputWidth,
        ])
        return try OpenBLASConvolutionStep(problem, gemm: gemm, team: team)
    }

    func attention(_ problem: AttentionProblem) throws(CPUBackendError) -> any KernelStep {
        AttentionStep(problem, gemm: gemm, team: team)
    }

    /// OpenBLAS counts with 32 bits here.
    private static func expectIndexable(_ extents: [Int]) throws(CPUBackendError) {
        guard extents.allSatisfy({ $0 <= Int(blasint.max) }) else {
            throw CPUBackendError(call: "cblas_sgemm", status: 0)
        }
    }
}

struct OpenBLASLinearStep: KernelStep {
    let team: ck_team
    /// Kept for the arguments, which point into it.
    let weight: Weight
    let arguments: ck_linear_args
    let implementation = "sgemm"

    func run() throws {
        let status = ck_linear(team, arguments)
        guard status == 0 else { throw CPUBackendError(call: "cblas_sgemm", status: Int(status)) }
    }
}
