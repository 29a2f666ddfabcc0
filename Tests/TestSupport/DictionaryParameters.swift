public import Graphs
public import Tensors

/// Parameters held in memory.
public struct DictionaryParameters: ParameterSource {
    public var tensors: [String: Tensor]

    public init(_ tensors: [String: Tensor] = [:]) { self.tensors = tensors }

    public var origin: String { "test parameters" }

    public func tensor(named name: String) -> Tensor? { tensors[name] }
}
