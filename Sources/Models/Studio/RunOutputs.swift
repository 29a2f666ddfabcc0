import Tensors

extension [String: Tensor] {
    /// The elements of an output of a run.
    ///
    /// - Throws: `ModelError.missingOutput` if it is not there or has another number of elements.
    func floats(_ name: String, count: Int, backend: String) throws(ModelError) -> [Float] {
        guard let tensor = self[name], tensor.shape.elementCount == count else {
            throw .missingOutput(name: name, backend: backend)
        }
        return tensor.floats()
    }
}
