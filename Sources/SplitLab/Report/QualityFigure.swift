import Speculation

/// What a picture costs the verifier against how good it is: points with error bars, and the Pareto front.
struct QualityFigure {
    /// One split in one mode and order.
    struct Point: Hashable {
        let series: String
        let label: String
        /// Verifier seconds.
        let cost: Sample
        let quality: Sample
    }

    let title: String
    let qualityName: String
    let points: [Point]
    /// Series in the order of their colours.
    let series: [String]

    private static let (width, height) = (620, 320)
    private static let (left, right, top, bottom) = (48.0, 600.0, 16.0, 270.0)

    /// Those that no other point beats in both: cheaper or equal, and better or equal.
    static func front(_ points: [Point]) -> [Point] {
        points.filter { point in
            !points.contains { other in
                other != point && other.cost.mean <= point.cost.mean && other.quality.mean >= point.quality.mean
                    && (other.cost.mean < point.cost.mean || other.quality.mean > point.quality.mean)
            }
        }.sorted { $0.cost.mean < $1.cost.mean }
    }

    var svg: String {
        let x = Axis(
            covering: points.map { $0.cost.mean + $0.cost.standardError }, from: Self.left, to: Self.right,
            tickCount: 6)
        let y = Axis(
            covering: points.flatMap {
                [$0.quality.mean - $0.quality.standardError, $0.quality.mean + $0.quality.standardError]
            }, from: Self.bottom, to: Self.top, includesZero: false, tickCount: 5)
        var parts = SVG.verticalAxis(y, left: Self.left, right: Self.right)
        for tick in x.ticks {
            parts.append(SVG.text(x.place(tick), Self.bottom + 16, x.label(tick), class: "tick"))
        }
        parts.append(
            SVG.text((Self.left + Self.right) / 2, Self.bottom + 36, "verifier seconds a picture", class: "axis"))
        parts.append(
            "<text class=\"axis\" transform=\"translate(14 \(SVG.number((Self.top + Self.bottom) / 2))) rotate(-90)\" "
                + "text-anchor=\"middle\">\(Markup.escaped(qualityName))</text>")
        let front = Self.front(points)
        parts.append(
            SVG.path(front.map { (x.place($0.cost.mean), y.place($0.quality.mean)) }, class: "front"))
        var labels = LabelPlacer()
        for point in points { labels.take(x.place(point.cost.mean) - 7, y.place(point.quality.mean) + 4, width: 14) }
        for point in points { parts += marks(point, x: x, y: y, labels: &labels) }
        return SVG.figure(width: Self.width, height: Self.height, title: spoken(front), parts)
    }

    private func marks(_ point: Point, x: Axis, y: Axis, labels: inout LabelPlacer) -> [String] {
        let (px, py) = (x.place(point.cost.mean), y.place(point.quality.mean))
        let index = series.firstIndex(of: point.series) ?? 0
        let name = "series\(index % 4)"
        let title =
            "\(point.series), \(point.label) drafted: \(point.cost.mean.secondsText) of the verifier, "
            + "\(qualityName) \(point.quality.mean.text(2)) ± \(point.quality.standardError.text(2)), "
            + "\(point.quality.count) pictures"
        let (dx, dy) = (
            x.place(point.cost.mean + point.cost.standardError) - px,
            py - y.place(point.quality.mean + point.quality.standardError)
        )
        var parts: [String] = []
        if dx > 0.5 { parts.append(SVG.line(px - dx, py, px + dx, py, class: "whisker")) }
        if dy > 0.5 { parts.append(SVG.line(px, py - dy, px, py + dy, class: "whisker")) }
        parts.append(
            "<path class=\"mark \(name)\" d=\"\(Self.shape(index, x: px, y: py))\">"
                + "<title>\(Markup.escaped(title))</title></path>")
        let place = labels.place(near: px, py, width: 6.2 * Double(point.label.count))
        parts.append(SVG.text(place.x, place.y, point.label, class: "note", anchor: "start"))
        return parts
    }

    /// Circle, square, triangle, cross-wise square: the shape says what the colour says.
    private static func shape(_ index: Int, x: Double, y: Double) -> String {
        let (px, py) = (SVG.number(x), SVG.number(y))
        return switch index % 4 {
        case 0: "M\(SVG.number(x - 5)) \(py)a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z"
        case 1: "M\(SVG.number(x - 4.5)) \(SVG.number(y - 4.5))h9v9h-9z"
        case 2: "M\(px) \(SVG.number(y - 6))l6 10.5h-12z"
        default: "M\(px) \(SVG.number(y - 6))l6 6l-6 6l-6 -6z"
        }
    }

    private func spoken(_ front: [Point]) -> String {
        let best = front.map { "\($0.series) \($0.label) (\($0.cost.mean.secondsText), \($0.quality.mean.text(2)))" }
        return "\(title). Pareto front: \(best.joined(separator: ", "))"
    }

    var legend: String {
        let entries = series.enumerated().map { index, name in
            "<span><svg class=\"key\" viewBox=\"0 0 14 14\" aria-hidden=\"true\"><path class=\"mark series\(index % 4)\" "
                + "d=\"\(Self.shape(index, x: 7, y: 7))\"/></svg>\(Markup.escaped(name))</span>"
        }
        return "<p class=\"legend\">\(entries.joined()) <span><i class=\"dash\"></i>Pareto front</span></p>"
    }
}

/// Puts labels where no other label is: beside the point, else further up or down.
struct LabelPlacer {
    private var taken: [(x: Double, y: Double, width: Double)] = []

    /// Keeps a place free.
    mutating func take(_ x: Double, _ y: Double, width: Double) {
        taken.append((x, y, width))
    }

    mutating func place(near x: Double, _ y: Double, width: Double) -> (x: Double, y: Double) {
        let heights: [Double] = [-6, 13, -18, 25, -30, 37]
        let places = heights.flatMap { height -> [(x: Double, y: Double)] in
            [(x: x + 8, y: y + height), (x: x - 8 - width, y: y + height)]
        }
        let free = places.first { place in
            !taken.contains {
                abs($0.y - place.y) < 11 && place.x < $0.x + $0.width && $0.x < place.x + width
            }
        }
        let chosen = free ?? places[0]
        taken.append((chosen.x, chosen.y, width))
        return chosen
    }
}
