/// A number of things: `1 step`, `2 steps`.
func counted(_ number: Int, _ thing: String) -> String { "\(number) \(thing)\(number == 1 ? "" : "s")" }

extension String {
    /// On one line, and with nothing in it that a terminal would obey.
    var shown: String {
        String(unicodeScalars.map { $0.properties.generalCategory == .control ? Character(" ") : Character($0) })
    }
}
