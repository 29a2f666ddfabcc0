import Foundation
import Models
import Pictures
import Speculation
import Testing

@testable import SplitLab

@Suite struct ReportTests {
    /// Two networks, two modes, three splits, the controls, the large-first control and auto, with hostile texts.
    static func runs() -> [RunRecord] {
        let hostile = #"<script>alert("x")</script> & 'mug'"#
        let networks = [
            NetworkProfile.named[1],
            NetworkProfile(name: "<b>&", uploadMegabits: 1, downloadMegabits: 2, roundTripMilliseconds: 80),
        ]
        return networks.enumerated().flatMap { index, network in
            (1...3).flatMap { seed in
                let seed = UInt64(seed)
                let slow = Double(index) * 0.5 + Double(seed) * 0.01
                var runs = [
                    SampleRuns.run(
                        network: network, mode: .trust, draftSteps: 0, prompt: hostile, seed: seed, total: 1 + slow,
                        verifier: 0.8, loss: 0, picture: "reference.png", evaluations: 25)
                ]
                for mode in [SpeculationMode.handoff, .trust] {
                    for step in [5, 15, 20] {
                        let share = Double(step) / 25
                        runs.append(
                            SampleRuns.run(
                                network: network, mode: mode, draftSteps: step, prompt: hostile, seed: seed,
                                total: 1.2 - 0.5 * share + slow, verifier: 0.8 * (1 - share),
                                loss: 0.05 * share * (mode == .trust ? 2 : 1), picture: "a.png"))
                    }
                    runs.append(
                        SampleRuns.run(
                            network: network, mode: mode, draftSteps: 20, isAuto: true, prompt: hostile, seed: seed,
                            total: 0.81 + slow, verifier: 0.16))
                }
                runs.append(
                    SampleRuns.run(
                        network: network, mode: .trust, order: .largeFirst, draftSteps: 15, prompt: hostile, seed: seed,
                        total: 1.1 + slow, verifier: 0.4, loss: 0.2))
                if index == 0 {
                    runs.append(
                        SampleRuns.run(
                            network: network, mode: .trust, draftSteps: 25, prompt: hostile, seed: seed, total: 0.7,
                            verifier: 0, loss: 0.3, evaluations: 0))
                }
                return runs
            }
        }
    }

    static func report(in folder: SampleRuns.Folder) throws -> SplitReport {
        let picture = Picture(width: 8, height: 8, rgb: (0..<192).map { UInt8($0) })
        for name in ["a.png", "reference.png"] {
            try Data(try PNG.encode(picture)).write(to: folder.url.appendingPathComponent(name))
        }
        return try SplitReport(
            runs: runs(), pictures: PictureStore(folder: folder.url),
            facts: ExperimentFacts(
                processor: "P", processorCount: 2, system: "S", shaping: "relay", throttling: "T", verifier: "V",
                program: "U"))
    }

    @Test func thePageIsWholeAndNeedsNothingElse() throws {
        let folder = try SampleRuns.Folder()
        let html = try Self.report(in: folder).html
        withExtendedLifetime(folder) {}
        #expect(html.hasPrefix("<!DOCTYPE html>"))
        // Two modes and the control, two networks each, one quality and one bytes figure.
        #expect(html.components(separatedBy: "<svg viewBox").count - 1 == 3 * 2 + 2)
        #expect(!html.contains("http://") && !html.contains("https://") && !html.contains("url("))
        #expect(html.contains("data:image/png;base64,"))
        #expect(html.contains("prefers-color-scheme: dark"))
        for wanted in ["verifier only", "large model first", "--handoff auto", "Pareto front", "relay"] {
            #expect(html.contains(wanted), "\(wanted)")
        }
    }

    @Test func textsFromFilesAreEscapedEverywhere() throws {
        let folder = try SampleRuns.Folder()
        let html = try Self.report(in: folder).html
        withExtendedLifetime(folder) {}
        #expect(!html.contains("<script") && !html.contains("<b>&") && !html.contains("'mug'"))
        #expect(html.contains("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;mug&#39;"))
        #expect(Markup.escaped("a\u{0}b\u{7F}c\td") == "a\u{FFFD}b\u{FFFD}c\td")
    }

