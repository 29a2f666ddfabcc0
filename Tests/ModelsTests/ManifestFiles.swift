import Foundation
import Models

/// Texts of manifests to be, as the exporter writes them; `changing` makes faulty ones.
enum ManifestFiles {
    static let draft = """
        {"format":1,"id":"tiny-draft","version":"0.1.0","family":"studio","role":"draft",
         "files":{"weights":{"path":"draft.safetensors","bytes":10,"sha256":"\(digest)"}},
         "architecture":{"kind":"dit","width":16,"headCount":2,"layerCount":1,"patchSize":2,"latentChannelCount":4,
          "textWidth":8,"textTokenCount":6,"guidanceEmbedding":true},
         "parameterisation":"velocity","schedule":{"kind":"shiftedUniform","shift":3.0,"defaultStepCount":25},
         "guidance":{"default":3.0,"minimum":1.0,"maximum":6.0},
         "sizes":[{"width":128,"height":128}],"shared":"tiny-shared","partners":["tiny-verifier"],
         "training":{"dataSet":"\(digest)","samples":100,"hours":0.5,"metrics":{"loss":0.25},"command":"train",
          "date":"2026-11-23"}}
        """

    static let verifier = """
        {"format":1,"id":"tiny-verifier","version":"0.1.0","family":"studio","role":"verifier",
         "files":{"weights":{"path":"verifier.safetensors","bytes":10,"sha256":"\(digest)"},
          "critic":{"path":"critic.safetensors","bytes":10,"sha256":"\(digest)"}},
         "critic":{"kind":"critic","answers":["prompt","likeness"],"width":16,"headCount":2,"layerCount":1,"patchSize":4,"latentChannelCount":4,
          "textWidth":8,"textTokenCount":6,"guidanceEmbedding":false,"tokenSpacing":2},
         "architecture":{"kind":"dit","width":32,"headCount":2,"layerCount":2,"patchSize":2,"latentChannelCount":4,
          "textWidth":8,"textTokenCount":6,"guidanceEmbedding":false},
         "parameterisation":"velocity","schedule":{"kind":"shiftedUniform","shift":3.0,"defaultStepCount":25},
         "guidance":{"default":3.0,"minimum":1.0,"maximum":6.0},
         "sizes":[{"width":128,"height":128}],"shared":"tiny-shared","partners":["tiny-draft"],
         "check":\(check),
         "quality":{"statistic":"pictureDistance","stepCount":25,"samples":16,"draft":"tiny-draft",
          "draftDigest":"\(digest)","modes":{"handoff":{"fractions":[0,0.4,0.8],"losses":[0,0.01,0.03],
          "evaluationShares":[1,0.9,0.4]}}}}
        """

    static let check = """
        {"rule":"promptShortfall+estimateDistance","version":1,"draft":"\(digest)","samples":500,"guidance":3.0,
         "stepCount":25,"handoffStep":20,"quantile":0.95,
         "prompt":{"times":[0.7,0.9],"null":\(table),"draft":\(table),"draftFaults":{"color":\(table)},
          "verifierFaults":{"color":\(table),"object":\(table)}},
         "levels":[{"time":0.43,"null":\(table),"draft":\(table),"noiseFaults":\(table)},
          {"time":0.6,"null":\(table),"draft":\(table),"noiseFaults":\(table)}]}
        """

    static let table = "[0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9]"

    static let shared = """
        {"format":1,"id":"tiny-shared","version":"0.1.0","family":"studio","role":"shared",
         "files":{"vocabulary":{"path":"vocabulary.json","bytes":10,"sha256":"\(digest)"},
          "textEncoder":{"path":"text-encoder.safetensors","bytes":10,"sha256":"\(digest)"},
          "vaeDecoder":{"path":"vae-decoder.safetensors","bytes":10,"sha256":"\(digest)"}},
         "architecture":{"textEncoder":{"width":8,"headCount":2,"layerCount":1,"tokenCount":6,"vocabularySize":8},
          "vaeDecoder":{"latentChannelCount":4,"widths":[8,6,4],"blocksPerStage":1,"scaleFactor":8}},
         "latent":{"channelCount":4,"mean":[0.5,-0.25,0,1],"standardDeviation":[1,2,0.5,1.5]}}
        """

    static let all = [draft, verifier, shared]

    private static let digest = String(repeating: "0123456789abcdef", count: 4)

    static func parse(_ text: String) throws(ModelError) -> ModelManifest {
        try ModelManifest(parsing: Array(text.utf8), file: "manifest.json")
    }

    /// `text` with the value at a path of keys, joined by dots, replaced by JSON; nil removes it.
    static func changing(_ text: String, _ path: String, to json: String?) throws -> String {
        let root = try JSONSerialization.jsonObject(with: Data(text.utf8))
        let value = try json.map {
            try JSONSerialization.jsonObject(with: Data($0.utf8), options: .fragmentsAllowed)
        }
        let changed = changing(root, path.split(separator: ".").map(String.init)[...], to: value)
        return String(decoding: try JSONSerialization.data(withJSONObject: changed), as: UTF8.self)
    }

    private static func changing(_ object: Any, _ path: ArraySlice<String>, to value: Any?) -> Any {
        guard let key = path.first, var dictionary = object as? [String: Any] else { return object }
        if path.count == 1 {
            dictionary[key] = value
        } else if let inner = dictionary[key] {
            dictionary[key] = changing(inner, path.dropFirst(), to: value)
        }
        return dictionary
    }
}
