import CKernels
import COneDNN

/// softmax(q·kᵀ·scale)·v with factors of bfloat16 and sums of float32. The keys and values of every head are packed once; then
/// one thread multiplies a block of a head's query rows with them, whose scores stay in its cache.
///
/// The weights of the softmax are rounded, too, as factors of the second product; their sum is taken before.
final class OneDNNAttentionStep: KernelStep {
    /// As many rows as a block of float32 has (`attention.c`).
    private static let largestBlock = 128

    private let problem: AttentionProblem
    private let engine: OneDNNEngine
    private let team: ck_team
    private let products: OneDNNAttentionProducts
    /// Blocks of a head's query rows, and the rows of each; the last may have fewer to do.
    private let blocks: Int
    private let rows: Int
    private var workers: [OneDNNAttentionWorker] = []
    /// Where the packed keys and values begin.
    private var packed: UnsafeMutableRawPointer?

    init(_ problem: AttentionProblem, engine: OneDNNEngine, team: ck_team) throws(CPUBackendError) {
        self.problem = problem
        self.engine = engine
        self.team = team
        blocks = max(1, (problem.queries + OneDNNAttentionStep.largestBlock - 1) / OneDNNAttentionStep.largestBlock)
        rows = (problem.queries + blocks - 1) / blocks
        // A primitive splits its work among as many threads as the team has while it is made.
        ck_set_thread_count(1)
        defer { ck_set_thread_count(team.threads) }
        products = try OneDNNAttentionProducts(problem, rows: rows, engine)
    }

    var implementation: String { "attention by " + products.all.map(\.implementation).joined(separator: ", ") }

    var scratchByteCount: Int {
        heads * products.packedByteCount + Int(team.threads) * OneDNNAttentionWorker.byteCount(products)
    }

    func bind(scratch: UnsafeMutableRawPointer) throws(CPUBackendError) {
        packed = scratch
        workers = []
        for number in 0..<Int(team.threads) {
            let own = scratch + heads * products.packedByteCount + number * OneDNNAttentionWorker.byteCount(products)
            workers.append(try OneDNNAttentionWorker(products, engine, scratch: own))
        }
    }

    func run() throws {
        let step = Unmanaged.passUnretained(self).toOpaque()
        let values = heads * problem.keys * problem.headWidth
        ck_for(
            team.threads, heads, values,
            { step, begin, end, worker in OneDNNAttentionStep.at(step)?.pack(begin..<end, worker: Int(worker)) }, step)
        ck_for(
            team.threads, heads * blocks, heads * problem.queries * problem.keys,
            { step, begin, end, worker in OneDNNAttentionStep.at(step)?.attend(begin..<end, worker: Int(worker)) }, step
        )
        for worker in workers { try worker.check() }
    }

    private static func at(_ step: UnsafeRawPointer?) -> OneDNNAttentionStep? {
        step.map { Unmanaged<OneDNNAttentionStep>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Of all pictures.
    private var heads: Int { problem.batch * problem.headCount }

    private func packed(_ head: Int) -> UnsafeMutableRawPointer? { packed.map { $0 + head * products.packedByteCount } }

    /// Packs the keys and values of some heads.
    private func pack(_ range: Range<Int>, worker: Int) {
        for head in range {
            guard let target = packed(head) else { return }
            let (row, channel) = (head / problem.headCount * problem.keys, channel(head))
            workers[worker].pack(keys: problem.k[row] + channel, values: problem.v[row] + channel, to: target)
        }
    }

    /// Attends from some blocks of query rows.
    private func attend(_ range: Range<Int>, worker: Int) {
        for item in range {
            let (head, first) = (item / blocks, item % blocks * rows)
            guard let source = packed(head) else { return }
            let row = head / problem.headCount * problem.queries + first
            workers[worker].attend(
                problem, from: problem.q[row] + channel(head), count: min(rows, problem.queries - first), to: source,
                result: problem.y + (row * problem.width + channel(head)), isa: team.isa)
        }
    }

    private func channel(_ head: Int) -> Int { head % problem.headCount * problem.headWidth }
}
