import Foundation

/// What computes here, by name.
public enum ProcessorModel {
    /// The processor's model as Linux names it, for example `AMD EPYC 9B14`; the architecture where it does not say.
    public static let name: String = {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") || $0.hasPrefix("Model") }
        guard let value = line?.split(separator: ":", maxSplits: 1).last else { return architecture }
        return value.trimmingCharacters(in: .whitespaces)
    }()

    private static var architecture: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown processor"
        #endif
    }
}
