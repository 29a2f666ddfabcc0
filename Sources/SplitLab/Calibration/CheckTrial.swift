import Diffusion
import Foundation
public import Graphs
public import Models
import Pictures
public import Speculation

/// Tries a verifier's check: what it costs, what it lets pass, what it catches, and the pictures that come of it.
public struct CheckTrial: Sendable {
    /// What to try.
    public struct Plan: Hashable, Sendable {
        /// The draft's share of the steps.
        public var handoff: Double
        /// nil are the models' own.
        public var stepCounts: StepCounts?
        /// nil is the calibration's own.
        public var quantile: Double?
        /// The share of the verifier's own pictures that its critic may find unlike them; nil is the calibration's own.
        public var likenessShare: Double?
        /// Prompts that faults are planted on.
        public var faultCount: Int
        /// Where the arms' pictures go, with `pictures.jsonl`; nil makes none.
        public var folder: String?

        public init(
            handoff: Double = 0.8, stepCounts: StepCounts? = nil, quantile: Double? = nil,
            likenessShare: Double? = nil, faultCount: Int, folder: String? = nil
        ) {
            self.handoff = handoff
            self.stepCounts = stepCounts
            self.quantile = quantile
            self.likenessShare = likenessShare
            self.faultCount = faultCount
            self.folder = folder
        }
    }

    let models: ModelPair
    let plan: Plan

    public init(models: ModelPair, plan: Plan) {
        self.models = models
        self.plan = plan
    }

    /// Draws every prompt by the verifier alone, by the pair unchecked and checked, and plants the faults.
    ///
    /// - Parameter progress: prompts done; throw to stop.
    /// - Throws: `LabError`, or what the models throw.
    public func run(
        _ prompts: [StandardPrompt], backend: any Backend, progress: (Int) throws -> Void
    ) throws -> CheckReport {
        guard let calibration = models.verifier.calibration else {
            throw LabError.invalidPlan(
                "\(models.verifier.folder.manifestPath) has no check of this version and this critic; run `underpaint lab "
                    + "calibrate`")
        }
        let studio = try Studio(
            models: models, backend: backend, stepCounts: plan.stepCounts, handoff: plan.handoff)
        let handoff = studio.handoff
        let rule = try CheckRule(
            calibration, draft: models.draft.weightsDigest, quantile: plan.quantile,
            likenessShare: plan.likenessShare)
        let gallery = try plan.folder.map { try Gallery(folder: $0) }
        var tally = Tally(handoff: plan.handoff)
        for start in stride(from: 0, to: prompts.count, by: Studio.batch) {
            let batch = Array(start..<min(prompts.count, start + Studio.batch))
            let sitting = try Sitting(batch.map { prompts[$0] }, studio)
            try draw(batch.map { prompts[$0] }, sitting, handoff, rule, studio, gallery, &tally)
            let planted = batch.filter { $0 < plan.faultCount }
            if !planted.isEmpty { try plant(planted, of: prompts, sitting, handoff, rule, studio, &tally) }
            try progress(start + batch.count)
        }
        try gallery?.finish()
        return report(tally, prompts.count, handoff, rule, calibration)
    }

    /// What both models make of a batch of prompts.
    private struct Sitting {
        let noise: [Latent]
        let words: [Conditioning]
        /// The verifier's own pictures, done on its own steps.
        let ownFinal: [Latent]
        /// The draft's, as they are sent.
        let drafted: [Latent]

        init(_ prompts: [StandardPrompt], _ studio: Studio) throws {
            noise = prompts.map { studio.noise(seed: $0.seed) }
            words = try prompts.map { try studio.conditioning($0.prompt) }
            let schedule = studio.handoff.verifierSchedule
            ownFinal = try studio.refined(0..<schedule.stepCount, of: schedule, from: noise, words)
            drafted = try studio.estimates(studio.drafted(from: noise, words), noise: noise).map(studio.sent)
        }
    }

