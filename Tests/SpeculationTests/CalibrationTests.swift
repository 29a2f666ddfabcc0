import Diffusion
import Foundation
import Speculation
import Testing

struct CalibrationTests {
    @Test func quantilesAreThoseOfTheSample() throws {
        let table = try #require(QuantileTable(of: (0...100).reversed().map(Double.init)))
        #expect(table.value(at: 0.5) == 50)
        #expect(abs(table.value(at: 0.95) - 95) < 1e-9)
        // On the line between stored probabilities, flat outside them.
        #expect(abs(table.value(at: 0.3) - 30) < 1e-9)
        #expect(table.value(at: 0) == table.value(at: 0.01) && table.value(at: 1) == table.value(at: 0.99))
        for probability in [0.01, 0.2, 0.5, 0.77, 0.99] {
            #expect(abs(table.probability(of: table.value(at: probability)) - probability) < 1e-9)
        }
        #expect(table.probability(of: -5) == 0.01 && table.probability(of: 500) == 0.99)
    }

    @Test func equalValuesAndSingleOnesHaveQuantiles() throws {
        let flat = try #require(QuantileTable(of: [2, 2, 2]))
        #expect(flat.value(at: 0.3) == 2)
        #expect(flat.probability(of: 1.9) == 0.01 && flat.probability(of: 2) == 0.99)
        #expect(QuantileTable(of: [7])?.value(at: 0.9) == 7)
    }

    @Test func whatIsNoSampleHasNone() {
        #expect(QuantileTable(of: []) == nil)
        #expect(QuantileTable(of: [1, .nan]) == nil)
        #expect(QuantileTable(of: [1, .infinity]) == nil)
        #expect(QuantileTable(values: [1, 2]) == nil)
        #expect(QuantileTable(values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 8]) == nil)
    }

    @Test(arguments: [Float(0), 0.25, 1, 1.5, -0.5])
    func theShortfallIsTheShareThatIsLackingWhateverTheContrast(shortfall: Float) throws {
        let shape = LatentShape(height: 4, width: 4, channelCount: 2)
        let unprompted = NoiseGenerator(seed: 1).latent(shape, stream: 0)
        let pull = NoiseGenerator(seed: 2).latent(shape, stream: 0)
        let state = NoiseGenerator(seed: 3).latent(shape, stream: 0)
        for contrast in [Float(0.01), 1, 30] {
            func latent(_ value: (Int) -> Float) -> Latent {
                Latent(shape: shape, values: pull.values.indices.map { contrast * value($0) })
            }
            func velocity(to picture: Latent) -> Latent {
                Latent(shape: shape, values: zip(state.values, picture.values).map { ($0 - $1) / 0.5 })
            }
            let answer = FlowAnswer.prompt(
                PromptContrast(
                    prompted: velocity(to: latent { unprompted.values[$0] + pull.values[$0] }),
                    unprompted: velocity(to: latent { unprompted.values[$0] })))
            let value = CheckStatistic.promptShortfall.value(
                estimate: latent { unprompted.values[$0] + (1 - shortfall) * pull.values[$0] },
                question: FlowQuestion(.prompt, state: state, time: 0.5), answer: answer)
            #expect(abs(value - shortfall) < 2e-3, "contrast \(contrast)")
        }
    }

    @Test func aPromptThatChangesNothingAsksForNothing() {
        let latent = NoiseGenerator(seed: 1).latent(MixtureFlow.shape, stream: 0)
        func shortfall(_ answer: FlowAnswer) -> Float {
            CheckStatistic.promptShortfall.value(
                estimate: latent, question: FlowQuestion(.prompt, state: latent, time: 0.5), answer: answer)
        }
        #expect(shortfall(.prompt(PromptContrast(prompted: latent, unprompted: latent))) == 0)
        #expect(shortfall(.velocity(latent)).isNaN)
    }

    @Test func aSectionIsReadBackAsItWasWritten() throws {
        let section = CheckSection.calibrated(try calibration())
        #expect(section.fault == nil)
        #expect(try JSONDecoder().decode(CheckSection.self, from: JSONEncoder().encode(section)) == section)
    }

    @Test func likenessIsReadBackAndItsFaultsAreNamed() throws {
        let good = try calibration(likeness: true)
        let section = CheckSection.calibrated(good)
        #expect(section.fault == nil)
        #expect(try JSONDecoder().decode(CheckSection.self, from: JSONEncoder().encode(section)) == section)
        let spoilt: [(inout CheckCalibration) -> Void] = [
            { $0.likeness?.rejectedShare = 0 }, { $0.likeness?.rejectedShare = .nan }, { $0.likeness?.levels = [] },
            { $0.likeness?.levels.reverse() }, { $0.critic = nil },
        ]
        for spoil in spoilt {
            var bad = good
            spoil(&bad)
            #expect(bad.fault != nil)
        }
    }

    @Test(arguments: [
        #"{"statistic":"guidedEstimateDistance","levels":[0.6],"thresholds":[0.3]}"#,
        #"{"rule":"taste","version":1}"#, #"{"rule":"promptShortfall+estimateDistance","version":2,"levels":7}"#,
    ])
    func sectionsOfOtherRulesAreNamedAndNotRead(text: String) throws {
        let section = try JSONDecoder().decode(CheckSection.self, from: Data(text.utf8))
        guard case .unknown = section else {
            Issue.record("read as \(section)")
            return
        }
        #expect(section.calibration == nil && section.fault == nil)
        #expect(try JSONDecoder().decode(CheckSection.self, from: JSONEncoder().encode(section)) == section)
    }

    @Test func calibrationsThatCannotBeAreFaulty() throws {
        func fault(_ change: (inout CheckCalibration) -> Void) throws -> String? {
            var changed = try calibration()
            change(&changed)
            return changed.fault
        }
        #expect(try fault { _ in } == nil)
        #expect(try fault { $0.samples = 0 } != nil)
        #expect(try fault { $0.guidance = .nan } != nil)
        #expect(try fault { $0.quantile = 1 } != nil)
        #expect(try fault { $0.handoffStep = 26 } != nil)
        #expect(try fault { $0.stepCount = -1 } != nil)
        #expect(try fault { $0.levels = [] } != nil)
        #expect(try fault { $0.levels[0].time = 0.7 } != nil)
        #expect(try fault { $0.levels[2].time = 1 } != nil)
        #expect(try fault { $0.prompt.times = [] } != nil)
        #expect(try fault { $0.prompt.times = [0.9, 0.7] } != nil)
        #expect(try fault { $0.levels[0].null = $0.prompt.null } != nil)
    }
}
