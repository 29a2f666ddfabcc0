import Diffusion
public import Graphs
public import Models
public import Speculation

/// Measures what a verifier's check reads: its null distribution, the draft's, and those of planted faults.
public struct Calibrator: Sendable {
    /// What to measure.
    public struct Plan: Hashable, Sendable {
        /// The draft's share of the steps.
        public var handoff: Double
        /// nil are the models' own.
        public var stepCounts: StepCounts?
        /// Levels at which the prompt is asked about; nil are those that its statistic is usually read at.
        public var promptTimes: [Double]?
        /// Levels at which the distance is measured, beside the hand-off; those above it are where a draft may be taken up
        /// again if no critic tells likeness, those below are for jobs that hand off later.
        public var levelTimes: [Double]
        /// Levels above the hand-off at which likeness is measured, where there is a critic that tells it: there a draft may
        /// be taken up again.
        public var likenessTimes: [Double]
        /// The share of faults to catch when nobody says.
        public var quantile: Double
        /// The share of the verifier's own pictures that the question about likeness may reject when nobody says.
        public var likenessShare: Double

        public init(
            handoff: Double = 0.8, stepCounts: StepCounts? = nil, promptTimes: [Double]? = nil,
            levelTimes: [Double] = CheckStatistic.estimateDistance.usualTimes,
            likenessTimes: [Double] = CheckStatistic.unlikeness.usualTimes, quantile: Double = 0.95,
            likenessShare: Double = 0.1
        ) {
            self.handoff = handoff
            self.stepCounts = stepCounts
            self.promptTimes = promptTimes
            self.levelTimes = levelTimes
            self.likenessTimes = likenessTimes
            self.quantile = quantile
            self.likenessShare = likenessShare
        }
    }

    /// Set apart from the standard seeds, on which the check is tried.
    static let seedOffset: UInt64 = 1_000_000

    let models: ModelPair
    let plan: Plan

    public init(models: ModelPair, plan: Plan) {
        self.models = models
        self.plan = plan
    }