    @Test func everyTagThatOpensCloses() throws {
        let folder = try SampleRuns.Folder()
        let html = try Self.report(in: folder).html
        withExtendedLifetime(folder) {}
        for tag in [
            "div", "table", "tr", "td", "th", "figure", "svg", "details", "span", "p", "h2", "h3", "text", "tbody",
        ] {
            let opened = html.components(separatedBy: "<\(tag)>").count + html.components(separatedBy: "<\(tag) ").count
            #expect(opened - 2 == html.components(separatedBy: "</\(tag)>").count - 1, "\(tag)")
        }
    }

    @Test func anExperimentWithoutRunsHasNoReport() throws {
        #expect(throws: LabError.self) {
            try SplitReport(runs: [], pictures: PictureStore(folder: URL(fileURLWithPath: "/")), facts: nil)
        }
    }

    @Test func scoresGetTheirOwnFigure() throws {
        let folder = try SampleRuns.Folder()
        let file = try folder.write(#"{"picture":"a.png","score":0.5}"#, "scores.jsonl")
        let report = try SplitReport(
            runs: Self.runs(), pictures: PictureStore(folder: folder.url), facts: nil,
            scores: try PictureScores(file: file))
        #expect(report.html.components(separatedBy: "<svg viewBox").count - 1 == 3 * 2 + 3)
    }
}

@Suite struct AutoAuditTests {
    private func audit(auto: Double, autoSteps: Int = 20, allowed: [Int] = Array(0...20)) throws -> AutoAudit.Finding {
        let runs = [
            SampleRuns.run(mode: .trust, draftSteps: 0, total: 1.0), SampleRuns.run(draftSteps: 10, total: 0.8),
            SampleRuns.run(draftSteps: 15, total: 0.6), SampleRuns.run(mode: .trust, draftSteps: 25, total: 0.1),
            SampleRuns.run(draftSteps: autoSteps, isAuto: true, total: auto, allowed: allowed),
        ]
        return try #require(AutoAudit(ScenarioTable(runs: runs)).findings.first)
    }

    @Test func theChoiceIsHeldAgainstTheBestSplitOfTheSameBound() throws {
        let finding = try audit(auto: 0.66)
        // The draft alone is quicker but loses more than the bound allows.
        #expect(finding.bestSplit == 0.6 && finding.bestSeconds == 0.6)
        #expect(abs(finding.excess - 0.1) < 1e-9 && !finding.isWithinGoal)
        #expect(try audit(auto: 0.62).isWithinGoal)
        #expect(try audit(auto: 0.5).excess == 0)
        #expect(try audit(auto: 0.8, allowed: [0, 10]).bestSplit == 0.4)
    }

    /// Runs of one split are the same work whoever chose it: the best split chosen is 0 % beyond, whatever the noise.
    @Test func runsOfTheChosenSplitAreTakenTogether() throws {
        let finding = try audit(auto: 0.9, autoSteps: 15)
        #expect(finding.bestSplit == 0.6 && finding.excess == 0)
        #expect(abs(finding.bestSeconds - 0.75) < 1e-9)
    }

    /// A machine that is slower from round to round, and noise on top: pairs see the ten per cent between two splits.
    private func rounds(_ count: Int, excess: Double, noise: Double) throws -> AutoAudit.Finding {
        let runs = (0..<count).flatMap { index -> [RunRecord] in
            let pace = 1 + 0.2 * Double(index)
            let wobble = 1 + noise * (index % 3 == 0 ? 1 : -0.5) * (index % 2 == 0 ? 1 : -1)
            return [
                SampleRuns.run(mode: .trust, draftSteps: 0, repetition: index, total: 2 * pace),
                SampleRuns.run(draftSteps: 10, repetition: index, total: pace),
                SampleRuns.run(
                    draftSteps: 20, isAuto: true, repetition: index, total: pace * (1 + excess) * wobble),
            ]
        }
        return try #require(AutoAudit(ScenarioTable(runs: runs)).findings.first)
    }

