/// What travels against the split: the coded latent beside the raw one, for one mode.
struct BytesFigure {
    let cells: [SplitCell]
    let rawBytes: Double

    private static let (width, height) = (620, 240)
    private static let (left, right, top, bottom) = (56.0, 600.0, 28.0, 190.0)

    var svg: String {
        let values = cells.map { $0.sample { Double($0.bytes.latent) }.mean }
        let axis = Axis(covering: values + [rawBytes], from: Self.bottom, to: Self.top)
        let slot = (Self.right - Self.left) / Double(max(cells.count, 1))
        var parts = SVG.verticalAxis(axis, left: Self.left, right: Self.right)
        for (index, cell) in cells.enumerated() {
            let middle = Self.left + (Double(index) + 0.5) * slot
            let latent = cell.sample { Double($0.bytes.latent) }
            let y = axis.place(latent.mean)
            parts.append(
                SVG.box(
                    middle - 20, y, width: 40, height: Self.bottom - y, class: "part edge",
                    title: "\(cell.label) drafted: latent \(latent.mean.bytesText)"))
            parts.append(SVG.text(middle, y - 5, latent.mean.bytesText, class: "note"))
            parts.append(SVG.text(middle, Self.bottom + 15, cell.label, class: "tick"))
        }
        let raw = axis.place(rawBytes)
        parts.append(SVG.line(Self.left, raw, Self.right, raw, class: "front"))
        parts.append(
            SVG.text(Self.right, raw + 13, "raw latent at two bytes an element", class: "note", anchor: "end"))
        parts.append(
            SVG.text((Self.left + Self.right) / 2, Self.bottom + 34, "share of the steps drafted", class: "axis"))
        parts.append(SVG.text(Self.left - 46, 12, "bytes", class: "axis", anchor: "start"))
        let spoken = cells.map { "\($0.label) \($0.sample { Double($0.bytes.latent) }.mean.bytesText)" }
        return SVG.figure(
            width: Self.width, height: Self.height, title: "Bytes of the latent: \(spoken.joined(separator: ", "))",
            parts)
    }
}
