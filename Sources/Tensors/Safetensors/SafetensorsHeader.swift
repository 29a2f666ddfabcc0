/// The header of a safetensors file: names, types, shapes and places, checked against each other and the file.
struct SafetensorsHeader {
    struct Entry: Hashable, Sendable {
        let name: String
        /// As the file spells it, for example `BF16`.
        let elementType: String
        let shape: Shape
        /// In the data, which starts behind the header.
        let range: Range<Int>
    }

    /// In the file's order.
    private(set) var entries: [Entry] = []
    private(set) var metadata: [String: String] = [:]

    /// Reads a header in front of `dataBytes` bytes of data.
    init(_ json: UnsafeRawBufferPointer, dataBytes: Int) throws(SafetensorsError.Fault) {
        var scanner = JSONScanner(json)
        var names: Set<String> = []
        var (entries, metadata): ([Entry], [String: String]) = ([], [:])
        try scanner.object { (scanner, name) throws(SafetensorsError.Fault) in
            guard names.insert(name).inserted else { throw .duplicateName(name) }
            if name == "__metadata__" {
                metadata = try SafetensorsHeader.metadata(&scanner)
            } else {
                entries.append(try SafetensorsHeader.entry(name, &scanner, dataBytes: dataBytes))
            }
        }
        try scanner.expectEnd()
        self.entries = entries
        self.metadata = metadata
        try checkPlaces(dataBytes: dataBytes)
    }

    private static func metadata(_ scanner: inout JSONScanner) throws(SafetensorsError.Fault) -> [String: String] {
        var metadata: [String: String] = [:]
        try scanner.object { (scanner, key) throws(SafetensorsError.Fault) in
            guard metadata.updateValue(try scanner.string(), forKey: key) == nil else { throw .duplicateName(key) }
        }
        return metadata
    }

    private static func entry(
        _ name: String, _ scanner: inout JSONScanner, dataBytes: Int
    ) throws(SafetensorsError.Fault) -> Entry {
        var (elementType, shape, offsets): (String?, [Int]?, [Int]?)
        try scanner.object { (scanner, key) throws(SafetensorsError.Fault) in
            switch key {
            case "dtype" where elementType == nil: elementType = try scanner.string()
            case "shape" where shape == nil: shape = try counts(&scanner)
            case "data_offsets" where offsets == nil: offsets = try counts(&scanner)
            case "dtype", "shape", "data_offsets": throw .duplicateName("\(name).\(key)")
            default: try scanner.skipValue()
            }
        }
        guard let elementType, let shape, let offsets, offsets.count == 2 else {
            throw scanner.failure("'\(name)' needs dtype, shape and two data_offsets")
        }
        // Zeros are left out so that strides, too, stay countable.
        let (product, isTooLarge) = shape.filter { $0 > 0 }.reduce((1, false)) { total, extent in
            let (product, overflow) = total.0.multipliedReportingOverflow(by: extent)
            return (product, total.1 || overflow)
        }
        guard !isTooLarge, product <= Int.max / 8 else { throw .impossibleShape(name: name) }
        guard offsets[0] <= offsets[1], offsets[1] <= dataBytes else {
            throw .outsideFile(name: name, begin: offsets[0], end: offsets[1], dataBytes: dataBytes)
        }
        let entry = Entry(
            name: name, elementType: elementType, shape: Shape(shape), range: offsets[0]..<offsets[1])
        if let known = ElementType(safetensorsName: elementType),
            entry.range.count != entry.shape.elementCount * known.byteCount
        {
            throw .sizeMismatch(
                name: name, shape: entry.shape, elementType: elementType, bytes: entry.range.count)
        }
        return entry
    }

    private static func counts(_ scanner: inout JSONScanner) throws(SafetensorsError.Fault) -> [Int] {
        var counts: [Int] = []
        try scanner.array { (scanner) throws(SafetensorsError.Fault) in counts.append(try scanner.count()) }
        return counts
    }

    /// The format wants every byte to belong to exactly one tensor.
    private func checkPlaces(dataBytes: Int) throws(SafetensorsError.Fault) {
        var (covered, last): (Int, String?) = (0, nil)
        let inOrder = entries.sorted {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        for entry in inOrder {
            if entry.range.lowerBound < covered, let last { throw .overlap(last, entry.name) }
            if entry.range.lowerBound > covered { throw .unusedBytes(begin: covered, end: entry.range.lowerBound) }
            (covered, last) = (entry.range.upperBound, entry.name)
        }
        if covered < dataBytes { throw .unusedBytes(begin: covered, end: dataBytes) }
    }
}

extension ElementType {
    /// The type that a safetensors header names, nil if tensors of it cannot be read here.
    init?(safetensorsName name: String) {
        switch name {
        case "F32": self = .float32
        case "BF16": self = .bfloat16
        case "F16": self = .float16
        case "I32": self = .int32
        default: return nil
        }
    }

    var safetensorsName: String {
        switch self {
        case .float32: "F32"
        case .bfloat16: "BF16"
        case .float16: "F16"
        case .int32: "I32"
        }
    }
}
