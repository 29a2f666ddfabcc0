import Foundation

/// Text for HTML and SVG. Whatever comes from a file or a person goes through `escaped`.
enum Markup {
    /// A text that means itself, between tags and inside quoted attributes.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            // Control characters are not allowed in HTML at all.
            case "\u{0}"..."\u{8}", "\u{B}", "\u{C}", "\u{E}"..."\u{1F}", "\u{7F}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A table with a caption; the first column heads its rows. Cells are escaped here.
    static func table(caption: String, head: [String], rows: [[String]], leftColumns: Int = 1) -> String {
        let headCells = head.enumerated().map { index, cell in
            "<th scope=\"col\"\(index < leftColumns ? " class=\"left\"" : "")>\(escaped(cell))</th>"
        }
        let body = rows.map { row in
            let cells = row.enumerated().map { index, cell in
                index == 0
                    ? "<th scope=\"row\" class=\"left\">\(escaped(cell))</th>"
                    : "<td\(index < leftColumns ? " class=\"left\"" : "")>\(escaped(cell))</td>"
            }
            return "<tr>\(cells.joined())</tr>"
        }
        return """
            <div class="scroll"><table><caption>\(escaped(caption))</caption>
            <thead><tr>\(headCells.joined())</tr></thead>
            <tbody>\(body.joined(separator: "\n"))</tbody></table></div>
            """
    }
}

extension Double {
    /// With a fixed number of decimals.
    func text(_ decimals: Int) -> String { String(format: "%.\(decimals)f", self) }

    /// Seconds as people read them.
    var secondsText: String { self < 0.0995 ? "\((self * 1e3).text(0)) ms" : "\(text(self < 9.995 ? 2 : 1)) s" }

    var percentText: String { "\((self * 100).text(0)) %" }

    /// Bytes as people read them.
    var bytesText: String {
        self < 9_999.5 ? "\(text(0)) B" : self < 999_500 ? "\((self / 1e3).text(1)) kB" : "\((self / 1e6).text(2)) MB"
    }
}