    @Test func runsAreComparedWithinTheirRoundAndTheSpreadIsToldBeside() throws {
        let drifting = try rounds(9, excess: 0.1, noise: 0.01)
        #expect(abs(drifting.excess - 0.1) < 0.01 && drifting.excessError < 0.01)
        #expect(!drifting.isWithinGoal && drifting.isResolved && drifting.roundCount == 9)
        // The machine's drift is in the spread of a split's runs, not in the error of the comparison.
        #expect(drifting.spread > 0.2)
        let noisy = try rounds(9, excess: 0.06, noise: 0.3)
        #expect(!noisy.isResolved && noisy.excessError > 0.01)
        #expect(try !rounds(1, excess: 0.06, noise: 0).isResolved)
    }
}

@Suite struct FigureTests {
    @Test(arguments: [0.0, 0.7, 3, 13, 0.004, 991]) func ticksAreRoundAndCoverTheValues(highest: Double) {
        let axis = Axis(covering: [highest], from: 100, to: 0)
        #expect(axis.range.lowerBound == 0 && axis.range.upperBound >= highest)
        #expect((2...8).contains(axis.ticks.count))
        #expect(axis.place(axis.range.upperBound) == 0 && axis.place(0) == 100)
        #expect(Set(axis.ticks.map(axis.label)).count == axis.ticks.count)
    }

    @Test func theParetoFrontHoldsWhatNothingBeats() {
        func point(_ cost: Double, _ quality: Double) -> QualityFigure.Point {
            .init(series: "s", label: "\(cost)", cost: Sample([cost]), quality: Sample([quality]))
        }
        let points = [point(0, 20), point(1, 30), point(2, 25), point(3, 40), point(3, 35), point(4, 40)]
        #expect(QualityFigure.front(points).map(\.cost.mean) == [0, 1, 3])
    }

    @Test func samplesAreSummedUp() {
        let sample = Sample([1, 2, 3, 6])
        #expect(sample.mean == 3 && sample.median == 2.5)
        #expect(abs(sample.standardError - (14.0 / 3 / 4).squareRoot()) < 1e-12)
        #expect(Sample([]).mean == 0 && Sample([]).median == 0 && Sample([4]).standardError == 0)
        // One value in five that is far off leaves the spread as it was.
        #expect(abs(Sample([1, 2, 3, 4, 500]).spread - 1.4826) < 1e-9)
        #expect(Sample([1]).spread == 0 && Sample([1]).medianError == .infinity)
    }
}

@Suite struct QualityCurveTests {
    @Test func picturesCountOnceHoweverManyNetworksTheyCrossed() throws {
        var runs: [RunRecord] = []
        for seed in 1...4 {
            for network in NetworkProfile.named.prefix(3) {
                let loss = Double(seed) / 100
                runs.append(SampleRuns.run(network: network, seed: UInt64(seed), loss: loss, evaluations: 10))
                runs.append(
                    SampleRuns.run(
                        network: network, mode: .trust, draftSteps: 25, seed: UInt64(seed), loss: 0.2, evaluations: 0))
            }
        }
        runs += [SampleRuns.run(draftSteps: 5, seed: 1)]
        let (modes, samples) = QualityCurveWriter.curves(runs, StepCounts(draft: 25))
        #expect(samples == 4)
        #expect(modes.keys.sorted() == ["handoff"])
        let curve = try #require(modes["handoff"])
        // One picture at five steps is too few to say anything.
        #expect(curve.fractions == [0, 0.8, 1])
        #expect(curve.losses == [0, 0.025, 0.2])
        #expect(curve.evaluationShares == [1, 0.4, 0])
        // Shares are of what the verifier takes alone.
        let own = QualityCurveWriter.curves(runs, StepCounts(draft: 25, verifier: 8)).modes["handoff"]
        #expect(own?.fractions == [0, 0.8, 1] && own?.evaluationShares == [1, 1.25, 0])
    }
}