    // MARK: the arms

    private func draw(
        _ prompts: [StandardPrompt], _ sitting: Sitting, _ handoff: HandoffPlan, _ rule: CheckRule,
        _ studio: Studio, _ gallery: Gallery?, _ tally: inout Tally
    ) throws {
        let steps = handoff.verifierSchedule.stepCount
        let states = zip(sitting.drafted, sitting.noise).map {
            noisedState(picture: $0, noise: $1, time: handoff.handoffTime)
        }
        let trusted = try studio.refined(
            handoff.verifierSteps, of: handoff.entrySchedule, from: states, sitting.words)
        for (index, prompt) in prompts.enumerated() {
            var check = DraftCheck(
                estimate: sitting.drafted[index], noise: sitting.noise[index], schedule: handoff.entrySchedule,
                handoffStep: handoff.entryStep, rule: rule)
            var model = PromptedDenoiser(
                studio.verifier, prompt: sitting.words[index], unconditional: try studio.text.unconditional(),
                guidance: studio.guidance)
            while let questions = check.next {
                check.take(try model.checkedAnswers(to: questions))
            }
            var (step, latent) = (0, sitting.ownFinal[index])
            if case .enter(let entry, let state, let velocity) = check.decision {
                step = entry
                latent = try FlowTrajectory(handoff.schedule(enteredAt: entry)).run(
                    entry..<steps, from: state, firstVelocity: velocity, with: &model)
            }
            let evaluations = VerifierEvaluations.count(
                check: check.evaluationCount, reentryStep: step, stepCount: steps, reused: step > 0)
            tally.entries[step, default: 0] += 1
            let own = try studio.picture(sitting.ownFinal[index])
            for (arm, final, cost, entry) in [
                (Tally.verifierArm, sitting.ownFinal[index], steps, 0),
                (tally.trustArm, trusted[index], handoff.verifierSteps.count, handoff.entryStep),
                (tally.handoffArm, latent, evaluations, step),
            ] {
                let picture = try studio.picture(final)
                tally.evaluations[arm, default: []].append(Double(cost))
                if arm != Tally.verifierArm {
                    tally.similarities[arm, default: []].append(Picture.decibels(of: picture.distance(to: own) ?? 1))
                }
                try gallery?.hang(
                    picture,
                    Gallery.Label(
                        arm: arm, seed: prompt.seed, prompt: prompt.prompt, fields: prompt.fields, file: "",
                        verifierEvaluations: cost, reentryStep: entry,
                        handoffStep: arm == Tally.verifierArm ? 0 : handoff.handoffStep,
                        stepCount: handoff.schedule.stepCount, verifierStepCount: steps))
            }
        }
    }

    // MARK: the faults

    /// A picture to read the check on.
    private struct Planted {
        let name: String
        let estimate: Latent
        let noise: Latent
        let words: Conditioning
    }

