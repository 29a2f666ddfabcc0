import Foundation

/// Words for the person at the terminal go to standard error; standard output is for results.
enum Terminal {
    static func write(_ text: String) {
        // Where nobody can be told (a full disk, a closed pipe) the work goes on.
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    static func warn(_ text: String) {
        write("warning: \(text)\n")
    }
}

extension Duration {
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

extension Double {
    func formatted(decimals: Int) -> String {
        String(format: "%.\(decimals)f", self)
    }
}