    /// Draws every prompt with both models and reads the check's statistics: what the prompt asks for by the verifier's critic
    /// where it has one, else by the verifier.
    ///
    /// - Parameter progress: prompts done; throw to stop.
    /// - Throws: `LabError`, or what the models throw.
    public func calibrate(
        _ prompts: [StandardPrompt], backend: any Backend, progress: (Int) throws -> Void
    ) throws -> CheckCalibration {
        let studio = try Studio(
            models: models, backend: backend, stepCounts: plan.stepCounts, handoff: plan.handoff)
        let (schedule, step) = (studio.handoff.schedule, studio.handoff.handoffStep)
        let handoffTime = studio.handoff.handoffTime
        let levels = Set(plan.levelTimes + [handoffTime]).sorted()
        let critic = models.verifier.criticDigest
        let statistic: CheckStatistic = critic == nil ? .promptShortfall : .promptDoubt
        let promptTimes = (plan.promptTimes ?? statistic.usualTimes).sorted()
        let likenessTimes =
            models.verifier.tellsLikeness
            ? Set([handoffTime] + plan.likenessTimes.filter { $0 > handoffTime }).sorted() : []
        var distances = levels.map { _ in Sample() }
        var likenesses = likenessTimes.map { _ in Sample() }
        var prompted = Sample()
        for start in stride(from: 0, to: prompts.count, by: Studio.batch) {
            let batch = start..<min(prompts.count, start + Studio.batch)
            let seeds = batch.map { prompts[$0].seed &+ Self.seedOffset }
            let noise = seeds.map(studio.noise)
            let words = try batch.map { try studio.conditioning(prompts[$0].prompt) }
            // What the verifier would have drafted takes the draft's steps.
            let own = try studio.estimates(
                studio.refined(0..<step, of: schedule, from: noise, words), noise: noise)
            let drafted = try studio.estimates(studio.drafted(from: noise, words), noise: noise).map(studio.sent)
            for (index, time) in levels.enumerated() {
                func noisy(_ time: Double) -> [Latent] {
                    let amplitude = CheckCalibration.noise(at: time)
                    return zip(own, seeds).map { $0.noised(by: amplitude, seed: $1) }
                }
                var arms = [("null", own), ("draft", drafted), ("noise", noisy(min(time, handoffTime)))]
                if time > handoffTime { arms.append(("early noise", noisy(time))) }
                for (name, pictures) in arms {
                    distances[index][name] += try read(
                        .estimateDistance, pictures, noise, words, [time], with: studio)
                }
            }
            for (name, pictures) in [("null", own), ("draft", drafted)] {
                // Both as unfinished as each other, as the critic knows them from its training.
                for (index, time) in likenessTimes.enumerated() {
                    likenesses[index][name] += try read(.unlikeness, pictures, noise, words, [time], with: studio)
                }
                prompted[name] += try read(statistic, pictures, noise, words, promptTimes, with: studio)
                for fault in WordFault.allCases {
                    let rows = try batch.indices.compactMap { index in
                        try fault.words(for: index, of: prompts, round: 1).map { text in
                            (row: index - start, words: try studio.conditioning(text))
                        }
                    }
                    prompted["\(name).\(fault.rawValue)"] += try read(
                        statistic, rows.map { pictures[$0.row] }, rows.map { noise[$0.row] }, rows.map(\.words),
                        promptTimes, with: studio)
                }
            }
            try progress(batch.upperBound)
        }
        let faults = { (name: String) throws in
            try Dictionary(
                uniqueKeysWithValues: WordFault.allCases.compactMap { fault in
                    let key = "\(name).\(fault.rawValue)"
                    // A small file may have no prompt that names a colour.
                    return prompted[key].isEmpty ? nil : (fault.rawValue, try prompted.table(key))
                })
        }
        return CheckCalibration(
            draft: models.draft.weightsDigest, critic: critic, samples: prompts.count, guidance: studio.guidance,
            stepCount: schedule.stepCount, handoffStep: step, quantile: plan.quantile,
            prompt: CheckCalibration.Prompt(
                times: promptTimes, null: try prompted.table("null"),
                draft: try prompted.table("draft"), draftFaults: try faults("draft"),
                verifierFaults: try faults("null")),
            levels: try zip(levels, distances).map { time, sample in
                CheckCalibration.Level(
                    time: time, null: try sample.table("null"), draft: try sample.table("draft"),
                    noiseFaults: try sample.table("noise"),
                    earlyNoiseFaults: time > handoffTime ? try sample.table("early noise") : nil)
            },
            likeness: likenessTimes.isEmpty
                ? nil
                : CheckCalibration.Likeness(
                    rejectedShare: plan.likenessShare,
                    levels: try zip(likenessTimes, likenesses).map { time, sample in
                        CheckCalibration.Likeness.Level(
                            time: time, null: try sample.table("null"), draft: try sample.table("draft"))
                    }))
    }

    /// The mean of a statistic over some times, for each picture.
    private func read(
        _ statistic: CheckStatistic, _ pictures: [Latent], _ noise: [Latent], _ words: [Conditioning],
        _ times: [Double], with studio: Studio
    ) throws -> [Double] {
        var sums = [Double](repeating: 0, count: pictures.count)
        for time in times {
            let readings = pictures.indices.map {
                Studio.Reading(
                    statistic: statistic, estimate: pictures[$0], noise: noise[$0], time: time, prompt: words[$0])
            }
            for (index, answer) in try studio.answers(to: readings).enumerated() {
                sums[index] += readings[index].value(of: answer)
            }
        }
        return sums.map { $0 / Double(times.count) }
    }

    /// Values by name.
    private struct Sample {
        private var values: [String: [Double]] = [:]

        subscript(name: String) -> [Double] {
            get { values[name] ?? [] }
            set { values[name] = newValue }
        }

        func table(_ name: String) throws(LabError) -> QuantileTable {
            guard let table = QuantileTable(of: self[name]) else {
                throw .notMeasurable(
                    "the readings of '\(name)' are no numbers: the weights of the verifier or its critic are broken")
            }
            return table
        }
    }
}