    private func plant(
        _ planted: [Int], of prompts: [StandardPrompt], _ sitting: Sitting, _ handoff: HandoffPlan,
        _ rule: CheckRule, _ studio: Studio, _ tally: inout Tally
    ) throws {
        let step = handoff.handoffStep
        let (noise, words) = (sitting.noise, sitting.words)
        // What the verifier would have drafted takes the draft's steps.
        let own = try studio.estimates(
            studio.refined(handoff.draftSteps, of: handoff.schedule, from: noise, words), noise: noise)
        let early = max(1, step * 2 / 5)
        let unfinished = try studio.estimates(
            studio.drafted(0..<early, from: noise, words), noise: noise, time: handoff.schedule.times[early])
        let unguided = try studio.estimates(studio.drafted(from: noise, words, guidance: 1), noise: noise)
        let otherNoise = planted.indices.map { studio.noise(seed: prompts[planted[$0]].seed &+ 5000) }
        let others = Array(words.prefix(otherNoise.count))
        let otherSeed = try studio.estimates(studio.drafted(from: otherNoise, others), noise: otherNoise)
        let amplitude = CheckCalibration.noise(at: handoff.handoffTime)
        var pictures: [Planted] = []
        for (row, index) in planted.enumerated() {
            func add(_ name: String, _ estimate: Latent, _ conditioning: Conditioning? = nil) {
                pictures.append(
                    Planted(
                        name: name, estimate: estimate, noise: noise[row], words: conditioning ?? words[row]))
            }
            add(Tally.verifierPictures, own[row])
            add(Tally.draftPictures, sitting.drafted[row])
            for fault in WordFault.allCases {
                guard let text = fault.words(for: index, of: prompts, round: 0) else { continue }
                let other = try studio.conditioning(text)
                add("wrong \(fault.rawValue), drafted", sitting.drafted[row], other)
                add("wrong \(fault.rawValue), by the verifier", own[row], other)
            }
            for factor in [0.5, 1, 2] {
                add(
                    "noise \((factor * amplitude * 100).rounded() / 100) on the draft",
                    sitting.drafted[row].noised(by: factor * amplitude, seed: prompts[index].seed))
            }
            add("another seed's draft", try studio.sent(otherSeed[row]))
            add("draft without guidance", try studio.sent(unguided[row]))
            add("draft after \(early) of \(step) steps", try studio.sent(unfinished[row]))
        }
        let times = rule.prompt?.times ?? []
        let ofPrompt = rule.prompt?.statistic ?? .promptShortfall
        let likeness = rule.likeness(at: handoff.handoffTime, handoffTime: handoff.handoffTime)
        let ofPicture =
            [(CheckStatistic.estimateDistance, handoff.handoffTime)] + (likeness.map { [(.unlikeness, $0.time)] } ?? [])
        let readings = pictures.flatMap { picture in
            (ofPicture + times.map { (ofPrompt, $0) }).map {
                Studio.Reading(
                    statistic: $0, estimate: picture.estimate, noise: picture.noise, time: $1, prompt: picture.words)
            }
        }
        let answers = try studio.answers(to: readings)
        let rowsEach = ofPicture.count + times.count
        for (index, planted) in pictures.enumerated() {
            let rows = index * rowsEach..<(index + 1) * rowsEach
            // The check itself, on answers that it would have asked for first.
            var check = DraftCheck(
                estimate: planted.estimate, noise: planted.noise, schedule: handoff.entrySchedule,
                handoffStep: handoff.entryStep, rule: rule)
            let known = Dictionary(uniqueKeysWithValues: rows.map { (readings[$0].question, answers[$0]) })
            while let questions = check.next {
                let found = questions.compactMap { known[$0] }
                guard found.count == questions.count else { break }
                check.take(FlowAnswers(rows: found, evaluationCount: found.count))
            }
            let values = rows.map { readings[$0].value(of: answers[$0]) }
            let (distance, prompted) = (values[0], values.dropFirst(ofPicture.count))
            tally.verdicts[planted.name, default: []].append(
                Tally.Verdict(
                    passes: check.decision.map { if case .enter = $0 { true } else { false } } ?? false,
                    isDropped: check.decision == .drop && check.readings.last?.kind == ofPrompt,
                    statistics: [
                        "distance": distance, "distance/contrast": distance / planted.estimate.contrast,
                        ofPrompt == .promptDoubt ? "doubt" : "shortfall":
                            prompted.reduce(0, +) / Double(max(1, prompted.count)),
                    ].merging(likeness == nil ? [:] : ["unlikeness": values[1]]) { $1 }))
        }
    }

