import Foundation

/// A linear axis: values to places, with round ticks.
struct Axis: Hashable {
    let range: ClosedRange<Double>
    /// The place of the range's ends.
    let from: Double
    let to: Double
    let ticks: [Double]

    /// - Parameter values: what must be on it; 0 too if `includesZero`.
    init(covering values: [Double], from: Double, to: Double, includesZero: Bool = true, tickCount: Int = 4) {
        let finite = values.filter(\.isFinite) + (includesZero ? [0] : [])
        let low = finite.min() ?? 0
        let high = max(finite.max() ?? 1, low + 1e-6)
        let step = Axis.roundStep((high - low) / Double(max(tickCount, 1)))
        let first = (low / step).rounded(.down) * step
        let last = (high / step).rounded(.up) * step
        range = first...last
        self.from = from
        self.to = to
        ticks = (0...Int(((last - first) / step).rounded())).map { first + Double($0) * step }
    }

    func place(_ value: Double) -> Double {
        from + (value - range.lowerBound) / (range.upperBound - range.lowerBound) * (to - from)
    }

    /// A tick's text, with as many decimals as its neighbours need.
    func label(_ tick: Double) -> String {
        let step = ticks.count > 1 ? ticks[1] - ticks[0] : 1
        return tick.text(max(0, Int((-log10(step)).rounded(.up))))
    }

    /// 1, 2 or 5 times a power of ten, at least `step`.
    static func roundStep(_ step: Double) -> Double {
        guard step > 0, step.isFinite else { return 1 }
        let power = pow(10, log10(step).rounded(.down))
        return ([1, 2, 5].first { $0 * power >= step * (1 - 1e-9) } ?? 10) * power
    }
}

/// SVG elements.
enum SVG {
    static func number(_ value: Double) -> String { String(format: "%.1f", value) }

    static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class name: String) -> String {
        "<line class=\"\(name)\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\"/>"
    }

    /// - Parameter title: shown when pointed at, and read aloud.
    static func box(
        _ x: Double, _ y: Double, width: Double, height: Double, class name: String, title: String
    ) -> String {
        "<rect class=\"\(name)\" x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(width))\" "
            + "height=\"\(number(max(height, 0)))\"><title>\(Markup.escaped(title))</title></rect>"
    }

    static func text(
        _ x: Double, _ y: Double, _ text: String, class name: String, anchor: String = "middle"
    ) -> String {
        "<text class=\"\(name)\" x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">"
            + "\(Markup.escaped(text))</text>"
    }

    static func path(_ points: [(Double, Double)], class name: String) -> String {
        let steps = points.enumerated().map { "\($0 == 0 ? "M" : "L")\(number($1.0)) \(number($1.1))" }
        return "<path class=\"\(name)\" d=\"\(steps.joined())\"/>"
    }

    /// A whole picture; its title is what a screen reader says.
    static func figure(width: Int, height: Int, title: String, _ parts: [String]) -> String {
        """
        <svg viewBox="0 0 \(width) \(height)" role="img"><title>\(Markup.escaped(title))</title>
        \(parts.joined(separator: "\n"))
        </svg>
        """
    }

    /// The lines and numbers of a vertical axis.
    static func verticalAxis(_ axis: Axis, left: Double, right: Double) -> [String] {
        axis.ticks.flatMap { tick in
            [
                line(left, axis.place(tick), right, axis.place(tick), class: "grid"),
                text(left - 5, axis.place(tick) + 3.5, axis.label(tick), class: "tick", anchor: "end"),
            ]
        }
    }
}
