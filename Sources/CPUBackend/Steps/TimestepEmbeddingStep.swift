import Graphs
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Sinusoids of a few time steps, in double precision: angles reach a thousand, where float32 has lost four digits.
struct TimestepEmbeddingStep: KernelStep {
    let times: UnsafePointer<Float>
    let count: Int
    /// f_j, one for each pair of results.
    let frequencies: [Double]
    let result: UnsafeMutablePointer<Float>
    let implementation = "sinusoids"

    init(
        _ embedding: TimestepEmbedding, times: UnsafePointer<Float>, count: Int,
        result: UnsafeMutablePointer<Float>
    ) {
        self.times = times
        self.count = count
        self.result = result
        let half = embedding.dimension / 2
        frequencies = (0..<half).map { pow(Double(embedding.period), -Double($0) / Double(half)) }
    }

    func run() {
        for row in 0..<count {
            let cosines = result + row * 2 * frequencies.count
            let sines = cosines + frequencies.count
            for (index, frequency) in frequencies.enumerated() {
                let angle = Double(times[row]) * frequency
                cosines[index] = Float(cos(angle))
                sines[index] = Float(sin(angle))
            }
        }
    }
}