    private func report(
        _ tally: Tally, _ count: Int, _ handoff: HandoffPlan, _ rule: CheckRule, _ calibration: CheckCalibration
    ) -> CheckReport {
        let alone = Double(handoff.verifierSchedule.stepCount)
        let good = tally.verdicts[Tally.draftPictures] ?? []
        func share(_ verdicts: [Tally.Verdict], _ condition: (Tally.Verdict) -> Bool) -> Double {
            Double(verdicts.count(where: condition)) / Double(max(1, verdicts.count))
        }
        func values(_ verdicts: [Tally.Verdict], _ name: String) -> [Double] {
            verdicts.compactMap { $0.statistics[name] }
        }
        let names = good.first?.statistics.keys.sorted() ?? []
        return CheckReport(
            verifier: models.verifier.id, draft: models.draft.id, prompts: count,
            faultPrompts: min(count, plan.faultCount), stepCount: handoff.schedule.stepCount,
            verifierStepCount: handoff.verifierSchedule.stepCount, handoffStep: handoff.handoffStep,
            quantile: plan.quantile ?? calibration.quantile,
            promptThreshold: Double(rule.prompt?.threshold ?? .nan),
            handoffThreshold: Double(rule.distance(at: handoff.handoffTime, handoffTime: handoff.handoffTime)),
            likenessShare: rule.likeness.isEmpty
                ? nil : plan.likenessShare ?? calibration.likeness?.rejectedShare,
            likenessThreshold: rule.likeness(at: handoff.handoffTime, handoffTime: handoff.handoffTime)
                .map { Double($0.threshold) },
            arms: [Tally.verifierArm, tally.trustArm, tally.handoffArm].map { arm in
                let costs = tally.evaluations[arm] ?? []
                let mean = costs.reduce(0, +) / Double(max(1, costs.count))
                return CheckReport.Arm(
                    name: arm, verifierEvaluations: mean, saved: 1 - mean / alone,
                    similarity: tally.similarities[arm]?.median)
            },
            entries: tally.entries.sorted { $0.key > $1.key }.map {
                CheckReport.Entry(step: $0.key, pictures: $0.value)
            },
            falseAlarms: [Tally.draftPictures, Tally.verifierPictures].compactMap { name in
                tally.verdicts[name].map { verdicts in
                    CheckReport.FalseAlarm(
                        pictures: name, count: verdicts.count, forPrompt: share(verdicts, \.isDropped),
                        inAll: share(verdicts) { !$0.passes })
                }
            },
            faults: tally.verdicts.keys.sorted().compactMap { name in
                guard name != Tally.draftPictures, name != Tally.verifierPictures,
                    let verdicts = tally.verdicts[name]
                else { return nil }
                // A fault of the verifier's pictures is told from the verifier's pictures.
                let beside =
                    name.hasSuffix("by the verifier") ? tally.verdicts[Tally.verifierPictures] ?? [] : good
                return CheckReport.Fault(
                    name: name, count: verdicts.count, caught: share(verdicts) { !$0.passes },
                    dropped: share(verdicts, \.isDropped),
                    areas: Dictionary(
                        uniqueKeysWithValues: names.compactMap { key in
                            Discrimination.area(faults: values(verdicts, key), good: values(beside, key)).map {
                                (key, $0)
                            }
                        }),
                    caughtAtFivePercent: Dictionary(
                        uniqueKeysWithValues: names.compactMap { key in
                            Discrimination.caughtAtFivePercent(
                                faults: values(verdicts, key), good: values(beside, key)
                            ).map { (key, $0) }
                        }))
            })
    }

    /// What was counted.
    private struct Tally {
        struct Verdict {
            let passes: Bool
            let isDropped: Bool
            let statistics: [String: Double]
        }

        static let verifierArm = "verifier"
        static let draftPictures = "the draft's"
        static let verifierPictures = "the verifier's own"
        let handoffArm: String
        let trustArm: String
        var evaluations: [String: [Double]] = [:]
        var similarities: [String: [Double]] = [:]
        var entries: [Int: Int] = [:]
        var verdicts: [String: [Verdict]] = [:]

        init(handoff: Double) {
            handoffArm = "handoff-\(handoff)"
            trustArm = "trust-\(handoff)"
        }
    }
}
