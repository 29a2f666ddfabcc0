import CKernels

/// A convolution as products of gathered windows, a band of rows at a time.
struct OpenBLASConvolutionStep: KernelStep {
    private let team: ck_team
    private var arguments: ck_convolution_args
    /// PyTorch's [out, in, k, k] as [out, k, k, in], the order in which windows lie in memory.
    private let weight: AlignedMemory
    private let reordering: ck_gather_args
    /// Of a weight that is given at every run.
    private let reordersAtEveryRun: Bool
    let scratchByteCount: Int
    let implementation = "im2col + sgemm"

    init(_ problem: ConvolutionProblem, gemm: ck_gemm, team: ck_team) throws(CPUBackendError) {
        let (kernel, channels) = (problem.kernel, problem.channels)
        weight = AlignedMemory(floatCount: problem.outputs * channels * kernel * kernel)
        let axes = StridedAxes(
            extents: [problem.outputs, kernel, kernel, channels],
            strides: [channels * kernel * kernel, kernel, 1, kernel * kernel])
        reordering = try ck_gather_args(x: problem.weight.values, y: weight.floats, axes)
        if case .given = problem.weight {
            reordersAtEveryRun = true
        } else {
            reordersAtEveryRun = false
            ck_gather(team, reordering)
        }
        self.team = team
        arguments = ck_convolution_args(
            gemm: gemm, x: problem.x.floats, weight: weight.floats, batch: problem.batch, height: problem.height,
            columns: problem.width, channels: channels, kernel: kernel, stride: problem.stride,
            padding: problem.padding, out_height: problem.outputHeight, out_columns: problem.outputWidth,
            finish: problem.epilogue.finish(problem.y, rows: problem.outputPixelCount, width: problem.outputs),
            scratch: nil)
        let scratch = ck_convolution_scratch(
            problem.outputHeight, problem.outputWidth, kernel, channels)
        scratchByteCount = Int(team.threads) * scratch * MemoryLayout<Float>.stride
    }

    mutating func bind(scratch: UnsafeMutableRawPointer) throws(CPUBackendError) {
        arguments.scratch = scratch.assumingMemoryBound(to: Float.self)
    }

    func run() throws {
        if reordersAtEveryRun { ck_gather(team, reordering) }
        let status = ck_convolution(team, arguments)
        guard status == 0 else { throw CPUBackendError(call: "cblas_sgemm", status: Int(status)) }
    }
}
