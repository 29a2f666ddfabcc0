public import Tensors

extension SafetensorsFile: ParameterSource {
    public var origin: String { path }

    public func tensor(named name: String) -> Tensor? { try? tensor(name) }

    public func unreadableType(ofTensorNamed name: String) -> String? {
        guard let type = storedType(of: name), tensor(named: name) == nil else { return nil }
        return type
    }
}
