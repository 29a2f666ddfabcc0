import Diffusion

/// The limits that hold for every job, whatever the model; a model may be stricter.
public enum JobLimits {
    /// 8 KiB of UTF-8, far more than any text encoder here reads.
    public static let promptBytes = 8192
    public static let latentSide = 1024
    public static let latentChannels = 64
    /// 2²¹ elements: 8 MiB in f32, a 4096×4096 picture in 8 channels.
    public static let latentElements = 1 << 21
    public static let guidanceScale: Float = 100
    /// 1 MiB less the room that the other fields may take.
    public static let codedEstimateBytes = (1 << 20) - 16384
    public static let modelNameBytes = 128
    /// Levels of the check that a job may ask for.
    public static let checkLevels = 16
    public static let pictureQualities = 1...100

    /// Whether a latent may have these extents. Takes plain numbers because `LatentShape` traps on zero.
    public static func allowsLatent(height: Int, width: Int, channelCount: Int) -> Bool {
        (1...latentSide).contains(height) && (1...latentSide).contains(width)
            && (1...latentChannels).contains(channelCount)
            && height * width * channelCount <= latentElements
    }

    /// Why a prompt is not taken; nil if it is.
    public static func fault(ofPrompt prompt: String) -> String? {
        let byteCount = prompt.utf8.count
        if byteCount > promptBytes {
            return "the prompt has \(byteCount) bytes, at most \(promptBytes) are taken; shorten it"
        }
        if prompt.allSatisfy(\.isWhitespace) { return "the prompt is empty; say what the picture shall show" }
        // It would end the text in a PNG, and the settings after it.
        return prompt.utf8.contains(0) ? "the prompt holds a character U+0000; leave it out" : nil
    }
}

extension ModelIdentity {
    /// Whether the id is a short printable name and the digest 64 lower-case hexadecimal digits.
    public var isWellFormed: Bool {
        let isNameByte = { (byte: UInt8) in byte > 0x20 && byte < 0x7F }
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) }
        return (1...JobLimits.modelNameBytes).contains(id.utf8.count) && id.utf8.allSatisfy(isNameByte)
            && weightsDigest.utf8.count == 64 && weightsDigest.utf8.allSatisfy(isDigit)
    }
}

extension VerificationJob {
    /// Holds the job to the rules that need no model: finite numbers, sane ranges, a prompt of bearable length.
    ///
    /// The wire and the queue both ask, so a job that comes in-process is judged like one from the network.
    /// - Throws: `VerifierError` with `invalidJob` and the field's name and allowed range.
    public func validate() throws(VerifierError) {
        func require(_ holds: Bool, _ message: @autoclosure () -> String) throws(VerifierError) {
            guard holds else { throw VerifierError(.invalidJob, message()) }
        }
        for (role, model) in [("draft", draft), ("verifier", verifier)] {
            try require(
                model.isWellFormed,
                "the \(role) model needs a printable id of 1…\(JobLimits.modelNameBytes) characters and its weights' "
                    + "SHA-256 as 64 lower-case hexadecimal digits")
        }
        if let fault = JobLimits.fault(ofPrompt: prompt) { throw VerifierError(.invalidJob, fault) }
        try require(
            guidanceScale.isFinite && (0...JobLimits.guidanceScale).contains(guidanceScale),
            "the guidance scale \(guidanceScale) is not in 0…\(JobLimits.guidanceScale)")
        try require(
            JobLimits.allowsLatent(
                height: latentShape.height, width: latentShape.width, channelCount: latentShape.channelCount),
            "a latent of \(latentShape) is too large; sides up to \(JobLimits.latentSide), "
                + "\(JobLimits.latentChannels) channels and \(JobLimits.latentElements) elements are taken")
        try require(
            FlowSchedule.allowedStepCounts.contains(stepCount),
            "\(stepCount) steps are not in \(FlowSchedule.allowedStepCounts.inWords)")
        try require(
            FlowSchedule.allowedShifts.contains(scheduleShift),
            "the schedule shift \(scheduleShift) is not in \(FlowSchedule.allowedShifts.inWords)")
        try require(
            (0...stepCount).contains(handoffStep), "hand-off step \(handoffStep) is not in 0…\(stepCount)")
        try require(
            FlowSchedule.allowedStepCounts.contains(verifierStepCount),
            "\(verifierStepCount) steps of the verifier are not in \(FlowSchedule.allowedStepCounts.inWords)")
        // A whole picture is checked one step before its end.
        let isHandedOver = handoffStep > 0 && (handoffStep < stepCount || mode == .handoff)
        try require(verifierStepCount > 1 || !isHandedOver, "\(SpeculationError.noStepToEnter)")
        try require(
            verifierStepCount == stepCount || (stopStep == nil && mode != .exact),
            "\(verifierStepCount) steps of the verifier are not the draft's \(stepCount), as a stop step and mode exact "
                + "need them")
        if let stopStep {
            // At step 0 there is no picture in the state yet.
            try require(
                stopStep > 0 && (handoffStep...stepCount).contains(stopStep),
                "the stop step \(stopStep) is not in \(max(handoffStep, 1))…\(stepCount)")
        }
        if let checkThreshold {
            try require(
                checkThreshold.isFinite && checkThreshold >= 0,
                "the check threshold \(checkThreshold) is not a finite number of at least 0")
        }
        if let checkQuantile {
            try require(
                CheckCalibration.quantiles.contains(checkQuantile),
                "the check quantile \(checkQuantile) is not in 0.001…0.999")
        }
        if let checkLikeness {
            try require(
                checkLikeness == 0 || CheckCalibration.quantiles.contains(checkLikeness),
                "the likeness share \(checkLikeness) is neither 0 nor in 0.001…0.999")
        }
        if let checkLevels {
            try require(
                (1...JobLimits.checkLevels).contains(checkLevels.count) && checkLevels.allSatisfy { $0 > 0 && $0 < 1 },
                "the check levels are not 1…\(JobLimits.checkLevels) times between 0 and 1")
        }
        if let pictureQuality {
            try require(
                result == .webp && JobLimits.pictureQualities.contains(pictureQuality),
                "the picture quality \(pictureQuality) is not in 1…100, or the result is no WebP")
        }
        if mode == .exact || exact != nil {
            try validateExact()
            return
        }
        // Before the first step there is no estimate: the verifier starts from the seed's noise.
        try require(
            (handoffStep == 0 ? 0 : 1)...JobLimits.codedEstimateBytes ~= codedEstimate.count,
            "the coded estimate has \(codedEstimate.count) bytes, "
                + "1…\(JobLimits.codedEstimateBytes) are taken after step 0")
    }
}

extension ClosedRange {
    fileprivate var inWords: String { "\(lowerBound)…\(upperBound)" }
}
