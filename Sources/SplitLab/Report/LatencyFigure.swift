import Speculation

/// Seconds against the split, stacked by stage, for one scenario.
struct LatencyFigure {
    /// What a bar is made of, from below.
    enum Part: String, CaseIterable {
        case edge, network, queue, check, refine, other

        var name: String {
            switch self {
            case .edge: "edge: text, draft, coding"
            case .network: "network"
            case .queue: "waiting for the verifier"
            case .check: "verifier: check"
            case .refine: "verifier: refine"
            case .other: "verifier: text, graphs, decode, PNG"
            }
        }

        func seconds(_ run: RunRecord) -> Double {
            let stages = run.seconds.stages
            return switch self {
            case .edge: run.seconds.edge
            case .network: run.seconds.network
            case .queue: run.seconds.queue
            case .check: stages["check"] ?? 0
            case .refine: stages["refine"] ?? 0
            case .other: run.seconds.verifier - (stages["check"] ?? 0) - (stages["refine"] ?? 0)
            }
        }
    }

    let title: String
    let cells: [SplitCell]
    let auto: [RunRecord]
    /// The highest value of the axis, so that figures beside each other can be compared.
    let ceiling: Double

    private static let (width, height) = (300, 190)
    private static let (left, right, top, bottom) = (38.0, 296.0, 26.0, 160.0)

    var svg: String {
        let axis = Axis(covering: [ceiling], from: Self.bottom, to: Self.top)
        let slot = (Self.right - Self.left) / Double(max(cells.count, 1))
        var parts = SVG.verticalAxis(axis, left: Self.left, right: Self.right)
        parts.append(SVG.text(Self.left - 30, 14, title, class: "title", anchor: "start"))
        for (index, cell) in cells.enumerated() {
            let middle = Self.left + (Double(index) + 0.5) * slot
            parts += bar(cell, middle: middle, width: min(slot * 0.72, 30), axis: axis)
            parts.append(SVG.text(middle, Self.bottom + 13, cell.label, class: "tick"))
        }
        parts.append(
            SVG.text((Self.left + Self.right) / 2, Self.bottom + 27, "share of the steps drafted", class: "axis"))
        parts += autoMark(axis: axis, slot: slot)
        return SVG.figure(width: Self.width, height: Self.height, title: spoken, parts)
    }

    private func bar(_ cell: SplitCell, middle: Double, width: Double, axis: Axis) -> [String] {
        var base = 0.0
        var parts: [String] = []
        for part in Part.allCases {
            let seconds = cell.sample(part.seconds).mean
            guard seconds > 0 else { continue }
            let (low, high) = (axis.place(base), axis.place(base + seconds))
            parts.append(
                SVG.box(
                    middle - width / 2, high, width: width, height: low - high, class: "part \(part.rawValue)",
                    title: "\(cell.label) drafted: \(part.name) \(seconds.secondsText)"))
            base += seconds
        }
        let total = cell.total
        if total.standardError > 0 {
            parts.append(
                SVG.line(
                    middle, axis.place(total.mean - total.standardError), middle,
                    axis.place(total.mean + total.standardError), class: "whisker"))
        }
        return parts
    }

    /// A diamond where the cost model's choice lies, between the bars if it chose between them.
    private func autoMark(axis: Axis, slot: Double) -> [String] {
        guard !auto.isEmpty, let place = place(ofSplit: Sample(auto.map(\.split)).mean) else { return [] }
        let x = Self.left + (place + 0.5) * slot
        let seconds = Sample(auto.map(\.seconds.total)).mean
        let y = axis.place(min(seconds, ceiling))
        let title = "auto chose \(Sample(auto.map(\.split)).mean.percentText): \(seconds.secondsText)"
        return [
            "<path class=\"auto\" d=\"M\(SVG.number(x)) \(SVG.number(y - 6))l6 6l-6 6l-6 -6z\">"
                + "<title>\(Markup.escaped(title))</title></path>"
        ]
    }

    /// Where a split lies among the bars, which stand at equal distances.
    private func place(ofSplit split: Double) -> Double? {
        guard let above = cells.firstIndex(where: { $0.split >= split - 1e-9 }) else {
            return cells.isEmpty ? nil : Double(cells.count - 1)
        }
        guard above > 0, cells[above].split > split + 1e-9 else { return Double(above) }
        let (low, high) = (cells[above - 1].split, cells[above].split)
        return Double(above - 1) + (split - low) / (high - low)
    }

    private var spoken: String {
        let values = cells.map { "\($0.label) \($0.total.mean.secondsText)" }
        return "\(title): seconds a picture by share drafted: \(values.joined(separator: ", "))"
    }

    static var legend: String {
        let entries = Part.allCases.map {
            "<span><i class=\"swatch \($0.rawValue)\"></i>\(Markup.escaped($0.name))</span>"
        }
        return "<p class=\"legend\">\(entries.joined()) <span><i class=\"diamond\"></i>chosen by auto</span></p>"
    }
}
